// Package repeat says again what is open to sinks that forget it: an Alertmanager
// keeps alerts in memory alone, and ends those of which nobody speaks any more.
package repeat

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// every is how often it is said again: how long a sink that was started anew
	// knows nothing.
	every = 5 * time.Minute
	// most is how many threads are said again to one sink, the newest.
	most = 500
	// patience is how long a sink may take for all of them.
	patience = time.Minute
)

// Rows are read. None of these methods changes anything.
type Rows interface {
	// Threads returns a tenant's threads, newest first; open limits them to those
	// that last.
	Threads(ctx context.Context, tenant uptime.TenantID, open bool, limit int) ([]uptime.Thread, error)
	Deliveries(ctx context.Context, tenant uptime.TenantID, q uptime.DeliveryQuery) ([]uptime.Delivery, error)
	// Ref returns what the sink returned for the thread last; empty for nothing.
	Ref(ctx context.Context, tenant uptime.TenantID, thread uptime.AlertKey, sink string) (string, error)
}

// Sink forgets what it is told.
type Sink interface {
	// Repeat says again what the sink has taken already. It does nothing when the
	// sink was told something newer of the thread meanwhile, and may be called
	// while something is delivered.
	Repeat(ctx context.Context, d *uptime.Delivery, ref string) error
}

// Target is a sink with its name.
type Target struct {
	Tenant uptime.TenantID
	Name   string
	Sink   Sink
}

// Options configure a Repeater.
type Options struct {
	Rows Rows
	// Targets returns the sinks that forget and may be told now.
	Targets func() []Target
	Logger  *slog.Logger
}

// Repeater repeats.
type Repeater struct{ opt Options }

// New returns a Repeater. Run starts it.
func New(opt Options) *Repeater { return &Repeater{opt} }

// Run repeats until ctx ends, and returns nil then.
func (r *Repeater) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for _, t := range r.opt.Targets() {
			if err := r.repeat(ctx, t); err != nil && ctx.Err() == nil {
				r.opt.Logger.WarnContext(ctx, "what is open could not be said again", "tenant", t.Tenant, "sink", t.Name, "error", err)
			}
		}
	}
}

// repeat says everything again to one sink, up to the first failure: what is wrong
// with it now is wrong with the rest.
func (r *Repeater) repeat(ctx context.Context, t Target) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	threads, err := r.opt.Rows.Threads(ctx, t.Tenant, true, most)
	if err != nil {
		return fmt.Errorf("reading what is open: %w", err)
	}
	for i := range threads {
		told := threads[i].Told[t.Name]
		if told.Phase == "" || told.Phase == uptime.NoticeCloses {
			continue
		}
		if err := r.again(ctx, t, threads[i].Key); err != nil {
			return err
		}
	}
	return nil
}

// again says again what the sink took last of a thread.
func (r *Repeater) again(ctx context.Context, t Target, thread uptime.AlertKey) error {
	last, err := r.opt.Rows.Deliveries(ctx, t.Tenant, uptime.DeliveryQuery{Sink: t.Name, Thread: thread, State: uptime.DeliverySent, Limit: 1})
	if err != nil {
		return fmt.Errorf("reading what was said last: %w", err)
	}
	if len(last) == 0 || last[0].Notice.Phase == uptime.NoticeCloses {
		return nil
	}
	ref, err := r.opt.Rows.Ref(ctx, t.Tenant, thread, t.Name)
	if err != nil {
		return fmt.Errorf("reading the ref of %s: %w", thread, err)
	}
	return t.Sink.Repeat(ctx, &last[0], ref)
}
