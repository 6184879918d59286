package alert_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestBurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := *weather
		s.Objective = &uptime.Objective{Percent: 99}
		d := newDesk(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, &s)
		bad := 0.2
		d.opt.Burn = func(_ uptime.TenantID, _ uptime.ServerID, w time.Duration) (float64, int, bool) {
			d.records.mu.Lock()
			defer d.records.mu.Unlock()
			return bad, int(w.Minutes()), true
		}
		d.run()
		d.pass(2 * time.Minute)
		d.wants("team", "opens Weather is using up the error budget fast")
		d.change(func() { bad = 0 })
		d.pass(2 * time.Minute)
		d.wants("team", "opens Weather is using up the error budget fast", "closes Weather: the error budget does not burn any more")
		d.stop()
	})
}

// TestBurnAfterAnOutage: that an outage used up the budget fast is known from the
// outage.
func TestBurnAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := *weather
		s.Objective = &uptime.Objective{Percent: 99}
		d := newDesk(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, &s)
		var from, to time.Time
		d.opt.Burn = func(_ uptime.TenantID, _ uptime.ServerID, w time.Duration) (float64, int, bool) {
			d.records.mu.Lock()
			defer d.records.mu.Unlock()
			begin, end := time.Now().Add(-w), to
			if begin.Before(from) {
				begin = from
			}
			if !from.IsZero() && to.IsZero() {
				end = time.Now()
			}
			return max(0, end.Sub(begin).Minutes()/w.Minutes()), int(w.Minutes()), true
		}
		d.run()
		d.change(func() { from = time.Now() })
		d.fails(&s, uptime.ConnectRefused)
		d.pass(3 * time.Hour)
		d.works(&s)
		d.change(func() { to = time.Now() })
		d.pass(6 * time.Hour)
		if got := d.told("team"); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "fast") }) {
			t.Errorf("told %q", got)
		}
		d.stop()
	})
}
