package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/api"
	"github.com/alivemcp/alivemcp/internal/live/memory"
	"github.com/alivemcp/alivemcp/internal/schedule"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// tally counts what the monitor has seen since its start.
type tally struct {
	mu     sync.Mutex
	sealed map[uptime.State]uint64
	failed map[uptime.Cause]uint64
	// unsealed says that sealing failed the last time.
	unsealed bool
	// damage says what is wrong with the database; empty for nothing, as far as is
	// known.
	damage string
}

func newTally() *tally {
	return &tally{sealed: map[uptime.State]uint64{}, failed: map[uptime.Cause]uint64{}}
}

// saw counts the failures of a cell.
func (t *tally) saw(cell uptime.Cell) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range cell.Attempts {
		if a.Failure != nil {
			t.failed[a.Failure.Cause]++
		}
	}
}

// counts returns copies.
func (t *tally) counts() (sealed map[uptime.State]uint64, failed map[uptime.Cause]uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.sealed), maps.Clone(t.failed)
}

// countedLive counts the verdicts that are sealed. Those that somebody else had
// sealed are counted with them: only a second sealer brings such.
type countedLive struct {
	*memory.Live
	tally *tally
}

// Seal seals and counts.
func (l countedLive) Seal(ctx context.Context, verdicts []uptime.Verdict) (int, error) {
	n, err := l.Live.Seal(ctx, verdicts)
	l.tally.mu.Lock()
	defer l.tally.mu.Unlock()
	l.tally.unsealed = err != nil
	if err != nil {
		return n, err
	}
	for i := range verdicts {
		l.tally.sealed[verdicts[i].State]++
	}
	return n, nil
}

// vitals says how the monitor does.
func (m *Monitor) vitals() api.Vitals {
	sealed, failed := m.tally.counts()
	live := m.live.Stats()
	v := api.Vitals{
		Sealed: sealed, Failed: failed, Late: live.Late, Sequence: live.Last,
		Cursors: map[string]uptime.Cursor{
			"archive": m.archiver.Stats().Mark.Cursor, "recorder": m.recorder.Stats().Cursor,
			"alerts": m.alarms.router.Stats().Verdicts,
		},
		DatabaseBytes: fileSize(m.opt.File.Data, sqlite.File) + fileSize(m.opt.File.Data, sqlite.File+"-wal"),
		Streams:       m.site.Streams(),
	}
	var late []schedule.Lateness
	for _, r := range m.regions {
		s := r.scheduler.Stats()
		v.InFlight += int(s.Flying)
		v.Started += s.Started
		late = merge(late, s.Late)
	}
	v.Lateness = api.Lateness{P50: quantile(late, 0.5), P99: quantile(late, 0.99), Max: quantile(late, 1)}
	select {
	case <-m.board.Ready():
	default:
		v.NotReady = append(v.NotReady, "the state before the start is still being read")
	}
	v.NotReady = append(v.NotReady, m.tally.troubles()...)
	return v
}

// troubles are what keeps the monitor from storing what it sees.
func (t *tally) troubles() (out []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unsealed {
		out = append(out, "verdicts cannot be stored: is the disk full?")
	}
	if t.damage != "" {
		out = append(out, t.damage)
	}
	return out
}

// examine reads the whole database once, beside everything else: damage that the
// start did not meet would otherwise show when it is too late for a backup.
func (m *Monitor) examine(ctx context.Context) error {
	if err := m.store.Check(ctx); err != nil && ctx.Err() == nil {
		m.log.ErrorContext(ctx, "the database was examined", "error", err)
		m.tally.mu.Lock()
		m.tally.damage = "the database is damaged: see the log"
		m.tally.mu.Unlock()
	}
	<-ctx.Done()
	return ctx.Err()
}

func fileSize(dir, name string) int64 {
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil {
		return 0
	}
	return info.Size()
}

// merge adds up classes of lateness.
func merge(sum, more []schedule.Lateness) []schedule.Lateness {
	if sum == nil {
		return append(sum, more...)
	}
	for i := range more {
		sum[i].Count += more[i].Count
	}
	return sum
}

// quantile returns the upper bound of the class in which the q-th part of all
// lies; a minute for the class without a bound.
func quantile(classes []schedule.Lateness, q float64) time.Duration {
	var all, seen uint64
	for _, c := range classes {
		all += c.Count
	}
	if all == 0 {
		return 0
	}
	for _, c := range classes {
		if seen += c.Count; float64(seen) >= q*float64(all) {
			if c.UpTo == 0 {
				return time.Minute
			}
			return c.UpTo
		}
	}
	return time.Minute
}

// probeNow answers /probe, for strangers: they may have looked at again what is
// looked at anyway and belongs to the operator, from one of its regions.
func (m *Monitor) probeNow(ctx context.Context, t api.Target) (uptime.Result, error) {
	if t.Slug == "" {
		return uptime.Result{}, fmt.Errorf("%w: only configured servers can be probed, name one by its slug", uptime.ErrInvalid)
	}
	srv, err := m.plans.server(DefaultTenant, t.Slug)
	if err != nil {
		return uptime.Result{}, err
	}
	from := cmp.Or(t.Region, srv.Regions[0])
	switch {
	case srv.Paused || srv.Guest:
		return uptime.Result{}, fmt.Errorf("%w: this server is paused, or of somebody else: it is not probed on request", uptime.ErrInvalid)
	case !slices.Contains(srv.Regions, from):
		return uptime.Result{}, fmt.Errorf("%w: the server is not probed from region %q", uptime.ErrInvalid, from)
	}
	cell, err := m.Replay(ctx, DefaultTenant, t.Slug, from)
	if err != nil {
		return uptime.Result{}, err
	}
	return cell.Last(), nil
}
