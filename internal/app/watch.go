package app

import (
	"context"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Look is one check in a series.
type Look struct {
	Server int // index into the servers that are watched
	Check  show.Check
}

// Watch checks every server, and again each time interval has passed since it
// last began, at most n at a time. It sends what it saw to looks and returns
// when ctx has ended and nothing is in flight; a check that was cut short is
// not sent.
func (c *Checker) Watch(ctx context.Context, servers []uptime.Server, n int, interval time.Duration, looks chan<- Look) {
	slots := make(chan struct{}, max(1, n))
	var all sync.WaitGroup
	for i, srv := range servers {
		all.Go(func() {
			for c.lookOnce(ctx, i, srv, interval, slots, looks) {
			}
		})
	}
	all.Wait()
}

// lookOnce checks one server and waits for its next turn. It reports whether
// there is one.
func (c *Checker) lookOnce(ctx context.Context, i int, srv uptime.Server, interval time.Duration, slots chan struct{}, looks chan<- Look) bool {
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	next := time.NewTimer(interval)
	defer next.Stop()
	check := c.Check(ctx, srv)
	<-slots
	if ctx.Err() != nil {
		return false
	}
	select {
	case looks <- Look{i, check}:
	case <-ctx.Done():
		return false
	}
	select {
	case <-next.C:
		return true
	case <-ctx.Done():
		return false
	}
}
