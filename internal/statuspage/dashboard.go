package statuspage

import (
	"net/http"

	"github.com/alivemcp/alivemcp/internal/board"
)

type dashboard struct {
	Sentence string
	Page     board.Page
}

func (s *Site) dashboardRoutes() {
	s.navigate("servers", "Servers", "/")
	s.handle("GET /{$}", s.dashboard)
}

func (s *Site) dashboard(w http.ResponseWriter, r *http.Request) error {
	page := s.opt.Source.List(s.opt.Tenant, board.Query{})
	return s.show(w, r, "dashboard.html", Frame{Title: "Servers", Nav: "servers", Data: dashboard{"All servers", page}})
}
