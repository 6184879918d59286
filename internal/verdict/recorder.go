package verdict

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// recordBatch is how many verdicts a Recorder takes at once.
	recordBatch = 1000
	// flushEvery is how often it stores its cursor when nothing else is to be
	// stored: nothing changed, so that reading the same again changes nothing.
	flushEvery = 10 * time.Second
)

// Feed is where a Recorder reads sealed verdicts.
type Feed interface {
	// After returns verdicts that follow the cursor, ascending; none when there
	// are none yet. A *uptime.FeedGap says where to go on when they are lost.
	After(ctx context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error)
	// Wait returns when there is a verdict after the cursor.
	Wait(ctx context.Context, after uptime.Cursor) error
}

// Ledger is where a Recorder keeps what it has found.
type Ledger interface {
	// Ongoing returns what is open, what is accepted, and the cursor of the last
	// Changes.
	Ongoing(context.Context) (uptime.Ongoing, error)
	// Record stores changes and cursor in one transaction. It is called again
	// after an error, also when the changes were stored in spite of it.
	Record(context.Context, uptime.Changes) error
}

// Looks shows evidence.
type Looks interface {
	// Look returns the newest redacted cell of each region.
	Look(uptime.TenantID, uptime.ServerID) []uptime.Cell
}

// CompareFunc says what differs between two stored contracts, named by their
// tools hashes. An error costs the explanation, not the drift.
type CompareFunc func(ctx context.Context, tenant uptime.TenantID, from, to string) (class uptime.DriftClass, summary string, changes int, err error)

// RecorderOptions are what a Recorder is made of. Feed, Ledger and Plan are
// required.
type RecorderOptions struct {
	Feed   Feed
	Ledger Ledger
	// Plan returns what is monitored now; nil or Version 0 while that is not
	// known. What happens to servers that are not in it is forgotten.
	Plan func() *uptime.Plan
	// Looks is where evidence comes from; nil for none but the reports.
	Looks Looks
	// Compare explains drifts; nil leaves them unexplained.
	Compare CompareFunc
	// Pinned returns the tools hash that the configuration declares to be the
	// server's contract; empty for none. Nil for none at all. A server that has
	// one accepts no other contract by itself. The contract should be stored.
	Pinned func(*uptime.Server) string
	Now    func() time.Time // nil for time.Now
	Logger *slog.Logger     // nil for none
}

// Recorder reads the feed of verdicts and keeps incidents and drifts. Everything
// it decides follows from the verdicts and from what the ledger says is ongoing,
// so that it goes on after a restart as if nothing had been.
type Recorder struct {
	opt RecorderOptions

	// mu is held while changes are made and recorded, and by Amend.
	mu     sync.Mutex
	loaded bool
	// courses is what is known of each server; plan its servers.
	courses map[serverKey]*course
	plan    map[serverKey]*uptime.Server
	version uint64
	// cursor is the last verdict taken into account, stored the one in the ledger.
	cursor, stored uptime.Cursor
	flushed        time.Time

	failed atomic.Uint64
}

// RecorderStats says how a Recorder does.
type RecorderStats struct {
	// Cursor is the last verdict that was taken into account, Stored the last one
	// that need not be read again.
	Cursor, Stored uptime.Cursor
	// Incidents and Drifts are open.
	Incidents, Drifts int
	// Failed is how often reading or recording failed.
	Failed uint64
}

// NewRecorder returns a Recorder that does not run yet.
func NewRecorder(opt RecorderOptions) (*Recorder, error) {
	if opt.Feed == nil || opt.Ledger == nil || opt.Plan == nil {
		return nil, fmt.Errorf("%w: a recorder needs a feed, a ledger and a plan", uptime.ErrInvalid)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	return &Recorder{opt: opt}, nil
}

// Stats may be called at any time; it waits for what is being recorded.
func (r *Recorder) Stats() RecorderStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := RecorderStats{Cursor: r.cursor, Stored: r.stored, Failed: r.failed.Load()}
	for _, c := range r.courses {
		st.Drifts += len(c.drifts)
		if c.incident != nil {
			st.Incidents++
		}
	}
	return st
}

// Run records until ctx ends and returns its error. It must run once at a time.
func (r *Recorder) Run(ctx context.Context) error {
	backoff := time.Duration(0)
	for ctx.Err() == nil {
		err := r.step(ctx)
		if err == nil {
			backoff = 0
			continue
		}
		if ctx.Err() == nil {
			r.failed.Add(1)
			backoff = min(maxBackoff, max(patience/4, 2*backoff))
			r.opt.Logger.ErrorContext(ctx, "cannot record incidents and drifts, will try again", "error", err, "retry_in", backoff)
			pause(ctx, backoff)
		}
	}
	r.finish(ctx)
	return fmt.Errorf("recording incidents and drifts: %w", ctx.Err())
}

// step takes one batch into account, or waits for one.
func (r *Recorder) step(ctx context.Context) error {
	if p := r.opt.Plan(); p == nil || p.Version == 0 {
		pause(ctx, patience)
		return nil
	}
	cursor, err := r.load(ctx)
	if err != nil {
		return err
	}
	verdicts, err := r.opt.Feed.After(ctx, cursor, recordBatch)
	if gap, ok := errors.AsType[*uptime.FeedGap](err); ok {
		r.opt.Logger.WarnContext(ctx, "verdicts are lost to incidents and drifts", "after", gap.After, "resume", gap.Resume)
		return r.skip(gap)
	}
	if err != nil {
		return fmt.Errorf("reading verdicts after %d: %w", cursor, err)
	}
	if err := r.take(ctx, verdicts); err != nil || len(verdicts) > 0 {
		return err
	}
	return r.wait(ctx, cursor)
}

// skip goes on behind a gap.
func (r *Recorder) skip(gap *uptime.FeedGap) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cursor == gap.Resume {
		return gap // the feed sends us in a circle
	}
	r.cursor = gap.Resume
	return nil
}

// wait waits for verdicts, or until it is time to look at the plan.
func (r *Recorder) wait(ctx context.Context, cursor uptime.Cursor) error {
	brief, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.opt.Feed.Wait(brief, cursor); err != nil && brief.Err() == nil {
		return fmt.Errorf("waiting for verdicts after %d: %w", cursor, err)
	}
	return nil
}

// load reads what is ongoing, once, and returns the cursor to go on from.
func (r *Recorder) load(ctx context.Context) (uptime.Cursor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.loaded {
		return r.cursor, nil
	}
	on, err := r.opt.Ledger.Ongoing(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading what is ongoing: %w", err)
	}
	r.courses = coursesOf(on)
	r.loaded, r.version = true, 0
	r.stored, r.cursor = on.Cursor, max(r.cursor, on.Cursor)
	return r.cursor, nil
}

// take records what verdicts change.
func (r *Recorder) take(ctx context.Context, verdicts []uptime.Verdict) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.loaded { // Amend was here
		return nil
	}
	d := &draft{Recorder: r, ctx: ctx, changed: map[serverKey]*course{}}
	d.follow(r.opt.Plan())
	d.out.Cursor = r.cursor
	for i := range verdicts {
		d.fold(&verdicts[i])
	}
	return r.commit(ctx, d)
}

// commit stores a draft and makes it the truth.
func (r *Recorder) commit(ctx context.Context, d *draft) error {
	now := r.opt.Now()
	idle := now.Sub(r.flushed) < flushEvery && !now.Before(r.flushed)
	if d.dirty || d.out.Cursor != r.stored && !idle {
		if err := r.opt.Ledger.Record(ctx, d.out); err != nil {
			return fmt.Errorf("recording changes up to verdict %d: %w", d.out.Cursor, err)
		}
		r.stored, r.flushed = d.out.Cursor, now
	}
	maps.Copy(r.courses, d.changed)
	r.cursor = d.out.Cursor
	if d.plan != nil {
		r.plan, r.version = d.plan, d.version
	}
	return nil
}

// finish stores the cursor, so that nothing is read again.
func (r *Recorder) finish(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.loaded || r.cursor == r.stored {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCall)
	defer cancel()
	if err := r.opt.Ledger.Record(ctx, uptime.Changes{Cursor: r.cursor}); err != nil {
		r.opt.Logger.WarnContext(ctx, "cannot store how far incidents and drifts are recorded", "error", err)
		return
	}
	r.stored = r.cursor
}

// Amend runs something that changes recorded incidents, drifts or baselines (an
// operator accepts a drift, writes a note, erases a server) while nothing is
// being recorded, so that neither undoes the other. Afterwards what is ongoing
// is read again. The error is that of act.
func (r *Recorder) Amend(ctx context.Context, act func(context.Context) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loaded = false
	return act(ctx)
}

// Accepted tells that a contract became the baseline of a server, the only one.
// Whoever stored that should have done so within Amend, which makes this call
// unnecessary.
func (r *Recorder) Accepted(tenant uptime.TenantID, server uptime.ServerID, hash string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := serverKey{tenant, server}
	if old := r.courses[key]; old != nil && hash != "" {
		c := old.clone()
		c.accept(hash)
		r.courses[key] = c
	}
}
