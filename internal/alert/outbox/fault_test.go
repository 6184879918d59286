package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// work returns rows and sinks with something to do: two sinks, two threads of
// each, three transitions of each.
func work() (*rows, sinks) {
	r, all := newRows(), sinks{}
	for _, name := range []string{"a", "b"} {
		all[name] = &sink{}
		for i := range 6 {
			r.put(delivery(name, fmt.Sprint("inc", i%2), i/2+1))
		}
	}
	return r, all
}

// check reports what was lost, doubled or out of order.
func check(t *testing.T, r *rows, all sinks, doubles int) {
	t.Helper()
	for name, s := range all {
		s := s.(*sink)
		if n := r.count(name, uptime.DeliverySent); n != 6 {
			t.Errorf("%s: %d of 6 are marked as sent", name, n)
		}
		times, last, more := map[uptime.DeliveryID]int{}, map[uptime.AlertKey]int{}, 0
		for _, got := range s.seen() {
			if !got.ok {
				continue
			}
			if got.transition < last[got.thread] {
				t.Errorf("%s: transition %d of %s after %d", name, got.transition, got.thread, last[got.thread])
			}
			last[got.thread] = got.transition
			if times[got.id]++; times[got.id] > 1 {
				more++
			}
		}
		if len(times) != 6 || more > doubles {
			t.Errorf("%s took %d of 6, and %d twice, want at most %d", name, len(times), more, doubles)
		}
	}
}

// longest is more than a history of work has steps.
const longest = 1000

func TestStoreFailsAtEachCall(t *testing.T) {
	for _, applied := range []bool{false, true} {
		for n := 1; ; n++ {
			if n > longest {
				t.Fatal("the store is called for ever")
			}
			var reached bool
			synctest.Test(t, func(t *testing.T) {
				r, all := work()
				r.fault = func(i int, _ string) (bool, error) {
					if i >= n && i < n+3 { // it fails three times in a row
						reached = true
						return applied, errStore
					}
					return true, nil
				}
				d, stop := start(t, outbox.Options{Rows: r, Sinks: all.get})
				time.Sleep(time.Minute)
				if s := d.Stats(); s.Stuck != 0 || s.InFlight != 0 {
					t.Errorf("afterwards %+v", s)
				}
				stop()
				check(t, r, all, 0)
			})
			if t.Failed() {
				t.Fatalf("failing from call %d on, applied: %t", n, applied)
			}
			if !reached {
				break
			}
		}
	}
}

// process is what dies at its n-th operation, whether on rows or at a sink: with
// late, just after that took effect.
type process struct {
	mu   sync.Mutex
	late bool
	left int
}

var errKilled = errors.New("killed")

func (p *process) step() (done bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left--
	switch {
	case p.left > 0:
		return true, nil
	case p.left == 0:
		return p.late, errKilled
	default:
		return false, errKilled
	}
}

func TestKilledAtEachStep(t *testing.T) {
	for _, late := range []bool{false, true} {
		for n := 1; ; n++ {
			if n > longest {
				t.Fatal("there is always another step")
			}
			p := &process{left: n, late: late}
			synctest.Test(t, func(t *testing.T) {
				r, all := work()
				r.fault = func(int, string) (bool, error) { return p.step() }
				mortal := sinks{}
				for name, s := range all {
					mortal[name] = &sink{answer: func(ctx context.Context, d *uptime.Delivery, ref string) (string, error) {
						done, err := p.step()
						if done {
							_, _ = s.Deliver(ctx, d, ref)
						}
						return "", err
					}}
				}
				_, stop := start(t, outbox.Options{Rows: r, Sinks: mortal.get})
				time.Sleep(time.Second)
				stop()
				r.fault = nil
				_, stop = start(t, outbox.Options{Rows: r, Sinks: all.get})
				time.Sleep(10 * time.Minute)
				stop()
				check(t, r, all, 1)
			})
			if t.Failed() {
				t.Fatalf("killed at step %d, after it took effect: %t", n, late)
			}
			if p.left > 0 {
				break
			}
		}
	}
}

func TestSupersededMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, all := work()
		r.fault = func(_ int, op string) (bool, error) {
			if op == "begin" { // somebody else was faster
				for _, d := range r.deliveries {
					if d.Transition < 3 && d.State == uptime.DeliveryWaiting {
						d.State = uptime.DeliverySuperseded
					}
				}
			}
			return true, nil
		}
		_, stop := start(t, outbox.Options{Rows: r, Sinks: all.get})
		time.Sleep(time.Minute)
		stop()
		for name := range all {
			if n := r.count(name, uptime.DeliverySent); n != 2 {
				t.Errorf("%s took %d, want the two that still waited", name, n)
			}
		}
	})
}

func TestStoreThatIsDownShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, all := work()
		r.fault = func(int, string) (bool, error) { return false, errStore }
		d, stop := start(t, outbox.Options{Rows: r, Sinks: all.get})
		time.Sleep(time.Minute)
		if s := d.Stats().Stuck; s != time.Minute {
			t.Errorf("stuck for %s, want a minute", s)
		}
		stop()
		if n := r.ops; n > 70 {
			t.Errorf("%d calls in a minute", n)
		}
	})
}

// TestFullDiskShows: that the rows can be read does not mean that they work.
func TestFullDiskShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, all := work()
		full := true
		r.fault = func(_ int, op string) (bool, error) {
			if full && (op == "begin" || op == "end") {
				return false, errStore
			}
			return true, nil
		}
		d, stop := start(t, outbox.Options{Rows: r, Sinks: all.get})
		time.Sleep(5 * time.Minute)
		if s := d.Stats().Stuck; s != 5*time.Minute {
			t.Errorf("stuck for %s, want 5 minutes", s)
		}
		r.mu.Lock()
		full = false
		r.mu.Unlock()
		time.Sleep(time.Minute)
		if s := d.Stats().Stuck; s != 0 {
			t.Errorf("stuck for %s when all is well", s)
		}
		stop()
		check(t, r, all, 0)
	})
}

// TestFullDiskIsForgotten: what could not be written may be gone.
func TestFullDiskIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, all := work()
		r.fault = func(_ int, op string) (bool, error) {
			return op != "begin", map[bool]error{true: errStore}[op == "begin"]
		}
		d, stop := start(t, outbox.Options{Rows: r, Sinks: all.get})
		time.Sleep(time.Minute)
		r.mu.Lock()
		clear(r.deliveries)
		r.mu.Unlock()
		time.Sleep(2 * time.Minute)
		if s := d.Stats().Stuck; s != 0 {
			t.Errorf("stuck for %s with nothing to write", s)
		}
		stop()
	})
}
