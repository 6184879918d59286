package uptime_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestCyclesTileTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		srv := uptime.Server{
			Tenant: "t", ID: uptime.ServerID(rapid.String().Draw(t, "id")),
			Interval: time.Duration(rapid.Int64Range(int64(uptime.MinInterval), int64(uptime.MaxInterval)).Draw(t, "interval")),
		}
		at := time.Unix(rapid.Int64Range(-1e9, 4e9).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nano"))
		cycle := srv.CycleAt(at)
		if cycle.After(at) || !at.Before(cycle.Add(srv.Every())) {
			t.Fatalf("cycle %s does not hold %s", cycle, at)
		}
		if next := srv.CycleAt(cycle.Add(srv.Every())); next.Sub(cycle) != srv.Every() {
			t.Fatalf("cycle %s is followed by %s", cycle, next)
		}
	})
}

// A minute's servers must not knock at the same moment.
func TestPhasesAreSpread(t *testing.T) {
	perSecond := map[int]int{}
	for i := range 6000 {
		srv := uptime.Server{Tenant: "default", ID: uptime.ServerID(fmt.Sprintf("srv_%d", i))}
		perSecond[int(srv.Phase()/time.Second)]++
	}
	for second := range 60 {
		if n := perSecond[second]; n < 60 || n > 150 {
			t.Errorf("%d of 6000 servers in second %d, want about 100", n, second)
		}
	}
}

func TestMinutesAndDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1e10, 1e10).Draw(t, "second"), 0).UTC()
		m := uptime.MinuteOf(at)
		if m.Time().After(at) || at.Sub(m.Time()) >= time.Minute {
			t.Fatalf("minute %s of %s", m.Time(), at)
		}
		if d := m.Day(); d.First()+uptime.Minute(m.OfDay()) != m || d.String() != at.Format(time.DateOnly) {
			t.Fatalf("day %s, minute %d of %s", d, m.OfDay(), at)
		}
		if d, err := uptime.ParseDay(m.Day().String()); err == nil && d != m.Day() {
			t.Fatalf("ParseDay(%q) = %v", m.Day(), d)
		}
	})
}

func TestUptimeLeavesOutWhatNobodyKnows(t *testing.T) {
	c := uptime.Counts{Live: 98, Degraded: 1, Down: 1, Unknown: 500, Maintenance: 30}
	if pct, ok := c.Uptime(); !ok || pct != 99 {
		t.Errorf("Uptime = %v, %v, want 99", pct, ok)
	}
	if pct, ok := c.Strict().Uptime(); !ok || pct != 98 {
		t.Errorf("strictly %v, %v, want 98", pct, ok)
	}
	if _, ok := (uptime.Counts{Unknown: 7}).Uptime(); ok {
		t.Error("an uptime of minutes that nobody measured")
	}
}

func TestWindowCovers(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	srv := &uptime.Server{Tenant: "t", Slug: "a", Group: "g"}
	for name, tt := range map[string]struct {
		window uptime.Window
		at     time.Time
		want   bool
	}{
		"everyone":       {uptime.Window{Tenant: "t"}, from, true},
		"other tenant":   {uptime.Window{Tenant: "u"}, from, false},
		"by slug":        {uptime.Window{Tenant: "t", Servers: []string{"a"}}, from, true},
		"other slug":     {uptime.Window{Tenant: "t", Servers: []string{"b"}}, from, false},
		"by group":       {uptime.Window{Tenant: "t", Servers: []string{"b"}, Groups: []string{"g"}}, from, true},
		"before":         {uptime.Window{Tenant: "t"}, from.Add(-time.Second), false},
		"its end is out": {uptime.Window{Tenant: "t"}, from.Add(time.Hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			w := tt.window
			w.From, w.To = from, from.Add(time.Hour)
			if got := w.Covers(srv, tt.at); got != tt.want {
				t.Errorf("Covers = %v, want %v", got, tt.want)
			}
		})
	}
}
