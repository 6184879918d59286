package main_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestStartAfterAPause starts a monitor that did not run for some hours: nothing
// is late because of that, and the hours are a gap.
func TestStartAfterAPause(t *testing.T) {
	t.Parallel()
	s := newSite(t, "", "slug: a, url: \"http://127.0.0.1:1/mcp\"", "slug: b, url: \"http://127.0.0.1:1/mcp\"", "slug: c, url: \"http://127.0.0.1:1/mcp\"")
	to := uptime.MinuteOf(time.Now()) - 3*60
	s.fill(to-60, to)
	m := s.start()
	m.awaitState("a", uptime.Down)
	m.await(aWhile, "what was sealed is archived", func() bool { return s.through() >= to })
	m.await(aWhile, "it is ready", func() bool { status, _ := m.get("/ready"); return status == http.StatusOK })
	if _, body := m.get("/health"); !strings.Contains(body, `"status":"ok"`) {
		t.Errorf("/health says %s", body)
	}
	if code := m.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

// TestServersThatHang: a look that lasts longer than many of the server's cycles
// is no delay of the monitor, and its verdict stands until the next.
func TestServersThatHang(t *testing.T) {
	if testing.Short() {
		t.Skip("three attempts at a server that hangs take a while")
	}
	t.Parallel()
	labURL, _ := startLab(t)
	s := newSite(t, "", labServers(labURL, "hang-in-handshake", "healthy-dual")...)
	m := s.start()
	m.awaitState("healthy-dual", uptime.Live)
	start := time.Now()
	fell := false
	m.await(3*time.Minute, "it was judged twice", func() bool {
		if status, body := m.get("/ready"); status != http.StatusOK {
			t.Errorf("/ready after %s: %d %s", time.Since(start), status, body)
		}
		if _, body := m.get("/health"); strings.Contains(body, "behind:") {
			t.Errorf("/health after %s: %s", time.Since(start), body)
		}
		seen, ok := m.see("hang-in-handshake")
		switch {
		case !ok:
		case seen.State == uptime.Down:
			fell = true
		case fell:
			t.Errorf("it is %s after it was down", seen.State)
		}
		return t.Failed() || fell && seen.Probe.After(start.Add(25*time.Second))
	})
}
