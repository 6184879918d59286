package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/drill"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// DrillOptions are how a drill is run. The first tenant of the scene is to be
// DefaultTenant.
type DrillOptions struct {
	drill.Options
	// Log gets what the monitor logs; nil for nobody.
	Log *slog.Logger
}

// Drill runs a synthetic outage through a monitor of its own, from the schedule
// to the sinks, in a temporary directory. The error says why that could not be
// done: an expectation that was not met is in the report.
func Drill(ctx context.Context, opt DrillOptions) (r *drill.Report, err error) {
	dir, err := os.MkdirTemp("", "alivemcp-drill-")
	if err != nil {
		return nil, fmt.Errorf("making the directory of the drill: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d, err := drill.New(ctx, opt.Options)
	if err != nil {
		return nil, err
	}
	ground, stop := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the monitor
	var group errgroup.Group
	group.Go(func() error { return d.Serve(ground) })
	r, err = runDrill(ctx, d, opt, filepath.Join(dir, "data"))
	stop()
	return r, errors.Join(err, group.Wait())
}

// runDrill runs the monitor for as long as the drill lasts.
func runDrill(ctx context.Context, d *drill.Drill, opt DrillOptions, dir string) (*drill.Report, error) {
	clock := &drillClock{}
	monitor := MonitorOptions{
		Version: opt.Version, Log: cmp.Or(opt.Log, slog.New(slog.DiscardHandler)), now: clock.Now, dial: d.Dial,
	}
	for i, t := range opt.Scene.Tenants {
		f, problems := config.Parse("drill", d.Config(i, dir), config.Options{})
		switch {
		case f == nil:
			return nil, fmt.Errorf("reading the drill's own configuration: %w", problems.Err())
		case i == 0:
			monitor.File = f
		default:
			monitor.Tenants = append(monitor.Tenants, Tenant{ID: t.ID, File: f})
		}
	}
	m, err := OpenMonitor(ctx, monitor)
	if err != nil {
		return nil, err
	}
	r, err := m.drill(ctx, d, clock)
	return r, errors.Join(err, m.Close())
}

// drill runs the monitor and the drill; when one ends, so does the other.
func (m *Monitor) drill(ctx context.Context, d *drill.Drill, clock *drillClock) (r *drill.Report, err error) {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		err := m.Run(ctx)
		stop()
		ended <- err
	}()
	r, err = d.Run(ctx, drilled{m, clock})
	stop()
	if failed := <-ended; failed != nil {
		return nil, failed
	}
	return r, err
}

// drilled is a monitor as a drill sees it.
type drilled struct {
	*Monitor
	clock *drillClock
}

// Live reports whether the newest verdict of a server is that it is live.
func (d drilled) Live(tenant uptime.TenantID, slug string) bool {
	srv, err := d.plans.server(tenant, slug)
	if err != nil {
		return false
	}
	v, ok := d.live.Latest(tenant, srv.ID)
	return ok && v.State == uptime.Live
}

// Held reports whether the budget holds back the open incident of a server.
func (d drilled) Held(ctx context.Context, tenant uptime.TenantID, slug string) (bool, error) {
	srv, err := d.plans.server(tenant, slug)
	if err != nil {
		return false, err
	}
	open, err := d.store.Incidents(ctx, tenant, uptime.IncidentQuery{Server: srv.ID, Open: true, Limit: 1})
	if err != nil || len(open) == 0 {
		return false, err
	}
	story, err := d.alarms.Story(ctx, tenant, uptime.AlertKey(open[0].ID))
	if errors.Is(err, uptime.ErrNotFound) {
		return false, nil
	}
	for _, dec := range story.Decisions {
		if dec.Stage == "budget" && dec.Outcome == "held" {
			return true, nil
		}
	}
	return false, err
}

// NextHour moves the clock of those who tell people.
func (d drilled) NextHour() {
	d.clock.nextHour()
	d.alarms.router.Wake()
}

// Overloaded counts the verdicts that say nothing because this machine had no
// time.
func (d drilled) Overloaded(ctx context.Context) (n int, err error) {
	all, err := d.store.ReadSealed(ctx, 0, 1<<16)
	for i := range all {
		if all[i].Cause() == uptime.SelfOverload {
			n++
		}
	}
	return n, err
}

// drillClock is the clock of those who tell people, ahead of the real one.
type drillClock struct{ ahead atomic.Int64 }

// Now tells the time.
func (c *drillClock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// nextHour moves the clock to the next full hour.
func (c *drillClock) nextHour() {
	now := c.Now()
	c.ahead.Add(int64(now.Truncate(time.Hour).Add(time.Hour).Sub(now)))
}
