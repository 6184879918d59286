package probe_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const resource = "https://mcp.example/mcp"

func credential() uptime.Credential {
	return uptime.Credential{
		Kind: uptime.CredentialClient, TokenURL: "https://idp.example/token",
		ClientID: "id:1", ClientSecret: "s%c r", Scopes: []string{"a", "b"},
	}
}

func answers(status int, body string, got *probe.FetchRequest) probe.FetchFunc {
	return func(_ context.Context, req probe.FetchRequest) (probe.Fetched, error) {
		*got = req
		return probe.Fetched{Status: status, Body: []byte(body)}, nil
	}
}

func TestClientTokenRequest(t *testing.T) {
	basic := map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
		"Authorization": "Basic aWQlM0ExOnMlMjVjK3I=", // id%3A1:s%25c+r
	}
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {resource}, "scope": {"a b"}}
	post := url.Values{"client_id": {"id:1"}, "client_secret": {"s%c r"}}
	found := credential()
	found.TokenURL = ""
	for _, c := range []struct {
		name   string
		cred   uptime.Credential
		chain  probe.AuthChain
		url    string
		extra  url.Values
		header map[string]string
	}{
		{name: "its own endpoint", cred: credential(), chain: probe.PostChain("https://other.example/"), url: "https://idp.example/token", header: basic},
		{name: "found, basic", cred: found, chain: probe.AuthChain{AuthChain: uptime.AuthChain{TokenEndpoint: "https://as.example/t"}}, url: "https://as.example/t", header: basic},
		{name: "found, post only", cred: found, chain: probe.PostChain("https://as.example/t"), url: "https://as.example/t", extra: post, header: map[string]string{
			"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var req probe.FetchRequest
			now := time.Unix(1000, 0)
			token, expires, err := probe.ClientToken(t.Context(), answers(200, `{"access_token":"abc","token_type":"bearer","expires_in":600}`, &req), c.cred, c.chain, resource, now)
			if err != nil || token.Reveal() != "abc" || !expires.Equal(now.Add(10*time.Minute)) {
				t.Fatalf("token %q until %s, %v", token.Reveal(), expires, err)
			}
			got, _ := url.ParseQuery(string(req.Body))
			want := url.Values{}
			for _, v := range []url.Values{form, c.extra} {
				for k := range v {
					want[k] = v[k]
				}
			}
			header := map[string]string{}
			for _, h := range req.Header {
				header[h.Name] = h.Value
			}
			if d := cmp.Diff(want, got) + cmp.Diff(c.header, header); d != "" || req.Method != "POST" || req.URL != c.url {
				t.Errorf("%s %s (-want +got):\n%s", req.Method, req.URL, d)
			}
		})
	}
}

func TestClientTokenAnswers(t *testing.T) {
	for _, c := range []struct {
		name, body string
		status     int
		life       time.Duration
		err        string
		refused    bool
	}{
		{name: "no expiry", status: 200, body: `{"access_token":"t","token_type":"Bearer"}`, life: 5 * time.Minute},
		{name: "expiry as a string", status: 200, body: `{"access_token":"t","token_type":"BEARER","expires_in":"60"}`, life: time.Minute},
		{name: "long expiry", status: 200, body: `{"access_token":"t","token_type":"Bearer","expires_in":1e300}`, life: 24 * time.Hour},
		{name: "negative expiry", status: 200, body: `{"access_token":"t","token_type":"Bearer","expires_in":-1}`, err: "expires_in"},
		{name: "not a number", status: 200, body: `{"access_token":"t","token_type":"Bearer","expires_in":"NaN"}`, err: "expires_in"},
		{name: "odd expiry", status: 200, body: `{"access_token":"t","token_type":"Bearer","expires_in":{}}`, err: "expires_in"},
		{name: "no type", status: 200, body: `{"access_token":"t"}`, err: "not of type Bearer"},
		{name: "other type", status: 200, body: `{"access_token":"t","token_type":"mac"}`, err: "not of type Bearer"},
		{name: "no token", status: 200, body: `{"token_type":"Bearer"}`, err: "access_token"},
		{name: "token with a line break", status: 200, body: `{"access_token":"a\r\nX: y","token_type":"Bearer"}`, err: "access_token"},
		{name: "no JSON", status: 200, body: `access_token=hunter2`, err: "JSON"},
		{name: "refused", status: 401, body: `{"error":"invalid_client","error_description":"hunter2"}`, err: "invalid_client", refused: true},
		{name: "refused without words", status: 401, body: `hunter2`, err: "HTTP 401", refused: true},
		{name: "wrong scope", status: 400, body: `{"error":"invalid_scope"}`, err: "invalid_scope"},
		{name: "an error that tells the secret", status: 400, body: `{"error":"hunter2"}`, err: "HTTP 400"},
		{name: "in trouble", status: 503, body: ``, err: "HTTP 503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var req probe.FetchRequest
			now := time.Unix(1000, 0)
			token, expires, err := probe.ClientToken(t.Context(), answers(c.status, c.body, &req), credential(), probe.AuthChain{}, resource, now)
			if c.err == "" {
				if err != nil || token.Reveal() != "t" || expires.Sub(now) != c.life {
					t.Errorf("token %q for %s, %v", token.Reveal(), expires.Sub(now), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "hunter2") {
				t.Fatalf("error %v", err)
			}
			var refused *probe.TokenError
			if got := errors.As(err, &refused) && refused.Refused(); got != c.refused {
				t.Errorf("refused = %t", got)
			}
		})
	}
}

func TestClientTokenKeepsTheSecretOffPlainHTTP(t *testing.T) {
	for _, endpoint := range []string{"http://idp.example/token", "https://u:p@idp.example/", "token", ""} {
		cred := credential()
		cred.TokenURL = endpoint
		fetch := func(context.Context, probe.FetchRequest) (probe.Fetched, error) {
			t.Errorf("%q was asked", endpoint)
			return probe.Fetched{}, nil
		}
		if _, _, err := probe.ClientToken(t.Context(), fetch, cred, probe.AuthChain{}, resource, time.Time{}); err == nil {
			t.Errorf("%q was accepted", endpoint)
		}
	}
}

func key(id string) probe.TokenKey {
	return probe.NewTokenKey(uptime.Credential{ClientID: id}, probe.AuthChain{}, resource)
}

func TestTokenCacheRefreshesAMinuteAhead(t *testing.T) {
	var c probe.TokenCache
	start := time.Unix(0, 0)
	fetches := 0
	get := func(now time.Time, life time.Duration) func(context.Context) (uptime.Secret, time.Time, error) {
		return func(context.Context) (uptime.Secret, time.Time, error) {
			fetches++
			return "t", now.Add(life), nil
		}
	}
	for _, step := range []struct {
		at   time.Duration
		want int
	}{{0, 1}, {8 * time.Minute, 1}, {9 * time.Minute, 2}, {10 * time.Minute, 2}} {
		now := start.Add(step.at)
		if token, err := c.Token(t.Context(), key("a"), now, get(now, 10*time.Minute)); token != "t" || err != nil || fetches != step.want {
			t.Errorf("after %s: %d fetches, want %d (%v)", step.at, fetches, step.want, err)
		}
	}
	c.Forget(key("a"))
	if _, err := c.Token(t.Context(), key("a"), start, get(start, time.Minute)); err != nil || fetches != 3 {
		t.Errorf("after Forget: %d fetches, %v", fetches, err)
	}
	if _, err := c.Token(t.Context(), key("a"), start.Add(20*time.Second), get(start, time.Minute)); err != nil || fetches != 3 {
		t.Errorf("a short-lived token is fetched at every use: %d, %v", fetches, err)
	}
}

func TestTokenCacheFetchesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c probe.TokenCache
		fetches := 0 // guarded by the cache's promise, watched by the race detector
		release := make(chan struct{})
		get := func(context.Context) (uptime.Secret, time.Time, error) {
			fetches++
			<-release
			return "t", time.Now().Add(time.Hour), nil
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if token, err := c.Token(t.Context(), key("a"), time.Now(), get); token != "t" || err != nil {
					t.Errorf("token %q, %v", token.Reveal(), err)
				}
			})
		}
		synctest.Wait()
		close(release)
		wg.Wait()
		if fetches != 1 {
			t.Errorf("%d fetches", fetches)
		}
	})
}

func TestTokenCacheSurvivesAFetcherThatGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c probe.TokenCache
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() {
			_, err := c.Token(ctx, key("a"), time.Now(), func(ctx context.Context) (uptime.Secret, time.Time, error) {
				<-ctx.Done()
				return "", time.Time{}, ctx.Err()
			})
			first <- err
		}()
		synctest.Wait()
		second := make(chan uptime.Secret, 1)
		go func() {
			token, _ := c.Token(t.Context(), key("a"), time.Now(), func(context.Context) (uptime.Secret, time.Time, error) {
				return "t", time.Now().Add(time.Hour), nil
			})
			second <- token
		}()
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the first got %v", err)
		}
		if token := <-second; token != "t" {
			t.Errorf("the second got %q", token.Reveal())
		}
	})
}

func TestTokenCacheKeepsNoErrorsAndIsBounded(t *testing.T) {
	var c probe.TokenCache
	now := time.Unix(0, 0)
	failure := errors.New("no")
	if _, err := c.Token(t.Context(), key("a"), now, func(context.Context) (uptime.Secret, time.Time, error) { return "", time.Time{}, failure }); !errors.Is(err, failure) || c.Len() != 0 {
		t.Errorf("error %v, %d entries", err, c.Len())
	}
	for i := range probe.MaxCachedTokens + 10 {
		get := func(context.Context) (uptime.Secret, time.Time, error) { return "t", now.Add(time.Hour), nil }
		if _, err := c.Token(t.Context(), key(string(rune('A'+i))), now, get); err != nil {
			t.Fatal(err)
		}
	}
	if c.Len() != probe.MaxCachedTokens {
		t.Errorf("%d entries", c.Len())
	}
}
