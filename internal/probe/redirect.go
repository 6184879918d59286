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
		target, ok := a.redirectTarget(ans.Header.Get("Location"))
		if !ok {
			return ans, fault
		}
		a.follow(target)
	}
}

// redirectTarget resolves a Location; leaving https is refused.
func (a *attempt) redirectTarget(location string) (mcpwire.Target, bool) {
	base, err := url.Parse(a.wireOpt.Target.URL())
	if err != nil || location == "" {
		return mcpwire.Target{}, false
	}
	u, err := base.Parse(location)
	if err != nil {
		return mcpwire.Target{}, false
	}
	target, err := mcpwire.ParseTarget(u)
	if err != nil || a.wireOpt.Target.Secure && !target.Secure {
		return mcpwire.Target{}, false
	}
	return target, true
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
