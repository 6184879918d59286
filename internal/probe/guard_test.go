package probe_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// private lists addresses of every kind that a public prober must not contact.
func private() []string {
	return []string{
		"127.0.0.1", "127.255.0.9", "0.0.0.0", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[ff02::1]", "[fd00:ec2::254]",
		"[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]",
	}
}

// TestPrivateLiterals: an address that is not public ends as blocked_target,
// which says nothing about a server, and nobody is contacted.
func TestPrivateLiterals(t *testing.T) {
	t.Parallel()
	for _, addr := range private() {
		for _, transport := range []uptime.Transport{"", uptime.StreamableHTTP, uptime.HTTPSSE} {
			t.Run(addr+" "+string(transport), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, newFake(t))
					srv := public()
					srv.URL, srv.Transport = "http://"+addr+":8080/mcp", transport
					cell := w.newProber(t, probe.Options{}).Cell(t.Context(), &srv)
					if f := cell.Last().Failure; cause(f) != uptime.BlockedTarget || f.Effect != uptime.Unknown || len(cell.Attempts) != 1 {
						t.Errorf("%d attempts, %+v", len(cell.Attempts), f)
					}
					if dials := w.dials(); len(dials) > 0 {
						t.Errorf("%q was contacted", dials)
					}
				})
			})
		}
	}
}

// TestPrivateNames: what counts is what a name resolves to.
func TestPrivateNames(t *testing.T) {
	t.Parallel()
	l := startNames(t)
	knocks := countKnocks(t)
	for _, name := range []string{"ok", "alias", "dual", "metadata", "mapped"} {
		t.Run(name, func(t *testing.T) {
			p, err := probe.New(probe.Options{Resolver: l.Resolver()})
			if err != nil {
				t.Fatal(err)
			}
			srv := uptime.Server{ID: "n", URL: fmt.Sprintf("http://%s.lab.test:%d/mcp", name, knocks.port)}
			res := p.Attempt(t.Context(), srv)
			if cause(res.Failure) != uptime.BlockedTarget || res.Failure.Step != uptime.StepTCP {
				t.Errorf("%+v, want blocked_target at tcp", res.Failure)
			}
		})
	}
	// The same listener is reached when the operator says that it may be.
	p, err := probe.New(probe.Options{Resolver: l.Resolver()})
	if err != nil {
		t.Fatal(err)
	}
	if n := knocks.count(); n != 0 {
		t.Errorf("%d connections were made to a private address", n)
	}
	p.Attempt(t.Context(), uptime.Server{ID: "n", Private: true, URL: fmt.Sprintf("http://ok.lab.test:%d/mcp", knocks.port)})
	if knocks.count() == 0 {
		t.Error("nobody came although the server may be private: the test proves nothing")
	}
}

func startNames(t *testing.T) *lab.Lab {
	t.Helper()
	l := lab.New(lab.Options{Scenarios: []lab.Scenario{}})
	if err := l.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l
}

// knocker counts the connections to a port of 127.0.0.1, and drops them.
type knocker struct {
	port  int
	conns chan struct{}
}

func countKnocks(t *testing.T) *knocker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	k := &knocker{port: l.Addr().(*net.TCPAddr).Port, conns: make(chan struct{}, 1000)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			k.conns <- struct{}{}
			_ = c.Close()
		}
	}()
	return k
}

func (k *knocker) count() int { return len(k.conns) }

// TestPrivateDetours: a public server cannot send the prober to a private
// address, whatever it says and wherever it says it.
func TestPrivateDetours(t *testing.T) {
	t.Parallel()
	const inside = "http://10.1.2.3:9200"
	redirect := func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		w.Header().Set("Location", inside+"/mcp")
		w.WriteHeader(307)
		return true
	}
	challenge := func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="`+inside+`/prm"`)
		w.WriteHeader(401)
		return true
	}
	metadata := func(document, value string) func(http.ResponseWriter, *http.Request, string) bool {
		return func(w http.ResponseWriter, r *http.Request, m string) bool {
			if r.URL.Path == document {
				w.Header().Set("Location", inside+"/x")
				writeJSON(w, map[bool]int{true: 302, false: 200}[value == ""], value)
				return true
			}
			return wall(nil, 200)(w, r, m)
		}
	}
	endpoint := func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Method != "GET" {
			w.WriteHeader(405)
			return true
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprintf(w, "event: endpoint\ndata: %s/message\n\n", inside)
		return true
	}
	for name, tc := range map[string]struct {
		before  func(http.ResponseWriter, *http.Request, string) bool
		profile uptime.Profile
		cause   uptime.Cause
		effect  uptime.State
		finding string
	}{
		"a redirect":                {redirect, uptime.Profile{}, uptime.BlockedTarget, uptime.Unknown, "redirected"},
		"the challenge's metadata":  {challenge, uptime.Profile{}, uptime.AuthBroken, uptime.Degraded, "prm_not_served"},
		"a redirect of metadata":    {metadata("/prm", ""), uptime.Profile{}, uptime.AuthBroken, uptime.Degraded, "prm_not_served"},
		"the authorization server":  {metadata("/prm", `{"resource":"http://93.184.215.14/mcp","authorization_servers":["`+inside+`"]}`), uptime.Profile{}, uptime.AuthBroken, uptime.Degraded, "as_metadata_missing"},
		"the endpoint of HTTP+SSE":  {endpoint, uptime.Profile{}, uptime.SSEEndpoint, uptime.Down, ""},
		"a health URL":              {nil, uptime.Profile{Health: []uptime.HealthCheck{{URL: inside + "/health", Downs: true}}}, "", uptime.Live, "health_blocked"},
		"a health URL's redirect":   {redirectHealth(inside), uptime.Profile{Health: []uptime.HealthCheck{{URL: "http://93.184.215.14/health"}}}, uptime.HealthFailed, uptime.Degraded, ""},
		"the token endpoint":        {wall(&fake{}, 200), uptime.Profile{Credential: &uptime.Credential{Kind: uptime.CredentialClient, ClientID: "a", ClientSecret: "t0p-secret", TokenURL: inside + "/token"}}, uptime.BlockedTarget, uptime.Unknown, ""},
		"the found token endpoint":  {metadata("/.well-known/oauth-authorization-server", insideToken(inside)), uptime.Profile{Credential: &uptime.Credential{Kind: uptime.CredentialClient, ClientID: "a", ClientSecret: "t0p-secret"}}, uptime.BlockedTarget, uptime.Unknown, ""},
		"a redirect, as a stranger": {redirect, uptime.Profile{Credential: &uptime.Credential{Kind: uptime.CredentialBearer, Token: "t0p-secret"}}, uptime.BlockedTarget, uptime.Unknown, "redirected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.before = tc.before
				w := newWorld(t, nil)
				w.handle(t, "93.184.215.14:80", f)
				srv := public()
				srv.Profile = tc.profile
				res := look(t, w.newProber(t, probe.Options{Attempts: 1}), srv, tc.cause)
				if tc.cause != "" && res.Failure.Effect != tc.effect {
					t.Errorf("%+v argues for %s, want %s", res.Failure, res.Failure.Effect, tc.effect)
				}
				if tc.finding != "" && !hasFinding(res, tc.finding) {
					t.Errorf("findings %+v, want %s among them", res.Findings, tc.finding)
				}
				others := slices.DeleteFunc(w.dials(), func(a string) bool { return a == "93.184.215.14:80" })
				if diff := cmp.Diff([]string{}, others); diff != "" {
					t.Errorf("somebody else was contacted\n%s", diff)
				}
			})
		})
	}
}

// TestRedirectsAreCheckedAtEachHop: however many public addresses lie between, and
// whether the last one is followed or not, nobody inside is contacted, and the
// result says so.
func TestRedirectsAreCheckedAtEachHop(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status  int
		to      string
		cause   uptime.Cause
		refused bool
	}{
		"to a private address":      {307, "http://10.1.2.3:9200/mcp", uptime.BlockedTarget, true},
		"to a metadata service":     {308, "http://169.254.169.254/latest/meta-data/", uptime.BlockedTarget, true},
		"to IPv6 inside":            {308, "http://[fd00:ec2::254]/latest", uptime.BlockedTarget, true},
		"to an address in disguise": {307, "http://0x7f.1/mcp", uptime.BlockedTarget, true},
		"with a method that ends":   {301, "http://169.254.169.254/latest/", uptime.HTTPRedirect, true},
		"to another public one":     {301, "http://93.184.215.15/mcp?key=t0p-secret", uptime.HTTPRedirect, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.handle(t, "93.184.215.14:80", answerAll(308, "Location", "http://93.184.215.14:8080/hop", ""))
				w.handle(t, "93.184.215.14:8080", answerAll(tc.status, "Location", tc.to, ""))
				res := look(t, w.newProber(t, probe.Options{Attempts: 1}), public(), tc.cause)
				if r := res.Redirect; r == nil || r.Refused != tc.refused || strings.Contains(r.To, "t0p-secret") || r.Permanent != (tc.status != 307) {
					t.Errorf("the redirect is %+v", r)
				}
				for _, addr := range w.dials() {
					if !strings.HasPrefix(addr, "93.184.215.14:") {
						t.Errorf("%s was contacted", addr)
					}
				}
			})
		})
	}
}

// TestRedirectsToNamesAreChecked: what counts is what the name of a hop resolves to.
func TestRedirectsToNamesAreChecked(t *testing.T) {
	t.Parallel()
	l := startNames(t)
	knocks := countKnocks(t)
	front := httptest.NewServer(answerAll(308, "Location", fmt.Sprintf("http://metadata.lab.test:%d/mcp", knocks.port), ""))
	defer front.Close()
	at := netip.MustParseAddrPort(front.Listener.Addr().String())
	p, err := probe.New(probe.Options{Resolver: l.Resolver(), Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	// A server that may be private itself leads to the metadata service all the same
	// never: that is refused to everyone.
	res := p.Attempt(t.Context(), uptime.Server{ID: "n", Private: true, URL: "http://" + at.String() + "/mcp"})
	if cause(res.Failure) != uptime.BlockedTarget || res.Redirect == nil || !res.Redirect.Refused || !res.Redirect.Permanent {
		t.Errorf("%+v, redirect %+v", res.Failure, res.Redirect)
	}
	if knocks.count() != 0 {
		t.Error("somebody inside was contacted")
	}
}

func insideToken(inside string) string {
	return `{"issuer":"http://93.184.215.14","token_endpoint":"` + inside + `/token","grant_types_supported":["client_credentials"]}`
}

func redirectHealth(to string) func(http.ResponseWriter, *http.Request, string) bool {
	return func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if r.URL.Path != "/health" {
			return false
		}
		w.Header().Set("Location", to)
		w.WriteHeader(302)
		return true
	}
}
