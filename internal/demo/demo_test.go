package demo_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/demo"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const today = uptime.Day(20_700)

func regions() []string { return []string{"ap-southeast", "eu-west", "us-east"} }

func TestThePastIsAlwaysTheSame(t *testing.T) {
	for _, r := range demo.Roles() {
		for _, ago := range []uptime.Day{1, 17, 52} {
			if diff := cmp.Diff(r.Day(today-ago, today, regions()), r.Day(today-ago, today, regions())); diff != "" {
				t.Fatalf("%s, %d days ago:\n%s", r.Slug, ago, diff)
			}
		}
	}
}

// Pages must not show a red bar without an incident, nor the other way round.
func TestIncidentsAreWhatTheMinutesSay(t *testing.T) {
	for _, r := range demo.Roles() {
		srv := &uptime.Server{Tenant: "t", ID: uptime.ServerID(r.Slug)}
		incidents, events := r.Incidents(srv, today, regions())
		if len(events) != 3*len(incidents) {
			t.Errorf("%s: %d events of %d incidents", r.Slug, len(events), len(incidents))
		}
		inIncident := map[uptime.Minute]bool{}
		for _, i := range incidents {
			for m := uptime.MinuteOf(i.Opened); m < uptime.MinuteOf(i.Recovered); m++ {
				inIncident[m] = true
			}
		}
		red := map[uptime.Minute]bool{}
		for ago := uptime.Day(1); ago <= demo.Days; ago++ {
			for m, c := range r.Day(today-ago, today, regions()) {
				if c.State == uptime.Down && !c.Maintenance {
					red[(today-ago).First()+uptime.Minute(m)] = true
				}
			}
		}
		if diff := cmp.Diff(red, inIncident); diff != "" {
			t.Errorf("%s: down minutes (-) are not those of the incidents (+):\n%s", r.Slug, diff)
		}
	}
}

func TestNobodyLookedBeforeTheServerWasThere(t *testing.T) {
	for _, r := range demo.Roles() {
		if r.Age >= demo.Days {
			continue
		}
		for m, c := range r.Day(today-uptime.Day(r.Age)-1, today, regions()) {
			if c.State != uptime.Unknown || len(c.Regions) > 0 {
				t.Fatalf("%s, minute %d of the day before it was added: %v", r.Slug, m, c)
			}
		}
	}
}
