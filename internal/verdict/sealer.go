package verdict

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// DefaultGather is how long a Sealer lets reports gather between two batches.
	DefaultGather = 100 * time.Millisecond
	// patience is how long a Sealer sleeps at most: plans and clocks change
	// without telling it.
	patience = time.Second
	// maxBackoff is how long it waits at most before it tries again to seal.
	maxBackoff = 10 * time.Second
	// lastCall is how long sealing may still take when it is to stop.
	lastCall = 5 * time.Second
	// plenty is how many cycles are so many that it does not pay to gather more.
	plenty = 256
	// maxBatch is how many servers are sealed at once.
	maxBatch = 4096
)

// Live is where a Sealer finds reports and puts verdicts. Several sealers may
// work on the same one.
type Live interface {
	// Arrived waits until there are reports that no call has returned yet, and
	// returns their cycles with everything that was reported of them. It returns
	// what there is even when ctx has ended. The reports may not be changed.
	Arrived(ctx context.Context) ([]uptime.Pending, error)
	// Pending returns the reports of cycles, in the order of the keys; without
	// reports when none arrived, or when the cycle is settled.
	Pending(context.Context, []uptime.CycleKey) ([]uptime.Pending, error)
	// Seal settles cycles for ever and returns how many of them; those that were
	// settled before, or older ones of the same server, are dropped. What it has
	// sealed is durable. After an error the caller tries again.
	Seal(context.Context, []uptime.Verdict) (int, error)
	// Latest returns the newest sealed verdict of a server.
	Latest(uptime.TenantID, uptime.ServerID) (uptime.Verdict, bool)
}

// SealerOptions are what a Sealer is made of.
type SealerOptions struct {
	Live Live // required
	// Plan returns what is monitored now; nil or Version 0 while that is not
	// known. Required.
	Plan func() *uptime.Plan
	// Baseline returns the 95th percentile of a server's latency over 7 days; ok
	// is false when there is not enough history. Nil for none. It is asked for
	// slow verdicts only.
	Baseline func(uptime.TenantID, uptime.ServerID) (p95 time.Duration, ok bool)
	// Gather is the least time between two batches, so that a journal writes few
	// large ones; zero for DefaultGather, negative for none. After a batch that
	// was large nothing is waited for.
	Gather time.Duration
	Now    func() time.Time // nil for time.Now
	Logger *slog.Logger     // nil for none
}

// Sealer judges cycles and seals the verdicts: a cycle as soon as every region
// of its server has reported, and at the server's Deadline whatever has arrived,
// also nothing. Cycles of a server are sealed in their order.
//
// It is gentle with a clock that jumps. Cycles that it missed are sealed when
// there are reports of them, and left unmeasured otherwise. When the clock goes
// back, cycles that are not later than the last sealed one are left alone.
type Sealer struct {
	opt    SealerOptions
	agenda agenda
	// ready are servers whose due cycle is complete, or may be: they were heard
	// of ahead of time.
	ready, recheck []*track
	// overtaken are servers of which a later cycle than the due one is complete.
	overtaken      []*track
	retryAt, clock time.Time // clock is when the plan was looked at last
	backoff        time.Duration
	round          uint64
	count          sealerCounters
	batch          batch // for the next use
}

type sealerCounters struct {
	sealed, refused, skipped, stray, failed atomic.Uint64
	// oldest is the first deadline that is not met, newest the newest cycle that
	// was sealed, both in Unix nanoseconds, zero for none.
	oldest, newest atomic.Int64
}

// SealerStats says how a Sealer does.
type SealerStats struct {
	// Sealed verdicts are in the feed; Refused ones were of cycles that somebody
	// else had sealed. Skipped cycles were left unmeasured. Stray reports fit no
	// cycle of the plan. Failed is how often sealing failed.
	Sealed, Refused, Skipped, Stray, Failed uint64
	// Behind is how long the oldest overdue cycle has been overdue.
	Behind time.Duration
	// Ahead is how far the newest sealed cycle is ahead of the clock: positive
	// after the clock was set back; nothing is sealed until it has caught up.
	Ahead time.Duration
}

// NewSealer returns a Sealer that does not run yet.
func NewSealer(opt SealerOptions) (*Sealer, error) {
	if opt.Live == nil || opt.Plan == nil {
		return nil, fmt.Errorf("%w: a sealer needs the live state and a plan", uptime.ErrInvalid)
	}
	opt.Gather = cmp.Or(opt.Gather, DefaultGather)
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	return &Sealer{opt: opt, agenda: newAgenda()}, nil
}

// Stats may be called at any time.
func (s *Sealer) Stats() SealerStats {
	now, c := s.opt.Now().UnixNano(), &s.count
	st := SealerStats{
		Sealed: c.sealed.Load(), Refused: c.refused.Load(), Skipped: c.skipped.Load(),
		Stray: c.stray.Load(), Failed: c.failed.Load(),
	}
	if oldest := c.oldest.Load(); oldest != 0 {
		st.Behind = max(0, time.Duration(now-oldest))
	}
	if newest := c.newest.Load(); newest != 0 {
		st.Ahead = max(0, time.Duration(newest-now))
	}
	return st
}

// Run seals until ctx ends, then once more what is complete, and returns the
// error of ctx. It must run once at a time.
func (s *Sealer) Run(ctx context.Context) error {
	arrived := make(chan []uptime.Pending)
	var ear sync.WaitGroup
	ear.Go(func() { s.listen(ctx, arrived) })
	defer ear.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			s.finish(ctx)
			return fmt.Errorf("sealing: %w", ctx.Err())
		case pending := <-arrived:
			s.adopt()
			s.hear(pending)
		case <-timer.C:
			s.adopt()
		}
		s.turn(ctx)
		timer.Reset(s.sleep())
	}
}

// listen hands on what arrives, a batch at a time, until ctx ends.
func (s *Sealer) listen(ctx context.Context, arrived chan<- []uptime.Pending) {
	for ctx.Err() == nil {
		pending, err := s.opt.Live.Arrived(ctx)
		rest := s.opt.Gather
		if err != nil && ctx.Err() == nil {
			s.opt.Logger.ErrorContext(ctx, "cannot fetch the reports that arrived", "error", err)
			rest = patience
		}
		if len(pending) >= plenty {
			rest = 0
		}
		if len(pending) > 0 {
			select {
			case arrived <- pending:
			case <-ctx.Done(): // finish looks at all servers again
			}
		}
		pause(ctx, rest)
	}
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// finish seals what is complete when ctx has ended.
func (s *Sealer) finish(ctx context.Context) {
	s.adopt()
	if pending, err := s.opt.Live.Arrived(ctx); err == nil {
		s.hear(pending)
	}
	s.recheck = s.agenda.tracks() // what listen held when it was stopped
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCall)
	defer cancel()
	s.retryAt = time.Time{}
	s.turn(ctx)
}

// adopt follows the plan, and the clock when it was set back: cycles that were
// given up for ones to come are due again, unless they are sealed.
func (s *Sealer) adopt() {
	now := s.opt.Now()
	if now.Add(patience).Before(s.clock) {
		s.agenda = newAgenda()
	}
	s.clock = now
	if p := s.opt.Plan(); p != nil && p.Version != s.agenda.version {
		s.agenda.adopt(p, now, s.opt.Live)
		s.ready, s.overtaken, s.recheck = nil, nil, s.agenda.tracks()
	}
}

// hear takes notes of what arrived.
func (s *Sealer) hear(pending []uptime.Pending) {
	for i := range pending {
		p := &pending[i]
		t := s.agenda.find(p.Tenant, p.Server)
		if t == nil || !t.begins(p.Cycle) {
			s.count.stray.Add(1)
			continue
		}
		if p.Cycle.After(t.heard) {
			t.heard = p.Cycle
		}
		if p.Cycle.Before(t.due) {
			s.agenda.back(t, p.Cycle, s.clock, s.opt.Live)
		}
		switch full := t.complete(p.Reports); {
		case full && p.Cycle.Equal(t.due):
			t.reports = p.Reports
			s.ready = append(s.ready, t)
		case full && p.Cycle.After(t.due) && p.Cycle.After(t.full):
			if !t.full.After(t.due) {
				t.fullAt = s.clock
			}
			t.full = p.Cycle
			s.overtaken = append(s.overtaken, t)
		}
	}
}

// turn seals everything that can be sealed now.
func (s *Sealer) turn(ctx context.Context) {
	defer func() { s.count.oldest.Store(s.agenda.oldest()) }()
	for now := s.opt.Now(); !now.Before(s.retryAt); now = s.opt.Now() {
		more, err := s.sealSome(ctx, now)
		if err != nil {
			s.failed(ctx, now, err)
			return
		}
		s.backoff = 0
		if !more {
			return
		}
	}
}

func (s *Sealer) failed(ctx context.Context, now time.Time, err error) {
	s.count.failed.Add(1)
	s.backoff = min(maxBackoff, max(patience/4, 2*s.backoff))
	s.retryAt = now.Add(s.backoff)
	if !errors.Is(err, context.Canceled) {
		s.opt.Logger.ErrorContext(ctx, "cannot seal, will try again", "error", err, "retry_in", s.backoff)
	}
}

// sleep is how long nothing can be sealed.
func (s *Sealer) sleep() time.Duration {
	now := s.opt.Now()
	d := patience
	if oldest := s.agenda.oldest(); oldest != 0 {
		d = min(d, time.Duration(oldest-now.UnixNano()))
	}
	return max(0, min(patience, max(d, s.retryAt.Sub(now))))
}
