package schedule

import (
	"context"
	"time"
)

// Tick runs what the clock says is due, for tests that set the clock.
func (s *Scheduler) Tick(ctx context.Context, now time.Time) {
	if s.last == 0 {
		s.last = slotOf(now) - 1
	}
	s.tick(ctx, now)
}

// Finish takes note of one look that ended.
func (s *Scheduler) Finish(ctx context.Context, now time.Time) { s.finish(ctx, <-s.done, now) }

// Note compares two looks at the clock.
func (c *Clock) Note(last, now time.Time) { c.note(last, now) }
