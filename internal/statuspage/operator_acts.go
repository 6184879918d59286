package statuspage

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// remark reads what an operator wrote.
func remark(r *http.Request, key string) (string, error) {
	text := strings.TrimSpace(strings.ReplaceAll(r.PostFormValue(key), "\r\n", "\n"))
	switch {
	case text == "":
		return "", fmt.Errorf("%w: write why, or what is being done", uptime.ErrInvalid)
	case utf8.RuneCountInString(text) > maxNote:
		return "", fmt.Errorf("%w: at most %d characters", uptime.ErrInvalid, maxNote)
	}
	return strings.ToValidUTF8(text, "\uFFFD"), nil
}

func (s *Site) acceptDrift(w http.ResponseWriter, r *http.Request, by string) error {
	d, err := s.driftOfServer(r)
	if err != nil {
		return err
	}
	note, err := remark(r, "note")
	if err != nil {
		return err
	}
	if err := s.opt.Acts.Accept(r.Context(), s.opt.Tenant, d.ID, by, note); err != nil {
		return fmt.Errorf("accepting drift %s: %w", d.ID, err)
	}
	http.Redirect(w, r, strings.TrimSuffix(r.URL.EscapedPath(), "/accept"), http.StatusSeeOther)
	return nil
}

func (s *Site) noteIncident(w http.ResponseWriter, r *http.Request, by string) error {
	v, err := s.incidentOfServer(r)
	if err != nil {
		return err
	}
	note, err := remark(r, "note")
	if err != nil {
		return err
	}
	if err := s.opt.Acts.Note(r.Context(), s.opt.Tenant, v.ID, by, note); err != nil {
		return fmt.Errorf("noting on incident %s: %w", v.ID, err)
	}
	http.Redirect(w, r, strings.TrimSuffix(r.URL.EscapedPath(), "/note"), http.StatusSeeOther)
	return nil
}

// replayView is a probe that was made for an operator, just now.
type replayView struct {
	identity
	Place  string
	Region string // slug
	Ladder ladder
}

// replay probes now and shows what was said.
func (s *Site) replay(w http.ResponseWriter, r *http.Request, _ string) error {
	l, err := s.look(r)
	if err != nil {
		return err
	}
	at, found := chooseRegion(&l.view, l.cities, r.PostFormValue("region"))
	if !found || at < 0 {
		return fmt.Errorf("%w: choose one of the server's cities", uptime.ErrInvalid)
	}
	cell, err := s.opt.Acts.Replay(r.Context(), s.opt.Tenant, l.view.Slug, l.cities[at].ID)
	if err != nil {
		return fmt.Errorf("probing %s from %s: %w", l.view.Slug, l.cities[at].Name, err)
	}
	view := replayView{identity: s.identityOf(r, l), Place: l.cities[at].Name, Region: l.cities[at].Slug}
	view.Path = web.ServerPath(l.view.Slug) + "?region=" + view.Region
	view.Ladder = ladderOf(cell.Last(), strings.HasPrefix(l.view.URL, "https:"), true, s.opt.Now())
	return s.showAs(w, r, http.StatusOK, "replay.html", Frame{Title: view.Name + ": probed now", Nav: "servers", Styles: []string{"server.css"}, Data: view})
}
