//go:build linux

// Command archive measures what remembering costs: archiving sealed verdicts,
// filling a past of many servers, starting over it, and answering from it. Rows
// are kept in memory, so that the archive's own cost is seen; what a store adds
// is measured with the store.
//
//	go run ./bench/archive
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/alivemcp/alivemcp/bench/fleet"
	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const tenant uptime.TenantID = "default"

func main() {
	batch := flag.Int("batch", 100_000, "servers whose minutes are archived")
	servers := flag.Int("servers", 2000, "servers with a past")
	days := flag.Int("days", 90, "days of the past")
	many := flag.Int("many", 10_000, "servers to weigh in memory")
	flag.Parse()
	out := &table{}
	err := run(context.Background(), out, *batch, *servers, *days, *many)
	if err = errors.Join(err, out.print()); err != nil {
		fmt.Fprintln(os.Stderr, "bench/archive:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out *table, batch, servers, days, many int) error {
	if err := measureArchive(ctx, out, batch); err != nil {
		return err
	}
	past, err := measureFill(ctx, out, servers, days)
	if err != nil {
		return err
	}
	if err := measureAnswers(ctx, out, past); err != nil {
		return err
	}
	return measureStart(ctx, out, past, many)
}

// measureArchive archives five minutes of many servers, caught up at once, and
// tells the cost of one.
func measureArchive(ctx context.Context, out *table, servers int) error {
	const minutes = 5
	rows := newRows(servers)
	f := &feed{}
	begin := time.Now().Truncate(time.Minute).Add(-10 * time.Minute)
	r := rand.New(rand.NewPCG(1, 2))
	for m := range minutes {
		for i := range servers {
			f.verdicts = append(f.verdicts, fleet.Verdict(r, tenant, serverID(i), begin.Add(time.Duration(m)*time.Minute), len(f.verdicts)+1))
		}
	}
	a := archive.New(archive.Options{Feed: f, Rows: rows, Records: rows})
	if err := a.Open(ctx); err != nil {
		return err
	}
	var err error
	cpu, wall := cost(func() { err = runUntil(ctx, a, uptime.Cursor(len(f.verdicts))) })
	if err != nil {
		return err
	}
	size := 0
	for _, cells := range rows.segments {
		size += len(cells)
	}
	out.times(fmt.Sprintf("archive %d server-minutes", servers), cpu/minutes, wall/minutes)
	out.line("an open minute of a server", fmt.Sprintf("%.2f bytes", float64(size)/float64(minutes*servers)), "")
	return nil
}

// runUntil runs the archiver until its rows hold the feed through the cursor.
func runUntil(ctx context.Context, a *archive.Archiver, cursor uptime.Cursor) error {
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	for a.Stats().Mark.Cursor < cursor {
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	return <-done
}

// table is the report.
type table struct{ text strings.Builder }

func (t *table) line(what, first, second string) {
	t.text.WriteString(what + "\t" + first + "\t" + second + "\n")
}

func (t *table) times(what string, cpu, wall time.Duration) {
	t.line(what, "CPU "+round(cpu).String(), "wall "+round(wall).String())
}

func (t *table) print() error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	if _, err := w.Write([]byte(t.text.String())); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return w.Flush()
}

func cost(do func()) (cpu, wall time.Duration) {
	runtime.GC()
	c, w := cpuTime(), time.Now()
	do()
	return cpuTime() - c, time.Since(w)
}

func cpuTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // does not fail on this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func round(d time.Duration) time.Duration {
	switch {
	case d > 10*time.Second:
		return d.Round(100 * time.Millisecond)
	case d > 10*time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Nanosecond)
}
