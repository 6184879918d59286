package board_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// run starts a board in a bubble and waits until it is ready.
func run(t *testing.T, w *world, change ...func(*board.Options)) *board.Board {
	t.Helper()
	o := w.options()
	for _, c := range change {
		c(&o)
	}
	b := board.New(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the board ended with %v", err)
		}
	})
	<-b.Ready()
	return b
}

// wait lets the bubble's time pass.
func wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func row(t *testing.T, b *board.Board, slug string) *board.Row {
	t.Helper()
	r, ok := b.Row(tenant, slug)
	if !ok {
		t.Fatalf("no row %s", slug)
	}
	return r
}

func TestFollowsTheFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := server("a")
		w := newWorld(a)
		b := run(t, w)
		if got := board.Headline(row(t, b, "a"), time.Now()); got != "Waiting for the first check — it runs every minute from 2 cities." {
			t.Errorf("before the first verdict: %s", got)
		}
		start := time.Now()
		w.seal(verdict(a, start, uptime.Live))
		wait(time.Second)
		before := row(t, b, "a")
		if before.State != uptime.Live || before.Tools != 3 || before.Transport != uptime.StreamableHTTP {
			t.Errorf("after a live verdict: %+v", before)
		}
		wait(time.Minute)
		w.seal(verdict(a, start.Add(time.Minute), uptime.Down))
		wait(time.Second)
		r := row(t, b, "a")
		if r.State != uptime.Down || !r.Since.Equal(start.Add(61*time.Second)) {
			t.Errorf("down since %v: %v", r.Since, r.State)
		}
		if r.Tools != 3 || r.Access != uptime.AccessOpen {
			t.Errorf("what a failed probe cannot tell was forgotten: %+v", r)
		}
		want := []board.CityCell{{Region: "ap", City: "Tokyo", State: uptime.Down}, {Region: "eu", City: "London", State: uptime.Down}}
		if diff := cmp.Diff(want, r.Cells); diff != "" {
			t.Error(diff)
		}
		if before.State != uptime.Live || before == r {
			t.Error("a row that was handed out changed")
		}
	})
}

func TestOldVerdictIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := server("a")
		w := newWorld(a)
		b := run(t, w)
		start := time.Now()
		w.seal(verdict(a, start, uptime.Live))
		wait(184 * time.Second)
		if r := row(t, b, "a"); r.State != uptime.Live {
			t.Errorf("it does not stand after %v: %s", time.Since(start), r.Stale)
		}
		wait(3 * time.Second)
		r := row(t, b, "a")
		if r.State != uptime.Unknown || r.Stale == "" || !r.Since.Equal(start.Add(time.Minute)) {
			t.Errorf("it stands after %v: %v %q since %v", time.Since(start), r.State, r.Stale, r.Since)
		}
		if h := b.Health(); h.Behind < time.Minute || h.Trouble == "" {
			t.Errorf("nobody says that the monitor is behind: %+v", h)
		}
		w.seal(verdict(a, time.Now(), uptime.Degraded))
		wait(2 * time.Second)
		if r := row(t, b, "a"); r.State != uptime.Degraded || r.Stale != "" {
			t.Errorf("a new verdict does not stand: %+v", r)
		}
		if h := b.Health(); h.Trouble != "" {
			t.Errorf("still in trouble: %+v", h)
		}
	})
}

func TestRestoresWhatWasKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down, slow, fresh := server("down"), server("slow"), server("fresh")
		w := newWorld(down, fresh, slow)
		wait(time.Hour)
		now := time.Now()
		opened := now.Add(-20 * time.Minute)
		w.incidents = []uptime.Incident{{ID: "inc", Tenant: tenant, Server: down.ID, Opened: opened}}
		w.minutes = []uptime.MinuteCell{{State: uptime.Live}, {State: uptime.Degraded}, {State: uptime.Degraded}, {}, {}}
		w.seal(verdict(down, now.Add(-time.Minute), uptime.Down), verdict(slow, now.Add(-time.Minute), uptime.Degraded))
		b := run(t, w)
		r := row(t, b, "down")
		if !r.Since.Equal(opened) || !r.DownLong || r.Incident == nil || r.Incident.ID != "inc" {
			t.Errorf("down since %v, %+v", r.Since, r.Incident)
		}
		if r := row(t, b, "slow"); !r.Since.Equal(uptime.MinuteOf(now).Time().Add(-3 * time.Minute)) {
			t.Errorf("slow since %v, now %v", r.Since, now)
		}
		if p := b.List(tenant, board.Query{}); p.Totals.Down != 1 || p.Totals.Incidents != 1 || p.Totals.Unknown != 1 {
			t.Errorf("totals %+v", p.Totals)
		}
		// The verdicts from before are not read twice, later ones are not missed.
		w.seal(verdict(fresh, now, uptime.Live))
		wait(time.Second)
		if r := row(t, b, "fresh"); r.State != uptime.Live {
			t.Errorf("fresh is %v", r.State)
		}
	})
}

func TestReadsRecordsWhenTouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := server("a")
		w := newWorld(a)
		b := run(t, w)
		w.seal(verdict(a, time.Now(), uptime.Live))
		wait(5 * time.Second)
		drift := func(id uptime.DriftID, class uptime.DriftClass) uptime.Drift {
			return uptime.Drift{ID: id, Tenant: tenant, Server: a.ID, Class: class, Detected: time.Now()}
		}
		w.change(func() {
			w.drifts = []uptime.Drift{drift("bad", uptime.DriftBreaking), drift("new", uptime.DriftWording)}
		})
		b.Touch(tenant, a.ID)
		b.Touch(tenant, "nobody")
		wait(time.Second)
		r := row(t, b, "a")
		if r.Drift == nil || r.Drift.ID != "new" || r.OpenDrift == nil || r.OpenDrift.ID != "bad" || !r.Drift24h {
			t.Errorf("newest %+v, worst open %+v", r.Drift, r.OpenDrift)
		}
		wait(24 * time.Hour)
		if r := row(t, b, "a"); r.Drift24h {
			t.Error("a drift of yesterday counts as one of today")
		}
		w.change(func() { w.asked = 0 })
		wait(time.Hour)
		w.change(func() {
			if w.asked > 0 {
				t.Errorf("%d questions in a quiet hour", w.asked)
			}
		})
	})
}

// TestGoesOnBehindAGap: the newest verdict of every server that is monitored can
// be older than what the feed keeps, when those that were judged since are gone.
func TestGoesOnBehindAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, other := server("a"), server("other")
		w := newWorld(a)
		for range 50 {
			w.seal(verdict(other, time.Now(), uptime.Live))
		}
		w.gone = 50
		b := run(t, w)
		w.seal(verdict(a, time.Now(), uptime.Live))
		wait(time.Second)
		if r := row(t, b, "a"); r.State != uptime.Live {
			t.Errorf("the board stands still at a gap: %s", r.State)
		}
	})
}

func TestStoreThatFailsLeavesOldRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := server("a")
		w := newWorld(a)
		w.incidents = []uptime.Incident{{ID: "inc", Tenant: tenant, Server: a.ID, Opened: time.Now()}}
		b := run(t, w)
		w.change(func() { w.broken = errors.New("disk on fire") })
		w.seal(verdict(a, time.Now(), uptime.Down))
		wait(time.Second)
		if r := row(t, b, "a"); r.State != uptime.Down || r.Incident == nil {
			t.Errorf("row %+v", r)
		}
		w.change(func() { w.broken, w.incidents = nil, nil })
		w.seal(verdict(a, time.Now(), uptime.Live))
		wait(time.Second)
		if r := row(t, b, "a"); r.Incident != nil {
			t.Error("the incident was not read again")
		}
	})
}

func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, gone := server("a"), server("gone")
		w := newWorld(a, gone)
		b := run(t, w)
		w.seal(verdict(a, time.Now(), uptime.Live))
		wait(time.Second)
		_, next, _ := b.Updates(0)
		renamed := server("a", func(s *uptime.Server) { s.Name = "Anna" })
		window := uptime.Window{ID: "w", Tenant: tenant, Name: "Paint", From: time.Now().Add(time.Minute), To: time.Now().Add(2 * time.Minute)}
		w.replan([]*uptime.Server{renamed, server("b"), server("secret", func(s *uptime.Server) { s.Hidden = true })}, window)
		wait(2 * time.Second)
		if r := row(t, b, "a"); r.Name != "Anna" || r.State != uptime.Live {
			t.Errorf("a is %q, %v", r.Name, r.State)
		}
		for _, slug := range []string{"gone", "secret"} {
			if _, ok := b.Row(tenant, slug); ok {
				t.Errorf("%s is shown", slug)
			}
		}
		if _, _, resync := b.Updates(next); !resync {
			t.Error("readers are not told to start anew")
		}
		if got := b.Windows(tenant, renamed.ID); len(got) != 1 || got[0].ID != "w" {
			t.Errorf("planned: %v", got)
		}
		wait(time.Minute)
		if r := row(t, b, "a"); r.Window == nil || r.Window.Name != "Paint" {
			t.Errorf("window %v", r.Window)
		}
		wait(time.Minute)
		if r := row(t, b, "a"); r.Window != nil {
			t.Error("the window does not end")
		}
	})
}

func TestHiddenServersHaveNoRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, secret := server("a"), server("secret", func(s *uptime.Server) { s.Hidden = true })
		w := newWorld(a, secret)
		for i := range 70 {
			at := time.Now().Add(time.Duration(i) * time.Minute)
			w.incidents = append(w.incidents, uptime.Incident{ID: uptime.NewIncidentID(tenant, secret.ID, at), Tenant: tenant, Server: secret.ID, Opened: at})
			w.drifts = append(w.drifts, uptime.Drift{ID: uptime.NewDriftID(tenant, secret.ID, "x", "y", at), Tenant: tenant, Server: secret.ID, Detected: at})
		}
		w.incidents[0].Server, w.drifts[0].Server = a.ID, a.ID
		b := run(t, w)
		incidents, err := b.Incidents(t.Context(), tenant, uptime.IncidentQuery{Limit: 10})
		if err != nil || len(incidents) != 1 || incidents[0].ID != w.incidents[0].ID {
			t.Errorf("incidents %v, %v", incidents, err)
		}
		drifts, err := b.Drifts(t.Context(), tenant, uptime.DriftQuery{Limit: 10})
		if err != nil || len(drifts) != 1 || drifts[0].ID != w.drifts[0].ID {
			t.Errorf("drifts %v, %v", drifts, err)
		}
		if _, err := b.Incident(t.Context(), tenant, w.incidents[1].ID); !errors.Is(err, uptime.ErrNotFound) {
			t.Errorf("the hidden server's incident: %v", err)
		}
		if _, err := b.Drift(t.Context(), tenant, w.drifts[1].ID); !errors.Is(err, uptime.ErrNotFound) {
			t.Errorf("the hidden server's drift: %v", err)
		}
		if _, err := b.Minutes(t.Context(), tenant, secret.ID, 0, 1); !errors.Is(err, uptime.ErrNotFound) {
			t.Errorf("the hidden server's minutes: %v", err)
		}
		all := run(t, w, func(o *board.Options) { o.Hidden = true })
		if _, ok := all.Row(tenant, "secret"); !ok {
			t.Error("the operator does not see it either")
		}
	})
}

func TestSecretsOfURLsAreNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(server("a", func(s *uptime.Server) { s.URL = "https://me:pw@a.example/mcp?key=s3cret#x" }))
		b := run(t, w)
		if got := row(t, b, "a").URL; got != "https://a.example/mcp" {
			t.Errorf("shown: %s", got)
		}
		for _, text := range []string{"s3cret", "pw@"} {
			if p := b.List(tenant, board.Query{Text: text}); p.Found > 0 {
				t.Errorf("a search finds %q", text)
			}
		}
	})
}

func TestPlanned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		w := newWorld()
		servers := []*uptime.Server{server("a"), server("secret", func(s *uptime.Server) { s.Hidden = true })}
		window := func(id string, from time.Duration, slugs ...string) uptime.Window {
			return uptime.Window{ID: id, Tenant: tenant, From: now.Add(from), To: now.Add(from + time.Hour), Servers: slugs}
		}
		w.replan(servers, window("both", 2*time.Hour, "a", "secret"), window("all", time.Hour),
			window("hidden", time.Hour, "secret"), window("over", -2*time.Hour))
		got := run(t, w).Planned(tenant)
		if len(got) != 2 || got[0].ID != "all" || got[1].ID != "both" || len(got[1].Servers) != 1 {
			t.Errorf("planned: %+v", got)
		}
	})
}

func TestPausedIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := server("a", func(s *uptime.Server) { s.Paused = true })
		w := newWorld(a)
		w.seal(verdict(a, time.Now(), uptime.Down))
		b := run(t, w)
		wait(time.Hour)
		if r := row(t, b, "a"); r.State != uptime.Unknown || r.DownLong {
			t.Errorf("a paused server is %v", r.State)
		}
		if h := b.Health(); h.Behind != 0 {
			t.Errorf("it is missed: %+v", h)
		}
	})
}

func TestView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait(90 * 24 * time.Hour)
		now := time.Now()
		a := server("a", func(s *uptime.Server) { s.Objective = &uptime.Objective{Percent: 99.9} })
		w := newWorld(a)
		today := uptime.DayOf(now)
		w.days = []uptime.DayStat{
			{Day: today - 12, Counts: uptime.Counts{Live: 1440}, Regions: []uptime.RegionDay{{Region: "eu", Counts: uptime.Counts{Live: 1439, Down: 1}}, {Region: "old"}}},
			{Day: today, Demo: true},
		}
		w.minutes = []uptime.MinuteCell{
			{State: uptime.Live, Maintenance: true},
			{State: uptime.Live, Regions: []uptime.RegionState{{Region: "eu", State: uptime.Live}, {Region: "ap", State: uptime.Down}}},
		}
		w.contracts["sha256:a"] = uptime.Contract{Hash: "sha256:a", Tools: 3, Snapshot: []byte("{}")}
		w.cells = []uptime.Cell{{Region: "eu", Attempts: []uptime.Result{{Version: "first"}, {Version: "last"}}}}
		w.seal(verdict(a, now, uptime.Live, func(v *uptime.Verdict) { v.Reports[1].TLSNotAfter = now.Add(61*24*time.Hour + time.Hour) }))
		b := run(t, w)
		v, err := b.View(t.Context(), tenant, "a")
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Minutes) != 1440 || v.From != uptime.MinuteOf(now)-1439 || len(v.Days) != 90 {
			t.Errorf("%d minutes from %d, %d days", len(v.Minutes), v.From, len(v.Days))
		}
		if v.Contract == nil || v.Contract.Tools != 3 || v.Contract.Snapshot != nil {
			t.Errorf("contract %+v", v.Contract)
		}
		if v.CertificateDays == nil || *v.CertificateDays != 61 {
			t.Errorf("certificate %v", v.CertificateDays)
		}
		if !v.Demo || v.Budget == nil || !v.ToolsSince.Equal((today - 12).Time()) || len(v.Spark) != 24 {
			t.Errorf("demo %v, budget %v, tools since %v, %d points", v.Demo, v.Budget, v.ToolsSince, len(v.Spark))
		}
		eu := v.Regions[1]
		if eu.City != "London" || eu.Look == nil || eu.Look.Version != "last" || eu.Report == nil || eu.Report.Region != "eu" {
			t.Errorf("London: %+v", eu)
		}
		if want := (uptime.Counts{Live: 1, Maintenance: 1, Unknown: 1438}); eu.H24 != want || v.Regions[0].H24.Down != 1 {
			t.Errorf("24 h: %+v, %+v", eu.H24, v.Regions[0].H24)
		}
		if want := (uptime.Counts{Live: 1439, Down: 1}); len(eu.Days) != 90 || eu.Days[77] != want {
			t.Errorf("days: %+v", eu.Days)
		}
		if _, err := b.View(t.Context(), tenant, "nobody"); !errors.Is(err, uptime.ErrNotFound) {
			t.Errorf("unknown slug: %v", err)
		}
		if _, err := b.View(t.Context(), "other", "a"); !errors.Is(err, uptime.ErrNotFound) {
			t.Errorf("other tenant: %v", err)
		}
	})
}

// The days of a server are many: a verdict does not read them again, a new day
// does.
func TestDaysAreReadOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := server("a")
		w := newWorld(a)
		today := uptime.DayOf(time.Now())
		w.days = []uptime.DayStat{{Day: today - 3, Counts: uptime.Counts{Live: 1440}, Demo: true}}
		b := run(t, w)
		asked := func() (n int) {
			w.change(func() { n = w.daysAsked })
			return n
		}
		for range 5 {
			w.seal(verdict(a, time.Now(), uptime.Live))
			wait(time.Minute)
		}
		r := row(t, b, "a")
		if n := asked(); n != 1 || !r.Demo || !r.ToolsSince.Equal((today - 3).Time()) {
			t.Errorf("days asked for %d times; demo %t, tools since %s", n, r.Demo, r.ToolsSince)
		}
		w.change(func() { w.days = []uptime.DayStat{{Day: today - 2, Counts: uptime.Counts{Live: 1440}}} })
		wait(24 * time.Hour)
		w.seal(verdict(a, time.Now(), uptime.Live))
		wait(time.Second)
		r = row(t, b, "a")
		if n := asked(); n != 2 || r.Demo || !r.ToolsSince.Equal((today - 2).Time()) {
			t.Errorf("a day later, asked for %d times; demo %t, tools since %s", n, r.Demo, r.ToolsSince)
		}
	})
}
