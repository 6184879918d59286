package statuspage

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// alarmRoutes are the operator's pages of alerting.
func (s *Site) alarmRoutes() {
	s.handle("GET /operator/sinks", s.desked(s.sinksPage))
	s.handle("POST /operator/sinks/{name}/test", s.act(s.testSink))
	s.handle("POST /operator/sinks/{name}/challenge", s.act(s.challengeSink))
	s.handle("POST /operator/sinks/{name}/prove", s.act(s.proveSink))
	s.handle("GET /operator/deliveries", s.desked(s.deliveriesPage))
	s.handle("GET /operator/deliveries/{id}", s.desked(s.deliveryPage))
	s.handle("POST /operator/deliveries/{id}/replay", s.act(s.replayDelivery))
	s.handle("GET /operator/alerts/{key}", s.desked(s.alertPage))
	s.handle("POST /operator/alerts/{key}/acknowledge", s.act(s.acknowledge))
	s.handle("POST /operator/alerts/{key}/silence", s.act(s.silenceAlert))
	s.handle("GET /operator/silences", s.desked(s.silencesPage))
	s.handle("POST /operator/silences", s.act(s.putSilence))
	s.handle("POST /operator/silences/{id}/end", s.act(s.endSilence))
}

// alarmed reports whether this site shows alerting to its operators.
func (s *Site) alarmed() bool { return s.opt.Acts != nil && s.opt.Alarms != nil }

// desked is for pages that only operators read; others are shown the way in.
func (s *Site) desked(h func(w http.ResponseWriter, r *http.Request, by string) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		by := s.signedIn(r)
		if by == "" {
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, "/operator?back="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return nil
		}
		return h(w, r, by)
	}
}

// deskPage is what all pages of alerting have in common: the operator's bar and
// what the last act came to.
type deskPage struct {
	Operator string
	Path     string
	Done     string // what was just done
	Wrong    string // why it was not
}

func (s *Site) deskPageOf(r *http.Request, by string) deskPage {
	return deskPage{Operator: by, Path: r.URL.RequestURI()}
}

// showDesk answers with a page of alerting, which nobody keeps.
func (s *Site) showDesk(w http.ResponseWriter, r *http.Request, status int, page, title string, data any) error {
	return s.showAs(w, r, status, page, Frame{
		Title: title, Styles: []string{"server.css", "alarms.css"}, Fleeting: true, Data: data,
	})
}

// remaining says how long until t: in 3 min; zero for the past and for no time.
func remaining(t, now time.Time) string {
	if t.IsZero() || !t.After(now) {
		return ""
	}
	return "in " + board.Span(t.Sub(now))
}

// passed says how long ago t was; empty for no time.
func passed(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	return board.Span(now.Sub(t)) + " ago"
}

// aging shows a time and how long ago it was.
type aging struct {
	At  draw.Moment
	Ago string
}

func agingOf(t, now time.Time) aging { return aging{At: draw.Clock(t, now), Ago: passed(t, now)} }

// back leads to where a form was sent from, with what was done.
func (s *Site) back(w http.ResponseWriter, r *http.Request, otherwise string) error {
	to := ownPath(r.PostFormValue("back"))
	if to == "/" {
		to = otherwise
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// pathPart is the name in an address; what is too long for one is not there.
func pathPart(r *http.Request, key string) (string, error) {
	v := r.PathValue(key)
	if len(v) > 200 {
		return "", fmt.Errorf("%w: there is nothing of that name", uptime.ErrNotFound)
	}
	return v, nil
}
