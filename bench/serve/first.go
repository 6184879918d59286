//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/alivemcp/alivemcp/bench/gauge"
)

// runFirst measures how long a start takes until verdicts are there.
func runFirst(ctx context.Context, args []string) error {
	o := rigOptions{regions: []string{"local"}, interval: time.Minute}
	set := flag.NewFlagSet("first", flag.ExitOnError)
	set.IntVar(&o.servers, "servers", 50, "servers")
	times := set.Int("times", 5, "how often to start, at different seconds of a minute")
	_ = set.Parse(args)
	out := &table{}
	out.head(fmt.Sprintf("start with %d servers, interval %s", o.servers, o.interval))
	for i := range *times {
		if err := startOnce(ctx, out, o); err != nil {
			return err
		}
		if err := pause(ctx, time.Duration(i)*5*time.Second); err != nil {
			return err
		}
	}
	return nil
}

func startOnce(ctx context.Context, out *table, o rigOptions) (err error) {
	r, err := startRig(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = joinStop(err, r) }()
	second, port := r.monitor.began.Second(), time.Since(r.monitor.began)
	first, err := r.monitor.await(ctx, 3*time.Minute, "there is a verdict", func(s metrics) bool { return s.sealed() > 0 })
	if err != nil {
		return err
	}
	all, err := r.monitor.await(ctx, 3*time.Minute, "every server has a verdict", func(s metrics) bool {
		return s[`alivemcp_servers{state="unknown"}`] == 0
	})
	out.line(fmt.Sprintf("started at second %d", second), "port after %s, first verdict after %s, all after %s", gauge.Round(port), gauge.Round(first), gauge.Round(all))
	return err
}

// runDemo measures how long `serve --demo` takes until the dashboard is complete:
// every server was judged in this life.
func runDemo(ctx context.Context, args []string) (err error) {
	set := flag.NewFlagSet("demo", flag.ExitOnError)
	_ = set.Parse(args)
	dir, err := os.MkdirTemp("", "alivemcp-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary, err := build(ctx, dir)
	if err != nil {
		return err
	}
	out := &table{}
	out.head("serve --demo")
	m, err := startMonitor(ctx, binary, nil, "--demo")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	out.line("started at second", "%d", m.began.Second())
	out.line("port", "%s, CPU %s", gauge.Round(time.Since(m.began)), cpu(m.cmd.Process.Pid))
	page, err := m.until(ctx, time.Minute, "the dashboard answers", func() (bool, error) {
		status, _, err := m.get(ctx, "/")
		return status == http.StatusOK, err
	})
	if err != nil {
		return err
	}
	out.line("dashboard with its past", "%s", gauge.Round(page))
	var left int
	whole, err := m.until(ctx, 3*time.Minute, "every server of the demonstration has been judged", func() (done bool, err error) {
		left, err = m.waiting(ctx)
		return left == 0, err
	})
	if err != nil {
		return fmt.Errorf("%w: %d are left", err, left)
	}
	now, peak := resident(m.cmd.Process.Pid)
	out.line("every server judged", "%s", gauge.Round(whole))
	out.line("resident", "%.0f MiB (at most %.0f)", gauge.MiB(now), gauge.MiB(peak))
	return nil
}

// waiting is how many servers have not been judged since the start.
func (m *monitor) waiting(ctx context.Context) (left int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url+"/api/v1/servers?limit=500", http.NoBody)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	var said struct {
		Servers []struct {
			Slug      string    `json:"slug"`
			LastProbe time.Time `json:"last_probe_at"`
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&said); err != nil {
		return 0, fmt.Errorf("reading the servers: %w", err)
	}
	if len(said.Servers) == 0 {
		return 1, nil
	}
	for _, s := range said.Servers {
		if s.LastProbe.Before(m.began) {
			left++
		}
	}
	return left, nil
}
