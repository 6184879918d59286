package verdict_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// TestClockJumpsForward: no burst of grey verdicts, and what was seen counts.
func TestClockJumpsForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seen := server("a", "eu"), server("b", "eu", "us")
		r := newRig(t, s, seen)
		cycle := r.next(seen)
		r.put(seen, cycle, "eu", good)
		before := len(r.sealed(s))
		r.jump.Add(int64(7 * time.Hour))
		time.Sleep(2 * time.Second)
		if n := len(r.sealed(s)); n > before+1 {
			t.Errorf("%d verdicts at once", n-before)
		}
		if v := r.last(seen, cycle); v.State != uptime.Live {
			t.Errorf("%+v", v)
		}
		time.Sleep(5 * time.Minute)
		if n := len(r.sealed(s)); n < before+4 || n > before+6 {
			t.Errorf("%d verdicts in the five minutes after", n-before)
		}
		if st := r.sealer.Stats(); st.Skipped < 800 || st.Behind != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestClockGoesBack: what is sealed stays, nothing false is added, and Stats
// say why nothing comes.
func TestClockGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu")
		r := newRig(t, s)
		for range 5 {
			r.put(s, r.next(s), "eu", good)
		}
		time.Sleep(time.Second)
		want := len(r.sealed(s))
		r.jump.Add(-int64(2 * time.Hour))
		for range 20 {
			r.put(s, r.next(s), "eu", down)
		}
		if vs := r.sealed(s); len(vs) != want {
			t.Errorf("sealed %s", words(vs[want:]))
		}
		if st := r.sealer.Stats(); st.Ahead < 90*time.Minute || st.Behind != 0 {
			t.Errorf("%+v", st)
		}
		if st := r.live.Stats(); st.Late != 20 {
			t.Errorf("%+v", st)
		}
		r.jump.Store(0)
		cycle := r.next(s)
		r.put(s, cycle, "eu", good)
		time.Sleep(5 * time.Second) // the cycle before it is waited for
		r.last(s, cycle)
	})
}

// TestClockSwings: forward by hours and back again costs nothing that was not
// measured meanwhile.
func TestClockSwings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu")
		r := newRig(t, s)
		r.put(s, r.next(s), "eu", good)
		r.jump.Store(int64(9 * time.Hour))
		time.Sleep(3 * time.Second)
		r.jump.Store(0)
		time.Sleep(3 * time.Minute)
		for range 3 {
			r.put(s, r.next(s), "eu", good)
		}
		time.Sleep(time.Second)
		vs := r.sealed(s)
		if len(vs) < 6 {
			t.Errorf("sealed %s", words(vs))
		}
		for i, v := range vs[1:] {
			if gap := v.Cycle.Sub(vs[i].Cycle); gap != time.Minute {
				t.Errorf("%s between two verdicts: %s", gap, words(vs))
			}
		}
	})
}

// TestJournalFails: while it does nothing is sealed and the sealer says that it
// is behind; then what was seen is sealed in order.
func TestJournalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu")
		r := newRig(t, s)
		r.journal.FailWith(func() (bool, error) { return false, errors.New("disk full") })
		first := r.next(s)
		r.put(s, first, "eu", down)
		second := r.next(s)
		r.put(s, second, "eu", good)
		time.Sleep(30 * time.Second)
		if vs := r.sealed(s); len(vs) != 0 {
			t.Fatalf("sealed %s", words(vs))
		}
		if st := r.sealer.Stats(); st.Behind < 20*time.Second || st.Failed < 3 || st.Failed > 30 {
			t.Errorf("%+v", st)
		}
		r.journal.FailWith(nil)
		time.Sleep(11 * time.Second)
		vs := r.sealed(s)
		if len(vs) != 2 || vs[0].State != uptime.Down || vs[1].State != uptime.Live || vs[1].Seq != 2 {
			t.Errorf("sealed %s", words(vs))
		}
		if st := r.sealer.Stats(); st.Behind != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestStopSealsWhatIsComplete.
func TestStopSealsWhatIsComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		complete, partial := server("a", "eu"), server("b", "eu", "us")
		r := newRig(t, complete, partial)
		cycle := r.next(complete)
		r.put(complete, cycle, "eu", good)
		r.put(partial, partial.CycleAt(r.now()), "eu", down)
		r.stop()
		if v := r.last(complete, cycle); v.State != uptime.Live {
			t.Errorf("%+v", v)
		}
		if vs := r.sealed(partial); len(vs) > 0 && vs[len(vs)-1].State == uptime.Degraded {
			t.Errorf("sealed half of it: %s", words(vs))
		}
	})
}

func TestSealerOptions(t *testing.T) {
	t.Parallel()
	if _, err := verdict.NewSealer(verdict.SealerOptions{}); !errors.Is(err, uptime.ErrInvalid) {
		t.Errorf("NewSealer = %v, want that it is invalid", err)
	}
}
