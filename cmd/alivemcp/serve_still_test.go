package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// slowly is a proxy that lets every request wait and says when one came.
func slowly(t *testing.T, target string, wait time.Duration, asked chan<- struct{}) string {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		select {
		case <-time.After(wait):
			proxy.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// TestStandsStill stops the process, as a laptop that sleeps does, while probes
// are in flight, for longer than they may last.
func TestStandsStill(t *testing.T) {
	if testing.Short() {
		t.Skip("it stands still for 22 seconds")
	}
	t.Parallel()
	labURL, _ := startLab(t)
	asked := make(chan struct{}, 1)
	var servers []string
	for i := range 8 {
		at := slowly(t, labURL, time.Duration(i)*150*time.Millisecond, asked)
		servers = append(servers, fmt.Sprintf("slug: healthy-%d, url: %q", i, at+"/healthy-legacy/mcp"))
	}
	s := newSite(t, "", servers...)
	m := s.start()
	for i := range 8 {
		m.awaitState(fmt.Sprintf("healthy-%d", i), uptime.Live)
	}
	<-asked
	m.signal(syscall.SIGSTOP)
	stopped := time.Now()
	<-time.After(22 * time.Second)
	m.signal(syscall.SIGCONT)
	resumed := time.Now()
	m.await(aWhile, "it looks again", func() bool {
		seen, ok := m.see("healthy-7")
		return ok && seen.State == uptime.Live && seen.Probe.After(resumed)
	})
	if code := m.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	if said := m.err.String(); !strings.Contains(said, "time leapt") {
		t.Error("the log does not say that time leapt")
	}
	s.neverRed(func(string) bool { return true })
	unknown, between := 0, 0
	for _, v := range s.sealed() {
		if v.Cycle.After(stopped.Add(-5*time.Second)) && v.Cycle.Before(resumed) {
			between++
		}
		if v.State != uptime.Unknown {
			continue
		}
		unknown++
		if v.Failure != nil && v.Failure.Cause != uptime.SelfOverload {
			t.Errorf("unknown because of %s, want %s", v.Failure.Cause, uptime.SelfOverload)
		}
	}
	t.Logf("%d verdicts are unknown, %d are of cycles in which the process stood still", unknown, between)
	if unknown == 0 {
		t.Error("no verdict is unknown: the probes in flight were not noticed")
	}
}
