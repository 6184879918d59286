package app

import (
	"context"
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

const (
	// searchesAtOnce is how many searches are made at once: one that finds little
	// reads all that is listed.
	searchesAtOnce = 2
	// searchWait is how long one waits for its turn.
	searchWait = 3 * time.Second
)

// library is what readers of pages and API search: many may, and the monitor must
// not suffer for it. What is about one endpoint never waits.
type library struct {
	*sqlite.Store
	turns chan struct{}
}

func newLibrary(s *sqlite.Store) *library {
	return &library{Store: s, turns: make(chan struct{}, searchesAtOnce)}
}

// turn waits for one, and must be ended by done. It fails when it takes too long.
func (l *library) turn(ctx context.Context) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, searchWait)
	defer cancel()
	select {
	case l.turns <- struct{}{}:
		return func() { <-l.turns }, nil
	case <-ctx.Done():
		return nil, &web.Fault{Status: http.StatusServiceUnavailable, Detail: "too many are searching: try again in some seconds"}
	}
}

// Listings searches, or returns the listings of an endpoint.
func (l *library) Listings(ctx context.Context, q uptime.ListingQuery) (page []uptime.Listing, next string, err error) {
	if q.Endpoint != "" {
		return l.Store.Listings(ctx, q)
	}
	done, err := l.turn(ctx)
	if err != nil {
		return nil, "", err
	}
	defer done()
	return l.Store.Listings(ctx, q)
}

// CountListings counts what a search would find, or the listings of an endpoint.
func (l *library) CountListings(ctx context.Context, q uptime.ListingQuery) (int, error) {
	if q.Endpoint != "" {
		return l.Store.CountListings(ctx, q)
	}
	done, err := l.turn(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	return l.Store.CountListings(ctx, q)
}

// Endpoints searches.
func (l *library) Endpoints(ctx context.Context, q uptime.EndpointQuery) ([]uptime.Endpoint, error) {
	done, err := l.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return l.Store.Endpoints(ctx, q)
}
