package browser_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/e2e/loopback"
)

// monitor is a running alivemcp.
type monitor struct {
	cmd  *exec.Cmd
	out  output
	done chan struct{} // closed when the process has ended
}

// serve starts `alivemcp serve` on a free port and returns its address, without
// a slash. It ends with the test.
func (r *rig) serve(t *testing.T, args ...string) string {
	t.Helper()
	addr := loopback.FreeAddr(t)
	r.serveAt(t, addr, args...)
	return "http://" + addr
}

// serveAt is serve at an address; the process can be stopped before the test
// ends.
func (r *rig) serveAt(t *testing.T, addr string, args ...string) *monitor {
	t.Helper()
	m := &monitor{cmd: exec.Command(r.alivemcp, append([]string{"serve", "--listen", addr}, args...)...), done: make(chan struct{})}
	m.cmd.Stdout, m.cmd.Stderr, m.cmd.WaitDelay = &m.out, &m.out, time.Second
	if err := m.cmd.Start(); err != nil {
		t.Fatalf("starting alivemcp: %v", err)
	}
	go func() {
		_ = m.cmd.Wait() // how it ends is another test's affair
		close(m.done)
	}()
	t.Cleanup(func() {
		m.stop()
		if t.Failed() {
			t.Logf("the monitor said:\n%s", m.out.String())
		}
	})
	await(t, "the monitor answers", func() bool { return m.ready(t, "http://"+addr) })
	return m
}

func (m *monitor) ready(t *testing.T, base string) bool {
	t.Helper()
	select {
	case <-m.done:
		t.Fatalf("the monitor ended:\n%s", m.out.String())
	default:
	}
	res, err := http.Get(base + "/live")
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// stop ends the process: politely, then by force. It may be called twice.
func (m *monitor) stop() {
	_ = m.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-m.done:
	case <-time.After(10 * time.Second):
		_ = m.cmd.Process.Kill()
		<-m.done
	}
}

// apiServer is what these tests need to know of a server.
type apiServer struct {
	Slug        string
	State       string
	Cause       *string
	LastProbeAt *time.Time `json:"last_probe_at"`
	Drift       *struct{ ID string }
}

// servers are the servers that the API lists.
func servers(t *testing.T, base string) []apiServer {
	t.Helper()
	var list struct{ Servers []apiServer }
	getJSON(t, base+"/api/v1/servers?limit=100", &list)
	return list.Servers
}

// settled waits until the demonstration shows what its story says. On a busy
// machine a server may be found slow for a cycle, which is a minute: whatever
// expects states of servers asks for this first.
func (r *rig) settled(t *testing.T) {
	t.Helper()
	story := map[string]string{
		"weather": "live", "docs-search": "live", "billing": "live", "inventory": "down not_mcp", "geocoder": "degraded",
		"analytics": "degraded canary_failed", "translate": "unknown rate_limited", "payments": "down http_server_error",
	}
	await(t, "the demonstration is as its story says", func() bool { return tells(t, r.demo, story) })
}

// tells reports whether every server has a verdict, and those of the story the
// one that it says.
func tells(t *testing.T, base string, story map[string]string) bool {
	t.Helper()
	list := servers(t, base)
	for _, s := range list {
		is := s.State
		if s.Cause != nil {
			is += " " + *s.Cause
		}
		if want, ok := story[s.Slug]; s.LastProbeAt == nil || ok && is != want {
			return false
		}
	}
	return len(list) > 0
}

func getJSON(t *testing.T, url string, into any) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v, %s", url, res.Status, err, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("reading %s: %v", url, err)
	}
}

// output collects what a process prints.
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
