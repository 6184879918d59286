//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/bench/fleet"
	"github.com/alivemcp/alivemcp/bench/gauge"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// pagesFlags say over what the pages are shown.
type pagesFlags struct {
	pastFlags
	interval time.Duration
	regions  int
	requests int
	pprof    string
}

// runPages measures the binary over a past: its start, its memory, and its
// pages, while it probes the servers.
func runPages(ctx context.Context, args []string) (err error) {
	var f pagesFlags
	set := flag.NewFlagSet("pages", flag.ExitOnError)
	f.define(set)
	set.DurationVar(&f.interval, "interval", time.Minute, "interval of the servers")
	set.IntVar(&f.regions, "regions", 3, "regions that probe, 1 to 3")
	set.IntVar(&f.requests, "requests", 400, "requests for each kind of page")
	set.StringVar(&f.pprof, "pprof", "", "let the monitor serve Go's profiler at this `address`")
	_ = set.Parse(args)
	dir, remove, err := f.place()
	if err != nil {
		return err
	}
	defer remove()
	if err := f.ensure(ctx, dir); err != nil {
		return err
	}
	out := &table{}
	out.head(fmt.Sprintf("the binary over %d servers x %d days, %d regions, interval %s", f.servers, f.days, f.regions, f.interval))
	r, err := startRig(ctx, rigOptions{data: dir, servers: f.servers, interval: f.interval, regions: fleet.Regions()[:f.regions], pprof: f.pprof})
	if err != nil {
		return err
	}
	defer func() { err = joinStop(err, r) }()
	return f.measure(ctx, out, r)
}

func joinStop(err error, r *rig) error {
	if stopped := r.stop(); err == nil {
		return stopped
	}
	return err
}

// ensure fills the directory unless it holds a database.
func (f *pagesFlags) ensure(ctx context.Context, dir string) error {
	if found, _ := filepath.Glob(filepath.Join(dir, sqlite.File)); len(found) > 0 {
		return nil
	}
	w, err := openWorld(ctx, dir, f.servers)
	if err != nil {
		return err
	}
	if err := w.fill(ctx, f.days, uptime.DayOf(time.Now())); err != nil {
		return err
	}
	return w.store.Close()
}

func (f *pagesFlags) measure(ctx context.Context, out *table, r *rig) error {
	m := r.monitor
	out.line("start until the port answers", "%s", gauge.Round(time.Since(m.began)))
	ready, err := m.until(ctx, time.Minute, "it is ready", func() (bool, error) {
		status, _, err := m.get(ctx, "/ready")
		return status == http.StatusOK, err
	})
	if err != nil {
		return err
	}
	now, peak := resident(m.cmd.Process.Pid)
	out.line("start until ready", "%s, CPU %s", gauge.Round(ready), cpu(m.cmd.Process.Pid))
	out.line("resident then", "%.0f MiB (at most %.0f)", gauge.MiB(now), gauge.MiB(peak))
	all, err := m.await(ctx, 2*f.interval+time.Minute, "every server has a verdict", func(s metrics) bool {
		return s[`alivemcp_servers{state="unknown"}`] == 0
	})
	if err != nil {
		return err
	}
	out.line("start until every server has a verdict", "%s", gauge.Round(all))
	if err := f.idle(ctx, out, m); err != nil {
		return err
	}
	for _, p := range f.pages() {
		if err := f.page(ctx, out, m, p.name, p.path); err != nil {
			return err
		}
	}
	now, peak = resident(m.cmd.Process.Pid)
	out.line("resident afterwards", "%.0f MiB (at most %.0f)", gauge.MiB(now), gauge.MiB(peak))
	return nil
}

// idle tells what the monitor costs when nobody looks.
func (f *pagesFlags) idle(ctx context.Context, out *table, m *monitor) error {
	began, before := time.Now(), cpu(m.cmd.Process.Pid)
	if err := pause(ctx, 2*time.Minute); err != nil {
		return err
	}
	used := cpu(m.cmd.Process.Pid) - before
	seen, err := m.metrics(ctx)
	if err != nil {
		return err
	}
	now, peak := resident(m.cmd.Process.Pid)
	probes := time.Since(began).Seconds() / f.interval.Seconds() * float64(f.servers*f.regions)
	out.line("while nobody looks, two minutes", "%.1f %% of a core: %s a probe", 100*used.Seconds()/time.Since(began).Seconds(), gauge.Round(time.Duration(float64(used)/probes)))
	out.line("resident then", "%.0f MiB (at most %.0f), live heap %.0f MiB", gauge.MiB(now), gauge.MiB(peak), gauge.MiB(int64(seen["go_memstats_heap_alloc_bytes"])))
	return nil
}

// kind is a sort of page: the address of its n-th request.
type kind struct {
	name string
	path func(n int) string
}

func (f *pagesFlags) pages() []kind {
	at := func(format string, mod int) func(int) string {
		return func(n int) string { return fmt.Sprintf(format, n%mod+1) }
	}
	server := func(format string) func(int) string {
		return func(n int) string { return fmt.Sprintf(format, slug(n*37%f.servers)) }
	}
	pages := max(1, f.servers/50)
	return []kind{
		{"`/`, the first page again and again", func(int) string { return "/" }},
		{"`/`, every page once around", at("/?page=%d", pages)},
		{"`/`, sorted by uptime, pages of 200", at("/?sort=uptime&per=200&page=%d", max(1, f.servers/200))},
		{"`/`, searched", func(n int) string { return fmt.Sprintf("/?q=%d", n) }},
		{"`/status/{slug}`", server("/status/%s")},
		{"`/api/v1/servers`, pages of 50", func(int) string { return "/api/v1/servers" }},
		{"`/api/v1/servers`, pages of 500", func(int) string { return "/api/v1/servers?limit=500" }},
		{"`/api/embed-status/{slug}`", server("/api/embed-status/%s")},
		{"`/badge/{slug}.svg`", server("/badge/%s.svg")},
		{"`/metrics`", func(int) string { return "/metrics" }},
	}
}

// page asks for a kind of page, one request after the other.
func (f *pagesFlags) page(ctx context.Context, out *table, m *monitor, name string, path func(int) string) error {
	took, size := make([]time.Duration, f.requests), 0
	before := cpu(m.cmd.Process.Pid)
	for n := range took {
		began := time.Now()
		status, body, err := m.get(ctx, path(n))
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%s: status %d: %s", path(n), status, strings.TrimSpace(string(body)))
		}
		if err != nil {
			return err
		}
		took[n] = time.Since(began)
		size += len(body)
	}
	used := (cpu(m.cmd.Process.Pid) - before) / time.Duration(f.requests)
	out.line(name, "p50 %s, p99 %s, CPU %s, %.1f kB gzipped", gauge.Round(gauge.Quantile(took, 0.5)), gauge.Round(gauge.Quantile(took, 0.99)), gauge.Round(used), float64(size)/float64(f.requests)/1000)
	return nil
}
