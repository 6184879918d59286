package audit

import (
	"context"
	"time"
)

// Clock is the time by which a run is made. A trial has one of its own, so that
// rounds that are days apart need not be waited for.
type Clock interface {
	Now() time.Time
	// Sleep returns at a time, or with ctx's error when that ends before.
	Sleep(ctx context.Context, until time.Time) error
}

// RealClock is everybody's time.
type RealClock struct{}

// Now implements [Clock].
func (RealClock) Now() time.Time { return time.Now() }

// Sleep implements [Clock].
func (RealClock) Sleep(ctx context.Context, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}
