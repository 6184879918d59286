//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/bench/gauge"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// loadFlags say what is probed, and for how long it is watched.
type loadFlags struct {
	rigOptions
	length time.Duration
}

// sample is the monitor at one moment.
type sample struct {
	at         time.Duration // since the start
	resident   int64
	files      int
	goroutines float64
	heap       float64
}

// every is how often a sample is taken.
const every = 5 * time.Second

// runLoad probes many servers and tells whether the monitor keeps up.
func runLoad(ctx context.Context, args []string) (err error) {
	f := loadFlags{rigOptions: rigOptions{regions: []string{"local"}}}
	set := flag.NewFlagSet("load", flag.ExitOnError)
	set.IntVar(&f.servers, "servers", 5000, "servers")
	set.DurationVar(&f.interval, "interval", time.Minute, "interval of the servers")
	set.DurationVar(&f.length, "for", 10*time.Minute, "how long to watch, once every server has a verdict")
	set.BoolVar(&f.secure, "tls", true, "with TLS")
	set.StringVar(&f.pprof, "pprof", "", "let the monitor serve Go's profiler at this `address`")
	_ = set.Parse(args)
	out := &table{}
	out.head(fmt.Sprintf("%d servers, interval %s, TLS %t, watched for %s", f.servers, f.interval, f.secure, f.length))
	r, err := startRig(ctx, f.rigOptions)
	if err != nil {
		return err
	}
	defer func() { err = joinStop(err, r) }()
	all, err := r.monitor.await(ctx, 3*f.interval+2*time.Minute, "every server has a verdict", func(s metrics) bool {
		return s[`alivemcp_servers{state="unknown"}`] == 0
	})
	if err != nil {
		return err
	}
	out.line("start until every server has a verdict", "%s", gauge.Round(all))
	if err := f.watch(ctx, out, r); err != nil {
		return err
	}
	if err := r.end(); err != nil {
		return err
	}
	return f.judge(ctx, out, r.data(""))
}

// watch takes samples until the time is over.
func (f *loadFlags) watch(ctx context.Context, out *table, r *rig) error {
	pid, other := r.monitor.cmd.Process.Pid, r.targets.cmd.Process.Pid
	before, err := r.monitor.metrics(ctx)
	if err != nil {
		return err
	}
	began, used, usedThere := time.Now(), cpu(pid), cpu(other)
	var samples []sample
	for time.Since(began) < f.length {
		if err := pause(ctx, every); err != nil {
			return err
		}
		seen, err := r.monitor.metrics(ctx)
		if err != nil {
			return err
		}
		now, _ := resident(pid)
		samples = append(samples, sample{time.Since(r.monitor.began), now, files(pid), seen["go_goroutines"], seen["go_memstats_heap_alloc_bytes"]})
	}
	took := time.Since(began)
	used, usedThere = cpu(pid)-used, cpu(other)-usedThere
	after, err := r.monitor.metrics(ctx)
	if err != nil {
		return err
	}
	probes := after["alivemcp_probes_started_total"] - before["alivemcp_probes_started_total"]
	out.line("probes", "%.0f in %s: %.1f a second, planned %.1f", probes, gauge.Round(took), probes/took.Seconds(), float64(f.servers)/f.interval.Seconds())
	out.line("CPU of the monitor", "%s a probe, %.1f %% of a core", gauge.Round(time.Duration(float64(used)/probes)), 100*used.Seconds()/took.Seconds())
	out.line("CPU of the targets", "%s a probe", gauge.Round(time.Duration(float64(usedThere)/probes)))
	late := func(q string) time.Duration {
		return after.seconds(`alivemcp_probe_lateness_seconds{quantile="` + q + `"}`)
	}
	out.line("lateness since the start, upper bounds", "p50 %s, p99 %s, most %s", late("0.5"), late("0.99"), late("1"))
	out.line("verdicts sealed", "%d in that time, planned %.0f", after.sealed()-before.sealed(), took.Seconds()/f.interval.Seconds()*float64(f.servers))
	f.weigh(ctx, out, samples, pid, after)
	return nil
}

// weigh tells what grew.
func (f *loadFlags) weigh(_ context.Context, out *table, samples []sample, pid int, after metrics) {
	_, peak := resident(pid)
	ranged := func(of func(sample) float64) (least, most float64) {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = of(s)
		}
		return slices.Min(values), slices.Max(values)
	}
	memory := func(s sample) float64 { return gauge.MiB(s.resident) }
	low, high := ranged(memory)
	half := samples[len(samples)/2:]
	out.line("resident", "%.0f to %.0f MiB, at most %.0f; %+.2f MiB a minute, in the second half %+.2f", low, high, gauge.MiB(peak), slope(samples, memory), slope(half, memory))
	heap := func(s sample) float64 { return gauge.MiB(int64(s.heap)) }
	low, high = ranged(heap)
	out.line("heap between collections", "%.0f to %.0f MiB; in the second half %+.2f MiB a minute", low, high, slope(half, heap))
	low, high = ranged(func(s sample) float64 { return float64(s.files) })
	out.line("open files", "%.0f to %.0f", low, high)
	low, high = ranged(func(s sample) float64 { return s.goroutines })
	out.line("goroutines", "%.0f to %.0f", low, high)
	out.line("database", "%.1f MiB", gauge.MiB(int64(after["alivemcp_database_bytes"])))
	out.line("reports too late", "%.0f", after["alivemcp_reports_late_total"])
}

// slope is by how much a figure grew a minute, as a straight line through the
// samples.
func slope(samples []sample, of func(sample) float64) float64 {
	var n, x, y, xx, xy float64
	for _, s := range samples {
		at, v := s.at.Minutes(), of(s)
		n, x, y, xx, xy = n+1, x+at, y+v, xx+at*at, xy+at*v
	}
	if d := n*xx - x*x; d != 0 {
		return (n*xy - x*y) / d
	}
	return 0
}

// judge reads the journal: every cycle of every server must be there once, and
// be Live.
func (f *loadFlags) judge(ctx context.Context, out *table, dir string) error {
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	last, states := map[uptime.ServerID]time.Time{}, map[uptime.State]int{}
	all, missing, twice := 0, 0, 0
	for {
		verdicts, err := store.ReadSealed(ctx, uptime.Cursor(all), 10_000)
		if err != nil {
			return err
		}
		if len(verdicts) == 0 {
			break
		}
		for i := range verdicts {
			v := &verdicts[i]
			states[v.State]++
			if before, ok := last[v.Server]; ok {
				switch gap := v.Cycle.Sub(before) / f.interval; {
				case gap <= 0:
					twice++
				default:
					missing += int(gap) - 1
				}
			}
			last[v.Server] = v.Cycle
		}
		all += len(verdicts)
	}
	out.line("journal", "%d verdicts of %d servers: %d live, %d degraded, %d down, %d unknown", all, len(last),
		states[uptime.Live], states[uptime.Degraded], states[uptime.Down], states[uptime.Unknown])
	out.line("cycles missing, sealed twice", "%d, %d", missing, twice)
	return nil
}
