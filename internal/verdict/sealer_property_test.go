package verdict_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// arrival is a report on its way.
type arrival struct {
	server int
	cycle  int // counted from the first after the start
	region string
	kind   string
	after  time.Duration // the beginning of its cycle
}

// weather is what happens to a few servers for a few cycles.
type weather struct {
	servers  []*uptime.Server
	cycles   int
	arrivals []arrival
	twins    bool     // two sealers
	flaky    []string // what becomes of appends to the journal
}

func someWeather(t *rapid.T) weather {
	w := weather{cycles: rapid.IntRange(1, 6).Draw(t, "cycles"), twins: rapid.Bool().Draw(t, "twins")}
	for i := range rapid.IntRange(1, 3).Draw(t, "servers") {
		s := server(fmt.Sprint("s", i), []string{"ap", "eu", "us"}[:rapid.IntRange(1, 3).Draw(t, "regions")]...)
		s.Interval = rapid.SampledFrom([]time.Duration{5 * time.Second, 7 * time.Second, time.Minute, 90 * time.Second}).Draw(t, "interval")
		w.servers = append(w.servers, s)
		for c := range w.cycles {
			for _, region := range s.Regions {
				w.arrivals = append(w.arrivals, someArrivals(t, s, arrival{server: i, cycle: c, region: region})...)
			}
		}
	}
	w.flaky = rapid.SliceOfN(rapid.SampledFrom([]string{"good", "good", "full", "unsure"}), 0, 3).Draw(t, "journal")
	return w
}

// someArrivals sends a report never, once or twice.
func someArrivals(t *rapid.T, s *uptime.Server, a arrival) (out []arrival) {
	span := s.Deadline(time.Time{}).Sub(time.Time{}) + 8*time.Second
	for range rapid.SampledFrom([]int{0, 1, 1, 1, 2}).Draw(t, "times") {
		a.kind = rapid.SampledFrom(kinds()).Draw(t, "kind")
		a.after = time.Duration(rapid.Int64Range(0, int64(span)).Draw(t, "after"))
		out = append(out, a)
	}
	return out
}

// outcome is what the weather left.
type outcome struct {
	first map[uptime.ServerID]time.Time
	feed  []uptime.Verdict
	put   map[uptime.CycleKey][]sent
}

type sent struct {
	arrival
	at time.Time
}

// live lets the weather happen in virtual time.
func (w weather) live(t *testing.T) (out outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, w.servers...)
		r.journal.FailWith(w.journal())
		if w.twins {
			twin := &rig{t: t, live: r.live}
			twin.plan.Store(r.plan.Load())
			twin.run()
			defer twin.stop()
		}
		out = outcome{first: map[uptime.ServerID]time.Time{}, put: map[uptime.CycleKey][]sent{}}
		for _, s := range w.servers {
			out.first[s.ID] = s.CycleAt(time.Now().Add(-1)).Add(s.Every())
		}
		for _, m := range w.order(out.first) {
			time.Sleep(time.Until(m.at))
			s := w.servers[m.server]
			cycle := out.first[s.ID].Add(time.Duration(m.cycle) * s.Every())
			r.put(s, cycle, m.region, m.kind)
			key := uptime.CycleKey{Tenant: s.Tenant, Server: s.ID, Cycle: cycle}
			out.put[key] = append(out.put[key], m)
		}
		time.Sleep(20 * time.Minute)
		out.feed, _ = r.live.After(t.Context(), 0, 10_000) // an error shows as no verdicts
		r.stop()
	})
	return out
}

// order sorts the arrivals by time.
func (w weather) order(first map[uptime.ServerID]time.Time) (all []sent) {
	for _, a := range w.arrivals {
		s := w.servers[a.server]
		all = append(all, sent{a, first[s.ID].Add(time.Duration(a.cycle)*s.Every() + a.after)})
	}
	slices.SortStableFunc(all, func(a, b sent) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	return all
}

func (w weather) journal() func() (bool, error) {
	n := 0
	return func() (bool, error) {
		n++
		if n > len(w.flaky) || w.flaky[n-1] == "good" {
			return true, nil
		}
		return w.flaky[n-1] == "unsure", fmt.Errorf("append %d failed", n)
	}
}

// TestSealerProperty: whatever arrives, in whatever order, late, doubled or not
// at all, with one sealer or two, and with a journal that fails: cycles are
// sealed at most once and in order, with the verdict of Decide over the first
// reports of those regions that were in time, and none is left out of which
// anybody had reported in time.
func TestSealerProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := someWeather(rt)
		out := w.live(t)
		last := map[uptime.ServerID]time.Time{}
		for i := range out.feed {
			v := &out.feed[i]
			if v.Seq != uptime.Cursor(i+1) {
				rt.Fatalf("verdict %d has the number %d", i, v.Seq)
			}
			from := out.first[v.Server]
			if at, ok := last[v.Server]; ok {
				from = at.Add(v.Every)
			}
			if v.Cycle.Before(from) || v.Cycle.Sub(from)%v.Every != 0 {
				rt.Fatalf("%s: sealed %s, want %s or a cycle after it", v.Server, v.Cycle, from)
			}
			w.checkLeftOut(rt, v, from, out)
			last[v.Server] = v.Cycle
			w.check(rt, v, out.put[uptime.CycleKey{Tenant: v.Tenant, Server: v.Server, Cycle: v.Cycle}])
		}
		for _, s := range w.servers {
			if last[s.ID].Before(out.first[s.ID].Add(time.Duration(w.cycles-1) * s.Every())) {
				rt.Fatalf("%s: the last sealed is %s", s.ID, last[s.ID])
			}
		}
	})
}

// checkLeftOut finds cycles between two verdicts that somebody had reported on.
func (w weather) checkLeftOut(t *rapid.T, v *uptime.Verdict, from time.Time, out outcome) {
	for c := from; c.Before(v.Cycle); c = c.Add(v.Every) {
		for _, s := range out.put[uptime.CycleKey{Tenant: v.Tenant, Server: v.Server, Cycle: c}] {
			if s.at.Before(v.SealedAt.Add(-verdict.DefaultGather)) && len(w.flaky) == 0 {
				t.Fatalf("%s had reported on %s, which was left out", s.region, c)
			}
		}
	}
}

// check holds one verdict against what was sent.
func (w weather) check(t *rapid.T, v *uptime.Verdict, all []sent) {
	j := verdict.Decide(v.Expected, v.Reports)
	got := verdict.Judgement{State: v.State, Failure: v.Failure, Why: v.Why, Access: v.Access, Latency: v.Latency}
	if diff := gocmp.Diff(j, got); diff != "" {
		t.Fatalf("not what Decide says: %s", diff)
	}
	slack := verdict.DefaultGather
	if len(w.flaky) > 0 {
		slack = time.Minute // the sealer waits before it tries again
	}
	var want []string // those that must be there
	regions := map[string]string{}
	for _, s := range all {
		if _, ok := regions[s.region]; ok {
			continue
		}
		regions[s.region] = s.kind
		if s.at.Before(v.SealedAt.Add(-slack)) {
			want = append(want, s.region)
		}
	}
	for i := range v.Reports {
		r := &v.Reports[i]
		if r.State != stateOf(regions[r.Region]) {
			t.Fatalf("%s of %s: %s counts, the first said %s", r.Region, v.Cycle, r.State, regions[r.Region])
		}
		want = slices.DeleteFunc(want, func(region string) bool { return region == r.Region })
	}
	if len(want) > 0 && len(w.flaky) == 0 {
		t.Fatalf("%q had reported on %s and do not count", want, v.Cycle)
	}
	if !slices.IsSortedFunc(v.Reports, func(a, b uptime.Report) int { return cmp.Compare(a.Region, b.Region) }) {
		t.Fatalf("the reports are not by region: %+v", v.Reports)
	}
	deadline := v.Cycle.Add(uptime.CellTime + uptime.SealGrace)
	inTime := slices.ContainsFunc(all, func(s sent) bool { return s.at.Before(deadline) })
	if late := v.SealedAt.Sub(deadline); late > slack+time.Millisecond && inTime {
		t.Fatalf("%s was sealed %s late", v.Cycle, late)
	}
}
