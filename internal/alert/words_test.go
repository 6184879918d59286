package alert_test

import (
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestNameWithTheWordsOfATitle: what a title says of a server does not change
// the server's name.
func TestNameWithTheWordsOfATitle(t *testing.T) {
	timer := *weather
	timer.Name = "Count down timer"
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{&timer}, func(d *desk) {
		for range 2 {
			d.fails(&timer, uptime.ConnectRefused)
			d.pass(time.Minute)
			d.works(&timer)
			d.pass(time.Minute)
		}
		if got := d.told("team"); len(got) != 4 || got[2] != "opens Count down timer is down again (2nd time): the connection is refused" {
			t.Errorf("told %q", got)
		}
	})
}

// TestNotesInAnyScript: a sentence begins with a letter, not with a byte.
func TestNotesInAnyScript(t *testing.T) {
	for note, want := range map[string]string{
		"überlastet": "Note: Überlastet.", "サーバーを再起動中": "Note: サーバーを再起動中.", "we look": "Note: We look.",
	} {
		scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team", editing)}}, []*uptime.Server{weather}, func(d *desk) {
			d.fails(weather, uptime.ConnectRefused)
			d.pass(time.Minute)
			d.amend(weather, func(in *uptime.Incident) { in.Note = note })
			d.pass(time.Minute)
			if got := d.last("team").Summary; !strings.Contains(got, want) {
				t.Errorf("%q: summary %q", note, got)
			}
		})
	}
}

// TestReadersDoNotLearnWhoTookItOn: names of the staff are for the owner's sinks.
func TestReadersDoNotLearnWhoTookItOn(t *testing.T) {
	reader := sink("reader", editing, func(s *uptime.Sink) { s.Subscriber, s.Public = true, true })
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team", editing), reader}}, []*uptime.Server{weather}, func(d *desk) {
		inc := d.fails(weather, uptime.ConnectRefused)
		d.pass(time.Minute)
		if err := d.router.Acknowledge(t.Context(), "t", uptime.AlertKey(inc), "ann@example.com", ""); err != nil {
			t.Fatal(err)
		}
		d.pass(time.Minute)
		if n := d.last("team"); n.AckedBy != "ann@example.com" || !strings.Contains(n.Summary, "ann@example.com took it on.") {
			t.Errorf("the team was told %+v", n)
		}
		if n := d.last("reader"); n.AckedBy != "" || strings.Contains(n.Summary, "ann") {
			t.Errorf("a reader was told %+v", n)
		}
		d.wants("reader", "opens Weather is down: the connection is refused")
	})
}

// TestTwoChangesOfOneServer: servers are counted, not what is wrong with them.
func TestTwoChangesOfOneServer(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		for _, id := range []uptime.DriftID{"drf_1", "drf_2"} {
			d.tell(uptime.News{Drift: &uptime.Drift{ID: id, Tenant: "t", Server: weather.ID, Class: uptime.DriftBreaking, Summary: "1 removed.", Detected: time.Now().UTC()}})
		}
		d.pass(time.Minute)
		d.wants("team", "opens Weather changed its tools")
	})
}
