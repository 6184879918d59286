package app

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	referenceTimeout = 3 * time.Second
	// referenceFor is how long an answer about ourselves stands.
	referenceFor = 5 * time.Second
)

// references are endpoints of the operator's choice that practically always
// answer. When none of them does, a failure is ours. They are asked only when
// something failed, and at most once in a few seconds.
type references struct {
	addrs []string // host:port
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)

	mu    sync.Mutex
	asked time.Time
	lost  bool
}

// Lost reports whether no reference endpoint can be reached; false without any.
func (r *references) Lost(ctx context.Context) bool {
	if len(r.addrs) == 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.asked) > referenceFor {
		r.lost, r.asked = !r.any(ctx), time.Now()
	}
	return r.lost
}

// any reports whether at least one endpoint takes a connection.
func (r *references) any(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, referenceTimeout)
	defer cancel()
	answers := make(chan bool, len(r.addrs))
	for _, addr := range r.addrs {
		go func() {
			conn, err := r.dial(ctx, "tcp", addr)
			if err == nil {
				_ = conn.Close()
			}
			answers <- err == nil
		}()
	}
	for range r.addrs {
		if <-answers {
			return true
		}
	}
	return false
}

// void turns a cell into one that says nothing about its server.
func void(cell *uptime.Cell, why string) {
	last := cell.Last()
	last.Failure = &uptime.Failure{
		Cause: uptime.SelfOverload, Detail: why, Effect: uptime.SelfOverload.Effect(),
	}
	cell.Attempts = []uptime.Result{last}
}
