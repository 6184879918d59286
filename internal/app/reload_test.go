package app_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func (r *rig) reload(m *app.Monitor, f *config.File) (later []string) {
	r.t.Helper()
	later, err := m.Reload(r.t.Context(), f)
	if err != nil {
		r.t.Fatal(err)
	}
	return later
}

// TestReload changes what is monitored under a running monitor.
func TestReload(t *testing.T) {
	t.Parallel()
	s, r := newStage(t), newRig(t)
	well := s.door("weather")
	const dead, gone = "slug: dead, url: \"http://127.0.0.1:1/mcp\"", "slug: gone, url: \"http://127.0.0.1:1/mcp\""
	m := r.start(r.file("", server("well", well), dead, gone))
	for slug, want := range map[string]string{"well": "live", "dead": "down", "gone": "down"} {
		r.awaitState(slug, want)
	}
	r.await(aCycle, "its incident is open", func() bool { return len(r.incidents(m, "gone")) == 1 })
	before := r.server("gone")

	// A region that is not there yet must not weaken what the others say.
	two := "regions: [{id: local}, {id: new, city: Oslo}]"
	later := r.reload(m, r.file(two, server("well", well), dead))
	if !slices.Contains(later, "regions") {
		t.Errorf("what needs a restart is %v, want regions among it", later)
	}
	asked := time.Now()
	r.await(aCycle, "it is judged under the new plan", func() bool { return r.newest("dead").Cycle.After(asked) })
	if v := r.newest("dead"); v.State.String() != "down" || v.Expected != 1 || v.SealedAt.Sub(v.Cycle) > aCycle {
		t.Errorf("the verdict is %s of %d regions after %s, want down of 1 as before", v.State, v.Expected, v.SealedAt.Sub(v.Cycle))
	}

	// A server that is gone has no page, and nothing about it stays open.
	r.await(aCycle, "its page is gone", func() bool { status, _ := r.get("/status/gone"); return status == http.StatusNotFound })
	r.await(aCycle, "its incident closes", func() bool {
		rows := r.stored()
		open, err := rows.Incidents(t.Context(), app.DefaultTenant, openOf(before.ID))
		return err == nil && len(open) == 0
	})

	// The same slug is the same server again, also hidden.
	r.reload(m, r.file("", server("well", well), dead, gone+", hidden: true"))
	if now := r.server("gone"); now.ID != before.ID || now.Num != before.Num {
		t.Errorf("it came back as %s, %d, was %s, %d", now.ID, now.Num, before.ID, before.Num)
	}
	r.await(aCycle, "it fails again", func() bool { return len(r.incidents(m, "gone")) == 2 })
	if status, _ := r.get("/status/gone"); status != http.StatusNotFound {
		t.Errorf("a hidden server has a page: %d", status)
	}
}

func openOf(id uptime.ServerID) uptime.IncidentQuery {
	return uptime.IncidentQuery{Server: id, Open: true, Limit: 10}
}
