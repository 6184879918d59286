package mcpwire_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

// overHTTP2 returns options that reach handle over HTTP/2 alone.
func overHTTP2(t *testing.T, raw string, handle http.HandlerFunc) mcpwire.Options {
	t.Helper()
	ca := newAuthority(t)
	s := secureServer(t, onlyHTTP2(&tls.Config{Certificates: []tls.Certificate{*ca.leaf(t, 24*time.Hour, "a.example")}}), handle)
	return secureOptions(t, s, raw, mcpwire.DialerOptions{Roots: ca.roots()})
}

func TestHTTP2Requests(t *testing.T) {
	seen := make(chan *http.Request, 1)
	opt := overHTTP2(t, "https://a.example/a%20b/c%2Fd?x=%41&y", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if len(body) == 0 {
			t.Error("the body is lost")
		}
		seen <- r
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, good)
	})
	c := mcpwire.NewStreamable(opt)
	defer c.Close()
	c.Session = "a\r\nb"
	for range 2 {
		ans, f := c.Call(t.Context(), theCall())
		wantGood(t, ans, f)
		if ans.Header.Get("content-type") != "application/json" || c.BytesRead() == 0 {
			t.Errorf("header is %v", ans.Header)
		}
		r := <-seen
		if r.RequestURI != "/a%20b/c%2Fd?x=%41&y" || r.Host != "a.example" || r.Header.Get("Mcp-Session-Id") != "ab" {
			t.Errorf("asked for %q at %q, session %q", r.RequestURI, r.Host, r.Header.Get("Mcp-Session-Id"))
		}
	}
	if c.Redials != 0 {
		t.Errorf("%d redials", c.Redials)
	}
}

// silent says what, then nothing until the client leaves.
func silent(what string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if what != "" {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, what)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}
}

func TestHTTP2Deadlines(t *testing.T) {
	tests := map[string]struct {
		says string
		kind mcpwire.Kind
	}{
		"hangs":         {"", mcpwire.FirstByteTimeout},
		"silent stream": {": ok\n\n", mcpwire.NoAnswer},
		"half an event": {"data: {", mcpwire.Unterminated},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := mcpwire.NewStreamable(overHTTP2(t, "https://a.example/mcp", silent(test.says)))
			defer c.Close()
			wantKind(t, c.Dial(t.Context()), "")
			ctx, cancel := timeout(t, 50*time.Millisecond)
			defer cancel()
			_, f := c.Call(ctx, theCall())
			wantKind(t, f, test.kind)
		})
	}
}

func TestHTTP2StreamStaysOpen(t *testing.T) {
	c := mcpwire.NewStreamable(overHTTP2(t, "https://a.example/mcp", silent("data: "+good+"\n\n")))
	defer c.Close()
	for range 2 {
		ans, f := c.Call(t.Context(), theCall())
		wantGood(t, ans, f)
		if !slices.Equal(noteIDs(ans), []string{mcpwire.NoteStreamNotClosed}) {
			t.Errorf("notes are %v", ans.Notes)
		}
	}
}

func TestHTTP2Cancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := mcpwire.NewStreamable(overHTTP2(t, "https://a.example/mcp", func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer c.Close()
	_, f := c.Call(ctx, theCall())
	wantKind(t, f, mcpwire.Canceled)
}

// TestHTTP2OldTransport: a stream that is silent is the server's fault, whoever
// set the deadline.
func TestHTTP2OldTransport(t *testing.T) {
	opt := overHTTP2(t, "https://a.example/sse", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			silent(endpoint)(w, r)
		}
		w.WriteHeader(202)
	})
	e := mcpwire.NewEventStream(opt)
	defer e.Close()
	_, f := e.Open(t.Context(), 10*time.Second)
	wantKind(t, f, "")
	ctx, cancel := timeout(t, 100*time.Millisecond)
	defer cancel()
	_, f = e.Call(ctx, theCall())
	wantKind(t, f, mcpwire.NoAnswer)
}

// TestHTTP2EndpointPatience: silence is told from a stream that ended.
func TestHTTP2EndpointPatience(t *testing.T) {
	e := mcpwire.NewEventStream(overHTTP2(t, "https://a.example/sse", silent(": ok\n\n")))
	defer e.Close()
	_, f := e.Open(t.Context(), 30*time.Millisecond)
	wantKind(t, f, mcpwire.Endpoint)
	if f != nil && !strings.Contains(f.Detail, "never came") {
		t.Errorf("detail is %q", f.Detail)
	}
}

// TestHTTP2CancelsOldTransport: the context of a call ends the wait on a stream
// that began under another one.
func TestHTTP2CancelsOldTransport(t *testing.T) {
	opt := overHTTP2(t, "https://a.example/sse", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			silent(endpoint)(w, r)
			return
		}
		w.WriteHeader(202)
	})
	e := mcpwire.NewEventStream(opt)
	defer e.Close()
	longer, cancel := timeout(t, 3*time.Second)
	defer cancel()
	_, f := e.Open(longer, time.Second)
	wantKind(t, f, "")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	_, f = e.Call(ctx, theCall())
	wantKind(t, f, mcpwire.Canceled)
	if longer.Err() != nil {
		t.Error("the call outlived its context")
	}
}
