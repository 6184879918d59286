//go:build unix

package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	manyServers = 2000
	manyDays    = 90
)

// fleet makes so many servers.
func fleet(b *testing.B, s *sqlite.Store, n int) []uptime.Server {
	b.Helper()
	slugs := make([]string, n)
	for i := range slugs {
		slugs[i] = fmt.Sprintf("server-%05d", i)
	}
	return synced(b, s, slugs...)
}

// fleetDay is a closed day of a fleet, in sizes as they were measured: 1.5 KB of
// minutes and 150 bytes of digest.
func fleetDay(servers []uptime.Server, day uptime.Day) []uptime.PackedDay {
	minutes, digest := make([]byte, 1500), make([]byte, 150)
	random := rand.New(rand.NewPCG(1, uint64(day)))
	for i := range minutes {
		minutes[i] = byte(random.Uint32())
	}
	out := make([]uptime.PackedDay, len(servers))
	counts := uptime.Counts{Live: 1400, Degraded: 20, Down: 10, Unknown: 10, Slow: 3}
	for i, sv := range servers {
		out[i] = uptime.PackedDay{
			Tenant: sv.Tenant, Server: sv.ID, Digest: digest, Minutes: minutes,
			DayStat: uptime.DayStat{
				Day: day, Counts: counts, P50: 80 * time.Millisecond, P95: 300 * time.Millisecond, Samples: 1430, Worst: uptime.ConnectTimeout,
				Regions: []uptime.RegionDay{{Region: "eu-west", Counts: counts}, {Region: "us-east", Counts: counts}, {Region: "ap-south", Counts: counts}},
			},
		}
	}
	return out
}

// cpu reports the processor time of an operation: unlike the time on the wall it
// means the same on a busy machine. It is called before the loop, what it
// returns after it.
func cpu(b *testing.B) func() {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	began := used()
	return func() { b.ReportMetric(float64((used()-began).Microseconds())/float64(b.N), "cpu-us/op") }
}

func BenchmarkAppendMinutes(b *testing.B) {
	s := opened(b, b.TempDir())
	cells := make([]byte, 6*manyServers)
	defer cpu(b)()
	for m := uptime.Minute(0); b.Loop(); m++ {
		must(b, s.AppendMinutes(b.Context(), []uptime.Segment{{Minute: m, Cells: cells}}, uptime.Watermark{Cursor: uptime.Cursor(m), Through: m}))
	}
}

func BenchmarkAppendSealed40(b *testing.B) {
	s := opened(b, b.TempDir())
	servers := fleet(b, s, manyServers)
	report := cpu(b)
	for seq := uptime.Cursor(1); b.Loop(); seq += 40 {
		must(b, s.AppendSealed(b.Context(), sealed(servers, seq, seq+39)))
	}
	report()
	n := measured(b, s).Rows["sealed"]
	b.ReportMetric(float64(sizeOf(b, s))/float64(n*40), "B/verdict")
}

func measured(b *testing.B, s *sqlite.Store) sqlite.Stats {
	b.Helper()
	must(b, s.Vacuum(b.Context()))
	out, err := s.Stats(b.Context())
	must(b, err)
	return out
}

func sizeOf(b *testing.B, s *sqlite.Store) int64 {
	b.Helper()
	return measured(b, s).Bytes
}

func BenchmarkLastSealed(b *testing.B) {
	s := opened(b, b.TempDir())
	servers := fleet(b, s, manyServers)
	for seq := uptime.Cursor(1); seq <= 20_000; seq += 40 { // ten minutes
		must(b, s.AppendSealed(b.Context(), sealed(servers, seq, seq+39)))
	}
	defer cpu(b)()
	for b.Loop() {
		if _, last, err := s.LastSealed(b.Context()); err != nil || last != 20_000 {
			b.Fatal(last, err)
		}
	}
}

func BenchmarkPruneSealed(b *testing.B) {
	s := opened(b, b.TempDir())
	servers := fleet(b, s, manyServers)
	seq := uptime.Cursor(1)
	for b.Loop() {
		b.StopTimer()
		for range 500 { // ten minutes
			must(b, s.AppendSealed(b.Context(), sealed(servers, seq, seq+39)))
			seq += 40
		}
		b.StartTimer()
		must(b, s.PruneSealed(b.Context(), time.Unix(1<<40, 0), seq))
	}
}

func BenchmarkEraseWithJournal(b *testing.B) {
	s := opened(b, b.TempDir())
	servers := fleet(b, s, manyServers)
	for seq := uptime.Cursor(1); seq <= 120_000; seq += 40 { // an hour
		must(b, s.AppendSealed(b.Context(), sealed(servers, seq, seq+39)))
	}
	defer cpu(b)()
	for n := 0; b.Loop(); n++ {
		must(b, s.Erase(b.Context(), "acme", servers[n].ID))
	}
}

func BenchmarkCloseDay2000(b *testing.B) {
	s := opened(b, b.TempDir())
	servers := fleet(b, s, manyServers)
	day := uptime.Day(20_000)
	report := cpu(b)
	for b.Loop() {
		must(b, s.CloseDay(b.Context(), day, fleetDay(servers, day), nil))
		day++
	}
	report()
	b.ReportMetric(float64(sizeOf(b, s))/float64(int(day-20_000)*manyServers*uptime.MinutesPerDay), "B/minute")
}

// history fills a store with 90 days of 2,000 servers.
func history(b *testing.B) (*sqlite.Store, []uptime.Server) {
	b.Helper()
	s := opened(b, b.TempDir())
	servers := fleet(b, s, manyServers)
	for day := range uptime.Day(manyDays) {
		must(b, s.CloseDay(b.Context(), day, fleetDay(servers, day), nil))
	}
	return s, servers
}

func BenchmarkHistory(b *testing.B) {
	s, servers := history(b)
	b.Run("PackedDays30", func(b *testing.B) {
		defer cpu(b)()
		for n := 0; b.Loop(); n++ {
			days, err := s.PackedDays(b.Context(), "acme", servers[n%manyServers].ID, manyDays-30, manyDays-1)
			if err != nil || len(days) != 30 {
				b.Fatal(len(days), err)
			}
		}
	})
	b.Run("DayStats180k", func(b *testing.B) {
		defer cpu(b)()
		for b.Loop() {
			n := 0
			must(b, s.DayStats(b.Context(), 0, func(uptime.TenantID, uptime.ServerID, uptime.DayStat, []byte) error { n++; return nil }))
			if n != manyServers*manyDays {
				b.Fatal(n)
			}
		}
	})
}
