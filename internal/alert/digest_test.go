package alert_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// strangers returns servers that have nothing in common.
func strangers(n int) []*uptime.Server {
	var out []*uptime.Server
	for i := range n {
		out = append(out, server("t", fmt.Sprintf("s%d", i), fmt.Sprintf("h%d.example%d.com", i, i)))
	}
	return out
}

// slow has servers fail one after the other, of a P2, so far apart that they are
// not told as one.
func (d *desk) slow(servers ...*uptime.Server) {
	for _, s := range servers {
		d.fails(s, uptime.FirstByteTimeout)
		d.pass(3 * time.Minute)
	}
}

// TestDigestThatIsLeft: what is a P1 for one sink is told at once at every sink,
// also at one that hears of it as a P2 and was asked first; the digest that it was
// to wait for is empty, told to nobody and forgotten.
func TestDigestThatIsLeft(t *testing.T) {
	servers := strangers(2)
	servers = append(servers, server("t", "s2", "other.example1.com"))
	policy := uptime.Policy{Budget: 1, Sinks: []uptime.Sink{
		sink("slow", func(s *uptime.Sink) { s.Servers = []string{"s0", "s1"} }), sink("all"),
	}}
	scene(t, policy, servers, func(d *desk) {
		d.slow(servers[0])
		d.fails(servers[1], uptime.FirstByteTimeout)
		d.fails(servers[2], uptime.ConnectRefused) // the same platform, and a P1 that only one sink hears of
		d.pass(time.Minute)
		d.wants("slow", "opens S0 is down: first_byte_timeout", "opens S1 is down: first_byte_timeout")
		for _, s := range servers {
			d.works(s)
		}
		d.pass(4 * time.Hour)
		if st := d.router.Stats(); st.Threads != 0 || d.router.Remembers() != 0 {
			t.Errorf("left behind: %+v, %d things", st, d.router.Remembers())
		}
	})
}

// TestDigestOverRestarts: wherever the router is stopped, one digest is told, and
// says what is so.
func TestDigestOverRestarts(t *testing.T) {
	for _, stop := range []time.Duration{0, 10 * time.Minute, 29 * time.Minute, 56 * time.Minute, 58 * time.Minute} {
		t.Run(stop.String(), func(t *testing.T) {
			servers := strangers(4)
			scene(t, uptime.Policy{Budget: 1, Sinks: []uptime.Sink{sink("team")}}, servers, func(d *desk) {
				d.slow(servers...) // 12 minutes
				d.works(servers[3])
				d.pass(stop)
				d.restart()
				d.pass(time.Hour - stop)
				d.wants("team", "opens S0 is down: first_byte_timeout", "opens Digest: 3 alerts above the hour's budget, 2 last")
				d.works(servers[1])
				d.works(servers[2])
				d.pass(time.Minute)
				d.restart()
				d.works(servers[0])
				d.pass(4 * time.Hour)
				if n := d.last("team"); len(d.told("team")) != 4 || n.Phase != uptime.NoticeCloses {
					t.Errorf("told %q", d.told("team"))
				}
				if n := d.router.Remembers(); n != 0 {
					t.Errorf("%d things are left behind", n)
				}
			})
		})
	}
}

// TestDigestWithoutSink: a tenant whose sinks are taken away in the hour is told
// when there is one again.
func TestDigestWithoutSink(t *testing.T) {
	servers := strangers(3)
	policy := uptime.Policy{Tenant: "t", Budget: 1, Sinks: []uptime.Sink{sink("team")}}
	scene(t, policy, servers, func(d *desk) {
		d.slow(servers...)
		d.change(func() { d.policies = []*uptime.Policy{{Tenant: "t", Budget: 1}} })
		d.pass(time.Hour)
		d.wants("team", "opens S0 is down: first_byte_timeout")
		d.change(func() { d.policies = []*uptime.Policy{&policy} })
		d.pass(time.Minute)
		d.wants("team", "opens S0 is down: first_byte_timeout", "opens Digest: 2 alerts above the hour's budget, 2 last")
	})
}

// TestBudgetIsRefilled: P1 spend the budget and are forgotten after an hour, as
// all that is over.
func TestBudgetIsRefilled(t *testing.T) {
	servers := strangers(3)
	scene(t, uptime.Policy{Budget: 1, Sinks: []uptime.Sink{sink("team")}}, servers, func(d *desk) {
		for i := range 12 {
			d.fails(servers[i%3], uptime.ConnectRefused)
			d.pass(time.Minute)
			d.works(servers[i%3])
			d.pass(30 * time.Minute)
		}
		if n := d.router.Remembers(); n > 40 {
			t.Errorf("%d things are remembered", n)
		}
		d.pass(2 * time.Hour)
		d.slow(servers[0])
		if n := d.last("team"); n.Title != "S0 is down: first_byte_timeout" {
			t.Errorf("told %q", d.told("team"))
		}
	})
}
