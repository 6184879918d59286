package outbox

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// idle is how often the rows are looked at when nothing is expected: it finds
	// what nobody woke us for.
	idle = 30 * time.Second
	// recovery is how long the rows are left alone after they failed.
	recovery = time.Second
	// leisure is how much longer than a look the pause after it is at least: with
	// thousands waiting, each look costs, and others want the processor too.
	leisure = 4
	// spare is how many more are read than there are places, for when they become
	// free: a look at thousands costs more than what it finds.
	spare = 256
	// farthest is how far ahead a delivery can be due, unless the clock was wrong
	// when it was made.
	farthest = 36 * time.Hour
	// stale is for how long a delivery may wait behind an open circuit: what it says
	// helps nobody any more. burials is how often such ones are looked for: out of
	// step with the circuits, so that it does not always meet them at a trial.
	stale   = 72 * time.Hour
	burials = 7 * time.Minute
	// landing is how long deliveries under way may take when we stop, and then once
	// more to write down how they ended.
	landing = 5 * time.Second
)

// Run delivers until ctx ends, and returns within ten seconds: what is under way
// may end, what does not is in doubt, and sent again by the next Run. Whatever
// fails is tried again, so it returns no error.
func (d *Dispatcher) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var flying sync.WaitGroup
	start := func(f func(context.Context)) { flying.Go(func() { f(work) }) }
	flying.Go(func() { d.herald(ctx) })
	for ctx.Err() == nil {
		began := time.Now()
		wait := d.look(ctx, start)
		d.rest(ctx, start, leisure*time.Since(began), wait)
	}
	d.land(ctx, &flying, cancel)
	return nil
}

// rest waits until it is time to look again: not before least, then when somebody
// wakes us, and at the latest after most. Meanwhile what was read already starts
// as places become free.
func (d *Dispatcher) rest(ctx context.Context, start func(func(context.Context)), least, most time.Duration) {
	early, late := time.NewTimer(least), time.NewTimer(max(least, most))
	defer early.Stop()
	defer late.Stop()
	var bell <-chan struct{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.freed:
			d.refill(start)
		case <-early.C:
			bell = d.wake
		case <-bell:
			return
		case <-late.C:
			return
		}
	}
}

// pause waits until the time is over, somebody rings, or ctx ends.
func pause(ctx context.Context, bell <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-bell:
	case <-timer.C:
	}
}

// land waits for what is under way, and then no longer than it has to.
func (d *Dispatcher) land(ctx context.Context, flying *sync.WaitGroup, cancel func()) {
	landed := make(chan struct{})
	go func() { flying.Wait(); close(landed) }()
	for range 2 {
		timer := time.NewTimer(landing)
		select {
		case <-landed:
			timer.Stop()
			return
		case <-timer.C:
			cancel()
		}
	}
	d.log.WarnContext(ctx, "deliveries are still under way: they will be sent again", "count", d.Stats().InFlight)
}

// look starts whatever may start now, and returns when to look again unless
// somebody wakes us before.
func (d *Dispatcher) look(ctx context.Context, start func(func(context.Context))) time.Duration {
	now := d.now()
	if err := d.bury(ctx, now, start); err != nil {
		return d.blame(ctx, err)
	}
	at, room := now.Add(idle), d.room()
	if room.all <= 0 {
		return d.until(now, at) // the end of any wakes us
	}
	room.all, room.many = room.all+spare, room.many+spare
	due, err := d.read(ctx, at, d.skipping(now, room, false), room.all)
	if err != nil {
		return d.blame(ctx, fmt.Errorf("reading what is due: %w", err))
	}
	d.ready = nil
	for _, dl := range due {
		if ahead := dl.Due.Sub(now); ahead > 0 && ahead < farthest {
			at = earlier(at, dl.Due)
		} else {
			d.ready = append(d.ready, dl)
		}
	}
	d.refill(start)
	d.praise(ctx, now)
	return d.until(now, at)
}

// refill starts what was read and has a place now. When nothing is left of it,
// it is time to look again.
func (d *Dispatcher) refill(start func(func(context.Context))) {
	if len(d.ready) == 0 {
		return
	}
	room := d.room()
	d.ready = slices.DeleteFunc(d.ready, func(dl uptime.Delivery) bool {
		if !d.claim(keyOf(&dl), &room) {
			return false
		}
		start(func(ctx context.Context) { d.attempt(ctx, dl) })
		return true
	})
	if len(d.ready) == 0 {
		d.Wake()
	}
}

// read asks the rows, and no longer than they may take. They may answer how it was
// when they were asked: whoever has ended a delivery since is skipped.
func (d *Dispatcher) read(ctx context.Context, at time.Time, skip func(uptime.SinkKey) bool, limit int) ([]uptime.Delivery, error) {
	d.mu.Lock()
	for _, l := range d.lanes {
		l.fresh = false
	}
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, idle)
	defer cancel()
	return d.rows.DueDeliveries(ctx, at, skip, limit)
}

// until returns how long it is until at, or until a sink has rested, if that is
// sooner.
func (d *Dispatcher) until(now, at time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.lanes {
		if free := l.free(); free.After(now) && free.Before(at) {
			at = free
		}
	}
	return max(0, at.Sub(now))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// places are how many sinks may still be served at once: in all, of those that
// failed last, and of those that are many. A dead sink that takes its time, and a
// crowd, leave room for the others.
type places struct{ all, failing, many int }

// take takes the place of a sink, if there is one.
func (p *places) take(failing, many bool) bool {
	if p.all <= 0 || failing && p.failing <= 0 || many && p.many <= 0 {
		return false
	}
	p.all--
	p.failing -= count(failing)
	p.many -= count(many)
	return true
}

// room returns the places that are free.
func (d *Dispatcher) room() places {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := places{all: d.slots, failing: max(1, d.slots/2), many: max(1, min(d.slots/4, crowd))}
	for _, l := range d.lanes {
		if l.busy {
			p.take(l.row > 0, l.many)
		}
	}
	return p
}

// skipping returns which sinks are not to be served now, to be asked once for
// each. With resting, those that rest are served.
func (d *Dispatcher) skipping(now time.Time, room places, resting bool) func(uptime.SinkKey) bool {
	return func(key uptime.SinkKey) bool {
		many := d.many(key.Tenant, key.Name)
		d.mu.Lock()
		defer d.mu.Unlock()
		l := d.lanes[key]
		if l != nil && (l.busy || l.fresh || !resting && l.waits(now)) {
			return true
		}
		return !room.take(l != nil && l.row > 0, many)
	}
}

// claim takes the place of a sink until release, if there is room. Run alone
// claims.
func (d *Dispatcher) claim(key uptime.SinkKey, room *places) bool {
	many := d.many(key.Tenant, key.Name)
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[key]
	if l == nil {
		l = &lane{}
	}
	if !room.take(l.row > 0, many) {
		return false
	}
	d.lanes[key] = l
	l.busy, l.many = true, many
	return true
}

// bury gives up what waited for too long behind circuits that are open.
func (d *Dispatcher) bury(ctx context.Context, now time.Time, start func(func(context.Context))) error {
	room := d.room()
	if now.Before(d.buried.Add(burials)) || room.all <= 0 {
		return nil
	}
	due, err := d.read(ctx, now, d.skipping(now, room, true), room.all)
	if err != nil {
		return fmt.Errorf("reading what waited for too long: %w", err)
	}
	d.buried = now
	for i := range due {
		if now.Sub(due[i].Due) < stale || !d.broken(keyOf(&due[i])) || !d.claim(keyOf(&due[i]), &room) {
			continue
		}
		d.buried = time.Time{} // there may be more
		start(func(ctx context.Context) {
			defer d.release(keyOf(&due[i]))
			d.kill(ctx, due[i], "it waited for three days while the sink took nothing")
		})
	}
	return nil
}

// broken reports whether the circuit of a sink opened, and was not closed since.
func (d *Dispatcher) broken(key uptime.SinkKey) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[key]
	return l != nil && (l.gone || l.row >= tolerated)
}

// blame remembers that the rows fail, and returns how long to leave them alone.
func (d *Dispatcher) blame(ctx context.Context, err error) time.Duration {
	d.mu.Lock()
	first := d.stuck.IsZero()
	if first {
		d.stuck = d.now()
	}
	d.mu.Unlock()
	if first && ctx.Err() == nil {
		d.log.ErrorContext(ctx, "deliveries wait for the store", "error", err)
	}
	return recovery
}

// praise remembers that the rows work: they were read, and what could not be
// written has been, or is not there any more.
func (d *Dispatcher) praise(ctx context.Context, now time.Time) {
	d.mu.Lock()
	for _, l := range d.lanes {
		if l.unwritten && (l.busy || now.Before(l.held)) {
			d.mu.Unlock()
			return
		}
		l.unwritten = false
	}
	again := !d.stuck.IsZero()
	d.stuck = time.Time{}
	d.mu.Unlock()
	if again {
		d.log.InfoContext(ctx, "the store works again: deliveries go on")
	}
}

func keyOf(dl *uptime.Delivery) uptime.SinkKey {
	return uptime.SinkKey{Tenant: dl.Tenant, Name: dl.Sink}
}
