package memory

import (
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// serverKey names a server over all tenants.
type serverKey struct {
	tenant uptime.TenantID
	server uptime.ServerID
}

// shard is a part of the servers, under one lock.
type shard struct {
	mu      sync.Mutex
	entries map[serverKey]*entry
	// arrived are entries with reports that nobody fetched.
	arrived []*entry
	_       [64]byte // keeps two locks off one cache line
}

// entry is everything about one server. It is guarded by its shard's lock.
type entry struct {
	key serverKey
	// pending are the cycles that are not sealed, ascending, at most maxPending.
	pending []cycle
	// queued says that the entry is in the shard's arrived.
	queued bool
	// gone says that the entry is not in its shard any more.
	gone bool
	// latest is the newest verdict; nil before the first.
	latest *uptime.Verdict
	// claim is the newest cycle that was chosen in the batch of this number, for
	// the one who holds sealing.
	claim time.Time
	batch uint64
	// looks are the newest evidence, by region.
	looks []look
}

// cycle is a cycle that is not sealed.
type cycle struct {
	at      time.Time
	reports []uptime.Report // by region
	// fresh says that a report arrived since the cycle was fetched; shared that
	// somebody else holds reports.
	fresh, shared bool
}

func (l *Live) shardOf(key serverKey) *shard {
	return &l.shard[maphash.Comparable(l.seed, key)%shards]
}

// lock returns the entry of a server, which it makes when there is none, and
// its shard, locked.
func (l *Live) lock(key serverKey) (*shard, *entry) {
	s := l.shardOf(key)
	s.mu.Lock()
	e := s.entries[key]
	if e == nil {
		e = &entry{key: key}
		s.entries[key] = e
	}
	return s, e
}

// sealedThrough reports whether a cycle is too late to be sealed.
func (e *entry) sealedThrough(at time.Time) bool {
	return e.latest != nil && !at.After(e.latest.Cycle)
}

// cycleAt returns the pending cycle, which it makes when there is none; nil when
// newer cycles leave no room for it. pushed is how many reports had to go.
func (e *entry) cycleAt(at time.Time) (c *cycle, pushed int) {
	i := len(e.pending)
	for i > 0 && !e.pending[i-1].at.Before(at) {
		i--
	}
	if i < len(e.pending) && e.pending[i].at.Equal(at) {
		return &e.pending[i], 0
	}
	if len(e.pending) == maxPending {
		if i == 0 {
			return nil, 1
		}
		pushed = len(e.pending[0].reports)
		e.pending = slices.Delete(e.pending, 0, 1)
		i--
	}
	e.pending = slices.Insert(e.pending, i, cycle{at: at})
	return &e.pending[i], pushed
}

// add files a report, unless its region has reported.
func (c *cycle) add(r *uptime.Report, expect int) bool {
	i := len(c.reports)
	for i > 0 && c.reports[i-1].Region >= r.Region {
		i--
	}
	if i < len(c.reports) && c.reports[i].Region == r.Region || len(c.reports) == maxRegions {
		return false
	}
	if c.shared || c.reports == nil {
		c.reports = append(make([]uptime.Report, 0, max(expect, len(c.reports)+1)), c.reports...)
		c.shared = false
	}
	c.reports = slices.Insert(c.reports, i, *r)
	return true
}

// share returns the cycle for somebody else to read.
func (c *cycle) share(key serverKey) uptime.Pending {
	c.shared = true
	return uptime.Pending{
		CycleKey: uptime.CycleKey{Tenant: key.tenant, Server: key.server, Cycle: c.at},
		Reports:  slices.Clip(c.reports),
	}
}

// admit makes v the newest verdict and lets go of the cycles that it settles. It
// returns how many reports were pending in older ones.
func (e *entry) admit(v *uptime.Verdict) (crowded int) {
	e.latest = v
	n := 0
	for n < len(e.pending) && !e.pending[n].at.After(v.Cycle) {
		if e.pending[n].at.Before(v.Cycle) {
			crowded += len(e.pending[n].reports)
		}
		n++
	}
	e.pending = slices.Delete(e.pending, 0, n)
	return crowded
}

// idle reports whether nothing was heard of the server since before.
func (e *entry) idle(before time.Time) bool {
	if e.queued || e.latest != nil && e.latest.Cycle.After(before) {
		return false
	}
	n := len(e.pending)
	return n == 0 || e.pending[n-1].at.Before(before)
}

func (s *shard) prune(before time.Time, count *counters) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if e.idle(before) {
			s.remove(e, count)
		}
	}
}

// remove takes an entry out. The shard is locked.
func (s *shard) remove(e *entry, count *counters) {
	for i := range e.looks {
		count.evidence.Add(-e.looks[i].size)
	}
	e.gone, e.pending, e.looks = true, nil, nil
	delete(s.entries, e.key)
}

func (s *shard) size() (servers, pending int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		pending += len(e.pending)
	}
	return len(s.entries), pending
}
