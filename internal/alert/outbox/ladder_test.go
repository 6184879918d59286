package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// stage is a part of a history: what goes wrong at each sink and in the store,
// for how long, and how the process ends then.
type stage struct {
	Sinks []string // of a, b
	Store string
	Puts  int // threads that begin
	For   time.Duration
	End   string
}

func someStages() *rapid.Generator[[]stage] {
	ills := []string{"well", "fails", "fails", "slow", "cut", "busy", "far", "hangs"}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) stage {
		return stage{
			Sinks: rapid.SliceOfN(rapid.SampledFrom(ills), 2, 2).Draw(t, "sinks"),
			Store: rapid.SampledFrom([]string{"well", "slow", "slow", "lost", "unsure", "stuck"}).Draw(t, "store"),
			Puts:  rapid.IntRange(0, 2).Draw(t, "puts"),
			For: rapid.SampledFrom([]time.Duration{
				3 * time.Second, 20 * time.Second, 90 * time.Second, 7 * time.Minute, 45 * time.Minute, 3 * time.Hour, 40 * time.Hour,
			}).Draw(t, "for"),
			End: rapid.SampledFrom([]string{"", "", "stop", "kill"}).Draw(t, "end"),
		}
	}), 1, 6)
}

// history is a world in which stages follow each other, and what was seen in it.
type history struct {
	t     *testing.T
	rows  *rows
	stop  func()
	names []string

	mu       sync.Mutex
	rng      *rand.Rand
	now      stage
	dead     bool // the process, that sees no answer any more
	restarts int
	tries    map[uptime.DeliveryID]int // calls of the sink
	taken    map[uptime.DeliveryID]int
	doubts   map[uptime.DeliveryID]int // taken, and the sink answered otherwise
	asked    map[uptime.DeliveryID]time.Duration
	ended    map[uptime.DeliveryID]time.Time // the last call
	wrong    []error
}

func (h *history) complain(format string, args ...any) {
	if len(h.wrong) < 5 {
		h.wrong = append(h.wrong, fmt.Errorf(format, args...))
	}
}

// lag waits for as long as the store takes, and says whether it still answers.
func (h *history) lag(ctx context.Context) error {
	h.mu.Lock()
	d := time.Duration(0)
	switch h.now.Store {
	case "slow", "lost", "unsure":
		d = time.Duration(h.rng.IntN(900)) * time.Millisecond
	case "stuck":
		d = time.Duration(h.rng.IntN(4000)) * time.Millisecond
	}
	h.mu.Unlock()
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fault decides about an operation of the store.
func (h *history) fault(op string) (done bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.dead:
		return false, errKilled
	case h.now.Store == "lost" && h.rng.IntN(3) == 0:
		return false, errStore
	case h.now.Store == "unsure" && op != "due" && h.rng.IntN(2) == 0:
		return true, errStore
	}
	return true, nil
}

// DueDeliveries answers how it was when it was asked, as a database does.
func (h *history) DueDeliveries(ctx context.Context, now time.Time, skip func(uptime.SinkKey) bool, limit int) ([]uptime.Delivery, error) {
	all, err := h.rows.DueDeliveries(ctx, now, nil, 1000)
	if lag := h.lag(ctx); err != nil || lag != nil {
		return nil, errors.Join(err, lag)
	}
	out := slices.DeleteFunc(all, func(d uptime.Delivery) bool { return skip(keyOf(&d)) })
	return out[:min(limit, len(out))], nil
}

func (h *history) BeginDelivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID, at time.Time) error {
	if err := h.lag(ctx); err != nil {
		return err
	}
	return errors.Join(h.rows.BeginDelivery(ctx, tenant, id, at), h.lag(ctx))
}

func (h *history) EndDelivery(ctx context.Context, d uptime.Delivery, ref string) error {
	if err := h.lag(ctx); err != nil {
		return err
	}
	h.mu.Lock()
	h.postponed(&d)
	h.mu.Unlock()
	return errors.Join(h.rows.EndDelivery(ctx, d, ref), h.lag(ctx))
}

func (h *history) Ref(ctx context.Context, tenant uptime.TenantID, thread uptime.AlertKey, sink string) (string, error) {
	return h.rows.Ref(ctx, tenant, thread, sink)
}

// ladder is what lies between the attempts, without jitter.
func ladder() []time.Duration {
	return []time.Duration{
		5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 8 * time.Hour, 24 * time.Hour,
	}
}

// postponed: what failed waits as long as the attempts that were made say, or the
// service. Where the process ended one more may be counted, which nobody made.
func (h *history) postponed(d *uptime.Delivery) {
	if h.dead {
		return
	}
	made, lost := h.tries[d.ID], h.restarts
	if d.Attempts < made || d.Attempts > made+lost {
		h.complain("%s counts %d attempts; %d were made, and the process ended %d times", d.ID, d.Attempts, made, lost)
		return
	}
	if d.State != uptime.DeliveryWaiting {
		return
	}
	steps, wait, asked := ladder(), d.Due.Sub(h.ended[d.ID]), h.asked[d.ID]
	least := max(steps[min(made, len(steps))-1]*8/10, asked)
	most := max(steps[min(made+lost, len(steps))-1]*12/10, asked)
	if wait < least || wait > most {
		h.complain("%s waits %s after %d attempts, want %s to %s", d.ID, wait, made, least, most)
	}
}

// deliver is one call of a sink.
func (h *history) deliver(ctx context.Context, which int, d *uptime.Delivery) (string, error) {
	row := h.rows.get(d.ID) // the rows lock first: they ask what goes wrong
	h.mu.Lock()
	if !h.dead && (row.State != uptime.DeliveryWaiting || !row.Trying || row.Due.After(time.Now())) {
		h.complain("%s is tried; it is %s, trying: %t, and due in %s", d.ID, row.State, row.Trying, time.Until(row.Due))
	}
	if h.dead {
		h.mu.Unlock()
		return "", errKilled
	}
	h.tries[d.ID]++
	what := h.now.Sinks[which]
	if what == "well" || what == "cut" {
		h.taken[d.ID]++
	}
	h.mu.Unlock()
	err := h.suffer(ctx, what)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked[d.ID], h.ended[d.ID] = 0, time.Now()
	if what == "cut" {
		h.doubts[d.ID]++
	}
	if r := (*uptime.Refusal)(nil); errors.As(err, &r) {
		h.asked[d.ID] = r.After
	}
	return "", err
}

func (h *history) suffer(ctx context.Context, what string) error {
	switch what {
	case "fails":
		return &uptime.Refusal{Temporary: true, Reason: "500"}
	case "slow":
		time.Sleep(2 * time.Second)
		return &uptime.Refusal{Temporary: true, Reason: "500"}
	case "cut":
		return errors.New("the connection broke")
	case "busy":
		return &uptime.Refusal{Temporary: true, After: 90 * time.Second, Reason: "429"}
	case "far":
		return &uptime.Refusal{Temporary: true, After: 3 * time.Hour, Reason: "429"}
	case "hangs":
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (h *history) start() {
	all := sinks{}
	for i, name := range h.names {
		all[name] = &sink{answer: func(ctx context.Context, d *uptime.Delivery, _ string) (string, error) {
			return h.deliver(ctx, i, d)
		}}
	}
	_, h.stop = start(h.t, outbox.Options{Rows: h, Sinks: all.get})
}

// live goes through one stage.
func (h *history) live(n int, s stage) {
	h.mu.Lock()
	h.now = s
	h.mu.Unlock()
	for i := range s.Puts {
		for _, name := range h.names {
			h.rows.put(delivery(name, fmt.Sprint("inc", n, i), 1))
			h.rows.put(delivery(name, fmt.Sprint("inc", n, i), 2))
		}
	}
	time.Sleep(s.For)
	if s.End != "" {
		h.mu.Lock()
		h.dead = s.End == "kill"
		h.restarts++
		h.mu.Unlock()
		h.stop()
		h.mu.Lock()
		h.dead = false
		h.mu.Unlock()
		h.start()
	}
}

// heal ends all faults. Then everything is told once, when the last that waits is
// due, or a circuit that rests is tried again: ten minutes at the most.
func (h *history) heal() {
	h.mu.Lock()
	h.now = stage{Sinks: []string{"well", "well"}, Store: "well"}
	h.mu.Unlock()
	time.Sleep(time.Minute) // what is under way ends
	bound := time.Now().Add(10 * time.Minute)
	h.rows.mu.Lock()
	for _, d := range h.rows.deliveries {
		if d.State == uptime.DeliveryWaiting && d.Due.After(bound) {
			bound = d.Due
		}
	}
	h.rows.mu.Unlock()
	time.Sleep(time.Until(bound) + time.Minute)
	h.stop()
}

// judge checks what must hold in the end.
func (h *history) judge() error {
	for id, d := range h.rows.deliveries {
		switch {
		case d.State == uptime.DeliverySent && h.taken[id] == 0:
			h.complain("%s is marked as sent, and was never taken", id)
		case d.State == uptime.DeliveryDead && (d.Attempts < 8 || h.tries[id]+h.restarts < 8):
			h.complain("%s was given up after %d attempts: %s", id, h.tries[id], d.Error)
		case d.State == uptime.DeliveryWaiting:
			h.complain("%s waits until %s", id, d.Due)
		}
		if n, most := h.taken[id], 1+h.doubts[id]+h.restarts; n > most {
			h.complain("%s was taken %d times, and could be in doubt %d times", id, n, most-1)
		}
	}
	return errors.Join(h.wrong...)
}

// TestLadder: whatever fails, whenever the process ends, an attempt that was made
// counts once, the next one comes when the ladder or the service says, neither
// sooner nor later, and what heals is told of everything.
func TestLadder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		stages, seed := someStages().Draw(rt, "stages"), rapid.Uint64().Draw(rt, "seed")
		var found error
		synctest.Test(t, func(t *testing.T) {
			h := &history{
				t: t, rows: newRows(), names: []string{"a", "b"}, rng: rand.New(rand.NewPCG(seed, 0)),
				tries: map[uptime.DeliveryID]int{}, taken: map[uptime.DeliveryID]int{}, doubts: map[uptime.DeliveryID]int{},
				asked: map[uptime.DeliveryID]time.Duration{}, ended: map[uptime.DeliveryID]time.Time{},
				now: stage{Sinks: []string{"well", "well"}},
			}
			h.rows.fault = func(_ int, op string) (bool, error) { return h.fault(op) }
			h.start()
			for n, s := range stages {
				h.live(n, s)
			}
			h.heal()
			found = h.judge()
		})
		if found != nil {
			rt.Fatal(found)
		}
	})
}

// TestReadWhileOneEnds: a database answers how it was when it was asked. What has
// failed, and is written down meanwhile, is not due.
func TestReadWhileOneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{answer: refuse(uptime.Refusal{Temporary: true, Reason: "500"})}
		d, stop := start(t, outbox.Options{Rows: lateRows{newRows(delivery("team", "inc1", 1))}, Sinks: sinks{"team": s}.get})
		time.Sleep(500 * time.Millisecond) // that it failed is being written
		d.Wake()
		time.Sleep(3 * time.Second)
		if got := s.seen(); len(got) != 1 {
			t.Errorf("it was tried %d times at once", len(got))
		}
		stop()
	})
}

// lateRows take a second to write, and to answer how it was when they were asked
// if something is being tried.
type lateRows struct{ *rows }

func (r lateRows) DueDeliveries(ctx context.Context, now time.Time, skip func(uptime.SinkKey) bool, limit int) ([]uptime.Delivery, error) {
	all, err := r.rows.DueDeliveries(ctx, now, nil, limit)
	if slices.ContainsFunc(all, func(d uptime.Delivery) bool { return d.Trying }) {
		time.Sleep(time.Second)
	}
	return slices.DeleteFunc(all, func(d uptime.Delivery) bool { return skip(keyOf(&d)) }), err
}

func (r lateRows) EndDelivery(ctx context.Context, d uptime.Delivery, ref string) error {
	time.Sleep(time.Second)
	return r.rows.EndDelivery(ctx, d, ref)
}

func keyOf(d *uptime.Delivery) uptime.SinkKey { return uptime.SinkKey{Tenant: d.Tenant, Name: d.Sink} }
