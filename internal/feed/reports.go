package feed

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/alivemcp/alivemcp/internal/audit/shelf"
	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Reports are those of the audit: a *shelf.Shelf.
type Reports interface {
	// Entries returns all runs, newest first.
	Entries() []shelf.Entry
}

// serveReports tells of each report of the audit once its run is over.
func (f *feeds) serveReports(w http.ResponseWriter, r *http.Request) error {
	var events []event
	for _, e := range f.Reports.Entries() {
		if e.Report != nil {
			events = append(events, f.reportEvent(e.Report))
		}
	}
	feed := atomFeed{
		Title:    plainText(web.Visible(f.Name, maxFeedName) + ": reports"),
		Subtitle: &atomText{Type: "text", Text: "How many of the MCP servers that registries list work"},
	}
	if f.Demo {
		feed.Subtitle.Text = demonstration
	}
	return f.sendFeed(w, r, feed, "/reports.atom", "/reports", events)
}

func (f *feeds) reportEvent(r *shelf.Report) event {
	text := []string{fmt.Sprintf("%s, looked at from %s to %s.", board.Plural(r.Endpoints, "endpoint", "endpoints"), board.Stamp(r.Began), board.Stamp(r.Ended))}
	for _, h := range r.Headlines {
		chance := ""
		if i := h.Interval(); i != "" {
			chance = ", 95 % interval " + i
		}
		if h.Percent != nil {
			text = append(text, fmt.Sprintf("%s: %s%s (%s of %s: %s).", h.Name, h.Share(), chance, board.Count(h.Numerator), board.Count(h.Denominator), h.Definition))
		}
	}
	title := web.Visible(r.Title, 200)
	if f.Demo { // entries are read apart from their feed
		title = "Demonstration: " + title
	}
	return event{
		kind: "report", id: "report/" + string(r.ID), at: r.Ended, updated: r.Ended, path: web.ReportPath(r.ID),
		title: title, text: strings.Join(text, " "),
	}
}
