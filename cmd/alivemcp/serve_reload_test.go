package main_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestReload changes the configuration under a running monitor, breaks it and
// mends it. A server that stays must not miss a cycle meanwhile.
func TestReload(t *testing.T) {
	t.Parallel()
	labURL, _ := startLab(t)
	line := func(slug, scenario string) string {
		return fmt.Sprintf("slug: %s, url: %q", slug, labURL+"/"+scenario+"/mcp")
	}
	s := newSite(t, "", line("stays", "healthy-dual"), line("goes", "tools-null"), line("turns", "healthy-legacy"))
	m := s.start()
	m.awaitState("stays", uptime.Live)
	m.awaitState("goes", uptime.Down)
	m.awaitState("turns", uptime.Live)
	begun := time.Now()

	s.configure("", line("stays", "healthy-dual"), line("comes", "healthy-modern"), line("turns", "html-200"))
	m.awaitState("comes", uptime.Live)
	m.awaitState("turns", uptime.Down)
	if status, _ := m.get("/api/embed-status/goes"); status != 404 {
		t.Errorf("the server that is gone is still answered for: %d", status)
	}

	s.configure("listem: 1", line("stays", "healthy-dual"), "slug: Bad Slug!, url: \"ftp://x\"")
	m.await(aWhile, "the log says what is wrong", func() bool {
		said := m.err.String()
		return strings.Contains(said, "alivemcp.yaml:3:1: listem") && strings.Contains(said, "servers[1].url") && strings.Contains(said, "stays in use")
	})
	if _, ok := m.see("comes"); !ok {
		t.Error("a broken file has replaced the plan")
	}
	if err := os.Remove(s.config); err != nil {
		t.Fatal(err)
	}
	m.signal(syscall.SIGHUP)
	m.await(aWhile, "the log says that there is no file", func() bool { return strings.Contains(m.err.String(), "no such file") })
	m.awaitState("comes", uptime.Live)

	reloads := strings.Count(m.err.String(), "configuration reloaded")
	s.configure("listen: 127.0.0.1:9\npprof: 127.0.0.1:0\nretention: {days: 30d}", line("stays", "healthy-dual"), line("goes", "healthy-dual"))
	m.signal(syscall.SIGHUP)
	m.await(aWhile, "the log names the keys that need a restart", func() bool {
		said := m.err.String()
		return strings.Count(said, "configuration reloaded") > reloads && strings.Contains(said, "pprof") && strings.Contains(said, "retention")
	})
	m.awaitState("goes", uptime.Live) // it is back, with its past
	m.await(aWhile, "some cycles are over", func() bool {
		seen, ok := m.see("stays")
		return ok && seen.Probe.After(begun.Add(20*time.Second))
	})
	if code := m.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	s.missesNothing("stays", begun)
	ids := 0
	for _, slug := range s.slugs() {
		if slug == "goes" || slug == "turns" {
			ids++
		}
	}
	if ids != 2 {
		t.Errorf("servers that came back, or moved, have %d identities, want 2", ids)
	}
}

// missesNothing checks that every cycle of a server was judged, with its report.
func (s *site) missesNothing(slug string, since time.Time) {
	s.t.Helper()
	slugs, last, n := s.slugs(), time.Time{}, 0
	for _, v := range s.sealed() {
		if slugs[v.Server] != slug || v.Cycle.Before(since) {
			continue
		}
		if !last.IsZero() && !v.Cycle.Equal(last.Add(v.Every)) {
			s.t.Errorf("%s: nothing between the cycles from %s and %s", slug, last, v.Cycle)
		}
		if v.State != uptime.Live && v.Cause() != uptime.SelfOverload {
			s.t.Errorf("%s was sealed %s: %s", slug, v.State, v.Why)
		}
		last, n = v.Cycle, n+1
	}
	if n < 3 {
		s.t.Errorf("%s has %d verdicts since the first change", slug, n)
	}
}

// TestHangUp sends SIGHUP from the first sign of life on: a monitor that starts
// is not ended by it, and one that runs reloads, with what the flags say.
func TestHangUp(t *testing.T) {
	t.Parallel()
	s := newSite(t, "", "slug: one, url: \"http://127.0.0.1:1/mcp\"")
	m := s.launch()
	m.await(aWhile, "it opens its data", func() bool { _, err := os.Stat(s.dir); return err == nil })
	m.await(aWhile, "it serves its pages", func() bool { m.signal(syscall.SIGHUP); return m.serving() })
	s.configure("", "slug: one, url: \"http://127.0.0.1:1/mcp\"", "slug: two, url: \"http://127.0.0.1:1/mcp\"")
	m.signal(syscall.SIGHUP)
	m.await(aWhile, "the new server is there", func() bool { _, ok := m.see("two"); return ok })
	said := m.err.String()
	if !strings.Contains(said, "need_restart=[]") || strings.Contains(said, "need_restart=[listen") {
		t.Errorf("the flags are lost in a reload: %s", said)
	}
	if code := m.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}
