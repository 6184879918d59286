//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// cost is what one look cost on average over a round.
type cost struct{ cpu, allocs, bytes float64 }

func measureCost(ctx context.Context, n, rounds int, profile string) error {
	s, err := startServer(ctx, "answer")
	if err != nil {
		return err
	}
	defer s.stop()
	vs, err := variants(s)
	if err != nil {
		return err
	}
	all := make([][]cost, len(vs))
	for round := range rounds + 1 { // the first warms up
		for i, v := range vs {
			stop := startProfile(profile, i == 0 && round == 1)
			c, err := measureRound(ctx, n, v)
			stop()
			if err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			if round > 0 {
				all[i] = append(all[i], c)
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\r", round, rounds)
	}
	report(vs, all, n, rounds)
	return nil
}

func startProfile(file string, wanted bool) (stop func()) {
	if file == "" || !wanted {
		return func() {}
	}
	f, err := os.Create(file)
	if err != nil {
		return func() {}
	}
	_ = pprof.StartCPUProfile(f)
	return func() { pprof.StopCPUProfile(); _ = f.Close(); writeAllocs(file + ".mem") }
}

func writeAllocs(file string) {
	if f, err := os.Create(file); err == nil {
		_ = pprof.Lookup("allocs").WriteTo(f, 0)
		_ = f.Close()
	}
}

func measureRound(ctx context.Context, n int, v variant) (cost, error) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := cpuTime()
	for range n {
		if err := v.look(ctx); err != nil {
			return cost{}, err
		}
	}
	used := cpuTime() - began
	runtime.ReadMemStats(&after)
	each := func(v uint64) float64 { return float64(v) / float64(n) }
	return cost{
		cpu:    float64(used.Microseconds()) / float64(n),
		allocs: each(after.Mallocs - before.Mallocs), bytes: each(after.TotalAlloc - before.TotalAlloc),
	}, nil
}

// cpuTime is this process's user and system time.
func cpuTime() time.Duration {
	var ru unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &ru)
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

func report(vs []variant, all [][]cost, n, rounds int) {
	fmt.Printf("%s, %s, %d rounds of %d, %s\n\n", cpuModel(), runtime.Version(), rounds, n, time.Now().UTC().Format(time.DateOnly))
	fmt.Printf("| variant | CPU us (min-max) | allocations | kB | ratio to ours |\n|---|---|---|---|---|\n")
	ours := median(all[0], func(c cost) float64 { return c.cpu })
	for i, v := range vs {
		pick := func(f func(cost) float64) float64 { return median(all[i], f) }
		cpu := func(c cost) float64 { return c.cpu }
		lo, hi := extremes(all[i])
		fmt.Printf("| %s | %.0f (%.0f-%.0f) | %.0f | %.1f | %.2f |\n", v.name, pick(cpu), lo, hi,
			pick(func(c cost) float64 { return c.allocs }), pick(func(c cost) float64 { return c.bytes })/1000, pick(cpu)/ours)
	}
}

func median(cs []cost, f func(cost) float64) float64 {
	vs := make([]float64, len(cs))
	for i, c := range cs {
		vs[i] = f(c)
	}
	slices.Sort(vs)
	return vs[len(vs)/2]
}

func extremes(cs []cost) (lo, hi float64) {
	lo, hi = cs[0].cpu, cs[0].cpu
	for _, c := range cs {
		lo, hi = min(lo, c.cpu), max(hi, c.cpu)
	}
	return lo, hi
}

func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return fmt.Sprintf("%s x%d", strings.TrimSpace(value), runtime.NumCPU())
		}
	}
	return "unknown CPU"
}

// measureHang holds n probes open against a server that never answers and reads
// what this process weighs.
func measureHang(ctx context.Context, n int) error {
	raiseFileLimit(n + 1000)
	s, err := startServer(ctx, "hang")
	if err != nil {
		return err
	}
	defer s.stop()
	p, err := probe.New(probe.Options{Roots: s.roots(), Resolver: s.DNS, Timeout: 10 * time.Minute})
	if err != nil {
		return err
	}
	base := residentKB()
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			p.Attempt(ctx, uptime.Server{ID: uptime.ServerID(strconv.Itoa(i)), URL: s.url(), Private: true})
		})
	}
	open := awaitOpen(ctx, s, n)
	runtime.GC()
	debug.FreeOSMemory()
	weight := residentKB()
	fmt.Printf("%d connections established of %d probes\n", open, n)
	fmt.Printf("resident: %d MiB before, %d MiB in flight, %.1f KiB a probe\n", base>>10, weight>>10, float64(weight-base)/float64(n))
	cancel()
	wg.Wait()
	return nil
}

// awaitOpen waits until n connections to the server stand, or no more come.
func awaitOpen(ctx context.Context, s *server, n int) int {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	last, still := 0, 0
	for last < n && still < 20 {
		select {
		case <-ctx.Done():
			return last
		case <-tick.C:
		}
		open := established(s.Addr.Port())
		if still++; open > last {
			last, still = open, 0
		}
	}
	return last
}

// established counts this host's client connections to a port.
func established(port uint16) int {
	table, _ := os.ReadFile("/proc/net/tcp")
	remote, count := fmt.Sprintf(":%04X 01", port), 0
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 3 && strings.HasSuffix(f[2]+" "+f[3], remote) {
			count++
		}
	}
	return count
}

func residentKB() int {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(v)[0])
			return kb
		}
	}
	return 0
}

func raiseFileLimit(n int) {
	var lim unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &lim) == nil && lim.Cur < uint64(n) {
		lim.Cur = min(uint64(n), lim.Max)
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &lim)
	}
}
