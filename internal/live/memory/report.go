package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Put files a report. The first report of a region counts. A report of a cycle
// that is sealed, archived, or ahead of our clock by more than a minute is
// counted and dropped: that is no error. It never waits for sealing. The report
// is copied.
func (l *Live) Put(_ context.Context, r *uptime.Report) error {
	if r.Server == "" || r.Region == "" || r.Cycle.IsZero() {
		return fmt.Errorf("%w: a report must name server, region and cycle; this one names %q, %q, %s",
			uptime.ErrInvalid, r.Server, r.Region, r.Cycle.Format(time.RFC3339))
	}
	switch now := l.opt.Now(); {
	case l.stale(r.Cycle, r.Every, now):
		l.count.late.Add(1)
		return nil
	case r.Cycle.After(now.Add(skew)):
		l.count.early.Add(1)
		return nil
	}
	if l.file(r) {
		l.signal()
	}
	return nil
}

// stale reports whether a cycle is out of reach, whatever was sealed: archived
// to its end, or older than what Prune lets go. A cycle of many minutes that
// began before the archive's last one still stands for those to come.
func (l *Live) stale(at time.Time, every time.Duration, now time.Time) bool {
	last := uptime.MinuteOf(at)
	if every > time.Minute {
		last = uptime.MinuteOf(at.Add(every)) - 1
	}
	return last <= l.opt.Floor || at.Before(l.horizon(now))
}

// horizon is how far back servers are remembered: Keep, but at least through the
// longest cycle and the look at it.
func (l *Live) horizon(now time.Time) time.Time {
	return now.Add(-max(l.opt.Keep, uptime.MaxInterval+2*(uptime.CellTime+uptime.SealGrace)))
}

// file puts a report to its cycle and reports whether somebody has to be woken.
func (l *Live) file(r *uptime.Report) bool {
	s, e := l.lock(r.Tenant, r.Server)
	defer s.mu.Unlock()
	at := r.Cycle.UnixNano()
	if e.sealedThrough(at) {
		l.count.late.Add(1)
		return false
	}
	c, pushed := e.cycleAt(at)
	if pushed > 0 {
		l.count.crowded.Add(uint64(pushed)) //nolint:gosec // a length
	}
	if c == nil {
		return false
	}
	if !c.add(r, e.expect) {
		l.count.duplicate.Add(1)
		return false
	}
	l.count.reports.Add(1)
	c.fresh = true
	if e.queued {
		return false
	}
	e.queued = true
	s.arrived = append(s.arrived, e)
	return true
}

func (l *Live) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Arrived waits until reports have arrived that no call has returned yet, and
// returns their cycles with all their reports: some hundred cycles at most, the
// rest the next time. Of several callers each report wakes one.
func (l *Live) Arrived(ctx context.Context) ([]uptime.Pending, error) {
	for {
		if got := l.fetch(); len(got) > 0 {
			return got, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for reports: %w", ctx.Err())
		case <-l.wake:
		}
	}
}

// fetch collects what arrived, beginning with another shard every time.
func (l *Live) fetch() (got []uptime.Pending) {
	got = make([]uptime.Pending, 0, l.last.Load())
	defer func() { l.last.Store(int32(len(got))) }() //nolint:gosec // bounded
	first := l.turn.Add(1)
	for i := range uint32(shards) {
		var rest bool
		got, rest = l.shard[(first+i)%shards].fetch(got)
		if rest {
			l.signal()
			return got
		}
	}
	return got
}

// fetch appends the fresh cycles of the shard, as long as there is room; rest
// says that some are left.
func (s *shard) fetch(got []uptime.Pending) (_ []uptime.Pending, rest bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for ; n < len(s.arrived) && len(got) < maxArrived; n++ {
		e := s.arrived[n]
		e.queued = false
		for i := range e.pending {
			if c := &e.pending[i]; c.fresh {
				c.fresh = false
				got = append(got, c.share(e.key))
			}
		}
	}
	rest = n < len(s.arrived)
	left := copy(s.arrived, s.arrived[n:])
	clear(s.arrived[left:])
	s.arrived = s.arrived[:left]
	return got, rest
}

// Pending returns the cycles of these names with what was reported of them, in
// the same order. Cycles without a report, and those that are sealed, have no
// reports.
func (l *Live) Pending(_ context.Context, keys []uptime.CycleKey) ([]uptime.Pending, error) {
	out := make([]uptime.Pending, len(keys))
	for i, k := range keys {
		out[i] = l.pending(k)
	}
	return out, nil
}

func (l *Live) pending(k uptime.CycleKey) uptime.Pending {
	hash, at := l.hash(k.Tenant, k.Server), k.Cycle.UnixNano()
	s := l.shardOf(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.find(hash, k.Tenant, k.Server); e != nil {
		for i := range e.pending {
			if e.pending[i].at == at {
				return e.pending[i].share(e.key)
			}
		}
	}
	return uptime.Pending{CycleKey: k}
}

// Latest returns the newest verdict of a server; ok is false before the first.
func (l *Live) Latest(tenant uptime.TenantID, server uptime.ServerID) (v uptime.Verdict, ok bool) {
	hash := l.hash(tenant, server)
	s := l.shardOf(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.find(hash, tenant, server); e != nil && e.latest != nil {
		return *e.latest, true
	}
	return uptime.Verdict{}, false
}
