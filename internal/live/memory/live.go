// Package memory keeps the state that moves in the memory of one process: the
// reports of cycles that are not sealed, the feed of sealed verdicts, and the
// newest evidence. What was sealed is written to a journal first, so that it
// survives the process; what was not sealed is lost with it, and its cycle is
// Unknown.
package memory

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The bounds of what is kept, beside one newest verdict a server.
const (
	// DefaultTail is how many verdicts the feed keeps in memory.
	DefaultTail = 8192
	// DefaultKeep is how long the journal keeps verdicts.
	DefaultKeep = 96 * time.Hour
	// DefaultEvidence is how many bytes of transcripts are kept for Look.
	DefaultEvidence = 64 << 20
	// maxPending is how many cycles of a server may be unsealed at once: as many
	// of the shortest as fit into the time that a region may take for a cell.
	maxPending = int((uptime.CellTime+uptime.SealGrace)/uptime.MinInterval) + 2
	// maxRegions is how many regions may speak about one server.
	maxRegions = 64
	// skew is by how much a region's clock may be ahead of ours.
	skew = time.Minute
	// shards is how many locks the servers are spread over.
	shards    = 1 << shardBits
	shardBits = 6
	// maxArrived is how many cycles Arrived returns at once: with their servers
	// and verdicts they fit into the cache of a processor while they are sealed,
	// and they are enough for a journal not to mind.
	maxArrived = 512
)

// Journal makes the feed survive the process. It is told of verdicts in the
// order of Seq, one call at a time.
type Journal interface {
	// AppendSealed stores verdicts, whose Seq ascends without a gap from the last
	// one. They are durable when it returns nil; after an error they may be or
	// not: the caller reads what is there before it appends again.
	AppendSealed(context.Context, []uptime.Verdict) error
	// ReadSealed returns at most limit verdicts with a greater Seq, ascending.
	ReadSealed(ctx context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error)
	// LastSealed returns the newest verdict of each server, also of those whose
	// other verdicts are pruned, and the greatest Seq ever stored.
	LastSealed(context.Context) ([]uptime.Verdict, uptime.Cursor, error)
	// PruneSealed forgets verdicts that were sealed before a moment and are not
	// after passed. It keeps what LastSealed needs.
	PruneSealed(ctx context.Context, before time.Time, passed uptime.Cursor) error
}

// Options are what a Live is made of. The zero Options keep everything in
// memory alone.
type Options struct {
	// Journal is where sealed verdicts are written; nil for memory only: then the
	// feed reaches back as far as Tail, and nothing survives.
	Journal Journal
	// Now is the clock; nil for time.Now.
	Now func() time.Time
	// Floor is the last minute that is archived: cycles that begin in it or
	// before are too late.
	Floor uptime.Minute
	// Since is where a feed without a journal begins: Seq is greater.
	Since uptime.Cursor
	// Tail is how many verdicts are kept in memory for readers; zero for
	// DefaultTail.
	Tail int
	// Keep is how long the journal keeps verdicts that everybody has read; zero
	// for DefaultKeep.
	Keep time.Duration
	// Evidence bounds the bytes of transcripts that Look can show; zero for
	// DefaultEvidence.
	Evidence int64
	Logger   *slog.Logger // nil for none
}

// Live is the state of one process. It is safe for concurrent use. All values
// that it hands out are shared: nobody may change what they point to.
type Live struct {
	opt   Options
	seed  maphash.Seed
	shard [shards]shard
	// wake holds a token when some shard has arrivals that nobody fetched.
	wake  chan struct{}
	turn  atomic.Uint32 // the shard that the next Arrived begins with
	last  atomic.Int32  // how much the last Arrived returned
	feed  feed
	count counters

	// sealing is held by the one who seals, from the choice of numbers until they
	// are in the feed.
	sealing sync.Mutex
	// doubt says that the journal failed and may hold more than the feed; guarded
	// by sealing.
	doubt bool
	batch uint64 // counts calls of Seal; guarded by sealing
}

// counters are what Stats adds up.
type counters struct {
	reports, late, early, duplicate, crowded, sealed, refused, failed atomic.Uint64
	evidence                                                          atomic.Int64
	states                                                            [uptime.Down + 1]atomic.Uint64 // sealed, by state
}

// Stats says what became of reports and verdicts since the start.
type Stats struct {
	// Reports were accepted.
	Reports uint64
	// Late reports were of a cycle that is sealed or archived, Early ones of a
	// cycle that our clock has not reached, Duplicate ones of a region that had
	// reported, Crowded ones were pushed out by newer cycles. All are dropped.
	Late, Early, Duplicate, Crowded uint64
	// Sealed verdicts are in the feed; Refused ones were of a cycle that is
	// sealed, archived or older; Failed is how often the journal failed.
	Sealed, Refused, Failed uint64
	// Unknown, Live, Degraded and Down are the parts of Sealed.
	Unknown, Live, Degraded, Down uint64
	// Servers are known, Pending cycles not sealed.
	Servers, Pending int
	// Evidence is the size of the transcripts that are kept, in bytes.
	Evidence int64
	// Last is the newest verdict in the feed.
	Last uptime.Cursor
}

// New returns a Live without any state.
func New(opt Options) *Live {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	opt.Tail = cmp.Or(opt.Tail, DefaultTail)
	opt.Keep = cmp.Or(opt.Keep, DefaultKeep)
	opt.Evidence = cmp.Or(opt.Evidence, DefaultEvidence)
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Live{opt: opt, seed: maphash.MakeSeed(), wake: make(chan struct{}, 1)}
	for i := range l.shard {
		l.shard[i].entries = map[uint64]*entry{}
	}
	l.feed.open(opt.Tail, opt.Since)
	return l
}

// Open restores from the journal what was sealed before. It must have returned
// before anything else is called.
func (l *Live) Open(ctx context.Context) error {
	if l.opt.Journal == nil {
		return nil
	}
	latest, last, err := l.opt.Journal.LastSealed(ctx)
	if err != nil {
		return fmt.Errorf("restoring the live state from the journal: %w", err)
	}
	for i := range latest {
		l.restore(&latest[i])
	}
	l.feed.open(l.opt.Tail, max(last, l.opt.Since))
	return nil
}

func (l *Live) restore(v *uptime.Verdict) {
	s, e := l.lock(v.Tenant, v.Server)
	defer s.mu.Unlock()
	if !e.sealedThrough(v.Cycle.UnixNano()) {
		e.know(v)
	}
}

// Prune lets go of what is older than Keep and was read by all: passed is the
// least cursor of those who read the feed. It is to be called now and then.
func (l *Live) Prune(ctx context.Context, passed uptime.Cursor) error {
	now := l.opt.Now()
	for i := range l.shard {
		l.shard[i].prune(l.horizon(now), &l.count)
	}
	if l.opt.Journal == nil {
		return nil
	}
	before := now.Add(-l.opt.Keep)
	if err := l.opt.Journal.PruneSealed(ctx, before, passed); err != nil {
		return fmt.Errorf("pruning the journal of what was sealed before %s: %w", before.Format(time.RFC3339), err)
	}
	return nil
}

// Forget lets go of everything about a server but what the feed still holds of
// it. It is for servers that are erased: their ids are never used again.
func (l *Live) Forget(tenant uptime.TenantID, server uptime.ServerID) {
	hash := l.hash(tenant, server)
	s := l.shardOf(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.find(hash, tenant, server); e != nil {
		s.remove(e, &l.count)
	}
	l.feed.forget(serverKey{tenant, server})
}

// Stats returns the counters.
func (l *Live) Stats() Stats {
	c := &l.count
	s := Stats{
		Reports: c.reports.Load(), Late: c.late.Load(), Early: c.early.Load(),
		Duplicate: c.duplicate.Load(), Crowded: c.crowded.Load(),
		Sealed: c.sealed.Load(), Refused: c.refused.Load(), Failed: c.failed.Load(),
		Evidence: c.evidence.Load(), Last: l.feed.end(),
		Unknown: c.states[uptime.Unknown].Load(), Live: c.states[uptime.Live].Load(),
		Degraded: c.states[uptime.Degraded].Load(), Down: c.states[uptime.Down].Load(),
	}
	for i := range l.shard {
		servers, pending := l.shard[i].size()
		s.Servers += servers
		s.Pending += pending
	}
	return s
}
