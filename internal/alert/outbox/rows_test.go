package outbox_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const tenant = uptime.TenantID("acme")

var errStore = errors.New("disk full")

// rows is a store in memory that keeps the contract, and fails when told to.
type rows struct {
	mu         sync.Mutex
	deliveries map[uptime.DeliveryID]*uptime.Delivery
	began      map[uptime.DeliveryID]time.Time // the last attempt
	refs       map[string]string
	ops        int
	// fault decides about the n-th operation: whether it is done, and what it
	// answers. Nil does all of them.
	fault func(n int, op string) (done bool, err error)
}

func newRows(list ...uptime.Delivery) *rows {
	r := &rows{deliveries: map[uptime.DeliveryID]*uptime.Delivery{}, began: map[uptime.DeliveryID]time.Time{}, refs: map[string]string{}}
	for _, d := range list {
		r.deliveries[d.ID] = &d
	}
	return r
}

func (r *rows) enter(op string) (done bool, err error) {
	r.ops++
	if r.fault == nil {
		return true, nil
	}
	return r.fault(r.ops, op)
}

func (r *rows) heads() []*uptime.Delivery {
	type lane struct {
		sink   string
		thread uptime.AlertKey
	}
	first := map[lane]*uptime.Delivery{}
	for _, d := range r.deliveries {
		key := lane{d.Sink, d.Thread}
		if d.State == uptime.DeliveryWaiting && (first[key] == nil || d.Transition < first[key].Transition) {
			first[key] = d
		}
	}
	var out []*uptime.Delivery
	for _, d := range first {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b *uptime.Delivery) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (r *rows) DueDeliveries(_ context.Context, now time.Time, skip func(uptime.SinkKey) bool, limit int) ([]uptime.Delivery, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.enter("due"); err != nil {
		return nil, err
	}
	var out []uptime.Delivery
	taken := map[uptime.SinkKey]bool{}
	for _, d := range r.heads() {
		key := uptime.SinkKey{Tenant: d.Tenant, Name: d.Sink}
		if d.Due.After(now) && d.Due.Before(now.Add(36*time.Hour)) || taken[key] || len(out) == limit {
			continue
		}
		taken[key] = true
		if skip == nil || !skip(key) {
			out = append(out, *d)
		}
	}
	return out, nil
}

func (r *rows) BeginDelivery(_ context.Context, _ uptime.TenantID, id uptime.DeliveryID, at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.deliveries[id]
	if d == nil {
		return uptime.ErrNotFound
	}
	done, err := r.enter("begin")
	if done {
		if d.State != uptime.DeliveryWaiting {
			return uptime.ErrConflict
		}
		if !d.Trying || !at.Equal(r.began[id]) {
			d.Attempts++
		}
		d.Trying = true
		r.began[id] = at
	}
	return err
}

func (r *rows) EndDelivery(_ context.Context, e uptime.Delivery, ref string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	done, err := r.enter("end")
	if d := r.deliveries[e.ID]; done {
		d.State, d.Due, d.Error, d.Ended, d.Trying = e.State, e.Due, e.Error, e.Ended, false
		if ref != "" {
			r.refs[fmt.Sprint(e.Tenant, e.Thread, e.Sink)] = ref
		}
	}
	return err
}

func (r *rows) Ref(_ context.Context, t uptime.TenantID, thread uptime.AlertKey, sink string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.enter("ref"); err != nil {
		return "", err
	}
	return r.refs[fmt.Sprint(t, thread, sink)], nil
}

func (r *rows) put(d uptime.Delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deliveries[d.ID] = &d
}

func (r *rows) get(id uptime.DeliveryID) uptime.Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return *r.deliveries[id]
}

func (r *rows) count(sink string, state uptime.DeliveryState) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.deliveries {
		if d.Sink == sink && d.State == state {
			n++
		}
	}
	return n
}

// delivery returns one that is due now.
func delivery(sink, thread string, n int) uptime.Delivery {
	key := uptime.AlertKey(thread)
	return uptime.Delivery{
		ID: uptime.NewDeliveryID(tenant, key, sink, n), Tenant: tenant, Thread: key, Sink: sink, Transition: n,
		State: uptime.DeliveryWaiting, Created: time.Now(), Due: time.Now(), Notice: uptime.Notice{Type: uptime.NoticeTriggered, Key: key},
	}
}

// sink is one that answers as told and remembers what it was sent.
type sink struct {
	// answer is asked for every delivery; nil takes all.
	answer func(ctx context.Context, d *uptime.Delivery, ref string) (string, error)
	limit  time.Duration // Timeout; zero asks for none

	mu   sync.Mutex
	busy bool
	both bool // two deliveries at once were seen
	got  []sent
}

type sent struct {
	id         uptime.DeliveryID
	thread     uptime.AlertKey
	transition int
	at         time.Time
	ref        string
	ok         bool
}

func (s *sink) Deliver(ctx context.Context, d *uptime.Delivery, ref string) (out string, err error) {
	s.mu.Lock()
	s.both = s.both || s.busy
	s.busy = true
	s.mu.Unlock()
	at := time.Now()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy = false
		s.got = append(s.got, sent{d.ID, d.Thread, d.Transition, at, ref, err == nil && out != "panic"})
	}()
	if s.answer == nil {
		return "", nil
	}
	out = "panic"
	out, err = s.answer(ctx, d, ref)
	return out, err
}

func (s *sink) seen() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

type slowSink struct{ *sink }

func (s slowSink) Timeout() time.Duration { return s.limit }

// sinks serves them by name.
type sinks map[string]outbox.Sink

func (s sinks) get(_ uptime.TenantID, name string) (outbox.Sink, bool) {
	out, ok := s[name]
	return out, ok
}

// start runs a dispatcher in a bubble and returns what stops it.
func start(t *testing.T, o outbox.Options) (d *outbox.Dispatcher, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	d = outbox.New(o)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := d.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	stop = func() {
		cancel()
		<-done
	}
	synctest.Wait()
	return d, stop
}

func refuse(r uptime.Refusal) func(context.Context, *uptime.Delivery, string) (string, error) {
	return func(context.Context, *uptime.Delivery, string) (string, error) { return "", &r }
}

// hang takes as long as it may.
func hang(ctx context.Context, _ *uptime.Delivery, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}
