package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/schedule"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func server(id, url string, every time.Duration) *uptime.Server {
	return &uptime.Server{
		Tenant: "t", ID: uptime.ServerID(id), Slug: id, URL: url,
		Interval: every, Regions: []string{"here"},
	}
}

func plan(version uint64, servers ...*uptime.Server) *uptime.Plan {
	return &uptime.Plan{Version: version, Servers: servers}
}

// look is one call of Options.Look.
type look struct {
	id    uptime.ServerID
	cycle time.Time
	at    time.Time
}

// diary notes the looks.
type diary struct {
	mu    sync.Mutex
	looks []look
}

func (d *diary) note(job schedule.Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looks = append(d.looks, look{job.Server.ID, job.Cycle, time.Now()})
}

func (d *diary) of(id uptime.ServerID) []look {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []look
	for _, l := range d.looks {
		if l.id == id {
			out = append(out, l)
		}
	}
	return out
}

// runFor runs a scheduler for some virtual time.
func runFor(t *testing.T, d time.Duration, opt schedule.Options) *schedule.Scheduler {
	t.Helper()
	opt.Region = "here"
	s := schedule.New(opt)
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := s.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run = %v, want deadline exceeded", err)
	}
	return s
}

func TestEveryCycleIsLookedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		servers := []*uptime.Server{
			server("fast", "http://a", 5*time.Second),
			server("minute", "http://b", time.Minute),
			server("slow", "http://c", 10*time.Minute),
		}
		var d diary
		p := plan(1, servers...)
		runFor(t, time.Hour, schedule.Options{
			Plan: func() *uptime.Plan { return p },
			Look: func(_ context.Context, job schedule.Job) { d.note(job); time.Sleep(300 * time.Millisecond) },
		})
		for _, srv := range servers {
			looks := d.of(srv.ID)
			want := int(time.Hour / srv.Every())
			if len(looks) < want || len(looks) > want+1 {
				t.Errorf("%s was looked at %d times in an hour, want %d or one more", srv.ID, len(looks), want)
			}
			for i, l := range looks {
				if !srv.CycleAt(l.at).Equal(l.cycle) {
					t.Errorf("%s: look at %s names cycle %s, want %s", srv.ID, l.at, l.cycle, srv.CycleAt(l.at))
				}
				if i > 0 && l.cycle.Sub(looks[i-1].cycle) != srv.Every() {
					t.Errorf("%s: cycle %s follows %s", srv.ID, l.cycle, looks[i-1].cycle)
				}
			}
		}
	})
}

func TestFirstLookComesSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var servers []*uptime.Server
		for i := range 500 {
			servers = append(servers, server(fmt.Sprint(i), fmt.Sprintf("http://h%d", i), time.Minute))
		}
		var d diary
		p, begin := plan(1, servers...), time.Now()
		runFor(t, 25*time.Second, schedule.Options{
			Plan: func() *uptime.Plan { return p },
			Look: func(_ context.Context, job schedule.Job) { d.note(job) },
		})
		perSecond := map[int]int{}
		for _, srv := range servers {
			looks := d.of(srv.ID)
			if len(looks) == 0 {
				t.Fatalf("server %s was not looked at within 25 s of the start", srv.ID)
			}
			perSecond[int(looks[0].at.Sub(begin).Seconds())]++
		}
		if perSecond[0] > 220 {
			t.Errorf("%d first looks in the first second: a start must not be a burst", perSecond[0])
		}
	})
}

// Whatever the moment of the start, nobody is looked at twice in the first cycle:
// the second look would come too late to count.
func TestFirstCycleIsLookedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var servers []*uptime.Server
		for i := range 600 { // in all phases of a minute
			servers = append(servers, server(fmt.Sprint(i), fmt.Sprintf("http://h%d", i), time.Minute))
		}
		var d diary
		p := plan(1, servers...)
		runFor(t, 150*time.Second, schedule.Options{
			Plan: func() *uptime.Plan { return p },
			Look: func(_ context.Context, job schedule.Job) { d.note(job) },
		})
		for _, srv := range servers {
			seen := map[time.Time]bool{}
			for _, l := range d.of(srv.ID) {
				if seen[l.cycle] {
					t.Errorf("%s was looked at twice in the cycle of %s", srv.ID, l.cycle)
				}
				seen[l.cycle] = true
			}
		}
	})
}

func TestOneLookAtATimeAndFewAHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var servers []*uptime.Server
		for i := range 20 {
			servers = append(servers, server(fmt.Sprint(i), "http://one.example/"+fmt.Sprint(i), time.Minute))
		}
		var flying, most atomic.Int64
		var busy sync.Map
		p := plan(1, servers...)
		s := runFor(t, 10*time.Minute, schedule.Options{
			PerHost: 3,
			Plan:    func() *uptime.Plan { return p },
			Look: func(_ context.Context, job schedule.Job) {
				if _, twice := busy.LoadOrStore(job.Server.ID, true); twice {
					t.Errorf("two looks at %s at once", job.Server.ID)
				}
				most.Store(max(most.Load(), flying.Add(1)))
				time.Sleep(12 * time.Second) // 20 x 12 s do not fit into 3 x 60 s
				flying.Add(-1)
				busy.Delete(job.Server.ID)
			},
		})
		if got := most.Load(); got != 3 {
			t.Errorf("at most %d looks at one host at once, want 3", got)
		}
		if s.Stats().Missed == 0 {
			t.Error("no look was missed although the host cannot bear them all")
		}
	})
}

func TestANewPlanKeepsTheRhythmOfTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, added := server("old", "http://a", time.Minute), server("new", "http://b", time.Minute)
		removed := server("removed", "http://c", time.Minute)
		var current atomic.Pointer[uptime.Plan]
		current.Store(plan(1, old, removed))
		change := time.Now().Add(10*time.Minute + 7*time.Second)
		time.AfterFunc(time.Until(change), func() { current.Store(plan(2, old, added)) })
		var d diary
		runFor(t, 20*time.Minute, schedule.Options{
			Plan: current.Load,
			Look: func(_ context.Context, job schedule.Job) { d.note(job) },
		})
		looks := d.of("old")
		for i := 2; i < len(looks); i++ {
			if gap := looks[i].at.Sub(looks[i-1].at); gap != time.Minute {
				t.Errorf("a reload moved a look: %s after the one before", gap)
			}
		}
		if last := d.of("removed"); last[len(last)-1].at.After(change.Add(time.Second)) {
			t.Error("a removed server was looked at")
		}
		if first := d.of("new"); first[0].at.Sub(change) > 20*time.Second {
			t.Errorf("the new server was first looked at %s after the reload", first[0].at.Sub(change))
		}
	})
}

func TestStopWaitsThenEndsTheLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := plan(1, server("a", "http://a", time.Minute))
		begin := time.Now()
		var ended time.Time
		runFor(t, 59*time.Second, schedule.Options{
			Grace: 5 * time.Second,
			Plan:  func() *uptime.Plan { return p },
			Look:  func(ctx context.Context, _ schedule.Job) { <-ctx.Done(); ended = time.Now() },
		})
		if got := ended.Sub(begin); got != 64*time.Second {
			t.Errorf("the look that hung ended after %s, want 59 s and 5 s of grace", got)
		}
	})
}

func TestPausedAndForeignServersAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		paused, foreign := server("paused", "http://a", time.Minute), server("foreign", "http://b", time.Minute)
		paused.Paused, foreign.Regions = true, []string{"there"}
		p := plan(1, paused, foreign)
		runFor(t, 5*time.Minute, schedule.Options{
			Plan: func() *uptime.Plan { return p },
			Look: func(_ context.Context, job schedule.Job) { t.Errorf("looked at %s", job.Server.ID) },
		})
	})
}

func TestClockThatIsSet(t *testing.T) {
	for name, leap := range map[string]time.Duration{"back": -3 * time.Hour, "ahead": 5 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			var looks atomic.Int64
			p := plan(1, server("a", "http://a", time.Minute))
			s := schedule.New(schedule.Options{
				Region: "here",
				Plan:   func() *uptime.Plan { return p },
				Look:   func(context.Context, schedule.Job) { looks.Add(1) },
			})
			now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			run := func(d time.Duration) {
				for end := now.Add(d); now.Before(end); now = now.Add(uptime.Slot) {
					before := s.Stats().Started
					s.Tick(t.Context(), now)
					for range s.Stats().Started - before {
						s.Finish(t.Context(), now)
					}
				}
			}
			run(3 * time.Minute)
			before := looks.Load()
			now = now.Add(leap)
			run(3 * time.Minute)
			if got := looks.Load() - before; got < 2 || got > 4 {
				t.Errorf("%d looks in the three minutes after the clock was set, want about 3", got)
			}
		})
	}
}
