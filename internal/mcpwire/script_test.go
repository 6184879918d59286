package mcpwire_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

// peer is the server's side of one connection, played by a test.
type peer struct {
	net.Conn
	rd *bufio.Reader
}

func newPeer(c net.Conn) *peer { return &peer{Conn: c, rd: bufio.NewReader(c)} }

// request reads one request with its body, nil when the client left.
func (p *peer) request() *http.Request {
	r, err := http.ReadRequest(p.rd)
	if err != nil {
		return nil
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r
}

// say writes each part as a packet of its own. That the client has left is
// noticed by the client's side of the test.
func (p *peer) say(parts ...string) {
	for _, part := range parts {
		if part == "" {
			continue // a pipe would hand it over as a read of nothing
		}
		_, _ = io.WriteString(p.Conn, part)
	}
}

// gone waits until the client has closed its side.
func (p *peer) gone() { _, _ = io.Copy(io.Discard, p.rd) }

// served plays connections in memory: serve gets each one with its number, from
// zero, and the connection closes when it returns.
type served struct {
	serve func(nth int, p *peer)

	mu    sync.Mutex
	conns int
	wg    sync.WaitGroup
}

// Connect is a DialerOptions.Connect.
func (s *served) Connect(context.Context, netip.AddrPort) (net.Conn, error) {
	ours, theirs := net.Pipe()
	s.mu.Lock()
	nth := s.conns
	s.conns++
	s.mu.Unlock()
	s.wg.Go(func() {
		defer theirs.Close()
		s.serve(nth, newPeer(theirs))
	})
	return ours, nil
}

func (s *served) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

const target = "http://192.0.2.1/mcp"

func parseTarget(tb testing.TB, raw string) mcpwire.Target {
	tb.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		tb.Fatal(err)
	}
	t, err := mcpwire.ParseTarget(u)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// inMemory returns options that reach serve, and what counts the connections.
func inMemory(tb testing.TB, limits mcpwire.Limits, serve func(nth int, p *peer)) (mcpwire.Options, *served) {
	tb.Helper()
	s := &served{serve: serve}
	tb.Cleanup(s.wg.Wait)
	d := mcpwire.NewDialer(mcpwire.DialerOptions{Connect: s.Connect, Limits: limits})
	return mcpwire.Options{Dialer: d, Target: parseTarget(tb, target), UserAgent: "test", Client: []byte(`{"name":"test"}`)}, s
}

// streamable returns a client of serve that is closed with the test.
func streamable(tb testing.TB, serve func(nth int, p *peer)) (*mcpwire.Streamable, *served) {
	tb.Helper()
	opt, s := inMemory(tb, mcpwire.Limits{}, serve)
	c := mcpwire.NewStreamable(opt)
	tb.Cleanup(c.Close)
	return c, s
}

// once plays one answer to the first request of each connection.
func once(parts ...string) func(int, *peer) {
	return func(_ int, p *peer) {
		if p.request() != nil {
			p.say(parts...)
		}
	}
}

// good is the answer to the request with the id 1; theCall is that request.
const good = `{"jsonrpc":"2.0","id":1,"result":{"ok":true}}`

func theCall() mcpwire.Call { return mcpwire.Call{ID: 1, Method: "tools/list"} }

// respond returns a complete answer with a Content-Length.
func respond(status, contentType, body string, fields ...string) string {
	var b strings.Builder
	b.WriteString("HTTP/1.1 " + status + "\r\n")
	if contentType != "" {
		b.WriteString("Content-Type: " + contentType + "\r\n")
	}
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	return b.String()
}

func okJSON(body string, fields ...string) string {
	return respond("200 OK", "application/json", body, fields...)
}

// kind is the kind of f, empty for nil.
func kind(f *mcpwire.Fault) mcpwire.Kind {
	if f == nil {
		return ""
	}
	return f.Kind
}

// wantKind fails the test when f is not of that kind.
func wantKind(tb testing.TB, f *mcpwire.Fault, want mcpwire.Kind) {
	tb.Helper()
	if kind(f) != want {
		tb.Errorf("fault is %q (%v), want %q", kind(f), f, want)
	}
}

// wantGood fails the test unless the answer is the good one.
func wantGood(tb testing.TB, ans *mcpwire.Answer, f *mcpwire.Fault) {
	tb.Helper()
	if f != nil || string(ans.Message.Result) != `{"ok":true}` {
		tb.Errorf("result is %q, fault %q (%v)", ans.Message.Result, kind(f), f)
	}
}

func noteIDs(ans *mcpwire.Answer) []string {
	var ids []string
	for _, n := range ans.Notes {
		ids = append(ids, n.ID)
	}
	return ids
}

// canned is a connection whose peer has said everything already. It neither
// blocks nor keeps what is written.
type canned struct {
	src   io.Reader
	piece int // bytes of one read at most; 0: as many as fit
}

func (c *canned) Read(p []byte) (int, error) {
	if c.piece > 0 && len(p) > c.piece {
		p = p[:c.piece]
	}
	return c.src.Read(p)
}

func (*canned) Write(p []byte) (int, error)      { return len(p), nil }
func (*canned) Close() error                     { return nil }
func (*canned) LocalAddr() net.Addr              { return nil }
func (*canned) RemoteAddr() net.Addr             { return nil }
func (*canned) SetDeadline(time.Time) error      { return nil }
func (*canned) SetReadDeadline(time.Time) error  { return nil }
func (*canned) SetWriteDeadline(time.Time) error { return nil }

var errNoMore = errors.New("only one connection is there")

// cannedOptions reach one connection that says src; there is no second.
func cannedOptions(tb testing.TB, limits mcpwire.Limits, src io.Reader, piece int) mcpwire.Options {
	tb.Helper()
	used := false
	d := mcpwire.NewDialer(mcpwire.DialerOptions{Limits: limits, Connect: func(context.Context, netip.AddrPort) (net.Conn, error) {
		if used {
			return nil, errNoMore
		}
		used = true
		return &canned{src: src, piece: piece}, nil
	}})
	return mcpwire.Options{Dialer: d, Target: parseTarget(tb, target), UserAgent: "test"}
}

func cannedClient(tb testing.TB, limits mcpwire.Limits, src io.Reader, piece int) *mcpwire.Streamable {
	tb.Helper()
	return mcpwire.NewStreamable(cannedOptions(tb, limits, src, piece))
}

func cannedStream(tb testing.TB, limits mcpwire.Limits, src io.Reader, piece int) *mcpwire.EventStream {
	tb.Helper()
	return mcpwire.NewEventStream(cannedOptions(tb, limits, src, piece))
}

// timeout is a context of the test that ends after d.
func timeout(tb testing.TB, d time.Duration) (context.Context, context.CancelFunc) {
	tb.Helper()
	return context.WithTimeout(tb.Context(), d)
}
