package probe_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestWhatStandsInFront tells what is not the server from the server.
func TestWhatStandsInFront(t *testing.T) {
	t.Parallel()
	const page = "<!doctype html><title>Welcome</title><h1>Page not found</h1>"
	for name, tc := range map[string]struct {
		status              int
		header, value, body string
		cause               uptime.Cause
		effect              uptime.State
		detail              string
	}{
		"a page with status 200":     {200, "Content-Type", "text/html", page, uptime.NotMCP, uptime.Down, "HTML page"},
		"a page that says it is not": {200, "Content-Type", "application/json", page, uptime.BadJSON, uptime.Down, ""},
		"plain text":                 {200, "Content-Type", "text/plain", "It works!", uptime.NotMCP, uptime.Down, "It works!"},
		"another JSON service":       {200, "Content-Type", "application/json", `{"status":"ok"}`, uptime.BadEnvelope, uptime.Down, "2.0"},
		"a challenge by header":      {403, "Cf-Mitigated", "challenge", page, uptime.BotChallenge, uptime.Unknown, "challenge"},
		"a challenge by its page":    {503, "Server", "cloudflare", "<title>Just a moment...</title>", uptime.BotChallenge, uptime.Unknown, "challenge"},
		"a challenge with status 200": {
			200, "Cf-Mitigated", "challenge", "<title>Just a moment...</title>", uptime.BotChallenge, uptime.Unknown, "challenge",
		},
		"another vendor's challenge": {202, "X-Amzn-Waf-Action", "challenge", "", uptime.BotChallenge, uptime.Unknown, "challenge"},
		"too many requests":          {429, "Retry-After", "120", "", uptime.RateLimited, uptime.Unknown, "after 120"},
		"too many, without a time":   {429, "", "", "slow down", uptime.RateLimited, uptime.Unknown, "slow down"},
		"the wrong host":             {421, "", "", "Invalid Host header", uptime.MisdirectedHost, uptime.Down, "host name"},
		"a host check":               {403, "", "", "Access is only allowed at localhost:31023", uptime.MisdirectedHost, uptime.Down, "host name"},
		"maintenance":                {503, "Retry-After", "60", page, uptime.HTTPServerError, uptime.Down, "web page"},
		"moved for good":             {301, "Location", "https://example.com/mcp?key=1", "", uptime.HTTPRedirect, uptime.Down, "https://example.com/mcp"},
		"nothing at all":             {200, "Content-Type", "application/json", "", uptime.EmptyBody, uptime.Down, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				h := answerAll(tc.status, tc.header, tc.value, tc.body)
				p := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked++
					h.ServeHTTP(w, r)
				})).newProber(t, probe.Options{})
				res := look(t, p, public(), tc.cause)
				if tc.effect == uptime.Unknown && asked != 1 {
					t.Errorf("%d requests to somebody who asks for fewer, want 1", asked)
				}
				if res.Failure.Effect != tc.effect || !strings.Contains(res.Failure.Detail, tc.detail) {
					t.Errorf("%+v, want an argument for %s that says %q", res.Failure, tc.effect, tc.detail)
				}
				if len(res.Transcript) == 0 {
					t.Error("a failure has no transcript")
				}
			})
		})
	}
}

// TestRedirects: three hops that keep the method are followed, no more; leaving
// https is not.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		hops, status int
		cause        uptime.Cause
	}{
		"307 once":         {1, 307, ""},
		"308 three times":  {3, 308, ""},
		"307 four times":   {4, 307, uptime.HTTPRedirect},
		"302 loses a POST": {1, 302, uptime.HTTPRedirect},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.before = func(w http.ResponseWriter, r *http.Request, _ string) bool {
					if n := strings.Count(r.URL.Path, "x"); n < tc.hops {
						w.Header().Set("Location", r.URL.Path+"x")
						w.WriteHeader(tc.status)
						return true
					}
					return false
				}
				look(t, newWorld(t, f).newProber(t, probe.Options{}), public(), tc.cause)
			})
		})
	}
}

// TestOldHTTP: a server of HTTP/1.0, which closes after each answer and frames by
// that, is a server like any other.
func TestOldHTTP(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		w := newWorld(t, nil)
		w.raw("*", func(c net.Conn) {
			defer c.Close()
			req, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil {
				return
			}
			rec := httptest.NewRecorder()
			f.ServeHTTP(rec, req)
			_, _ = fmt.Fprintf(c, "HTTP/1.0 %03d \r\n", rec.Code)
			_ = rec.Header().Write(c)
			_, _ = fmt.Fprintf(c, "\r\n%s", rec.Body)
		})
		res := look(t, w.newProber(t, probe.Options{}), public(), "")
		if res.Tools == nil || len(w.dials()) != 5 {
			t.Errorf("tools %v over %d connections, want 5", res.Tools, len(w.dials()))
		}
	})
}

// TestConnectionThatBreaks: what a server does instead of answering.
func TestConnectionThatBreaks(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		said  string
		cause uptime.Cause
	}{
		"closed at once":      {"", uptime.ConnectReset},
		"closed in the head":  {"HTTP/1.1 200 OK\r\nContent-", uptime.ConnectReset},
		"closed in the body":  {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", uptime.ConnectReset},
		"another protocol":    {"SSH-2.0-OpenSSH_9.6\r\n", uptime.NotMCP},
		"a bare 500":          {"HTTP/1.1 500 \r\n\r\n", uptime.HTTPServerError},
		"headers without end": {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: b\r\n", 1000), uptime.BodyTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.raw("*", func(c net.Conn) {
					defer c.Close()
					if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
						_, _ = io.WriteString(c, tc.said)
					}
				})
				look(t, w.newProber(t, probe.Options{}), public(), tc.cause)
			})
		})
	}
}

// TestManyAtOnce: one prober looks at many servers at the same time, and leaves
// nothing running behind.
func TestManyAtOnce(t *testing.T) {
	f := newFake(t)
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	before := goleak.IgnoreCurrent()
	p, err := probe.New(probe.Options{Handshakes: 16})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	results := make([]uptime.Result, 200)
	for i := range results {
		wg.Go(func() {
			one := uptime.Server{ID: uptime.ServerID(fmt.Sprint(i % 50)), URL: srv.URL + "/mcp", Private: true}
			results[i] = p.Attempt(t.Context(), one)
		})
	}
	wg.Wait()
	for i, res := range results {
		if res.Failure != nil || res.Tools == nil || res.Tools.Hash != results[0].Tools.Hash {
			t.Fatalf("attempt %d: %+v, tools %v", i, res.Failure, res.Tools)
		}
	}
	srv.Close()
	if err := goleak.Find(before); err != nil {
		t.Errorf("of %d goroutines some were left behind: %v", runtime.NumGoroutine(), err)
	}
}

// TestNothingIsLeftBehind: also attempts that are cut off in the middle end all
// that they began; a bubble cannot end before its goroutines have.
func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, time.Second, 3 * time.Second, 6 * time.Second, 9 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				f := newFake(t)
				p := newWorld(t, slowly(2*time.Second, f)).newProber(t, probe.Options{})
				began := time.Now()
				res := p.Attempt(ctx, public())
				if res.Failure == nil {
					t.Errorf("an attempt of %s passed", after)
				}
				if took := time.Since(began); took > after+3*time.Second {
					t.Errorf("it took %s, want the time of its context and of leaving", took)
				}
			})
		})
	}
}

// TestCalledOff: a context that is canceled before anything happened makes no
// connection and blames nobody.
func TestCalledOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("shutting down"))
		w := newWorld(t, newFake(t))
		res := w.newProber(t, probe.Options{}).Attempt(ctx, public())
		if f := res.Failure; f == nil || f.Effect != uptime.Unknown {
			t.Errorf("%+v, want one that argues for unknown", f)
		}
	})
}
