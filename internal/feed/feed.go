// Package feed is what programs read to follow servers: Atom for feed readers
// and chats, markdown and llms.txt for agents. They tell the same facts in the
// same words as the pages, without the mark-up.
//
// Everything is public and open to any origin. What other people wrote goes
// through web.Visible into Atom and through web.Markdown into documents.
package feed

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/findings"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Source is where documents come from: *board.Board. Everything it returns is
// shared and must not be changed. All methods may be called at any time from
// many goroutines; what is not there for this tenant is uptime.ErrNotFound.
type Source interface {
	Rows
	Records
}

// Rows are the servers as they are now, from memory.
type Rows interface {
	List(tenant uptime.TenantID, q board.Query) board.Page
	Row(tenant uptime.TenantID, slug string) (*board.Row, bool)
	View(ctx context.Context, tenant uptime.TenantID, slug string) (board.View, error)
	Health() board.Health
}

// Records are what happened, newest first.
type Records interface {
	Incidents(ctx context.Context, tenant uptime.TenantID, q uptime.IncidentQuery) ([]uptime.Incident, error)
	Drifts(ctx context.Context, tenant uptime.TenantID, q uptime.DriftQuery) ([]uptime.Drift, error)
}

// demonstration is what those read who do not see the pages.
const demonstration = "This is a demonstration: servers and registries are part of it, and the history before its start is invented, audits with it. None of it is about anybody real."

// Options are what feeds and documents need. Source is required.
type Options struct {
	// Tenant is whose servers are shown.
	Tenant uptime.TenantID
	Source Source
	// Calendar has the maintenance; nil means that there are no calendars.
	Calendar Calendar
	// Reports are those of the audit; nil means that there is no feed of them.
	Reports Reports
	// BaseURL is the public address of the site, without a slash at its end.
	// Empty: taken from the request.
	BaseURL string
	// Name is that of the site; empty means AliveMCP.
	Name string
	// Demo marks the whole site as a demonstration.
	Demo bool
	// Findings, when set, say in documents where a server is not as it is listed.
	Findings *findings.Index
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger gets our own failures; nil discards them.
	Logger *slog.Logger
}

type feeds struct{ Options }

// Register adds /feed.atom, /status/{slug}/feed.atom, /llms.txt, /index.md and
// /status/{slug}/index.md to the mux, and with a Calendar /status/calendar.ics and
// /status/{slug}/calendar.ics, with Reports /reports.atom. Put Documents around the mux for /status/{slug}.md.
func Register(mux *http.ServeMux, o Options) {
	o.Name = cmp.Or(o.Name, "AliveMCP")
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	if o.Now == nil {
		o.Now = time.Now
	}
	f := &feeds{o}
	patterns := map[string]web.Handler{
		"GET /feed.atom":               f.serveFeed,
		"GET /status/{slug}/feed.atom": f.serveServerFeed,
		"GET /llms.txt":                f.serveGuide,
		"GET /index.md":                f.serveIndex,
		"GET /status/{slug}/index.md":  f.serveMarkdown,
	}
	if o.Calendar != nil {
		patterns["GET /status/calendar.ics"] = f.serveCalendar
		patterns["GET /status/{slug}/calendar.ics"] = f.serveServerCalendar
	}
	if o.Reports != nil {
		patterns["GET /reports.atom"] = f.serveReports
	}
	for pattern, h := range patterns {
		mux.Handle(pattern, web.Open(h, o.Logger))
	}
}

// Documents makes /status/{slug}.md the /status/{slug}/index.md that it is short
// for: a pattern of http.ServeMux cannot end in the middle of a segment.
func Documents(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, asDocument(r)) })
}

func asDocument(r *http.Request) *http.Request {
	slug, ok := strings.CutPrefix(r.URL.Path, "/status/")
	if !ok || slug == ".md" || strings.Contains(slug, "/") || !strings.HasSuffix(slug, ".md") {
		return r
	}
	u, long := *r.URL, func(path string) string { return strings.TrimSuffix(path, ".md") + "/index.md" }
	u.Path = long(u.Path)
	if u.RawPath != "" {
		u.RawPath = long(u.RawPath)
	}
	document := *r
	document.URL = &u
	return &document
}

func (f *feeds) base(r *http.Request) string { return web.Base(f.BaseURL, r) }

// row returns the row of a server that is shown here.
func (f *feeds) row(slug string) (*board.Row, error) {
	row, ok := f.Source.Row(f.Tenant, slug)
	if !ok {
		return nil, web.NoServer(slug)
	}
	return row, nil
}
