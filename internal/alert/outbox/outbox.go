// Package outbox brings deliveries to sinks: at least once, in order per thread
// and sink, and each sink at its own pace.
package outbox

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Rows is where deliveries are kept. What a method changed is durable when it
// returns; after an error the dispatcher calls it again with the same.
type Rows interface {
	// DueDeliveries returns at most limit deliveries that wait and are due at now,
	// which may lie ahead, or not within 36 hours, by Due: of each thread and sink only the one with the
	// lowest Transition, of each sink at most the one due first. It asks skip once
	// for each sink, by Due, whether to leave it out; nil leaves out none. Those
	// whose Trying is set are among them. One whose notice cannot be read comes
	// without it.
	DueDeliveries(ctx context.Context, now time.Time, skip func(uptime.SinkKey) bool, limit int) ([]uptime.Delivery, error)
	// BeginDelivery counts an attempt, known by when it begins, and sets Trying, also
	// when it was set. Called again with the same it counts none. Of a delivery that no
	// longer waits it is uptime.ErrConflict or ErrNotFound.
	BeginDelivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID, at time.Time) error
	// EndDelivery keeps State, Due, Ended and Error of a delivery, and clears Trying.
	// It may not have begun. A ref that is not empty is kept for the thread and sink.
	EndDelivery(ctx context.Context, d uptime.Delivery, ref string) error
	// Ref returns the ref that was kept last for the thread and sink; empty when
	// there is none.
	Ref(ctx context.Context, tenant uptime.TenantID, thread uptime.AlertKey, sink string) (string, error)
}

// Sink is where deliveries go.
type Sink interface {
	// Deliver hands over one notice. The ref is what it returned for the thread
	// before, empty for the first. It returns the ref to remember, also along with
	// an error when a part arrived. An uptime.Refusal says what to do next; any
	// other error is temporary. The delivery's ID is the same at each attempt. It
	// returns soon after ctx ends. Never called twice at once for one sink.
	Deliver(ctx context.Context, d *uptime.Delivery, ref string) (string, error)
}

// Slow is a Sink that may take longer than ten seconds, such as one that speaks
// SMTP or starts a command.
type Slow interface {
	Sink
	// Timeout is how long it may take, at most a minute.
	Timeout() time.Duration
}

const (
	// concurrency is how many sinks are served at once: more than will hang together.
	// One that was never tried may hang as long as it likes before it is known to,
	// and those that work wait for a place meanwhile.
	concurrency = 512
	// crowd is how many of them may be of those that are many, at most a quarter:
	// readers mostly have one mail server between them.
	crowd = 32
)

// Options say what a Dispatcher works with. Rows and Sinks are needed.
type Options struct {
	Rows Rows
	// Sinks returns the sink of a name, or of the id of a subscription. One that it
	// does not know is taken as removed: its deliveries die.
	Sinks func(tenant uptime.TenantID, name string) (Sink, bool)
	// Many reports whether a sink is one of thousands, such as a reader. Those share
	// a quarter of the places, at most 32, so that they keep nobody waiting, and Fails and Works
	// are not told of them. It must not block; nil is for none.
	Many func(tenant uptime.TenantID, name string) bool
	// Fails is told of a sink that took nothing for 15 minutes, or that takes nothing
	// any more, once. Works is told when that is over or the sink was removed, and of
	// the first success of each sink after a start: who remembers a failure from
	// before may close it. They are called one at a time, beside deliveries, and
	// again after an error. Both may be nil.
	Fails func(ctx context.Context, tenant uptime.TenantID, sink string, since time.Time, reason string) error
	Works func(ctx context.Context, tenant uptime.TenantID, sink string) error
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Logger; nil discards.
	Logger *slog.Logger
	// Concurrency is how many sinks are served at once; zero is 512.
	Concurrency int
}

// State says how a sink does, as far as this process has seen it.
type State struct {
	// Open means that its circuit is open: it rests until Retry.
	Open  bool
	Retry time.Time
	// FailingSince is when the first of the failures was that no success followed;
	// zero when it works or was not tried yet.
	FailingSince time.Time
	// LastSent is the last success, LastError the last failure's reason, which a
	// success does not clear.
	LastSent  time.Time
	LastError string
}

// Stats say how a Dispatcher does.
type Stats struct {
	// InFlight counts deliveries under way, Failing the sinks whose last delivery
	// failed, Open those of them that rest.
	InFlight, Failing, Open int
	// Sent, Failed and Dead count attempts that arrived, that did not, and
	// deliveries that were given up.
	Sent, Failed, Dead uint64
	// Stuck is for how long the rows could not be read, or not be written; zero when
	// they work.
	Stuck time.Duration
}

// Dispatcher takes deliveries from the rows to the sinks. Only one may work on
// the same rows.
type Dispatcher struct {
	rows    Rows
	resolve func(uptime.TenantID, string) (Sink, bool)
	many    func(uptime.TenantID, string) bool
	fails   func(context.Context, uptime.TenantID, string, time.Time, string) error
	works   func(context.Context, uptime.TenantID, string) error
	now     func() time.Time
	log     *slog.Logger
	slots   int
	wake    chan struct{}
	freed   chan struct{} // a place is free
	stirred chan struct{} // a sink began or ceased to fail

	sent, failed, dead atomic.Uint64

	mu    sync.Mutex // all below
	lanes map[uptime.SinkKey]*lane
	stuck time.Time // since when the rows fail; zero when they work

	// Of Run alone: when old ones were looked for last, and what is due and waits
	// for a place.
	buried time.Time
	ready  []uptime.Delivery
}

// New returns a Dispatcher that does nothing yet.
func New(o Options) *Dispatcher {
	d := &Dispatcher{
		rows: o.Rows, resolve: o.Sinks, many: o.Many, fails: o.Fails, works: o.Works, now: o.Now, log: o.Logger,
		slots: o.Concurrency, wake: make(chan struct{}, 1), freed: make(chan struct{}, 1), stirred: make(chan struct{}, 1), lanes: map[uptime.SinkKey]*lane{},
	}
	if d.many == nil {
		d.many = func(uptime.TenantID, string) bool { return false }
	}
	if d.fails == nil {
		d.fails = func(context.Context, uptime.TenantID, string, time.Time, string) error { return nil }
	}
	if d.works == nil {
		d.works = func(context.Context, uptime.TenantID, string) error { return nil }
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.slots <= 0 {
		d.slots = concurrency
	}
	return d
}

// Wake says that there are new deliveries, or that one was replayed. It never
// blocks.
func (d *Dispatcher) Wake() { ring(d.wake) }

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// State says how a sink does.
func (d *Dispatcher) State(tenant uptime.TenantID, sink string) State {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[uptime.SinkKey{Tenant: tenant, Name: sink}]
	if l == nil {
		return State{}
	}
	return l.state(d.now())
}

// Reset closes the circuit of a sink: it was configured anew, or somebody wants
// it to be tried at once.
func (d *Dispatcher) Reset(tenant uptime.TenantID, sink string) {
	d.mu.Lock()
	if l := d.lanes[uptime.SinkKey{Tenant: tenant, Name: sink}]; l != nil {
		l.reset()
	}
	d.mu.Unlock()
	d.Wake()
}

// Stats returns how the dispatcher does.
func (d *Dispatcher) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := Stats{Sent: d.sent.Load(), Failed: d.failed.Load(), Dead: d.dead.Load()}
	now := d.now()
	for _, l := range d.lanes {
		s.InFlight += count(l.busy)
		s.Failing += count(!l.since.IsZero())
		s.Open += count(l.open(now))
	}
	if !d.stuck.IsZero() {
		s.Stuck = now.Sub(d.stuck)
	}
	return s
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
