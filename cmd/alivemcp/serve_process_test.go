package main_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// aWhile bounds what a monitor does in its own time: start, a cycle of five
	// seconds with its attempts, sealing, on a machine that is busy.
	aWhile = 40 * time.Second
	glance = 50 * time.Millisecond
)

// site is a place for a monitor: a configuration and a data directory.
type site struct {
	t      *testing.T
	config string
	dir    string
	listen string // where it is to listen
	cred   *syscall.Credential
	binary string // which one; empty for the one that is tested
}

// newSite writes a configuration: settings, and servers one a line in YAML's
// flow style.
func newSite(t *testing.T, settings string, servers ...string) *site {
	t.Helper()
	home := t.TempDir()
	s := &site{t: t, config: filepath.Join(home, "alivemcp.yaml"), dir: filepath.Join(home, "data"), listen: "127.0.0.1:0"}
	s.configure(settings, servers...)
	return s
}

// configure replaces the configuration in one step.
func (s *site) configure(settings string, servers ...string) {
	s.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "data: %q\nprobe: {gap: 500ms, timeout: 10s}\n%s\nservers:\n", s.dir, settings)
	for _, line := range servers {
		fmt.Fprintf(&b, "  - {interval: 5s, %s}\n", line)
	}
	partial := s.config + ".new"
	if err := os.WriteFile(partial, []byte(b.String()), 0o644); err != nil { //nolint:gosec // another user reads it, too
		s.t.Fatal(err)
	}
	if err := os.Rename(partial, s.config); err != nil {
		s.t.Fatal(err)
	}
}

// labServers are lines of a configuration for scenarios of a lab.
func labServers(labURL string, scenarios ...string) []string {
	var out []string
	for _, name := range scenarios {
		out = append(out, fmt.Sprintf("slug: %s, url: %q", name, labURL+"/"+name+"/mcp"))
	}
	return out
}

// monitor is a running `alivemcp serve`.
type monitor struct {
	site *site
	cmd  *exec.Cmd
	err  output
	addr string
	done chan struct{} // closed when it has ended
}

// start runs the monitor and returns when it serves its pages.
func (s *site) start() *monitor {
	s.t.Helper()
	m := s.launch()
	m.await(aWhile, "the monitor serves its pages", func() bool { return m.serving() })
	return m
}

// launch runs the monitor and does not wait for anything.
func (s *site) launch() *monitor {
	s.t.Helper()
	m := &monitor{site: s, done: make(chan struct{})}
	m.cmd = exec.Command(cmp.Or(s.binary, "alivemcp"), "serve", "--config", s.config, "--listen", s.listen)
	m.cmd.Env = append(os.Environ(), "GOTRACEBACK=all")
	m.cmd.Stderr, m.cmd.Stdout = &m.err, &m.err
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	m.cmd.WaitDelay = 5 * time.Second
	if err := m.cmd.Start(); err != nil {
		s.t.Fatalf("starting the monitor: %v", err)
	}
	go func() { _ = m.cmd.Wait(); close(m.done) }() // how it ends is looked at by whoever cares
	s.t.Cleanup(func() {
		m.signal(syscall.SIGCONT)
		m.kill()
		if strings.Contains(m.err.String(), "WARNING: DATA RACE") {
			s.t.Error("the monitor races")
		}
		if s.t.Failed() {
			s.t.Logf("what the monitor said:\n%s", m.err.tail(4000))
		}
	})
	return m
}

func (m *monitor) serving() bool {
	found := regexp.MustCompile(`serving http://([^/]+)/`).FindStringSubmatch(m.err.String())
	if found == nil {
		return false
	}
	m.addr = found[1]
	return true
}

func (m *monitor) signal(s os.Signal) { _ = m.cmd.Process.Signal(s) } // it may have ended

// kill ends the monitor without any warning.
func (m *monitor) kill() {
	m.signal(syscall.SIGKILL)
	<-m.done
}

// stop ends the monitor in order and returns its exit code.
func (m *monitor) stop() int {
	m.site.t.Helper()
	m.signal(syscall.SIGTERM)
	return m.exit()
}

// exit waits until the monitor has ended by itself and returns its exit code.
func (m *monitor) exit() int {
	m.site.t.Helper()
	select {
	case <-m.done:
	case <-time.After(aWhile):
		m.signal(syscall.SIGQUIT)
		m.site.t.Fatalf("the monitor has not ended after %s", aWhile)
	}
	return m.cmd.ProcessState.ExitCode()
}

// await looks until something is true of a monitor that runs.
func (m *monitor) await(within time.Duration, what string, holds func() bool) {
	m.site.t.Helper()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for end := time.Now().Add(within); !holds(); {
		select {
		case <-tick.C:
		case <-m.done:
			m.site.t.Fatalf("the monitor ended with %d before this was true: %s\n%s", m.cmd.ProcessState.ExitCode(), what, m.err.tail(4000))
		}
		if time.Now().After(end) {
			m.site.t.Fatalf("not true within %s: %s", within, what)
		}
	}
}

// get asks the monitor; the status is 0 when it does not answer.
func (m *monitor) get(path string) (status int, body string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.site.t.Context()), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.addr+path, nil)
	if err != nil {
		return 0, ""
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, ""
	}
	return res.StatusCode, string(text)
}

// sight is what embed-status told a reader.
type sight struct {
	Slug  string       `json:"slug"`
	State uptime.State `json:"state"`
	Probe time.Time    `json:"last_probe_at"`
}

// see asks for the state of a server; ok is false when there is no answer, or no
// verdict yet.
func (m *monitor) see(slug string) (s sight, ok bool) {
	status, body := m.get("/api/embed-status/" + slug)
	ok = status == http.StatusOK && json.Unmarshal([]byte(body), &s) == nil && !s.Probe.IsZero()
	return s, ok
}

func (m *monitor) awaitState(slug string, want uptime.State) {
	m.site.t.Helper()
	m.site.t.Cleanup(func() {
		if m.site.t.Failed() {
			m.site.t.Logf("what was sealed of %s:\n%s", slug, m.site.story(slug, 40))
		}
	})
	m.await(aWhile, slug+" is "+want.String(), func() bool {
		s, ok := m.see(slug)
		return ok && s.State == want
	})
}

// rows opens what the monitor has stored.
func (s *site) rows() *sqlite.Store {
	s.t.Helper()
	rows, err := sqlite.Open(context.WithoutCancel(s.t.Context()), sqlite.Options{Dir: s.dir, ReadOnly: true})
	if err != nil {
		s.t.Fatalf("opening the rows: %v", err)
	}
	return rows
}

// sealed returns the journal and checks that nothing is in it twice.
func (s *site) sealed() []uptime.Verdict {
	s.t.Helper()
	rows := s.rows()
	defer func() { _ = rows.Close() }()
	all, err := rows.ReadSealed(context.WithoutCancel(s.t.Context()), 0, 1<<20)
	if err != nil {
		s.t.Fatalf("reading the journal: %v", err)
	}
	newest := map[uptime.ServerID]time.Time{}
	for i := range all {
		v := &all[i]
		if v.Seq != uptime.Cursor(i+1) { //nolint:gosec // small
			s.t.Fatalf("verdict %d of the journal has the number %d", i+1, v.Seq)
		}
		if !v.Cycle.After(newest[v.Server]) {
			s.t.Errorf("cycle %s of %s is sealed twice, or out of order", v.Cycle, v.Server)
		}
		newest[v.Server] = v.Cycle
	}
	return all
}

// admin runs a command of `alivemcp admin` on the site's data.
func (s *site) admin(args ...string) (out string, code int) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "alivemcp", append([]string{"admin", "--data", s.dir}, args...)...)
	text, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		s.t.Fatalf("running admin %s: %v", args, err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// output keeps what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func (o *output) tail(n int) string {
	s := o.String()
	return s[max(0, len(s)-n):]
}

// story tells the last verdicts of a server.
func (s *site) story(slug string, n int) string {
	s.t.Helper()
	slugs, all := s.slugs(), []string{}
	for _, v := range s.sealed() {
		if slugs[v.Server] == slug {
			all = append(all, fmt.Sprintf("%s %s %s %q sealed %s, %d reports",
				v.Cycle.Format("15:04:05.0"), v.State, v.Cause(), v.Why, v.SealedAt.Format("15:04:05.0"), len(v.Reports)))
		}
	}
	return strings.Join(all[max(0, len(all)-n):], "\n")
}
