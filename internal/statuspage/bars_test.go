package statuspage_test

import (
	"testing"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage"
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
			bar := statuspage.Bar(c)
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
	if got := statuspage.Bar(uptime.Counts{Live: 1439, Degraded: 1}); got["live"] < 17 {
		t.Errorf("one degraded minute leaves %v", got)
	}
}

func TestSentenceCountsMaintenanceApart(t *testing.T) {
	for want, totals := range map[string]board.Totals{
		"No servers are watched yet.":                              {},
		"All 3 servers are live.":                                  {Servers: 3, Live: 3},
		"2 of 3 servers are live, 1 in maintenance.":               {Servers: 3, Live: 2, Maintenance: 1},
		"3 of 3 servers are in maintenance.":                       {Servers: 3, Maintenance: 3},
		"1 of 4 servers is down, 1 degraded and 2 in maintenance.": {Servers: 4, Down: 1, Degraded: 1, Maintenance: 2},
		"1 of 3 servers is degraded, 1 unknown; none is down.":     {Servers: 3, Degraded: 1, Unknown: 1, Live: 1},
	} {
		if got := statuspage.SentenceOf(totals); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
