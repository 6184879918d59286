package app_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/drill"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestDrills runs drills of all kinds, and such whose receivers do wrong: a drill
// that cannot fail proves nothing. They wait most of the time, so all run at once.
func TestDrills(t *testing.T) {
	if testing.Short() {
		t.Skip("a drill takes most of a minute")
	}
	t.Parallel()
	const lost, twice = "alert.triggered P1 at shop/pager about cart: it did not arrive", "nothing else arrived at any sink in"
	var group sync.WaitGroup
	for _, tc := range []struct {
		kind    drill.Kind
		tamper  drill.Tampering
		notices int
		problem string // empty when it has to pass
	}{
		{drill.Single, drill.Honest, 6, ""},
		{drill.Cluster, drill.Honest, 2, ""},
		{drill.Budget, drill.Honest, 8, ""},
		{drill.Single, drill.Drop, 0, lost},
		{drill.Single, drill.Refuse, 0, lost},
		{drill.Single, drill.Double, 12, twice},
	} {
		group.Go(func() {
			r := runDrill(t, tc.kind, tc.tamper)
			if r == nil {
				return
			}
			if problems := problemsOf(r); len(r.Arrivals) < tc.notices || r.Passed != (tc.problem == "") || !strings.Contains(problems, tc.problem) {
				var b bytes.Buffer
				_ = r.Text(&b) // a buffer takes everything
				t.Errorf("%s, tampered %q: want %d notices and the problem %q, got\n%s", tc.kind, tc.tamper, tc.notices, tc.problem, b.Bytes())
			}
		})
	}
	group.Wait()
}

// runDrill runs a drill; nil when it cannot be done. A busy machine may be slow:
// what is tested is who is told, not how fast.
func runDrill(t *testing.T, kind drill.Kind, tamper drill.Tampering) *drill.Report {
	t.Helper()
	scene, err := drill.SceneOf(kind, app.DefaultTenant)
	if err != nil {
		t.Error(err)
		return nil
	}
	opt := drill.Options{Scene: scene, Version: "test", Tamper: tamper}
	if tamper == drill.Honest {
		opt.Slack = aCycle
	}
	r, err := app.Drill(t.Context(), app.DrillOptions{Options: opt})
	if err != nil {
		t.Errorf("%s, tampered %q: %v", kind, tamper, err)
	}
	return r
}

// problemsOf returns what failed, one a line.
func problemsOf(r *drill.Report) string {
	var b strings.Builder
	for _, s := range r.Steps {
		for _, c := range s.Checks {
			if !c.Passed {
				b.WriteString(c.Text + ": " + c.Problem + "\n")
			}
		}
	}
	return b.String()
}

// TestReloadIsAllOrNothing has a configuration whose sinks cannot be made: its
// servers must not be looked at either.
func TestReloadIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s, r := newStage(t), newRig(t)
	well := s.door("weather")
	const sinks = "sinks: [{name: team, type: webhook, url: \"http://127.0.0.1:1/\", secret: cheese-cheese-cheese-cheese-1, verified: operator}]"
	m := r.start(r.file(sinks, server("well", well)))
	broken := r.file(sinks, server("well", well), server("new", well))
	broken.Sinks[0].Secret = "whsec_dG9vIHNob3J0"
	before := m.Plan().Version
	if _, err := m.Reload(t.Context(), broken); err == nil {
		t.Fatal("a sink with a key that is too short was made")
	}
	if now := m.Plan(); now.Version != before || len(now.Servers) != 1 {
		t.Errorf("plan %d has %d servers, want plan %d with one", now.Version, len(now.Servers), before)
	}
	broken.Sinks[0].Secret = uptime.Secret("whsec_" + strings.Repeat("A", 32))
	if _, err := m.Reload(t.Context(), broken); err != nil {
		t.Fatal(err)
	}
	r.awaitState("new", "live")
}

// TestTenantsAreApart has two tenants with servers and sinks of the same names.
func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	s, r := newStage(t), newRig(t)
	mine, theirs := s.door("weather"), s.door("")
	f := r.file("", server("same", mine))
	m, err := app.OpenMonitor(t.Context(), app.MonitorOptions{
		File: f, Tenants: []app.Tenant{{ID: "other", File: r.file("", server("same", theirs))}}, Version: "test", Log: r.logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.run(m)
	r.awaitState("same", "live")
	r.await(aCycle, "the other tenant has an incident", func() bool {
		list, err := r.stored().Incidents(t.Context(), "other", uptime.IncidentQuery{Open: true, Limit: 10})
		return err == nil && len(list) == 1
	})
	if list, err := r.stored().Incidents(t.Context(), app.DefaultTenant, uptime.IncidentQuery{Limit: 10}); err != nil || len(list) > 0 {
		t.Errorf("the operator has %d incidents of its own server, %v", len(list), err)
	}
	if n := len(m.Plan().Servers); n != 2 {
		t.Errorf("%d servers are looked at, want 2", n)
	}
}
