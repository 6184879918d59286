package api

import (
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit/shelf"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Reports are those of the audit: a *shelf.Shelf.
type Reports interface {
	// Entries returns all runs, newest first.
	Entries() []shelf.Entry
	// Report returns one. uptime.ErrNotFound means that there is no such run,
	// uptime.ErrConflict that its report is not there yet.
	Report(id uptime.AuditRunID) (*shelf.Report, error)
}

type reportsShape struct {
	Reports []reportShape `json:"reports"`
}

type reportShape struct {
	ID        string            `json:"id"`
	Ready     bool              `json:"ready"`
	Title     *string           `json:"title"`
	Began     *time.Time        `json:"began_at"`
	Ended     *time.Time        `json:"ended_at"`
	Rounds    int               `json:"rounds"`
	Regions   int               `json:"regions"`
	Endpoints *int              `json:"endpoints"`
	Strict    *headlineShape    `json:"strict"`
	Lenient   *headlineShape    `json:"lenient"`
	Unknown   *headlineShape    `json:"unknown"`
	Links     map[string]string `json:"links"`
}

type headlineShape struct {
	Percent     *float64 `json:"percent"`
	Low         *float64 `json:"low"`
	High        *float64 `json:"high"`
	Numerator   int      `json:"numerator"`
	Denominator int      `json:"denominator"`
	Definition  string   `json:"definition"`
}

func (a *API) listReports(w http.ResponseWriter, r *http.Request) error {
	if p := readParams(r); p.err != nil {
		return p.err
	}
	out := reportsShape{Reports: []reportShape{}}
	for _, e := range a.Reports.Entries() {
		out.Reports = append(out.Reports, a.reportOf(e))
	}
	return web.SendJSON(w, r, web.Content{Cache: cacheListed}, out)
}

func (a *API) reportOf(e shelf.Entry) reportShape {
	out := reportShape{
		ID: string(e.Run.ID), Began: when(e.Run.Began), Ended: when(e.Run.Ended), Rounds: e.Run.Rounds, Regions: len(e.Run.Regions), Links: map[string]string{},
	}
	if e.Report == nil {
		return out
	}
	out.Ready, out.Title, out.Endpoints = true, &e.Report.Title, &e.Report.Endpoints
	out.Strict, out.Lenient, out.Unknown = headlineOf(e.Report, "strict"), headlineOf(e.Report, "lenient"), headlineOf(e.Report, "unknown")
	page := a.BaseURL + web.ReportPath(e.Run.ID)
	out.Links = map[string]string{"page": page, "markdown": page + ".md", "endpoints_csv": page + ".csv", "looks_csv_gz": page + ".looks.csv.gz", "self": "/api/v1" + web.ReportPath(e.Run.ID)}
	return out
}

func headlineOf(r *shelf.Report, id string) *headlineShape {
	h := r.Headline(id)
	return &headlineShape{h.Percent, h.Low, h.High, h.Numerator, h.Denominator, h.Definition}
}

// report answers with the report as the audit writes it: its schema says its form.
func (a *API) report(w http.ResponseWriter, r *http.Request) error {
	if p := readParams(r); p.err != nil {
		return p.err
	}
	id := r.PathValue("id")
	report, err := a.Reports.Report(uptime.AuditRunID(id))
	if err != nil {
		return unknown(err, "report", id)
	}
	return web.Send(w, r, web.Content{Type: "application/json", Cache: cacheListed, Body: report.JSON})
}
