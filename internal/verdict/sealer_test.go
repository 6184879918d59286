package verdict_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/live/livetest"
	"github.com/alivemcp/alivemcp/internal/live/memory"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// rig is a sealer over a live state in virtual time.
type rig struct {
	t        *testing.T
	live     *memory.Live
	sealer   *verdict.Sealer
	plan     atomic.Pointer[uptime.Plan]
	jump     atomic.Int64 // by how much the wall clock is ahead
	baseline time.Duration
	journal  livetest.Journal
	stop     func()
}

// newRig runs a sealer of these servers until the end of the test. It must be
// called in a bubble.
func newRig(t *testing.T, servers ...*uptime.Server) *rig {
	t.Helper()
	r := &rig{t: t, baseline: time.Second}
	r.follow(servers, nil)
	r.live = memory.New(memory.Options{Journal: &r.journal, Now: r.now})
	r.run()
	t.Cleanup(func() { r.stop() })
	synctest.Wait()
	return r
}

// run starts a sealer; stop ends it and waits.
func (r *rig) run() {
	var err error
	r.sealer, err = verdict.NewSealer(verdict.SealerOptions{
		Live: r.live, Plan: r.plan.Load, Now: r.now,
		Baseline: func(uptime.TenantID, uptime.ServerID) (time.Duration, bool) { return r.baseline, r.baseline > 0 },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := r.sealer.Run(ctx); !errors.Is(err, context.Canceled) {
			r.t.Errorf("Run = %v", err)
		}
	})
	r.stop = func() { cancel(); wg.Wait() }
}

func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.jump.Load())) }

// follow makes a new plan.
func (r *rig) follow(servers []*uptime.Server, windows []uptime.Window) {
	p := &uptime.Plan{Version: 1, Servers: servers, Windows: windows}
	if old := r.plan.Load(); old != nil {
		p.Version = old.Version + 1
	}
	r.plan.Store(p)
}

// put reports on a cycle.
func (r *rig) put(s *uptime.Server, cycle time.Time, region, kind string) {
	c := cellOf(kind, region)
	c.Tenant, c.Server, c.Cycle = s.Tenant, s.ID, cycle
	if err := r.live.Put(r.t.Context(), new(verdict.Report(c, s.Slow))); err != nil {
		r.t.Errorf("Put: %v", err)
	}
}

// next sleeps until a moment after the server's next cycle begins, and returns
// the cycle.
func (r *rig) next(s *uptime.Server) time.Time {
	cycle := s.CycleAt(r.now()).Add(s.Every())
	time.Sleep(cycle.Add(time.Second).Sub(r.now()))
	return cycle
}

// sealed returns the server's verdicts.
func (r *rig) sealed(s *uptime.Server) (out []uptime.Verdict) {
	synctest.Wait()
	all, err := r.live.After(r.t.Context(), 0, 10_000)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, v := range all {
		if v.Server == s.ID && v.Tenant == s.Tenant {
			out = append(out, v)
		}
	}
	return out
}

// last returns the server's newest verdict, which must be of this cycle.
func (r *rig) last(s *uptime.Server, cycle time.Time) uptime.Verdict {
	r.t.Helper()
	vs := r.sealed(s)
	if len(vs) == 0 || !vs[len(vs)-1].Cycle.Equal(cycle) {
		r.t.Fatalf("the newest verdict is not of %s: %s", cycle.Format(time.TimeOnly), words(vs))
	}
	return vs[len(vs)-1]
}

func words(vs []uptime.Verdict) string {
	var b strings.Builder
	for _, v := range vs {
		fmt.Fprintf(&b, "%s %s (%s); ", v.Cycle.Format(time.TimeOnly), v.State, v.Why)
	}
	return b.String()
}

func server(id string, regions ...string) *uptime.Server {
	return &uptime.Server{ID: uptime.ServerID(id), Tenant: "default", Slug: id, Regions: regions}
}

func TestSealsAsSoonAsAllReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "ap", "eu", "us")
		r := newRig(t, s)
		cycle := r.next(s)
		r.put(s, cycle, "us", good)
		r.put(s, cycle, "eu", down)
		time.Sleep(3 * time.Second)
		if vs := r.sealed(s); len(vs) != 0 {
			t.Fatalf("sealed with a region missing: %s", words(vs))
		}
		r.put(s, cycle, "ap", down)
		before := r.now()
		time.Sleep(verdict.DefaultGather)
		v := r.last(s, cycle)
		if v.State != uptime.Down || v.Expected != 3 || len(v.Reports) != 3 || v.Every != time.Minute || v.Maintenance {
			t.Errorf("%+v", v)
		}
		if v.SealedAt.Before(before.Add(-time.Second)) || v.SealedAt.After(before.Add(verdict.DefaultGather)) {
			t.Errorf("sealed at %s, complete at %s", v.SealedAt, before)
		}
	})
}

func TestSealsAtTheDeadline(t *testing.T) {
	for _, every := range []time.Duration{5 * time.Second, time.Minute, time.Hour} {
		t.Run(every.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := server("a", "eu", "us")
				s.Interval = every
				r := newRig(t, s)
				cycle := r.next(s)
				r.put(s, cycle, "us", good)
				time.Sleep(s.Deadline(cycle).Sub(r.now()) - time.Millisecond)
				if vs := r.sealed(s); len(vs) != 0 {
					t.Fatalf("sealed too early: %s", words(vs))
				}
				time.Sleep(time.Millisecond)
				if v := r.last(s, cycle); v.State != uptime.Live || len(v.Reports) != 1 || v.Expected != 2 {
					t.Errorf("%+v", v)
				}
			})
		})
	}
}

// TestNobodyReports: every cycle gets its verdict, and it is grey.
func TestNobodyReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, paused := server("a", "eu", "us"), server("b", "eu")
		paused.Paused = true
		r := newRig(t, s, paused)
		time.Sleep(time.Hour + 10*time.Second)
		vs := r.sealed(s)
		if len(vs) < 58 || len(vs) > 60 {
			t.Errorf("%d verdicts in an hour", len(vs))
		}
		for i, v := range vs {
			if v.State != uptime.Unknown || v.Cause() != uptime.AgentLost || i > 0 && v.Cycle.Sub(vs[i-1].Cycle) != time.Minute {
				t.Fatalf("%d: %+v", i, v)
			}
		}
		if got := r.sealed(paused); len(got) != 0 {
			t.Errorf("a paused server got %s", words(got))
		}
		if st := r.sealer.Stats(); st.Behind != 0 || st.Sealed != uint64(len(vs)) || st.Skipped != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestInOrder: a cycle that is complete waits for the one before it.
func TestInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu", "us")
		r := newRig(t, s)
		first := r.next(s)
		r.put(s, first, "us", down)
		second := r.next(s)
		r.put(s, second, "us", good)
		r.put(s, second, "eu", good)
		synctest.Wait()
		if vs := r.sealed(s); len(vs) != 0 {
			t.Fatalf("sealed %s", words(vs))
		}
		time.Sleep(5 * time.Second)
		vs := r.sealed(s)
		if len(vs) != 2 || vs[0].State != uptime.Degraded || vs[1].State != uptime.Live {
			t.Errorf("sealed %s", words(vs))
		}
	})
}

func TestMaintenanceIsMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, other := server("a", "eu"), server("b", "eu")
		r := newRig(t, s, other)
		from := s.CycleAt(r.now()).Add(time.Minute)
		r.follow([]*uptime.Server{s, other}, []uptime.Window{
			{Tenant: "default", Servers: []string{"a"}, From: from.Add(90 * time.Second), To: from.Add(150 * time.Second)},
		})
		time.Sleep(5*time.Minute + 10*time.Second)
		var got []bool
		for _, v := range r.sealed(s) {
			got = append(got, v.Maintenance)
		}
		if want := []bool{false, true, true, false}; !slices.Equal(got[:4], want) {
			t.Errorf("maintenance %v, want %v", got, want)
		}
		for _, v := range r.sealed(other) {
			if v.Maintenance {
				t.Errorf("a window of another server: %+v", v)
			}
		}
	})
}

// TestSlowerThanUsual: three verdicts in a row, over three times the baseline,
// and long enough to be noticed.
func TestSlowerThanUsual(t *testing.T) {
	for _, tc := range []struct {
		name      string
		baseline  time.Duration
		latencies []time.Duration // milliseconds; -1 is a cycle without evidence
		degraded  []int
	}{
		{"three in a row", 100, []time.Duration{301, 301, 301, 301, 100, 301, 301, 301}, []int{2, 3, 7}},
		{"exactly three times", 100, []time.Duration{300, 300, 300, 300}, nil},
		{"a break", 100, []time.Duration{400, 400, 90, 400, 400}, nil},
		{"nobody looked", 100, []time.Duration{400, 400, -1, 400}, []int{3}},
		{"next door", 2, []time.Duration{7, 50, 250, 250, 250, 250}, nil},
		{"next door, noticed", 2, []time.Duration{251, 251, 251}, []int{2}},
		{"no history", 0, []time.Duration{4000, 4000, 4000, 4000}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := server("a", "eu")
				r := newRig(t, s)
				r.baseline = tc.baseline * time.Millisecond
				for i, ms := range tc.latencies {
					cycle := r.next(s)
					if ms >= 0 {
						c := cell("eu", passed(ms*time.Millisecond))
						c.Tenant, c.Server, c.Cycle = s.Tenant, s.ID, cycle
						_ = r.live.Put(t.Context(), new(verdict.Report(c, 0))) // seen below
						time.Sleep(6 * time.Second)
						if v := r.last(s, cycle); (v.State == uptime.Degraded) != slices.Contains(tc.degraded, i) || (v.Why == "") != (v.State == uptime.Live) {
							t.Errorf("verdict %d: %s because %q", i, v.State, v.Why)
						}
					}
				}
			})
		})
	}
}

// TestSlownessAfterARestart: the newest verdict counts, those before it are
// forgotten.
func TestSlownessAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu")
		r := newRig(t, s)
		r.baseline = 10 * time.Millisecond
		var got []uptime.State
		for i := range 4 {
			cycle := r.next(s)
			r.put(s, cycle, "eu", good) // a second
			time.Sleep(time.Second)
			got = append(got, r.last(s, cycle).State)
			if i == 1 {
				r.stop()
				r.run()
			}
		}
		if want := []uptime.State{uptime.Live, uptime.Live, uptime.Live, uptime.Degraded}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func TestNewServerBeginsWithItsNextCycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, s, eager := server("old", "eu"), server("new", "eu", "us"), server("eager", "eu", "us")
		r := newRig(t, old)
		time.Sleep(10 * time.Minute)
		r.follow([]*uptime.Server{eager, s, old}, nil)
		added := r.now()
		current := eager.CycleAt(added)
		r.put(eager, current, "eu", good) // somebody looked at once
		time.Sleep(3 * time.Minute)
		if vs := r.sealed(s); len(vs) == 0 || vs[0].Cycle.Before(added) {
			t.Errorf("a cycle that nobody was to look at was sealed: %s", words(vs))
		}
		if vs := r.sealed(eager); len(vs) == 0 || !vs[0].Cycle.Equal(current) || vs[0].State != uptime.Live {
			t.Errorf("the first look was lost: %s", words(vs))
		}
		if n := len(r.sealed(old)); n < 11 {
			t.Errorf("the old server has %d verdicts", n)
		}
	})
}

func TestRemovedServerIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu", "us")
		r := newRig(t, s)
		cycle := r.next(s)
		r.put(s, cycle, "eu", good)
		r.follow(nil, nil)
		time.Sleep(time.Second)
		r.put(s, cycle, "us", good)
		time.Sleep(10 * time.Minute)
		if vs := r.sealed(s); len(vs) != 0 {
			t.Errorf("sealed %s", words(vs))
		}
		r.follow([]*uptime.Server{s}, nil)
		time.Sleep(5 * time.Minute)
		if vs := r.sealed(s); len(vs) < 3 || vs[0].Cycle.Before(cycle.Add(9*time.Minute)) {
			t.Errorf("then sealed %s", words(vs))
		}
	})
}

// TestLooksLongerThanACycle: a server that hangs keeps each region busy for many
// of its short cycles. Those that nobody could look at are no evidence: they are
// left unmeasured, and never unknown between two verdicts that say down.
func TestLooksLongerThanACycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu")
		s.Interval = 5 * time.Second
		r := newRig(t, s)
		for range 5 {
			cycle := s.CycleAt(time.Now())
			time.Sleep(48 * time.Second)
			r.put(s, cycle, "eu", down)
			time.Sleep(time.Second)
		}
		vs := r.sealed(s)
		if len(vs) < 4 {
			t.Fatalf("sealed %s", words(vs))
		}
		for _, v := range vs {
			if v.State != uptime.Down {
				t.Errorf("%s was sealed %s", v.Cycle, v.State)
			}
		}
	})
}

// TestHoleInShortCycles: when the shortest cycles go on after one that nobody
// looked at, sealing is soon with them again.
func TestHoleInShortCycles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu")
		s.Interval = uptime.MinInterval
		r := newRig(t, s)
		r.put(s, r.next(s), "eu", good)
		time.Sleep(s.Interval)
		for range 6 {
			time.Sleep(s.Interval - 100*time.Millisecond) // each a little sooner in its cycle
			r.put(s, s.CycleAt(time.Now()), "eu", good)
		}
		last := s.CycleAt(time.Now())
		time.Sleep(time.Second)
		r.last(s, last)
		if st := r.sealer.Stats(); st.Skipped != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// TestOneRegionIsFaster: what the quick region said of the cycles that the slow
// one missed counts, as soon as the slow one is back.
func TestOneRegionIsFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu", "us")
		s.Interval = 5 * time.Second
		r := newRig(t, s)
		first := r.next(s)
		time.Sleep(time.Until(first))
		for i := range 6 {
			r.put(s, first.Add(time.Duration(i)*s.Interval), "eu", good)
			time.Sleep(s.Interval)
		}
		if vs := r.sealed(s); len(vs) != 0 {
			t.Fatalf("sealed %s before us had reported", words(vs))
		}
		last := first.Add(5 * s.Interval)
		r.put(s, last, "us", down)
		time.Sleep(uptime.SealGrace + time.Second)
		vs := r.sealed(s)
		if len(vs) != 6 || vs[0].State != uptime.Live || vs[5].State != uptime.Degraded {
			t.Errorf("sealed %s", words(vs))
		}
	})
}

// TestChangedInterval: reports of the old cycles fit nothing any more.
func TestChangedInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu")
		r := newRig(t, s)
		first := r.next(s)
		r.put(s, first, "eu", good)
		time.Sleep(time.Second)
		quick := new(*s)
		quick.Interval = 7 * time.Second
		old := r.next(s)
		r.follow([]*uptime.Server{quick}, nil)
		time.Sleep(time.Second)
		r.put(s, old, "eu", down)
		time.Sleep(3 * time.Minute)
		vs := r.sealed(s)
		if len(vs) < 7 || !vs[0].Cycle.Equal(first) {
			t.Fatalf("sealed %s", words(vs))
		}
		for _, v := range vs[1:] {
			if v.Every != quick.Interval || !quick.CycleAt(v.Cycle).Equal(v.Cycle) || v.State != uptime.Unknown {
				t.Errorf("%+v", v)
			}
		}
		if st := r.sealer.Stats(); st.Stray != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// TestChangedRegions: what the old regions said of the cycle that is on is not
// lost, and the next cycle is for the new ones.
func TestChangedRegions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu", "us")
		r := newRig(t, s)
		change := func(regions ...string) *uptime.Server {
			next := new(*s)
			next.Regions = regions
			r.follow([]*uptime.Server{next}, nil)
			time.Sleep(2 * time.Second)
			return next
		}
		cycle := r.next(s)
		r.put(s, cycle, "eu", good)
		change("eu") // us was taken away: nobody is waited for
		if v := r.last(s, cycle); v.State != uptime.Live || v.Expected != 1 {
			t.Errorf("%+v", v)
		}
		cycle = r.next(s)
		change("ap", "eu")
		r.put(s, cycle, "eu", down)
		time.Sleep(2 * time.Minute)
		if v := r.sealed(s)[1]; v.State != uptime.Degraded || v.Expected != 2 || len(v.Reports) != 1 {
			t.Errorf("%+v", v)
		}
		cycle = r.next(s)
		r.put(s, cycle, "ap", good)
		change("zz") // all are exchanged
		time.Sleep(time.Minute + 10*time.Second)
		vs := r.sealed(s)
		n := slices.IndexFunc(vs, func(v uptime.Verdict) bool { return v.Cycle.Equal(cycle) })
		if v := vs[max(0, n)]; n < 0 || v.State != uptime.Live || v.Expected != 1 {
			t.Errorf("%+v", v)
		}
	})
}
