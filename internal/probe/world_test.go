package probe_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"testing"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// world is a network in memory: it works on the clock of a synctest bubble, and
// it knows every address that anybody tried to reach.
type world struct {
	mu      sync.Mutex
	hosts   map[string]func(net.Conn) // by address and port, or by "*"
	dialled []string
	waiting chan struct{} // gets a value when a blocked connection is asked for
}

// newWorld returns a network on which only handler answers, at every address.
func newWorld(t *testing.T, handler http.Handler) *world {
	t.Helper()
	w := &world{hosts: map[string]func(net.Conn){}}
	if handler != nil {
		w.handle(t, "*", handler)
	}
	return w
}

// handle answers HTTP at an address such as 203.0.113.5:80.
func (w *world) handle(t *testing.T, addr string, handler http.Handler) {
	t.Helper()
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	srv := &http.Server{Handler: handler}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	w.raw(addr, l.take)
}

// raw answers connections to an address; serve owns the connection.
func (w *world) raw(addr string, serve func(net.Conn)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts[addr] = serve
}

func (w *world) connect(_ context.Context, to netip.AddrPort) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dialled = append(w.dialled, to.String())
	serve := w.hosts[to.String()]
	if serve == nil {
		serve = w.hosts["*"]
	}
	if serve == nil {
		return nil, fmt.Errorf("connecting in memory: %w", syscall.ECONNREFUSED)
	}
	client, server := net.Pipe()
	go serve(server)
	return client, nil
}

func (w *world) dials() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.dialled...)
}

// pipeListener hands over connections that were made in memory.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) take(c net.Conn) {
	select {
	case l.conns <- c:
	case <-l.closed:
		_ = c.Close()
	}
}

// Accept returns the next connection.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is no real address.
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

// newProber returns a prober on the network.
func (w *world) newProber(t *testing.T, opt probe.Options) *probe.Prober {
	t.Helper()
	opt.Connect = w.connect
	p, err := probe.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// public is what most tests look at: somewhere public, so that the guard has
// no objection.
func public() uptime.Server {
	return uptime.Server{ID: "s1", Slug: "s1", URL: "http://93.184.215.14/mcp"}
}

// cause returns the cause of a failure; empty when there is none.
func cause(f *uptime.Failure) uptime.Cause {
	if f == nil {
		return ""
	}
	return f.Cause
}

func hasFinding(res uptime.Result, id string) bool {
	for _, f := range res.Findings {
		if f.ID == id {
			return true
		}
	}
	return false
}

// newBlockedProber returns a prober for one connection at a time, which is not
// made before release is closed.
func (w *world) newBlockedProber(t *testing.T, release <-chan struct{}) *probe.Prober {
	t.Helper()
	w.waiting = make(chan struct{}, 1)
	p, err := probe.New(probe.Options{Handshakes: 1, Connect: func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		w.waiting <- struct{}{}
		<-release
		return w.connect(ctx, to)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
