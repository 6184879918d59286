package alerttest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// told counts what a sink was told, by phase.
func (w *world) told(name string) map[uptime.NoticePhase]int {
	s := w.services[uptime.SinkKey{Tenant: "acme", Name: name}]
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[uptime.NoticePhase]int{}
	for _, x := range s.taken {
		if x.notice.Kind == uptime.AlertIncident {
			out[x.notice.Phase]++
		}
	}
	return out
}

// TestFlapping: the notices of an hour in which a server turns again and again.
//
// When it turns with every cycle, its incident never closes: two good verdicts in
// a row do that. It is opened and closed once. Where messages are edited, the one
// message follows each turn in place, which disturbs nobody; elsewhere nothing is
// said between.
//
// When it turns with every second cycle, each turn is an incident. The first two
// are told as they are; the third makes the thread unstable, and from then on
// single turns are not told. That is three times opened and closed, the last when
// it was quiet for 15 minutes, and where messages are edited an update for what
// goes on within the third.
func TestFlapping(t *testing.T) {
	const turns = 30
	for _, every := range []int{1, 2} {
		t.Run(fmt.Sprint(every), func(t *testing.T) {
			dir, known := blank(t, someServers())
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, dir, known, somePolicies("plain")...)
				for i := range 2 * turns / every {
					if w.servers[0].state = uptime.Live; i%2 == 0 {
						w.servers[0].fail(uptime.Down, 0)
					}
					for range every {
						w.pass(cycle)
					}
				}
				w.servers[0].state = uptime.Live
				w.pass(20 * time.Minute)
				for name, most := range map[string][2]int{"chat": {2 + 2*turns, 8}, "hook": {2, 6}, "mail": {2, 6}, "reader": {2, 6}} {
					got := w.told(name)
					t.Log(name, got)
					if n := got[uptime.NoticeOpens] + got[uptime.NoticeChanges] + got[uptime.NoticeCloses]; n > most[every-1] {
						t.Errorf("%s was told %v", name, got)
					}
					if got[uptime.NoticeOpens] != got[uptime.NoticeCloses] {
						t.Errorf("%s was told %v", name, got)
					}
				}
				w.judge()
				w.stop()
			})
		})
	}
}

// TestStorm: 2,000 servers (60 under the race detector) that are down within a
// minute for one cause are one notice at each sink that works. A sink that is
// dead is told the beginning and the end when it takes something again, and
// nothing is left.
func TestStorm(t *testing.T) {
	servers := map[uptime.TenantID][]uptime.Server{}
	for i := range crowd {
		servers["acme"] = append(servers["acme"], uptime.Server{
			Slug: fmt.Sprintf("s%04d", i), URL: fmt.Sprintf("https://h%d.example%d.com/", i, i%7), Regions: []string{"eu", "us"},
		})
	}
	dir, known := blank(t, servers)
	synctest.Test(t, func(t *testing.T) {
		policy := somePolicies("plain")[0]
		policy.Sinks = policy.Sinks[:3]
		w := newWorld(t, dir, known, policy)
		w.pass(cycle)
		w.services[uptime.SinkKey{Tenant: "acme", Name: "hook"}].suffer(fails, 0, 20*time.Minute)
		for i, p := range w.servers {
			p.fail(uptime.Down, 0)
			if (i+1)%(crowd/4) == 0 {
				w.pass(15 * time.Second)
			}
		}
		w.pass(10 * time.Minute)
		for _, name := range []string{"chat", "mail"} {
			if got := w.told(name); got[uptime.NoticeOpens] != 1 || got[uptime.NoticeCloses] != 0 {
				t.Errorf("%s was told %v of the storm", name, got)
			}
		}
		for _, p := range w.servers {
			p.state = uptime.Live
		}
		w.pass(time.Hour)
		for _, name := range []string{"chat", "hook", "mail"} {
			got := w.told(name)
			t.Log(name, got)
			if got[uptime.NoticeOpens] != 1 || got[uptime.NoticeCloses] != 1 || got[uptime.NoticeChanges] > 5 {
				t.Errorf("%s was told %v in all", name, got)
			}
		}
		w.judge()
		if st := w.process.router.Stats(); st.Alerts != 0 || st.Threads != 0 {
			t.Errorf("left behind: %+v", st)
		}
		w.stop()
	})
}
