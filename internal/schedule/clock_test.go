package schedule_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/schedule"
)

func TestClockNotesLeaps(t *testing.T) {
	const tick = 100 * time.Millisecond
	base := time.Now()
	for name, tt := range map[string]struct {
		now  time.Time
		want uint64
	}{
		"in time":            {base.Add(tick), 0},
		"a second late":      {base.Add(time.Second), 0},
		"stood still":        {base.Add(10 * time.Second), 1},
		"wall clock ahead":   {base.Round(0).Add(3 * time.Hour), 1},
		"wall clock back":    {base.Round(0).Add(-3 * time.Hour), 1},
		"both, as it should": {base.Add(2 * tick), 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := schedule.NewClock(slog.New(slog.DiscardHandler))
			c.Note(base, tt.now)
			if got := c.Leaps(); got != tt.want {
				t.Errorf("Leaps = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestLagIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := schedule.NewClock(slog.New(slog.DiscardHandler))
		now := time.Now()
		c.Note(now, now.Add(900*time.Millisecond))
		if got := c.Lag(); got != 800*time.Millisecond {
			t.Errorf("Lag = %s, want 800ms", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_ = c.Run(ctx)
		if got := c.Lag(); got != 0 {
			t.Errorf("Lag = %s five seconds later, want 0", got)
		}
	})
}
