package probe_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestSecondLook: what is known of a server saves requests.
func TestSecondLook(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		modern, stream bool
		first, second  []string
	}{
		"legacy": {
			first:  []string{"server/discover", "initialize", "notifications/initialized", "tools/list", "DELETE /mcp"},
			second: []string{"initialize", "notifications/initialized", "tools/list", "DELETE /mcp"},
		},
		"modern": {
			modern: true,
			first:  []string{"server/discover", "tools/list"},
			second: []string{"server/discover", "tools/list"},
		},
		"HTTP+SSE": {
			stream: true,
			first:  []string{"initialize", "notifications/initialized", "tools/list"},
			second: []string{"initialize", "notifications/initialized", "tools/list"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.modern = tc.modern
				var h http.Handler = f
				if tc.stream {
					h = onlyGET{sse{f}}
				}
				p := newWorld(t, h).newProber(t, probe.Options{})
				one := look(t, p, public(), "")
				if diff := cmp.Diff(tc.first, f.asked()); diff != "" {
					t.Errorf("first look (-want +got)\n%s", diff)
				}
				two := look(t, p, public(), "")
				if diff := cmp.Diff(tc.second, f.asked()); diff != "" {
					t.Errorf("second look (-want +got)\n%s", diff)
				}
				if diff := cmp.Diff(one.Tools, two.Tools); diff != "" {
					t.Errorf("the same list is another the second time\n%s", diff)
				}
				if diff := cmp.Diff(one.Findings, two.Findings); diff != "" {
					t.Errorf("the findings are others the second time\n%s", diff)
				}
			})
		})
	}
}

// onlyGET is an HTTP+SSE server: the URL of the stream takes no POST.
type onlyGET struct{ sse }

// ServeHTTP answers.
func (o onlyGET) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == "POST" && r.URL.RawQuery == "" {
		w.WriteHeader(405)
		return
	}
	o.sse.ServeHTTP(w, r)
}

// TestServerThatMoves: a server that changes what it speaks is understood in the
// same attempt.
func TestServerThatMoves(t *testing.T) {
	t.Parallel()
	refused := func(w http.ResponseWriter, r *http.Request, method string) bool {
		if r.Header.Get("Mcp-Method") != "" || method != "notifications/initialized" {
			return false
		}
		w.WriteHeader(400)
		_, _ = w.Write([]byte("Bad Request: Unsupported protocol version"))
		return true
	}
	legacy := func(f *fake) http.Handler { return f }
	modern := func(f *fake) http.Handler { f.modern = true; return f }
	// What an SDK does with a modern server: initialize still works, and nothing after.
	halfModern := func(f *fake) http.Handler { return half{f, refused} }
	stream := func(f *fake) http.Handler { return onlyGET{sse{f}} }
	for name, tc := range map[string]struct {
		from, to  func(*fake) http.Handler
		era       uptime.Era
		transport uptime.Transport
	}{
		"legacy to modern":      {legacy, modern, uptime.Modern, uptime.StreamableHTTP},
		"legacy to half modern": {legacy, halfModern, uptime.Modern, uptime.StreamableHTTP},
		"modern to legacy":      {modern, legacy, uptime.Legacy, uptime.StreamableHTTP},
		"legacy to HTTP+SSE":    {legacy, stream, uptime.Legacy, uptime.HTTPSSE},
		"HTTP+SSE to legacy":    {stream, legacy, uptime.Legacy, uptime.StreamableHTTP},
		"HTTP+SSE to modern":    {stream, modern, uptime.Modern, uptime.StreamableHTTP},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				handler := tc.from(newFake(t))
				p := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					handler.ServeHTTP(w, r)
				})).newProber(t, probe.Options{})
				look(t, p, public(), "")
				handler = tc.to(newFake(t))
				for range 2 {
					res := look(t, p, public(), "")
					if res.Era != tc.era || res.Transport != tc.transport || res.Tools == nil {
						t.Errorf("%s over %s with tools %v, want %s over %s", res.Era, res.Transport, res.Tools, tc.era, tc.transport)
					}
					for _, s := range res.Steps {
						if s.Status == uptime.StepFail {
							t.Errorf("step %s of an attempt that passed says it failed: %s", s.Name, s.Detail)
						}
					}
				}
			})
		})
	}
}

// half answers modern requests as a modern server, others as a legacy one that
// refuses something.
type half struct {
	*fake
	refuse func(http.ResponseWriter, *http.Request, string) bool
}

// ServeHTTP answers.
func (h half) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.change(func(f *fake) { f.modern, f.before = r.Header.Get("Mcp-Method") != "", h.refuse })
	h.fake.ServeHTTP(w, r)
}

// TestToolsChange: a list that changed is noticed, and one that changes back is
// the old one.
func TestToolsChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		p := newWorld(t, f).newProber(t, probe.Options{})
		var hashes []string
		for _, tools := range []string{oneTool, twoTools, oneTool} {
			f.change(func(f *fake) { f.tools = tools })
			hashes = append(hashes, look(t, p, public(), "").Tools.Hash)
		}
		if hashes[0] == hashes[1] || hashes[0] != hashes[2] {
			t.Errorf("hashes %q", hashes)
		}
	})
}

// TestBaselineWithAnUnchangedList: what is said of the accepted contract does
// not depend on whether the list was seen before.
func TestBaselineWithAnUnchangedList(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		baseline string
		cause    uptime.Cause
		detail   string
		finding  bool
	}{
		"equal":      {oneTool, "", "", false},
		"compatible": {`[]`, "", "", true},
		"breaking":   {twoTools, uptime.DriftDetected, "sub", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				srv := public()
				srv.Profile.Baseline = snapshot(tc.baseline)
				p := newWorld(t, f).newProber(t, probe.Options{})
				for i := range 3 {
					res := look(t, p, srv, tc.cause)
					if f := res.Failure; f != nil && (!strings.Contains(f.Detail, tc.detail) || strings.Contains(f.Detail, "more")) {
						t.Errorf("look %d: %s", i+1, f.Detail)
					}
					if hasFinding(res, "drift_harmless") != tc.finding {
						t.Errorf("look %d: findings %+v", i+1, res.Findings)
					}
					if spared := len(res.Tools.Raw) == 0; spared != (i > 0 && name == "equal") {
						t.Errorf("look %d: the work of reading the tools was spared: %t", i+1, spared)
					}
				}
				f.change(func(f *fake) { f.tools = otherTool })
				for range 2 {
					look(t, p, srv, map[bool]uptime.Cause{true: "", false: uptime.DriftDetected}[name == "compatible"])
				}
			})
		})
	}
}

// TestGuest: the tools of a server that nobody here owns are listed in the first
// cycle and in every fifteenth from there, sooner when the server says something
// else of itself, and again as long as listing them fails.
func TestGuest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		srv := public()
		srv.Guest = true
		p := newWorld(t, f).newProber(t, probe.Options{})
		var listed []int
		for cycle := range 60 {
			switch cycle {
			case 20:
				f.change(func(f *fake) { f.name = "another" })
			case 35: // due, and it fails twice
				f.change(func(f *fake) { f.tools = `[]` })
			case 37:
				f.change(func(f *fake) { f.tools = oneTool })
			}
			res := p.Attempt(t.Context(), srv)
			if countOf(f.asked(), "tools/list") > 0 {
				listed = append(listed, cycle)
			}
			if want := cycle == 35 || cycle == 36; (res.Failure != nil) != want {
				t.Errorf("cycle %d: %+v", cycle, res.Failure)
			}
		}
		if diff := cmp.Diff([]int{0, 15, 20, 35, 36, 37, 52}, listed); diff != "" {
			t.Errorf("cycles in which the tools were listed (-want +got)\n%s", diff)
		}
	})
}

// wall is a server that refuses strangers and serves the metadata that is
// behind the wall, or fails to.
func wall(f *fake, metadata int) func(http.ResponseWriter, *http.Request, string) bool {
	return func(w http.ResponseWriter, r *http.Request, _ string) bool {
		switch {
		case r.URL.Path == "/prm":
			writeJSON(w, metadata, `{"resource":"http://93.184.215.14/mcp","authorization_servers":["http://93.184.215.14"]}`)
		case r.URL.Path == "/.well-known/oauth-authorization-server":
			writeJSON(w, 200, `{"issuer":"http://93.184.215.14","authorization_endpoint":"http://93.184.215.14/a","token_endpoint":"http://93.184.215.14/token",`+
				`"code_challenge_methods_supported":["S256"],"registration_endpoint":"http://93.184.215.14/r","grant_types_supported":["authorization_code","client_credentials"]}`)
		case r.URL.Path == "/token":
			return false
		case r.Header.Get("Authorization") != "" && f != nil:
			return false
		default:
			w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="http://93.184.215.14/prm"`)
			w.WriteHeader(401)
		}
		return true
	}
}

// TestSignInIsDiscoveredHourly: OAuth discovery costs several requests; its
// outcome is believed for an hour, and for five minutes when it is bad.
func TestSignInIsDiscoveredHourly(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		metadata int
		cause    uptime.Cause
		access   uptime.Access
		asked    []int // minutes in which discovery was made
	}{
		"intact":       {200, "", uptime.AccessWalled, []int{0, 61, 122}},
		"broken":       {404, uptime.AuthBroken, uptime.AccessBroken, everyNth(6, 130)},
		"inconclusive": {429, "", uptime.AccessWalled, everyNth(6, 130)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.before = wall(nil, tc.metadata)
				p := newWorld(t, f).newProber(t, probe.Options{})
				var asked []int
				for minute := range 130 {
					res := look(t, p, public(), tc.cause)
					if res.Access != tc.access {
						t.Fatalf("minute %d: access %q, want %q", minute, res.Access, tc.access)
					}
					log := f.asked()
					if n := countOf(log, "server/discover"); n != 1 || slices.Contains(log, "initialize") {
						t.Fatalf("minute %d: a stranger sent %q", minute, log)
					}
					if len(log) > 1 {
						asked = append(asked, minute)
					}
					<-time.After(time.Minute)
				}
				if diff := cmp.Diff(tc.asked, asked); diff != "" {
					t.Errorf("minutes in which discovery was made (-want +got)\n%s", diff)
				}
			})
		})
	}
}

// TestWayInThatIsNotFollowed: a wall is judged by its challenge when somebody limits
// us on the way in; a challenge that names nothing to read leaves it open.
func TestWayInThatIsNotFollowed(t *testing.T) {
	t.Parallel()
	for challenge, want := range map[string]uptime.Access{
		`Bearer resource_metadata="http://93.184.215.14/prm"`: uptime.AccessWalled,
		`Bearer realm="mcp"`: uptime.AccessCustom,
	} {
		f := newFake(t)
		f.before = func(w http.ResponseWriter, r *http.Request, _ string) bool {
			w.Header().Set("WWW-Authenticate", challenge)
			status := http.StatusUnauthorized
			if r.Method == http.MethodGet {
				status = http.StatusTooManyRequests
			}
			w.WriteHeader(status)
			return true
		}
		res := look(t, newWorld(t, f).newProber(t, probe.Options{}), public(), "")
		if res.Access != want || !res.Auth.Unfinished {
			t.Errorf("%s: access %q, chain %+v, want %q and that it is not finished", challenge, res.Access, res.Auth, want)
		}
	}
}

func everyNth(n, end int) []int {
	var out []int
	for i := 0; i < end; i += n {
		out = append(out, i)
	}
	return out
}

// TestDiscoveryThatFindsNoAnswer takes nothing away from what was found before.
func TestDiscoveryThatFindsNoAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.before = wall(nil, 200)
		p := newWorld(t, f).newProber(t, probe.Options{})
		look(t, p, public(), "")
		<-time.After(2 * time.Hour)
		f.change(func(f *fake) { f.before = wall(nil, 429) })
		if res := look(t, p, public(), ""); res.Access != uptime.AccessWalled {
			t.Errorf("access %q after a discovery that was rate limited, want %q", res.Access, uptime.AccessWalled)
		}
	})
}

// A monitor stores each contract once: it is brought when it is new, and not
// with every look.
func TestNewToolsAreBroughtOnce(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	p := newWorld(t, f).newProber(t, probe.Options{KeepNewTools: true})
	brought := func() int { return len(look(t, p, public(), "").Tools.Raw) }
	if first, second := brought(), brought(); first == 0 || second != 0 {
		t.Errorf("the first look brought %d tools and the second %d, want all and none", first, second)
	}
	f.change(func(f *fake) { f.tools = otherTool })
	if got := brought(); got != 1 {
		t.Errorf("the look at a changed list brought %d tools, want 1", got)
	}
}
