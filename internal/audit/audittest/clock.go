package audittest

import (
	"context"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit"
)

// Clock goes as fast as the real one, except that nobody waits on it: when
// somebody sleeps, it is later at once. It is safe for concurrent use.
type Clock struct {
	leapt func(by time.Duration)

	mu    sync.Mutex
	ahead time.Duration // of the real one
}

var _ audit.Clock = (*Clock)(nil)

// NewClock returns a clock by which it is now a given time. leapt is told how long
// somebody would have slept, before that one wakes; it may be nil.
func NewClock(now time.Time, leapt func(by time.Duration)) *Clock {
	if leapt == nil {
		leapt = func(time.Duration) {}
	}
	return &Clock{leapt: leapt, ahead: time.Until(now)}
}

// Now implements [audit.Clock].
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// Sleep implements [audit.Clock].
func (c *Clock) Sleep(ctx context.Context, until time.Time) error {
	if by := until.Sub(c.Now()); by > 0 {
		c.leapt(by)
		c.mu.Lock()
		c.ahead += max(0, time.Until(until)-c.ahead)
		c.mu.Unlock()
	}
	return ctx.Err()
}

// Rest is for the clocks of trials with real servers, as what is told of leaps: on a
// machine that was too busy to judge a look, another try at once is too busy, too.
// Before one, which comes a minute later, it takes as long as probers remember that
// they were late.
func Rest(by time.Duration) {
	const tries, remembered = 30 * time.Second, 3500 * time.Millisecond
	if by > tries && by < time.Hour {
		<-time.After(remembered)
	}
}
