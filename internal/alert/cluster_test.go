package alert_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// crowd is a desk of many tenants with a server and a sink each, who are called
// k0, k1, and so on; t is the operator.
func crowd(t *testing.T, tenants int, operator ...uptime.Sink) (*desk, []*uptime.Server) {
	t.Helper()
	var servers []*uptime.Server
	var policies []*uptime.Policy
	for i := range tenants {
		tenant := uptime.TenantID(fmt.Sprintf("t%d", i))
		servers = append(servers, server(tenant, fmt.Sprintf("s%d", i), fmt.Sprintf("h%d.platform.example", i)))
		policies = append(policies, &uptime.Policy{Tenant: tenant, Sinks: []uptime.Sink{sink(fmt.Sprintf("k%d", i))}})
	}
	d := newDesk(t, uptime.Policy{Sinks: operator}, servers...)
	d.policies = append(d.policies, policies...)
	d.opt.Operator, d.opt.Tenants = "t", func() int { return tenants + 1 }
	return d, servers
}

// TestSuppression: more than a tenth of the tenants, and at least five.
func TestSuppression(t *testing.T) {
	for _, c := range []struct {
		name            string
		tenants, failed int
		apart           time.Duration
		operator        []uptime.Sink
		suppressed      bool
	}{
		{"five of twenty", 20, 5, 0, []uptime.Sink{sink("operator")}, true},
		{"four of four", 4, 4, 0, []uptime.Sink{sink("operator")}, false},
		{"a tenth of sixty", 59, 6, 0, []uptime.Sink{sink("operator")}, false},
		{"more than a tenth of sixty", 59, 7, 0, []uptime.Sink{sink("operator")}, true},
		{"spread over minutes", 20, 5, time.Minute, []uptime.Sink{sink("operator")}, false},
		{"nobody to tell it to", 20, 8, 0, nil, false},
		{"nobody who may be told", 20, 8, 0, []uptime.Sink{sink("operator", func(s *uptime.Sink) { s.Verified = false })}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, servers := crowd(t, c.tenants, c.operator...)
				d.run()
				for _, s := range servers[:c.failed] {
					d.fails(s, uptime.ConnectRefused)
					d.pass(c.apart)
				}
				d.pass(time.Minute)
				told := 0
				for i := range c.failed {
					told += len(d.told(fmt.Sprintf("k%d", i)))
				}
				if got := told == 0; got != c.suppressed || c.suppressed != (len(d.told("operator")) == 1) {
					t.Errorf("%d tenants were told, the operator %q", told, d.told("operator"))
				}
				d.stop()
			})
		})
	}
}

// TestSuppressionBesideAnOldThread: one that lasts for an hour, and changes just
// now, does not hide that many fail now.
func TestSuppressionBesideAnOldThread(t *testing.T) {
	for range 5 { // maps have no order
		synctest.Test(t, func(t *testing.T) {
			d, servers := crowd(t, 20, sink("operator"))
			d.run()
			for _, s := range servers[10:14] {
				d.fails(s, uptime.ConnectRefused)
				d.pass(10 * time.Minute)
			}
			for _, s := range servers[10:14] {
				d.amend(s, func(in *uptime.Incident) { in.Note = "We look" })
			}
			for _, s := range servers[:8] {
				d.fails(s, uptime.ConnectRefused)
			}
			d.pass(time.Minute)
			d.wants("operator", "opens 8 tenants fail for one reason: the connection is refused")
			d.wants("k0")
			d.stop()
		})
	}
}

// TestClusterOverRestarts: wherever the router is stopped the operator is told
// once, the owners nothing while it lasts, and nothing is left behind.
func TestClusterOverRestarts(t *testing.T) {
	for _, stop := range []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			d, servers := crowd(t, 20, sink("operator"))
			d.run()
			for _, s := range servers[:8] {
				d.fails(s, uptime.ConnectRefused)
			}
			d.pass(stop)
			d.restart()
			d.pass(2 * time.Minute)
			d.wants("operator", "opens 8 tenants fail for one reason: the connection is refused")
			for _, s := range servers[:8] {
				d.works(s)
			}
			d.pass(stop)
			d.restart()
			d.pass(4 * time.Hour)
			for i := range 8 {
				d.wants(fmt.Sprintf("k%d", i))
			}
			if got := d.told("operator"); len(got) != 2 || d.router.Remembers() != 0 {
				t.Errorf("after %s the operator was told %q, and %d things are left behind", stop, got, d.router.Remembers())
			}
			d.stop()
		})
	}
}
