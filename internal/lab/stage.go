package lab

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// maxRequest bounds the body of a request, in bytes.
const maxRequest = 1 << 20

// stage is a scenario in play: its port, its clock and what it has seen. It is
// the scenario's http.Handler and counts before it hands on.
type stage struct {
	Scenario
	lab     *Lab
	ln      net.Listener // nil on the shared port
	port    string       // host and port that clients dial
	conf    *tls.Config  // set by listen when the scenario is behind TLS
	answers http.Handler

	mu       sync.Mutex
	began    time.Time // the first request: minute zero
	last     time.Time // the latest request
	idle     int       // lab minutes between the latest request and the one before
	sessions map[string]bool
	minted   int
	streams  int
	requests map[string]int
	ends     []func() // run at the end of the lab
}

func newStage(l *Lab, s Scenario) *stage {
	st := &stage{Scenario: s, lab: l, sessions: map[string]bool{}, requests: map[string]int{}}
	if s.handler != nil {
		st.answers = s.handler(st)
	}
	return st
}

// base returns the address without the last part of the path.
func (s *stage) base() string {
	scheme, host := "http", s.port
	if s.tls != nil {
		scheme = "https"
	}
	if s.scheme != "" {
		scheme = s.scheme
	}
	if s.host != "" {
		_, port, _ := net.SplitHostPort(s.port)
		host = net.JoinHostPort(s.host, port)
	}
	return scheme + "://" + host + s.prefix()
}

// prefix is what stands before the scenario's own paths.
func (s *stage) prefix() string {
	if s.ln != nil || s.handler == nil {
		return ""
	}
	return "/" + s.Name
}

func (s *stage) url() string {
	if s.path == "" {
		return s.base() + "/mcp"
	}
	return s.base() + "/" + s.path
}

// rel returns a request's path as it would be on a port of the scenario's own.
func (s *stage) rel(r *http.Request) string {
	if p, ok := strings.CutPrefix(r.URL.Path, s.prefix()); ok {
		return p
	}
	return strings.Replace(r.URL.Path, s.prefix(), "", 1) // well-known documents
}

// minute returns how many lab minutes have passed since the first request.
func (s *stage) minute() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.began.IsZero() {
		return 0
	}
	return int(s.lab.opt.Now().Sub(s.began) / s.lab.opt.Minute)
}

// touch starts the clock and notes for how many lab minutes nobody came.
func (s *stage) touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.lab.opt.Now()
	if s.began.IsZero() {
		s.began, s.last = now, now
	}
	s.idle = int(now.Sub(s.last) / s.lab.opt.Minute)
	s.last = now
}

// idled returns how many lab minutes lay between the latest request and the
// one before it.
func (s *stage) idled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.idle
}

// atEnd has f run when the lab stops.
func (s *stage) atEnd(f func()) { s.ends = append(s.ends, f) }

func (s *stage) stop() {
	for _, f := range s.ends {
		f()
	}
}

// ServeHTTP counts the request and its session and lets the scenario answer.
func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "the request is too large for a lab", http.StatusRequestEntityTooLarge)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.touch()
	s.count(r, body)
	m := &meter{ResponseWriter: w, stage: s, request: r}
	defer m.done()
	s.answers.ServeHTTP(m, r)
}

func (s *stage) count(r *http.Request, body []byte) {
	key := r.Method + " " + r.URL.Path
	var msg struct{ Method string }
	if r.Method == http.MethodPost && json.Unmarshal(body, &msg) == nil && msg.Method != "" {
		key = msg.Method
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[key]++
}

func (s *stage) counted() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

func (s *stage) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions) + s.streams
}

// knows says whether a request names a session that is open, or needs none
// because none was ever given out.
func (s *stage) knows(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.minted == 0 || s.sessions[r.Header.Get(sessionHeader)]
}

// Headers of the streamable HTTP transport.
const (
	sessionHeader  = "Mcp-Session-Id"
	revisionHeader = "Mcp-Protocol-Version"
)

// meter notices sessions that are given out and ended, and streams.
type meter struct {
	http.ResponseWriter
	stage   *stage
	request *http.Request
	wrote   bool
	stream  bool
}

// Unwrap lets http.ResponseController flush and hijack.
func (m *meter) Unwrap() http.ResponseWriter { return m.ResponseWriter }

func (m *meter) Write(b []byte) (int, error) {
	if !m.wrote {
		m.WriteHeader(http.StatusOK)
	}
	return m.ResponseWriter.Write(b)
}

func (m *meter) WriteHeader(status int) {
	if status >= 200 && !m.wrote {
		m.wrote = true
		m.note()
	}
	m.ResponseWriter.WriteHeader(status)
}

// note counts a new session, or an HTTP+SSE stream, which is one.
func (m *meter) note() {
	given := m.request.Header.Get(sessionHeader)
	m.stage.mu.Lock()
	defer m.stage.mu.Unlock()
	if id := m.Header().Get(sessionHeader); id != "" && given == "" {
		m.stage.sessions[id] = true
		m.stage.minted++
	}
	sse := strings.HasPrefix(m.Header().Get("Content-Type"), "text/event-stream")
	if m.request.Method == http.MethodGet && sse && given == "" {
		m.stream = true
		m.stage.streams++
	}
}

// done ends what the request ended.
func (m *meter) done() {
	m.stage.mu.Lock()
	defer m.stage.mu.Unlock()
	if m.stream {
		m.stage.streams--
	}
	if m.request.Method == http.MethodDelete {
		delete(m.stage.sessions, m.request.Header.Get(sessionHeader))
	}
}

// serve answers the scenario's own port until its listener is closed.
func (s *stage) serve(ctx context.Context) error {
	if s.conn != nil {
		return s.serveConns(ctx)
	}
	return s.lab.serveHTTP(ctx, s.ln, s, s.conf)
}

func (s *stage) serveConns(ctx context.Context) error {
	for {
		c, err := s.ln.Accept()
		if err != nil {
			return err
		}
		s.touch()
		s.lab.opt.Logger.DebugContext(ctx, "lab connection", slog.String("scenario", s.Name))
		s.lab.work.Go(func() {
			defer func() { _ = c.Close() }()
			s.conn(s, c)
		})
	}
}
