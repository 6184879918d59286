package statuspage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Bounds of a silence.
const (
	longestSilence = 30 * 24 * time.Hour
	maxSilenced    = 100 // servers or groups of one silence
	formTime       = "2006-01-02T15:04"
)

// silencesView is what is silenced now, and the form for more.
type silencesView struct {
	deskPage
	All    []silenceView
	Groups []string
	Slugs  []string // to choose from; empty when there are too many
	Form   silenceForm
	Lasts  []choiceWord
	Least  string // earliest and latest end, for the form
	Most   string
}

// silenceView is a silence as people read it.
type silenceView struct {
	ID, End     string // End is where its form goes
	What, Story string
	Servers     []silencedServer
	Groups      []string
	From, Until draw.Moment
	Later       bool // it has not begun
	Ends        string
	By, Note    string
}

// silencedServer is a slug and the server's name, if it is one that is shown
// here.
type silencedServer struct{ Slug, Name string }

// silenceForm is what was filled in.
type silenceForm struct {
	Scope, Servers, Lasts, Until, Note string
	Groups                             []string
}

// Has reports whether a group is chosen.
func (f silenceForm) Has(group string) bool { return slices.Contains(f.Groups, group) }

func silenceLasts() []choiceWord {
	return []choiceWord{{"1h", "1 hour"}, {"4h", "4 hours"}, {"24h", "1 day"}, {"until", "Until"}}
}

func newSilenceID() string { return "sil_" + strings.ToLower(rand.Text()[:16]) }

func (s *Site) silencesPage(w http.ResponseWriter, r *http.Request, by string) error {
	f := silenceForm{Scope: "servers", Servers: visible(r.URL.Query().Get("server"), 80), Lasts: "1h"}
	d := s.deskPageOf(r, by)
	switch r.URL.Query().Get("did") {
	case "put":
		d.Done = "Silenced. It ends by itself."
	case "end":
		d.Done = "The silence is over; whatever lasts is told now."
	}
	d.Path = "/operator/silences"
	return s.showSilences(w, r, http.StatusOK, d, f)
}

func (s *Site) showSilences(w http.ResponseWriter, r *http.Request, status int, d deskPage, f silenceForm) error {
	all, err := s.opt.Alarms.Silences(r.Context(), s.opt.Tenant)
	if err != nil {
		return fmt.Errorf("reading the silences: %w", err)
	}
	now := s.opt.Now().UTC()
	v := silencesView{deskPage: d, Form: f, Lasts: silenceLasts(), Least: now.Format(formTime), Most: now.Add(longestSilence).Format(formTime)}
	for i := range all {
		one := s.silenceOf(&all[i], now)
		if all[i].Alert != "" {
			one.What = s.titleOf(r.Context(), all[i].Alert)
		}
		v.All = append(v.All, one)
	}
	page := s.opt.Source.List(s.opt.Tenant, board.Query{Order: board.ByName, Limit: maxPerPage})
	v.Groups = choices(page.Groups, "")
	if page.Found <= maxPerPage {
		for _, row := range page.Rows {
			v.Slugs = append(v.Slugs, row.Slug)
		}
	}
	return s.showDesk(w, r, status, "silences.html", "Silences", v)
}

// titleOf is what was said of an alert last.
func (s *Site) titleOf(ctx context.Context, key uptime.AlertKey) string {
	story, err := s.opt.Alarms.Story(ctx, s.opt.Tenant, key)
	if n := len(story.Deliveries); err == nil && n > 0 {
		return visible(story.Deliveries[n-1].Notice.Title, 120)
	}
	return "One alert"
}

func (s *Site) silenceOf(q *uptime.Silence, now time.Time) silenceView {
	v := silenceView{
		ID: q.ID, End: "/operator/silences/" + url.PathEscape(q.ID) + "/end", From: draw.Clock(q.From, now), Until: draw.Clock(q.Until, now),
		Later: q.From.After(now), Ends: remaining(q.Until, now), By: visible(q.By, 60), Note: visible(q.Note, 500),
	}
	switch {
	case q.Alert != "":
		v.What, v.Story = "One alert", storyPath(q.Alert)
	case len(q.Servers) == 0 && len(q.Groups) == 0:
		v.What = "All servers"
	}
	for _, slug := range q.Servers {
		one := silencedServer{Slug: visible(slug, 80)}
		if row, ok := s.opt.Source.Row(s.opt.Tenant, slug); ok {
			one.Name = visible(row.Name, maxName)
		}
		v.Servers = append(v.Servers, one)
	}
	for _, g := range q.Groups {
		v.Groups = append(v.Groups, visible(g, 60))
	}
	return v
}

func (s *Site) putSilence(w http.ResponseWriter, r *http.Request, by string) error {
	f := silenceForm{
		Scope: r.PostFormValue("scope"), Servers: visible(r.PostFormValue("servers"), 2000), Groups: r.PostForm["group"],
		Lasts: r.PostFormValue("lasts"), Until: visible(r.PostFormValue("until"), 40), Note: r.PostFormValue("note"),
	}
	silence, err := f.read(s.opt.Now().UTC())
	if err == nil {
		silence.Note, err = optionalNote(r)
	}
	if err == nil {
		silence.ID, silence.Tenant, silence.By = newSilenceID(), s.opt.Tenant, by
		err = s.opt.Alarms.PutSilence(r.Context(), silence)
	}
	if errors.Is(err, uptime.ErrInvalid) || errors.Is(err, uptime.ErrConflict) || errors.Is(err, uptime.ErrNotFound) {
		d := s.deskPageOf(r, by)
		d.Path, d.Wrong = "/operator/silences", upperFirst(visible(plainError(err)))+"."
		return s.showSilences(w, r, web.StatusOf(err), d, f)
	}
	if err != nil {
		return fmt.Errorf("storing a silence: %w", err)
	}
	http.Redirect(w, r, "/operator/silences?did=put", http.StatusSeeOther)
	return nil
}

// read makes a silence of the form.
func (f silenceForm) read(now time.Time) (q uptime.Silence, err error) {
	q.From = now
	if q.Until, err = f.end(now); err != nil {
		return q, err
	}
	switch f.Scope {
	case "all":
	case "servers":
		q.Servers, err = slugList(f.Servers)
	case "groups":
		q.Groups = f.Groups
		if len(q.Groups) == 0 || len(q.Groups) > maxSilenced {
			err = fmt.Errorf("%w: choose a group, at most %d", uptime.ErrInvalid, maxSilenced)
		}
	default:
		err = fmt.Errorf("%w: choose servers, groups or all", uptime.ErrInvalid)
	}
	return q, err
}

func (f silenceForm) end(now time.Time) (time.Time, error) {
	if f.Lasts != "until" {
		lasts, err := lastsOf(f.Lasts)
		return now.Add(lasts), err
	}
	t, err := time.Parse(formTime, f.Until)
	switch {
	case err != nil:
		return t, fmt.Errorf("%w: say until when, such as %s (UTC)", uptime.ErrInvalid, now.Add(time.Hour).Format(formTime))
	case !t.After(now):
		return t, fmt.Errorf("%w: that moment has passed; times are UTC", uptime.ErrInvalid)
	case t.Sub(now) > longestSilence:
		return t, fmt.Errorf("%w: a silence lasts for at most %s; plan maintenance for what takes longer", uptime.ErrInvalid, board.Span(longestSilence))
	}
	return t, nil
}

// slugList reads slugs between commas or spaces. Hidden servers can be silenced
// too, so nobody asks the board whether they are there.
func slugList(text string) ([]string, error) {
	var out []string
	for slug := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		plain := strings.IndexFunc(slug, func(r rune) bool { return !letterOrDigit(r) && r != '-' && r != '_' && r != '.' }) < 0
		if !plain || len(slug) > 100 {
			return nil, fmt.Errorf("%w: %q is no slug of a server", uptime.ErrInvalid, visible(slug, 40))
		}
		if !slices.Contains(out, slug) {
			out = append(out, slug)
		}
	}
	if len(out) == 0 || len(out) > maxSilenced {
		return nil, fmt.Errorf("%w: name a server, at most %d", uptime.ErrInvalid, maxSilenced)
	}
	return out, nil
}

func (s *Site) endSilence(w http.ResponseWriter, r *http.Request, by string) error {
	id, err := pathPart(r, "id")
	if err != nil {
		return err
	}
	if err := s.opt.Alarms.EndSilence(r.Context(), s.opt.Tenant, id, by); err != nil {
		return fmt.Errorf("ending silence %q: %w", visible(id, 80), err)
	}
	return s.back(w, r, "/operator/silences?did=end")
}
