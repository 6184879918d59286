package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// usual is how long a sink may take, longest what one may ask for. The first is
	// the ten seconds of an HTTP request, and a margin.
	usual   = 12 * time.Second
	longest = time.Minute
	// writing is how long the rows may take for the end of a delivery.
	writing = 5 * time.Second
	// patience is how long a service may ask one delivery to wait.
	patience = 24 * time.Hour
	// maxReason and maxRef are in bytes.
	maxReason = 500
	maxRef    = 4096
)

// delays lie between the attempts of a delivery; it is given up after the last.
func delays() [7]time.Duration {
	return [...]time.Duration{
		5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute,
		2 * time.Hour, 8 * time.Hour, 24 * time.Hour,
	}
}

// jitter changes a delay by up to a fifth, so that what failed together does not
// come back together.
func jitter(delay time.Duration) time.Duration {
	return time.Duration(float64(delay) * (0.8 + 0.4*rand.Float64()))
}

// attempt tries one delivery, whose sink is claimed, and keeps how it ended.
func (d *Dispatcher) attempt(ctx context.Context, dl uptime.Delivery) {
	key := keyOf(&dl)
	defer d.release(key)
	sink, ok := d.resolve(dl.Tenant, dl.Sink)
	if !ok {
		d.kill(ctx, dl, "the sink is not in the configuration any more")
		d.forget(key)
		return
	}
	if dl.Notice.Type == "" {
		d.kill(ctx, dl, "its notice cannot be read from the database any more")
		return
	}
	ref, err := d.begin(ctx, &dl, d.now())
	if err != nil {
		d.hold(key)
		return
	}
	told := dl // a sink cannot change what is kept
	ref, err = d.call(ctx, sink, &told, ref)
	if err != nil && ctx.Err() != nil {
		return // we stopped it: in doubt, and sent again at the next start
	}
	d.settle(ctx, dl, ref, err)
}

// begin makes an attempt durable before anything is sent, however often that has
// to be tried: what was written in spite of an error must not count twice.
func (d *Dispatcher) begin(ctx context.Context, dl *uptime.Delivery, at time.Time) (ref string, err error) {
	for {
		ref, err = d.enter(ctx, dl, at)
		d.wrote(keyOf(dl), settled(err))
		if settled(err) {
			break
		}
		d.blame(ctx, err)
		if pause(ctx, nil, recovery); ctx.Err() != nil {
			break
		}
	}
	dl.Attempts++
	dl.Trying = true
	return ref, err
}

// enter tries once to write that an attempt begins.
func (d *Dispatcher) enter(ctx context.Context, dl *uptime.Delivery, at time.Time) (ref string, err error) {
	ctx, cancel := context.WithTimeout(ctx, idle)
	defer cancel()
	ref, err = d.rows.Ref(ctx, dl.Tenant, dl.Thread, dl.Sink)
	if err != nil {
		return "", fmt.Errorf("reading the ref of delivery %s: %w", dl.ID, err)
	}
	if err := d.rows.BeginDelivery(ctx, dl.Tenant, dl.ID, at); err != nil {
		return "", fmt.Errorf("beginning delivery %s: %w", dl.ID, err)
	}
	return ref, nil
}

// hold keeps a sink waiting for a moment: we stop, or the delivery does not wait
// any more, which the next look will know.
func (d *Dispatcher) hold(key uptime.SinkKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lanes[key].held = d.now().Add(recovery)
}

// wrote remembers whether the last thing that was to be written of a sink was.
func (d *Dispatcher) wrote(key uptime.SinkKey, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lanes[key].unwritten = !ok
}

// settled reports whether the rows say that there is nothing to do any more.
func settled(err error) bool {
	return err == nil || errors.Is(err, uptime.ErrNotFound) || errors.Is(err, uptime.ErrConflict)
}

// call hands the delivery to the sink. A sink that panics has failed.
func (d *Dispatcher) call(ctx context.Context, sink Sink, dl *uptime.Delivery, ref string) (out string, err error) {
	limit := usual
	if s, ok := sink.(Slow); ok {
		limit = min(max(s.Timeout(), time.Second), longest)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			// What it panics with may quote what it was sending.
			d.log.ErrorContext(ctx, "a sink panicked", "tenant", dl.Tenant, "sink", dl.Sink,
				"type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			out, err = "", errors.New("the sink failed by a fault in AliveMCP: the log tells more")
		}
	}()
	out, err = sink.Deliver(ctx, dl, ref)
	if _, refused := errors.AsType[*uptime.Refusal](err); errors.Is(err, context.DeadlineExceeded) && !refused {
		err = fmt.Errorf("no answer within %s", limit)
	}
	return out, err
}

// settle decides what an attempt means for the delivery and for its sink, and
// keeps it.
func (d *Dispatcher) settle(ctx context.Context, dl uptime.Delivery, ref string, err error) {
	now := d.now()
	if err == nil {
		dl.State, dl.Ended, dl.Error = uptime.DeliverySent, now, ""
		d.sent.Add(1)
		d.success(keyOf(&dl), now)
	} else {
		r := *uptime.RefusalOf(err)
		r.Reason = sentence(r.Reason)
		d.failed.Add(1)
		d.failure(ctx, keyOf(&dl), now, &r)
		d.postpone(ctx, &dl, now, &r)
	}
	if len(ref) > maxRef {
		d.log.WarnContext(ctx, "a sink's ref is too long to be kept", "tenant", dl.Tenant, "sink", dl.Sink, "bytes", len(ref))
		ref = ""
	}
	d.end(ctx, dl, ref)
}

// postpone says when a delivery that failed is due again, or gives it up.
func (d *Dispatcher) postpone(ctx context.Context, dl *uptime.Delivery, now time.Time, r *uptime.Refusal) {
	dl.Error = r.Reason
	again := delays()
	if r.Temporary && !r.Gone && dl.Attempts <= len(again) {
		wait := max(jitter(again[dl.Attempts-1]), min(r.After, patience))
		dl.State, dl.Due = uptime.DeliveryWaiting, now.Add(wait)
		return
	}
	if r.Temporary {
		dl.Error = sentence(fmt.Sprintf("given up after %d attempts: %s", dl.Attempts, r.Reason))
	}
	d.die(ctx, dl, now)
}

// kill gives up a delivery without an attempt.
func (d *Dispatcher) kill(ctx context.Context, dl uptime.Delivery, why string) {
	dl.Error = why
	d.die(ctx, &dl, d.now())
	d.end(ctx, dl, "")
}

func (d *Dispatcher) die(ctx context.Context, dl *uptime.Delivery, now time.Time) {
	dl.State, dl.Ended = uptime.DeliveryDead, now
	d.dead.Add(1)
	d.log.WarnContext(ctx, "a delivery is given up", "tenant", dl.Tenant, "sink", dl.Sink, "delivery", dl.ID,
		"thread", dl.Thread, "attempts", dl.Attempts, "reason", dl.Error)
}

// end writes down how a delivery ended, until that worked: as long as it is not
// written, nothing more is sent to its sink. What we cannot write before we stop
// is in doubt.
func (d *Dispatcher) end(ctx context.Context, dl uptime.Delivery, ref string) {
	dl.Trying = false
	for wait := recovery; ; wait = min(2*wait, idle) {
		err := d.write(ctx, dl, ref)
		d.wrote(keyOf(&dl), settled(err))
		if settled(err) {
			return
		}
		d.blame(ctx, err)
		if pause(ctx, nil, wait); ctx.Err() != nil {
			return
		}
	}
}

// write writes once, also while we stop.
func (d *Dispatcher) write(ctx context.Context, dl uptime.Delivery, ref string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writing)
	defer cancel()
	if err := d.rows.EndDelivery(ctx, dl, ref); err != nil {
		return fmt.Errorf("ending delivery %s: %w", dl.ID, err)
	}
	return nil
}

// release gives the place of a sink back. It may have more to take; one of many
// seldom has, and is found at the next look.
func (d *Dispatcher) release(key uptime.SinkKey) {
	more := true
	d.mu.Lock()
	if l := d.lanes[key]; l != nil {
		l.busy, l.fresh, more = false, true, !l.many
		if l.many && l.row == 0 && !l.waits(d.now()) {
			delete(d.lanes, key) // there is nothing to remember
		}
	}
	d.mu.Unlock()
	if ring(d.freed); more {
		d.Wake()
	}
}

// forget drops a sink that nobody knows any more, unless its failure was told.
func (d *Dispatcher) forget(key uptime.SinkKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.lanes[key]; l.told == fails {
		l.removed = true
		ring(d.stirred)
	} else {
		delete(d.lanes, key)
	}
}

func (d *Dispatcher) success(key uptime.SinkKey, now time.Time) {
	d.mu.Lock()
	d.lanes[key].success(now)
	d.mu.Unlock()
	ring(d.stirred)
}

func (d *Dispatcher) failure(ctx context.Context, key uptime.SinkKey, now time.Time, r *uptime.Refusal) {
	d.mu.Lock()
	l := d.lanes[key]
	l.failure(now, r)
	about := []any{"tenant", key.Tenant, "sink", key.Name, "reason", r.Reason, "in_a_row", l.row}
	if l.open(now) {
		about = append(about, "rests_until", l.retry)
	}
	d.mu.Unlock()
	ring(d.stirred)
	d.log.InfoContext(ctx, "a sink did not take a delivery", about...)
}

// sentence bounds what a sink says about its failure.
func sentence(s string) string {
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "")
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "") + "…"
	}
	return s
}
