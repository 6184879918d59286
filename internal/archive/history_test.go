package archive_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// whole is a day of equal minutes.
func whole(c uptime.MinuteCell) []uptime.MinuteCell {
	return slices.Repeat([]uptime.MinuteCell{c}, uptime.MinutesPerDay)
}

func liveCell(latency time.Duration) uptime.MinuteCell {
	return uptime.MinuteCell{
		State: uptime.Live, Latency: archive.Kept(latency),
		Regions: []uptime.RegionState{{Region: "eu", State: uptime.Live}, {Region: "us", State: uptime.Live}},
	}
}

func opened(t *testing.T, st *store) *archive.Archiver {
	t.Helper()
	a := newArchiver(newFeed(nil), st)
	if err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

// alone is the past of one server.
func alone(server uptime.ServerID, cells []uptime.MinuteCell) []archive.PastDay {
	return []archive.PastDay{{Tenant: tenant, Server: server, Cells: cells}}
}

func importDay(t *testing.T, a *archive.Archiver, day uptime.Day, cells []uptime.MinuteCell) {
	t.Helper()
	if err := a.Import(t.Context(), day, alone(serverID(0), cells), true); err != nil {
		t.Fatal(err)
	}
}

// noon is when history tests begin: the last closed minute is of this day.
func noon(t *testing.T) (today uptime.Day) {
	t.Helper()
	time.Sleep(time.Until(time.Date(2000, 3, 15, 12, 0, 0, 0, time.UTC)))
	return uptime.DayOf(time.Now())
}

func TestDaysBeforeAmongAndAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		today := noon(t)
		st := newStore(1)
		a := opened(t, st)
		first := whole(liveCell(time.Second))
		clear(first[:1000]) // it was not there yet
		first[1200] = uptime.MinuteCell{}
		first[1300].State, first[1300].Cause = uptime.Down, uptime.BadJSON
		first[1300].Regions = first[1300].Regions[:1]
		first[1400].Maintenance = true
		importDay(t, a, today-200, first)
		importDay(t, a, today-50, first)
		importDay(t, a, today-48, whole(liveCell(6*time.Second)))
		for _, h := range []*archive.History{a.History(), opened(t, st).History()} {
			days, err := h.Days(t.Context(), tenant, serverID(0), today-201, today+1)
			if err != nil || len(days) != 203 {
				t.Fatalf("%d days, %v", len(days), err)
			}
			p := archive.Kept(time.Second)
			want := map[uptime.Day]uptime.DayStat{
				today - 201: {},
				today - 200: {
					Counts: uptime.Counts{Live: 437, Down: 1, Unknown: 1, Maintenance: 1}, P50: p, P95: p, Samples: 439, Worst: uptime.BadJSON, Demo: true,
					Regions: []uptime.RegionDay{
						{Region: "eu", Counts: uptime.Counts{Live: 438, Unknown: 1, Maintenance: 1}},
						{Region: "us", Counts: uptime.Counts{Live: 437, Unknown: 2, Maintenance: 1}},
					},
				},
				today - 49: {Counts: uptime.Counts{Unknown: 1440}},
				today - 48: {
					Counts: uptime.Counts{Live: 1440, Slow: 1440}, P50: archive.Kept(6 * time.Second), P95: archive.Kept(6 * time.Second), Samples: 1440, Demo: true,
					Regions: []uptime.RegionDay{{Region: "eu", Counts: uptime.Counts{Live: 1440}}, {Region: "us", Counts: uptime.Counts{Live: 1440}}},
				},
				today:     {Counts: uptime.Counts{Unknown: 12*60 - 2}}, // 12:00 less what is not yet over
				today + 1: {},
			}
			for day, w := range want {
				w.Day = day
				if diff := cmp.Diff(w, days[day-today+201]); diff != "" {
					t.Errorf("%s: %s", day, diff)
				}
			}
		}
	})
}

func TestSummaryAndBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		today := noon(t)
		st := newStore(1)
		a := opened(t, st)
		for day := today - 40; day < today; day++ {
			cells := whole(liveCell(100 * time.Millisecond))
			if day == today-10 {
				copy(cells[60:80], whole(uptime.MinuteCell{State: uptime.Down, Cause: uptime.ConnectRefused}))
				copy(cells[80:90], whole(liveCell(5*time.Second)))
			}
			importDay(t, a, day, cells)
		}
		for _, h := range []*archive.History{a.History(), opened(t, st).History()} {
			s := h.Summary(tenant, serverID(0))
			soFar := 12*60 - 2
			if s.H24.Live != 1440-soFar || s.H24.Unknown != soFar || s.Samples != 1440-soFar {
				t.Errorf("24 h: %+v", s)
			}
			if s.D7.Live != 6*1440 || s.D30.Live != 29*1440-20 || s.D30.Down != 20 || s.D30.Slow != 10 || s.D90.Live != 40*1440-20 {
				t.Errorf("days: %+v", s)
			}
			fast := archive.Kept(100 * time.Millisecond)
			if s.P50 != fast || s.P95 != fast || s.P95D7 != fast {
				t.Errorf("latencies: %+v", s)
			}
			b := h.Budget(tenant, serverID(0), uptime.Objective{Percent: 99.9})
			if b.Bad != 30 || b.Good != 29*1440-30 || math.Abs(b.Allowed-43.2) > 1e-9 || math.Abs(b.Left-(1-30/43.2)) > 1e-9 || b.Burn1h != 0 {
				t.Errorf("budget %+v", b)
			}
		}
	})
}

func TestBurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noon(t)
		now := time.Now()
		verdicts := every(0, now, 360)
		for i := 330; i < 360; i++ {
			verdicts[i] = down(0, verdicts[i].Cycle, uptime.BadJSON)
		}
		verdicts[300].Latency = 7 * time.Second
		a := newArchiver(newFeed(verdicts), newStore(1))
		start(t, a)
		time.Sleep(6*time.Hour + time.Minute + 30*time.Second)
		b := a.History().Budget(tenant, serverID(0), uptime.Objective{Percent: 99, Window: 24 * time.Hour})
		if b.Bad != 31 || b.Good != 329 || math.Abs(b.Burn1h-100*31.0/60) > 1e-9 || math.Abs(b.Burn6h-100*31.0/360) > 1e-9 {
			t.Errorf("%+v", b)
		}
		if math.Abs(b.Allowed-14.4) > 1e-9 || math.Abs(b.Left-(1-31/14.4)) > 1e-9 {
			t.Errorf("%+v", b)
		}
	})
}

// What is asked about a server that was never seen is empty, and no error.
func TestNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		today := noon(t)
		h := opened(t, newStore(1)).History()
		cells, err := h.Minutes(t.Context(), tenant, "nobody", today.First(), today.First()+3)
		if diff := cmp.Diff(make([]uptime.MinuteCell, 3), cells); diff != "" || err != nil {
			t.Error(diff, err)
		}
		days, err := h.Days(t.Context(), tenant, "nobody", today, today)
		if diff := cmp.Diff([]uptime.DayStat{{Day: today}}, days); diff != "" || err != nil {
			t.Error(diff, err)
		}
		o := uptime.Objective{Percent: 99.9, Window: 24 * time.Hour}
		if diff := cmp.Diff(uptime.Budget{Objective: o, Allowed: 1440 * 0.001, Left: 1}, h.Budget(tenant, "nobody", o), approx()); diff != "" {
			t.Error(diff)
		}
		if s := h.Summary(tenant, "nobody"); s != (uptime.Summary{}) {
			t.Errorf("%+v", s)
		}
	})
}

func approx() cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })
}

func TestQuestionsHaveBounds(t *testing.T) {
	h := newArchiver(newFeed(nil), newStore(1)).History()
	now := time.Now()
	for name, ask := range map[string]func() error{
		"minutes backwards": func() error { _, err := h.Minutes(t.Context(), tenant, "s", 10, 9); return err },
		"too many minutes":  func() error { _, err := h.Minutes(t.Context(), tenant, "s", 0, 100*1440+1); return err },
		"days backwards":    func() error { _, err := h.Days(t.Context(), tenant, "s", 10, 9); return err },
		"too many days":     func() error { _, err := h.Days(t.Context(), tenant, "s", 0, 5000); return err },
		"no step":           func() error { _, err := h.Latency(t.Context(), tenant, "s", now, now, 0); return err },
		"odd step":          func() error { _, err := h.Latency(t.Context(), tenant, "s", now, now, 90*time.Second); return err },
		"too many points": func() error {
			_, err := h.Latency(t.Context(), tenant, "s", now.AddDate(0, 0, -8), now, time.Minute)
			return err
		},
		"latency backwards": func() error {
			_, err := h.Latency(t.Context(), tenant, "s", now.Add(time.Hour), now, time.Minute)
			return err
		},
	} {
		if err := ask(); !errors.Is(err, uptime.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The same latencies come out of the days' statistics and of the minutes.
func TestLatencyInSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		today := noon(t)
		st := newStore(1)
		a := opened(t, st)
		r := rand.New(rand.NewPCG(5, 6))
		for day := today - 5; day < today; day++ {
			importDay(t, a, day, realistic(r))
		}
		h := a.History()
		ask := func(step time.Duration, from, to uptime.Day) []uptime.LatencyPoint {
			t.Helper()
			points, err := h.Latency(t.Context(), tenant, serverID(0), from.Time(), to.Time(), step)
			if err != nil {
				t.Fatal(err)
			}
			return points
		}
		daily := ask(24*time.Hour, today-6, today+1)
		if len(daily) != 7 || daily[0].Samples != 0 || daily[1].Samples == 0 || daily[6].Samples != 0 {
			t.Errorf("daily points %+v", daily)
		}
		for i, p := range daily {
			day := today - 6 + uptime.Day(i)
			two := ask(48*time.Hour, day, day+1) // from the minutes, not the days
			if diff := cmp.Diff([]uptime.LatencyPoint{p}, two); diff != "" {
				t.Errorf("%s: %s", day, diff)
			}
		}
		hours := ask(time.Hour, today-2, today)
		if len(hours) != 48 || hours[47].At != today.Time().Add(-time.Hour) || hours[47].Samples < 30 || hours[47].P95 < hours[47].P50 {
			t.Errorf("hourly points %+v", hours)
		}
	})
}

// Of days whose minutes are not kept any more the counts remain.
func TestMinutesAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		today := noon(t)
		st := newStore(1)
		importDay(t, opened(t, st), today-1, whole(liveCell(time.Second)))
		for k, d := range st.days {
			d.Minutes = nil
			st.days[k] = d
		}
		h := opened(t, st).History()
		cells, err := h.Minutes(t.Context(), tenant, serverID(0), (today - 1).First(), today.First())
		if diff := cmp.Diff(whole(uptime.MinuteCell{}), cells); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if s := h.Summary(tenant, serverID(0)); s.D7.Live != 1440 {
			t.Errorf("%+v", s)
		}
	})
}

func TestImport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		today := noon(t)
		st := newStore(2)
		a := opened(t, st)
		for day := today - 20; day < today; day++ { // over the end of February, a leap year
			importDay(t, a, day, whole(liveCell(time.Second)))
		}
		importDay(t, a, today-20, whole(uptime.MinuteCell{State: uptime.Down, Cause: uptime.BadJSON})) // again, changed
		feb, mar := st.months[monthKey{tenant, serverID(0), 2000, time.February}], st.months[monthKey{tenant, serverID(0), 2000, time.March}]
		if feb.Live != 5*1440 || feb.Down != 1440 || !feb.Demo || feb.Samples != 5*1440 || mar.Live != 14*1440 || mar.P95 != archive.Kept(time.Second) {
			t.Errorf("months %+v, %+v", feb, mar)
		}
		for name, err := range map[string]error{
			"tomorrow": a.Import(t.Context(), today+1, alone(serverID(0), whole(uptime.MinuteCell{})), true),
			"short":    a.Import(t.Context(), today-1, alone(serverID(0), nil), true),
			"early":    newArchiver(newFeed(nil), st).Import(t.Context(), today-1, alone(serverID(0), whole(uptime.MinuteCell{})), true),
		} {
			if !errors.Is(err, uptime.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Servers that are imported together become what they become alone.
func TestImportTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		today := noon(t)
		single, together := newStore(3), newStore(3)
		one, many := opened(t, single), opened(t, together)
		writes := 0
		together.fail = func(string) error { writes++; return nil }
		bad := uptime.MinuteCell{State: uptime.Down, Cause: uptime.BadJSON}
		for day := today - 20; day <= today; day++ {
			past := make([]archive.PastDay, 3)
			for i := range past {
				past[i] = archive.PastDay{Tenant: tenant, Server: serverID(i), Cells: whole(liveCell(time.Duration(i+1) * time.Second))}
				past[i].Cells[int(day)%1440] = bad
				if err := one.Import(t.Context(), day, alone(serverID(i), past[i].Cells), true); err != nil {
					t.Fatal(err)
				}
			}
			if err := many.Import(t.Context(), day, past, true); err != nil {
				t.Fatal(err)
			}
		}
		if want := 2 * 21; writes != want { // before and after each
			t.Errorf("%d steps of transactions, want %d", writes, want)
		}
		if diff := cmp.Diff(single.days, together.days) + cmp.Diff(single.months, together.months); diff != "" {
			t.Error(diff)
		}
		for i := range 3 {
			want, got := one.History().Summary(tenant, serverID(i)), many.History().Summary(tenant, serverID(i))
			if diff := cmp.Diff(want, got); diff != "" || got.D30.Down == 0 {
				t.Errorf("%s: %s", serverID(i), diff)
			}
		}
	})
}

// A batch of which one server is wrong leaves nothing behind.
func TestImportIsOneThing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		today := noon(t)
		st := newStore(2)
		past := []archive.PastDay{
			{Tenant: tenant, Server: serverID(0), Cells: whole(liveCell(time.Second))},
			{Tenant: tenant, Server: serverID(1)},
		}
		if err := opened(t, st).Import(t.Context(), today-1, past, true); !errors.Is(err, uptime.ErrInvalid) || len(st.days) != 0 {
			t.Errorf("%v, and %d days", err, len(st.days))
		}
	})
}

// A verdict that comes from before a day that is closed, and that nothing else
// makes late, is laid over that day and takes nothing from it.
func TestClosedDayIsLaidOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		today := noon(t)
		st := newStore(1)
		importDay(t, opened(t, st), today-3, whole(liveCell(time.Second)))
		v := down(0, (today - 3).Time().Add(90*time.Minute), uptime.ConnectReset)
		v.SealedAt = time.Now()
		a := newArchiver(newFeed([]uptime.Verdict{v}), st)
		start(t, a)
		time.Sleep(4 * time.Minute)
		days, err := a.History().Days(t.Context(), tenant, serverID(0), today-3, today-3)
		want := uptime.Counts{Live: 1439, Down: 1}
		synctest.Wait()
		if err != nil || days[0].Counts != want || !days[0].Demo || len(st.segments) != 0 {
			t.Errorf("%+v, %v", days, err)
		}
		cells, err := a.History().Minutes(t.Context(), tenant, serverID(0), v.Minute()-1, v.Minute()+1)
		if err != nil || cells[0].State != uptime.Live || cells[1].State != uptime.Down {
			t.Errorf("%+v, %v", cells, err)
		}
	})
}

// Days of silence are Unknown days. Memory holds about a day, whatever happens.
func TestLongRunAndSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		today := noon(t)
		st := newStore(1)
		verdicts := slices.Concat(every(0, time.Now(), 5*1440), every(0, time.Now().AddDate(0, 0, 12), 60))
		a := newArchiver(newFeed(verdicts), st)
		start(t, a)
		for range 12 * 8 {
			time.Sleep(3 * time.Hour)
			if n := a.History().Held(tenant, serverID(0)); n > 1440+2*128 {
				t.Fatalf("%d minutes in memory at %s", n, time.Now())
			}
		}
		time.Sleep(2 * time.Hour)
		days, err := a.History().Days(t.Context(), tenant, serverID(0), today, today+12)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []int{720, 1440, 1440, 1440, 1440, 720, 0, 0, 0, 0, 0, 0, 60} {
			if days[i].Live != want || i > 0 && i < 12 && days[i].Total() != 1440 {
				t.Errorf("day %d: %+v, want %d Live", i, days[i].Counts, want)
			}
		}
		s := a.History().Summary(tenant, serverID(0))
		if s.H24.Live != 60 || s.H24.Unknown != 1380 || s.D7.Live != 60 || s.D30.Live != 5*1440+60 {
			t.Errorf("%+v", s)
		}
		synctest.Wait()
		if len(st.segments) > 1440 {
			t.Errorf("%d segments are left", len(st.segments))
		}
	})
}

// A past that reaches into today goes on with what is archived, also after a
// restart, and is closed as one day.
func TestImportOfToday(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		today := noon(t)
		st := newStore(1)
		a := opened(t, st)
		importDay(t, a, today, whole(liveCell(time.Second)))
		importDay(t, a, today, whole(liveCell(time.Second))) // twice is once
		f := newFeed([]uptime.Verdict{down(0, time.Now(), uptime.BadJSON), live(0, time.Now().Add(time.Minute))})
		for _, a := range []*archive.Archiver{newArchiver(f, st), newArchiver(f, st)} {
			start(t, a)
			time.Sleep(4 * time.Minute)
			days, err := a.History().Days(t.Context(), tenant, serverID(0), today, today)
			if c := days[0].Counts; err != nil || c.Live != 721 || c.Down != 1 || c.Unknown > 6 {
				t.Errorf("%+v, %v", days, err)
			}
			if s := a.History().Summary(tenant, serverID(0)); s.H24.Live != 721 || s.D7.Live != 721 {
				t.Errorf("%+v", s)
			}
		}
		if err := a.Import(t.Context(), today+1, alone(serverID(0), whole(liveCell(time.Second))), true); !errors.Is(err, uptime.ErrInvalid) {
			t.Errorf("importing tomorrow: %v", err)
		}
		late := opened(t, st)
		if err := late.Import(t.Context(), today, alone(serverID(0), whole(liveCell(time.Second))), true); !errors.Is(err, uptime.ErrInvalid) {
			t.Errorf("importing over the archive: %v", err)
		}
		time.Sleep(13 * time.Hour)
		synctest.Wait()
		row := st.days[dayKey{tenant, serverID(0), today}]
		if want := (uptime.Counts{Live: 721, Down: 1, Unknown: 718}); row.Counts != want || !row.Demo {
			t.Errorf("%+v, want %+v", row.DayStat, want)
		}
		month := st.months[monthKey{tenant, serverID(0), 2000, time.March}]
		if month.Counts != row.Counts || !month.Demo {
			t.Errorf("%+v", month)
		}
	})
}

// Days may come in any order, and again.
func TestLedgerIsOrderly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		today := noon(t)
		st := newStore(1)
		a := opened(t, st)
		order := []int{30, 10, 20, 91, 11, 10, 30, 1, 90, 20, 95}
		for i, ago := range order {
			cells := whole(liveCell(time.Second))
			copy(cells[:i], whole(uptime.MinuteCell{State: uptime.Down, Regions: cells[0].Regions[:1]}))
			importDay(t, a, today-uptime.Day(ago), cells)
		}
		days, err := a.History().Days(t.Context(), tenant, serverID(0), today-95, today-1)
		if err != nil {
			t.Fatal(err)
		}
		for i, ago := range order {
			if slices.Contains(order[i+1:], ago) {
				continue // it came again
			}
			want := st.days[dayKey{tenant, serverID(0), today - uptime.Day(ago)}].DayStat
			if diff := cmp.Diff(want, days[95-ago]); diff != "" || want.Down != i {
				t.Errorf("%d days ago: %s", ago, diff)
			}
		}
	})
}
