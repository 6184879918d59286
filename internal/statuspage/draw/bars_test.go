package draw_test

import (
	"testing"

	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// A bar is 20 high, and at least 24 pixels of a page.
func TestBarsGrowWithTrouble(t *testing.T) {
	for _, class := range []string{"degraded", "down"} {
		last := 0.0
		for minutes := 1; minutes <= uptime.MinutesPerDay; minutes++ {
			c := uptime.Counts{Live: uptime.MinutesPerDay - minutes, Degraded: minutes}
			if class == "down" {
				c.Degraded, c.Down = 0, minutes
			}
			bar := draw.Bar(c)
			got, whole := bar[class], bar[class]+bar["live"]
			if got < 2 || got <= last && minutes < uptime.MinutesPerDay || whole < 19.99 || whole > 20.01 {
				t.Fatalf("%d min %s are %.2f after %.2f, of %.2f", minutes, class, got, last, whole)
			}
			last = got
		}
		if last < 19.99 {
			t.Errorf("a whole day %s is %.2f high", class, last)
		}
	}
	if got := draw.Bar(uptime.Counts{Live: 1439, Degraded: 1}); got["live"] < 17 {
		t.Errorf("one degraded minute leaves %v", got)
	}
}
