package main_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// smallDisk mounts a file system of so many bytes, or skips the test where that
// is not allowed.
func smallDisk(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fillUp writes a file until there is no room, and returns what removes it.
func fillUp(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path) //nolint:gosec // a name of the test's own
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for size := 64 << 10; size > 0; size /= 2 {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		err = nil
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// TestDiskFull takes the room away from a running monitor and gives it back.
func TestDiskFull(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes more than a minute until a monitor calls itself not ready")
	}
	t.Parallel()
	labURL, _ := startLab(t)
	s := newSite(t, "", labServers(labURL, "healthy-dual", "healthy-legacy", "healthy-modern", "tools-null")...)
	disk := smallDisk(t, 3<<20)
	s.dir = filepath.Join(disk, "data")
	s.configure("", labServers(labURL, "healthy-dual", "healthy-legacy", "healthy-modern", "tools-null")...)
	m := s.start()
	m.awaitState("healthy-dual", uptime.Live)
	m.awaitState("tools-null", uptime.Down)
	if status, _ := m.get("/ready"); status != http.StatusOK {
		t.Errorf("/ready is %d at first, want 200", status)
	}
	free := fillUp(t, disk)
	filled := time.Now()
	m.await(3*time.Minute, "the pages say that the monitor is in trouble", func() bool {
		_, body := m.get("/health")
		return strings.Contains(body, `"troubled"`) && strings.Contains(body, "behind")
	})
	if _, page := m.get("/"); !strings.Contains(page, "The monitor is") {
		t.Error("the dashboard does not say that the monitor is in trouble")
	}
	m.await(3*time.Minute, "/ready is 503", func() bool { status, _ := m.get("/ready"); return status == http.StatusServiceUnavailable })
	for range 10 {
		if status, body := m.get("/ready"); status != http.StatusServiceUnavailable {
			t.Errorf("/ready is %d as soon as somebody else has asked: %s", status, body)
		}
	}
	if said := m.err.String(); !strings.Contains(said, "no room left on the disk") || strings.Contains(said, "panic") {
		t.Errorf("the log does not say that the disk is full:\n%s", m.err.tail(2000))
	}
	if n := strings.Count(m.err.String(), "\n"); n > 100 {
		t.Errorf("the log has %d lines about a disk that is full", n)
	}
	for _, slug := range []string{"healthy-dual", "healthy-legacy", "healthy-modern"} {
		if seen, ok := m.see(slug); ok && seen.State != uptime.Live && seen.State != uptime.Unknown {
			t.Errorf("%s is shown %s while the disk is full", slug, seen.State)
		}
	}
	free()
	freed := time.Now()
	m.await(time.Minute, "/ready is 200 again", func() bool { status, _ := m.get("/ready"); return status == http.StatusOK })
	m.await(aWhile, "sealing goes on", func() bool {
		seen, ok := m.see("healthy-dual")
		return ok && seen.State == uptime.Live && seen.Probe.After(freed)
	})
	if code := m.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	s.neverRed(func(slug string) bool { return strings.HasPrefix(slug, "healthy") })
	if within := freed.Sub(filled); within > 2*time.Minute {
		t.Logf("it took %s until the monitor called itself not ready", within)
	}
}

// TestStartOnFullDisk begins where there is no room at all.
func TestStartOnFullDisk(t *testing.T) {
	t.Parallel()
	s := newSite(t, "", "slug: dead, url: \"http://127.0.0.1:1/mcp\"")
	disk := smallDisk(t, 1<<20)
	s.dir = filepath.Join(disk, "data")
	s.configure("", "slug: dead, url: \"http://127.0.0.1:1/mcp\"")
	free := fillUp(t, disk)
	s.refuses("no room left on the disk")
	free()
	s.start().awaitState("dead", uptime.Down)
}

// neverRed checks that servers that were well were never called down or
// degraded, and that no incident says so.
func (s *site) neverRed(well func(slug string) bool) {
	s.t.Helper()
	slugs := s.slugs()
	for _, v := range s.sealed() {
		if well(slugs[v.Server]) && (v.State == uptime.Down || v.State == uptime.Degraded) {
			s.t.Errorf("%s was sealed %s (%s, %s) for the cycle from %s", slugs[v.Server], v.State, v.Cause(), v.Why, v.Cycle)
		}
	}
	rows := s.rows()
	defer func() { _ = rows.Close() }()
	incidents, err := rows.Incidents(context.WithoutCancel(s.t.Context()), "default", uptime.IncidentQuery{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, i := range incidents {
		if well(slugs[i.Server]) {
			s.t.Errorf("an incident says that %s was down", slugs[i.Server])
		}
	}
}
