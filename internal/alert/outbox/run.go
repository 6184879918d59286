package outbox

import (
	"context"
	"fmt"
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
		wait := d.look(ctx, start)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	d.land(ctx, &flying, cancel)
	return nil
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
	busy, free := d.occupied(now, false)
	if free == 0 {
		return d.until(now, now.Add(idle)) // the end of any wakes us
	}
	due, err := d.rows.DueDeliveries(ctx, now, busy, free)
	if err != nil {
		return d.blame(ctx, fmt.Errorf("reading what is due: %w", err))
	}
	started := 0
	for i := range due {
		if d.claim(keyOf(&due[i]), now, false) {
			start(func(ctx context.Context) { d.attempt(ctx, due[i]) })
			started++
		}
	}
	if 0 < started && started < len(due) {
		return 0 // what was left out hides nothing any more
	}
	if len(due) == free {
		d.praise(ctx)
		return d.until(now, now.Add(idle))
	}
	return d.ahead(ctx, now)
}

// ahead returns how long it is until something can be due at a sink that is free
// now; the others wake us when they are.
func (d *Dispatcher) ahead(ctx context.Context, now time.Time) time.Duration {
	at := now.Add(idle)
	if busy, free := d.occupied(now, false); free > 0 {
		next, err := d.rows.DueDeliveries(ctx, at, busy, 1)
		if err != nil {
			return d.blame(ctx, fmt.Errorf("reading what is due next: %w", err))
		}
		if len(next) > 0 {
			at = next[0].Due
		}
	}
	d.praise(ctx)
	return d.until(now, at)
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

// occupied returns the sinks that take nothing now, and how many more may be
// served. Those that failed last share half of the places, so that slow failures
// leave room for those that work. With resting, those that rest count as well.
func (d *Dispatcher) occupied(now time.Time, resting bool) (busy []uptime.SinkKey, free int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	full := d.suspects() >= d.quota()
	free = d.slots
	for key, l := range d.lanes {
		switch {
		case l.busy:
			free--
			busy = append(busy, key)
		case !resting && (l.waits(now) || full && l.row > 0):
			busy = append(busy, key)
		}
	}
	return busy, free
}

// quota is how many places those may take that failed last.
func (d *Dispatcher) quota() int { return max(1, d.slots/2) }

// suspects counts those that failed last among the busy ones.
func (d *Dispatcher) suspects() (n int) {
	for _, l := range d.lanes {
		n += count(l.busy && l.row > 0)
	}
	return n
}

// claim takes the place of a sink, until release. It reports whether the sink is
// free, and to be served; with resting, also when it rests.
func (d *Dispatcher) claim(key uptime.SinkKey, now time.Time, resting bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[key]
	if l == nil {
		l = &lane{}
		d.lanes[key] = l
	}
	if l.busy || !resting && (l.waits(now) || l.row > 0 && d.suspects() >= d.quota()) {
		return false
	}
	l.busy = true
	return true
}

// bury gives up what waited for too long behind circuits that are open.
func (d *Dispatcher) bury(ctx context.Context, now time.Time, start func(func(context.Context))) error {
	busy, free := d.occupied(now, true)
	if now.Before(d.buried.Add(burials)) || free == 0 {
		return nil
	}
	due, err := d.rows.DueDeliveries(ctx, now, busy, free)
	if err != nil {
		return fmt.Errorf("reading what waited for too long: %w", err)
	}
	d.buried = now
	for i := range due {
		if now.Sub(due[i].Due) < stale || !d.broken(keyOf(&due[i])) || !d.claim(keyOf(&due[i]), now, true) {
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

// praise remembers that the rows work.
func (d *Dispatcher) praise(ctx context.Context) {
	d.mu.Lock()
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
