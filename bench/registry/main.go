//go:build linux

// Command registry measures what reading registries costs: a crawl of a fake
// registry, which is another process, into the real database; and what is left of
// a million listings when they are one endpoint each. Beside each stands the least
// that the same work could cost, measured in the same run.
//
//	go run ./bench/registry
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	records := flag.Int("records", 40_000, "records to crawl, with as many addresses")
	listings := flag.Int("listings", 1_000_000, "listings to normalise")
	serve := flag.Bool("serve", false, "be the registry")
	flag.Parse()
	out := &table{}
	run := measure
	if *serve {
		run = be
	}
	err := run(context.Background(), out, *records, *listings)
	if err = errors.Join(err, out.print()); err != nil {
		fmt.Fprintln(os.Stderr, "bench/registry:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, out *table, records, listings int) error {
	out.line("load of the machine", load(), "")
	if err := measureCrawl(ctx, out, records); err != nil {
		return err
	}
	return measureNormalise(out, listings)
}

// table is the report.
type table struct{ text strings.Builder }

func (t *table) line(what, first, second string) {
	t.text.WriteString(what + "\t" + first + "\t" + second + "\n")
}

func (t *table) times(what string, c spent) {
	t.line(what, "CPU "+round(c.cpu).String(), "wall "+round(c.wall).String())
}

func (t *table) print() error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	if _, err := w.Write([]byte(t.text.String())); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return w.Flush()
}

// spent is what something took.
type spent struct{ cpu, wall time.Duration }

func (s spent) over(o spent) string {
	return fmt.Sprintf("CPU %.1f times, wall %.1f times", float64(s.cpu)/float64(o.cpu), float64(s.wall)/float64(o.wall))
}

func cost(do func() error) (spent, error) {
	runtime.GC()
	c, w := cpuTime(), time.Now()
	err := do()
	return spent{cpu: cpuTime() - c, wall: time.Since(w)}, err
}

func usage() (u unix.Rusage) {
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // does not fail on this process
	return u
}

func cpuTime() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is the most memory that this process ever had.
func resident() string { return fmt.Sprintf("%d MiB", usage().Maxrss>>10) }

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:min(3, len(strings.Fields(string(text))))], " ")
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
