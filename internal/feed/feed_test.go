package feed_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/embed"
	"github.com/alivemcp/alivemcp/internal/feed"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/web"
)

const surfaceBase = "https://status.example.com"

func surfaceNow() time.Time { return time.Date(2026, 3, 5, 14, 7, 23, 0, time.UTC) }

// surface is the public site over the story, as it is served.
type surface struct{ boardtest.Visitor }

func newSurface(tb testing.TB) surface {
	tb.Helper()
	b := boardtest.New(surfaceNow())
	return surfaceOf(tb, b, b)
}

// surfaceOf serves what a source says of a board.
func surfaceOf(tb testing.TB, b *boardtest.Board, source statuspage.Source) surface {
	tb.Helper()
	site, err := statuspage.New(statuspage.Options{Tenant: boardtest.Tenant, BaseURL: surfaceBase, Source: source, Now: b.Now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(site.Stop)
	mux := http.NewServeMux()
	mux.Handle("/", site)
	embed.Register(mux, embed.Options{Tenant: boardtest.Tenant, BaseURL: surfaceBase, Source: source})
	feed.Register(mux, feed.Options{Tenant: boardtest.Tenant, BaseURL: surfaceBase, Source: source, Now: b.Now})
	return surface{boardtest.Visitor{Board: b, Handler: web.Protect(web.Compress(feed.Documents(mux)))}}
}
