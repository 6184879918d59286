package board

import (
	"cmp"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Headline says in one sentence how the server does: "Operational — tools
// unchanged for 12 days, p95 412 ms, checked 14 s ago from 5 cities." Pages,
// markdown and JSON show the same one.
func Headline(r *Row, now time.Time) string {
	facts := headFacts(r, now)
	if !r.Paused && r.Verdict != nil {
		facts = append(facts, some(checked(r, now))...)
	}
	return sentence(headWord(r, now), facts)
}

// Gist is Headline without when the server was checked: it changes with the
// minute, not with the second, as answers that clients keep should.
func Gist(r *Row, now time.Time) string {
	now = now.Truncate(time.Minute)
	return sentence(headWord(r, now), headFacts(r, now))
}

func sentence(head string, facts []string) string {
	if len(facts) == 0 {
		return head + "."
	}
	return head + " — " + strings.Join(facts, ", ") + "."
}

// headWord is what stands before the dash.
func headWord(r *Row, now time.Time) string {
	switch {
	case r.Paused:
		return "Paused"
	case r.Window != nil:
		return "Under maintenance"
	case r.Verdict == nil:
		return "Not checked yet"
	case r.State == uptime.Down && !r.Since.IsZero():
		return "Down for " + Span(now.Sub(r.Since))
	case r.State == uptime.Live && r.Access != "" && r.Access != uptime.AccessOpen:
		return "Operational, " + AccessPhrase(r.Access)
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
		return nil
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
	var cities []string
	for _, c := range r.Cells {
		if c.State != uptime.Live && c.State != uptime.Unknown {
			cities = append(cities, c.City)
		}
	}
	switch {
	case len(cities) == 0 || len(r.Cells) == 1:
		return ""
	case len(cities) == len(r.Cells):
		return "everywhere"
	}
	return "in " + Sentence(cities)
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

// checked says when and from how many places the newest probes came.
func checked(r *Row, now time.Time) string {
	if r.LastProbe.IsZero() {
		return ""
	}
	words := "checked " + Span(now.Sub(r.LastProbe)) + " ago"
	if n := reporting(r); n > 1 {
		words += " from " + Plural(n, "city", "cities")
	}
	return words
}

func reporting(r *Row) int {
	if r.Verdict == nil {
		return 0
	}
	return len(r.Verdict.Reports)
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
