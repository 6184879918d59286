package statuspage

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// serverRoutes are the pages of a server, its incidents and its drifts, and what
// an operator can do there.
func (s *Site) serverRoutes() {
	s.handle("GET /status/{slug}", s.serverPage)
	s.handle("GET /status/{slug}/incidents", s.incidentsPage)
	s.handle("GET /status/{slug}/incidents/{id}", s.incidentPage)
	s.handle("GET /status/{slug}/drifts/{id}", s.driftPage)
	if s.opt.Acts != nil {
		s.operatorRoutes()
	}
	if s.alarmed() {
		s.alarmRoutes()
	}
}

// serverView is the page of one server. The first part answers the five
// questions; the rest is for those who want to know more.
type serverView struct {
	identity
	Head   headline
	Health healthSign
	Lock   lockSign
	Flag   string // the red flag; empty for none
	Places []placeView
	Strip  strip
	Aware  awareness
	Feed   string

	Probe   probeView
	Minute  *minuteView
	Days    daysView
	Chart   draw.Chart
	Windows []choice // of the chart
	Shares  []share
	Budget  *budgetView
	Surface surfaceView
	Drifts  []driftView
	Listed  *listedView // nil for what no registry lists

	Incidents   []incidentCard
	Maintenance []windowView
}

// identity says which server a page is about, and who is looking at it.
type identity struct {
	Slug, Name, Group, Description string
	// URL is shown, not linked; Runbook is for the operator alone.
	URL, Runbook string
	Demo, Guest  bool
	// Certificate says how long it is valid; Expiring that this is not long.
	Certificate string
	Expiring    bool
	Operator    string // name of the operator who is signed in
	CanSignIn   bool
	Path        string
}

// healthSign is the first axis.
type healthSign struct {
	Mark, Word, Since string
	At                draw.Moment
}

// awareness answers: do the system and its operator know?
type awareness struct{ Monitor, Operator string }

// probeView is the newest evidence of one region.
type probeView struct {
	Place  string
	Slug   string
	Ladder *ladder
	Why    string // why there is no ladder
	Open   bool
}

// choice is one of several views of the same thing.
type choice struct {
	Label, Href string
	Chosen      bool
}

// here is the page's own address with those parts of its query that choose what
// is shown, so that one choice does not undo another.
type here struct {
	path  string
	query url.Values
}

// with is the address with one choice made.
func (h here) with(key, value, anchor string) string {
	q := url.Values{}
	maps.Copy(q, h.query)
	q.Set(key, value)
	return h.path + "?" + q.Encode() + "#" + anchor
}

// hereOf reads the choices of a request: those keys that are known and set.
func hereOf(r *http.Request, keys ...string) here {
	h := here{path: r.URL.EscapedPath(), query: url.Values{}}
	given := r.URL.Query()
	for _, k := range keys {
		if v := given.Get(k); v != "" {
			h.query.Set(k, v)
		}
	}
	return h
}

func (h here) get(key string) string { return h.query.Get(key) }

// looker is what all handlers of a server's pages begin with.
type looker struct {
	view     board.View
	cities   []city
	now      time.Time
	operator string
}

func (s *Site) look(r *http.Request) (looker, error) {
	slug := r.PathValue("slug")
	v, err := s.opt.Source.View(r.Context(), s.opt.Tenant, slug)
	if err != nil {
		return looker{}, fmt.Errorf("looking up server %q: %w", web.Visible(slug, 80), err)
	}
	return looker{view: v, cities: citiesOf(v.Regions), now: s.opt.Now().UTC(), operator: s.signedIn(r)}, nil
}

func (s *Site) identityOf(r *http.Request, l looker) identity {
	row := l.view.Row
	id := identity{
		Slug: row.Slug, Name: visible(cmp.Or(row.Name, row.Slug), 120), Group: visible(row.Group, 60), Description: visible(row.Description),
		Demo: row.Demo, Guest: row.Guest, Operator: l.operator, CanSignIn: s.opt.Acts != nil, Path: r.URL.RequestURI(),
	}
	id.URL = visible(public.URL(row.URL), 160)
	if days := l.view.CertificateDays; days != nil {
		id.Certificate, id.Expiring = certificateWords(*days), *days < expiresSoon
	}
	if l.operator != "" {
		id.URL, id.Runbook = visible(row.URL, 160), webLink(row.RunbookURL)
	}
	return id
}

// expiresSoon is how many days before its end a certificate is worth a warning:
// automatic renewal should have happened by then.
const expiresSoon = 14

func certificateWords(days int) string {
	if days < 0 {
		return "certificate expired " + manyText(-days, "day") + " ago"
	}
	return "certificate valid for " + manyText(days, "day")
}

// webLink returns a URL that may be linked to, or nothing.
func webLink(raw string) string {
	if u, err := url.Parse(raw); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		return raw
	}
	return ""
}

func (s *Site) serverPage(w http.ResponseWriter, r *http.Request) error {
	_, place, _ := s.opt.Source.Updates(0) // before the look: nothing is missed
	l, err := s.look(r)
	if err != nil {
		return err
	}
	view, err := s.serverOf(r, l)
	if err != nil {
		return err
	}
	return s.show(w, r, "server.html", Frame{
		Title: view.Name + ": " + strings.ToLower(view.Health.Word), Description: visible(board.Headline(l.view.Row, l.now)), Nav: "servers",
		Styles: []string{"server.css"}, Scripts: []string{"server.js"}, Live: &place, Data: view,
		Alternates: []Alternate{{"application/atom+xml", view.Name + ": incidents and changes", view.Feed}},
	})
}

func (s *Site) serverOf(r *http.Request, l looker) (serverView, error) {
	h := hereOf(r, "region", "minute", "day", "window")
	chosen, found := chooseRegion(&l.view, l.cities, h.get("region"))
	if !found {
		return serverView{}, fmt.Errorf("%w: there is no city %q here", uptime.ErrInvalid, visible(h.get("region"), 40))
	}
	v := s.present(r, l, h, chosen)
	for _, more := range []func(context.Context, looker, here, *serverView) error{s.addRecords, s.addMinute, s.addChart} {
		if err := more(r.Context(), l, h, &v); err != nil {
			return v, err
		}
	}
	return v, nil
}

// present shows what the board knows from memory.
func (s *Site) present(r *http.Request, l looker, h here, chosen int) serverView {
	b, now := &l.view, l.now
	v := serverView{
		identity: s.identityOf(r, l), Head: headlineOf(b, now), Health: healthOf(b, now), Lock: lockOf(b.Access, b.ToolsHash != ""),
		Strip: stripOf(b.From, b.Minutes, h, now, "in the last 24 hours"), Aware: awareOf(b, now), Feed: web.ServerPath(b.Slug) + "/feed.atom",
		Shares: sharesOf(b.Summary), Listed: s.listedOf(b.Server), Budget: budgetOf(b.Budget), Surface: surfaceOf(b, nowText(now)), Maintenance: windowsOf(b.Windows, now),
	}
	slug := ""
	if chosen >= 0 {
		v.Probe = probeOf(l, chosen)
		slug = v.Probe.Slug
	}
	v.Places = placesOf(b, l.cities, slug, h, now)
	if b.State == uptime.Down && b.Window == nil && (b.DownLong || !b.Since.IsZero() && now.Sub(b.Since) > redFlag) {
		v.Flag = "Down for more than " + board.Span(redFlag) + "."
	}
	return v
}

func probeOf(l looker, chosen int) probeView {
	region := l.view.Regions[chosen]
	p := probeView{Place: l.cities[chosen].Name, Slug: l.cities[chosen].Slug}
	if region.Look == nil {
		p.Why = "Nothing is kept of the newest check from here yet; it will be after the next one."
		return p
	}
	one := ladderOf(*region.Look, strings.HasPrefix(l.view.URL, "https:"), l.operator != "", l.now)
	p.Ladder, p.Open = &one, !one.Passed
	return p
}

func healthOf(v *board.View, now time.Time) healthSign {
	h := healthSign{Mark: rowMark(v.Row), Word: board.StateWord(v.State)}
	switch h.Mark {
	case "paused", "new":
		h.Word = map[string]string{"paused": "Paused", "new": "New"}[h.Mark]
		return h
	case "maintenance":
		h.Mark = v.State.String()
	}
	if !v.Since.IsZero() {
		h.Since, h.At = "for "+board.Span(now.Sub(v.Since)), draw.Clock(v.Since, now)
	}
	return h
}

func awareOf(v *board.View, now time.Time) awareness {
	i := v.Incident
	if i == nil {
		a := awareness{Monitor: "No incident is open" + lastIncident(v.Incidents, now) + ".", Operator: upcoming(v.Windows, now)}
		if v.OpenDrift != nil {
			a.Operator = "The operator has not accepted the change of its tools yet."
		}
		return a
	}
	a := awareness{
		Monitor:  "An incident was opened at " + board.Clock(i.Detected, now) + ", " + spellExact(i.Detected.Sub(i.Opened)) + " after the first failure.",
		Operator: "The operator has not commented yet.",
	}
	if i.Note != "" {
		a.Operator = "The operator knows and has commented."
	}
	return a
}

func lastIncident(all []uptime.Incident, now time.Time) string {
	for _, i := range all {
		if !i.Open() {
			return "; the last one ended " + board.Span(now.Sub(i.Recovered)) + " ago"
		}
	}
	return "; there was none so far"
}

func upcoming(all []uptime.Window, now time.Time) string {
	for _, w := range all {
		switch {
		case w.From.After(now):
			return "Maintenance is planned for " + board.Clock(w.From, now) + "."
		case w.To.After(now):
			return "Maintenance is going on until " + board.Clock(w.To, now) + "."
		}
	}
	return "No maintenance is planned."
}
