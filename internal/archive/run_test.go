package archive_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// live is a Live verdict of a cycle of a minute, sealed a second later.
func live(server int, cycle time.Time) uptime.Verdict {
	return uptime.Verdict{
		Tenant: tenant, Server: serverID(server), Cycle: cycle, Every: time.Minute,
		State: uptime.Live, Latency: 100 * time.Millisecond, SealedAt: cycle.Add(time.Second),
	}
}

// down is a Down verdict.
func down(server int, cycle time.Time, cause uptime.Cause) uptime.Verdict {
	v := live(server, cycle)
	v.State, v.Latency, v.Failure = uptime.Down, 0, &uptime.Failure{Cause: cause, Effect: uptime.Down}
	return v
}

// every returns live verdicts for n minutes from at on.
func every(server int, at time.Time, n int) (out []uptime.Verdict) {
	for i := range n {
		out = append(out, live(server, at.Add(time.Duration(i)*time.Minute)))
	}
	return out
}

// start runs the archiver until the test ends.
func start(t *testing.T, a *archive.Archiver) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
}

func TestMinutesAreClosedOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		now := time.Now()
		// The last cycle of the minute takes its whole time, and the grace.
		v := live(0, now.Add(59*time.Second))
		v.SealedAt = v.Cycle.Add(65 * time.Second)
		st := newStore(1)
		a := newArchiver(newFeed([]uptime.Verdict{v}), st)
		start(t, a)
		time.Sleep(2*time.Minute + 9*time.Second)
		if mark, _ := st.Watermark(t.Context()); mark.Through != 0 {
			t.Fatalf("minute %d was closed early", mark.Through)
		}
		time.Sleep(2 * time.Second)
		want := uptime.Watermark{Cursor: 1, Through: v.Minute()}
		if mark, _ := st.Watermark(t.Context()); mark != want {
			t.Fatalf("watermark %v, want %v", mark, want)
		}
		if s := a.Stats(); s.Mark != want || s.Held != 0 || s.Lag != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

// Every server has a number only once the store gave it one; verdicts that
// cannot be placed are counted and hold nothing up.
func TestVerdictsThatCannotBePlaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		now := time.Now()
		far := live(0, time.Date(2038, 1, 19, 3, 14, 7, 0, time.UTC))
		far.SealedAt = now
		ahead := live(1, now.Add(5*time.Hour))
		ahead.SealedAt = now
		ancient := live(0, now.AddDate(0, 0, -40))
		stranger := live(7, now)
		late := live(0, now)
		late.SealedAt = now.Add(10 * time.Minute)
		st := newStore(2)
		f := newFeed(slices.Concat([]uptime.Verdict{far, ahead, ancient, stranger, late}, every(0, now.Add(time.Minute), 20)))
		a := newArchiver(f, st)
		start(t, a)
		time.Sleep(30 * time.Minute)
		s := a.Stats()
		if s.Odd != 1 || s.Late != 1 || s.Nameless != 1 || s.Held != 1 || s.Mark.Through != uptime.MinuteOf(now)+20 {
			t.Errorf("stats %+v", s)
		}
		got, err := a.History().Minutes(t.Context(), tenant, serverID(0), ancient.Minute(), ancient.Minute()+1)
		if err != nil || got[0].State != uptime.Live {
			t.Errorf("the old minute, which nothing has closed, became %v, %v", got, err)
		}
		if s.Mark.Cursor >= seqOf(f, ahead) {
			t.Errorf("the cursor %d has passed a verdict that waits", s.Mark.Cursor)
		}
		time.Sleep(5 * time.Hour)
		got, err = a.History().Minutes(t.Context(), tenant, serverID(1), ahead.Minute(), ahead.Minute()+1)
		if err != nil || got[0].State != uptime.Live {
			t.Errorf("the minute ahead became %v, %v", got, err)
		}
		if s := a.Stats(); s.Held != 0 || s.Mark.Cursor != uptime.Cursor(len(f.verdicts)) {
			t.Errorf("stats %+v", s)
		}
	})
}

func seqOf(f *feed, v uptime.Verdict) uptime.Cursor {
	i := slices.IndexFunc(f.verdicts, func(x uptime.Verdict) bool { return x.Cycle.Equal(v.Cycle) && x.Server == v.Server })
	return f.verdicts[i].Seq
}

// A server that was added after the start is found.
// TestLateVerdictStands: a verdict of a long cycle that comes when the minute in
// which the cycle began is closed counts from then on until the next is due.
func TestLateVerdictStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(24 * time.Hour)
		now := time.Now()
		late := live(1, now)
		late.Every, late.SealedAt = time.Hour, now.Add(20*time.Minute)
		st := newStore(2)
		f := newFeed(append(every(0, now, 90), late))
		f.again = 40
		a := newArchiver(f, st)
		start(t, a)
		time.Sleep(95 * time.Minute)
		cells, err := a.History().Minutes(t.Context(), tenant, serverID(1), uptime.MinuteOf(now), uptime.MinuteOf(now)+90)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range cells {
			want := uptime.Unknown
			if i >= 20 && i < 60 {
				want = uptime.Live
			}
			if near := i >= 15 && i < 20; c.State != want && !near {
				t.Errorf("minute %d is %s, want %s", i, c.State, want)
			}
		}
		if s := a.Stats(); s.Late != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestNewServersAreFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		now := time.Now()
		st := newStore(0)
		a := newArchiver(newFeed(every(0, now.Add(2*time.Minute), 1)), st)
		start(t, a)
		time.Sleep(time.Minute)
		st.mu.Lock()
		st.numbers[5] = serverID(0)
		st.mu.Unlock()
		time.Sleep(5 * time.Minute)
		if s := a.Stats(); s.Nameless != 0 || s.Mark.Cursor != 1 {
			t.Errorf("stats %+v", s)
		}
	})
}

// A store that is down for hours costs nothing but time, and is seen as lag.
func TestStoreIsDownForHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		now := time.Now()
		st := newStore(2)
		a := newArchiver(newFeed(slices.Concat(every(0, now, 400), every(1, now, 400))), st)
		start(t, a)
		time.Sleep(10 * time.Minute)
		if lag := a.Stats().Lag; lag > archive.MaxLag {
			t.Errorf("lag %s in good times", lag)
		}
		setFault(st, func(string) error { return errCrash })
		time.Sleep(6 * time.Hour)
		if lag := a.Stats().Lag; lag < 5*time.Hour {
			t.Errorf("lag %s while nothing can be written", lag)
		}
		setFault(st, nil)
		time.Sleep(4 * time.Minute)
		if s := a.Stats(); s.Lag > archive.MaxLag || s.Late != 0 {
			t.Errorf("stats %+v once the store is back", s)
		}
		time.Sleep(time.Hour)
		c := a.History().Summary(tenant, serverID(1)).H24
		if c.Live != 400 || c.Down+c.Degraded != 0 {
			t.Errorf("counts %+v, want 400 Live", c)
		}
	})
}

// A feed that cannot be read is lag, although no verdict is known to wait.
func TestFeedIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		st := newStore(1)
		a := archive.New(archive.Options{Feed: silent{}, Rows: st, Records: st})
		start(t, a)
		time.Sleep(10 * time.Minute)
		if lag := a.Stats().Lag; lag < 8*time.Minute {
			t.Errorf("lag %s", lag)
		}
	})
}

// silent is a feed that fails.
type silent struct{}

func (silent) After(context.Context, uptime.Cursor, int) ([]uptime.Verdict, error) {
	return nil, errCrash
}

func setFault(st *store, fail func(string) error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.fail = fail
}

func TestAnotherArchiverEndsThisOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		st := newStore(1)
		a := newArchiver(newFeed(every(0, time.Now(), 10)), st)
		done := make(chan error, 1)
		go func() { done <- a.Run(t.Context()) }()
		time.Sleep(3 * time.Minute)
		st.mu.Lock()
		st.mark.Through += 100
		st.mu.Unlock()
		if err := <-done; !errors.Is(err, uptime.ErrConflict) {
			t.Errorf("%v, want a conflict", err)
		}
	})
}

// Care goes by the clock: the feed is pruned every hour, retention enforced
// every day, both again when they failed.
func TestCare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		st := newStore(1)
		prunes := make(chan uptime.Cursor, 100)
		var sweeps atomic.Int32
		a := archive.New(archive.Options{
			Feed: newFeed(every(0, time.Now(), 60)), Rows: st, Records: st,
			Prune: func(_ context.Context, passed uptime.Cursor) error {
				prunes <- passed
				return nil
			},
			Sweep: func(context.Context) error {
				if sweeps.Add(1) == 1 {
					return errCrash
				}
				return nil
			},
		})
		start(t, a)
		time.Sleep(3*time.Hour + time.Minute)
		for _, want := range []uptime.Cursor{0, 59, 60, 60} {
			if got := <-prunes; got != want {
				t.Errorf("pruned through %d, want %d", got, want)
			}
		}
		if n := sweeps.Load(); n != 2 || len(prunes) != 0 {
			t.Errorf("%d sweeps, want one that failed and one that did not; %d more prunes", n, len(prunes))
		}
		time.Sleep(24 * time.Hour)
		if n := sweeps.Load(); n != 3 {
			t.Errorf("%d sweeps after a day", n)
		}
	})
}

// Rows that cannot be read are Unknown minutes, never a reason not to start.
func TestBrokenRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(23 * time.Hour)
		now := time.Now()
		st := newStore(1)
		a := newArchiver(newFeed(every(0, now, 300)), st)
		start(t, a)
		time.Sleep(5 * time.Hour) // 298 minutes are closed, 60 of them in a closed day
		synctest.Wait()
		for k, d := range st.days {
			d.Minutes, d.Digest = []byte("rubbish"), []byte("rubbish")
			st.days[k] = d
		}
		bad := uptime.MinuteOf(now) + 100
		st.segments[bad] = []byte{9, 9, 9}
		b := newArchiver(newFeed(nil), st)
		start(t, b)
		s := b.History().Summary(tenant, serverID(0))
		if s.H24.Live != 237 || s.H24.Unknown != 61 || s.D30.Live != 297 || b.Stats().Broken != 1 {
			t.Errorf("summary %+v, stats %+v", s, b.Stats())
		}
		day := uptime.DayOf(now)
		if _, err := b.History().Minutes(t.Context(), tenant, serverID(0), day.First()-1, day.First()+10); err == nil {
			t.Error("the broken day is told as if it were not")
		}
	})
}

func TestEraseForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(22 * time.Hour)
		now := time.Now()
		st := newStore(2)
		a := newArchiver(newFeed(slices.Concat(every(0, now, 300), every(1, now, 300))), st)
		start(t, a)
		time.Sleep(time.Hour)
		st.mu.Lock()
		delete(st.numbers, 1)
		st.mu.Unlock()
		a.Erase(tenant, serverID(0))
		if s := a.History().Summary(tenant, serverID(0)); s != (uptime.Summary{}) {
			t.Errorf("summary of an erased server: %+v", s)
		}
		time.Sleep(5 * time.Hour) // its verdicts still come, and its day is closed
		if s := a.History().Summary(tenant, serverID(0)); s != (uptime.Summary{}) {
			t.Errorf("summary of an erased server: %+v", s)
		}
		if s := a.History().Summary(tenant, serverID(1)); s.H24.Live != 300 {
			t.Errorf("summary of its neighbour: %+v", s)
		}
		synctest.Wait()
		for k := range st.days {
			if k.server == serverID(0) {
				t.Errorf("the erased server's %s was written", k.day)
			}
		}
	})
}
