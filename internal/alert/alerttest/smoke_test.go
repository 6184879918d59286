package alerttest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestSmoke(t *testing.T) {
	dir, known := blank(t, map[uptime.TenantID][]uptime.Server{"acme": {{Slug: "api", URL: "https://api.example.com/mcp"}, {Slug: "web", URL: "https://web.example.com/mcp"}}})
	begin := time.Now()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, dir, known, &uptime.Policy{Tenant: "acme", Sinks: []uptime.Sink{{Tenant: "acme", Name: "chat", Type: "edits", Edits: true, Verified: true}}})
		w.pass(3 * time.Minute)
		w.servers[0].state, w.servers[0].cause, w.servers[0].regions = uptime.Down, uptime.ConnectRefused, []string{"eu", "us"}
		w.pass(3 * time.Minute)
		w.servers[0].state = uptime.Live
		w.pass(3 * time.Hour)
		w.restart(time.Minute)
		w.stop()
		for _, s := range w.services {
			for _, x := range s.taken {
				t.Log(x.notice.Phase, x.notice.Title)
			}
		}
	})
	t.Log(time.Since(begin))
}
