//go:build linux

// Command audit measures a count of everything that is listed: the looks through
// the runner into the real store, and the report from the store. The looks
// themselves are simulated, and the rounds are all due at once.
//
//	go run ./bench/audit
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func main() {
	endpoints := flag.Int("endpoints", 15_000, "endpoints that are counted")
	regions := flag.Int("regions", 5, "regions that look")
	rounds := flag.Int("rounds", 3, "rounds")
	takes := flag.Duration("takes", 100*time.Millisecond, "what a look takes at most; it waits half of this on average")
	flag.Parse()
	out := &table{}
	err := run(context.Background(), out, *endpoints, *regions, *rounds, *takes)
	if err = errors.Join(err, out.print()); err != nil {
		fmt.Fprintln(os.Stderr, "bench/audit:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out *table, endpoints, regions, rounds int, takes time.Duration) (err error) {
	dir, err := os.MkdirTemp("", "bench-audit")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	w := newWorld(endpoints, regions, rounds, takes)
	if err := measureLooks(ctx, out, store, w); err != nil {
		return err
	}
	return measureReport(ctx, out, store, w)
}

func measureLooks(ctx context.Context, out *table, store *sqlite.Store, w *world) error {
	if err := store.BeginAudit(ctx, w.run, w.targets); err != nil {
		return err
	}
	runner := audit.New(audit.Options{Run: w.run.ID, Records: store, Look: w.look, Concurrent: 512, HostGap: time.Millisecond})
	var err error
	cpu, wall := cost(func() { err = runner.Run(ctx) })
	looks := len(w.targets) * len(w.run.Regions) * w.run.Rounds
	out.times(fmt.Sprintf("%d looks into the store", looks), cpu, wall)
	out.line("looks a second", fmt.Sprintf("%.0f", float64(looks)/wall.Seconds()), fmt.Sprintf("%.0f us CPU each", float64(cpu.Microseconds())/float64(looks)))
	out.line("resident at most, so far", resident(), "")
	return err
}

func measureReport(ctx context.Context, out *table, store *sqlite.Store, w *world) error {
	var r *audit.Report
	var err error
	cpu, wall := cost(func() { r, err = audit.Build(ctx, w.run, nil, store) })
	if err != nil {
		return err
	}
	out.times("the report's numbers", cpu, wall)
	for _, form := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"page", r.WritePage},
		{"Markdown", r.WriteMarkdown},
		{"JSON", r.WriteJSON},
		{"CSV of the endpoints", func(w2 io.Writer) error { return audit.WriteEndpoints(ctx, w2, w.run, store) }},
		{"CSV of the looks", func(w2 io.Writer) error { return audit.WriteLooks(ctx, w2, w.run, store) }},
	} {
		if err := measureForm(out, form.name, form.write); err != nil {
			return err
		}
	}
	again, err := audit.Build(ctx, w.run, nil, store)
	if err != nil {
		return err
	}
	out.line("resident at most", resident(), "")
	return same(r, again)
}

func measureForm(out *table, name string, write func(io.Writer) error) error {
	var size counter
	var err error
	cpu, wall := cost(func() { err = write(&size) })
	out.times(fmt.Sprintf("%s, %.1f MB", name, float64(size)/1e6), cpu, wall)
	return err
}

// same fails unless the same evidence gave the same bytes.
func same(a, b *audit.Report) error {
	var first, second bytes.Buffer
	if err := errors.Join(a.WritePage(&first), b.WritePage(&second)); err != nil {
		return err
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		return errors.New("the same evidence gave another page")
	}
	return nil
}

// counter counts bytes.
type counter int

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// table is the report of the measurement.
type table struct{ text strings.Builder }

func (t *table) line(what, first, second string) {
	t.text.WriteString(what + "\t" + first + "\t" + second + "\n")
}

func (t *table) times(what string, cpu, wall time.Duration) {
	t.line(what, "CPU "+cpu.Round(time.Millisecond).String(), "wall "+wall.Round(time.Millisecond).String())
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

func usage() (u unix.Rusage) {
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // does not fail on this process
	return u
}

func cpuTime() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident returns the most memory that the process had.
func resident() string {
	u := usage()
	return fmt.Sprintf("%d MiB", u.Maxrss/1024)
}

// address returns where an endpoint is that exists nowhere.
func address(n int) (url, host, platform string) {
	if n%5 == 0 { // a gateway with very many
		host, platform = fmt.Sprintf("s%d.gateway.example", n/5%40), "gateway.example"
	} else {
		platform = fmt.Sprintf("platform%d.example", n%4000)
		host = fmt.Sprintf("mcp%d.%s", n%9000, platform)
	}
	return fmt.Sprintf("https://%s/%d/mcp", host, n), host, platform
}

var _ audit.Records = (*sqlite.Store)(nil)

const runID uptime.AuditRunID = "bench"
