//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// table is a report, in Markdown.
type table struct{ begun bool }

// head says what was run, where, when, and how busy the machine was.
func (t *table) head(what string) {
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("%s\n%s x%d, %s, %s, load %s\n\n", what, cpuModel(), runtime.NumCPU(), runtime.Version(),
		time.Now().UTC().Format(time.DateTime), strings.Join(strings.Fields(string(load))[:1], ""))
}

// line adds a figure as soon as it is known.
func (t *table) line(what, format string, args ...any) {
	if !t.begun {
		fmt.Print("| | |\n|---|---|\n")
		t.begun = true
	}
	fmt.Printf("| %s | %s |\n", what, fmt.Sprintf(format, args...))
}

func (t *table) times(what string, c cost) {
	t.line(what, "CPU %s, wall %s", round(c.cpu), round(c.wall))
}

// cost is what something took.
type cost struct{ cpu, wall time.Duration }

func (c cost) each(n int) cost { return cost{c.cpu / time.Duration(n), c.wall / time.Duration(n)} }

func measure(do func() error) (cost, error) {
	runtime.GC()
	c, w := cpuTime(), time.Now()
	err := do()
	return cost{cpuTime() - c, time.Since(w)}, err
}

// cpuTime is this process's user and system time.
func cpuTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // does not fail on this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func round(d time.Duration) time.Duration {
	for _, to := range []time.Duration{100 * time.Second, 10 * time.Second, time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond} {
		if d >= to {
			return d.Round(to / 100)
		}
	}
	return d.Round(100 * time.Nanosecond)
}

// quantile returns the q-th quantile; the list is sorted afterwards.
func quantile(list []time.Duration, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, int(q*float64(len(list))))]
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}
