package statuspage

import (
	"context"
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// How much of a server's past its page shows.
const (
	maxBarIncidents = 500 // over 90 days
	maxCards        = 5
	pastDays        = 90
)

// daysView is the 90 bars, and one day when it was chosen.
type daysView struct {
	Bars    []dayBar
	Drawing template.HTML
	Table   []dayBar
	Regions []regionDays
	Text    string
	Span    string
	Day     *dayView
}

type regionDays struct {
	Name    string
	Percent string
	N       string
	Bars    []dayBar
	Drawing template.HTML
}

// dayView is one day that somebody asked about.
type dayView struct {
	Bar       dayBar
	Strip     strip
	Incidents []incidentCard
}

// addRecords adds what happened: incidents, drifts and the days that they mark.
func (s *Site) addRecords(ctx context.Context, l looker, h here, v *serverView) error {
	b := &l.view
	all, err := s.opt.Source.Incidents(ctx, s.opt.Tenant, uptime.IncidentQuery{Server: b.Server, Limit: maxBarIncidents})
	if err != nil {
		return fmt.Errorf("reading the incidents of %s: %w", b.Slug, err)
	}
	v.Incidents = cardsOf(b.Slug, all[:min(len(all), maxCards)], l.cities, l.now)
	for _, d := range b.Drifts {
		v.Drifts = append(v.Drifts, driftOf(b.Slug, d, l.cities, l.operator != "", nowText(l.now)))
	}
	v.Days = daysOf(l, all, h)
	return s.addDay(ctx, l, all, h, v)
}

func daysOf(l looker, incidents []uptime.Incident, h here) daysView {
	b := &l.view
	d := daysView{Bars: dayBars(b.Slug, b.Days, incidents, h, l.now)}
	d.Table, d.Drawing = dayTable(d.Bars), bars(b.Days)
	last := uptime.DayOf(l.now)
	if n := len(b.Days); n > 0 {
		last = b.Days[n-1].Day
		d.Span = b.Days[0].Day.Time().Format("2 Jan") + " to today"
	}
	for i, r := range b.Regions {
		var sum uptime.Counts
		for _, c := range r.Days {
			sum.Add(c)
		}
		d.Regions = append(d.Regions, regionDays{Name: l.cities[i].Name, Percent: percentText(sum), N: board.Count(sum.Measured()), Bars: regionBars(r, last), Drawing: draw.Bars(r.Days, l.cities[i].Name)})
	}
	d.Text = daysText(b.Days)
	return d
}

func daysText(days []uptime.DayStat) string {
	bad, grey := 0, 0
	for _, d := range days {
		if d.Down > 0 {
			bad++
		}
		if d.Measured()+d.Maintenance == 0 {
			grey++
		}
	}
	if grey == len(days) {
		return "Nothing was measured yet."
	}
	text := "No downtime"
	if bad > 0 {
		text = "Downtime on " + manyText(bad, "day")
	}
	if grey > 0 {
		text += "; " + manyText(grey, "day") + " not measured"
	}
	return text + "."
}

// addDay adds the day that was chosen.
func (s *Site) addDay(ctx context.Context, l looker, incidents []uptime.Incident, h here, v *serverView) error {
	text := h.get("day")
	if text == "" {
		return nil
	}
	day, err := uptime.ParseDay(text)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(l.view.Days, func(d uptime.DayStat) bool { return d.Day == day })
	if at < 0 {
		return fmt.Errorf("%w: day %s is not among the last %d", uptime.ErrInvalid, day, pastDays)
	}
	end := min(day.First()+uptime.MinutesPerDay, uptime.MinuteOf(l.now))
	cells, err := s.opt.Source.Minutes(ctx, s.opt.Tenant, l.view.Server, day.First(), end)
	if err != nil {
		return fmt.Errorf("reading %s of %s: %w", day, l.view.Slug, err)
	}
	v.Days.Day = &dayView{Bar: v.Days.Bars[at], Strip: stripOf(day.First(), cells, h, l.now, "on this day")}
	v.Days.Day.Incidents = cardsOf(l.view.Slug, incidentsOn(day, incidents, l.now), l.cities, l.now)
	return nil
}

func incidentsOn(day uptime.Day, all []uptime.Incident, now time.Time) []uptime.Incident {
	var out []uptime.Incident
	for _, i := range all {
		if uptime.DayOf(i.Opened) <= day && uptime.DayOf(i.Opened.Add(i.Duration(now))) >= day {
			out = append(out, i)
		}
	}
	return out
}

// addMinute adds the minute that was chosen, with its hour.
func (s *Site) addMinute(ctx context.Context, l looker, h here, v *serverView) error {
	text := h.get("minute")
	if text == "" {
		return nil
	}
	at, err := parseMinute(text)
	if err != nil {
		return err
	}
	newest := uptime.MinuteOf(l.now)
	if at > newest || at < newest-pastDays*uptime.MinutesPerDay {
		return fmt.Errorf("%w: minute %s is not within the last %d days", uptime.ErrInvalid, visible(text, 20), pastDays)
	}
	first := at - at%60
	cells, err := s.opt.Source.Minutes(ctx, s.opt.Tenant, l.view.Server, first, min(first+60, newest+1))
	if err != nil {
		return fmt.Errorf("reading minute %s of %s: %w", visible(text, 20), l.view.Slug, err)
	}
	m := minuteOf(at, first, cells, l.cities, h, l.now)
	v.Minute = &m
	if place := int(at - l.view.From); place >= 0 && place < len(l.view.Minutes) {
		v.Strip.Mark = place
	}
	return nil
}

// addChart adds the latencies of the window that was chosen.
func (s *Site) addChart(ctx context.Context, l looker, h here, v *serverView) error {
	w, err := draw.WindowOf(h.get("window"))
	if err != nil {
		return err
	}
	from, to := w.Bounds(l.now)
	points, err := s.opt.Source.Latency(ctx, s.opt.Tenant, l.view.Server, from, to, w.Step)
	if err != nil {
		return fmt.Errorf("reading the latencies of %s: %w", l.view.Slug, err)
	}
	v.Chart = draw.ChartOf(w, from, to, points, l.now)
	for _, c := range draw.Windows() {
		v.Windows = append(v.Windows, choice{Label: c.Label, Href: h.with("window", c.Key, "speed"), Chosen: c.Key == w.Key})
	}
	return nil
}
