package probe

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// signIn checks that strangers are refused, which takes one request, and then
// equips the connection with the credential.
func (a *attempt) signIn(ctx context.Context) *uptime.Failure {
	c := a.srv.Profile.Credential
	if c == nil || c.Kind == uptime.CredentialMTLS {
		return nil
	}
	chain := a.knockAsStranger(ctx)
	field := mcpwire.Field{Name: "Authorization", Value: "Bearer " + c.Token.Reveal()}
	switch c.Kind {
	case uptime.CredentialHeader:
		field = mcpwire.Field{Name: c.Header, Value: c.Token.Reveal()}
	case uptime.CredentialClient:
		token, f := a.fetchToken(ctx, *c, chain)
		if f != nil {
			return a.step(uptime.StepAuth, 0, f, "")
		}
		field.Value = "Bearer " + token.Reveal()
		a.red.learn([]string{token.Reveal()})
	case uptime.CredentialBearer, uptime.CredentialMTLS:
	}
	a.wireOpt.Header = append(a.wireOpt.Header, field)
	a.reequip()
	return nil
}

// reequip gives the open connection the header fields that it shall send from
// now on.
func (a *attempt) reequip() {
	if a.http != nil {
		a.http.SetHeader(a.wireOpt.Header)
	}
	if a.stream != nil {
		a.stream.SetHeader(a.wireOpt.Header)
	}
}

// knockAsStranger sends the one request without a credential that a cycle may
// make, and judges how it is refused.
func (a *attempt) knockAsStranger(ctx context.Context) authChain {
	if a.knocked {
		return a.recallWall()
	}
	began := time.Now()
	ans := a.knock(ctx)
	switch {
	case ans == nil:
		return authChain{}
	case ans.Status == 401 || ans.Status == 403:
		chain := a.discoverWall(ctx, ans)
		_ = a.step(uptime.StepAuth, time.Since(began), nil, a.wallDetail())
		return chain
	case ans.Status < 300 && ans.Message.Result != nil:
		a.res.Access = uptime.AccessOpen
		id := findAuthNotEnforced
		if ans.Header.Has("WWW-Authenticate") {
			id = findAuthOptional
		}
		a.find(id, "")
		_ = a.step(uptime.StepAuth, time.Since(began), nil, "strangers are served too")
	}
	return authChain{}
}

// knock sends a handshake without a credential, over the connection that is
// open. A session that it makes is ended.
func (a *attempt) knock(ctx context.Context) *mcpwire.Answer {
	if a.stream != nil {
		return nil // the stream has one conversation; it is not spent on this
	}
	call := mcpwire.Call{ID: idHandshake, Method: "initialize", Params: a.initializeParams()}
	if a.known.era == uptime.Modern {
		a.http.Modern, a.http.Version = true, ModernVersion
		call = mcpwire.Call{ID: idHandshake, Method: "server/discover"}
	}
	ans, _ := a.http.Call(ctx, call)
	a.knocked = ans.Status != 0
	a.http.Modern, a.http.Version = false, ""
	a.keepSession(ans)
	a.dropSession(ctx)
	return ans
}

// credentialRefused judges a refusal of the credential that was presented.
func (a *attempt) credentialRefused(ans *mcpwire.Answer) *uptime.Failure {
	if a.res.Access == "" {
		a.res.Access = uptime.AccessCustom
	}
	if a.strayed {
		return fail(uptime.CredentialRefused,
			"requests are redirected to another origin, where the credential is not sent, and answered HTTP %d there: the server's own address is the one to monitor", ans.Status)
	}
	a.p.tokens.forget(a.tokenKey)
	if scope, ok := missingScope(ans); ok {
		return fail(uptime.CredentialRefused, "HTTP %d: the credential lacks the scope %s", ans.Status, scope)
	}
	return a.refusal("HTTP %d to a credential that should be valid: either it was revoked, or the server lost or rotated its keys%s", ans.Status, errorText(ans))
}

// missingScope returns the scope that a challenge says is missing (RFC 6750
// section 3.1).
func missingScope(ans *mcpwire.Answer) (string, bool) {
	for _, c := range mcpwire.ParseChallenges(ans.Header.Values("WWW-Authenticate")) {
		if c.Params["error"] == "insufficient_scope" {
			return clip(c.Params["scope"], 80), true
		}
	}
	return "", false
}

// refusal says what it means that the credential was refused. When its time was
// up the fault is ours; otherwise it may be our credential or their rotated keys,
// and people are told both.
func (a *attempt) refusal(format string, args ...any) *uptime.Failure {
	if end := a.credentialEnd(); !end.IsZero() && time.Now().After(end) {
		return fail(uptime.CredentialExpired, "the monitor's own credential expired on %s", end.UTC().Format(time.DateOnly))
	}
	return fail(uptime.CredentialRefused, format, args...)
}

// credentialEnd returns when the credential ends, as far as that is known.
func (a *attempt) credentialEnd() time.Time {
	end := a.srv.Profile.Credential.Expires
	if cert := a.wireOpt.Certificate; end.IsZero() && cert != nil && cert.Leaf != nil {
		end = cert.Leaf.NotAfter
	}
	return end
}

// certificateRefused judges a TLS alert to our client certificate: nil when a
// fault is something else. Over TLS 1.3 the alert comes where the first answer is
// due (RFC 8446 section 4.4.2.4).
func (a *attempt) certificateRefused(fault *mcpwire.Fault) *uptime.Failure {
	var alert *net.OpError
	if fault == nil || a.wireOpt.Certificate == nil || !errors.As(fault, &alert) || alert.Op != "remote error" {
		return nil
	}
	return a.refusal("the server refused our client certificate, which should be valid (%s): either it was revoked, or the server lost or changed its authorities", clip(alert.Err.Error(), 80))
}

// judge is judgeAnswer for the first answers, which may be a refusal of our
// client certificate.
func (a *attempt) judge(ans *mcpwire.Answer, fault *mcpwire.Fault) *uptime.Failure {
	if a.res.Transport == "" && a.http != nil && ans.Message.IsResponse() {
		a.res.Transport = uptime.StreamableHTTP // JSON-RPC it is, whatever becomes of it
	}
	if f := a.certificateRefused(fault); f != nil {
		return f
	}
	return judgeAnswer(ans, fault)
}

// fetchToken signs in by the client credentials grant, or takes the token that is
// still good.
func (a *attempt) fetchToken(ctx context.Context, c uptime.Credential, chain authChain) (uptime.Secret, *uptime.Failure) {
	resource := a.wireOpt.Target.URL()
	key := newTokenKey(c, chain, resource)
	token, err := a.p.tokens.token(ctx, key, time.Now(), func(ctx context.Context) (uptime.Secret, time.Time, error) {
		return clientToken(ctx, a, c, chain, resource, time.Now())
	})
	if err != nil {
		return "", a.tokenFailure(err)
	}
	a.tokenKey = key
	return token, nil
}

// tokenFailure judges why no token was to be had: our credential was refused, we
// could not ask, or the sign-in itself does not work.
func (a *attempt) tokenFailure(err error) *uptime.Failure {
	refused, answered := errors.AsType[*tokenError](err)
	fault, _ := errors.AsType[*mcpwire.Fault](err)
	switch {
	case answered && refused.Refused():
		return a.refusal("the authorization server refused the monitor's credential (%s)", err)
	case answered && refused.Status == 429:
		return fail(uptime.RateLimited, "no token could be had: %s", err)
	case errors.Is(err, errBlocked):
		return fail(uptime.BlockedTarget, "no token could be had: the token endpoint %s", unreached(err))
	case errors.Is(err, context.Canceled), fault != nil && causeOf(fault.Kind) == uptime.SelfOverload:
		return fail(uptime.SelfOverload, "no token could be had: %s", err)
	}
	return fail(uptime.AuthBroken, "no token could be had: %s", err)
}
