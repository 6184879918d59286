package statuspage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The strip's drawing, in units of its SVG: a minute is one wide.
const stripHeight = 48

// strip is the last 24 hours, minute by minute.
type strip struct {
	Width, Height int
	Runs          []run
	Hours         []hourLink
	Ticks         []draw.Moment
	// Text sums the strip up.
	Text    string
	Trouble []run // newest first, for readers and phones
	Mark    int   // place of the selected minute; -1 for none
}

// run is a stretch of minutes of one state.
type run struct {
	X, Width, Y, Height int
	State               string
	Text                string
	Href                string
}

// hourLink is an hour of the strip, to look into.
type hourLink struct {
	X, Width int
	Text     string
	Href     string
}

// stripOf draws cells, of which the first is the minute from. The window is
// named as sentences do: in the last 24 hours.
func stripOf(from uptime.Minute, cells []uptime.MinuteCell, h here, now time.Time, window string) strip {
	s := strip{Width: max(1, len(cells)), Height: stripHeight, Mark: -1, Text: stripText(cells, window)}
	for at := 0; at < len(cells); {
		end := at + 1
		for end < len(cells) && sameRun(cells[at], cells[end]) {
			end++
		}
		s.Runs = append(s.Runs, runOf(from, at, end, cells[at], h, now))
		at = end
	}
	for _, r := range slices.Backward(s.Runs) {
		if r.State == "down" || r.State == "degraded" {
			s.Trouble = append(s.Trouble, r)
		}
	}
	for at := 0; at < len(cells); at += 60 {
		s.Hours = append(s.Hours, hourOf(from, at, cells[at:min(at+60, len(cells))], h))
	}
	for at := 0; at <= len(cells); at += 360 {
		s.Ticks = append(s.Ticks, tickOf(from+uptime.Minute(at), at == 0, at+360 > len(cells)))
	}
	return s
}

// tickOf labels the axis: the day at its beginning, the zone at its end.
func tickOf(m uptime.Minute, first, last bool) draw.Moment {
	layout := "15:04"
	if first {
		layout = "2 Jan 15:04"
	} else if last {
		layout = "15:04 UTC"
	}
	return draw.Moment{ISO: m.Time().Format(time.RFC3339), Text: m.Time().Format(layout)}
}

func sameRun(a, b uptime.MinuteCell) bool {
	return minuteState(a) == minuteState(b) && a.Cause == b.Cause
}

// minuteState is what a minute is drawn as.
func minuteState(c uptime.MinuteCell) string {
	if c.Maintenance {
		return "maintenance"
	}
	return c.State.String()
}

// runOf draws a stretch. Height speaks as colour does: the worse the taller, and
// what was not measured is a low stub.
func runOf(from uptime.Minute, at, end int, c uptime.MinuteCell, h here, now time.Time) run {
	r := run{X: at, Width: end - at, State: minuteState(c), Href: minuteHref(h, from+uptime.Minute(at))}
	switch r.State {
	case "down":
		r.Height = 48
	case "degraded":
		r.Height = 38
	case "live":
		r.Height = 28
	case "maintenance":
		r.Height = 16
	default:
		r.Height = 8
	}
	r.Y = stripHeight - r.Height
	r.Text = runText(from, at, end, c, now)
	return r
}

func runText(from uptime.Minute, at, end int, c uptime.MinuteCell, now time.Time) string {
	first, last := (from + uptime.Minute(at)).Time(), (from + uptime.Minute(end)).Time()
	text := first.Format("15:04") + "–" + board.Clock(last, now) + ", " + wholeMinutes(end-at) + ": " + minuteWord(c)
	if c.Cause != "" && !c.Maintenance {
		text += " – " + inWords(c.Cause)
	}
	return text
}

// minuteWord is the word for a minute.
func minuteWord(c uptime.MinuteCell) string {
	switch {
	case c.Maintenance:
		return "planned maintenance"
	case c.State == uptime.Unknown && len(c.Regions) == 0:
		return "not measured"
	case c.State == uptime.Unknown:
		return "not known"
	case c.State == uptime.Live:
		return "live"
	}
	return c.State.String()
}

func hourOf(from uptime.Minute, at int, cells []uptime.MinuteCell, h here) hourLink {
	start := from + uptime.Minute(at)
	return hourLink{X: at, Width: len(cells), Text: start.Time().Format("15:04 UTC") + ", an hour: " + dayText(uptime.CountMinutes(cells), ""), Href: minuteHref(h, start)}
}

func stripText(cells []uptime.MinuteCell, window string) string {
	c := uptime.CountMinutes(cells)
	if c.Measured() == 0 && c.Maintenance == 0 {
		return "Nothing was measured " + window + "."
	}
	text := "No downtime"
	if c.Down > 0 {
		text = wholeMinutes(c.Down) + " down"
	}
	for _, part := range sensible(few(c.Degraded, "degraded"), few(c.Maintenance, "maintenance"), few(c.Unknown, "not measured")) {
		text += ", " + part
	}
	return text + " " + window + "."
}

// minuteLayout is how addresses name a minute.
const minuteLayout = "2006-01-02T15:04"

func minuteHref(h here, m uptime.Minute) string {
	return h.with("minute", m.Time().Format(minuteLayout), "minute")
}

// parseMinute reads what minuteHref wrote.
func parseMinute(text string) (uptime.Minute, error) {
	t, err := time.Parse(minuteLayout, text)
	if err != nil {
		return 0, fmt.Errorf("%w: minute must be like 2026-03-01T14:02, in UTC", uptime.ErrInvalid)
	}
	return uptime.MinuteOf(t), nil
}

// minuteView is one minute that somebody asked about, with the hour around it.
type minuteView struct {
	At         draw.Moment
	State      string
	Word       string
	Cause      string
	Latency    string
	Places     []minutePlace
	Hour       []minuteCell
	HourText   string
	Prev, Next string // addresses
}

type minutePlace struct{ Name, State, Word string }

type minuteCell struct {
	Text, State, Href string
	Chosen            bool
}

// minuteOf shows a minute. The cells are those of its hour, the first of which
// is the minute first.
func minuteOf(at, first uptime.Minute, cells []uptime.MinuteCell, cities []city, h here, now time.Time) minuteView {
	m := minuteView{At: draw.Exact(at.Time()), Prev: minuteHref(h, at-1), HourText: board.Clock(first.Time(), now)}
	if at+1 < uptime.MinuteOf(now) {
		m.Next = minuteHref(h, at+1)
	}
	m.At.Text = at.Time().Format("2 Jan 2006, 15:04 UTC")
	for i, c := range cells {
		minute := first + uptime.Minute(i)
		m.Hour = append(m.Hour, minuteCell{
			Text: minute.Time().Format("15:04") + " " + minuteWord(c), State: minuteState(c), Href: minuteHref(h, minute), Chosen: minute == at,
		})
		if minute == at {
			m.fill(c, cities)
		}
	}
	return m
}

func (m *minuteView) fill(c uptime.MinuteCell, cities []city) {
	m.State, m.Word, m.Latency = minuteState(c), upperFirst(minuteWord(c)), draw.Millis(c.Latency)
	if c.Cause != "" {
		m.Cause = upperFirst(inWords(c.Cause))
	}
	seen := map[string]uptime.State{}
	for _, r := range c.Regions {
		seen[r.Region] = r.State
	}
	for _, place := range cities {
		state, ok := seen[place.ID]
		p := minutePlace{Name: place.Name, State: state.String(), Word: strings.ToLower(board.StateWord(state))}
		if !ok {
			p.Word = "did not report"
		}
		m.Places = append(m.Places, p)
	}
}
