package e2e_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/e2e/loopback"
)

const (
	// judged bounds how long it takes until every server has a verdict: they all
	// start at the same time, on few cores.
	judged = 90 * time.Second
	// aCycle bounds what happens within one cycle of five seconds: until it begins,
	// three attempts with their gaps, and sealing.
	aCycle = 25 * time.Second
	// watched is how long all servers are watched together.
	watched = 60 * time.Second
)

// TestServe has one monitor watch all servers at once.
func TestServe(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var all []*running
	for _, s := range slices.Concat(goServers(), npmServers()) {
		if s.name == "mcp-go roots" {
			continue // it insists on the port of another one
		}
		all = append(all, r.run(t, s))
	}
	m := r.serve(t, all)
	begun := time.Now()
	for i, s := range all {
		m.await(t, judged, s.name+" is "+s.want.state, func() bool { return m.server(t, slug(i)).State == s.want.state })
	}
	for i, s := range all {
		m.verify(t, slug(i), s.server)
	}
	m.fallAndRise(t, r, all, "modern only")
	m.await(t, watched, "some cycles of all servers are over", func() bool { return time.Since(begun) > watched })
	for i, s := range all {
		t.Run(s.name, func(t *testing.T) { m.verifyStory(t, slug(i), s) })
	}
}

// slug names the i-th server.
func slug(i int) string { return "server-" + strconv.Itoa(i) }

// monitor is a running `alivemcp serve`.
type monitor struct {
	process *process
	origin  string
}

// serve runs a monitor of these servers. Those that start a process for each
// request are not asked every five seconds.
func (r *rig) serve(t *testing.T, all []*running) *monitor {
	t.Helper()
	var conf strings.Builder
	fmt.Fprintf(&conf, "data: %q\nprobe: {gap: 1s, max_per_host: 8}\nservers:\n", filepath.Join(t.TempDir(), "data"))
	for i, s := range all {
		interval := "5s"
		if strings.Contains(strings.Join(s.argv, " "), supergateway) {
			interval = "20s"
		}
		fmt.Fprintf(&conf, "  - {slug: %s, name: %q, url: %q, interval: %s%s}\n", slug(i), s.name, s.url(), interval, headers(s.flags))
	}
	return r.monitor(t, conf.String())
}

// monitor runs a monitor with this configuration.
func (r *rig) monitor(t *testing.T, conf string) *monitor {
	t.Helper()
	name := filepath.Join(t.TempDir(), "alivemcp.yaml")
	if err := os.WriteFile(name, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := loopback.FreeAddr(t)
	argv := []string{r.alivemcp, "serve", "--config", name, "--listen", addr}
	return &monitor{process: start(t, addr, nil, argv), origin: "http://" + addr}
}

// headers are the flags --header of a check as a configuration has them.
func headers(flags []string) string {
	for i, flag := range flags {
		if name, value, ok := strings.Cut(flag, ": "); ok && flags[i-1] == "--header" {
			return fmt.Sprintf(", headers: {%s: %q}", name, value)
		}
	}
	return ""
}

// told is what the API tells of a server.
type told struct {
	State    string     `json:"state"`
	Access   *string    `json:"access"`
	Cause    *string    `json:"cause"`
	Probed   *time.Time `json:"last_probe_at"`
	Incident *string    `json:"open_incident"`
	Drift    *struct{}  `json:"open_drift"`
	Tools    *struct {
		Count int `json:"count"`
	} `json:"tools"`
}

func (m *monitor) server(t *testing.T, slug string) (s told) {
	t.Helper()
	m.read(t, "/api/v1/servers/"+slug, &s)
	return s
}

// incident is what the API tells of an incident.
type incident struct {
	ID       string     `json:"id"`
	Open     bool       `json:"open"`
	Opened   time.Time  `json:"opened_at"`
	Detected time.Time  `json:"detected_at"`
	Closed   *time.Time `json:"closed_at"`
	Cause    string     `json:"cause"`
}

func (m *monitor) incidents(t *testing.T, slug string) []incident {
	t.Helper()
	var list struct{ Incidents []incident }
	m.read(t, "/api/v1/servers/"+slug+"/incidents", &list)
	return list.Incidents
}

func (m *monitor) read(t *testing.T, path string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(m.page(t, path)), into); err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
}

func (m *monitor) page(t *testing.T, path string) string {
	t.Helper()
	res := get(t, m.origin+path)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v\n%.500s", path, res.Status, err, body)
	}
	return string(body)
}

// await looks until something is true.
func (m *monitor) await(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	look := time.NewTicker(10 * lookEvery)
	defer look.Stop()
	for end := time.Now().Add(within); !holds(); <-look.C {
		if time.Now().After(end) {
			t.Fatalf("not true within %s: %s", within, what)
		}
	}
}

// verify compares what the monitor says of a server with what a check must say.
func (m *monitor) verify(t *testing.T, slug string, s server) {
	t.Helper()
	got := m.server(t, slug)
	if s.want.access != "" && (got.Access == nil || *got.Access != s.want.access) {
		t.Errorf("%s: access %v, want %s", s.name, got.Access, s.want.access)
	}
	if s.want.tools > 0 && (got.Tools == nil || got.Tools.Count != s.want.tools) {
		t.Errorf("%s: tools %+v, want %d", s.name, got.Tools, s.want.tools)
	}
	if s.want.cause != "" && (got.Cause == nil || *got.Cause != s.want.cause) {
		t.Errorf("%s: cause %v, want %s", s.name, got.Cause, s.want.cause)
	}
	if got.Drift != nil {
		t.Errorf("%s: a drift is open", s.name)
	}
}

// fallAndRise kills a server and starts it again.
func (m *monitor) fallAndRise(t *testing.T, r *rig, all []*running, name string) {
	t.Helper()
	i := slices.IndexFunc(all, func(s *running) bool { return s.name == name })
	at, s := slug(i), all[i]
	before := m.badge(t, at)
	fell := time.Now()
	s.process.stop()
	release := keepPort(t, port(t, s))
	m.await(t, aCycle, name+" is down", func() bool { return m.server(t, at).State == "down" })
	if seconds := time.Since(fell).Seconds(); seconds > 10 {
		t.Logf("it took %.1f s", seconds)
	}
	m.await(t, aCycle, "the page tells of the incident", func() bool { return m.server(t, at).Incident != nil })
	found := m.incidents(t, at)
	if len(found) != 1 || !found[0].Open || found[0].Cause != "connect_refused" {
		t.Fatalf("the incidents are %+v, want one that is open because of connect_refused", found)
	}
	if page := m.page(t, "/status/"+at); !strings.Contains(page, found[0].ID) || !regexp.MustCompile(`(?i)\bdown\b`).MatchString(page) {
		t.Error("the status page does not tell of the incident")
	}
	if m.badge(t, at) == before {
		t.Error("the badge has not changed")
	}
	release()
	again := r.runOn(t, s.server, port(t, s))
	m.await(t, 2*aCycle, "the incident closes", func() bool { return !m.incidents(t, at)[0].Open })
	if found := m.incidents(t, at); len(found) != 1 || found[0].Closed == nil {
		t.Errorf("the incidents are %+v, want the one, closed", found)
	}
	m.await(t, aCycle, "the badge is as before", func() bool { return m.badge(t, at) == before })
	all[i] = again
}

func (m *monitor) badge(t *testing.T, slug string) string {
	t.Helper()
	return m.page(t, "/badge/"+slug+".svg?metric=state")
}

func port(t *testing.T, s *running) int {
	t.Helper()
	_, text, err := net.SplitHostPort(strings.TrimPrefix(s.origin, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// verifyStory checks that a server was judged all the time and that nothing is
// told of it that did not happen.
func (m *monitor) verifyStory(t *testing.T, slug string, s *running) {
	t.Helper()
	got := m.server(t, slug)
	if got.State != s.want.state || got.Probed == nil || time.Since(*got.Probed) > aCycle+20*time.Second {
		t.Errorf("at the end: %s (%s), probed at %v; want %s, a moment ago", got.State, value(got.Cause), got.Probed, s.want.state)
	}
	down := s.want.state == "down"
	allowed := map[bool]int{true: 1, false: 0}[down || s.name == "modern only"]
	for i, in := range m.incidents(t, slug) {
		if i >= allowed || in.Open != down {
			t.Errorf("an incident that should not be: %+v", in)
		}
	}
	if got.Drift != nil {
		t.Error("a drift is open")
	}
}

func value(s *string) string { return cmp.Or(*cmp.Or(s, new(string)), "no cause") }
