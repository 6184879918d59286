package app_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// TestSearchesWaitForEachOther: who searches while many do is told to come again, and
// who looks at one endpoint is not kept waiting.
func TestSearchesWaitForEachOther(t *testing.T) {
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	l := app.NewLibrary(store)
	search := func(ctx context.Context) (errs []error) {
		_, _, one := l.Listings(ctx, uptime.ListingQuery{Search: "weather", Limit: 10})
		_, two := l.CountListings(ctx, uptime.ListingQuery{Search: "weather", Limit: 10})
		_, three := l.Endpoints(ctx, uptime.EndpointQuery{Search: "weather", Limit: 10})
		return []error{one, two, three}
	}
	leave := l.Crowd()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range search(gone) {
		if web.StatusOf(err) != http.StatusServiceUnavailable {
			t.Errorf("in a crowd: %v", err)
		}
	}
	of := uptime.ListingQuery{Endpoint: "ep_00000000000000000000", Limit: 10}
	_, _, err = l.Listings(t.Context(), of)
	if _, other := l.CountListings(t.Context(), of); err != nil || other != nil {
		t.Errorf("one endpoint, in a crowd: %v, %v", err, other)
	}
	leave()
	for _, err := range search(t.Context()) {
		if err != nil {
			t.Errorf("when they left: %v", err)
		}
	}
}
