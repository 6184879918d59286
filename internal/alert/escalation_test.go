package alert_test

import (
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func ladder(hours *uptime.Hours) uptime.Policy {
	return uptime.Policy{
		Sinks: []uptime.Sink{sink("first"), sink("second"), sink("third")},
		Rules: []uptime.Rule{{Hours: hours, Sinks: []string{"first"}, Escalate: []uptime.Escalation{
			{After: 5 * time.Minute, Sinks: []string{"second"}}, {After: 15 * time.Minute, Sinks: []string{"third"}},
		}}},
	}
}

// TestEscalation: who has heard of it how long after it began, whatever happens
// meanwhile. The router is stopped and started again before each look.
func TestEscalation(t *testing.T) {
	ack := func(d *desk) {
		if err := d.router.Acknowledge(d.t.Context(), "t", uptime.AlertKey(d.open[weather.ID].ID), "ann", ""); err != nil {
			d.t.Error(err)
		}
	}
	again := func(d *desk) {
		d.works(weather)
		d.pass(time.Minute)
		d.fails(weather, uptime.ConnectRefused)
	}
	nothing := func(*desk) {}
	for _, c := range []struct {
		name string
		at   time.Duration // since it began
		do   func(*desk)
		want map[time.Duration]int // how many sinks have heard of it
	}{
		{"nobody cares", time.Minute, nothing, map[time.Duration]int{30 * time.Second: 1, 4 * time.Minute: 1, 6 * time.Minute: 2, 14 * time.Minute: 2, 16 * time.Minute: 3}},
		{"taken on early", time.Minute, ack, map[time.Duration]int{30 * time.Second: 1, 6 * time.Minute: 1, 16 * time.Minute: 1}},
		{"taken on late", 7 * time.Minute, ack, map[time.Duration]int{6 * time.Minute: 2, 16 * time.Minute: 2}},
		{"over early", 3 * time.Minute, func(d *desk) { d.works(weather) }, map[time.Duration]int{6 * time.Minute: 1, 16 * time.Minute: 1}},
		{"begins again", 3 * time.Minute, again, map[time.Duration]int{6 * time.Minute: 1, 8 * time.Minute: 1, 10 * time.Minute: 2, 18 * time.Minute: 2, 20 * time.Minute: 3}},
		{"taken on, and begins again", 3 * time.Minute, func(d *desk) { ack(d); again(d) }, map[time.Duration]int{8 * time.Minute: 1, 10 * time.Minute: 2, 20 * time.Minute: 3}},
		{"silenced", 3 * time.Minute, func(d *desk) {
			d.change(func() {
				d.records.silences = []uptime.Silence{{ID: "q", Tenant: "t", From: time.Now(), Until: time.Now().Add(10 * time.Minute), By: "ann"}}
			})
			d.router.SilencesChanged()
		}, map[time.Duration]int{6 * time.Minute: 1, 12 * time.Minute: 1, 14 * time.Minute: 2, 16 * time.Minute: 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			scene(t, ladder(nil), []*uptime.Server{weather}, func(d *desk) {
				began := time.Now()
				d.fails(weather, uptime.ConnectRefused)
				done := false
				for range 42 {
					d.pass(30 * time.Second)
					since := time.Since(began)
					if !done && since >= c.at {
						done = true
						c.do(d)
						d.pass(time.Millisecond)
					}
					if want, ok := c.want[since.Truncate(30*time.Second)]; ok && d.heard() != want {
						t.Errorf("after %s %d sinks have heard of it, want %d", since, d.heard(), want)
					}
					d.restart()
				}
			})
		})
	}
}

// heard counts the sinks that were told something.
func (d *desk) heard() int {
	d.records.mu.Lock()
	defer d.records.mu.Unlock()
	sinks := map[string]bool{}
	for _, x := range d.records.deliveries {
		sinks[x.Sink] = true
	}
	return len(sinks)
}

// TestConfigurationChangesWhileItLasts: whoever was told is told the end, and
// whoever hears of it now is told once.
func TestConfigurationChangesWhileItLasts(t *testing.T) {
	rule := func(sinks ...string) []uptime.Rule { return []uptime.Rule{{Sinks: sinks}} }
	closesNow := "closes Weather works again after 20 min"
	for _, c := range []struct {
		name      string
		is        uptime.Policy
		team, new []string
	}{
		{"nothing", uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []string{isDown, closesNow}, nil},
		{"renamed", uptime.Policy{Sinks: []uptime.Sink{sink("new")}}, []string{isDown}, []string{isDown, closesNow}},
		{"another one", uptime.Policy{Sinks: []uptime.Sink{sink("team"), sink("new")}, Rules: rule("new")}, []string{isDown, closesNow}, []string{isDown, closesNow}},
		{"no rule names it", uptime.Policy{Sinks: []uptime.Sink{sink("team")}, Rules: []uptime.Rule{{Servers: []string{"other"}, Sinks: []string{"team"}}}}, []string{isDown, closesNow}, nil},
		{"less urgent", uptime.Policy{Sinks: []uptime.Sink{sink("team")}, Rules: []uptime.Rule{{Priorities: []uptime.Priority{uptime.P2}, Sinks: []string{"team"}}}}, []string{isDown, closesNow}, nil},
		{"other hours", uptime.Policy{Sinks: []uptime.Sink{sink("team"), sink("new")}, Rules: []uptime.Rule{{Hours: &uptime.Hours{From: time.Hour, To: 2 * time.Hour}, Sinks: []string{"team", "new"}}}}, []string{isDown, closesNow}, nil},
		{"no sinks", uptime.Policy{}, []string{isDown}, nil},
		{"not verified", uptime.Policy{Sinks: []uptime.Sink{sink("team", func(s *uptime.Sink) { s.Verified = false })}}, []string{isDown}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
				d.fails(weather, uptime.ConnectRefused)
				d.pass(10 * time.Minute)
				c.is.Tenant = "t"
				d.change(func() { d.policies = []*uptime.Policy{&c.is} })
				d.pass(10 * time.Minute)
				d.restart()
				d.works(weather)
				d.pass(time.Minute)
				d.wants("team", c.team...)
				d.wants("new", c.new...)
				if d.pass(2 * time.Hour); c.name == "not verified" { // which may be made good for a day
					d.pass(28 * time.Hour)
				}
				if n := d.router.Remembers(); n != 0 {
					t.Errorf("%d things are left behind", n)
				}
			})
		})
	}
}

// TestEscalationOutsideHours: the rungs of a rule keep its hours.
func TestEscalationOutsideHours(t *testing.T) {
	hours := &uptime.Hours{Days: [7]bool{time.Saturday: true}, From: 0, To: 10 * time.Minute} // the clock begins at midnight
	scene(t, ladder(hours), []*uptime.Server{weather}, func(d *desk) {
		d.fails(weather, uptime.ConnectRefused)
		d.pass(time.Hour)
		if n := d.heard(); n != 2 || len(d.told("third")) != 0 {
			t.Errorf("%d sinks have heard of it", n)
		}
		if !d.decided("escalate", "told") || !strings.HasPrefix(d.told("second")[0], "opens") {
			t.Error("nobody knows why the second was told")
		}
	})
}
