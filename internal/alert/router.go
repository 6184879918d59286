package alert

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// batch is how many news a step takes at most, volume how many verdicts: there
	// may be thousands a second, and two hours of them to catch up with.
	batch  = 1000
	volume = 8000
	// breath is the least time between two steps: what happens together is stored
	// together.
	breath = 250 * time.Millisecond
	// patience is the longest time between two steps.
	patience = time.Second
	// flushEvery is how often a place in the feed is stored when nothing else is.
	flushEvery = 10 * time.Second
	maxBackoff = 30 * time.Second
	// lastCall is how long the end of Run may take.
	lastCall = 3 * time.Second
)

// Router decides who is told what. See the package's comment.
type Router struct {
	opt  Options
	wake chan struct{}

	// mu is held during a step and by the acts of operators.
	mu sync.Mutex
	// state is nil until it was loaded, and after a step that could not be stored:
	// then nobody knows whether it was.
	state *state

	failed atomic.Uint64
	sent   atomic.Uint64
	sealed atomic.Int64
}

// New returns a Router that does not run yet.
func New(opt Options) (*Router, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Router{opt: opt, wake: make(chan struct{}, 1)}, nil
}

// Wake tells that there is news. It never waits.
func (r *Router) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run routes until ctx ends and returns its error. It must run once at a time.
func (r *Router) Run(ctx context.Context) error {
	backoff := time.Duration(0)
	for ctx.Err() == nil {
		more, err := r.step(ctx)
		switch {
		case err == nil && more:
			backoff = 0
			pause(ctx, breath)
		case err == nil:
			backoff = 0
			r.wait(ctx)
		case ctx.Err() == nil:
			r.failed.Add(1)
			backoff = min(maxBackoff, max(breath, 2*backoff))
			r.opt.Logger.ErrorContext(ctx, "cannot route alerts, will try again", "error", err, "retry_in", backoff)
			pause(ctx, backoff)
		}
	}
	r.finish(ctx)
	return fmt.Errorf("routing alerts: %w", ctx.Err())
}

// step takes in what is new, decides, and stores. It reports whether there may
// be more at once.
func (r *Router) step(ctx context.Context) (more bool, err error) {
	p := r.opt.Plan()
	if !known(p) {
		return false, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx); err != nil {
		return false, err
	}
	news, err := r.opt.Records.News(ctx, r.state.news, batch)
	if err != nil {
		return false, fmt.Errorf("reading news after %d: %w", r.state.news, err)
	}
	verdicts, deaf := r.verdicts(ctx) // which keeps no outage from being told
	s := r.begin(p)
	s.takeNews(news)
	s.takeVerdicts(verdicts)
	s.tick()
	s.route()
	return len(news)+len(verdicts) > 0, errors.Join(r.commit(ctx, s), deaf)
}

// verdicts reads a part of the feed. What is lost is passed over. A feed that
// has not come as far as the router, because its end was lost, has nothing new:
// a place that is stored never goes back.
func (r *Router) verdicts(ctx context.Context) ([]uptime.Verdict, error) {
	after := r.state.verdicts
	got, err := r.opt.Feed.After(ctx, after, volume)
	gap, ok := errors.AsType[*uptime.FeedGap](err)
	switch {
	case ok && gap.Resume < after:
		return nil, nil
	case ok && gap.Resume > after:
		r.opt.Logger.WarnContext(ctx, "verdicts are lost to alerts", "after", gap.After, "resume", gap.Resume)
		r.state.verdicts = gap.Resume
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading verdicts after %d: %w", after, err)
	}
	return got, nil
}

// load reads what is stored, unless it is known already.
func (r *Router) load(ctx context.Context) error {
	if r.state != nil && !r.state.deaf {
		return nil
	}
	stored, err := r.opt.Records.Alerting(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("reading what is being told: %w", err)
	case r.state == nil:
		r.state = newState(stored)
	default:
		r.state.hush(stored.Silences)
	}
	return nil
}

// known reports whether it is known what is monitored.
func known(p *uptime.Plan) bool { return p != nil && p.Version != 0 }

// commit stores what a step changed. When that fails, nobody knows whether it
// was stored, and the state is read again.
func (r *Router) commit(ctx context.Context, s *step) error {
	out, dirty := s.routing()
	moved := s.verdicts != s.storedVerdicts || s.news != s.storedNews
	idle := s.now.Sub(s.flushed) < flushEvery && !s.now.Before(s.flushed)
	if dirty || moved && !idle {
		if err := r.opt.Records.Route(ctx, out); err != nil {
			r.state = nil
			return fmt.Errorf("storing what was routed up to verdict %d and news %d: %w", out.Verdicts, out.News, err)
		}
		s.storedVerdicts, s.storedNews, s.flushed = s.verdicts, s.news, s.now
	}
	s.forgetOver()
	r.sent.Add(s.made)
	if !s.newest.IsZero() {
		r.sealed.Store(max(r.sealed.Load(), s.newest.UnixNano()))
	}
	return nil
}

// wait returns when there is something to do.
func (r *Router) wait(ctx context.Context) {
	brief, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() {
		defer cancel()
		select {
		case <-r.wake:
			pause(brief, breath)
		case <-brief.Done():
		}
	})
	err := r.opt.Feed.Wait(brief, r.place())
	if err != nil && brief.Err() == nil { // told by After, when it lasts
		pause(brief, patience)
	}
	cancel()
	group.Wait()
	pause(ctx, breath)
}

// place returns the cursor of the feed.
func (r *Router) place() uptime.Cursor {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state == nil {
		return 0
	}
	return r.state.verdicts
}

// finish stores how far the router has come, so that nothing is read again.
func (r *Router) finish(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.state
	if s == nil || s.verdicts == s.storedVerdicts && s.news == s.storedNews {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCall)
	defer cancel()
	if err := r.opt.Records.Route(ctx, uptime.Routing{Verdicts: s.verdicts, News: s.news}); err != nil {
		r.opt.Logger.WarnContext(ctx, "cannot store how far alerts were routed", "error", err)
	}
	r.state = nil
}

// Stats says how a Router does.
type Stats struct {
	// Verdicts and News are the places up to which everything is stored: what lies
	// before is not read again.
	Verdicts uptime.Cursor
	News     uint64
	// Alerts last, Threads are not over, Held are alerts without a thread.
	Alerts, Threads, Held int
	// Deliveries were made since the start. Failed is how often a step failed.
	Deliveries, Failed uint64
}

// Stats may be called at any time; it waits for a step that is being stored.
func (r *Router) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := Stats{Failed: r.failed.Load(), Deliveries: r.sent.Load()}
	if r.state != nil {
		r.state.count(&st)
	}
	return st
}

// Sealing returns when the newest verdict was sealed that the router has taken
// into account; zero before the first. It is what a dead man's switch watches.
func (r *Router) Sealing() time.Time {
	if at := r.sealed.Load(); at != 0 {
		return time.Unix(0, at).UTC()
	}
	return time.Time{}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
