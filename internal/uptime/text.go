package uptime

import "slices"

// MapText returns a deep copy of r with f applied to every text that the server,
// or an error about it, may have had a hand in. The raw tools stay as they are.
func (r Result) MapText(f func(string) string) Result {
	r.Version, r.ServerName, r.ServerVer = f(r.Version), f(r.ServerName), f(r.ServerVer)
	r.Capabilities = mapStrings(r.Capabilities, f)
	r.Failure = r.Failure.MapText(f)
	r.Steps = slices.Clone(r.Steps)
	for i := range r.Steps {
		r.Steps[i].Detail = f(r.Steps[i].Detail)
	}
	r.Findings = slices.Clone(r.Findings)
	for i := range r.Findings {
		r.Findings[i].Message = f(r.Findings[i].Message)
	}
	r.Transcript = slices.Clone(r.Transcript)
	for i := range r.Transcript {
		x := &r.Transcript[i]
		x.Request, x.Response = f(x.Request), f(x.Response)
	}
	r.TLS, r.Auth = mapTLS(r.TLS, f), mapAuth(r.Auth, f)
	if r.Redirect != nil {
		r.Redirect = &Redirect{To: f(r.Redirect.To), Permanent: r.Redirect.Permanent, Refused: r.Redirect.Refused}
	}
	return r
}

// MapText returns a copy with f applied to its text; nil for nil.
func (f *Failure) MapText(change func(string) string) *Failure {
	if f == nil {
		return nil
	}
	n := *f
	n.Detail = change(n.Detail)
	return &n
}

func mapStrings(list []string, f func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = f(s)
	}
	return out
}

func mapTLS(old *TLSInfo, f func(string) string) *TLSInfo {
	if old == nil {
		return nil
	}
	n := *old
	n.Issuer = f(n.Issuer)
	return &n
}

func mapAuth(old *AuthChain, f func(string) string) *AuthChain {
	if old == nil {
		return nil
	}
	n := *old
	n.Challenge, n.ResourceMetadata = f(n.Challenge), f(n.ResourceMetadata)
	n.AuthorizationServer, n.TokenEndpoint = f(n.AuthorizationServer), f(n.TokenEndpoint)
	n.Scopes, n.Registration = mapStrings(n.Scopes, f), mapStrings(n.Registration, f)
	n.Broken = f(n.Broken)
	return &n
}
