package alert_test

import (
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// What is over before the first notice may go is told to nobody, and that is
// said.
func TestOverBeforeItSettled(t *testing.T) {
	s := server("t", "a", "a.example.com")
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{s}, func(d *desk) {
		d.fails(s, uptime.ConnectRefused)
		d.pass(time.Second)
		d.works(s)
		d.pass(time.Hour)
		d.wants("team")
		if !d.decided("route", "dropped") {
			t.Errorf("nobody says why: %+v", d.records.decisions)
		}
	})
}
