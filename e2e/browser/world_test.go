package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// lab is an MCP server that changes its state when it is told to.
type lab struct {
	*httptest.Server
	mu      sync.Mutex
	away    bool
	describ string // of its only tool
}

func newLab(t *testing.T, description string) *lab {
	t.Helper()
	l := &lab{describ: description}
	mcps := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return l.build() }, nil)
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.gone() {
			http.Error(w, "closed for a test", http.StatusServiceUnavailable)
			return
		}
		mcps.ServeHTTP(w, r)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *lab) build() *mcp.Server {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := mcp.NewServer(&mcp.Implementation{Name: "lab", Version: "1"}, nil)
	s.AddTool(&mcp.Tool{Name: "look", Description: l.describ, InputSchema: map[string]any{"type": "object"}}, nil)
	return s
}

func (l *lab) gone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.away
}

// set lets the server go away or come back.
func (l *lab) set(away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = away
}

// describe changes the contract.
func (l *lab) describe(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.describ = text
}

// head is what all configurations of these tests begin with: quick cycles.
const head = `operator_token: secret
regions: [{id: here, city: London}]
probe: {gap: 0s}
log: {level: warn}
defaults: {interval: 5s}
servers:
`

// config writes a configuration and returns the arguments that serve it.
func config(t *testing.T, servers string, args ...any) []string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "alivemcp.yaml")
	if err := os.WriteFile(path, []byte(head+fmt.Sprintf(servers, args...)), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--config", path, "--data", filepath.Join(dir, "data")}
}

// foreign serves a page of somebody else, from another origin.
func foreign(t *testing.T, html string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNoContent) // browsers ask for an icon
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, html)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/"
}
