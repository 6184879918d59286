package verdict_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/live/memory"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// BenchmarkSeal is the whole way of a report in one process, without a journal:
// put, judged with the others of its cycle, sealed, shown in the feed. One
// operation is a cycle of all servers, each seen from three regions.
func BenchmarkSeal(b *testing.B) {
	for _, n := range []int{2_000, 100_000} {
		b.Run(fmt.Sprintf("servers=%d", n), func(b *testing.B) { benchmarkSeal(b, n) })
	}
}

func benchmarkSeal(b *testing.B, n int) {
	b.Helper()
	b.ReportAllocs()
	var clock atomic.Int64
	start := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	clock.Store(start.Add(-time.Minute).UnixNano())
	now := func() time.Time { return time.Unix(0, clock.Load()).UTC() }
	plan := &uptime.Plan{Version: 1}
	regions := []string{"ap-south", "eu-west", "us-east"}
	for i := range n {
		plan.Servers = append(plan.Servers, &uptime.Server{ID: uptime.ServerID(fmt.Sprintf("srv_%016x", i)), Tenant: "default", Regions: regions})
	}
	live := memory.New(memory.Options{Now: now})
	sealer, err := verdict.NewSealer(verdict.SealerOptions{
		Live: live, Plan: func() *uptime.Plan { return plan }, Now: now, Gather: -1,
		Baseline: func(uptime.TenantID, uptime.ServerID) (time.Duration, bool) { return time.Second, true },
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = sealer.Run(ctx) }) // ends with its context
	defer running.Wait()
	defer cancel()
	warm(b, live, plan, now)
	rounds, used := 0, cpu()
	for b.Loop() {
		rounds++
		clock.Add(int64(time.Minute))
		putAll(live, plan, now())
		if err := live.Wait(ctx, uptime.Cursor(rounds*n)-1+uptime.Cursor(n)); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	used = cpu() - used
	if st := sealer.Stats(); st.Sealed != uint64((rounds+1)*n) || st.Skipped+st.Stray+st.Refused > 0 {
		b.Fatalf("%+v", st)
	}
	cells := float64(rounds * n * len(regions))
	b.ReportMetric(float64(used)/cells, "cpu-ns/cell")
	b.ReportMetric(cells/b.Elapsed().Seconds(), "cells/s")
}

// warm lets the sealer adopt the plan before the cycle of now begins, and seals
// a first one.
func warm(b *testing.B, live *memory.Live, plan *uptime.Plan, now func() time.Time) {
	b.Helper()
	putAll(live, plan, now())
	if err := live.Wait(b.Context(), uptime.Cursor(len(plan.Servers)-1)); err != nil {
		b.Fatal(err)
	}
}

// putAll reports on the cycle that is on, from two goroutines, the regions one
// after the other.
func putAll(live *memory.Live, plan *uptime.Plan, now time.Time) {
	var wg sync.WaitGroup
	half := len(plan.Servers) / 2
	for _, servers := range [][]*uptime.Server{plan.Servers[:half], plan.Servers[half:]} {
		wg.Go(func() {
			for _, srv := range servers {
				r := uptime.Report{
					Tenant: srv.Tenant, Server: srv.ID, Cycle: srv.CycleAt(now), State: uptime.Live, Attempts: 1,
					Started: now, Latency: 40 * time.Millisecond, Total: 60 * time.Millisecond, Access: uptime.AccessOpen,
					Transport: uptime.StreamableHTTP, Era: uptime.Modern, Version: "2026-07-28", Software: "x 1", Tools: 13,
					ToolsHash: "sha256:0", ContractHash: "sha256:1",
				}
				for _, r.Region = range srv.Regions {
					_ = live.Put(context.Background(), &r) // never fails
				}
			}
		})
	}
	wg.Wait()
}
