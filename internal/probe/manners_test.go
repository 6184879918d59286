package probe_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestOneKnockACycle: whatever fails, a cycle sends one POST without a
// credential at most.
func TestOneKnockACycle(t *testing.T) {
	t.Parallel()
	failing := func(w http.ResponseWriter, r *http.Request, _ string) bool {
		switch {
		case r.Header.Get("Authorization") == "":
			w.WriteHeader(401)
		case r.Method == "POST":
			w.WriteHeader(500)
		}
		return true
	}
	afterDiscover := func(w http.ResponseWriter, _ *http.Request, method string) bool {
		w.WriteHeader(map[bool]int{true: 401, false: 404}[method == "initialize"])
		return true
	}
	soft := func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Method != "POST" {
			return false
		}
		writeJSON(w, 200, `{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Unauthorized"}}`)
		return true
	}
	credential := &uptime.Credential{Kind: uptime.CredentialBearer, Token: "t0p-secret"}
	for name, tc := range map[string]struct {
		before     func(http.ResponseWriter, *http.Request, string) bool
		credential *uptime.Credential
		first      int // POSTs without a credential in the first cycle
	}{
		"signed in, and failing": {failing, credential, 1},
		"signed in":              {wall(&fake{}, 200), credential, 1},
		"walled":                 {wall(nil, 200), nil, 1},
		"walled at initialize":   {afterDiscover, nil, 2},
		"walled with HTTP 200":   {soft, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.before = tc.before
				srv := public()
				srv.Profile.Credential = tc.credential
				p := newWorld(t, f).newProber(t, probe.Options{})
				for cycle, want := range []int{tc.first, 1, 1} {
					p.Cell(t.Context(), &srv)
					if n := f.strangers(); n != want {
						t.Errorf("cycle %d: %d POSTs without a credential, want %d", cycle+1, n, want)
					}
				}
			})
		})
	}
}

// TestSessionsAreEnded: whatever goes wrong after a server has opened a session,
// it is told that the session is not needed any more. newFake complains about
// those that stay open.
func TestSessionsAreEnded(t *testing.T) {
	t.Parallel()
	on := func(method string, answer http.HandlerFunc) func(*fake) func(http.ResponseWriter, *http.Request, string) bool {
		return func(f *fake) func(http.ResponseWriter, *http.Request, string) bool {
			return func(w http.ResponseWriter, r *http.Request, m string) bool {
				if m != method {
					return false
				}
				if method == "initialize" || method == "server/discover" {
					f.change(func(f *fake) { f.openSession(w) })
				}
				answer(w, r)
				return true
			}
		}
	}
	hang := func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	for name, tc := range map[string]struct {
		before func(*fake) func(http.ResponseWriter, *http.Request, string) bool
		cause  uptime.Cause
		made   int
	}{
		"all is well":            {on("nothing", nil), "", 1},
		"tools/list fails":       {on("tools/list", status(500)), uptime.HTTPServerError, 1},
		"tools/list hangs":       {on("tools/list", hang), uptime.AttemptTimeout, 1},
		"initialized is refused": {on("notifications/initialized", status(500)), uptime.InitializedRefused, 1},
		"initialize fails":       {on("initialize", status(500)), uptime.HTTPServerError, 1},
		"initialize is no JSON":  {on("initialize", body("{")), uptime.BadJSON, 1},
		"initialize has no name": {on("initialize", body(`{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{}}}`)), uptime.HandshakeShape, 1},
		"a revision of its own":  {on("initialize", body(`{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2031-01-01","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}`)), uptime.VersionUnsupported, 1},
		"initialize hangs":       {on("initialize", hang), uptime.AttemptTimeout, 1},
		"discover opens one":     {on("server/discover", status(400)), "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.before = tc.before(f)
				p := newWorld(t, f).newProber(t, probe.Options{Thorough: true})
				look(t, p, public(), tc.cause)
				if f.made != tc.made {
					t.Errorf("%d sessions were opened, the test wants %d", f.made, tc.made)
				}
			})
		})
	}
}

// TestEndOfSessionHangs: a server that never answers DELETE costs 3 s, and keeps
// its good name.
func TestEndOfSessionHangs(t *testing.T) {
	t.Parallel()
	for name, thorough := range map[string]bool{"every cycle": false, "thorough": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.before = func(_ http.ResponseWriter, r *http.Request, _ string) bool {
					if r.Method != "DELETE" {
						return false
					}
					f.change(func(f *fake) { clear(f.sessions) }) // newFake would complain
					<-r.Context().Done()
					return true
				}
				p := newWorld(t, f).newProber(t, probe.Options{Thorough: thorough})
				began := time.Now()
				res := look(t, p, public(), "")
				if took := time.Since(began); took > 3*time.Second {
					t.Errorf("the check took %s", took)
				}
				if n := countOf(f.asked(), "DELETE /mcp"); n != 1 || !hasFinding(res, "session_delete_failed") {
					t.Errorf("%d DELETEs, findings %v", n, res.Findings)
				}
			})
		})
	}
}

// TestSessionOfAServerThatMoves: the session of a handshake that is given up in
// favour of another is ended, too.
func TestSessionOfAServerThatMoves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		p := newWorld(t, f).newProber(t, probe.Options{})
		look(t, p, public(), "")
		f.change(func(f *fake) {
			f.before = func(w http.ResponseWriter, _ *http.Request, method string) bool {
				if method == "initialize" {
					f.change(func(f *fake) { f.openSession(w) })
					writeJSON(w, 200, "{")
				}
				return method == "initialize"
			}
		})
		look(t, p, public(), uptime.BadJSON)
		if f.made != 3 {
			t.Errorf("%d sessions were opened, the test wants 3", f.made)
		}
	})
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, text) }
}

// TestNoPing: a server without tools is asked for nothing that it did not offer.
func TestNoPing(t *testing.T) {
	t.Parallel()
	for capability, want := range map[string]string{"logging": "", "resources": "resources/list", "prompts": "prompts/list"} {
		t.Run(capability, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.before = func(w http.ResponseWriter, _ *http.Request, method string) bool {
					if method == "initialize" {
						writeJSON(w, 200, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{%q:{}},"serverInfo":{"name":"x","version":"1"}}}`, capability))
					}
					return method == "initialize"
				}
				look(t, newWorld(t, f).newProber(t, probe.Options{Thorough: true}), public(), "")
				log := f.asked()
				if diff := cmp.Diff([]string{"server/discover", "initialize", "notifications/initialized", want}, append(log, "")[:4]); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		})
	}
}

// TestWalledStream: a wall before an HTTP+SSE server ends the attempt like any
// other.
func TestWalledStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := public()
		srv.Transport = uptime.HTTPSSE
		srv.Profile.Canary = &uptime.Canary{Tool: "add"}
		p := newWorld(t, answerAll(401, "WWW-Authenticate", "Basic", "")).newProber(t, probe.Options{})
		if res := look(t, p, srv, ""); res.Access != uptime.AccessCustom || res.Steps[len(res.Steps)-1].Name != uptime.StepAuth {
			t.Errorf("access %q, steps %+v", res.Access, res.Steps)
		}
	})
}
