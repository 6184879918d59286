package probe

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of a token and its life.
const (
	maxTokenAnswer  = 64 << 10 // bytes
	maxToken        = 16 << 10 // bytes
	maxTokenLife    = 24 * time.Hour
	assumedLife     = 5 * time.Minute // when expires_in is missing
	refreshAhead    = time.Minute
	maxCachedTokens = 4096
)

// tokenError is the answer of a token endpoint that gave no token. It holds the
// OAuth error code and never the body, which may repeat what was sent.
type tokenError struct {
	Status int
	Code   string // of RFC 6749 section 5.2 or RFC 8707; else empty
}

func (e *tokenError) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("the token endpoint answered HTTP %d without a known error code", e.Status)
	}
	return fmt.Sprintf("the token endpoint answered HTTP %d with the error %s", e.Status, e.Code)
}

// Refused says that the credential itself was not accepted, as opposed to an
// endpoint that is in trouble.
func (e *tokenError) Refused() bool {
	switch e.Code {
	case "invalid_client", "unauthorized_client", "invalid_grant":
		return true
	}
	return e.Code == "" && e.Status == 401
}

// clientToken gets an access token for resource by the client credentials grant
// (RFC 6749 section 4.4, RFC 8707). The endpoint is the credential's, else the
// one that discovery found. What the endpoint refuses is a *tokenError.
func clientToken(ctx context.Context, f fetcher, cred uptime.Credential, chain authChain, resource string, now time.Time) (token uptime.Secret, expires time.Time, err error) {
	endpoint, err := tokenEndpoint(cred, chain, resource)
	if err != nil {
		return "", time.Time{}, err
	}
	got, err := f.fetch(ctx, tokenRequest(endpoint, cred, chain, resource))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("asking the token endpoint %s: %w", shownURL(endpoint), err)
	}
	if got.Status != 200 {
		return "", time.Time{}, refusedToken(got)
	}
	return readToken(got, now)
}

// tokenEndpoint wants https for the client's secret, unless the server itself is
// reached by http, as in development.
func tokenEndpoint(cred uptime.Credential, chain authChain, resource string) (string, error) {
	raw := cred.TokenURL
	if raw == "" {
		raw = chain.TokenEndpoint
	}
	if raw == "" {
		return "", errors.New("there is no token endpoint: give the credential a token URL, discovery found none")
	}
	server, err := url.Parse(resource)
	if err != nil {
		return "", errors.New("the resource is not a URL")
	}
	u, err := (&authWalk{endpoint: server}).checkURL(raw)
	if err != nil {
		return "", fmt.Errorf("the token endpoint %s %w", shownURL(raw), err)
	}
	return u.String(), nil
}

func tokenRequest(endpoint string, cred uptime.Credential, chain authChain, resource string) fetchRequest {
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {resource}}
	if len(cred.Scopes) > 0 {
		form.Set("scope", strings.Join(cred.Scopes, " "))
	}
	header := []headerField{
		{"Content-Type", "application/x-www-form-urlencoded"},
		{"Accept", "application/json"},
	}
	if chain.secretPost && cred.TokenURL == "" {
		form.Set("client_id", cred.ClientID)
		form.Set("client_secret", cred.ClientSecret.Reveal())
	} else {
		header = append(header, headerField{"Authorization", basicAuth(cred)})
	}
	return fetchRequest{Method: "POST", URL: endpoint, Header: header, Body: []byte(form.Encode()), Limit: maxTokenAnswer}
}

// basicAuth encodes both parts as forms do before it joins them (RFC 6749
// section 2.3.1), which plain basic authentication does not.
func basicAuth(cred uptime.Credential) string {
	pair := url.QueryEscape(cred.ClientID) + ":" + url.QueryEscape(cred.ClientSecret.Reveal())
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

func refusedToken(got fetched) error {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(got.Body[:min(len(got.Body), maxTokenAnswer)], &answer) != nil || !knownOAuthError(answer.Error) {
		answer.Error = ""
	}
	return &tokenError{Status: got.Status, Code: answer.Error}
}

// knownOAuthError admits the codes of the standards only: a free text could
// carry the secret back.
func knownOAuthError(code string) bool {
	switch code {
	case "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
		"invalid_scope", "invalid_target", "access_denied", "server_error", "temporarily_unavailable", "slow_down":
		return true
	}
	return false
}

// readToken reads a successful answer (RFC 6749 section 5.1) strictly.
func readToken(got fetched, now time.Time) (uptime.Secret, time.Time, error) {
	var answer struct {
		Token string          `json:"access_token"`
		Type  string          `json:"token_type"`
		Life  json.RawMessage `json:"expires_in"`
	}
	if len(got.Body) > maxTokenAnswer || json.Unmarshal(got.Body, &answer) != nil {
		return "", time.Time{}, errors.New("the token endpoint's answer is not the JSON object that OAuth prescribes")
	}
	if !strings.EqualFold(answer.Type, "Bearer") {
		return "", time.Time{}, errors.New("the token endpoint gave a token that is not of type Bearer")
	}
	if !bearerToken(answer.Token) {
		return "", time.Time{}, errors.New("the token endpoint gave an access_token that is empty, too long or not printable")
	}
	life, err := tokenLife(answer.Life)
	if err != nil {
		return "", time.Time{}, err
	}
	return uptime.Secret(answer.Token), now.Add(life), nil
}

// bearerToken admits visible ASCII, so that the token fits a header.
func bearerToken(token string) bool {
	return token != "" && len(token) <= maxToken &&
		strings.IndexFunc(token, func(c rune) bool { return c <= ' ' || c >= 0x7f }) < 0
}

// tokenLife reads expires_in, seconds as a number or, as some servers send it,
// as a string of digits. More than a day counts as a day.
func tokenLife(raw json.RawMessage) (time.Duration, error) {
	said := strings.Trim(string(raw), `"`)
	if said == "" || said == "null" {
		return assumedLife, nil
	}
	seconds, err := strconv.ParseFloat(said, 64)
	if err != nil || !(seconds >= 1) {
		return 0, errors.New("the token endpoint gave an expires_in that is no positive number of seconds")
	}
	return time.Duration(min(seconds, maxTokenLife.Seconds()) * float64(time.Second)), nil
}

// tokenKey names a credential in use without holding it.
type tokenKey [sha256.Size]byte

// newTokenKey identifies everything that decides which token is got.
func newTokenKey(cred uptime.Credential, chain authChain, resource string) tokenKey {
	parts := []string{cred.TokenURL, chain.TokenEndpoint, cred.ClientID, cred.ClientSecret.Reveal(), resource}
	encoded, _ := json.Marshal(append(parts, cred.Scopes...)) //nolint:errchkjson // strings always marshal
	return sha256.Sum256(encoded)
}

// tokenCache keeps tokens until a minute before they end. At most one fetch a
// key is under way; at most maxCachedTokens entries are kept. The zero value is
// ready, and safe for concurrent use.
type tokenCache struct {
	mu      sync.Mutex
	entries map[tokenKey]*tokenEntry
}

// tokenEntry is one token, or the fetch of it. Its fields other than done are
// written before done is closed and read after.
type tokenEntry struct {
	done  chan struct{}
	token uptime.Secret
	renew time.Time
	err   error
}

func (e *tokenEntry) pending() bool {
	select {
	case <-e.done:
		return false
	default:
		return true
	}
}

// token returns the token that is kept under key, or what get brings. Errors are
// given to all who waited and are not kept. A waiter whose fetcher gave up
// because its own context ended takes its place.
func (c *tokenCache) token(ctx context.Context, key tokenKey, now time.Time, get func(context.Context) (uptime.Secret, time.Time, error)) (uptime.Secret, error) {
	for {
		e, mine := c.claim(key, now)
		if mine {
			c.fill(ctx, key, e, now, get)
			return e.token, e.err
		}
		select {
		case <-e.done:
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for a token: %w", ctx.Err())
		}
		if !gaveUp(e.err) {
			return e.token, e.err
		}
	}
}

func gaveUp(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// claim returns the entry to use, and whether the caller must fill it.
func (c *tokenCache) claim(key tokenKey, now time.Time) (e *tokenEntry, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil && (e.pending() || now.Before(e.renew)) {
		return e, false
	}
	if c.entries == nil {
		c.entries = map[tokenKey]*tokenEntry{}
	}
	c.makeRoom(key)
	e = &tokenEntry{done: make(chan struct{}), err: errors.New("getting a token did not end")}
	c.entries[key] = e
	return e, true
}

// makeRoom drops the token that ends first when the cache is full. Fetches under
// way are dropped last: those who wait hold them.
func (c *tokenCache) makeRoom(key tokenKey) {
	if _, present := c.entries[key]; present || len(c.entries) < maxCachedTokens {
		return
	}
	var victim *tokenEntry
	var at tokenKey
	for k, e := range c.entries {
		if victim == nil || !e.pending() && (victim.pending() || e.renew.Before(victim.renew)) {
			victim, at = e, k
		}
	}
	delete(c.entries, at)
}

// fill runs get and wakes those who wait, whatever get does.
func (c *tokenCache) fill(ctx context.Context, key tokenKey, e *tokenEntry, now time.Time, get func(context.Context) (uptime.Secret, time.Time, error)) {
	defer close(e.done)
	defer c.dropFailed(key, e)
	token, expires, err := get(ctx)
	life := expires.Sub(now)
	e.token, e.renew, e.err = token, expires.Add(-min(refreshAhead, life/2)), err
}

func (c *tokenCache) dropFailed(key tokenKey, e *tokenEntry) {
	if e.err == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key] == e {
		delete(c.entries, key)
	}
}

// forget drops the token under key: the server refused it.
func (c *tokenCache) forget(key tokenKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil && !e.pending() {
		delete(c.entries, key)
	}
}
