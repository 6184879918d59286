package statuspage

import (
	"bytes"
	"compress/gzip"
	_ "embed" // for embedScript
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// cacheScript is how long others keep embed.js: its address has no version, so
// that a page that embeds it never has to change.
const cacheScript = "public, max-age=3600, stale-while-revalidate=86400"

// embedScript is the widget. The same file is among the static ones, but here
// its address is the contract.
//
//go:embed static/embed.js
var embedScript []byte

// embeds answers for pages of other origins. It is made with the site's routes.
type embeds struct {
	site   *Site
	status rendered[embedKey]
	badges rendered[badgeKey]
	packed []byte // embedScript, compressed
}

// embedKey names an answer of embed-status: without a configured address, links
// depend on how the client calls us.
type embedKey struct{ slug, base string }

func (s *Site) embedRoutes() {
	e := &embeds{site: s, packed: compressed(embedScript)}
	s.handleOpen("GET /api/embed-status/{slug}", e.serveStatus)
	s.handleOpen("OPTIONS /api/embed-status/{slug}", preflight)
	s.handleOpen("GET /badge/{file}", e.serveBadge)
	s.handleOpen("GET /api/shields/{slug}", e.serveShield)
	s.handleOpen("OPTIONS /api/shields/{slug}", preflight)
	s.handleOpen("GET /embed.js", e.serveScript)
}

// handleOpen registers a handler for programs on other people's pages: its
// errors are problem documents that any origin may read.
func (s *Site) handleOpen(pattern string, h web.Handler) {
	s.mux.Handle(pattern, web.Adapt(h, func(w http.ResponseWriter, r *http.Request, err error) {
		if web.StatusOf(err) == http.StatusInternalServerError {
			s.opt.Logger.ErrorContext(r.Context(), "an answer failed", "path", r.URL.Path, "error", err)
		}
		web.Embeddable(w)
		web.WriteProblem(w, r, err)
	}))
}

func (e *embeds) serveStatus(w http.ResponseWriter, r *http.Request) error {
	row, err := e.site.row(r.PathValue("slug"))
	if err != nil {
		return err
	}
	key := embedKey{slug: row.Slug, base: e.site.base(r)}
	a, err := e.status.get(key, row, func() (web.Content, error) {
		body, tag, err := embedBody(row, statusPage(key.base, row.Slug))
		return web.Content{Type: "application/json", Cache: web.CacheMinute, ETag: tag, Body: body}, err
	})
	if err != nil {
		return err
	}
	a.send(w, r)
	return nil
}

// row returns the row of a server that this site shows.
func (s *Site) row(slug string) (*board.Row, error) {
	row, ok := s.opt.Source.Row(s.opt.Tenant, slug)
	if !ok {
		return nil, fmt.Errorf("%w: no server %q is monitored here", uptime.ErrNotFound, web.Visible(slug, 60))
	}
	return row, nil
}

// statusPage is the address of a server's page.
func statusPage(base, slug string) string { return base + "/status/" + url.PathEscape(slug) }

func (e *embeds) serveScript(w http.ResponseWriter, r *http.Request) error {
	web.Embeddable(w)
	w.Header().Set("Vary", "Accept-Encoding")
	c := web.Content{Type: "text/javascript; charset=utf-8", Cache: cacheScript, Body: embedScript}
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

// known returns the choice that the text names, the first one when it is empty.
func known[T ~string](text string, choices []T) (T, bool) {
	if text == "" {
		return choices[0], true
	}
	for _, c := range choices {
		if strings.EqualFold(text, string(c)) {
			return c, true
		}
	}
	return choices[0], false
}
