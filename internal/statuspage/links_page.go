package statuspage

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// maxToken is how long a token of a link may be, in bytes.
const maxToken = 1024

// linkRoutes serve the signed links of messages. A GET never acts, because mail
// scanners and previews open links; a POST needs nothing but the token.
func (s *Site) linkRoutes() {
	s.handle("GET /a/{token}", s.linkPage)
	s.handle("POST /a/{token}", s.capable(s.followLink))
}

// linkView is the page of a signed link.
type linkView struct {
	Notice  noticeView
	Over    bool
	Since   draw.Moment
	Action  string
	Quiet   bool // silencing is offered first
	Lasts   []choiceWord
	Done    string
	Expires string
}

// private tells browsers and searchers to keep an address with a token to
// themselves.
func private(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}

// capable is for forms whose address holds a token that allows what they do:
// whoever has it may send them from anywhere, with any body. No cookie counts.
func (s *Site) capable(h func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		private(w)
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseMultipartForm(maxForm); err != nil && !errors.Is(err, http.ErrNotMultipart) {
			return fmt.Errorf("%w: the form cannot be read: %w", uptime.ErrInvalid, err)
		}
		return h(w, r)
	}
}

// grant reads the token of the address.
func (s *Site) grant(r *http.Request) (Grant, error) {
	token := r.PathValue("token")
	if len(token) > maxToken {
		return Grant{}, uptime.ErrNotFound
	}
	g, err := s.opt.Links.Open(token)
	switch {
	case err != nil:
		return g, err
	case g.Tenant != s.opt.Tenant:
		return g, uptime.ErrNotFound
	case !g.Expires.IsZero() && !s.opt.Now().Before(g.Expires):
		return g, uptime.ErrForbidden
	}
	return g, nil
}

func (s *Site) linkPage(w http.ResponseWriter, r *http.Request) error {
	private(w)
	g, err := s.grant(r)
	if err != nil {
		return s.badLink(w, r, err)
	}
	return s.showLink(w, r, g, "")
}

func (s *Site) showLink(w http.ResponseWriter, r *http.Request, g Grant, done string) error {
	n, err := s.opt.Links.Told(r.Context(), g)
	if err != nil {
		return s.badLink(w, r, err)
	}
	now := s.opt.Now().UTC()
	v := linkView{
		Notice: noticeOf(&n), Over: n.Phase == uptime.NoticeCloses || !n.Resolved.IsZero(), Since: draw.Clock(n.Started, now),
		Action: r.URL.EscapedPath(), Quiet: g.Act == LinkSilence, Lasts: linkLasts(), Done: done, Expires: remaining(g.Expires, now),
	}
	return s.showAs(w, r, http.StatusOK, "link.html", Frame{Title: v.Notice.Title, Styles: []string{"server.css", "alarms.css"}, Fleeting: true, Data: v})
}

func (s *Site) followLink(w http.ResponseWriter, r *http.Request) error {
	g, err := s.grant(r)
	if err != nil {
		return s.badLink(w, r, err)
	}
	done, err := s.doLink(r, g)
	if errors.Is(err, uptime.ErrNotFound) {
		return s.badLink(w, r, err)
	}
	if err != nil {
		return err
	}
	return s.showLink(w, r, g, done)
}

// doLink does what the button says, and says so.
func (s *Site) doLink(r *http.Request, g Grant) (string, error) {
	do := r.PostFormValue("do")
	if do == string(LinkAcknowledge) {
		if err := s.opt.Links.Acknowledge(r.Context(), g); err != nil {
			return "", fmt.Errorf("acknowledging by a link: %w", err)
		}
		return "Acknowledged. Nobody else is woken for this.", nil
	}
	lasts, err := lastsOf(do)
	if err != nil {
		return "", err
	}
	if err := s.opt.Links.Silence(r.Context(), g, lasts); err != nil {
		return "", fmt.Errorf("silencing by a link: %w", err)
	}
	until := board.Clock(s.opt.Now().Add(lasts), s.opt.Now())
	return "Silenced for " + silenceWords(lasts) + ", until " + until + ". It ends by itself.", nil
}

func silenceWords(d time.Duration) string {
	return board.Plural(int(d/time.Hour), "hour", "hours")
}

// deadEnd is the page of a link that leads nowhere, or of an end that is good
// news.
type deadEnd struct {
	Mark, Title, Text string
	// Key is a secret that is shown once.
	Key string
	// Action and Button are a form; empty for none.
	Action, Button string
	Fields         []pair
	// Href and Label lead on.
	Href, Label string
}

// pair is a fact about a subscription.
type pair struct{ Name, Value string }

// badLink is the friendly page of a link that is wrong, old, or of something that
// was forgotten. Our own failures are errors.
func (s *Site) badLink(w http.ResponseWriter, r *http.Request, err error) error {
	page := deadEnd{
		Mark: "unknown", Title: "This link does not work", Text: "It is incomplete, or what it was for is gone. Open it from the message again, in one piece.",
		Href: "/", Label: "See the status page",
	}
	status := http.StatusNotFound
	switch {
	case errors.Is(err, uptime.ErrForbidden):
		status, page.Title = http.StatusGone, "This link has expired"
		page.Text = "Links in messages work for a limited time. A newer message has a newer one."
	case !errors.Is(err, uptime.ErrNotFound):
		return fmt.Errorf("opening a link: %w", err)
	}
	if s.alarmed() {
		page.Text += " Operators can also sign in and act there."
	}
	return s.showEnd(w, r, status, page)
}

// showEnd answers with such a page. Scripts that posted get the same status.
func (s *Site) showEnd(w http.ResponseWriter, r *http.Request, status int, page deadEnd) error {
	if !web.WantsHTML(r) && status >= http.StatusBadRequest {
		return &web.Fault{Status: status, Detail: page.Title}
	}
	return s.showAs(w, r, status, "end.html", Frame{Title: page.Title, Styles: []string{"server.css", "alarms.css"}, Fleeting: true, Data: page})
}
