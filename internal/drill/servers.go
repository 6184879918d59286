package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// scenario is the one of the lab that all servers are while they are well.
	scenario = "healthy-canary"
	// tool is the one that monitors call.
	tool = "search_docs"
	// still is for how long nobody asked when a probe with its repetitions is over.
	still = 1500 * time.Millisecond
	// maxRequest bounds the body of a request, in bytes.
	maxRequest = 1 << 20
)

// fault is how a server breaks.
type fault int

const (
	away        fault = iota // 503 to everything
	callFails                // the tool says that it failed
	callErrs                 // calls end in a JSON-RPC error
	healthFails              // the health URL answers 500
)

// door is the address of a server, which can break: then it answers in the
// server's place.
type door struct {
	fault fault
	proxy http.Handler

	mu     sync.Mutex
	broken bool
	asking int       // requests in flight
	last   time.Time // when the newest one was answered
}

// newDoor returns a door to a server that works.
func newDoor(f fault, to *url.URL) *door {
	return &door{fault: f, proxy: &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.URL, r.Out.Host = to, to.Host },
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}}
}

// ServeHTTP answers as the server does, or as a broken one.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	broken := d.enter()
	defer d.leave()
	health := strings.HasSuffix(r.URL.Path, "/health")
	switch {
	case broken && d.fault == away:
		http.Error(w, "restarting", http.StatusServiceUnavailable)
	case health && broken && d.fault == healthFails:
		http.Error(w, "the stock cannot be read", http.StatusInternalServerError)
	case health:
		_, _ = io.WriteString(w, "ok") // whoever asked has gone
	case broken && (d.fault == callFails || d.fault == callErrs):
		d.call(w, r)
	default:
		d.proxy.ServeHTTP(w, r)
	}
}

// call answers a call of a tool, and hands on everything else.
func (d *door) call(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var msg struct {
		ID     json.RawMessage
		Method string
	}
	if json.Unmarshal(body, &msg) != nil || msg.Method != "tools/call" {
		d.proxy.ServeHTTP(w, r)
		return
	}
	answer := `"result":{"content":[{"type":"text","text":"the index is gone"}],"isError":true}`
	if d.fault == callErrs {
		answer = `"error":{"code":-32603,"message":"Internal error"}`
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,%s}`, msg.ID, answer) // whoever asked has gone
}

func (d *door) enter() (broken bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asking++
	return d.broken
}

func (d *door) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asking--
	d.last = time.Now()
}

// turn breaks the server, or heals it: gently when nobody has asked for a while.
// It reports whether that was done.
func (d *door) turn(broken, gently bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if gently && (d.asking > 0 || time.Since(d.last) < still) {
		return false
	}
	d.broken = broken
	return true
}

// heal heals the server when a probe is over; the error is that of ctx.
func (d *door) heal(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !d.turn(false, true) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// place names a server or a sink of a tenant, also in addresses.
func place(t uptime.TenantID, name string) string { return string(t) + "/" + name }
