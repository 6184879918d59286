package boardtest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func now() time.Time { return time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC) }

func TestTheStoryIsTheSameEachTime(t *testing.T) {
	a, b := boardtest.New(now()), boardtest.New(now())
	q := board.Query{Limit: 100}
	if diff := cmp.Diff(a.List(boardtest.Tenant, q), b.List(boardtest.Tenant, q)); diff != "" {
		t.Error(diff)
	}
}

func TestEveryServerHasAView(t *testing.T) {
	b := boardtest.New(now())
	rows := b.List(boardtest.Tenant, board.Query{Limit: 100}).Rows
	if len(rows) < 14 {
		t.Fatalf("%d servers", len(rows))
	}
	for _, row := range rows {
		v, err := b.View(t.Context(), boardtest.Tenant, row.Slug)
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Minutes) != 1440 || len(v.Days) != 90 || len(v.Regions) == 0 || len(v.Spark) != 24 {
			t.Errorf("%s: %d minutes, %d days, %d regions, %d hours", row.Slug, len(v.Minutes), len(v.Days), len(v.Regions), len(v.Spark))
		}
		checkDays(t, &v)
		if row.State == uptime.Down && (row.Incident == nil || !row.DownLong) {
			t.Errorf("%s is down without an incident", row.Slug)
		}
	}
}

func checkDays(t *testing.T, row *board.View) {
	t.Helper()
	for _, d := range row.Days {
		want := uptime.MinutesPerDay
		if d.Day == uptime.DayOf(now()) {
			want = uptime.MinuteOf(now()).OfDay()
		}
		if d.Total() != want || d.Live < 0 || d.Unknown < 0 {
			t.Errorf("%s, %s: %d minutes: %+v", row.Slug, d.Day, d.Total(), d.Counts)
		}
	}
}

func TestRecordsCanBeOpened(t *testing.T) {
	b := boardtest.New(now())
	incidents, err := b.Incidents(t.Context(), boardtest.Tenant, uptime.IncidentQuery{})
	if err != nil || len(incidents) < 10 {
		t.Fatalf("%d incidents, %v", len(incidents), err)
	}
	for _, in := range incidents {
		v, err := b.Incident(t.Context(), boardtest.Tenant, in.ID)
		if err != nil || len(v.Events) == 0 || len(v.Evidence) == 0 || len(v.Evidence[0].Result.Transcript) == 0 {
			t.Errorf("%s: %d events, %d pieces of evidence, %v", in.ID, len(v.Events), len(v.Evidence), err)
		}
	}
	drifts, err := b.Drifts(t.Context(), boardtest.Tenant, uptime.DriftQuery{})
	if err != nil || len(drifts) != 2 {
		t.Fatalf("%d drifts, %v", len(drifts), err)
	}
	for _, d := range drifts {
		v, err := b.Drift(t.Context(), boardtest.Tenant, d.ID)
		if err != nil || len(v.Before.Snapshot) == 0 || v.Before.Hash == v.After.Hash {
			t.Errorf("%s: %v", d.ID, err)
		}
		if _, err := b.Contract(t.Context(), boardtest.Tenant, d.To); err != nil {
			t.Error(err)
		}
	}
	if _, err := b.Incident(t.Context(), "someone-else", incidents[0].ID); !errors.Is(err, uptime.ErrNotFound) {
		t.Errorf("another tenant's incident: %v", err)
	}
}

func TestPushTellsThoseWhoWait(t *testing.T) {
	b := boardtest.New(now())
	row, _ := b.Row(boardtest.Tenant, "weather")
	fresh := *row
	told := make(chan error, 1)
	go func() { told <- b.Wait(t.Context(), 0) }()
	b.Push(&fresh)
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	changed, next, resync := b.Updates(0)
	if len(changed) != 1 || changed[0] != &fresh || next != 1 || resync {
		t.Errorf("%d changed, next %d, resync %v", len(changed), next, resync)
	}
	for range 100 {
		b.Push(&fresh)
	}
	if _, next, resync = b.Updates(0); !resync || next != 101 {
		t.Errorf("after 100 more: next %d, resync %v", next, resync)
	}
}

func TestManyIsAsManyAsAsked(t *testing.T) {
	page := boardtest.Many(1234, now()).List(boardtest.Tenant, board.Query{})
	if page.Found != 1234 || len(page.Rows) != 50 {
		t.Errorf("found %d, shown %d", page.Found, len(page.Rows))
	}
}
