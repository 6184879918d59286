package statuspage

import (
	"cmp"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// incidentCard has the four elements that somebody who is hit wants to know:
// what, where, since when or until when, and what is being done.
type incidentCard struct {
	ID, Href string
	Open     bool
	Long     bool // open for more than the red-flag time
	What     string
	Where    string
	Begin    draw.Moment
	End      draw.Moment // nothing while it lasts
	Lasted   string
	Doing    string
	Demo     bool
}

// redFlag is how long a server may be down before its page says so in the
// strongest way.
const redFlag = 15 * time.Minute

func cardOf(slug string, i uptime.Incident, cities []city, now time.Time) incidentCard {
	c := incidentCard{
		ID: string(i.ID), Href: web.IncidentPath(slug, i.ID), Open: i.Open(), Demo: i.Demo,
		What: upperFirst(inWords(i.Failure.Cause)), Where: board.Sentence(cityNames(cities, i.Regions)),
		Begin: draw.Clock(i.Opened, now), End: draw.Clock(i.Recovered, now), Lasted: spellExact(i.Duration(now)),
	}
	if uptime.DayOf(i.Opened) == uptime.DayOf(i.Recovered) { // the day is said once
		c.End.Text = draw.Clock(i.Recovered, i.Recovered).Text
	}
	c.Long = c.Open && i.Duration(now) > redFlag
	c.Doing = beingDone(i)
	return c
}

// beingDone is the fourth element.
func beingDone(i uptime.Incident) string {
	switch {
	case i.Note != "":
		return "The operator says: “" + visible(i.Note) + "”"
	case i.Open():
		return "The monitor noticed by itself and keeps checking; the operator has not commented yet."
	}
	return "It recovered; the operator left no comment."
}

func cardsOf(slug string, all []uptime.Incident, cities []city, now time.Time) []incidentCard {
	out := make([]incidentCard, len(all))
	for i, one := range all {
		out[i] = cardOf(slug, one, cities, now)
	}
	return out
}

// incidentPage is everything about one incident.
type incidentPage struct {
	Card     incidentCard
	Detect   string // time to detect
	Recover  string // time to recover; empty while it lasts
	Timeline []timelineLine
	Evidence []evidenceView
}

type timelineLine struct {
	At    draw.Moment
	Kind  string
	Word  string
	Text  string
	Since string // after the beginning
	By    string
}

type evidenceView struct {
	Place  string
	Ladder ladder
	Open   bool // shown unfolded
}

func incidentOf(slug string, v board.IncidentView, cities []city, secure, operator bool, now time.Time) incidentPage {
	p := incidentPage{Card: cardOf(slug, v.Incident, cities, now), Detect: spellExact(v.Detected.Sub(v.Opened))}
	if !v.Recovered.IsZero() {
		p.Recover = spellExact(v.Recovered.Sub(v.Opened))
	}
	for _, e := range v.Events {
		p.Timeline = append(p.Timeline, lineOf(e, v.Opened, cities, operator))
	}
	for i, e := range v.Evidence {
		p.Evidence = append(p.Evidence, evidenceView{Place: upperFirst(cityName(cities, e.Region)), Ladder: ladderOf(e.Result, secure, operator, now), Open: i == 0})
	}
	return p
}

func lineOf(e uptime.IncidentEvent, opened time.Time, cities []city, operator bool) timelineLine {
	l := timelineLine{At: draw.Exact(e.At), Kind: string(e.Kind), Word: eventWord(e.Kind), Text: eventText(e, cities)}
	if after := e.At.Sub(opened); after >= time.Second {
		l.Since = "after " + spellExact(after)
	}
	if e.Kind == uptime.IncidentAcked && operator {
		l.By = visible(e.By)
	}
	if e.Kind == uptime.IncidentNote {
		l.By = "the operator"
		if operator && e.By != "" {
			l.By = visible(e.By)
		}
	}
	return l
}

func eventWord(k uptime.IncidentEventKind) string {
	switch k {
	case uptime.IncidentOpened:
		return "Went down"
	case uptime.IncidentRegions:
		return "Other places"
	case uptime.IncidentCause:
		return "Other cause"
	case uptime.IncidentRecovery:
		return "Works again"
	case uptime.IncidentRelapse:
		return "Down again"
	case uptime.IncidentResolved:
		return "Resolved"
	case uptime.IncidentNote:
		return "Note"
	case uptime.IncidentAcked:
		return "Acknowledged"
	case uptime.IncidentForgotten:
		return "No longer watched"
	}
	return "Event"
}

// eventText writes an event anew from its facts, since texts may name regions
// by ids; only notes speak for themselves.
func eventText(e uptime.IncidentEvent, cities []city) string {
	where := board.Sentence(cityNames(cities, e.Regions))
	cause := upperFirst(inWords(e.Cause))
	switch e.Kind {
	case uptime.IncidentNote:
		return visible(e.Text)
	case uptime.IncidentOpened, uptime.IncidentRelapse:
		return strings.Join(sensible(cause, prefixed("seen from ", where)), ", ") + "."
	case uptime.IncidentRegions:
		if where == "" {
			return "No place fails at this moment."
		}
		return "It now fails in " + where + "."
	case uptime.IncidentCause:
		return cause + "."
	case uptime.IncidentRecovery:
		return "A check passed; one more good check closes the incident."
	case uptime.IncidentResolved:
		return "Two good checks in a row."
	case uptime.IncidentAcked: // who it was is for operators alone
		return "Somebody is working on it."
	case uptime.IncidentForgotten:
		return "The server was taken off this monitor."
	}
	return visible(public.Text(e.Text))
}

// windowView is a planned maintenance.
type windowView struct {
	Name, Text string
	From, To   draw.Moment
	Now        bool
	Lasts      string
}

func windowsOf(all []uptime.Window, now time.Time) []windowView {
	var out []windowView
	for _, w := range all {
		out = append(out, windowView{
			Name: visible(cmp.Or(w.Name, "Planned maintenance")), Text: visible(w.Text), From: draw.Clock(w.From, now), To: draw.Clock(w.To, now),
			Now: !now.Before(w.From) && now.Before(w.To), Lasts: board.Span(w.To.Sub(w.From)),
		})
	}
	return out
}
