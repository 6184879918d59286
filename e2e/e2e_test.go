package e2e_test

import (
	"cmp"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// running is a server while it runs.
type running struct {
	server
	rig     *rig
	process *process
	origin  string
}

func (s *running) url() string { return s.origin + s.path }

func (s *running) check(t *testing.T, url string) report {
	t.Helper()
	return s.rig.check(t, append(slices.Clone(s.flags), url)...)
}

func TestServers(t *testing.T) {
	r := newRig(t)
	for _, s := range slices.Concat(npmServers(), goServers()) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r.occupy(t, s)
			r.examine(t, s)
		})
	}
	for _, s := range stdioServers() {
		t.Run("stdio, "+s.name, func(t *testing.T) {
			t.Parallel()
			r.occupy(t, s)
			r.examineStdio(t, s)
		})
	}
}

// examine checks a fresh server, asks the oracle, checks once more through a
// recorder, and then the server as it is after a restart.
func (r *rig) examine(t *testing.T, s server) {
	t.Helper()
	up := r.run(t, s)
	first := up.check(t, up.url())
	s.want.verify(t, first)
	r.sameTools(t, s.contract, first.hash())
	if s.noOracle == "" {
		agreeWithSDK(t, up.url(), first)
	}
	if s.also != nil {
		s.also(t, up)
	}
	if first.State != "live" {
		return
	}
	up.leavesNothing(t, first)
	up.process.stop()
	if again := r.run(t, s); again.check(t, again.url()).hash() != first.hash() {
		t.Errorf("the hash of the tools is another one after a restart; it was %s", first.hash())
	}
}

// run starts s on a port of its own.
func (r *rig) run(t *testing.T, s server) *running {
	t.Helper()
	port := s.port
	if port == 0 {
		port = r.freePort(t)
	} else {
		demandPort(t, port)
	}
	return r.runOn(t, s, port)
}

// runOn starts s on this port, and returns when it listens.
func (r *rig) runOn(t *testing.T, s server, port int) *running {
	t.Helper()
	up := r.launch(t, s, port)
	up.process.ready(t)
	return up
}

// launch starts s on this port.
func (r *rig) launch(t *testing.T, s server, port int) *running {
	t.Helper()
	host := cmp.Or(s.host, "127.0.0.1")
	addr := net.JoinHostPort(host, strconv.Itoa(port))
	argv := r.command(t, r.withPorts(t, s.argv, port))
	env := r.withPorts(t, s.env, port)
	return &running{server: s, rig: r, process: launch(t, addr, env, argv), origin: "http://" + addr}
}

// withPorts puts port in the place of the first {port}, and a free port in the
// place of each other one.
func (r *rig) withPorts(t *testing.T, texts []string, port int) []string {
	t.Helper()
	texts = slices.Clone(texts)
	for i := range texts {
		for strings.Contains(texts[i], "{port}") {
			texts[i] = strings.Replace(texts[i], "{port}", strconv.Itoa(port), 1)
			port = r.freePort(t)
		}
	}
	return texts
}

// examineStdio has the check start the server itself, twice.
func (r *rig) examineStdio(t *testing.T, s server) {
	t.Helper()
	args := append([]string{"--stdio", "--"}, r.command(t, s.argv)...)
	for range 2 {
		got := r.check(t, args...)
		s.want.verify(t, got)
		r.sameTools(t, s.contract, got.hash())
	}
}

// leavesNothing checks that each session was given back, and that a proxy on
// the way changes nothing. A server that names its own host in the endpoint
// event cannot be recorded.
func (s *running) leavesNothing(t *testing.T, first report) {
	t.Helper()
	if s.host != "" {
		return
	}
	rec := record(t, s.url())
	if got := s.check(t, rec.URL); got.State != "live" || got.hash() != first.hash() {
		t.Errorf("through a reverse proxy: %s, %s; directly: live, %s", got.State, got.hash(), first.hash())
	}
	rec.verifySessions(t, s.sessions)
}

// askedOnce checks that a server that wants credentials is asked only once: some
// servers lock a client out after a handful of refusals.
func askedOnce(t *testing.T, s *running) {
	t.Helper()
	rec := record(t, s.url())
	s.check(t, rec.URL)
	if n := rec.requests(); n != 1 {
		t.Errorf("%d requests without credentials, want 1", n)
	}
}

// twoPages checks that the tools were read page by page.
func twoPages(t *testing.T, s *running) {
	t.Helper()
	if got := s.check(t, s.url()); got.Tools == nil || got.Tools.Pages != 2 {
		t.Errorf("the tools are %+v, want two pages of them", got.Tools)
	}
}

// healthy checks what an HTTP monitor would have said.
func healthy(t *testing.T, s *running) {
	t.Helper()
	res := get(t, s.origin+"/healthz")
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("GET /healthz says %s: the case is not the one it is meant to be", res.Status)
	}
}

// staysDown checks that a later check, which finds another state of the server,
// comes to the same verdict. It hears less: an empty 500 names no transport.
func staysDown(t *testing.T, s *running) {
	t.Helper()
	want := s.want
	want.transport = ""
	want.verify(t, s.check(t, s.url()))
}

// noChildren checks that no child process is left of those that the server
// started for the check.
func noChildren(t *testing.T, s *running) {
	t.Helper()
	eventually(t, "the server has no child process", func() bool { return s.process.descendants(t) == 0 })
}

// noActiveSessions asks the server itself.
func noActiveSessions(t *testing.T, s *running) {
	t.Helper()
	res := get(t, s.origin+"/health")
	defer res.Body.Close()
	health := struct{ ActiveSessions int }{-1}
	if err := json.NewDecoder(res.Body).Decode(&health); err != nil {
		t.Fatalf("reading /health: %v", err)
	}
	if health.ActiveSessions != 0 {
		t.Errorf("the server says that %d sessions are left", health.ActiveSessions)
	}
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// eventually waits for what another process does in its own time.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for end := time.Now().Add(stopsWithin); !happened(); <-look.C {
		if time.Now().After(end) {
			t.Errorf("not true after %s: %s", stopsWithin, what)
			return
		}
	}
}
