package embed

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// cacheBadge is shorter than the status document's: image proxies that know
// stale-while-revalidate would show yesterday's colour once more.
const cacheBadge = "public, max-age=60"

const svgType = "image/svg+xml; charset=utf-8"

type badgeKey struct {
	slug   string
	style  Style
	metric Metric
}

// serveBadge draws /badge/{slug}.svg. It answers 200 whatever was asked, as
// shields.io does: image proxies such as GitHub's show a broken picture for any
// other status, and an author sees at once what "not found" in a grey badge
// means. Programs that must tell the difference ask embed-status.
func (e *embeds) serveBadge(w http.ResponseWriter, r *http.Request) error {
	slug, isSVG := strings.CutSuffix(r.PathValue("file"), ".svg")
	if !isSVG {
		return fmt.Errorf("%w: badges are named /badge/{slug}.svg", uptime.ErrNotFound)
	}
	q := r.URL.Query()
	style, styleOK := web.Choice(q.Get("style"), Styles())
	metric, metricOK := web.Choice(q.Get("metric"), Metrics())
	row, found := e.Source.Row(e.Tenant, slug)
	switch {
	case !styleOK:
		return sendBadge(w, r, greyBadge("unknown style"), style)
	case !metricOK:
		return sendBadge(w, r, greyBadge("unknown metric"), style)
	case !found:
		return sendBadge(w, r, greyBadge("not found"), style)
	}
	return e.serveKnown(w, r, row, badgeKey{slug: row.Slug, style: style, metric: metric})
}

func (e *embeds) serveKnown(w http.ResponseWriter, r *http.Request, row *board.Row, key badgeKey) error {
	a, err := e.badges.get(key, row, func() (web.Content, error) {
		return web.Content{Type: svgType, Cache: cacheBadge, Body: BadgeOf(row, key.metric).svg(key.style)}, nil
	})
	if err != nil {
		return err
	}
	a.send(w, r)
	return nil
}

func sendBadge(w http.ResponseWriter, r *http.Request, b Badge, style Style) error {
	web.Embeddable(w)
	return web.Send(w, r, web.Content{Type: svgType, Cache: cacheBadge, Body: b.svg(style)})
}

// serveShield answers /api/shields/{slug}?metric= for renderers of other
// people's badges. Unlike a picture it may say 404: they draw that themselves.
func (e *embeds) serveShield(w http.ResponseWriter, r *http.Request) error {
	metric, ok := web.Choice(r.URL.Query().Get("metric"), Metrics())
	if !ok {
		return fmt.Errorf("%w: metric is one of %v", uptime.ErrInvalid, Metrics())
	}
	row, err := e.row(r.PathValue("slug"))
	if err != nil {
		return err
	}
	web.Embeddable(w)
	return web.SendJSON(w, r, web.Content{Cache: web.CacheMinute}, shieldOf(BadgeOf(row, metric)))
}
