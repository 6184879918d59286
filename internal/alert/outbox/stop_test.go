package outbox_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestStopping(t *testing.T) {
	for name, tt := range map[string]struct {
		takes time.Duration // ignoring everything
		obeys bool          // its context
		state uptime.DeliveryState
		doubt bool
		bound time.Duration
	}{
		"ends in time":  {takes: 3 * time.Second, state: uptime.DeliverySent, bound: 3 * time.Second},
		"too slow":      {takes: time.Minute, obeys: true, state: uptime.DeliveryWaiting, doubt: true, bound: 5 * time.Second},
		"cannot be cut": {takes: time.Minute, state: uptime.DeliveryWaiting, doubt: true, bound: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sink{answer: func(ctx context.Context, _ *uptime.Delivery, _ string) (string, error) {
					if !tt.obeys {
						ctx = context.WithoutCancel(ctx)
					}
					select {
					case <-time.After(tt.takes):
						return "", nil
					case <-ctx.Done():
						return "", ctx.Err()
					}
				}, limit: time.Minute}
				dl := delivery("team", "inc1", 1)
				r := newRows(dl, delivery("team", "inc2", 1))
				_, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"team": slowSink{s}}.get})
				begin := time.Now()
				stop()
				if took := time.Since(begin); took > tt.bound {
					t.Errorf("stopping took %s, want at most %s", took, tt.bound)
				}
				one, two := r.get(dl.ID), r.get(delivery("team", "inc2", 1).ID)
				if two.Trying {
					one, two = two, one
				}
				if one.State != tt.state && two.State != tt.state || one.Trying != tt.doubt {
					t.Errorf("left behind: %+v", one)
				}
				if tt.doubt && two.Attempts != 0 {
					t.Error("another was begun")
				}
				time.Sleep(2 * time.Minute) // the last one ends
			})
		})
	}
}

func TestInDoubtIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dl := delivery("team", "inc1", 1)
		dl.Trying, dl.Attempts = true, 1
		s := &sink{}
		r := newRows(dl)
		_, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"team": s}.get})
		stop()
		if got := s.seen(); len(got) != 1 || got[0].id != dl.ID || r.get(dl.ID).State != uptime.DeliverySent {
			t.Errorf("sent %+v", got)
		}
	})
}

// TestClockGoesBack: what was made while the clock was wrong does not wait until
// it is right.
func TestClockGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dl := delivery("team", "inc1", 1)
		dl.Due = dl.Due.AddDate(3, 0, 0)
		r := newRows(dl)
		_, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"team": &sink{}}.get})
		stop()
		if got := r.get(dl.ID); got.State != uptime.DeliverySent {
			t.Errorf("it is %s", got.State)
		}
	})
}

func TestNothingIsLeftRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	done := make(chan struct{})
	s := &sink{answer: func(context.Context, *uptime.Delivery, string) (string, error) {
		close(done)
		return "", nil
	}}
	d := outbox.New(outbox.Options{Rows: newRows(delivery("team", "inc1", 1)), Sinks: sinks{"team": s}.get})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- d.Run(ctx) }()
	<-done
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}
