package statuspage

import (
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// headline is the one sentence that answers: does it work?
type headline struct {
	// Tone is the state that colours it, as a word; maintenance and paused have
	// tones of their own.
	Tone string
	Mark string // shape beside it, see rowMark
	// Word begins the sentence: Operational, Degraded, Down, Unknown.
	Word string
	// Rest goes on after a dash, without a full stop.
	Rest string
	// Checked ends it: when and from where; nil when that does not matter.
	Checked *lastCheck
	// Doing says what is being done about it; empty when there is nothing to do.
	Doing string
	// More leads to the incident or the change that is behind it; nil for none.
	More *choice
}

// headlineOf says how the server of v does at this moment.
func headlineOf(v *board.View, cities []city, now time.Time) headline {
	h := headlineFor(v, cities, now)
	h.Mark = rowMark(v.Row)
	switch {
	case v.Paused:
	case v.Incident != nil:
		h.More = &choice{Label: "The incident", Href: incidentHref(v.Slug, *v.Incident)}
	case v.OpenDrift != nil:
		h.More = &choice{Label: "What changed in its tools", Href: driftHref(v.Slug, *v.OpenDrift)}
	}
	return h
}

func headlineFor(v *board.View, cities []city, now time.Time) headline {
	switch {
	case v.Paused:
		return headline{Tone: "unknown", Word: "Paused", Rest: "it is not being checked" + lastChecked(v, now)}
	case v.Verdict == nil:
		return headline{Tone: "unknown", Word: "Waiting for the first check", Rest: "it runs " + rhythm(v.Interval) + " from " + cityCount(len(cities))}
	case v.Window != nil:
		return maintenanceLine(v, now)
	}
	switch v.State {
	case uptime.Down:
		return downLine(v, cities, now)
	case uptime.Degraded:
		return degradedLine(v, cities, now)
	case uptime.Live:
		return headline{Tone: "live", Word: "Operational", Rest: strings.Join(sensible(promise(v, now), speed(v)), ", "), Checked: checked(v, now)}
	case uptime.Unknown:
	}
	rest := unknownWords(v, now)
	if !v.Since.IsZero() {
		rest = sinceWords(v.Since, now) + ": " + rest
	}
	return headline{Tone: "unknown", Word: stateWord(uptime.Unknown), Rest: rest}
}

func lastChecked(v *board.View, now time.Time) string {
	if v.LastProbe.IsZero() {
		return ""
	}
	return "; the last check was " + spanText(now.Sub(v.LastProbe)) + " ago"
}

// rhythm says how often: every minute, every 5 min.
func rhythm(every time.Duration) string {
	if every == time.Minute || every == 0 {
		return "every minute"
	}
	return "every " + spanText(every)
}

func maintenanceLine(v *board.View, now time.Time) headline {
	h := headline{Tone: "maintenance", Word: "Planned maintenance", Rest: "until " + board.Clock(v.Window.To, now) + ": " + strings.TrimSuffix(visible(or(v.Window.Text, v.Window.Name)), ".")}
	h.Doing = "At this moment it is " + strings.ToLower(stateWord(v.State)) + ". These minutes do not count."
	return h
}

func downLine(v *board.View, cities []city, now time.Time) headline {
	failed := v.Verdict.Failed()
	where := sentenceList(cityNames(cities, failed))
	if len(failed) == len(cities) && len(cities) > 1 {
		where = "all " + cityCount(len(cities))
	}
	rest := sinceWords(v.Since, now)
	if where != "" {
		rest += ", seen from " + where
	}
	return headline{Tone: "down", Word: "Down", Rest: rest + ": " + inWords(v.Verdict.Cause()), Checked: checked(v, now), Doing: doing(v, now)}
}

// doing says who knows about it and what is being done.
func doing(v *board.View, now time.Time) string {
	switch i := v.Incident; {
	case i == nil:
		return ""
	case i.Note != "":
		return "The operator says: “" + visible(i.Note) + "”"
	default:
		return "The monitor opened an incident at " + board.Clock(i.Detected, now) + "; the operator has not commented yet."
	}
}

func degradedLine(v *board.View, cities []city, now time.Time) headline {
	h := headline{Tone: "degraded", Word: "Degraded", Rest: sinceWords(v.Since, now), Checked: checked(v, now)}
	failed := cityNames(cities, v.Verdict.Failed())
	switch {
	case len(failed) > 0 && len(failed) < len(cities):
		h.Rest += ": " + sentenceList(failed) + " cannot use it (" + inWords(v.Verdict.Cause()) + "), " + othersCan(len(cities)-len(failed))
	case v.Verdict.Failure != nil:
		h.Rest += ": it works, but " + inWords(v.Verdict.Cause())
	default:
		h.Rest += ": it works, but " + visible(publicText(or(v.Verdict.Why, "not as it should")))
	}
	return h
}

func othersCan(n int) string {
	if n == 1 {
		return "the other city can"
	}
	return "the other " + cityCount(n) + " can"
}

func unknownWords(v *board.View, now time.Time) string {
	if cause := v.Verdict.Cause(); cause != "" && v.Verdict.State == uptime.Unknown {
		return inWords(cause)
	}
	return "the last check was " + spanText(now.Sub(v.LastProbe)) + " ago"
}

// sinceWords says since when: "for 23 min, since 14:02 UTC".
func sinceWords(t, now time.Time) string {
	if t.IsZero() {
		return "for an unknown time"
	}
	return "for " + spanText(now.Sub(t)) + ", since " + board.Clock(t, now)
}

// promise says how the tools do: what an agent that pinned them wants to know.
func promise(v *board.View, now time.Time) string {
	if v.ToolsHash == "" {
		return untoldTools(v.Access)
	}
	switch {
	case v.OpenDrift != nil:
		return "tools changed " + spanText(now.Sub(v.OpenDrift.Detected)) + " ago (" + v.OpenDrift.Class.String() + ")"
	case v.Drift != nil:
		return "tools unchanged for " + spanText(now.Sub(settled(v.Drift)))
	}
	return "tools unchanged" + watchedFor(v.Days)
}

// settled is when a drift that is over became the way things are.
func settled(d *uptime.Drift) time.Time {
	if d.Reverted.After(d.Detected) {
		return d.Reverted
	}
	return d.Detected
}

// untoldTools says why there is nothing to say about tools.
func untoldTools(a uptime.Access) string {
	if a == uptime.AccessWalled || a == uptime.AccessCustom {
		return "sign-in required, tools not verified"
	}
	return "no tools listed"
}

// watchedFor says for how long nothing changed when nothing ever did.
func watchedFor(days []uptime.DayStat) string {
	for i, d := range days {
		if d.Measured() > 0 && i == 0 {
			return " for at least " + manyText(len(days), "day")
		} else if d.Measured() > 0 {
			return " for " + manyText(len(days)-i, "day") + ", as long as it is watched"
		}
	}
	return ""
}

func speed(v *board.View) string {
	if v.Summary.P95 <= 0 {
		return ""
	}
	return "p95 " + millisText(v.Summary.P95)
}

// lastCheck says when and from where: "checked 14 s ago from 5 cities".
type lastCheck struct {
	At   draw.Moment
	Age  string
	From string
}

func checked(v *board.View, now time.Time) *lastCheck {
	got, expected := len(v.Verdict.Reports), v.Verdict.Expected
	c := &lastCheck{At: draw.Exact(v.LastProbe), Age: spanText(now.Sub(v.LastProbe)), From: cityCount(got)}
	if got < expected {
		c.From = board.Count(got) + " of " + cityCount(expected)
	}
	return c
}

// String is the whole sentence.
func (h headline) String() string {
	s := h.Word + " – " + h.Rest
	if h.Checked != nil {
		s += ", checked " + h.Checked.Age + " ago from " + h.Checked.From
	}
	return s + "."
}

// sensible returns the parts that say something.
func sensible(parts ...string) []string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

// lockSign is the second axis: how the server treats strangers.
type lockSign struct {
	Icon string // open, locked, broken, unknown
	Word string
	Text string
}

func lockOf(a uptime.Access, tools bool) lockSign {
	switch a {
	case uptime.AccessOpen:
		return lockSign{"open", "Open", "anyone can connect without signing in"}
	case uptime.AccessWalled:
		return lockSign{"locked", "Sign-in required", "it refuses strangers properly and tells clients how to sign in" + verified(tools)}
	case uptime.AccessCustom:
		return lockSign{"locked", "Own sign-in", "it refuses strangers in a way of its own, such as an API key; clients cannot find out how to sign in" + verified(tools)}
	case uptime.AccessBroken:
		return lockSign{"broken", "Sign-in broken", "it announces a sign-in that cannot be completed" + verified(tools)}
	}
	return lockSign{"unknown", "Not known", "no check could tell yet whether sign-in is required"}
}

func verified(tools bool) string {
	if tools {
		return "; the monitor signs in and verifies the tools"
	}
	return "; tools were not verified"
}
