package statuspage

import (
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// dayBar is one of the 90 bars.
type dayBar struct {
	Day   string // 2026-03-01
	Label string // Sun 1 Mar
	// State is live, degraded, down, unknown (not measured) or maintenance.
	State string
	// Text says exactly what was, for hover, focus and readers.
	Text string
	// What is Text without where it leads.
	What string
	// Down, Degraded, Unknown and Planned are for the table.
	Down, Degraded, Unknown, Planned, Uptime, Cause string
	// Select chooses the day. Href leads to its incident, or chooses it when
	// there are several or none; empty when there is nothing more to see.
	Select, Href string
	Chosen       bool
}

// dayBars makes the bars of the server's days. Incidents are newest first; the
// longest one of a day is what its bar leads to.
func dayBars(slug string, days []uptime.DayStat, incidents []uptime.Incident, h here, now time.Time) []dayBar {
	by, several := incidentsByDay(incidents, now)
	out := make([]dayBar, len(days))
	for i, d := range days {
		b := barOf(d.Day, d.Counts, inWordsOr(d.Worst))
		b.Select = h.with("day", b.Day, "days")
		if inc, ok := by[d.Day]; ok && several[d.Day] == 1 {
			b.Href, b.Text = web.IncidentPath(slug, inc.ID), b.Text+" See the incident."
		} else if ok {
			b.Href, b.Text = b.Select, fmt.Sprintf("%s See the %d incidents.", b.Text, several[d.Day])
		} else if b.State == "down" || b.State == "degraded" {
			b.Href = b.Select
		}
		b.Chosen = b.Day == h.get("day")
		out[i] = b
	}
	return out
}

// regionBars makes the bars of one region, whose last day is the last of days.
func regionBars(r board.RegionView, last uptime.Day) []dayBar {
	out := make([]dayBar, len(r.Days))
	for i, c := range r.Days {
		out[i] = barOf(last-uptime.Day(len(r.Days)-1-i), c, "")
	}
	return out
}

func inWordsOr(c uptime.Cause) string {
	if c == "" {
		return ""
	}
	return inWords(c)
}

func barOf(day uptime.Day, c uptime.Counts, cause string) dayBar {
	b := dayBar{
		Day: day.String(), Label: day.Time().Format("Mon 2 Jan 2006"), Uptime: percentText(c),
		Down: wholeMinutes(c.Down), Degraded: wholeMinutes(c.Degraded), Unknown: wholeMinutes(c.Unknown), Planned: wholeMinutes(c.Maintenance),
	}
	b.State = dayState(c)
	if c.Down+c.Degraded > 0 {
		b.Cause = cause
	}
	b.What = b.Label + ": " + dayText(c, b.Cause)
	b.Text = b.What
	return b
}

// dayState is the worst that a day had; what nobody measured stays grey.
func dayState(c uptime.Counts) string {
	switch {
	case c.Down > 0:
		return "down"
	case c.Degraded > 0:
		return "degraded"
	case c.Live > 0:
		return "live"
	case c.Maintenance > 0:
		return "maintenance"
	}
	return "unknown"
}

func dayText(c uptime.Counts, cause string) string {
	if c.Measured() == 0 && c.Maintenance == 0 {
		return "not measured."
	}
	text := "no downtime"
	if c.Down > 0 {
		text = wholeMinutes(c.Down) + " down"
	}
	for _, part := range sensible(few(c.Degraded, "degraded"), few(c.Maintenance, "maintenance"), few(notMeasured(c), "not measured")) {
		text += ", " + part
	}
	if cause != "" {
		text += ": " + cause
	}
	return text + "."
}

// notMeasured leaves out today's rest and single lost minutes.
func notMeasured(c uptime.Counts) int {
	if c.Total() < uptime.MinutesPerDay/2 || c.Unknown < 5 {
		return 0
	}
	return c.Unknown
}

func few(n int, what string) string {
	if n == 0 {
		return ""
	}
	return wholeMinutes(n) + " " + what
}

// incidentsByDay gives each day its longest incident, and says how many it had.
func incidentsByDay(incidents []uptime.Incident, now time.Time) (longest map[uptime.Day]uptime.Incident, several map[uptime.Day]int) {
	longest, several = map[uptime.Day]uptime.Incident{}, map[uptime.Day]int{}
	most := map[uptime.Day]time.Duration{}
	for _, i := range incidents {
		end := i.Opened.Add(i.Duration(now))
		first := max(uptime.DayOf(i.Opened), uptime.DayOf(now)-pastDays)
		for day := first; day <= uptime.DayOf(end); day++ {
			several[day]++
			if share := overlap(i.Opened, end, day); share >= most[day] {
				longest[day], most[day] = i, share
			}
		}
	}
	return longest, several
}

func overlap(from, to time.Time, day uptime.Day) time.Duration {
	begin, end := day.Time(), (day + 1).Time()
	if from.After(begin) {
		begin = from
	}
	if to.Before(end) {
		end = to
	}
	return end.Sub(begin)
}

// dayTable holds the days that a table shows: newest first.
func dayTable(bars []dayBar) []dayBar {
	out := slices.Clone(bars)
	slices.Reverse(out)
	return out
}
