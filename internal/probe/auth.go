package probe

import (
	"context"
	"errors"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// authLife is how long the outcome of OAuth discovery is believed: a discovery
// costs up to six requests, so it does not belong in every cycle.
const authLife = time.Hour

// meetWall handles 401 and 403 at the handshake: with a credential it was
// refused; without one the wall itself is judged.
func (a *attempt) meetWall(ctx context.Context, ans *mcpwire.Answer) *uptime.Failure {
	if a.srv.Profile.Credential != nil {
		return a.step(uptime.StepAuth, 0, a.credentialRefused(ans), "")
	}
	return a.judgeWall(ctx, ans)
}

// judgeWall follows the way in that the server announces.
func (a *attempt) judgeWall(ctx context.Context, ans *mcpwire.Answer) *uptime.Failure {
	began := time.Now()
	a.discoverWall(ctx, ans)
	var f *uptime.Failure
	switch {
	case a.srv.Profile.Access == uptime.AccessOpen:
		f = fail(uptime.AuthRequired, "the server should be open and answers HTTP %d: it wants a sign-in", ans.Status)
		f.Effect = uptime.Down
	case a.res.Access == uptime.AccessBroken:
		f = fail(uptime.AuthBroken, "sign-in cannot be completed: %s", a.res.Auth.Broken)
	case a.res.Access == "":
		a.res.Access = uptime.AccessCustom
	}
	return a.step(uptime.StepAuth, time.Since(began), f, a.wallDetail())
}

func (a *attempt) wallDetail() string {
	if a.res.Access == uptime.AccessWalled {
		return "strangers are refused and told how to sign in; the tools were not verified"
	}
	return "strangers are refused; how to sign in is not announced"
}

// discoverWall runs OAuth discovery, or takes what it found within the hour.
func (a *attempt) discoverWall(ctx context.Context, ans *mcpwire.Answer) authChain {
	k := &a.known
	if k.auth == nil || k.authStatus != ans.Status || time.Since(k.authCheckedAt) > authLife || k.authAccess == uptime.AccessBroken {
		a.askTheWay(ctx, ans)
	}
	a.res.Access, a.res.Auth = k.authAccess, &k.auth.AuthChain
	for _, f := range k.authFindings {
		if !a.noted[f.ID] {
			a.noted[f.ID] = true
			a.res.Findings = append(a.res.Findings, f)
		}
	}
	return *k.auth
}

func (a *attempt) askTheWay(ctx context.Context, ans *mcpwire.Answer) {
	k := &a.known
	r := refusal{Status: ans.Status, Body: ans.Body}
	for _, c := range mcpwire.ParseChallenges(ans.Header.Values("WWW-Authenticate")) {
		r.Challenges = append(r.Challenges, challenge(c))
	}
	chain := authChain{}
	if u, err := a.endpoint(); err == nil {
		chain, k.authAccess, k.authFindings = discoverAuth(ctx, a, u, r)
	}
	k.auth, k.authStatus, k.authCheckedAt = &chain, ans.Status, time.Now()
}

// credentialRefused judges a refusal of the credential that was presented. When
// its time was up the fault is ours; otherwise it may be our token or their
// rotated keys, and people are told both.
func (a *attempt) credentialRefused(ans *mcpwire.Answer) *uptime.Failure {
	c := a.srv.Profile.Credential
	a.p.tokens.forget(a.tokenKey)
	if !c.Expires.IsZero() && time.Now().After(c.Expires) {
		return fail(uptime.CredentialExpired, "the monitor's own credential expired on %s", c.Expires.UTC().Format(time.DateOnly))
	}
	if a.res.Access == "" {
		a.res.Access = uptime.AccessCustom
	}
	return fail(uptime.CredentialRefused, "HTTP %d to a credential that should be valid: either it was revoked, or the server lost or rotated its keys%s",
		ans.Status, errorText(ans))
}

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
	a.http.Modern, a.http.Version = false, ""
	if id := ans.Header.Get("Mcp-Session-Id"); id != "" {
		a.http.Session = id
		_, _ = a.http.Delete(ctx)
		a.http.Session = ""
	}
	return ans
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
		return "", tokenFailure(err)
	}
	a.tokenKey = key
	return token, nil
}

// tokenFailure judges why no token was to be had: our credential was refused, or
// the sign-in itself does not work.
func tokenFailure(err error) *uptime.Failure {
	if refused, ok := errors.AsType[*tokenError](err); ok && refused.Refused() {
		return fail(uptime.CredentialRefused, "the authorization server refused the monitor's credential: %s", err)
	}
	return fail(uptime.AuthBroken, "no token could be had: %s", err)
}
