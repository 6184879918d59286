package schedule

import (
	"context"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The defaults of Options.
const (
	DefaultPerHost = 4
	DefaultGrace   = 5 * time.Second
)

const (
	// leastTime is what a cycle must have left before its deadline for a late
	// start to be worth while.
	leastTime = 20 * time.Second
	// welcome is the distance between the first looks at new servers: a start
	// must not knock on a thousand doors at once.
	welcome = 5 * time.Millisecond
	// maxStagger bounds how far apart the regions look at one server.
	maxStagger = 5 * time.Second
)

// Job is one look that is due.
type Job struct {
	Server *uptime.Server
	Cycle  time.Time
}

// Options configure a Scheduler.
type Options struct {
	// Region is the region whose share of the plan is run.
	Region string
	// Plan returns the present plan. It is asked ten times a second and must be
	// quick.
	Plan func() *uptime.Plan
	// Look looks at a server and sees to the result; it is called on a goroutine
	// of its own. When its context ends the scheduler stops for good: what was
	// seen after that says nothing about the server.
	Look func(ctx context.Context, job Job)
	// PerHost is how many looks may be under way at one host and port.
	PerHost int
	// Grace is how long looks may go on after Run's context ended.
	Grace time.Duration
}

// Scheduler runs the looks of one region.
type Scheduler struct {
	opt   Options
	done  chan *entry
	stats counters

	// What follows belongs to the goroutine of Run.
	wheel   wheel
	entries map[key]*entry
	hosts   map[string]*host
	version uint64
	last    int64 // the slot that was run last
	work    sync.WaitGroup
}

// New returns a Scheduler that does nothing yet.
func New(opt Options) *Scheduler {
	if opt.PerHost <= 0 {
		opt.PerHost = DefaultPerHost
	}
	if opt.Grace <= 0 {
		opt.Grace = DefaultGrace
	}
	return &Scheduler{opt: opt, done: make(chan *entry, 64), entries: map[key]*entry{}, hosts: map[string]*host{}}
}

// Run runs the plan until ctx ends. Then it starts nothing any more, waits for
// the looks under way, ends their contexts after Options.Grace, and returns when
// the last one has returned.
func (s *Scheduler) Run(ctx context.Context) error {
	looks, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	tick := time.NewTicker(uptime.Slot)
	defer tick.Stop()
	s.last = slotOf(time.Now()) - 1
	for {
		select {
		case <-ctx.Done():
			s.drain(cancel)
			return ctx.Err()
		case e := <-s.done:
			s.finish(looks, e, time.Now())
		case <-tick.C:
			s.tick(looks, time.Now())
		}
	}
}

// drain waits for the looks under way.
func (s *Scheduler) drain(cancel func()) {
	patience := time.AfterFunc(s.opt.Grace, cancel)
	defer patience.Stop()
	gone := make(chan struct{})
	go func() { s.work.Wait(); close(gone) }()
	for {
		select {
		case <-s.done:
		case <-gone:
			return
		}
	}
}

// tick runs the slots since the last one. When the wall clock was set back, or
// was ahead by more than a turn of the wheel, nothing is made up for: every
// server goes on with its next cycle.
func (s *Scheduler) tick(ctx context.Context, now time.Time) {
	if plan := s.opt.Plan(); plan != nil && plan.Version != s.version {
		s.adopt(plan, now)
	}
	slot := slotOf(now)
	if slot < s.last-slotsPerSecond || slot > s.last+wheelSize {
		s.reschedule(now)
		s.last = slot - 1
	}
	for s.last < slot {
		s.last++
		for _, e := range s.wheel.take(s.last) {
			s.fire(ctx, e, now)
		}
	}
}

// fire asks for the look that is due and plans the next one.
func (s *Scheduler) fire(ctx context.Context, e *entry, now time.Time) {
	if e.gone {
		return
	}
	asked := e.due
	s.plan(e, e.server.CycleAt(now).Add(e.server.Every()))
	switch {
	case e.busy:
		e.again = true // the next cycle waits for a look under way
	case !e.queued:
		e.asked, e.host = asked, s.hostFor(e.server)
		e.host.queue(e)
		s.serve(ctx, e.host, now)
	}
}

// plan puts e into the wheel at a cycle.
func (s *Scheduler) plan(e *entry, cycle time.Time) {
	e.due = cycle.Add(e.stagger)
	s.wheel.add(e, s.last)
}

// planNext puts e into the wheel at the first cycle whose turn is after now.
func (s *Scheduler) planNext(e *entry, now time.Time) {
	s.plan(e, e.server.CycleAt(now.Add(-e.stagger)).Add(e.server.Every()))
}

// begin starts the look at the present cycle.
func (s *Scheduler) begin(ctx context.Context, e *entry, now time.Time) {
	e.busy = true
	e.host.flying++
	s.stats.begin(now.Sub(e.asked))
	job := Job{Server: e.server, Cycle: e.server.CycleAt(now)}
	s.work.Go(func() {
		defer func() { s.done <- e }()
		s.opt.Look(ctx, job)
	})
}

// finish takes note that a look ended, and begins those that waited for it.
func (s *Scheduler) finish(ctx context.Context, e *entry, now time.Time) {
	s.stats.flying.Add(-1)
	h := e.host
	h.flying--
	e.busy = false
	if e.again && !e.gone {
		e.asked, e.host = now, s.hostFor(e.server)
		e.host.queue(e)
		if e.host != h {
			s.serve(ctx, e.host, now)
		}
	}
	e.again = false
	s.serve(ctx, h, now)
}

// serve begins the looks that stand in line for a host, as many as it may have.
// One that can no longer tell anything about its cycle is not begun.
func (s *Scheduler) serve(ctx context.Context, h *host, now time.Time) {
	for h.flying < s.opt.PerHost && len(h.line) > 0 {
		e := h.next()
		switch {
		case e.gone:
		case now.Sub(e.asked) > time.Second && !inTime(e.server, now):
			s.stats.missed.Add(1)
		default:
			s.begin(ctx, e, now)
		}
	}
	if h.flying == 0 && len(h.line) == 0 {
		delete(s.hosts, h.name)
	}
}

// inTime reports whether a look that begins now can still tell something about
// its cycle. Long cycles do not wait for their next turn: a day without a verdict
// after a start would be worse than one that comes late in its cycle.
func inTime(srv *uptime.Server, now time.Time) bool {
	return srv.Every() > uptime.CellTime || srv.Deadline(srv.CycleAt(now)).Sub(now) >= leastTime
}

// adopt makes the entries those of the plan. A server that is new, or whose
// cycles have changed, is looked at now if its present cycle has enough time
// left; all others go on as they were.
func (s *Scheduler) adopt(plan *uptime.Plan, now time.Time) {
	s.version = plan.Version
	kept := make(map[key]*entry, len(plan.Servers))
	fresh := 0
	for _, srv := range plan.Servers {
		if srv.Paused || !probedFrom(srv, s.opt.Region) {
			continue
		}
		k := key{srv.Tenant, srv.ID}
		if e := s.entries[k]; e != nil && e.server.Every() == srv.Every() {
			e.server = srv
			kept[k] = e
			continue
		}
		e := &entry{server: srv, stagger: stagger(srv, s.opt.Region)}
		kept[k] = e
		s.first(e, now, time.Duration(fresh)*welcome)
		fresh++
	}
	s.replace(kept)
}

// replace takes over the new entries and forgets the others.
func (s *Scheduler) replace(kept map[key]*entry) {
	for k, e := range s.entries {
		if kept[k] != e {
			e.gone = true
		}
	}
	s.entries = kept
}

// hostFor returns the host that looks at a server share.
func (s *Scheduler) hostFor(srv *uptime.Server) *host {
	name := hostOf(srv)
	h := s.hosts[name]
	if h == nil {
		h = &host{name: name}
		s.hosts[name] = h
	}
	return h
}

// first plans the first look at a server.
func (s *Scheduler) first(e *entry, now time.Time, after time.Duration) {
	if start := now.Add(after); inTime(e.server, start) {
		e.due = start
		s.wheel.add(e, s.last)
		return
	}
	s.planNext(e, now)
}

// reschedule empties the wheel and plans every entry's next cycle.
func (s *Scheduler) reschedule(now time.Time) {
	s.wheel = wheel{}
	s.last = slotOf(now)
	for _, e := range s.entries {
		s.planNext(e, now)
	}
}
