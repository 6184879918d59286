package probe_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// bubble runs a test on a clock of its own.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

const (
	oneTool  = `[{"name":"add","description":"adds","inputSchema":{"type":"object","properties":{"a":{"type":"number"}}}}]`
	twoTools = `[{"name":"add","description":"adds","inputSchema":{"type":"object","properties":{"a":{"type":"number"}}}},` +
		`{"name":"sub","description":"subtracts","inputSchema":{"type":"object"}}]`
	otherTool = `[{"name":"sub","description":"subtracts","inputSchema":{"type":"object"}}]`
)

// fake is an MCP server that a test can bend. It keeps what it was asked, and
// complains at the end of the test about whatever no polite client sends.
type fake struct {
	mu       sync.Mutex
	modern   bool
	name     string
	tools    string
	sessions map[string]bool // open ones; nil: hands out none
	made     int
	requests []*http.Request
	log      []string // POSTs by their method, everything else as method and path
	streams  map[string]chan string
	// before may answer a request itself. It is called without the lock.
	before func(w http.ResponseWriter, r *http.Request, method string) bool
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{name: "fake", tools: oneTool, sessions: map[string]bool{}, streams: map[string]chan string{}}
	t.Cleanup(func() { f.checkManners(t) })
	return f
}

func (f *fake) checkManners(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, r := range f.requests {
		if r.Header.Get("Origin") != "" {
			t.Errorf("%s carried the Origin %q", f.log[i], r.Header.Get("Origin"))
		}
		if ua := r.Header.Get("User-Agent"); !strings.HasPrefix(ua, "AliveMCP/") || !strings.Contains(ua, "+https://") {
			t.Errorf("%s carried the User-Agent %q, which does not say who asks", f.log[i], ua)
		}
		if r.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%s accepts the encodings %q", f.log[i], r.Header.Get("Accept-Encoding"))
		}
		if f.log[i] == "ping" {
			t.Error("ping was sent")
		}
	}
	if len(f.sessions) > 0 {
		t.Errorf("%d sessions of %d were never ended", len(f.sessions), f.made)
	}
}

// asked returns what was asked since the last time, and forgets it.
func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	log := f.log
	f.log, f.requests = nil, nil
	return log
}

// strangers counts the POSTs that carried no credential, and forgets them.
func (f *fake) strangers() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range f.requests {
		if r.Method == "POST" && r.Header.Get("Authorization") == "" {
			n++
		}
	}
	f.log, f.requests = nil, nil
	return n
}

func (f *fake) change(g func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g(f)
}

// ServeHTTP answers.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &m)
	f.mu.Lock()
	word := m.Method
	if r.Method != "POST" || word == "" {
		word = r.Method + " " + r.URL.Path
	}
	f.log, f.requests = append(f.log, word), append(f.requests, r)
	before := f.before
	f.mu.Unlock()
	if before != nil && before(w, r, m.Method) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer(w, r, m.Method, string(m.ID))
}

func (f *fake) answer(w http.ResponseWriter, r *http.Request, method, id string) {
	switch {
	case r.Method == "DELETE":
		delete(f.sessions, r.Header.Get("Mcp-Session-Id"))
	case r.Method != "POST":
		w.WriteHeader(405)
	case strings.HasPrefix(method, "notifications/"):
		w.WriteHeader(202)
	case f.modern == (r.Header.Get("Mcp-Method") == ""), f.result(method) == "":
		writeJSON(w, 400, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"Method not found"}}`, id))
	default:
		if method == "initialize" {
			f.openSession(w)
		}
		writeJSON(w, 200, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, id, f.result(method)))
	}
}

func (f *fake) openSession(w http.ResponseWriter) {
	if f.sessions == nil {
		return
	}
	f.made++
	id := fmt.Sprintf("session-%d", f.made)
	f.sessions[id] = true
	w.Header().Set("Mcp-Session-Id", id)
}

func (f *fake) result(method string) string {
	switch {
	case method == "initialize":
		return fmt.Sprintf(`{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":%q,"version":"1"}}`, f.name)
	case method == "server/discover" && f.modern:
		return fmt.Sprintf(`{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"public",`+
			`"_meta":{"io.modelcontextprotocol/serverInfo":{"name":%q,"version":"1"}}}`, f.name)
	case method == "tools/list":
		return fmt.Sprintf(`{"resultType":"complete","ttlMs":0,"cacheScope":"public","tools":%s}`, f.tools)
	case method == "tools/call":
		return `{"content":[{"type":"text","text":"4"}]}`
	}
	return ""
}

func writeJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// sse answers like f behind HTTP+SSE.
type sse struct{ *fake }

// ServeHTTP answers.
func (s sse) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == "GET" {
		s.stream(w, r)
		return
	}
	s.mu.Lock()
	events := s.streams[r.URL.Query().Get("s")]
	s.mu.Unlock()
	if events == nil {
		http.NotFound(w, r)
		return
	}
	got := &answerWriter{header: http.Header{}}
	s.fake.ServeHTTP(got, r)
	w.WriteHeader(202)
	if len(got.body) > 0 {
		events <- string(got.body)
	}
}

func (s sse) stream(w http.ResponseWriter, r *http.Request) {
	events := make(chan string, 8)
	s.mu.Lock()
	name := fmt.Sprint(len(s.streams))
	s.streams[name] = events
	s.sessions = nil
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = fmt.Fprintf(w, "event: endpoint\ndata: /mcp?s=%s\n\n", name)
	for {
		_ = http.NewResponseController(w).Flush()
		select {
		case e := <-events:
			_, _ = fmt.Fprintf(w, "event: message\ndata: %s\n\n", e)
		case <-r.Context().Done():
			return
		}
	}
}

// answerWriter keeps an answer.
type answerWriter struct {
	header http.Header
	body   []byte
}

// Header returns the header.
func (a *answerWriter) Header() http.Header { return a.header }

// WriteHeader ignores the status.
func (a *answerWriter) WriteHeader(int) {}

// Write keeps the body.
func (a *answerWriter) Write(p []byte) (int, error) {
	a.body = append(a.body, p...)
	return len(p), nil
}

// look makes one attempt and fails the test unless it ends as wanted.
func look(t *testing.T, p *probe.Prober, srv uptime.Server, want uptime.Cause) uptime.Result {
	t.Helper()
	res := p.Attempt(t.Context(), srv)
	if cause(res.Failure) != want {
		t.Fatalf("failure %+v, want cause %q\nsteps %+v", res.Failure, want, res.Steps)
	}
	return res
}

// countOf returns how often a word was said.
func countOf(log []string, word string) int {
	return len(slices.DeleteFunc(slices.Clone(log), func(s string) bool { return s != word }))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
