package probe_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// answerAll answers every request alike.
func answerAll(status int, header, value, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if header != "" {
			w.Header().Set(header, value)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

// TestCellRepeatsOnlyEvidence pins which failures are looked at again: those
// that would make the server red, and those of a tool or a health URL.
func TestCellRepeatsOnlyEvidence(t *testing.T) {
	t.Parallel()
	canary := uptime.Profile{Canary: &uptime.Canary{Tool: "add", Expect: []uptime.Assertion{{Kind: uptime.AssertContains, Value: "5"}}}}
	health := uptime.Profile{Health: []uptime.HealthCheck{{Name: "db", URL: "http://93.184.215.14/health"}}}
	signIn := uptime.Profile{Credential: &uptime.Credential{Kind: uptime.CredentialBearer, Token: "t0p-secret"}}
	for name, tc := range map[string]struct {
		handler  func(*testing.T) http.Handler
		profile  uptime.Profile
		cause    uptime.Cause
		state    uptime.State
		attempts int
	}{
		"good":            {aFake, uptime.Profile{}, "", uptime.Live, 1},
		"server error":    {always(answerAll(500, "", "", "")), uptime.Profile{}, uptime.HTTPServerError, uptime.Down, 3},
		"no such path":    {always(answerAll(404, "", "", "")), uptime.Profile{}, uptime.HTTPNotFound, uptime.Down, 3},
		"nobody listens":  {always(nil), uptime.Profile{}, uptime.ConnectRefused, uptime.Down, 3},
		"rate limited":    {always(answerAll(429, "Retry-After", "30", "")), uptime.Profile{}, uptime.RateLimited, uptime.Unknown, 1},
		"bot challenge":   {always(answerAll(403, "Cf-Mitigated", "challenge", "")), uptime.Profile{}, uptime.BotChallenge, uptime.Unknown, 1},
		"walled":          {always(answerAll(401, "WWW-Authenticate", "Basic", "")), uptime.Profile{}, "", uptime.Live, 1},
		"token refused":   {always(answerAll(401, "", "", "")), signIn, uptime.CredentialRefused, uptime.Degraded, 1},
		"wrong tool":      {aFake, canary, uptime.CanaryFailed, uptime.Degraded, 3},
		"unwell":          {aFake, health, uptime.HealthFailed, uptime.Degraded, 3},
		"a drifted list":  {aFake, uptime.Profile{Baseline: snapshot(otherTool)}, uptime.DriftDetected, uptime.Degraded, 1},
		"an empty answer": {always(answerAll(200, "Content-Type", "application/json", "")), uptime.Profile{}, uptime.EmptyBody, uptime.Down, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tc.handler(t))
				srv := public()
				srv.Profile = tc.profile
				cell := w.newProber(t, probe.Options{Region: "here"}).Cell(t.Context(), &srv)
				if got := verdict.Report(cell, 0); got.State != tc.state || cause(got.Failure) != tc.cause {
					t.Errorf("%s %+v, want %s %q", got.State, got.Failure, tc.state, tc.cause)
				}
				if len(cell.Attempts) != tc.attempts {
					t.Errorf("%d attempts, want %d", len(cell.Attempts), tc.attempts)
				}
				if cell.Server != srv.ID || cell.Region != "here" || cell.Last().Region != "here" {
					t.Errorf("the cell is of %q in %q, its result of %q", cell.Server, cell.Region, cell.Last().Region)
				}
			})
		})
	}
}

func aFake(t *testing.T) http.Handler {
	t.Helper()
	return newFake(t)
}

func always(h http.Handler) func(*testing.T) http.Handler {
	return func(*testing.T) http.Handler { return h }
}

func snapshot(tools string) []byte { return []byte(`{"tools":` + tools + `}`) }

// TestCellWaitsBetweenAttempts: the gap is from the end of one attempt to the
// beginning of the next, and the next dials anew.
func TestCellWaitsBetweenAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, slowly(2*time.Second, answerAll(500, "", "", "")))
		cell := w.newProber(t, probe.Options{}).Cell(t.Context(), new(public()))
		if len(cell.Attempts) != 3 {
			t.Fatalf("%d attempts, want 3", len(cell.Attempts))
		}
		for i, res := range cell.Attempts[:2] {
			if gap := cell.Attempts[i+1].Started.Sub(res.Started.Add(res.Timings.Total)); gap != 5*time.Second {
				t.Errorf("attempt %d came %s after the one before, want 5 s", i+2, gap)
			}
		}
		if n := len(w.dials()); n != 3 {
			t.Errorf("%d connections for 3 attempts", n)
		}
	})
}

// slowly answers after a while.
func slowly(d time.Duration, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see the client leave
		select {
		case <-time.After(d):
			h.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}

// TestCellAtTheWall: a cell ends when its time is up, whatever the attempts do.
func TestCellAtTheWall(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		opt      probe.Options
		attempts int
		took     time.Duration
	}{
		"three of fifteen seconds": {probe.Options{}, 3, 50 * time.Second},
		"two of thirty":            {probe.Options{Timeout: 30 * time.Second}, 2, 50 * time.Second},
		"no time for a gap":        {probe.Options{Timeout: 45 * time.Second}, 1, 45 * time.Second},
		"a wall of its own":        {probe.Options{Wall: 22 * time.Second}, 2, 22 * time.Second},
		"one only":                 {probe.Options{Attempts: 1}, 1, 15 * time.Second},
		"a shorter gap":            {probe.Options{Gap: time.Second, Timeout: 3 * time.Second}, 3, 11 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				w := newWorld(t, slowly(time.Hour, answerAll(200, "", "", "")))
				cell := w.newProber(t, tc.opt).Cell(t.Context(), new(public()))
				if len(cell.Attempts) != tc.attempts || time.Since(began) != tc.took {
					t.Errorf("%d attempts in %s, want %d in %s", len(cell.Attempts), time.Since(began), tc.attempts, tc.took)
				}
				if got := cause(cell.Last().Failure); got != uptime.FirstByteTimeout {
					t.Errorf("cause %q, want %q", got, uptime.FirstByteTimeout)
				}
			})
		})
	}
}

// TestCellPassesAfterRetry: the server is amber, and the first failure says why.
func TestCellPassesAfterRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		failures := 2 // discover and initialize of one attempt
		f.before = func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			if failures--; failures >= 0 {
				w.WriteHeader(503)
				return true
			}
			return false
		}
		cell := newWorld(t, f).newProber(t, probe.Options{}).Cell(t.Context(), new(public()))
		j := verdict.Report(cell, 0)
		if len(cell.Attempts) != 2 || j.State != uptime.Degraded || cause(j.Failure) != uptime.HTTPServerError {
			t.Errorf("%d attempts, %s %+v, want 2, degraded by the first one's http_server_error", len(cell.Attempts), j.State, j.Failure)
		}
	})
}

// TestCellThatIsCalledOff ends at once, and blames nobody.
func TestCellThatIsCalledOff(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"in the gap": 17 * time.Second, "in an attempt": 7 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(after, cancel)
				w := newWorld(t, slowly(time.Hour, answerAll(200, "", "", "")))
				cell := w.newProber(t, probe.Options{}).Cell(ctx, new(public()))
				if len(cell.Attempts) != 1 || time.Since(began) != after {
					t.Errorf("%d attempts in %s, want 1 in %s", len(cell.Attempts), time.Since(began), after)
				}
				want := uptime.Down
				if after < 15*time.Second {
					want = uptime.Unknown
				}
				if f := cell.Last().Failure; f == nil || f.Effect != want {
					t.Errorf("failure %+v, want one that argues for %s", f, want)
				}
			})
		})
	}
}

// TestOurOwnLag: failures while this process runs late are no evidence, and are
// not repeated, which would only make it later.
func TestOurOwnLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, answerAll(500, "", "", ""))
		p := w.newProber(t, probe.Options{Lag: func() time.Duration { return time.Second }})
		cell := p.Cell(t.Context(), new(public()))
		if f := cell.Last().Failure; len(cell.Attempts) != 1 || cause(f) != uptime.SelfOverload || f.Effect != uptime.Unknown {
			t.Errorf("%d attempts, %+v, want one that is self_overload", len(cell.Attempts), f)
		}
		good := newWorld(t, newFake(t)).newProber(t, probe.Options{Lag: func() time.Duration { return time.Second }})
		look(t, good, public(), "")
	})
}

// TestSlots: a prober that has no connection slot free blames itself.
func TestSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		release := make(chan struct{})
		p := w.newBlockedProber(t, release)
		first := make(chan uptime.Result)
		go func() { first <- p.Attempt(t.Context(), public()) }()
		<-w.waiting
		look(t, p, public(), uptime.SelfOverload)
		close(release)
		<-first
	})
}
