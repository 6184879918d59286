// Package embed is what people put on their own pages and into their READMEs: a
// server's badge, the JSON document that a widget reads and the widget itself,
// and the document that other people's badge renderers draw from.
//
// Every answer is a function of one row of the board, public, and open to any
// origin. Addresses and members are contracts: they stand in files that we
// cannot change.
package embed

import (
	"bytes"
	"cmp"
	"compress/gzip"
	_ "embed" // for script
	"log/slog"
	"net/http"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Source is where answers come from: *board.Board.
type Source interface {
	// Row returns the row of a server of the tenant, which is shared and never
	// changes: as long as it is the same pointer, so is the answer. It may be
	// called from many goroutines.
	Row(tenant uptime.TenantID, slug string) (*board.Row, bool)
}

// Options are what the answers need. Source is required.
type Options struct {
	// Tenant is whose servers are shown.
	Tenant uptime.TenantID
	Source Source
	// BaseURL is the public address of the site, without a slash at its end.
	// Empty: taken from the request.
	BaseURL string
	// Logger gets our own failures; nil discards them.
	Logger *slog.Logger
}

// embeds answers for pages of other origins.
type embeds struct {
	Options
	status rendered[statusKey]
	badges rendered[badgeKey]
	packed []byte // script, compressed
}

// Register adds /badge/{slug}.svg, /api/embed-status/{slug},
// /api/shields/{slug} and /embed.js to the mux.
func Register(mux *http.ServeMux, o Options) {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	e := &embeds{Options: o, packed: compressed(script)}
	for pattern, h := range map[string]web.Handler{
		"GET /api/embed-status/{slug}":     e.serveStatus,
		"OPTIONS /api/embed-status/{slug}": preflight,
		"GET /badge/{file}":                e.serveBadge,
		"GET /api/shields/{slug}":          e.serveShield,
		"OPTIONS /api/shields/{slug}":      preflight,
		"GET /embed.js":                    e.serveScript,
	} {
		mux.Handle(pattern, web.Open(h, o.Logger))
	}
}

// row returns the row of a server that is shown here.
func (e *embeds) row(slug string) (*board.Row, error) {
	row, ok := e.Source.Row(e.Tenant, slug)
	if !ok {
		return nil, web.NoServer(slug)
	}
	return row, nil
}

// preflight answers OPTIONS: anyone may read, and ask whether it changed.
func preflight(w http.ResponseWriter, _ *http.Request) error {
	web.Preflight(w, "If-None-Match")
	return nil
}

// cacheScript is how long others keep embed.js: its address has no version, so
// that a page that embeds it never has to change.
const cacheScript = "public, max-age=3600, stale-while-revalidate=86400"

// script is the widget.
//
//go:embed embed.js
var script []byte

func (e *embeds) serveScript(w http.ResponseWriter, r *http.Request) error {
	web.Embeddable(w)
	w.Header().Set("Vary", "Accept-Encoding")
	c := web.Content{Type: "text/javascript; charset=utf-8", Cache: cacheScript, Body: script}
	if web.AcceptsGzip(r) {
		w.Header().Set("Content-Encoding", "gzip")
		c.Body = e.packed
	}
	return web.Send(w, r, c)
}

func compressed(body []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // a valid level
	_, _ = z.Write(body)                                    // a buffer does not fail
	_ = z.Close()
	return out.Bytes()
}
