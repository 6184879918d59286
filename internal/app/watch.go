package app

import (
	"context"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/show"
)

// Look is one check in a series.
type Look struct {
	Target int // index into the targets that are watched
	Check  show.Check
}

// Watch checks every target, and again each time interval has passed since it
// last began, at most n at a time. It sends what it saw to looks and returns
// when ctx has ended and nothing is in flight; a check that was cut short is
// not sent.
func (c *Checker) Watch(ctx context.Context, targets []Target, n int, interval time.Duration, looks chan<- Look) {
	slots := make(chan struct{}, max(1, n))
	var all sync.WaitGroup
	for i, t := range targets {
		all.Go(func() {
			for c.lookOnce(ctx, i, t, interval, slots, looks) {
			}
		})
	}
	all.Wait()
}

// lookOnce checks one target and waits for its next turn. It reports whether
// there is one.
func (c *Checker) lookOnce(ctx context.Context, i int, t Target, interval time.Duration, slots chan struct{}, looks chan<- Look) bool {
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	next := time.NewTimer(interval)
	defer next.Stop()
	check := c.look(ctx, t)
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
