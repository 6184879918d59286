package statuspage

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/alivemcp/alivemcp/internal/audit/shelf"
	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Reports are those of the audit: a *shelf.Shelf. What they return is shared and
// must not be changed. All methods may be called at any time from many goroutines.
type Reports interface {
	// Entries returns all runs, newest first.
	Entries() []shelf.Entry
	// Report returns one. uptime.ErrNotFound means that there is no such run,
	// uptime.ErrConflict that its report is not there yet.
	Report(id uptime.AuditRunID) (*shelf.Report, error)
	// Looks returns the looks of one as CSV, compressed with gzip.
	Looks(ctx context.Context, id uptime.AuditRunID) ([]byte, error)
}

func (s *Site) reportRoutes() {
	s.navigate("reports", "Reports", "/reports")
	s.handle("GET /reports", s.reportsPage)
	s.handle("GET /reports/{id}", s.reportPage)
}

// reportsView is what reports.html shows.
type reportsView struct {
	Reports []reportCard
	Open    []openRun
}

// reportCard is a report at a glance.
type reportCard struct {
	ID, Title, Href string
	Began, Ended    draw.Moment
	Window          string
	How             string // rounds, regions, and whether all were counted
	Endpoints       int
	Strict, Lenient figure
	Unknown         figure
}

// figure is a headline.
type figure struct {
	Name, Value, Of, Definition string
	Width                       float64 // in per cent
}

// openRun is a run without a report.
type openRun struct {
	ID    string
	Began draw.Moment
	Words string
}

func (s *Site) reportsPage(w http.ResponseWriter, r *http.Request) error {
	now := s.opt.Now().UTC()
	var v reportsView
	for _, e := range s.opt.Reports.Entries() {
		if e.Report != nil {
			v.Reports = append(v.Reports, reportCardOf(e.Report))
			continue
		}
		open := openRun{ID: visible(e.Run.ID, 60), Began: draw.Clock(e.Run.Began, now), Words: "Its report is being made."}
		if e.Run.Ended.IsZero() {
			open.Words = fmt.Sprintf("%s from %s; it is not over.", board.Plural(e.Run.Rounds, "round", "rounds"), board.Plural(len(e.Run.Regions), "place", "places"))
		}
		v.Open = append(v.Open, open)
	}
	return s.show(w, r, "reports.html", Frame{
		Title: "Reports", Description: "How many of the MCP servers that registries list work: counted, with all evidence.", Nav: "reports",
		Styles: []string{"server.css", "registries.css"}, Alternates: []Alternate{{"application/atom+xml", "Reports", "/reports.atom"}}, Data: v,
	})
}

func reportCardOf(r *shelf.Report) reportCard {
	return reportCard{
		ID: visible(r.ID, 60), Title: visible(r.Title, 200), Href: web.ReportPath(r.ID), Window: windowText(r), How: howText(r), Endpoints: r.Endpoints,
		Began: draw.Exact(r.Began), Ended: draw.Exact(r.Ended),
		Strict: figureOf(r, "strict"), Lenient: figureOf(r, "lenient"), Unknown: figureOf(r, "unknown"),
	}
}

// windowText is when a run was: "14 Oct to 16 Oct 2026".
func windowText(r *shelf.Report) string {
	from, to := r.Began.UTC(), r.Ended.UTC()
	switch {
	case from.Format("2006-01-02") == to.Format("2006-01-02"):
		return to.Format("2 January 2006")
	case from.Year() != to.Year():
		return from.Format("2 January 2006") + " to " + to.Format("2 January 2006")
	case from.Month() == to.Month():
		return from.Format("2") + " to " + to.Format("2 January 2006")
	}
	return from.Format("2 January") + " to " + to.Format("2 January 2006")
}

func howText(r *shelf.Report) string {
	how := fmt.Sprintf("%s from %s", board.Plural(r.Rounds, "round", "rounds"), board.Plural(len(r.Regions), "place", "places"))
	if r.Sample > 0 {
		return how + ", a sample"
	}
	return how
}

func figureOf(r *shelf.Report, id string) figure {
	h := r.Headline(id)
	f := figure{Name: h.Name, Value: "–", Of: fmt.Sprintf("%s of %s", board.Count(h.Numerator), board.Count(h.Denominator)), Definition: h.Definition}
	if h.Percent != nil {
		f.Value, f.Width = h.Share(), *h.Percent
	}
	if i := h.Interval(); i != "" {
		f.Of += ", 95 % interval " + i
	}
	return f
}

// reportView is what report.html shows.
type reportView struct {
	Card     reportCard
	Fragment template.HTML
	Files    []reportFile
}

// looksForm is the form of a report that has every look.
const looksForm = ".looks.csv.gz"

// reportFile is a report in another form.
type reportFile struct{ Name, Means, Href string }

func filesOf(r *shelf.Report) []reportFile {
	base := "/reports/" + url.PathEscape(string(r.ID))
	return []reportFile{
		{"Markdown", "to quote from", base + ".md"},
		{"JSON", "all its numbers", base + ".json"},
		{"CSV", "the evidence, endpoint by endpoint", base + ".csv"},
		{"Looks", "every single look as compressed CSV, to count again", base + looksForm},
	}
}

func (s *Site) reportPage(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	report, err := s.opt.Reports.Report(uptime.AuditRunID(id))
	if web.StatusOf(err) == http.StatusNotFound {
		for _, form := range []string{".md", ".json", looksForm, ".csv"} {
			if run, ok := strings.CutSuffix(id, form); ok {
				return s.reportFile(w, r, uptime.AuditRunID(run), form)
			}
		}
	}
	if err != nil {
		return err
	}
	v := reportView{Card: reportCardOf(report), Fragment: template.HTML(report.Fragment), Files: filesOf(report)} // a template made it
	return s.show(w, r, "report.html", Frame{
		Title: visible(report.Title, 200), Description: v.Card.Strict.Of + " endpoints, " + v.Card.Window, Nav: "reports", Styles: []string{"registries.css", "report.css"},
		Alternates: []Alternate{{"text/markdown", "As Markdown", v.Files[0].Href}, {"application/json", "As JSON", v.Files[1].Href}}, Data: v,
	})
}

// reportFile answers with a report in a form for programs of any origin.
func (s *Site) reportFile(w http.ResponseWriter, r *http.Request, id uptime.AuditRunID, form string) error {
	report, err := s.opt.Reports.Report(id)
	if err != nil {
		return err
	}
	c := web.Content{Cache: web.CacheMinute}
	switch form {
	case ".md":
		c.Type, c.Body = "text/markdown; charset=utf-8", report.Markdown
	case ".json":
		c.Type, c.Body = "application/json", report.JSON
	case looksForm:
		if c.Body, err = s.opt.Reports.Looks(r.Context(), id); err != nil {
			return err
		}
		c.Type = "application/gzip"
		w.Header().Set("Content-Disposition", `attachment; filename="looks.csv.gz"`)
	default:
		if c.Body, err = report.EndpointsCSV(); err != nil {
			return err
		}
		c.Type = "text/csv; charset=utf-8"
		w.Header().Set("Content-Disposition", `attachment; filename="endpoints.csv"`)
	}
	web.Embeddable(w)
	return web.Send(w, r, c)
}
