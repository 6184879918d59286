package probe

import (
	"context"
	"net/url"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

type (
	Answer       = answer
	AuthChain    = authChain
	Challenge    = challenge
	FetchRequest = fetchRequest
	Fetched      = fetched
	HeaderField  = headerField
	Redactor     = redactor
	Refusal      = refusal
	TokenCache   = tokenCache
	TokenError   = tokenError
	TokenKey     = tokenKey
)

const (
	MaxAuthFetches  = maxAuthFetches
	MaxCachedTokens = maxCachedTokens
)

var (
	ErrBlocked      = errBlocked
	BodyAnswer      = bodyAnswer
	CheckAssertions = checkAssertions
	ClipText        = clipText
	JudgeHealth     = judgeHealth
	NewRedactor     = newRedactor
	NewTokenKey     = newTokenKey
	ToolAnswer      = toolAnswer
)

// FetchFunc is a fetcher for tests.
type FetchFunc func(context.Context, FetchRequest) (Fetched, error)

func (f FetchFunc) fetch(ctx context.Context, req fetchRequest) (fetched, error) { return f(ctx, req) }

func (f fetched) Values(name string) []string { return f.values(name) }

func DiscoverAuth(ctx context.Context, f FetchFunc, endpoint *url.URL, r Refusal) (AuthChain, uptime.Access, []uptime.Finding) {
	return discoverAuth(ctx, f, endpoint, r)
}

func ClientToken(ctx context.Context, f FetchFunc, cred uptime.Credential, chain AuthChain, resource string, now time.Time) (uptime.Secret, time.Time, error) {
	return clientToken(ctx, f, cred, chain, resource, now)
}

func PostChain(endpoint string) AuthChain {
	return authChain{AuthChain: uptime.AuthChain{TokenEndpoint: endpoint}, secretPost: true}
}

func SecretPost(c AuthChain) bool { return c.secretPost }

func (c *tokenCache) Token(ctx context.Context, key TokenKey, now time.Time, get func(context.Context) (uptime.Secret, time.Time, error)) (uptime.Secret, error) {
	return c.token(ctx, key, now, get)
}

func (c *tokenCache) Forget(key TokenKey) { c.forget(key) }

func (c *tokenCache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

func (r *redactor) Text(s string) string { return r.text(s) }
