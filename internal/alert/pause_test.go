package alert_test

import (
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// pause has the weather server paused, or looked at again.
func (d *desk) pause(paused bool) {
	s := *weather
	s.Paused = paused
	d.change(func() {
		d.plan = &uptime.Plan{Version: d.plan.Version + 1, Servers: []*uptime.Server{&s}, Windows: d.plan.Windows}
	})
	d.pass(5 * time.Second)
}

const (
	isDown     = "opens Weather is down: the connection is refused"
	isPaused   = "closes Weather: monitoring is paused"
	downAgain  = "opens Weather is down again (2nd time): the connection is refused"
	isDrifting = "opens Weather changed its tools: 1 removed"
)

// TestPausedServer: who repairs a paused server is not told that it is down when
// it is looked at again, unless it is.
func TestPausedServer(t *testing.T) {
	for _, c := range []struct {
		name  string
		after func(*desk)
		want  []string
	}{
		{"still down", func(d *desk) { d.seal(weather, uptime.Down) }, []string{isDown, isPaused, downAgain}},
		{"not measured", func(d *desk) { d.seal(weather, uptime.Unknown) }, []string{isDown, isPaused}},
		{"works", func(d *desk) {
			d.seal(weather, uptime.Live)
			d.pass(time.Minute)
			d.seal(weather, uptime.Live)
			d.works(weather)
		}, []string{isDown, isPaused}},
		{"a note", func(d *desk) { d.amend(weather, func(in *uptime.Incident) { in.Note = "Repaired" }) }, []string{isDown, isPaused}},
		{"old verdicts", func(d *desk) {
			d.seal(weather, uptime.Down, func(v *uptime.Verdict) { v.Cycle = v.Cycle.Add(-3 * time.Hour) })
		}, []string{isDown, isPaused}},
	} {
		t.Run(c.name, func(t *testing.T) {
			scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
				d.fails(weather, uptime.ConnectRefused)
				d.pass(time.Minute)
				d.pause(true)
				d.restart()
				d.pass(time.Hour)
				d.pause(false)
				d.pass(time.Hour)
				d.restart()
				d.wants("team", isDown, isPaused)
				c.after(d)
				d.pass(time.Minute)
				d.wants("team", c.want...)
				if c.name == "works" {
					d.pass(2 * time.Hour)
					if n := d.router.Remembers(); n != 0 {
						t.Errorf("%d things are left behind", n)
					}
				}
			})
		})
	}
}

// TestPausedBeforeItWasTold: what began in a window, or while its server was
// being paused, is not lost.
func TestPausedBeforeItWasTold(t *testing.T) {
	t.Run("in a window", func(t *testing.T) {
		scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
			now := time.Now()
			d.change(func() {
				d.plan = &uptime.Plan{Version: 2, Servers: d.plan.Servers, Windows: []uptime.Window{{Tenant: "t", From: now, To: now.Add(time.Hour)}}}
			})
			d.fails(weather, uptime.ConnectRefused)
			d.pass(time.Minute)
			d.pause(true)
			d.restart()
			d.pass(2 * time.Hour)
			d.pause(false)
			d.seal(weather, uptime.Down)
			d.pass(time.Minute)
			d.wants("team", isDown)
		})
	})
	t.Run("while it is paused", func(t *testing.T) {
		scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
			d.pause(true)
			d.fails(weather, uptime.ConnectRefused)
			d.tell(uptime.News{Drift: &uptime.Drift{ID: "drf_1", Tenant: "t", Server: weather.ID, Class: uptime.DriftBreaking, Summary: "1 removed.", Detected: time.Now().UTC()}})
			d.pass(time.Hour)
			d.wants("team")
			d.pause(false)
			d.seal(weather, uptime.Down)
			d.pass(time.Minute)
			d.wants("team", isDrifting, isDown)
		})
	})
}

// TestRemovedWhilePaused: nothing more is told, and nothing is left behind.
func TestRemovedWhilePaused(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		d.fails(weather, uptime.ConnectRefused)
		d.pass(time.Minute)
		d.pause(true)
		d.change(func() { d.plan = &uptime.Plan{Version: d.plan.Version + 1} })
		d.amend(weather, func(in *uptime.Incident) { in.Closed = time.Now().UTC() }) // the recorder forgets it
		d.pass(3 * time.Hour)
		d.wants("team", isDown, isPaused)
		d.change(func() { d.plan = &uptime.Plan{Version: d.plan.Version + 1} })
		d.pass(time.Minute)
		if n := d.router.Remembers(); n != 0 {
			t.Errorf("%d things are left behind", n)
		}
	})
}
