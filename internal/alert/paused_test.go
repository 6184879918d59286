package alert_test

import (
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// What nobody was told of when its server was paused is told when it lasts after
// the pause.
func TestPausedBeforeItWasTold(t *testing.T) {
	for _, first := range []string{"silenced", "paused"} {
		t.Run(first, func(t *testing.T) {
			s := server("t", "a", "a.example.com")
			scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{s}, func(d *desk) {
				pause := func(paused bool) {
					next := *s
					next.Paused = paused
					d.change(func() { d.plan = &uptime.Plan{Version: d.plan.Version + 1, Servers: []*uptime.Server{&next}} })
					d.pass(10 * time.Second)
				}
				if first == "paused" {
					pause(true)
				} else {
					d.change(func() {
						d.records.silences = []uptime.Silence{{ID: "s", Tenant: "t", From: time.Now(), Until: time.Now().Add(time.Hour), By: "ann"}}
					})
					d.restart()
				}
				d.fails(s, uptime.ConnectRefused)
				d.pass(time.Minute)
				pause(true)
				d.restart()
				d.pass(2 * time.Hour)
				d.wants("team")
				pause(false)
				d.pass(time.Minute)
				d.wants("team", "opens A is down: the connection is refused")
			})
		})
	}
}
