package probe

import (
	"context"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// authLife is how long the outcome of OAuth discovery is believed: a discovery
// costs up to six requests, so it does not belong in every cycle. A chain that is
// broken, or that could not be followed to its end, is looked at sooner, so that
// its repair is noticed.
const (
	authLife    = time.Hour
	brokenTrust = 5 * time.Minute
)

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
		a.res.Access = a.unfollowed(ans)
	}
	a.tryMadeUpToken(ctx)
	return a.step(uptime.StepAuth, time.Since(began), f, a.wallDetail())
}

// unfollowed says what a wall is whose way in was not followed to its end: through
// no fault of the server, so that nothing is held against it. Its challenge alone
// tells strangers where to read how to sign in (RFC 9728 section 5.1).
func (a *attempt) unfollowed(ans *mcpwire.Answer) uptime.Access {
	if a.res.Auth != nil && a.res.Auth.ResourceMetadata != "" {
		return uptime.AccessWalled
	}
	for _, c := range mcpwire.ParseChallenges(ans.Header.Values("WWW-Authenticate")) {
		if c.Params["resource_metadata"] != "" {
			return uptime.AccessWalled
		}
	}
	return uptime.AccessCustom
}

func (a *attempt) wallDetail() string {
	switch {
	case a.res.Access == uptime.AccessWalled:
		return "strangers are refused and told how to sign in"
	case a.res.Auth != nil && a.res.Auth.Unfinished:
		return "strangers are refused; how to sign in could not be found out this time"
	}
	return "strangers are refused; how to sign in is not announced"
}

// discoverWall runs OAuth discovery, or takes what it found within the hour.
func (a *attempt) discoverWall(ctx context.Context, ans *mcpwire.Answer) authChain {
	if !a.known.believesTheWay(ans.Status) {
		a.askTheWay(ctx, ans)
	}
	return a.recallWall()
}

// believesTheWay reports whether what is known of signing in need not be asked
// for again.
func (k *knowledge) believesTheWay(status int) bool {
	life := authLife
	if k.authAccess == uptime.AccessBroken || k.authAccess == "" {
		life = brokenTrust
	}
	return k.auth != nil && k.authStatus == status && time.Since(k.authCheckedAt) <= life
}

// recallWall puts what is known of signing in into the result.
func (a *attempt) recallWall() authChain {
	k := &a.known
	if k.auth == nil {
		return authChain{}
	}
	chain := k.auth.AuthChain
	chain.Broken = a.red.text(chain.Broken)
	a.res.Access, a.res.Auth = k.authAccess, &chain
	a.adopt(k.authFindings)
	return *k.auth
}

func (a *attempt) askTheWay(ctx context.Context, ans *mcpwire.Answer) {
	k := &a.known
	r := refusal{Status: ans.Status, Body: ans.Body}
	for _, c := range mcpwire.ParseChallenges(ans.Header.Values("WWW-Authenticate")) {
		r.Challenges = append(r.Challenges, challenge(c))
	}
	u, err := a.endpoint()
	if err != nil {
		return
	}
	chain, access, findings := discoverAuth(ctx, a, u, r)
	k.authCheckedAt = time.Now()
	if access == "" && k.auth != nil && k.authStatus == ans.Status {
		return // no answer this time takes nothing away from the last one
	}
	k.auth, k.authStatus, k.authAccess, k.authFindings = &chain, ans.Status, access, findings
}
