package feed

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Bounds of feed text, in characters.
const (
	maxFeedName = 80
	maxFeedText = 400
)

// serveFeed tells what happened to all servers.
func (f *feeds) serveFeed(w http.ResponseWriter, r *http.Request) error {
	events, err := f.feedEvents(r.Context(), "", f.byID())
	if err != nil {
		return err
	}
	name := f.Name
	feed := atomFeed{
		Title:    plainText(web.Visible(name, maxFeedName) + ": all servers"),
		Subtitle: &atomText{Type: "text", Text: "Incidents and changed tool contracts of all servers"},
	}
	return f.sendFeed(w, r, feed, "/feed.atom", "/", events)
}

// serveServerFeed tells what happened to one server.
func (f *feeds) serveServerFeed(w http.ResponseWriter, r *http.Request) error {
	row, err := f.row(r.PathValue("slug"))
	if err != nil {
		return err
	}
	events, err := f.feedEvents(r.Context(), row.Server, func(uptime.ServerID) *board.Row { return row })
	if err != nil {
		return err
	}
	name := web.Visible(row.Name, maxFeedName)
	feed := atomFeed{
		Title:    plainText(name + ": incidents and drift"),
		Subtitle: &atomText{Type: "text", Text: "Incidents and changed tool contracts of " + name},
	}
	page := web.ServerPath(row.Slug)
	return f.sendFeed(w, r, feed, page+"/feed.atom", page, events)
}

// byID finds rows by the id that records hold. It reads the rows once, and
// only if there is a record.
func (f *feeds) byID() func(uptime.ServerID) *board.Row {
	var rows map[uptime.ServerID]*board.Row
	return func(id uptime.ServerID) *board.Row {
		if rows == nil {
			rows = map[uptime.ServerID]*board.Row{}
			for row := range f.allRows(board.ByName) {
				rows[row.Server] = row
			}
		}
		return rows[id]
	}
}

// allRows walks all rows of the tenant, in pages as large as the board gives.
func (f *feeds) allRows(order board.Order) func(yield func(*board.Row) bool) {
	const most = 500
	return func(yield func(*board.Row) bool) {
		for offset := 0; ; offset += most {
			page := f.Source.List(f.Tenant, board.Query{Order: order, Offset: offset, Limit: most})
			for _, row := range page.Rows {
				if !yield(row) {
					return
				}
			}
			if len(page.Rows) == 0 || offset+len(page.Rows) >= page.Found {
				return
			}
		}
	}
}

// feedEvents are the newest incidents and drifts of a server, or of all. Records of
// servers that are not shown here are left out.
func (f *feeds) feedEvents(ctx context.Context, server uptime.ServerID, rowOf func(uptime.ServerID) *board.Row) ([]event, error) {
	incidents, err := f.Source.Incidents(ctx, f.Tenant, uptime.IncidentQuery{Server: server, Limit: maxEntries})
	if err != nil {
		return nil, fmt.Errorf("reading incidents for a feed: %w", err)
	}
	drifts, err := f.Source.Drifts(ctx, f.Tenant, uptime.DriftQuery{Server: server, Limit: maxEntries})
	if err != nil {
		return nil, fmt.Errorf("reading drifts for a feed: %w", err)
	}
	var events []event
	for i := range incidents {
		if row := rowOf(incidents[i].Server); row != nil {
			events = append(events, incidentEvents(row, &incidents[i])...)
		}
	}
	for i := range drifts {
		if row := rowOf(drifts[i].Server); row != nil {
			events = append(events, driftEvent(row, &drifts[i]))
		}
	}
	return events, nil
}

// incidentEvents are an incident's beginning and, once it is over, its end.
func incidentEvents(row *board.Row, in *uptime.Incident) []event {
	name, path := web.Visible(row.Name, maxFeedName), web.IncidentPath(row.Slug, in.ID)
	opened := event{
		kind: "opened", id: string(in.ID), at: in.Opened, updated: in.Detected, path: path,
		title: name + " went down",
		text:  "Down since " + board.Stamp(in.Opened) + demoMark(in.Demo) + ". " + failureText(in.Failure),
	}
	if in.Open() {
		return []event{opened}
	}
	lasted := board.Span(in.Duration(in.Closed))
	return []event{opened, {
		kind: "resolved", id: string(in.ID), at: in.Recovered, updated: in.Closed, path: path,
		title: name + " works again after " + lasted,
		text: "Down from " + board.Stamp(in.Opened) + " to " + board.Stamp(in.Recovered) + ", " + lasted + demoMark(in.Demo) + ". " +
			failureText(in.Failure),
	}}
}

func driftEvent(row *board.Row, d *uptime.Drift) event {
	name := web.Visible(row.Name, maxFeedName)
	e := event{
		kind: "drift", id: string(d.ID), at: d.Detected, updated: d.Detected, path: web.DriftPath(row.Slug, d.ID),
		title: name + ": " + d.Class.String() + " change of its tools",
		text:  ended(d.Summary) + "Seen first at " + board.Stamp(d.Detected) + demoMark(d.Demo) + ".",
	}
	switch {
	case !d.Accepted.IsZero():
		e.updated = d.Accepted
		e.text += " Accepted as the new baseline at " + board.Stamp(d.Accepted) + "."
	case !d.Reverted.IsZero():
		e.updated = d.Reverted
		e.text += " Taken back at " + board.Stamp(d.Reverted) + "."
	}
	return e
}

// ended ends other people's words, so that ours can follow.
func ended(s string) string {
	s = strings.TrimRight(web.Visible(s, maxFeedText), ". ")
	if s == "" {
		return ""
	}
	return s + ". "
}

// failureText is a failure in a sentence. It is without the step: which of our
// steps failed is evidence for the page, not for feeds.
func failureText(f uptime.Failure) string {
	if f.Cause == "" {
		return ""
	}
	return "Cause: " + board.CausePhrase(f.Cause) + "."
}

func demoMark(demo bool) string {
	if demo {
		return " (invented for the demonstration)"
	}
	return ""
}
