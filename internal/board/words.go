package board

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Headline says in one sentence how the server does: "Operational — tools
// unchanged for 12 days, p95 412 ms, checked 14 s ago from 5 cities." Pages,
// markdown and JSON show the same one.
func Headline(r *Row, now time.Time) string { return LineOf(r, now).String() }

// Gist is Headline without when the server was checked: it changes with the
// minute, not with the second, as answers that clients keep should.
func Gist(r *Row, now time.Time) string {
	l := LineOf(r, now.Truncate(time.Minute))
	l.Check = nil
	return l.String()
}

// Line is a Headline in its parts.
type Line struct {
	// Word is how it begins: Operational, Degraded, Down for 43 min.
	Word string
	// Facts stand after it, most important first. They may hold other people's
	// words.
	Facts []string
	// Check ends it; nil where that does not matter.
	Check *Check
}

// Check says when the newest probe began and how many cities reported.
type Check struct {
	At   time.Time
	Ago  string // 14 s
	From string // 5 cities; 4 of 5 cities when some did not report
}

// LineOf returns the Headline in its parts.
func LineOf(r *Row, now time.Time) Line {
	l := Line{Word: headWord(r, now), Facts: headFacts(r, now)}
	if !r.Paused && r.Verdict != nil && !r.LastProbe.IsZero() {
		l.Check = &Check{At: r.LastProbe, Ago: Span(now.Sub(r.LastProbe)), From: reported(r.Verdict)}
	}
	return l
}

// String returns the sentence.
func (l Line) String() string {
	facts := l.Facts
	if c := l.Check; c != nil {
		facts = append(slices.Clone(facts), "checked "+c.Ago+" ago from "+c.From)
	}
	if len(facts) == 0 {
		return l.Word + "."
	}
	return l.Word + " — " + strings.Join(facts, ", ") + "."
}

func reported(v *uptime.Verdict) string {
	n := len(v.Reports)
	if n < v.Expected {
		return Count(n) + " of " + cities(v.Expected)
	}
	return cities(n)
}

func cities(n int) string { return Plural(n, "city", "cities") }

// headWord is what stands before the dash.
func headWord(r *Row, now time.Time) string {
	switch {
	case r.Paused:
		return "Paused"
	case r.Window != nil:
		return "Under maintenance"
	case r.Verdict == nil:
		return "Waiting for the first check"
	case r.State == uptime.Down && !r.Since.IsZero():
		return "Down for " + Span(now.Sub(r.Since))
	case r.State == uptime.Live && r.Access != "" && r.Access != uptime.AccessOpen:
		return "Operational, " + AccessPhrase(r.Access)
	case r.State == uptime.Live:
		return "Operational"
	}
	return StateWord(r.State)
}

// headFacts are what stands after it, most important first.
func headFacts(r *Row, now time.Time) []string {
	switch {
	case r.Paused:
		return []string{"it is not being checked"}
	case r.Window != nil:
		return some(r.Window.Name, "until "+Clock(r.Window.To, now))
	case r.Verdict == nil:
		return some(rhythm(r))
	case r.State == uptime.Live:
		return some(toolWords(r, now), p95Words(r))
	}
	return some(Because(r), lasting(r, now))
}

// Because says why the server is not operational, and where it is not: "the
// connection is refused in London and Tokyo". It is empty when it is Live and
// before the first verdict.
func Because(r *Row) string {
	if r.Verdict == nil || r.State == uptime.Live {
		return ""
	}
	if r.Stale != "" {
		return r.Stale
	}
	why := cmp.Or(CausePhrase(r.Verdict.Cause()), strings.TrimRight(r.Verdict.Why, "."), "the reason is not known")
	if where := failing(r); where != "" {
		why += " " + where
	}
	return why
}

// failing names the cities that see what the row says, unless all of them do.
func failing(r *Row) string {
	var where []string
	for _, c := range r.Cells {
		if c.State != uptime.Live && c.State != uptime.Unknown {
			where = append(where, c.City)
		}
	}
	switch {
	case len(where) == 0 || len(r.Cells) == 1:
		return ""
	case len(where) == len(r.Cells):
		return "everywhere"
	}
	return "in " + Sentence(where)
}

// lasting says how long a state that is not Down lasts; Down says it up front.
func lasting(r *Row, now time.Time) string {
	if r.State == uptime.Down || r.Since.IsZero() {
		return ""
	}
	return "for " + Span(now.Sub(r.Since))
}

func toolWords(r *Row, now time.Time) string {
	switch {
	case r.ToolsHash == "" && r.Access != "" && r.Access != uptime.AccessOpen:
		return "tools not verified"
	case r.ToolsHash == "":
		return ""
	case r.OpenDrift != nil:
		return "tools changed " + Span(now.Sub(r.OpenDrift.Detected)) + " ago (" + r.OpenDrift.Class.String() + ")"
	case r.ToolsSince.IsZero():
		return Plural(r.Tools, "tool", "tools")
	}
	return "tools unchanged for " + Span(now.Sub(r.ToolsSince))
}

func p95Words(r *Row) string {
	if r.Summary.P95 <= 0 {
		return ""
	}
	return "p95 " + Millis(r.Summary.P95)
}

// rhythm says how often a server is to be checked, and from where.
func rhythm(r *Row) string {
	if len(r.Cells) == 0 {
		return ""
	}
	every := "every " + Span(r.Interval)
	if r.Interval == 0 || r.Interval == time.Minute {
		every = "every minute"
	}
	return "it runs " + every + " from " + cities(len(r.Cells))
}

// Clock says a moment in UTC: the time alone within today, with the date on
// another day, with the year in another year.
func Clock(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	switch {
	case t.Year() != now.Year():
		return t.Format("2 Jan 2006, 15:04 UTC")
	case uptime.DayOf(t) != uptime.DayOf(now):
		return t.Format("2 Jan, 15:04 UTC")
	}
	return t.Format("15:04 UTC")
}

// Stamp says a moment in full, for documents that are kept.
func Stamp(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }

// some returns the words that are not empty.
func some(words ...string) []string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}
