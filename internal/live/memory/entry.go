package memory

import (
	"hash/maphash"
	"math"
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
	entries map[uint64]*entry // by hash, those of one hash in a chain
	servers int
	// arrived are entries with reports that nobody fetched.
	arrived []*entry
	_       [64]byte // keeps two locks off one cache line
}

// find returns the entry of a server; nil when there is none.
func (s *shard) find(hash uint64, tenant uptime.TenantID, server uptime.ServerID) *entry {
	e := s.entries[hash]
	for e != nil && (e.key.server != server || e.key.tenant != tenant) {
		e = e.next
	}
	return e
}

// entry returns the entry of a server, which it makes when there is none.
func (s *shard) entry(hash uint64, tenant uptime.TenantID, server uptime.ServerID) *entry {
	e := s.find(hash, tenant, server)
	if e == nil {
		e = &entry{key: serverKey{tenant, server}, hash: hash, next: s.entries[hash], sealed: math.MinInt64, expect: 1}
		e.pending = e.room[:0]
		s.entries[hash] = e
		s.servers++
	}
	return e
}

// entry is everything about one server. It is guarded by its shard's lock.
type entry struct {
	key  serverKey
	hash uint64
	next *entry // of the same hash
	// sealed is the cycle of latest in Unix nanoseconds; less than all before.
	sealed int64
	// pending are the cycles that are not sealed, ascending, at most maxPending.
	pending []cycle
	room    [1]cycle // the memory of pending as long as that is enough
	// expect is how many reports a cycle will have, as far as is known.
	expect int
	// queued says that the entry is in the shard's arrived.
	queued bool
	// gone says that the entry is not in its shard any more.
	gone bool
	// latest is the newest verdict; nil before the first.
	latest *uptime.Verdict
	// claim is the newest cycle that was chosen in the batch of this number, for
	// the one who holds sealing.
	claim int64
	batch uint64
	// looks are the newest evidence, by region.
	looks []look
}

// cycle is a cycle that is not sealed.
type cycle struct {
	at      int64           // in Unix nanoseconds
	reports []uptime.Report // by region
	// fresh says that a report arrived since the cycle was fetched; shared that
	// somebody else holds reports.
	fresh, shared bool
}

// hash spreads servers over shards and over the map of each.
func (l *Live) hash(tenant uptime.TenantID, server uptime.ServerID) uint64 {
	const odd = 0x9e3779b97f4a7c15
	return maphash.String(l.seed, string(tenant))*odd ^ maphash.String(l.seed, string(server))
}

func (l *Live) shardOf(hash uint64) *shard { return &l.shard[hash>>(64-shardBits)] }

// lock returns the entry of a server, which it makes when there is none, and
// its shard, locked.
func (l *Live) lock(tenant uptime.TenantID, server uptime.ServerID) (*shard, *entry) {
	hash := l.hash(tenant, server)
	s := l.shardOf(hash)
	s.mu.Lock()
	return s, s.entry(hash, tenant, server)
}

// hold is the lock of the shard that was used last. What arrives comes shard by
// shard, and so do the verdicts: most find their shard locked.
type hold struct{ shard *shard }

// lock is Live.lock for many servers in a row.
func (h *hold) lock(l *Live, tenant uptime.TenantID, server uptime.ServerID) (*shard, *entry) {
	hash := l.hash(tenant, server)
	h.take(l.shardOf(hash))
	return h.shard, h.shard.entry(hash, tenant, server)
}

func (h *hold) take(s *shard) {
	if h.shard == s {
		return
	}
	h.release()
	s.mu.Lock()
	h.shard = s
}

func (h *hold) release() {
	if h.shard != nil {
		h.shard.mu.Unlock()
		h.shard = nil
	}
}

// sealedThrough reports whether a cycle is too late to be sealed.
func (e *entry) sealedThrough(at int64) bool { return at <= e.sealed }

// cycleAt returns the pending cycle, which it makes when there is none; nil when
// newer cycles leave no room for it. pushed is how many reports had to go.
func (e *entry) cycleAt(at int64) (c *cycle, pushed int) {
	i := len(e.pending)
	for i > 0 && e.pending[i-1].at >= at {
		i--
	}
	if i < len(e.pending) && e.pending[i].at == at {
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
	if len(e.pending) == len(e.room)+1 {
		clear(e.room[:]) // it was moved out
	}
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
		CycleKey: uptime.CycleKey{Tenant: key.tenant, Server: key.server, Cycle: time.Unix(0, c.at).UTC()},
		Reports:  slices.Clip(c.reports),
	}
}

// know makes v the newest verdict.
func (e *entry) know(v *uptime.Verdict) {
	e.latest, e.sealed, e.expect = v, v.Cycle.UnixNano(), v.Expected
}

// admit makes v the newest verdict and lets go of the cycles that it settles. It
// returns how many reports were pending in older ones.
func (e *entry) admit(v *uptime.Verdict) (crowded int) {
	e.know(v)
	n := 0
	for n < len(e.pending) && e.pending[n].at <= e.sealed {
		if e.pending[n].at < e.sealed {
			crowded += len(e.pending[n].reports)
		}
		n++
	}
	e.pending = slices.Delete(e.pending, 0, n)
	return crowded
}

// idle reports whether nothing was heard of the server since before.
func (e *entry) idle(before int64) bool {
	if e.queued || e.sealed > before {
		return false
	}
	n := len(e.pending)
	return n == 0 || e.pending[n-1].at < before
}

func (s *shard) prune(before time.Time, count *counters) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		for ; e != nil; e = e.next {
			if e.idle(before.UnixNano()) {
				s.remove(e, count)
			}
		}
	}
}

// remove takes an entry out. The shard is locked.
func (s *shard) remove(e *entry, count *counters) {
	for i := range e.looks {
		count.evidence.Add(-e.looks[i].size)
	}
	e.gone, e.pending, e.looks = true, nil, nil
	s.unlink(e)
	s.servers--
}

// unlink takes an entry out of its chain; what follows it stays reachable from
// it.
func (s *shard) unlink(e *entry) {
	switch at := s.entries[e.hash]; {
	case at != e:
		for at.next != e {
			at = at.next
		}
		at.next = e.next
	case e.next != nil:
		s.entries[e.hash] = e.next
	default:
		delete(s.entries, e.hash)
	}
}

func (s *shard) size() (servers, pending int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		for ; e != nil; e = e.next {
			pending += len(e.pending)
		}
	}
	return s.servers, pending
}
