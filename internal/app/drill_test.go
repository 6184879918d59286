package app_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/drill"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// runDrill runs a drill. A busy machine may be slow: what is tested is who is
// told, not how fast.
func runDrill(t *testing.T, kind drill.Kind, tamper drill.Tampering) *drill.Report {
	t.Helper()
	if testing.Short() {
		t.Skip("a drill takes most of a minute")
	}
	t.Parallel()
	scene, err := drill.SceneOf(kind, app.DefaultTenant)
	if err != nil {
		t.Fatal(err)
	}
	opt := drill.Options{Scene: scene, Version: "test", Tamper: tamper, Progress: func(text string) { t.Log(text) }}
	if tamper == drill.Honest {
		opt.Slack = aCycle
	}
	r, err := app.Drill(t.Context(), app.DrillOptions{Options: opt})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func passes(t *testing.T, kind drill.Kind, notices int) {
	r := runDrill(t, kind, drill.Honest)
	if !r.Passed || len(r.Arrivals) < notices {
		var b bytes.Buffer
		_ = r.Text(&b) // a buffer takes everything
		t.Errorf("the drill failed with %d notices, want %d\n%s", len(r.Arrivals), notices, b.Bytes())
	}
}

func TestDrillSingle(t *testing.T)  { passes(t, drill.Single, 4) }
func TestDrillCluster(t *testing.T) { passes(t, drill.Cluster, 2) }
func TestDrillBudget(t *testing.T)  { passes(t, drill.Budget, 8) }

// A drill that cannot fail proves nothing.
func TestDrillNoticesWhatGetsLost(t *testing.T) { fails(t, drill.Drop, "did not arrive") }
func TestDrillNoticesWhatComesTwice(t *testing.T) {
	fails(t, drill.Double, "alert.triggered P1 at shop/pager about cart (inc_")
}
func TestDrillNoticesWhatIsNotAccepted(t *testing.T) { fails(t, drill.Refuse, "did not arrive") }

func fails(t *testing.T, tamper drill.Tampering, problem string) {
	r := runDrill(t, drill.Single, tamper)
	found := false
	for _, s := range r.Steps {
		for _, c := range s.Checks {
			found = found || strings.Contains(c.Problem, problem)
		}
	}
	if r.Passed || !found {
		t.Errorf("the drill passed: %t; want a problem with %q in %+v", r.Passed, problem, r.Steps)
	}
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
