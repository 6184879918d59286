package probe

import (
	"context"
	"net/url"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

// maxRedirects is how many hops are followed.
const maxRedirects = 3

// post sends a request and follows the redirects that keep its method: 307 and
// 308. Credentials stay with their origin.
func (a *attempt) post(ctx context.Context, c mcpwire.Call) (*mcpwire.Answer, *mcpwire.Fault) {
	for {
		ans, fault := a.http.Call(ctx, c)
		if ans.Status != 307 && ans.Status != 308 || a.redirects == maxRedirects {
			return ans, fault
		}
		target, ok, blocked := a.redirectTarget(ans.Header.Get("Location"))
		if blocked != nil {
			return &mcpwire.Answer{}, &mcpwire.Fault{Kind: mcpwire.Blocked, Detail: "the redirect is refused: " + blocked.Error(), Err: blocked}
		}
		if !ok {
			return ans, fault
		}
		a.follow(target)
	}
}

// redirectTarget resolves a Location. Leaving https is not followed; an address
// that no request may go to is blocked.
func (a *attempt) redirectTarget(location string) (target mcpwire.Target, ok bool, blocked error) {
	base, err := url.Parse(a.wireOpt.Target.URL())
	if err != nil || location == "" {
		return target, false, nil
	}
	u, err := base.Parse(location)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return target, false, nil
	}
	u.Fragment = ""
	if target, err = a.checkedTarget(u.String()); err != nil {
		return target, false, err
	}
	return target, !a.wireOpt.Target.Secure || target.Secure, nil
}

func (a *attempt) follow(target mcpwire.Target) {
	a.redirects++
	a.find(findRedirected, "requests are redirected to "+SafeURL(target.URL()))
	if !target.SameOrigin(a.wireOpt.Target) {
		a.wireOpt.Header, a.wireOpt.Certificate = nil, nil
		a.strayed = true
	}
	a.wireOpt.Target = target
	next := mcpwire.NewStreamable(a.wireOpt)
	next.Modern, next.Version = a.http.Modern, a.http.Version
	a.res.BytesRead += a.http.BytesRead()
	a.http.Close()
	a.http = next
}
