package statuspage

import (
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Frame is what the layout needs to know about a page. Handlers fill in the
// first part; show does the rest.
type Frame struct {
	// Title names the page; the site's name is added.
	Title       string
	Description string
	// Nav is the item of the navigation that the page belongs to: servers,
	// incidents, drifts or badges; empty for none.
	Nav string
	// Styles and Scripts are static files besides base.css and live.js.
	Styles, Scripts []string
	Alternates      []Alternate
	// Live is the place in the ring of updates that the page shows; set it and
	// the page's script follows from there.
	Live *uint64
	// Fleeting pages are kept nowhere and found by no search engine.
	Fleeting bool
	// Data is the page's own.
	Data any

	Site   *Options
	Health board.Health
	Theme  string // light, dark, or empty for the system's
	Path   string // with query, to come back to
	Now    time.Time
}

// Alternate is another form of the page: a feed, markdown, JSON.
type Alternate struct{ Type, Title, Href string }

// show answers with a page in the layout. The name is that of its template
// file.
func (s *Site) show(w http.ResponseWriter, r *http.Request, page string, f Frame) error {
	return s.showAs(w, r, http.StatusOK, page, f)
}

func (s *Site) showAs(w http.ResponseWriter, r *http.Request, status int, page string, f Frame) error {
	f.Site, f.Health, f.Now = &s.opt, s.opt.Source.Health(), s.opt.Now()
	f.Theme, f.Path = themeOf(r), r.URL.RequestURI()
	body, err := s.pages.Page(page, f)
	if err != nil {
		return err
	}
	w.Header().Add("Vary", "Cookie")
	c := web.Content{Type: "text/html; charset=utf-8", Cache: web.CachePrivate, Body: body}
	if status != http.StatusOK || r.Method == http.MethodPost || f.Fleeting {
		c.Status, c.Cache = status, "no-store"
	}
	if f.Fleeting {
		w.Header().Set("X-Robots-Tag", "noindex, nofollow")
	}
	return web.Send(w, r, c)
}

// loggedPath is the path as the log may have it: a token in it acts for whoever
// reads it.
func loggedPath(r *http.Request) string {
	if r.PathValue("token") != "" {
		return r.Pattern
	}
	return r.URL.Path
}

// errorPage is what error.html shows.
type errorPage struct {
	Status        int
	Title, Detail string
}

// fail answers with an error: a page for people, a problem for programs. Our
// own failures are logged; nobody else reads about them.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody is there to read it
	}
	p := web.ProblemOf(r, err)
	if p.Status >= http.StatusInternalServerError && p.Status != http.StatusServiceUnavailable {
		s.opt.Logger.ErrorContext(r.Context(), "a page failed", "path", loggedPath(r), "error", err)
	}
	if !web.WantsHTML(r) {
		web.WriteProblem(w, r, err)
		return
	}
	frame := Frame{Title: p.Title, Data: errorPage{Status: p.Status, Title: p.Title, Detail: p.Detail}}
	if err := s.showAs(w, r, p.Status, "error.html", frame); err != nil {
		s.opt.Logger.ErrorContext(r.Context(), "the error page failed", "error", err)
		web.WriteProblem(w, r, err)
	}
}
