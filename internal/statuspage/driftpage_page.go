package statuspage

import (
	"fmt"
	"net/http"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// driftFrame is what drift.html shows.
type driftFrame struct {
	identity
	Drift driftView
	comparison
	CanAccept bool
}

// driftOfServer is the drift of the address, if it is one of the server's.
func (s *Site) driftOfServer(r *http.Request) (board.DriftView, error) {
	id := uptime.DriftID(r.PathValue("id"))
	row, ok := s.opt.Source.Row(s.opt.Tenant, r.PathValue("slug"))
	if !ok {
		return board.DriftView{}, fmt.Errorf("%w: no server %q", uptime.ErrNotFound, visible(r.PathValue("slug"), 80))
	}
	v, err := s.opt.Source.Drift(r.Context(), s.opt.Tenant, id)
	if err != nil {
		return v, fmt.Errorf("reading drift %q: %w", visible(id, 80), err)
	}
	if v.Server != row.Server {
		return v, fmt.Errorf("%w: drift %q is another server's", uptime.ErrNotFound, visible(id, 80))
	}
	return v, nil
}

func (s *Site) driftPage(w http.ResponseWriter, r *http.Request) error {
	l, err := s.look(r)
	if err != nil {
		return err
	}
	d, err := s.driftOfServer(r)
	if err != nil {
		return err
	}
	v := driftFrame{identity: s.identityOf(r, l), Drift: driftOf(l.view.Slug, d.Drift, l.cities, l.operator != "", nowText(l.now)), comparison: compare(d.Before, d.After)}
	v.CanAccept = l.operator != "" && d.Open()
	return s.show(w, r, "drift.html", Frame{Title: v.Name + ": tools changed", Description: v.Drift.Summary, Nav: "servers", Styles: []string{"server.css"}, Data: v})
}
