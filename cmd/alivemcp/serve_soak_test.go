package main_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestSoak watches that a monitor's descriptors and goroutines do not grow while
// it looks at servers of all kinds and answers readers. It lasts as long as
// $ALIVEMCP_SOAK says, a minute by default.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	t.Parallel()
	long := time.Minute
	if text := os.Getenv("ALIVEMCP_SOAK"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("ALIVEMCP_SOAK: %v", err)
		}
		long = d
	}
	labURL, _ := startLab(t)
	// Not 127.0.0.1: until the monitor listens, its port may be given to others there.
	profiles, err := net.Listen("tcp", "127.0.77.2:0")
	if err != nil {
		t.Fatal(err)
	}
	private := profiles.Addr().String()
	_ = profiles.Close()
	s := newSite(t, "pprof: "+private, labServers(labURL,
		"healthy-dual", "healthy-legacy", "healthy-modern", "healthy-large", "session-leak", "hang-in-handshake", "half-answer",
		"cut-answer", "reset-answer", "tools-null", "html-200", "second-try")...)
	m := s.start()
	m.awaitState("healthy-dual", uptime.Live)
	m.awaitState("tools-null", uptime.Down)
	public := m.addr
	var descriptors, goroutines []int
	end := time.Now().Add(long)
	next := time.Now()
	m.await(long+aWhile, "the time is over", func() bool {
		if time.Now().Before(next) {
			return false
		}
		next = next.Add(500 * time.Millisecond)
		m.addr = private
		_, body := m.get("/debug/pprof/goroutine?debug=1")
		m.addr = public
		goroutines = append(goroutines, total(body))
		descriptors = append(descriptors, m.descriptors())
		for _, path := range []string{"/", "/status/healthy-dual", "/badge/tools-null.svg", "/api/v1/servers", "/metrics"} {
			if status, _ := m.get(path); status != 200 {
				t.Errorf("GET %s: %d", path, status)
			}
		}
		return time.Now().After(end)
	})
	flat(t, "descriptors", descriptors)
	flat(t, "goroutines", goroutines)
}

// total is the number of goroutines in a profile.
func total(profile string) int {
	found := regexp.MustCompile(`goroutine profile: total (\d+)`).FindStringSubmatch(profile)
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// descriptors counts what the monitor has open.
func (m *monitor) descriptors() int {
	m.site.t.Helper()
	entries, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(m.cmd.Process.Pid), "fd"))
	if err != nil {
		m.site.t.Skipf("this system does not tell what a process has open: %v", err)
	}
	return len(entries)
}

// flat checks that the most of the last third is not more than that of the second
// one, but for a little noise.
func flat(t *testing.T, what string, samples []int) {
	t.Helper()
	third := len(samples) / 3
	most := func(part []int) (n int) {
		for _, v := range part {
			n = max(n, v)
		}
		return n
	}
	early, late := most(samples[third:2*third]), most(samples[2*third:])
	said := fmt.Sprintf("%d %s at most in the second third of %d looks, %d in the last", early, what, len(samples), late)
	t.Log(said)
	if early == 0 || late > early+early/4+10 {
		t.Error(said)
	}
}
