package alert_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestSilenceOfAMessage: who silences what a message tells, by its link, silences
// all that it tells of, and what goes on with it.
func TestSilenceOfAMessage(t *testing.T) {
	twin := server("t", "twin", "twin.example.com")
	policy := uptime.Policy{
		Remind: 10 * time.Minute, Sinks: []uptime.Sink{sink("team"), sink("late")},
		Rules: []uptime.Rule{{Sinks: []string{"team"}, Escalate: []uptime.Escalation{{After: 5 * time.Minute, Sinks: []string{"late"}}}}},
	}
	scene(t, policy, []*uptime.Server{weather, twin}, func(d *desk) {
		first := d.fails(weather, uptime.ConnectRefused)
		d.fails(twin, uptime.ConnectRefused)
		d.pass(time.Minute)
		d.change(func() {
			d.records.silences = []uptime.Silence{{ID: "q", Tenant: "t", Alert: uptime.AlertKey(first), From: time.Now(), Until: time.Now().Add(time.Hour), By: "ann"}}
		})
		d.router.SilencesChanged()
		d.pass(time.Minute)
		d.works(weather) // the twin lasts
		d.pass(15 * time.Minute)
		d.fails(weather, uptime.ConnectRefused) // goes on with the thread
		d.pass(30 * time.Minute)
		d.wants("team", "opens 2 servers are down: the connection is refused")
		d.wants("late")
		d.works(twin)
		d.pass(20 * time.Minute) // the silence is over
		if len(d.told("late")) != 1 {
			t.Errorf("after the silence was told %q", d.told("late"))
		}
	})
}

// TestSilencesAreReadAlone: a silence repeats no decisions and loses no names.
func TestSilencesAreReadAlone(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team"), sink("none", func(s *uptime.Sink) { s.Servers = []string{"other"} })}}, []*uptime.Server{weather}, func(d *desk) {
		d.fails(weather, uptime.ConnectRefused)
		d.pass(time.Minute)
		before := len(d.records.decisions)
		for range 5 {
			d.router.SilencesChanged()
			d.pass(time.Minute)
		}
		if n := len(d.records.decisions); n != before {
			t.Errorf("%d decisions became %d: %+v", before, n, d.records.decisions)
		}
	})
}

// TestActThatIsRefused: a plan that an act saw first is followed also when the
// act comes to nothing.
func TestActThatIsRefused(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		d.fails(weather, uptime.ConnectRefused)
		d.pass(time.Minute)
		paused := *weather
		paused.Paused = true
		d.change(func() { d.plan = &uptime.Plan{Version: 2, Servers: []*uptime.Server{&paused}} })
		if err := d.router.Acknowledge(t.Context(), "t", "nothing", "ann", ""); !errors.Is(err, uptime.ErrNotFound) {
			t.Errorf("acknowledging nothing: %v", err)
		}
		d.pass(time.Minute)
		d.wants("team", "opens Weather is down: the connection is refused", "closes Weather: monitoring is paused")
	})
}

// TestActBeforeThereIsAPlan: what is not known is told to nobody, and nothing
// is lost.
func TestActBeforeThereIsAPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, uptime.Policy{Sinks: []uptime.Sink{sink("team"), sink("edit", editing)}}, weather).run()
		inc := d.fails(weather, uptime.ConnectRefused)
		d.pass(time.Minute)
		d.stop()
		plan := d.plan
		d.plan = &uptime.Plan{}
		d.run()
		if err := d.router.Acknowledge(t.Context(), "t", uptime.AlertKey(inc), "ann", ""); err != nil {
			t.Fatal(err)
		}
		if n := len(d.told("edit")); n != 1 {
			t.Errorf("told %q", d.told("edit"))
		}
		d.change(func() { d.plan = plan })
		d.pass(time.Minute)
		d.stop()
		if n := d.last("edit"); n.AckedBy != "ann" || n.Rings || n.Servers[0].Name != "Weather" || n.Phase != uptime.NoticeChanges {
			t.Errorf("notice %+v", n)
		}
	})
}

// TestTwoOperatorsAtOnce: each act is stored whole, and the last word counts.
func TestTwoOperatorsAtOnce(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		inc := d.fails(weather, uptime.ConnectRefused)
		d.pass(time.Minute)
		var group sync.WaitGroup
		for _, by := range []string{"ann", "bob", "ann", "bob"} {
			group.Go(func() {
				if err := d.router.Acknowledge(t.Context(), "t", uptime.AlertKey(inc), by, ""); err != nil {
					t.Errorf("%s: %v", by, err)
				}
			})
		}
		group.Wait()
		d.pass(10 * time.Minute)
		acks := d.records.audit
		if n := d.last("team"); len(acks) < 2 || n.AckedBy != acks[len(acks)-1].By || len(d.told("team")) > 5 {
			t.Errorf("%s took it on; audit %+v; told %q", n.AckedBy, acks, d.told("team"))
		}
	})
}
