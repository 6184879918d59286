package probe

import (
	"context"
	"net/netip"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxRedirects is how many hops are followed.
const maxRedirects = 3

// post sends a request and follows the redirects that keep its method: 307 and
// 308. Credentials stay with their origin.
func (a *attempt) post(ctx context.Context, c mcpwire.Call) (*mcpwire.Answer, *mcpwire.Fault) {
	for {
		ans, fault := a.http.Call(ctx, c)
		followed, blocked := a.followRedirect(ans)
		if blocked != nil {
			return &mcpwire.Answer{}, blocked
		}
		if !followed {
			return ans, fault
		}
	}
}

// followRedirect moves the conversation to where an answer points. Each hop is
// checked anew: its address here, what its name resolves to when it is dialled.
func (a *attempt) followRedirect(ans *mcpwire.Answer) (followed bool, blocked *mcpwire.Fault) {
	if ans.Status < 300 || ans.Status > 399 {
		return false, nil
	}
	location, ok := a.location(ans)
	if !ok {
		return false, nil
	}
	a.noteRedirect(ans.Status, location)
	target, err := a.checkedTarget(location)
	if ans.Status != 307 && ans.Status != 308 || a.redirects == maxRedirects {
		return false, nil
	}
	if err != nil {
		return false, &mcpwire.Fault{Kind: mcpwire.Blocked, Detail: "the redirect is refused: " + err.Error(), Err: err}
	}
	if a.wireOpt.Target.Secure && !target.Secure {
		return false, nil // credentials and answers would be read on the way
	}
	a.follow(target)
	return true, nil
}

// noteRedirect remembers where an answer points, also when nobody goes there.
func (a *attempt) noteRedirect(status int, location string) {
	to := uptime.Redirect{To: a.red.text(SafeURL(location)), Permanent: status == 301 || status == 308, Refused: !a.srv.Private && leadsInside(location)}
	if old := a.res.Redirect; old != nil {
		to.Permanent = to.Permanent && old.Permanent
	}
	a.res.Redirect = &to
}

// leadsInside reports whether an address is none for the public by itself. What a
// name resolves to is known when it is dialled.
func leadsInside(location string) bool {
	u, err := guard.CheckURL(location, true)
	if err != nil {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && guard.Policy{}.Check(ip) != nil
}

// noteRefusal says that a redirect led to where nobody is contacted.
func (a *attempt) noteRefusal(f *uptime.Failure) {
	if a.res.Redirect != nil && f != nil && f.Cause == uptime.BlockedTarget {
		a.res.Redirect.Refused = true
	}
}

// location resolves the Location of an answer; not ok when there is none that
// HTTP could follow.
func (a *attempt) location(ans *mcpwire.Answer) (string, bool) {
	raw := ans.Header.Get("Location")
	base, err := a.endpoint()
	if err != nil || raw == "" {
		return "", false
	}
	u, err := base.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	u.Fragment = ""
	return u.String(), true
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
