package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestMonitor follows one monitor through what happens to servers and to itself.
func TestMonitor(t *testing.T) {
	if testing.Short() {
		t.Skip("it lives through a dozen cycles of five seconds")
	}
	t.Parallel()
	s, r := newStage(t), newRig(t)
	shop, well, ill := s.door("product-search-stale"), s.door("weather"), s.door("docs-search")
	f := r.file("", server("shop", shop), server("well", well), server("ill", ill),
		"slug: walled, url: \""+s.lab.URL("billing")+"\"", "slug: dead, url: \"http://127.0.0.1:1/mcp\"")
	m := r.start(f)
	for slug, want := range map[string]string{"shop": "live", "well": "live", "ill": "live", "walled": "live", "dead": "down"} {
		r.awaitState(slug, want)
	}
	r.goesDownAndComesBack(m, "well", well, "weather")
	r.changesItsTools(m, shop)
	ill.turn("")
	r.awaitState("ill", "down")
	r.drains(well)
	r.goesOn(f, ill)
}

// goesDownAndComesBack checks that one incident opens in the first cycle that
// begins after a server fell, and closes with the second good verdict.
func (r *rig) goesDownAndComesBack(m *app.Monitor, slug string, d *door, scenario string) {
	r.t.Helper()
	fell := time.Now()
	d.turn("")
	r.awaitState(slug, "down")
	r.await(aCycle, "the incident is on the page", func() bool { return r.says("/status/"+slug+".md", "inc_") })
	open := r.incidents(m, slug)
	if len(open) != 1 || !open[0].Open() {
		r.t.Fatalf("the incidents are %+v, want one that is open", open)
	}
	// The look of a cycle that began before the fall may have come after it.
	first := r.firstAfter(slug, fell.Add(-every), func(v *uptime.Verdict) bool { return v.State == uptime.Down })
	if late := first.Cycle.Sub(fell); late > every {
		r.t.Errorf("the first red cycle begins %s after the server fell, want at most %s", late, every)
	}
	if !r.says("/feed.atom", string(open[0].ID)) {
		r.t.Error("the feed does not tell of the incident")
	}
	rose := time.Now()
	d.turn(scenario)
	r.await(aCycle, "the incident closes", func() bool { return !r.incidents(m, slug)[0].Open() })
	closed := r.incidents(m, slug)
	if len(closed) != 1 || closed[0].ID != open[0].ID {
		r.t.Errorf("the incidents are %+v, want the one that was open, closed", closed)
	}
	good := func(v *uptime.Verdict) bool { return v.State != uptime.Down && v.State != uptime.Unknown }
	one := r.firstAfter(slug, rose.Add(-every), good)
	two := r.firstAfter(slug, one.Cycle.Add(time.Millisecond), good)
	if !closed[0].Closed.Equal(two.SealedAt) {
		r.t.Errorf("closed at %s, want when the second good verdict was sealed, %s", closed[0].Closed, two.SealedAt)
	}
	r.awaitState(slug, "live")
}

// changesItsTools checks that a change is one drift with both contracts, and that
// it can be accepted.
func (r *rig) changesItsTools(m *app.Monitor, d *door) {
	r.t.Helper()
	d.turn("product-search")
	r.await(aCycle, "the change is a drift", func() bool { return len(r.drifts(m, "shop")) > 0 })
	seen := r.newest("shop")
	r.await(aCycle, "it is seen again", func() bool { return r.newest("shop").Cycle.After(seen.Cycle.Add(2 * every)) })
	found := r.drifts(m, "shop")
	if len(found) != 1 || found[0].Class != uptime.DriftCompatible || !strings.Contains(found[0].Summary, "compare_products") {
		r.t.Fatalf("the drifts are %+v, want one that says that compare_products was added", found)
	}
	for hash, tools := range map[string]int{found[0].From: 2, found[0].To: 3} {
		c, err := m.Store().Contract(r.t.Context(), app.DefaultTenant, hash)
		if err != nil || c.Tools != tools || !strings.Contains(string(c.Snapshot), "get_product") {
			r.t.Errorf("the contract %s is %+v, %v; want %d tools", hash, c, err, tools)
		}
	}
	r.await(aCycle, "the board shows the drift", func() bool { return r.says("/status/shop.md", string(found[0].ID)) })
	if err := m.AcceptDrift(r.t.Context(), app.DefaultTenant, found[0].ID, "mara", "announced"); err != nil {
		r.t.Fatalf("accepting the drift: %v", err)
	}
	if now := r.drifts(m, "shop"); len(now) != 1 || now[0].Open() || now[0].By != "mara" || now[0].Note != "announced" {
		r.t.Errorf("the drifts are %+v, want the one accepted by mara", now)
	}
}

// drains stops the monitor in the middle of a look and checks that the look was
// judged all the same.
func (r *rig) drains(d *door) {
	r.t.Helper()
	select {
	case <-d.asked:
	default:
	}
	d.wait.Store(int64(300 * time.Millisecond))
	<-d.asked
	r.stop()
	last := time.Unix(0, d.last.Load())
	d.wait.Store(0)
	got := r.newest("well")
	if end := got.Cycle.Add(got.Every); got.State != uptime.Live || last.After(end) {
		r.t.Errorf("the newest verdict is %s for the cycle from %s; the server answered last at %s: a look was lost",
			got.State, got.Cycle, last)
	}
}

// goesOn starts the monitor anew and checks that it continues where it was.
func (r *rig) goesOn(f *config.File, ill *door) {
	r.t.Helper()
	rows := r.stored()
	before := r.sealed(rows)
	had := r.incidentsIn(rows, "ill")
	if len(had) != 1 || !had[0].Open() {
		r.t.Fatalf("the incidents before the restart are %+v, want one that is open", had)
	}
	m := r.start(f)
	<-m.BoardReady()
	for slug, want := range map[string]string{"shop": "live", "ill": "down", "dead": "down", "walled": "live"} {
		if got := r.state(slug); got != want {
			r.t.Errorf("right after the restart %s is %q, want %q as before", slug, got, want)
		}
	}
	newest := r.newest("ill").Cycle
	r.await(aCycle, "sealing goes on", func() bool { return r.newest("ill").Cycle.After(newest.Add(every)) })
	if got := r.incidents(m, "ill"); len(got) != 1 || got[0].ID != had[0].ID || !got[0].Open() {
		r.t.Errorf("the incidents after the restart are %+v, want %s to go on", got, had[0].ID)
	}
	if got := r.drifts(m, "shop"); len(got) != 1 || got[0].Open() {
		r.t.Errorf("the drifts after the restart are %+v, want the one accepted", got)
	}
	ill.turn("docs-search")
	r.await(aCycle, "the old incident closes", func() bool { return !r.incidents(m, "ill")[0].Open() })
	r.stop()
	after := r.sealed(r.stored()) // checks that no cycle is doubled
	for id, verdicts := range before {
		for i := range verdicts {
			if got := after[id][i]; got.Seq != verdicts[i].Seq || got.State != verdicts[i].State || !got.SealedAt.Equal(verdicts[i].SealedAt) {
				r.t.Errorf("verdict %d changed after it was sealed", verdicts[i].Seq)
			}
		}
	}
}

func (r *rig) says(path, needle string) bool {
	r.t.Helper()
	_, body := r.get(path)
	return strings.Contains(body, needle)
}

func (r *rig) server(slug string) *uptime.Server {
	r.t.Helper()
	for _, s := range r.made.Plan().Servers {
		if s.Slug == slug {
			return s
		}
	}
	r.t.Fatalf("there is no server %s", slug)
	return nil
}

func (r *rig) incidents(m *app.Monitor, slug string) []uptime.Incident {
	r.t.Helper()
	return r.incidentsIn(m.Store(), slug)
}

func (r *rig) incidentsIn(s *sqlite.Store, slug string) []uptime.Incident {
	r.t.Helper()
	found, err := s.Incidents(r.t.Context(), app.DefaultTenant, uptime.IncidentQuery{Server: r.server(slug).ID, Limit: 100})
	if err != nil {
		r.t.Fatalf("reading the incidents: %v", err)
	}
	return found
}

func (r *rig) drifts(m *app.Monitor, slug string) []uptime.Drift {
	r.t.Helper()
	found, err := m.Store().Drifts(r.t.Context(), app.DefaultTenant, uptime.DriftQuery{Server: r.server(slug).ID, Limit: 100})
	if err != nil {
		r.t.Fatalf("reading the drifts: %v", err)
	}
	return found
}

// newest is the newest verdict of a server in the journal; the zero one before
// the first.
func (r *rig) newest(slug string) (v uptime.Verdict) {
	r.t.Helper()
	all := r.sealed(r.stored())[r.server(slug).ID]
	if len(all) > 0 {
		v = all[len(all)-1]
	}
	return v
}

// firstAfter is the first verdict of a cycle at or after t that is such a one.
func (r *rig) firstAfter(slug string, t time.Time, holds func(*uptime.Verdict) bool) uptime.Verdict {
	r.t.Helper()
	for _, v := range r.sealed(r.stored())[r.server(slug).ID] {
		if !v.Cycle.Before(t) && holds(&v) {
			return v
		}
	}
	r.t.Fatalf("no such verdict of %s after %s", slug, t)
	return uptime.Verdict{}
}
