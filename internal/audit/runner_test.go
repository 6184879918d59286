package audit_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/audit/audittest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// records keeps a run in memory, as a store does.
type records struct {
	mu      sync.Mutex
	run     uptime.AuditRun
	targets []uptime.AuditTarget
	looks   map[string]uptime.AuditLook
	puts    int
	fail    error
}

func newRecords(run uptime.AuditRun, targets []uptime.AuditTarget) *records {
	return &records{run: run, targets: targets, looks: map[string]uptime.AuditLook{}}
}

func lookKey(l *uptime.AuditLook) string {
	return fmt.Sprintf("%s/%d/%s", l.Endpoint, l.Round, l.Region)
}

func (r *records) AuditRun(context.Context, uptime.AuditRunID) (uptime.AuditRun, error) {
	return r.run, nil
}

func (r *records) AuditTargets(_ context.Context, _ uptime.AuditRunID, after uptime.EndpointKey, limit int) ([]uptime.AuditTarget, error) {
	i := slices.IndexFunc(r.targets, func(t uptime.AuditTarget) bool { return t.Key > after })
	if i < 0 {
		return nil, nil
	}
	return r.targets[i:min(len(r.targets), i+limit)], nil
}

func (r *records) LooksDone(_ context.Context, _ uptime.AuditRunID, round int, yield func(uptime.EndpointKey, string) error) error {
	for _, l := range r.looks {
		if l.Round == round {
			if err := yield(l.Endpoint, l.Region); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *records) PutLooks(_ context.Context, _ uptime.AuditRunID, looks []uptime.AuditLook) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.puts++
	for _, l := range looks {
		if _, ok := r.looks[lookKey(&l)]; !ok && r.fail == nil {
			r.looks[lookKey(&l)] = l
		}
	}
	return r.fail
}

func (r *records) EndAudit(_ context.Context, _ uptime.AuditRunID, at time.Time) error {
	r.run.Ended = at
	return nil
}

// AuditEvidence shows what is kept, as a store does.
func (r *records) AuditEvidence(_ context.Context, _ uptime.AuditRunID, yield func(*uptime.AuditTarget, []uptime.AuditLook) error) error {
	of := map[uptime.EndpointKey][]uptime.AuditLook{}
	for _, k := range slices.Sorted(maps.Keys(r.looks)) {
		of[r.looks[k].Endpoint] = append(of[r.looks[k].Endpoint], r.looks[k])
	}
	for _, t := range r.targets {
		if err := yield(&t, of[t.Key]); err != nil {
			return err
		}
	}
	return nil
}

var _ audit.Records = (*records)(nil)

// target returns an endpoint that can be probed.
func target(name, host string) uptime.AuditTarget {
	url := "https://" + host + "/" + name
	return uptime.AuditTarget{
		Endpoint: uptime.Endpoint{
			Key: uptime.NewEndpointKey(url, ""), Kind: uptime.EndpointRemote, URL: url, Probe: url, Host: host, Platform: host, Listings: 1,
		},
		Sources: []uptime.SourceID{uptime.SourceOfficial}, Names: []string{name},
	}
}

func targets(n, hosts int) []uptime.AuditTarget {
	var out []uptime.AuditTarget
	for i := range n {
		out = append(out, target(fmt.Sprint("mcp", i), fmt.Sprintf("host%d.example", i%hosts)))
	}
	out, _, _ = audit.Plan(out, audit.Draw{})
	return out
}

func threeRounds(began time.Time, regions ...string) uptime.AuditRun {
	run := uptime.AuditRun{ID: "test", Began: began, Rounds: 3, Gap: 24 * time.Hour}
	for _, r := range regions {
		run.Regions = append(run.Regions, uptime.Region{ID: r, City: "City of " + r})
	}
	return run
}

// takes is a look that takes a while and is cut off with its context.
func takes(d time.Duration) audit.Look {
	return func(ctx context.Context, _ *uptime.AuditTarget, _ string) uptime.AuditLook {
		select {
		case <-time.After(d):
			return uptime.AuditLook{State: uptime.Live}
		case <-ctx.Done():
			return uptime.AuditLook{State: uptime.Down, Cause: uptime.AttemptTimeout}
		}
	}
}

func TestRoundsAreAGapApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		rec := newRecords(threeRounds(began, "a", "b"), targets(50, 50))
		r := audit.New(audit.Options{Run: "test", Records: rec, Look: takes(time.Second), Rate: 10})
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(rec.looks) != 300 {
			t.Fatalf("%d looks are kept, want 300", len(rec.looks))
		}
		for _, l := range rec.looks {
			after := l.At.Sub(began) - time.Duration(l.Round-1)*24*time.Hour
			if after < 0 || after > 11*time.Second {
				t.Errorf("a look of round %d came %v after the round began", l.Round, after)
			}
		}
		if rec.run.Ended.IsZero() {
			t.Error("the run has not ended")
		}
		rec.puts = 0
		if err := r.Run(t.Context()); err != nil || rec.puts != 0 {
			t.Errorf("a run that has ended was made again: %d batches, %v", rec.puts, err)
		}
	})
}

func TestNothingIsLostWhenCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		rec := newRecords(threeRounds(began, "a", "b", "c"), targets(200, 20))
		cuts := 0
		for rec.run.Ended.IsZero() {
			ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second+time.Duration(cuts%13)*700*time.Millisecond)
			err := audit.New(audit.Options{Run: "test", Records: rec, Look: takes(time.Second), Rate: 20}).Run(ctx)
			cancel()
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			cuts++
			if time.Since(began) > 50*time.Second && time.Since(began) < 24*time.Hour {
				time.Sleep(time.Until(began.Add(24*time.Hour - 3*time.Second)))
			} else if time.Since(began) > 24*time.Hour+50*time.Second && time.Since(began) < 48*time.Hour {
				time.Sleep(time.Until(began.Add(48*time.Hour - 3*time.Second)))
			}
		}
		if len(rec.looks) != 1800 || cuts < 9 {
			t.Errorf("%d looks after %d cuts, want 1800", len(rec.looks), cuts)
		}
		for _, l := range rec.looks {
			if l.State != uptime.Live {
				t.Fatalf("a look that was cut off was kept: %+v", l)
			}
			if l.At.Before(began.Add(time.Duration(l.Round-1) * 24 * time.Hour)) {
				t.Fatalf("round %d was begun early", l.Round)
			}
		}
	})
}

// TestRoundsOfARunThatWasAway cuts a run off in its second round, and goes on five
// days later: the third round is a gap after that, and not at once, so that it shows
// what a day changes.
func TestRoundsOfARunThatWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		rec := newRecords(threeRounds(began, "a"), targets(100, 100))
		opt := audit.Options{Run: "test", Records: rec, Look: takes(time.Second), Rate: 10}
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour+5*time.Second)
		defer cancel()
		if err := audit.New(opt).Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		time.Sleep(5 * 24 * time.Hour)
		back, want := time.Now(), time.Time{}
		opt.Progress = func(p audit.Progress) {
			if !p.Next.IsZero() {
				want = p.Next
			}
		}
		if err := audit.New(opt).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		second := 0
		for _, l := range rec.looks {
			switch {
			case l.Round == 2 && l.At.Before(back):
				second++
			case l.Round == 3 && (l.At.Before(back.Add(24*time.Hour)) || l.At.After(back.Add(24*time.Hour+time.Minute))):
				t.Errorf("a look of the third round was made %v after the second was gone on with", l.At.Sub(back))
			}
		}
		if second < 10 || second > 90 || !want.Equal(back.Add(24*time.Hour)) {
			t.Errorf("%d looks of the second round were made before it was cut off; the third was told for %v", second, want)
		}
	})
}

// TestRoundThatIsLeftToThoseWhoOptedOut is over: nothing of it is missing, and no
// other waits for it.
func TestRoundThatIsLeftToThoseWhoOptedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := targets(5, 5)
		rec := newRecords(threeRounds(time.Now(), "a"), all)
		opt := audit.Options{Run: "test", Records: rec, Look: takes(time.Second), Skip: func(k uptime.EndpointKey) bool { return k == all[2].Key }}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_ = audit.New(opt).Run(ctx) // cut off after the first round
		time.Sleep(30 * time.Hour)
		back := time.Now()
		if err := audit.New(opt).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, l := range rec.looks {
			if l.Round == 2 && l.At.Sub(back) > time.Minute {
				t.Errorf("the second round waited for %v", l.At.Sub(back))
			}
		}
		if len(rec.looks) != 12 {
			t.Errorf("%d looks, want those of four endpoints", len(rec.looks))
		}
	})
}

// killed is a store that takes no more after some batches: as if the process had
// been killed then, with all that it had not kept.
type killed struct {
	*records
	after int
}

func (k *killed) PutLooks(ctx context.Context, id uptime.AuditRunID, looks []uptime.AuditLook) error {
	if k.after--; k.after < 0 {
		return errors.New("killed")
	}
	return k.records.PutLooks(ctx, id, looks)
}

func TestKilledAtAnyPoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecords(threeRounds(time.Now(), "a", "b"), targets(300, 300))
		var looks, lost atomic.Int64
		look := func(ctx context.Context, target *uptime.AuditTarget, region string) uptime.AuditLook {
			looks.Add(1)
			return takes(time.Second)(ctx, target, region)
		}
		for i := 0; rec.run.Ended.IsZero(); i++ {
			before := len(rec.looks)
			looks.Store(0)
			err := audit.New(audit.Options{Run: "test", Records: &killed{rec, i % 7}, Look: look, Rate: 20, Concurrent: 30}).Run(t.Context())
			if rec.run.Ended.IsZero() && err == nil {
				t.Fatal("it ended without an error, and not the run")
			}
			lost.Store(looks.Load() - int64(len(rec.looks)-before))
			if lost.Load() > 100 { // of a second or two, and what is in flight
				t.Fatalf("%d looks were lost", lost.Load())
			}
		}
		if len(rec.looks) != 1800 {
			t.Errorf("%d looks are kept, want 1,800", len(rec.looks))
		}
	})
}

// busy counts looks at hosts.
type busy struct {
	mu     sync.Mutex
	now    map[string]int
	most   map[string]int
	all    int
	mostOf int
	began  map[string][]time.Time
	order  []string
}

func (b *busy) look(next audit.Look) audit.Look {
	b.now, b.most, b.began = map[string]int{}, map[string]int{}, map[string][]time.Time{}
	return func(ctx context.Context, t *uptime.AuditTarget, region string) uptime.AuditLook {
		b.count(t.Host, 1)
		defer b.count(t.Host, -1)
		return next(ctx, t, region)
	}
}

func (b *busy) count(host string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > 0 {
		b.began[host] = append(b.began[host], time.Now())
		b.order = append(b.order, host)
	}
	b.now[host] += n
	b.all += n
	b.most[host] = max(b.most[host], b.now[host])
	b.mostOf = max(b.mostOf, b.all)
}

func TestOneHostIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := targets(100, 100)
		for i := range 300 {
			all = append(all, target(fmt.Sprint("big", i), "gateway.example"))
		}
		all, _, _ = audit.Plan(all, audit.Draw{})
		run := threeRounds(time.Now(), "a", "b")
		run.Rounds = 1
		var b busy
		err := audit.New(audit.Options{
			Run: "test", Records: newRecords(run, all), Look: b.look(takes(5 * time.Second)),
			Rate: 50, Concurrent: 40, PerHost: 3, HostGap: 2 * time.Second,
		}).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b.most["gateway.example"] > 3 || b.mostOf > 40 {
			t.Errorf("%d looks at one host and %d in all at once, want at most 3 and 40", b.most["gateway.example"], b.mostOf)
		}
		if len(b.began["gateway.example"]) != 600 {
			t.Errorf("%d looks at the gateway, want 600", len(b.began["gateway.example"]))
		}
		for host, times := range b.began {
			for i := 1; i < len(times); i++ {
				if gap := times[i].Sub(times[i-1]); gap < 2*time.Second {
					t.Fatalf("two looks at %s began %v apart", host, gap)
				}
			}
		}
		if took := time.Since(run.Began); took > 1300*time.Second {
			t.Errorf("the round took %v, want about 1,200 s", took)
		}
	})
}

func TestTheRateIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := threeRounds(time.Now(), "a")
		run.Rounds, run.Rate = 1, 25
		rec := newRecords(run, targets(1000, 1000))
		if err := audit.New(audit.Options{Run: "test", Records: rec, Look: takes(time.Millisecond)}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(run.Began); took < 39*time.Second || took > 41*time.Second {
			t.Errorf("1,000 looks took %v at 25 a second", took)
		}
	})
}

func TestWeSuspectOurselvesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := threeRounds(time.Now(), "a")
		run.Rounds = 1
		all := targets(30, 30)
		rec := newRecords(run, all)
		tries := map[uptime.EndpointKey]int{}
		var mu sync.Mutex
		look := func(_ context.Context, t *uptime.AuditTarget, _ string) uptime.AuditLook {
			mu.Lock()
			defer mu.Unlock()
			tries[t.Key]++
			if t.Key == all[3].Key || t.Key == all[7].Key && tries[t.Key] < 3 {
				return uptime.AuditLook{State: uptime.Down, Cause: uptime.SelfOverload}
			}
			return uptime.AuditLook{State: uptime.Live}
		}
		if err := audit.New(audit.Options{Run: "test", Records: rec, Look: look}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(rec.looks) != 30 || tries[all[3].Key] != 3 || tries[all[7].Key] != 3 || len(tries) != 30 {
			t.Errorf("%d looks, tries %v", len(rec.looks), tries)
		}
		states := map[uptime.State]int{}
		for _, l := range rec.looks {
			states[l.State]++
		}
		if diff := cmp.Diff(map[uptime.State]int{uptime.Live: 29, uptime.Unknown: 1}, states); diff != "" {
			t.Error(diff)
		}
		if took := time.Since(run.Began); took < 2*time.Minute || took > 3*time.Minute {
			t.Errorf("the retries took %v, want a minute between", took)
		}
	})
}

func TestAStoreThatFailsStopsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecords(threeRounds(time.Now(), "a"), targets(2000, 2000))
		rec.fail = errors.New("disk full")
		err := audit.New(audit.Options{Run: "test", Records: rec, Look: takes(time.Second)}).Run(t.Context())
		if !errors.Is(err, rec.fail) || !rec.run.Ended.IsZero() {
			t.Errorf("got %v", err)
		}
	})
}

func TestOptedOutMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := targets(5, 5)
		rec := newRecords(threeRounds(time.Now(), "a"), all)
		skip := func(k uptime.EndpointKey) bool { return k == all[2].Key }
		if err := audit.New(audit.Options{Run: "test", Records: rec, Look: takes(time.Second), Skip: skip}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(rec.looks) != 12 {
			t.Errorf("%d looks, want those of four endpoints", len(rec.looks))
		}
	})
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := threeRounds(time.Now(), "a", "b")
		var seen []audit.Progress
		opt := audit.Options{
			Run: "test", Records: newRecords(run, targets(600, 600)), Look: takes(time.Second), Rate: 20,
			Progress: func(p audit.Progress) { seen = append(seen, p) },
		}
		if err := audit.New(opt).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		waits := 0
		for i, p := range seen {
			if !p.Next.IsZero() {
				waits++
			}
			if p.Total != 3600 || i > 0 && p.Done < seen[i-1].Done {
				t.Errorf("progress %d is %+v", i, p)
			}
		}
		if last := seen[len(seen)-1]; waits != 2 || last.Done != 3600 || last.Round != 3 {
			t.Errorf("%d waits, the last is %+v", waits, last)
		}
		middle := seen[10]
		if end := run.Began.Add(48*time.Hour + time.Minute); middle.ETA.Sub(end).Abs() > 15*time.Second || middle.Rate < 15 || middle.Rate > 25 {
			t.Errorf("the end is expected at %v at %.1f a second, want %v and 20", middle.ETA, middle.Rate, end)
		}
	})
}

// TestAClockOfItsOwn: on a clock on which nobody waits, rounds a day apart are over
// at once, and the looks have their times by it; so has a try that comes a minute
// later.
func TestAClockOfItsOwn(t *testing.T) {
	began := time.Date(2026, 10, 14, 6, 0, 0, 0, time.UTC)
	var slept []time.Duration
	clock := audittest.NewClock(began, func(by time.Duration) { slept = append(slept, by.Round(time.Second)) })
	rec := newRecords(threeRounds(began, "a"), targets(3, 3))
	var rounds []int
	look := func(context.Context, *uptime.AuditTarget, string) uptime.AuditLook {
		if len(rounds) == 2 {
			return uptime.AuditLook{Cause: uptime.SelfOverload}
		}
		return uptime.AuditLook{State: uptime.Live}
	}
	start := time.Now()
	err := audit.New(audit.Options{
		Run: "test", Records: rec, Look: look, Clock: clock, HostGap: -1, Round: func(n int) error { rounds = append(rounds, n); return nil },
	}).Run(t.Context())
	if took := time.Since(start); err != nil || took > 20*time.Second {
		t.Fatalf("%v after %v", err, took)
	}
	if diff := cmp.Diff([]int{1, 2, 3}, rounds); diff != "" {
		t.Errorf("rounds (-want +got):\n%s", diff)
	}
	days, minutes := 0, 0
	for _, by := range slept {
		switch {
		case by > 23*time.Hour:
			days++
		case by > 50*time.Second:
			minutes++
		}
	}
	if days != 2 || minutes < 2 {
		t.Errorf("it slept for %v, want two days, and twice a minute in the second round", slept)
	}
	for _, l := range rec.looks {
		after := l.At.Sub(began.Add(time.Duration(l.Round-1) * 24 * time.Hour))
		if want := map[int]time.Duration{2: 2 * time.Minute}[l.Round]; (after - want).Abs() > 10*time.Second {
			t.Errorf("a look of round %d came %v after its beginning, want %v", l.Round, after, want)
		}
	}
	if lasted := rec.run.Ended.Sub(began); lasted < 48*time.Hour || lasted > 49*time.Hour {
		t.Errorf("the run lasted %v", lasted)
	}
}
