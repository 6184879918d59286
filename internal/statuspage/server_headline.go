package statuspage

import (
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// headline is the one sentence that answers: does it work?
type headline struct {
	// Tone is the state that colours it, as a word; maintenance has a tone of its
	// own.
	Tone string
	Mark string // shape beside it, see rowMark
	// Word begins the sentence, Rest goes on after a dash, without a full stop.
	Word, Rest string
	// Checked ends it: when and from where; nil when that does not matter.
	Checked *lastCheck
	// Doing says what is being done about it; empty when there is nothing to do.
	Doing string
	// More leads to the incident or the change that is behind it; nil for none.
	More *choice
}

// lastCheck says when and from where: "checked 14 s ago from 5 cities".
type lastCheck struct {
	At        draw.Moment
	Age, From string
}

// headlineOf says how the server of v does at this moment, in the words of
// board.Headline.
func headlineOf(v *board.View, now time.Time) headline {
	line := board.LineOf(v.Row, now)
	h := headline{
		Tone: toneOf(v.Row), Mark: rowMark(v.Row), Word: line.Word, Rest: visible(strings.Join(line.Facts, ", ")),
		Doing: doing(v, now), More: behind(v),
	}
	if c := line.Check; c != nil {
		h.Checked = &lastCheck{At: draw.Exact(c.At), Age: c.Ago, From: c.From}
	}
	return h
}

func toneOf(r *board.Row) string {
	switch {
	case r.Paused:
		return uptime.Unknown.String()
	case r.Window != nil:
		return "maintenance"
	}
	return r.State.String()
}

// behind leads to what is behind the state of a server.
func behind(v *board.View) *choice {
	switch {
	case v.Paused:
	case v.Incident != nil:
		return &choice{Label: "The incident", Href: web.IncidentPath(v.Slug, v.Incident.ID)}
	case v.OpenDrift != nil:
		return &choice{Label: "What changed in its tools", Href: web.DriftPath(v.Slug, v.OpenDrift.ID)}
	}
	return nil
}

// doing says who knows about it and what is being done.
func doing(v *board.View, now time.Time) string {
	switch i := v.Incident; {
	case v.Paused:
		return ""
	case v.Window != nil:
		return visible(v.Window.Text) + " At this moment it is " + strings.ToLower(board.StateWord(v.State)) + ". These minutes do not count."
	case i == nil || v.State != uptime.Down:
		return ""
	case i.Note != "":
		return "The operator says: “" + visible(i.Note) + "”"
	default:
		return "The monitor opened an incident at " + board.Clock(i.Detected, now) + "; the operator has not commented yet."
	}
}

// untoldTools says why there is nothing to say about tools.
func untoldTools(a uptime.Access) string {
	if a == uptime.AccessWalled || a == uptime.AccessCustom {
		return "sign-in required, tools not verified"
	}
	return "no tools listed"
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
