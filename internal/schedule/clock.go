package schedule

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// clockTick is how often the clock is looked at.
	clockTick = 100 * time.Millisecond
	// memoryOfLag is for how long a late tick counts.
	memoryOfLag = 3 * time.Second
	// jump is the difference between wall and monotonic clock, or the lateness
	// of a tick, from which a leap is assumed: the clock was set, the machine
	// slept, or the process stood still.
	jump = 2 * time.Second
)

// Clock watches the clocks and the pace of this process: a monitor that stands
// still, or whose time leaps, must suspect itself before it suspects a server.
type Clock struct {
	log   *slog.Logger
	lag   atomic.Int64 // the worst lateness of late
	until atomic.Int64 // as long as it counts, in Unix nanoseconds
	leaps atomic.Uint64
	moved atomic.Int64 // by how much the wall clock leapt last
}

// NewClock returns a Clock that reports leaps to log.
func NewClock(log *slog.Logger) *Clock { return &Clock{log: log} }

// Run watches until ctx ends.
func (c *Clock) Run(ctx context.Context) error {
	tick := time.NewTicker(clockTick)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			now := time.Now()
			c.note(last, now)
			last = now
		}
	}
}

// note compares two looks at the clock that should be a tick apart.
func (c *Clock) note(last, now time.Time) {
	mono, wall := now.Sub(last), now.Round(0).Sub(last.Round(0))
	late := mono - clockTick
	if late > time.Duration(c.lag.Load()) || now.UnixNano() > c.until.Load() {
		c.lag.Store(int64(max(0, late)))
		c.until.Store(now.Add(memoryOfLag).UnixNano())
	}
	if diff := wall - mono; diff.Abs() > jump || late.Abs() > jump {
		c.moved.Store(int64(diff))
		c.leaps.Add(1)
		c.log.Warn("time leapt: what was under way says nothing about the servers",
			"wall_clock_moved", diff.String(), "stood_still", late.String())
	}
}

// Lag is by how much this process ran late within the last seconds.
func (c *Clock) Lag() time.Duration { return time.Duration(c.lag.Load()) }

// Leaps counts the leaps of time so far. What began before a leap and ended
// after it says nothing about a server.
func (c *Clock) Leaps() uint64 { return c.leaps.Load() }
