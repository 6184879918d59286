package statuspage

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// pageOfIncidents is how many incidents a page of the list shows.
const pageOfIncidents = 25

// incidentsView is the list of a server's incidents.
type incidentsView struct {
	identity
	Cards []incidentCard
	// Older leads on, Newest back to the beginning; empty when there is nothing.
	Older, Newest string
}

func (s *Site) incidentsPage(w http.ResponseWriter, r *http.Request) error {
	l, err := s.look(r)
	if err != nil {
		return err
	}
	q := uptime.IncidentQuery{Server: l.view.Server, Limit: pageOfIncidents + 1}
	after := r.URL.Query().Get("after")
	if q.Before, q.BeforeID, err = parseCursor(after); err != nil {
		return err
	}
	all, err := s.opt.Source.Incidents(r.Context(), s.opt.Tenant, q)
	if err != nil {
		return fmt.Errorf("reading the incidents of %s: %w", l.view.Slug, err)
	}
	v := incidentsView{identity: s.identityOf(r, l), Cards: cardsOf(l.view.Slug, all[:min(len(all), pageOfIncidents)], l.cities, l.now)}
	if len(all) > pageOfIncidents {
		v.Older = r.URL.EscapedPath() + "?after=" + url.QueryEscape(incidentCursor(all[pageOfIncidents-1]))
	}
	if after != "" {
		v.Newest = r.URL.EscapedPath()
	}
	return s.show(w, r, "incidents.html", Frame{Title: v.Name + ": incidents", Nav: "servers", Styles: []string{"server.css"}, Data: v})
}

// incidentCursor names a place in the list of incidents.
func incidentCursor(i uptime.Incident) string {
	return strconv.FormatInt(i.Opened.UnixNano(), 10) + "." + string(i.ID)
}

// parseCursor reads what incidentCursor wrote; an empty text is the beginning.
func parseCursor(text string) (time.Time, uptime.IncidentID, error) {
	if text == "" {
		return time.Time{}, "", nil
	}
	at, id, ok := strings.Cut(text, ".")
	nano, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil || len(id) > 64 {
		return time.Time{}, "", fmt.Errorf("%w: after is no place in this list", uptime.ErrInvalid)
	}
	return time.Unix(0, nano).UTC(), uptime.IncidentID(id), nil
}

// incidentFrame is what incident.html shows.
type incidentFrame struct {
	identity
	incidentPage
	Told *toldView // for operators; nil when the router knows nothing of it
}

// incidentOfServer is the incident of the address, if it is one of the server's.
func (s *Site) incidentOfServer(r *http.Request) (board.IncidentView, error) {
	id := uptime.IncidentID(r.PathValue("id"))
	row, ok := s.opt.Source.Row(s.opt.Tenant, r.PathValue("slug"))
	if !ok {
		return board.IncidentView{}, fmt.Errorf("%w: no server %q", uptime.ErrNotFound, visible(r.PathValue("slug"), 80))
	}
	v, err := s.opt.Source.Incident(r.Context(), s.opt.Tenant, id)
	if err != nil {
		return v, fmt.Errorf("reading incident %q: %w", visible(id, 80), err)
	}
	if v.Server != row.Server {
		return v, fmt.Errorf("%w: incident %q is another server's", uptime.ErrNotFound, visible(id, 80))
	}
	return v, nil
}

func (s *Site) incidentPage(w http.ResponseWriter, r *http.Request) error {
	l, err := s.look(r)
	if err != nil {
		return err
	}
	in, err := s.incidentOfServer(r)
	if err != nil {
		return err
	}
	secure := strings.HasPrefix(l.view.URL, "https:")
	v := incidentFrame{identity: s.identityOf(r, l), incidentPage: incidentOf(l.view.Slug, in, l.cities, secure, l.operator != "", l.now)}
	f := Frame{Title: v.Name + ": " + v.Card.What, Description: v.Card.What + ", " + v.Card.Begin.Text, Nav: "servers", Styles: []string{"server.css"}}
	if v.Operator != "" && s.alarmed() {
		if v.Told, _, err = s.told(r, uptime.AlertKey(in.ID)); err != nil {
			return err
		}
		f.Styles, f.Fleeting = append(f.Styles, "alarms.css"), true
	}
	f.Data = v
	return s.show(w, r, "incident.html", f)
}
