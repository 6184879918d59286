package archive_test

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// BenchmarkArchive archives one minute of 100,000 servers, rows in memory.
func BenchmarkArchive(b *testing.B) {
	const servers = 100_000
	at := time.Now().Truncate(time.Minute).Add(-10 * time.Minute)
	r := rand.New(rand.NewPCG(1, 2))
	verdicts := make([]uptime.Verdict, servers)
	for i := range verdicts {
		verdicts[i] = live(i, at)
		verdicts[i].Latency = time.Duration(100e6 * (1 + r.Float64()))
		for _, region := range []string{"ap-south", "eu-west", "us-east"} {
			verdicts[i].Reports = append(verdicts[i].Reports, uptime.Report{Region: region, State: uptime.Live})
		}
	}
	f := newFeed(verdicts)
	for b.Loop() {
		a := newArchiver(f, newStore(servers))
		tick(b, a)
		if s := a.Stats(); s.Held != 0 || s.Nameless != 0 {
			b.Fatalf("%+v", s)
		}
	}
}

func tick(b *testing.B, a *archive.Archiver) {
	b.Helper()
	if err := a.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := a.Tick(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCloseDay closes a day of 200 servers, rows in memory.
func BenchmarkCloseDay(b *testing.B) {
	const servers = 200
	day := uptime.DayOf(time.Now()) - 1
	st := newStore(servers)
	r := rand.New(rand.NewPCG(1, 2))
	minutes := make([][]uptime.MinuteCell, servers)
	for i := range minutes {
		minutes[i] = realistic(r)
	}
	for m := range uptime.MinutesPerDay {
		entries := make([]archive.Entry, servers)
		for i := range entries {
			entries[i] = archive.Entry{Num: uint32(10*i + 1), Cell: minutes[i][m]}
		}
		st.segments[day.First()+uptime.Minute(m)] = archive.PackSegment(entries)
	}
	st.mark.Through = (day + 1).First() - 1
	all := st.segments
	for b.Loop() {
		b.StopTimer()
		st.segments = maps.Clone(all)
		clear(st.days)
		b.StartTimer()
		tick(b, newArchiver(newFeed(nil), st))
		if len(st.days) != servers {
			b.Fatalf("%d days", len(st.days))
		}
	}
}

// BenchmarkHistory asks about a server with 90 days.
func BenchmarkHistory(b *testing.B) {
	st := newStore(1)
	a := newArchiver(newFeed(nil), st)
	if err := a.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	today := uptime.DayOf(time.Now())
	r := rand.New(rand.NewPCG(1, 2))
	for day := today - 90; day < today; day++ {
		if err := a.Import(b.Context(), day, alone(serverID(0), realistic(r)), true); err != nil {
			b.Fatal(err)
		}
	}
	h, ctx := a.History(), b.Context()
	for name, ask := range map[string]func() error{
		"Summary": func() error { h.Summary(tenant, serverID(0)); return nil },
		"Budget": func() error {
			h.Budget(tenant, serverID(0), uptime.Objective{Percent: 99.9})
			return nil
		},
		"Days90": func() error { _, err := h.Days(ctx, tenant, serverID(0), today-89, today); return err },
		"Minutes24h": func() error {
			_, err := h.Minutes(ctx, tenant, serverID(0), today.First()-720, today.First()+720)
			return err
		},
		"Minutes30d": func() error {
			_, err := h.Minutes(ctx, tenant, serverID(0), today.First()-43200, today.First())
			return err
		},
		"Latency7d": func() error {
			_, err := h.Latency(ctx, tenant, serverID(0), (today - 7).Time(), today.Time(), time.Hour)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := ask(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkImport stores a realistic day, rows in memory.
func BenchmarkImport(b *testing.B) {
	st := newStore(1)
	a := newArchiver(newFeed(nil), st)
	if err := a.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	cells := realistic(rand.New(rand.NewPCG(1, 2)))
	first := uptime.DayOf(time.Now()) - 90
	for i := 0; b.Loop(); i++ {
		if err := a.Import(b.Context(), first+uptime.Day(i%90), alone(serverID(0), cells), true); err != nil {
			b.Fatal(err)
		}
	}
}
