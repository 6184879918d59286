//go:build unix

package memory_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/live/memory"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// BenchmarkMerge is the merging of cells alone: reports are put, region after
// region, and fetched once; all cycles must be complete. One operation is a
// cycle of all servers, each seen from three regions. Sealing is not measured.
func BenchmarkMerge(b *testing.B) {
	for _, n := range []int{2_000, 100_000} {
		b.Run(fmt.Sprintf("servers=%d", n), func(b *testing.B) { benchmarkMerge(b, n) })
	}
}

func benchmarkMerge(b *testing.B, n int) {
	b.Helper()
	b.ReportAllocs()
	at := noon()
	ids := make([]uptime.ServerID, n)
	for i := range ids {
		ids[i] = uptime.ServerID(fmt.Sprintf("srv_%016x", i))
	}
	l := memory.New(memory.Options{Now: func() time.Time { return at }})
	var used time.Duration
	for b.Loop() {
		at = at.Add(time.Minute)
		began := cpu()
		mergeAll(b, l, ids, at)
		used += cpu() - began
		b.StopTimer()
		sealAll(b, l, ids, at)
		b.StartTimer()
	}
	cells := float64(b.N * n * 3)
	b.ReportMetric(float64(used)/cells, "cpu-ns/cell")
	b.ReportMetric(cells/b.Elapsed().Seconds(), "cells/s")
}

func mergeAll(b *testing.B, l *memory.Live, ids []uptime.ServerID, at time.Time) {
	b.Helper()
	for _, region := range []string{"ap-south", "eu-west", "us-east"} {
		for _, id := range ids {
			_ = l.Put(b.Context(), &uptime.Report{ // never fails
				Tenant: "default", Server: id, Region: region, Cycle: at, State: uptime.Live, Attempts: 1, Started: at,
				Latency: 40 * time.Millisecond, Access: uptime.AccessOpen, Version: "2026-07-28", Tools: 13,
			})
		}
	}
	for left := len(ids); left > 0; {
		got, err := l.Arrived(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		for i := range got {
			if len(got[i].Reports) != 3 {
				b.Fatalf("%d reports on %s", len(got[i].Reports), got[i].Server)
			}
		}
		left -= len(got)
	}
}

func sealAll(b *testing.B, l *memory.Live, ids []uptime.ServerID, at time.Time) {
	b.Helper()
	verdicts := make([]uptime.Verdict, len(ids))
	for i, id := range ids {
		verdicts[i] = uptime.Verdict{Tenant: "default", Server: id, Cycle: at, Every: time.Minute, Expected: 3, State: uptime.Live}
	}
	if n, err := l.Seal(b.Context(), verdicts); n != len(ids) || err != nil {
		b.Fatalf("Seal = %d, %v", n, err)
	}
}

// cpu returns the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
