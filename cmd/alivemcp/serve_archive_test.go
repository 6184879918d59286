package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestKilledWhileArchiving leaves a monitor with a day and more of verdicts that
// are sealed and not archived, kills it again and again while it catches up, and
// compares every minute of the archive in the end with what was sealed.
func TestKilledWhileArchiving(t *testing.T) {
	t.Parallel()
	rounds, span := 20, 27*time.Hour
	if testing.Short() {
		rounds, span = 4, 3*time.Hour
	}
	s := newSite(t, "", "slug: a, url: \"http://127.0.0.1:1/mcp\", paused: true", "slug: b, url: \"http://127.0.0.1:1/mcp\", paused: true",
		"slug: c, url: \"http://127.0.0.1:1/mcp\", paused: true")
	to := uptime.MinuteOf(time.Now()) - 5
	from := to - uptime.Minute(span/time.Minute)
	servers := s.fill(from, to)
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // no secret
	through, went := uptime.Minute(0), 0
	for round := range rounds {
		m := s.launch()
		if round%2 == 0 && through < to {
			m.awaitArchive(through)
			<-time.After(time.Duration(random.Int64N(int64(10 * time.Millisecond))))
		} else {
			<-time.After(50*time.Millisecond + time.Duration(random.Int64N(int64(350*time.Millisecond))))
		}
		m.kill()
		now := s.through()
		if now < through {
			t.Fatalf("round %d: the archive went back from %d to %d", round, through, now)
		}
		if now > through && now < to {
			went++
		}
		through = now
	}
	t.Logf("%d of %d kills fell into the archive's work", went, rounds)
	m := s.start()
	m.await(aWhile, "the archive has everything", func() bool { return s.through() >= to })
	if code := m.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	s.compare(servers, from, to)
}

// awaitArchive returns at once when the archive has come further than that.
func (m *monitor) awaitArchive(than uptime.Minute) {
	m.site.t.Helper()
	rows := m.site.rows()
	defer func() { _ = rows.Close() }()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(aWhile); time.Now().Before(end); <-look.C {
		mark, err := rows.Watermark(m.site.t.Context())
		if err != nil {
			m.site.t.Fatalf("reading the watermark: %v", err)
		}
		if mark.Through > than {
			return
		}
	}
	m.site.t.Fatalf("the archive is still at %d after %s", than, aWhile)
}

// stateAt is what the verdicts of the test say.
func stateAt(num uint32, m uptime.Minute) uptime.State {
	switch (int64(m) + 3*int64(num)) % 11 {
	case 0:
		return uptime.Down
	case 4:
		return uptime.Degraded
	case 7:
		return uptime.Unknown
	}
	return uptime.Live
}

// fill seals verdicts of the past.
func (s *site) fill(from, to uptime.Minute) []uptime.Server {
	s.t.Helper()
	ctx := s.t.Context()
	rows, err := sqlite.Open(ctx, sqlite.Options{Dir: s.dir})
	if err != nil {
		s.t.Fatal(err)
	}
	servers, err := rows.SyncServers(ctx, "default", []uptime.Server{{Slug: "a"}, {Slug: "b"}, {Slug: "c"}})
	if err != nil {
		s.t.Fatal(err)
	}
	seq := uptime.Cursor(0)
	for begin := from; begin <= to; begin += 100 {
		var batch []uptime.Verdict
		for m := begin; m < begin+100 && m <= to; m++ {
			for i := range servers {
				seq++
				batch = append(batch, verdictOf(&servers[i], m, seq))
			}
		}
		if err := rows.AppendSealed(ctx, batch); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := rows.Close(); err != nil {
		s.t.Fatal(err)
	}
	return servers
}

func verdictOf(srv *uptime.Server, m uptime.Minute, seq uptime.Cursor) uptime.Verdict {
	v := uptime.Verdict{
		Seq: seq, Tenant: srv.Tenant, Server: srv.ID, Cycle: m.Time().Add(srv.Phase()), Every: time.Minute,
		State: stateAt(srv.Num, m), Expected: 1, SealedAt: m.Time().Add(srv.Phase() + time.Second),
	}
	v.Reports = []uptime.Report{{
		Tenant: v.Tenant, Server: v.Server, Region: "local", Cycle: v.Cycle, State: v.State, Attempts: 1, Started: v.Cycle,
	}}
	if v.State == uptime.Down {
		v.Failure = &uptime.Failure{Cause: uptime.ConnectRefused, Effect: uptime.Down}
		v.Reports[0].Failure = v.Failure
	}
	return v
}

// through is how far the archive has come.
func (s *site) through() uptime.Minute {
	s.t.Helper()
	rows := s.rows()
	defer func() { _ = rows.Close() }()
	mark, err := rows.Watermark(s.t.Context())
	if err != nil {
		s.t.Fatalf("reading the watermark: %v", err)
	}
	return mark.Through
}

// compare checks each minute of the archive.
func (s *site) compare(servers []uptime.Server, from, to uptime.Minute) {
	s.t.Helper()
	ctx := context.WithoutCancel(s.t.Context())
	rows := s.rows()
	defer func() { _ = rows.Close() }()
	if err := rows.Check(ctx); err != nil {
		s.t.Error(err)
	}
	past := archive.New(archive.Options{Rows: rows, Records: rows})
	if err := past.Open(ctx); err != nil {
		s.t.Fatalf("opening the archive: %v", err)
	}
	for i := range servers {
		srv := &servers[i]
		cells, err := past.History().Minutes(ctx, srv.Tenant, srv.ID, from, to+1)
		if err != nil {
			s.t.Fatal(err)
		}
		wrong := ""
		for k, cell := range cells {
			m := from + uptime.Minute(k)
			if want := stateAt(srv.Num, m); cell.State != want && wrong == "" {
				wrong = fmt.Sprintf("minute %s is %s, want %s", m.Time(), cell.State, want)
			}
		}
		if wrong != "" {
			s.t.Errorf("%s: %s", srv.Slug, wrong)
		}
		s.checkDays(past, srv, from, to)
	}
}

// checkDays checks the figures of the closed days against the minutes.
func (s *site) checkDays(past *archive.Archiver, srv *uptime.Server, from, to uptime.Minute) {
	s.t.Helper()
	days, err := past.History().Days(context.WithoutCancel(s.t.Context()), srv.Tenant, srv.ID, from.Day(), to.Day()-1)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, day := range days {
		want := 0
		for m := max(from, day.Day.First()); m < (day.Day + 1).First(); m++ {
			if stateAt(srv.Num, m) == uptime.Down {
				want++
			}
		}
		if day.Down != want {
			s.t.Errorf("%s: %s counts %d minutes down, want %d", srv.Slug, day.Day, day.Down, want)
		}
	}
}
