package alert_test

import (
	"slices"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// A digest ends when what it told of got urgent and is told by itself: nothing
// would end it later.
func TestDigestThatEmpties(t *testing.T) {
	a, b := server("t", "a", "a.example.com"), server("t", "b", "b.example.net")
	scene(t, uptime.Policy{Budget: 1, Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{a, b}, func(d *desk) {
		d.fails(a, uptime.FirstByteTimeout)
		d.pass(5 * time.Minute)
		d.fails(b, uptime.FirstByteTimeout)
		d.pass(2 * time.Hour)
		d.amend(b, func(in *uptime.Incident) { in.Failure.Cause = uptime.ConnectRefused })
		d.pass(time.Minute)
		if got := d.told("team"); len(got) != 4 || !slices.Contains(got, "opens B is down: the connection is refused") ||
			!slices.Contains(got, "closes Digest: what was above the hour's budget is told by itself by now") {
			t.Errorf("told %q", got)
		}
		d.works(a)
		d.works(b)
		d.pass(3 * time.Hour)
		if st := d.router.Stats(); st.Threads != 0 || st.Alerts != 0 {
			t.Errorf("left behind: %+v", st)
		}
	})
}
