package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

const (
	day = 24 * time.Hour
	// longest, maxDays and maxLatency bound how far one answer reaches.
	longest    = 31 * day
	maxDays    = 400
	maxLatency = 92 * day
	// maxPoints is how many points of latency one answer has.
	maxPoints = 2000
)

// minutesShape holds a column a fact: a day is a text of 1440 digits.
type minutesShape struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Step int       `json:"step_seconds"`
	// States has a digit a minute: 0 unknown, 1 live, 2 degraded, 3 down.
	States      string            `json:"states"`
	Latency     json.RawMessage   `json:"latency_ms"`
	Causes      []runShape        `json:"causes"`
	Maintenance []runShape        `json:"maintenance"`
	Cities      map[string]string `json:"cities"`
	Counts      countsShape       `json:"counts"`
}

// runShape is a run of minutes that have something in common.
type runShape struct {
	At      int    `json:"at"` // of the first, counted from zero
	Minutes int    `json:"minutes"`
	Cause   string `json:"cause,omitempty"`
}

func (a *API) minutes(w http.ResponseWriter, r *http.Request) error {
	p := readParams(r, "from", "to")
	start, end := p.stretch(a.Now(), day, longest)
	if p.err != nil {
		return p.err
	}
	row, err := a.row(r)
	if err != nil {
		return err
	}
	from, to := uptime.MinuteOf(start), uptime.MinuteOf(end.Add(time.Minute-1))
	cells, err := a.Source.Minutes(r.Context(), a.Tenant, row.Server, from, to)
	if err != nil {
		return err
	}
	out := minutesShape{
		From: from.Time(), To: to.Time(), Step: 60, States: states(cells), Latency: latencies(cells),
		Causes: []runShape{}, Maintenance: []runShape{}, Cities: a.cityStates(cells), Counts: countsOf(uptime.CountMinutes(cells)),
	}
	for i := range cells {
		c := &cells[i]
		out.Causes = extend(out.Causes, i, string(c.Cause), c.Cause != "")
		out.Maintenance = extend(out.Maintenance, i, "", c.Maintenance)
	}
	return web.SendJSON(w, r, web.Content{Cache: cacheState}, out)
}

func states(cells []uptime.MinuteCell) string {
	out := make([]byte, len(cells))
	for i := range cells {
		out[i] = '0' + byte(cells[i].State)
	}
	return string(out)
}

// latencies is an array of milliseconds and nulls, written by hand: there can be
// tens of thousands.
func latencies(cells []uptime.MinuteCell) json.RawMessage {
	out := append(make([]byte, 0, 5*len(cells)+2), '[')
	for i := range cells {
		if i > 0 {
			out = append(out, ',')
		}
		if ms := millis(cells[i].Latency); ms != nil {
			out = strconv.AppendInt(out, *ms, 10)
		} else {
			out = append(out, "null"...)
		}
	}
	return append(out, ']')
}

// cityStates has a text such as states for each city.
func (a *API) cityStates(cells []uptime.MinuteCell) map[string]string {
	columns := map[string][]byte{}
	for i := range cells {
		for _, r := range cells[i].Regions {
			column := columns[r.Region]
			if column == nil {
				column = []byte(states(make([]uptime.MinuteCell, len(cells))))
				columns[r.Region] = column
			}
			column[i] = '0' + byte(r.State)
		}
	}
	out := map[string]string{}
	for region, column := range columns {
		out[a.City(region)] = string(column)
	}
	return out
}

// extend adds minute i to the last run, or begins a new one.
func extend(runs []runShape, i int, cause string, yes bool) []runShape {
	if !yes {
		return runs
	}
	if n := len(runs); n > 0 && runs[n-1].At+runs[n-1].Minutes == i && runs[n-1].Cause == cause {
		runs[n-1].Minutes++
		return runs
	}
	return append(runs, runShape{At: i, Minutes: 1, Cause: cause})
}

type daysShape struct {
	Days []dayShape `json:"days"`
}

type dayShape struct {
	Day uptime.Day `json:"day"`
	countsShape
	Slow    int     `json:"slow_minutes"`
	P50     *int64  `json:"p50_ms"`
	P95     *int64  `json:"p95_ms"`
	Samples int     `json:"samples"`
	Cause   *string `json:"worst_cause"`
	Because *string `json:"because"`
	Demo    bool    `json:"demo"`
}

func (a *API) days(w http.ResponseWriter, r *http.Request) error {
	p := readParams(r, "from", "to")
	today := uptime.DayOf(a.Now())
	to := min(p.day("to", today), today)
	from := p.day("from", to-89)
	switch {
	case from > to:
		p.fail("from", "it must not be later than to, and not in the future")
	case to-from >= maxDays:
		p.fail("from", "it is more than 400 days before to")
	}
	if p.err != nil {
		return p.err
	}
	row, err := a.row(r)
	if err != nil {
		return err
	}
	stats, err := a.Source.Days(r.Context(), a.Tenant, row.Server, from, to)
	if err != nil {
		return err
	}
	out := daysShape{Days: make([]dayShape, 0, len(stats))}
	for i := range stats {
		out.Days = append(out.Days, dayOf(&stats[i]))
	}
	return web.SendJSON(w, r, web.Content{Cache: web.CacheMinute}, out)
}

func dayOf(d *uptime.DayStat) dayShape {
	return dayShape{
		Day: d.Day, countsShape: countsOf(d.Counts), Slow: d.Slow, P50: millis(d.P50), P95: millis(d.P95), Samples: d.Samples,
		Cause: word(string(d.Worst)), Because: word(board.CausePhrase(d.Worst)), Demo: d.Demo,
	}
}

type latencyShape struct {
	From   time.Time    `json:"from"`
	To     time.Time    `json:"to"`
	Step   int          `json:"step_seconds"`
	Points []pointShape `json:"points"`
}

type pointShape struct {
	At      time.Time `json:"at"`
	P50     *int64    `json:"p50_ms"`
	P95     *int64    `json:"p95_ms"`
	Samples int       `json:"samples"`
}

func (a *API) latency(w http.ResponseWriter, r *http.Request) error {
	p := readParams(r, "from", "to", "step")
	from, to := p.stretch(a.Now(), day, maxLatency)
	step := p.span("step", fitting(to.Sub(from)), time.Minute, 31*day).Truncate(time.Minute)
	// Whole steps: the answer does not change with every second.
	from, to = from.Truncate(step), to.Add(step-1).Truncate(step)
	if p.err == nil && to.Sub(from)/step > maxPoints {
		p.fail("step", "it gives more than 2000 points: take a greater step or a shorter time")
	}
	if p.err != nil {
		return p.err
	}
	row, err := a.row(r)
	if err != nil {
		return err
	}
	points, err := a.Source.Latency(r.Context(), a.Tenant, row.Server, from, to, step)
	if err != nil {
		return err
	}
	out := latencyShape{From: from, To: to, Step: int(step / time.Second), Points: make([]pointShape, 0, len(points))}
	for _, pt := range points {
		out.Points = append(out.Points, pointShape{pt.At.UTC(), millis(pt.P50), millis(pt.P95), pt.Samples})
	}
	return web.SendJSON(w, r, web.Content{Cache: cacheState}, out)
}

// fitting is a step that gives about 300 points.
func fitting(span time.Duration) time.Duration {
	for _, step := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour} {
		if span/step <= 300 {
			return step
		}
	}
	return day
}
