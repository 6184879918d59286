package archive_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// model is the archive as the design says it, without any of its machinery.
type model map[uptime.Minute]uptime.MinuteCell

// modelOf tells the minutes of one server.
func modelOf(verdicts []uptime.Verdict, end uptime.Minute) model {
	begin := map[uptime.Minute][]uptime.Verdict{}
	for _, v := range verdicts {
		begin[v.Minute()] = append(begin[v.Minute()], v)
	}
	out := model{}
	for m, list := range begin {
		newest := slices.MaxFunc(list, func(a, b uptime.Verdict) int { return a.Cycle.Compare(b.Cycle) })
		due := uptime.MinuteOf(newest.Cycle.Add(newest.Every))
		for at := m; at < end && (at == m || at < due && begin[at] == nil); at++ {
			out[at] = modelMinute(list)
		}
	}
	return out
}

func modelMinute(list []uptime.Verdict) uptime.MinuteCell {
	var states []uptime.State
	var c uptime.MinuteCell
	regions := map[string][]uptime.State{}
	for _, v := range list {
		states = append(states, v.State)
		c.Maintenance = c.Maintenance || v.Maintenance
		c.Latency = max(c.Latency, archive.Kept(v.Latency))
		for _, r := range v.Reports {
			regions[r.Region] = append(regions[r.Region], r.State)
		}
	}
	c.State = modelState(states)
	c.Cause = modelCause(list, c.State)
	for _, name := range slices.Sorted(maps.Keys(regions)) {
		c.Regions = append(c.Regions, uptime.RegionState{Region: name, State: modelState(regions[name])})
	}
	return c
}

func modelState(states []uptime.State) uptime.State {
	states = slices.DeleteFunc(states, func(s uptime.State) bool { return s == uptime.Unknown })
	down := 0
	for _, s := range states {
		if s == uptime.Down {
			down++
		}
	}
	switch {
	case len(states) == 0:
		return uptime.Unknown
	case down > len(states)-down:
		return uptime.Down
	case slices.ContainsFunc(states, func(s uptime.State) bool { return s != uptime.Live }):
		return uptime.Degraded
	}
	return uptime.Live
}

// modelCause is the cause that most of the verdicts name that speak for the
// state, the one with the lesser code of equals.
func modelCause(list []uptime.Verdict, state uptime.State) uptime.Cause {
	votes := map[uptime.Cause]int{}
	for _, v := range list {
		if v.Failure != nil && (v.State == state || state == uptime.Degraded && v.State == uptime.Down) {
			votes[v.Cause()]++
		}
	}
	best := uptime.Cause("")
	for _, c := range uptime.Causes() {
		if votes[c] > votes[best] {
			best = c
		}
	}
	return best
}

// story is what a property test plays: verdicts, and what goes wrong when.
type story struct {
	servers  int
	minutes  int // how long it lasts
	verdicts []uptime.Verdict
	ticks    []int    // how many minutes pass between ticks
	faults   []string // at each call of the store: nothing, an error, or a crash
	limit    int      // of the feed's batches
	again    int
}

// begin of stories: the clock of a bubble starts at midnight.
func begin() time.Time { return time.Date(2000, 1, 31, 23, 10, 0, 0, time.UTC) }

func stories() *rapid.Generator[story] {
	return rapid.Custom(func(t *rapid.T) story {
		s := story{
			servers: rapid.IntRange(1, 4).Draw(t, "servers"), minutes: rapid.IntRange(5, 130).Draw(t, "minutes"),
			ticks:  rapid.SliceOfN(rapid.SampledFrom([]int{1, 1, 1, 2, 7, 45}), 1, 40).Draw(t, "ticks"),
			faults: rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "", "", "error", "lost", "crash", "crash after"}), 0, 60).Draw(t, "faults"),
			limit:  rapid.SampledFrom([]int{0, 1, 5}).Draw(t, "limit"),
			again:  rapid.SampledFrom([]int{0, 1, 9}).Draw(t, "again"),
		}
		for i := range s.servers {
			every := rapid.SampledFrom([]time.Duration{15 * time.Second, 40 * time.Second, time.Minute, time.Minute, 90 * time.Second, 17 * time.Minute, time.Hour}).Draw(t, "every")
			at := begin().Add(time.Duration(rapid.IntRange(0, 599).Draw(t, "phase")) * every / 600)
			for at.Before(begin().Add(time.Duration(s.minutes) * time.Minute)) {
				if rapid.IntRange(0, 9).Draw(t, "missing") > 0 {
					s.verdicts = append(s.verdicts, verdictAt(t, i, at, every))
				}
				at = at.Add(every)
			}
		}
		return s
	})
}

func verdictAt(t *rapid.T, server int, cycle time.Time, every time.Duration) uptime.Verdict {
	states := rapid.SampledFrom([]uptime.State{uptime.Unknown, uptime.Live, uptime.Live, uptime.Degraded, uptime.Down})
	v := uptime.Verdict{
		Tenant: tenant, Server: serverID(server), Cycle: cycle, Every: every,
		State: states.Draw(t, "state"), Maintenance: rapid.IntRange(0, 19).Draw(t, "maintenance") == 0,
		Latency: time.Duration(rapid.SampledFrom([]int{0, 80, 200, 4999, 5000, 20000}).Draw(t, "ms")) * time.Millisecond,
	}
	if v.State != uptime.Live {
		v.Failure = &uptime.Failure{Cause: rapid.SampledFrom([]uptime.Cause{uptime.BadJSON, uptime.ConnectRefused, uptime.AgentLost}).Draw(t, "cause")}
	}
	for _, r := range []string{"eu", "us"}[:rapid.IntRange(0, 2).Draw(t, "regions")] {
		v.Reports = append(v.Reports, uptime.Report{Region: r, State: states.Draw(t, r)})
	}
	longest := min(every, time.Minute) + uptime.SealGrace
	v.SealedAt = cycle.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "delay")) * longest / 100)
	return v
}

// play runs the story and returns what is wrong with the archive afterwards.
func (s *story) play(ctx context.Context) string {
	time.Sleep(time.Until(begin()))
	store, source := newStore(s.servers), newFeed(slices.Clone(s.verdicts))
	source.limit, source.again = s.limit, s.again
	crashed := false
	store.fail = func(call string) error { return s.fault(call, &crashed) }
	a := newArchiver(source, store)
	step := func() error {
		if crashed {
			a, crashed = newArchiver(source, store), false
		}
		if err := a.Open(ctx); err != nil {
			return err
		}
		return a.Tick(ctx)
	}
	over := begin().Add(time.Duration(s.minutes)*time.Minute + 2*time.Hour)
	for i := 0; time.Now().Before(over); i++ {
		_ = step() // faults are the story's
		time.Sleep(time.Duration(s.ticks[i%len(s.ticks)]) * time.Minute)
	}
	s.faults = nil
	if err := step(); err != nil {
		return err.Error()
	}
	if diff := s.check(ctx, a.History()); diff != "" {
		return diff
	}
	again := newArchiver(source, store)
	if err := again.Open(ctx); err != nil {
		return err.Error()
	}
	if diff := s.check(ctx, again.History()); diff != "" {
		return "after a restart: " + diff
	}
	return s.checkRows(store)
}

// fault takes the next fault of the story. A crash ends this archiver.
func (s *story) fault(call string, crashed *bool) error {
	if *crashed {
		return errCrash
	}
	if len(s.faults) == 0 {
		return nil
	}
	next := s.faults[0]
	after := call[:5] == "after"
	if (next == "lost" || next == "crash after") != after && next != "" {
		return nil // for the other side of the call
	}
	s.faults = s.faults[1:]
	*crashed = next == "crash" || next == "crash after"
	if next != "" {
		return errCrash
	}
	return nil
}

func (s *story) check(ctx context.Context, h *archive.History) string {
	from, end := uptime.MinuteOf(begin())-5, uptime.MinuteOf(begin())+uptime.Minute(s.minutes)+70
	for i := range s.servers {
		want := make([]uptime.MinuteCell, end-from)
		for m, c := range s.model(i, end) {
			want[m-from] = c
		}
		got, err := h.Minutes(ctx, tenant, serverID(i), from, end)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			return fmt.Sprintf("%s: %v %s", serverID(i), err, diff)
		}
	}
	return ""
}

func (s *story) model(server int, end uptime.Minute) model {
	own := slices.DeleteFunc(slices.Clone(s.verdicts), func(v uptime.Verdict) bool { return v.Server != serverID(server) })
	return modelOf(own, end)
}

// checkRows compares days and months that are over with the model.
func (s *story) checkRows(st *store) string {
	day := uptime.DayOf(begin())
	for i := range s.servers {
		all := s.model(i, uptime.MinuteOf(begin())+1440)
		want, first := uptime.Counts{}, (day + 1).First()
		for m, c := range all {
			if m.Day() == day && !cmp.Equal(c, uptime.MinuteCell{}) {
				first = min(first, m)
			}
		}
		for m := first; m < (day + 1).First(); m++ {
			addModel(&want, all[m])
		}
		row := st.days[dayKey{tenant, serverID(i), day}]
		month := st.months[monthKey{tenant, serverID(i), 2000, time.January}]
		if row.Counts != want || month.Counts != want || month.P95 != row.P95 {
			return fmt.Sprintf("%s: the day counts %+v, the month %+v, want %+v", serverID(i), row.Counts, month.Counts, want)
		}
	}
	if len(st.segments) > 0 && slices.Min(slices.Collect(maps.Keys(st.segments))).Day() == day {
		return "segments of a closed day are left"
	}
	return ""
}

func addModel(c *uptime.Counts, m uptime.MinuteCell) {
	one := map[uptime.State]uptime.Counts{
		uptime.Unknown: {Unknown: 1}, uptime.Live: {Live: 1}, uptime.Degraded: {Degraded: 1}, uptime.Down: {Down: 1},
	}[m.State]
	if m.Latency >= 5*time.Second && (m.State == uptime.Live || m.State == uptime.Degraded) {
		one.Slow = 1
	}
	if m.Maintenance {
		one = uptime.Counts{Maintenance: 1}
	}
	c.Add(one)
}

// Whatever the order of servers, whatever comes twice, wherever the process or
// its store fails: in the end the archive holds what the model says.
func TestArchiveIsTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := stories().Draw(rt, "story")
		var wrong string
		synctest.Test(t, func(t *testing.T) { wrong = s.play(t.Context()) })
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}
