package storetest

import (
	"errors"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func segment(m uptime.Minute, cells ...byte) uptime.Segment {
	return uptime.Segment{Minute: m, Cells: cells}
}

func testMinutes(h *house) {
	t := h.t
	same(t, "the first watermark", must[uptime.Watermark](t)(h.Watermark(t.Context())), uptime.Watermark{})
	m := uptime.MinuteOf(Now())
	noError(t, h.AppendMinutes(t.Context(), []uptime.Segment{segment(m, 1, 2), segment(m+1, 3)}, uptime.Watermark{Cursor: 7, Through: m}))
	noError(t, h.AppendMinutes(t.Context(), []uptime.Segment{segment(m+1, 4, 0, 5), segment(m + 2)}, uptime.Watermark{Cursor: 9, Through: m + 2}))
	same(t, "the watermark", must[uptime.Watermark](t)(h.Watermark(t.Context())), uptime.Watermark{Cursor: 9, Through: m + 2})
	read := func(from, to uptime.Minute) []uptime.Segment {
		return must[[]uptime.Segment](t)(h.Segments(t.Context(), from, to))
	}
	same(t, "all minutes", read(m-1, m+9), []uptime.Segment{segment(m, 1, 2), segment(m+1, 4, 0, 5), segment(m + 2)})
	same(t, "one minute", read(m+1, m+2), []uptime.Segment{segment(m+1, 4, 0, 5)})
	noError(t, h.DropSegments(t.Context(), m+1))
	same(t, "what was not dropped", read(0, m+9), []uptime.Segment{segment(m+1, 4, 0, 5), segment(m + 2)})
}

func testWatermark(h *house) {
	t := h.t
	mark := uptime.Watermark{Cursor: 100, Through: 1000}
	noError(t, h.AppendMinutes(t.Context(), nil, mark))
	noError(t, h.AppendMinutes(t.Context(), nil, mark))
	for name, back := range map[string]uptime.Watermark{
		"cursor":  {Cursor: 99, Through: 1001},
		"through": {Cursor: 101, Through: 999},
	} {
		err := h.AppendMinutes(t.Context(), []uptime.Segment{segment(5, 1)}, back)
		wantError(t, name, err, uptime.ErrConflict)
	}
	same(t, "the watermark", must[uptime.Watermark](t)(h.Watermark(t.Context())), mark)
	same(t, "minutes of refused calls", must[[]uptime.Segment](t)(h.Segments(t.Context(), 0, 10)), []uptime.Segment{})
}

func testDays(h *house) {
	t := h.t
	day := today()
	bare := uptime.PackedDay{Tenant: acme, Server: h.alpha.ID, DayStat: uptime.DayStat{Day: day - 1}}
	for _, d := range []uptime.PackedDay{packedDay(h.alpha, day-2, 2), bare, packedDay(h.alpha, day, 0)} {
		noError(t, h.CloseDay(t.Context(), d.Day, []uptime.PackedDay{d, packedDay(h.beta, d.Day, 5)}, nil))
	}
	read := func(from, to uptime.Day) []uptime.PackedDay {
		return must[[]uptime.PackedDay](t)(h.PackedDays(t.Context(), acme, h.alpha.ID, from, to))
	}
	same(t, "all days", read(day-10, day+10), []uptime.PackedDay{packedDay(h.alpha, day-2, 2), bare, packedDay(h.alpha, day, 0)})
	same(t, "the ends are included", read(day-2, day-1), []uptime.PackedDay{packedDay(h.alpha, day-2, 2), bare})
	err := h.CloseDay(t.Context(), day, []uptime.PackedDay{packedDay(h.alpha, day-1, 0)}, nil)
	wantError(t, "another day", err, uptime.ErrInvalid)
}

func testDayTwice(h *house) {
	t := h.t
	day := today()
	noError(t, h.AppendMinutes(t.Context(), []uptime.Segment{segment(day.First(), 1)}, uptime.Watermark{}))
	noError(t, h.CloseDay(t.Context(), day, []uptime.PackedDay{packedDay(h.alpha, day, 1), packedDay(h.beta, day, 1)}, []uptime.MonthStat{month(h.alpha, 2026, 3, 1)}))
	for range 2 {
		noError(t, h.CloseDay(t.Context(), day, []uptime.PackedDay{packedDay(h.alpha, day, 2)}, []uptime.MonthStat{month(h.alpha, 2026, 3, 2)}))
	}
	same(t, "replaced", must[[]uptime.PackedDay](t)(h.PackedDays(t.Context(), acme, h.alpha.ID, day, day)), []uptime.PackedDay{packedDay(h.alpha, day, 2)})
	same(t, "left alone", must[[]uptime.PackedDay](t)(h.PackedDays(t.Context(), acme, h.beta.ID, day, day)), []uptime.PackedDay{packedDay(h.beta, day, 1)})
	same(t, "the month", must[[]uptime.MonthStat](t)(h.Months(t.Context(), acme, h.alpha.ID, day, day)), []uptime.MonthStat{month(h.alpha, 2026, 3, 2)})
	same(t, "the open minutes", len(must[[]uptime.Segment](t)(h.Segments(t.Context(), 0, day.First()+1))), 1)
}

func testDayStats(h *house) {
	t := h.t
	day := today()
	type key struct {
		uptime.TenantID
		uptime.ServerID
		uptime.Day
	}
	want := map[key]uptime.PackedDay{}
	for d := day - 3; d <= day; d++ {
		days := []uptime.PackedDay{packedDay(h.alpha, d, int(d)%7), packedDay(h.beta, d, 3), packedDay(h.theirs, d, 4)}
		noError(t, h.CloseDay(t.Context(), d, days, nil))
		for _, p := range days {
			p.Minutes = nil
			want[key{p.Tenant, p.Server, d}] = p
		}
	}
	for k := range want {
		if k.Day < day-2 {
			delete(want, k)
		}
	}
	got := map[key]uptime.PackedDay{}
	noError(t, h.DayStats(t.Context(), day-2, func(tenant uptime.TenantID, server uptime.ServerID, d uptime.DayStat, digest []byte) error {
		got[key{tenant, server, d.Day}] = uptime.PackedDay{Tenant: tenant, Server: server, DayStat: d, Digest: digest}
		return nil
	}))
	same(t, "the days", got, want)
	enough := errors.New("enough")
	err := h.DayStats(t.Context(), 0, func(uptime.TenantID, uptime.ServerID, uptime.DayStat, []byte) error { return enough })
	wantError(t, "an error of yield", err, enough)
}

func testMonths(h *house) {
	t := h.t
	all := []uptime.MonthStat{month(h.alpha, 2025, time.November, 1), month(h.alpha, 2025, time.December, 2), month(h.alpha, 2026, time.January, 3)}
	noError(t, h.CloseDay(t.Context(), today(), nil, append(all, month(h.beta, 2025, time.December, 9))))
	read := func(from, to string) []uptime.MonthStat {
		return must[[]uptime.MonthStat](t)(h.Months(t.Context(), acme, h.alpha.ID, must[uptime.Day](t)(uptime.ParseDay(from)), must[uptime.Day](t)(uptime.ParseDay(to))))
	}
	same(t, "all", read("2000-01-01", "2030-01-01"), all)
	same(t, "the months of the days", read("2025-12-31", "2026-01-01"), all[1:])
	same(t, "none", read("2026-02-01", "2026-12-31"), all[:0])
}

func testSweep(h *house) {
	t := h.t
	const ages = 620 // more than any store removes at once
	for d := today() - ages; d <= today(); d++ {
		noError(t, h.CloseDay(t.Context(), d, []uptime.PackedDay{packedDay(h.alpha, d, 0), packedDay(h.theirs, d, 0)}, nil))
	}
	noError(t, h.CloseDay(t.Context(), today(), nil, []uptime.MonthStat{month(h.alpha, 2024, 3, 1), month(h.alpha, 2026, 3, 1)}))
	old, recent, open := closed(incident(h.alpha, 100*1440)), closed(incident(h.alpha, 10*1440)), incident(h.alpha, 200*1440)
	gone, standing := drift(h.alpha, "a", "b", 100*1440), drift(h.alpha, "b", "c", 100*1440)
	gone.Reverted = gone.Detected.Add(time.Hour)
	event := uptime.IncidentEvent{Incident: old.ID, At: old.Opened, Kind: uptime.IncidentOpened}
	noError(t, h.Record(t.Context(), uptime.Changes{
		Incidents: []uptime.Incident{old, recent, open}, Events: []uptime.IncidentEvent{event}, Drifts: []uptime.Drift{gone, standing},
		Evidence: []uptime.Evidence{{Incident: old.ID, Region: "eu", Cycle: old.Opened}, {Incident: open.ID, Region: "eu", Cycle: open.Opened}},
	}))

	const day = 24 * time.Hour
	same(t, "kept for ever", must[int64](t)(h.Sweep(t.Context(), acme, uptime.Retention{})), int64(0))
	rows := must[int64](t)(h.Sweep(t.Context(), acme, uptime.Retention{Minutes: 30 * day, Days: 100 * day, Months: 365 * day, Incidents: 90 * day}))
	same(t, "rows", rows, int64(ages-30+ages-100+1+1+1))
	days := must[[]uptime.PackedDay](t)(h.PackedDays(t.Context(), acme, h.alpha.ID, 0, today()))
	same(t, "days", len(days), 101)
	same(t, "a day without its minutes", len(days[69].Minutes)+len(days[70].Minutes), len(packedDay(h.alpha, 0, 0).Minutes))
	same(t, "months", len(must[[]uptime.MonthStat](t)(h.Months(t.Context(), acme, h.alpha.ID, 0, today()))), 1)
	same(t, "incidents", must[[]uptime.Incident](t)(h.Incidents(t.Context(), acme, uptime.IncidentQuery{})), []uptime.Incident{recent, open})
	same(t, "drifts", must[[]uptime.Drift](t)(h.Drifts(t.Context(), acme, uptime.DriftQuery{})), []uptime.Drift{standing})
	same(t, "days of the other tenant", len(must[[]uptime.PackedDay](t)(h.PackedDays(t.Context(), other, h.theirs.ID, 0, today()))), ages+1)
	same(t, "once more", must[int64](t)(h.Sweep(t.Context(), acme, uptime.Retention{Minutes: 30 * day, Days: 100 * day, Evidence: 90 * day})), int64(1))
	_, _, evidence, err := h.Incident(t.Context(), acme, open.ID)
	noError(t, err)
	same(t, "old evidence of an open incident", len(evidence), 0)
}
