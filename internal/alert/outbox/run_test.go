package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestRetriesByScheduleThenDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{answer: refuse(uptime.Refusal{Temporary: true, Reason: "503"})}
		dl := delivery("team", "inc1", 1)
		r := newRows(dl)
		_, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"team": s}.get})
		time.Sleep(60 * time.Hour)
		stop()
		want := []time.Duration{5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 8 * time.Hour, 24 * time.Hour}
		got := s.seen()
		if len(got) != len(want)+1 {
			t.Fatalf("%d attempts, want %d", len(got), len(want)+1)
		}
		for i, w := range want {
			gap := got[i+1].at.Sub(got[i].at)
			if gap < w*8/10 || gap > w*12/10+time.Second {
				t.Errorf("attempt %d came %s after the one before, want %s ± 20 %%", i+2, gap, w)
			}
			if got[i].id != dl.ID {
				t.Errorf("attempt %d has id %s, want %s", i+1, got[i].id, dl.ID)
			}
		}
		end := r.get(dl.ID)
		if end.State != uptime.DeliveryDead || end.Trying || end.Attempts != 8 || end.Ended.IsZero() || !strings.Contains(end.Error, "503") {
			t.Errorf("in the end %+v", end)
		}
	})
}

func TestServiceThatAsksToWaitIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := &sink{answer: func(context.Context, *uptime.Delivery, string) (string, error) {
			if n++; n == 1 {
				return "", &uptime.Refusal{Temporary: true, After: 3 * time.Minute, Reason: "429"}
			}
			return "", nil
		}}
		begin := time.Now()
		r := newRows(delivery("team", "inc1", 1), delivery("team", "inc2", 1))
		d, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"team": s}.get})
		time.Sleep(time.Minute)
		if st := d.State(tenant, "team"); !st.Open || !st.Retry.Equal(begin.Add(3*time.Minute)) || st.LastError != "429" {
			t.Errorf("meanwhile %+v", st)
		}
		time.Sleep(4 * time.Minute)
		stop()
		if got := s.seen(); len(got) != 3 || got[1].at.Sub(begin) < 3*time.Minute || got[1].at.Sub(begin) > 3*time.Minute+time.Second {
			t.Errorf("sent %+v", got)
		}
		if n := r.count("team", uptime.DeliverySent); n != 2 {
			t.Errorf("%d sent, want both", n)
		}
	})
}

func TestPermanentRefusalKillsOneAndLetsTheNextGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{answer: func(_ context.Context, d *uptime.Delivery, _ string) (string, error) {
			if d.Transition == 1 {
				return "", &uptime.Refusal{Reason: "the payload\n is wrong"}
			}
			return "", nil
		}}
		one, two := delivery("team", "inc1", 1), delivery("team", "inc1", 2)
		r := newRows(one, two)
		_, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"team": s}.get})
		stop()
		if d := r.get(one.ID); d.State != uptime.DeliveryDead || d.Error != "the payload is wrong" || d.Attempts != 1 {
			t.Errorf("the first is %+v", d)
		}
		if d := r.get(two.ID); d.State != uptime.DeliverySent || d.Error != "" {
			t.Errorf("the second is %+v", d)
		}
	})
}

func TestCircuitRestsAndTriesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		down.Store(true)
		s := &sink{answer: func(context.Context, *uptime.Delivery, string) (string, error) {
			if down.Load() {
				return "", errors.New("connection refused")
			}
			return "", nil
		}}
		r := newRows()
		for i := range 40 {
			r.put(delivery("team", fmt.Sprint("inc", i), 1))
		}
		begin := time.Now()
		d, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"team": s}.get})
		if n := len(s.seen()); n != 5 {
			t.Fatalf("%d attempts before the circuit opened, want 5", n)
		}
		time.Sleep(time.Hour)
		got := s.seen()[5:]
		at := 30 * time.Second
		for i, rest := 0, 30*time.Second; i < 7; i++ {
			if got[i].at.Sub(begin) != at {
				t.Errorf("trial %d came after %s, want %s", i+1, got[i].at.Sub(begin), at)
			}
			rest = min(2*rest, 10*time.Minute)
			at += rest
		}
		if st := d.State(tenant, "team"); !st.Open || !st.FailingSince.Equal(begin) {
			t.Errorf("state is %+v", st)
		}
		down.Store(false)
		time.Sleep(11 * time.Minute)
		if n := r.count("team", uptime.DeliverySent); n != 40 {
			t.Errorf("after it came back %d are sent, want all 40", n)
		}
		if st := d.State(tenant, "team"); st.Open || !st.FailingSince.IsZero() || st.LastSent.IsZero() {
			t.Errorf("state is %+v", st)
		}
		for i := range 40 {
			if dl := r.get(delivery("team", fmt.Sprint("inc", i), 1).ID); dl.Attempts > 4 {
				t.Errorf("delivery %d lost %d attempts while the circuit rested", i, dl.Attempts)
			}
		}
		stop()
	})
}

func TestResetTriesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool
		gone.Store(true)
		s := &sink{answer: func(context.Context, *uptime.Delivery, string) (string, error) {
			if gone.Load() {
				return "", &uptime.Refusal{Gone: true, Reason: "the webhook was deleted"}
			}
			return "", nil
		}}
		r := newRows(delivery("team", "inc1", 1), delivery("team", "inc2", 1))
		var fails []string
		d, stop := start(t, outbox.Options{
			Rows: r, Sinks: sinks{"team": s}.get,
			Fails: func(_ context.Context, _ uptime.TenantID, name string, _ time.Time, why string) error {
				fails = append(fails, name+": "+why)
				return nil
			},
		})
		if r.count("team", uptime.DeliveryDead) != 1 || r.count("team", uptime.DeliveryWaiting) != 1 {
			t.Error("one has to die, the other to wait")
		}
		if len(fails) != 1 || fails[0] != "team: the webhook was deleted" {
			t.Errorf("reported %q at once", fails)
		}
		time.Sleep(59 * time.Minute)
		if n := len(s.seen()); n != 1 {
			t.Errorf("a sink that is gone was tried %d times within the hour", n)
		}
		gone.Store(false)
		d.Reset(tenant, "team")
		synctest.Wait()
		if n := r.count("team", uptime.DeliverySent); n != 1 {
			t.Errorf("%d sent after the reset, want 1", n)
		}
		stop()
	})
}

func TestLongFailureIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		down.Store(true)
		s := &sink{answer: func(context.Context, *uptime.Delivery, string) (string, error) {
			if down.Load() {
				return "", errors.New("no route")
			}
			return "", nil
		}}
		r := newRows(delivery("team", "inc1", 1), delivery("other", "inc1", 1))
		begin := time.Now()
		var said []string
		note := func(what, name string) error {
			said = append(said, fmt.Sprintf("%s %s %s", time.Since(begin).Round(time.Minute), name, what))
			if len(said) == 2 {
				return errStore // it is told again
			}
			return nil
		}
		_, stop := start(t, outbox.Options{
			Rows: r, Sinks: sinks{"team": s, "other": &sink{}}.get,
			Fails: func(_ context.Context, _ uptime.TenantID, name string, since time.Time, _ string) error {
				if !since.Equal(begin) {
					t.Errorf("failing since %s, want %s", since, begin)
				}
				return note("fails", name)
			},
			Works: func(_ context.Context, _ uptime.TenantID, name string) error { return note("works", name) },
		})
		time.Sleep(20 * time.Minute)
		down.Store(false)
		time.Sleep(time.Hour)
		stop()
		if len(said) != 4 || said[0] != "0s other works" || said[1] != "15m0s team fails" || said[2] != said[1] || !strings.HasSuffix(said[3], "team works") {
			t.Errorf("said %q", said)
		}
	})
}

func TestRemovedSinkBuriesItsDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		for i := range 10 {
			r.put(delivery("old", "inc1", i+1))
		}
		_, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{}.get})
		stop()
		if n := r.count("old", uptime.DeliveryDead); n != 10 {
			t.Errorf("%d are dead, want 10", n)
		}
		if d := r.get(delivery("old", "inc1", 1).ID); !strings.Contains(d.Error, "configuration") || d.Attempts != 0 {
			t.Errorf("it says %q after %d attempts", d.Error, d.Attempts)
		}
	})
}

func TestRemovedSinkFailsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var known atomic.Bool
		known.Store(true)
		s := &sink{answer: refuse(uptime.Refusal{Temporary: true, Reason: "503"})}
		r := newRows(delivery("team", "inc1", 1))
		var said []string
		d, stop := start(t, outbox.Options{
			Rows:  r,
			Sinks: func(uptime.TenantID, string) (outbox.Sink, bool) { return s, known.Load() },
			Fails: func(context.Context, uptime.TenantID, string, time.Time, string) error {
				said = append(said, "fails")
				return nil
			},
			Works: func(context.Context, uptime.TenantID, string) error {
				said = append(said, "works")
				return nil
			},
		})
		time.Sleep(20 * time.Minute)
		known.Store(false)
		time.Sleep(time.Hour)
		if st := d.State(tenant, "team"); st != (outbox.State{}) {
			t.Errorf("it is still known: %+v", st)
		}
		stop()
		if strings.Join(said, " ") != "fails works" {
			t.Errorf("said %q", said)
		}
	})
}

func TestPanicIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := &sink{answer: func(context.Context, *uptime.Delivery, string) (string, error) {
			if n++; n == 1 {
				panic("token xyz")
			}
			return "", nil
		}}
		dl := delivery("team", "inc1", 1)
		r := newRows(dl)
		d, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"team": s}.get})
		if got := r.get(dl.ID); got.State != uptime.DeliveryWaiting || got.Trying || got.Error == "" || strings.Contains(got.Error, "xyz") {
			t.Errorf("after the panic %+v", got)
		}
		time.Sleep(10 * time.Second)
		if got := r.get(dl.ID); got.State != uptime.DeliverySent {
			t.Errorf("later %+v", got)
		}
		if st := d.Stats(); st.Sent != 1 || st.Failed != 1 || st.Failing != 0 || st.InFlight != 0 {
			t.Errorf("stats %+v", st)
		}
		stop()
	})
}

func TestRefIsHandedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{answer: func(_ context.Context, d *uptime.Delivery, _ string) (string, error) {
			switch d.Transition {
			case 1:
				return "ts1", nil
			case 3:
				return strings.Repeat("x", 1<<20), nil // not kept
			default:
				return "", nil
			}
		}}
		r := newRows()
		for i := range 4 {
			r.put(delivery("team", "inc1", i+1))
		}
		_, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"team": s}.get})
		stop()
		got := s.seen()
		if len(got) != 4 || got[0].ref != "" || got[1].ref != "ts1" || got[2].ref != "ts1" || got[3].ref != "ts1" {
			t.Errorf("sent %+v", got)
		}
	})
}

func TestTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quick, slow := &sink{answer: hang}, &sink{answer: hang, limit: 30 * time.Second}
		a, b := delivery("quick", "inc1", 1), delivery("slow", "inc1", 1)
		r := newRows(a, b)
		_, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"quick": quick, "slow": slowSink{slow}}.get})
		time.Sleep(29 * time.Second)
		if got := r.get(a.ID); got.Error != "no answer within 12s" {
			t.Errorf("the quick one says %q", got.Error)
		}
		if got := r.get(b.ID); !got.Trying {
			t.Error("the slow one was not given its time")
		}
		time.Sleep(2 * time.Second)
		if got := r.get(b.ID); got.Error != "no answer within 30s" {
			t.Errorf("the slow one says %q", got.Error)
		}
		stop()
	})
}

func TestOrderIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, all := newRows(), sinks{}
		for i := range 6 {
			name := fmt.Sprint("sink", i)
			all[name] = &sink{answer: func(_ context.Context, d *uptime.Delivery, _ string) (string, error) {
				time.Sleep(time.Duration(rand.IntN(3000)) * time.Millisecond)
				if d.Attempts < 4 && rand.IntN(3) == 0 {
					return "", errors.New("bad luck")
				}
				return "", nil
			}}
			for k := range 30 {
				r.put(delivery(name, fmt.Sprint("inc", k%6), k/6+1))
			}
		}
		_, stop := start(t, outbox.Options{Rows: r, Sinks: all.get, Concurrency: 4})
		time.Sleep(24 * time.Hour)
		stop()
		for name, s := range all {
			s := s.(*sink)
			if s.both {
				t.Errorf("%s was given two at once", name)
			}
			last := map[uptime.AlertKey]int{}
			for _, got := range s.seen() {
				if got.transition < last[got.thread] {
					t.Errorf("%s: transition %d of %s came after %d", name, got.transition, got.thread, last[got.thread])
				}
				last[got.thread] = got.transition
			}
			if n := r.count(name, uptime.DeliverySent); n != 30 {
				t.Errorf("%s took %d of 30", name, n)
			}
		}
	})
}

func TestDeadSinkDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		all := sinks{"a dead": &sink{answer: hang}}
		for _, name := range []string{"good", "fine"} {
			all[name] = &sink{answer: func(context.Context, *uptime.Delivery, string) (string, error) {
				time.Sleep(10 * time.Millisecond)
				return "", nil
			}}
		}
		for i := range 334 {
			for name := range all {
				r.put(delivery(name, fmt.Sprint("inc", i), 1))
			}
		}
		_, stop := start(t, outbox.Options{Rows: r, Sinks: all.get})
		time.Sleep(4 * time.Second)
		for _, name := range []string{"good", "fine"} {
			if n := r.count(name, uptime.DeliverySent); n != 334 {
				t.Errorf("%s took %d of 334 within 4 s", name, n)
			}
		}
		stop()
		if n := r.count("a dead", uptime.DeliveryWaiting); n != 334 {
			t.Errorf("%d wait for the dead sink, want all 334", n)
		}
	})
}

func TestManyDeadSinksLeaveRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, all := newRows(), sinks{"good": &sink{}}
		for i := range 50 {
			name := fmt.Sprint("dead", i)
			all[name] = &sink{answer: hang}
			for k := range 20 {
				r.put(delivery(name, fmt.Sprint("inc", k), 1))
			}
		}
		d, stop := start(t, outbox.Options{Rows: r, Sinks: all.get, Concurrency: 8})
		time.Sleep(2 * time.Minute) // each of them has failed by now
		for i := range 20 {
			dl := delivery("good", fmt.Sprint("inc", i), 1)
			r.put(dl)
			d.Wake()
			synctest.Wait()
			if got := r.get(dl.ID); got.State != uptime.DeliverySent {
				t.Fatalf("delivery %d waits behind sinks that hang: %+v", i, d.Stats())
			}
			time.Sleep(5 * time.Second)
		}
		stop()
	})
}

func TestWhatWaitedForDaysIsBuried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{answer: refuse(uptime.Refusal{Gone: true, Reason: "gone"})}
		r := newRows()
		for i := range 200 {
			r.put(delivery("team", fmt.Sprint("inc", i), 1))
		}
		_, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"team": s}.get})
		time.Sleep(71 * time.Hour)
		if n := r.count("team", uptime.DeliveryWaiting); n < 120 {
			t.Errorf("only %d wait before their time is over", n)
		}
		time.Sleep(3 * time.Hour)
		if n := r.count("team", uptime.DeliveryDead); n != 200 {
			t.Errorf("%d of 200 are dead", n)
		}
		stop()
	})
}

// TestDamagedNoticeIsBuried: what the database cannot read any more is given up,
// and holds up nobody.
func TestDamagedNoticeIsBuried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken, good := delivery("team", "inc1", 1), delivery("team", "inc2", 1)
		broken.Notice = uptime.Notice{}
		s := &sink{}
		r := newRows(broken, good)
		_, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"team": s}.get})
		time.Sleep(time.Minute)
		stop()
		if d := r.get(broken.ID); d.State != uptime.DeliveryDead || !strings.Contains(d.Error, "cannot be read") {
			t.Errorf("the damaged one is %s: %s", d.State, d.Error)
		}
		if d := r.get(good.ID); d.State != uptime.DeliverySent {
			t.Errorf("the good one is %s", d.State)
		}
	})
}
