package app

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of a bench.
const (
	MaxBenchProbes      = 10_000
	MaxBenchConcurrency = 64
)

// BenchFloor is the difference below which a step is never called slower than
// its baseline: times under a millisecond double by chance.
const BenchFloor = time.Millisecond

// stepTotal names the whole probe among the steps.
const stepTotal uptime.Step = "total"

// BenchOptions bound a bench. All must be set.
type BenchOptions struct {
	Probes      int           // at most MaxBenchProbes
	Concurrency int           // at most MaxBenchConcurrency
	Limit       time.Duration // after which no probe begins
	// MaxErrorRate is the share of failed probes, in percent, above which the
	// bench is not good.
	MaxErrorRate float64
}

// bench collects what the probes of one run measured.
type bench struct {
	mu     sync.Mutex
	probes int
	failed int
	causes map[uptime.Cause]int
	times  map[uptime.Step][]time.Duration
	order  []uptime.Step
}

// Bench probes srv again and again, each time on a fresh connection, and calls
// done after each probe. It ends early when the limit is reached or ctx ends.
func (c *Checker) Bench(ctx context.Context, srv uptime.Server, opt BenchOptions, done func()) show.Bench {
	begin := time.Now()
	run := &bench{causes: map[uptime.Cause]int{}, times: map[uptime.Step][]time.Duration{}}
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range min(max(1, opt.Concurrency), MaxBenchConcurrency) {
		workers.Go(func() {
			for ctx.Err() == nil && time.Since(begin) < opt.Limit && taken.Add(1) <= int64(min(opt.Probes, MaxBenchProbes)) {
				r := c.prober.Attempt(ctx, srv)
				if ctx.Err() != nil {
					return
				}
				run.add(r)
				done()
			}
		})
	}
	workers.Wait()
	b := run.report(opt)
	b.Target, b.StartedAt = srv.Name, begin.UTC().Format(time.RFC3339)
	b.Seconds = math.Round(time.Since(begin).Seconds()*1000) / 1000
	return b
}

func (b *bench) add(r uptime.Result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probes++
	for _, s := range r.Steps {
		if s.Status == uptime.StepPass {
			b.time(s.Name, s.Took)
		}
	}
	if r.Failure != nil {
		b.failed++
		b.causes[r.Failure.Cause]++
		return
	}
	b.time(stepTotal, r.Timings.Total)
}

func (b *bench) time(name uptime.Step, took time.Duration) {
	if _, known := b.times[name]; !known && name != stepTotal {
		b.order = append(b.order, name)
	}
	b.times[name] = append(b.times[name], took)
}

func (b *bench) report(opt BenchOptions) show.Bench {
	out := show.Bench{
		Schema: show.BenchSchema, Asked: opt.Probes, Probes: b.probes, Concurrency: opt.Concurrency,
		Failed: b.failed, Causes: b.causes, Steps: []show.Spread{}, Total: spread(stepTotal, b.times[stepTotal]),
	}
	for _, name := range b.order {
		out.Steps = append(out.Steps, spread(name, b.times[name]))
	}
	if b.probes > 0 {
		out.ErrorRate = math.Round(float64(b.failed)/float64(b.probes)*1e4) / 100
	}
	if out.ErrorRate > opt.MaxErrorRate {
		detail := fmt.Sprintf("%d of %d probes failed, %.1f %%; %.1f %% are allowed", b.failed, b.probes, out.ErrorRate, opt.MaxErrorRate)
		out.Failure = &show.FailureReport{Reason: uptime.ErrorRate.Reason(), Cause: uptime.ErrorRate, Detail: detail}
	}
	return out
}

func spread(name uptime.Step, times []time.Duration) show.Spread {
	slices.Sort(times)
	at := func(p int) float64 { return float64(show.Percentile(times, p).Round(time.Microsecond)) / 1e6 }
	return show.Spread{Name: name, Count: len(times), P50: at(50), P95: at(95), P99: at(99), Max: at(100)}
}

// ParseBench reads an earlier bench, for use as a baseline.
func ParseBench(data []byte) (show.Bench, error) {
	var b show.Bench
	if err := json.Unmarshal(data, &b); err != nil {
		return b, fmt.Errorf("reading the baseline as JSON: %w", err)
	}
	if b.Schema != show.BenchSchema {
		return b, fmt.Errorf("the baseline is not %s; make one with: alivemcp bench URL --format json > baseline.json", show.BenchSchema)
	}
	return b, nil
}

// CompareBench finds the steps whose p95 grew beyond maxRatio times the
// baseline's and by more than BenchFloor. Steps that only one of the two knows
// are passed over.
func CompareBench(baseline, now show.Bench, maxRatio float64) *show.Comparison {
	floor := float64(BenchFloor) / 1e6
	c := &show.Comparison{MaxRatio: maxRatio, FloorMS: floor, Slower: []show.Slower{}}
	before := map[uptime.Step]show.Spread{stepTotal: baseline.Total}
	for _, s := range baseline.Steps {
		before[s.Name] = s
	}
	for _, s := range append(slices.Clone(now.Steps), now.Total) {
		old, known := before[s.Name]
		if !known || old.Count == 0 || s.Count == 0 || s.P95 <= old.P95*maxRatio || s.P95-old.P95 <= floor {
			continue
		}
		ratio := math.Round(s.P95/max(old.P95, 0.001)*100) / 100
		c.Slower = append(c.Slower, show.Slower{Name: s.Name, Baseline: old.P95, P95: s.P95, Ratio: ratio})
	}
	return c
}
