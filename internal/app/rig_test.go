package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// every is the interval of the servers under test.
	every = uptime.MinInterval
	// aCycle bounds what must happen within one cycle: the wait for its begin, the
	// attempts with their gaps, sealing, and a machine that is busy.
	aCycle = 30 * time.Second
	look   = 50 * time.Millisecond
)

// stage is a lab and the addresses that tests may turn to one scenario or
// another.
type stage struct {
	t   *testing.T
	lab *lab.Lab
}

func newStage(t *testing.T) *stage {
	t.Helper()
	l := lab.New(lab.Options{Scenarios: append(lab.Cast(), lab.Scenarios()...)})
	if err := l.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &stage{t: t, lab: l}
}

// door is an address behind which one scenario or another answers, or nobody.
type door struct {
	*httptest.Server
	stage *stage
	to    atomic.Pointer[url.URL] // nil answers 503
	wait  atomic.Int64            // how long every answer waits, in nanoseconds
	asked chan struct{}           // a token whenever somebody asks; full when nobody looks
	// last is when the newest request was answered.
	last atomic.Int64
}

func (s *stage) door(scenario string) *door {
	d := &door{stage: s, asked: make(chan struct{}, 1)}
	d.turn(scenario)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			to := d.to.Load()
			r.Out.URL, r.Out.Host = to, to.Host
		},
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case d.asked <- struct{}{}:
		default:
		}
		select {
		case <-time.After(time.Duration(d.wait.Load())):
		case <-r.Context().Done():
			return
		}
		if d.to.Load() == nil {
			http.Error(w, "restarting", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
		d.last.Store(time.Now().UnixNano())
	}))
	s.t.Cleanup(d.Close)
	return d
}

// turn makes another scenario answer; the empty one is nobody.
func (d *door) turn(scenario string) {
	if scenario == "" {
		d.to.Store(nil)
		return
	}
	u, err := url.Parse(d.stage.lab.URL(scenario))
	if err != nil || u.Host == "" {
		d.stage.t.Fatalf("the lab has no scenario %q", scenario)
	}
	d.to.Store(u)
}

// rig is a monitor in a data directory, which tests start and stop.
type rig struct {
	t    *testing.T
	dir  string
	log  *journal
	made *app.Monitor
	end  func() // stops the running monitor
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, dir: filepath.Join(t.TempDir(), "data"), log: &journal{}, end: func() {}}
	t.Cleanup(func() {
		r.stop()
		if t.Failed() {
			t.Logf("the log of the monitor:\n%s", r.log.tail(8000))
		}
	})
	return r
}

// file reads a configuration: the servers, one a line, as in YAML's flow style.
func (r *rig) file(more string, servers ...string) *config.File {
	r.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "listen: 127.0.0.1:0\ndata: %q\nprobe: {gap: 500ms, timeout: 5s}\nlog: {level: debug}\n%s\nservers:\n", r.dir, more)
	for _, s := range servers {
		if !strings.Contains(s, "interval:") {
			s = "interval: 5s, " + s
		}
		fmt.Fprintf(&b, "  - {%s}\n", s)
	}
	f, problems := config.Parse(filepath.Join(r.t.TempDir(), "alivemcp.yaml"), []byte(b.String()), config.Options{})
	if f == nil {
		r.t.Fatalf("reading the configuration: %v\n%s", problems, b.String())
	}
	return f
}

func server(slug string, d *door) string { return fmt.Sprintf("slug: %s, url: %q", slug, d.URL+"/mcp") }

// start runs a monitor; it must come up.
func (r *rig) start(f *config.File) *app.Monitor {
	r.t.Helper()
	m, err := r.open(f)
	if err != nil {
		r.t.Fatalf("opening the monitor: %v", err)
	}
	r.run(m)
	return m
}

// run runs a monitor until stop.
func (r *rig) run(m *app.Monitor) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	r.made = m
	r.end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("running the monitor: %v", err)
		}
		if err := m.Close(); err != nil {
			r.t.Errorf("closing the monitor: %v", err)
		}
	})
}

func (r *rig) open(f *config.File) (*app.Monitor, error) {
	return app.OpenMonitor(r.t.Context(), app.MonitorOptions{
		File: f, Version: "test", Log: r.logger(),
	})
}

func (r *rig) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// stop ends the monitor in order.
func (r *rig) stop() { r.end() }

// get fetches a page of the running monitor.
func (r *rig) get(path string) (status int, body string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.made.Addr()+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatalf("GET %s: %v", path, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatalf("GET %s: %v", path, err)
	}
	return res.StatusCode, string(text)
}

// state is what embed-status says of a server; empty before the first verdict.
func (r *rig) state(slug string) string {
	r.t.Helper()
	status, body := r.get("/api/embed-status/" + slug)
	var said struct{ State string }
	if status != http.StatusOK || json.Unmarshal([]byte(body), &said) != nil {
		return ""
	}
	return said.State
}

// await looks until something is true.
func (r *rig) await(within time.Duration, what string, holds func() bool) {
	r.t.Helper()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for end := time.Now().Add(within); !holds(); <-tick.C {
		if time.Now().After(end) {
			r.t.Fatalf("not true within %s: %s", within, what)
		}
	}
}

func (r *rig) awaitState(slug, state string) {
	r.t.Helper()
	r.await(aCycle, slug+" is "+state, func() bool { return r.state(slug) == state })
}

// stored opens the rows beside the monitor, or after it.
func (r *rig) stored() *sqlite.Store {
	r.t.Helper()
	s, err := sqlite.Open(r.t.Context(), sqlite.Options{Dir: r.dir, ReadOnly: true})
	if err != nil {
		r.t.Fatalf("opening the rows: %v", err)
	}
	r.t.Cleanup(func() { _ = s.Close() })
	return s
}

// sealed returns everything in the journal, by server, and checks that no cycle
// is there twice and that order and time agree.
func (r *rig) sealed(s *sqlite.Store) map[uptime.ServerID][]uptime.Verdict {
	r.t.Helper()
	all, err := s.ReadSealed(r.t.Context(), 0, 1<<20)
	if err != nil {
		r.t.Fatalf("reading the journal: %v", err)
	}
	out := map[uptime.ServerID][]uptime.Verdict{}
	for i, v := range all {
		if want := uptime.Cursor(i + 1); v.Seq != want { //nolint:gosec // small
			r.t.Fatalf("verdict %d of the journal has the number %d", want, v.Seq)
		}
		before := out[v.Server]
		if n := len(before); n > 0 && !v.Cycle.After(before[n-1].Cycle) {
			r.t.Errorf("cycle %s of %s was sealed after %s", v.Cycle, v.Server, before[n-1].Cycle)
		}
		out[v.Server] = append(before, v)
	}
	return out
}

// journal keeps what was logged.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func (j *journal) tail(n int) string {
	s := j.String()
	return s[max(0, len(s)-n):]
}
