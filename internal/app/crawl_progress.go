package app

import (
	"context"
	"sync"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// CrawlProgress is how far a crawl of some registries is.
type CrawlProgress struct {
	// Source is the one that is read, the Number-th Of so many.
	Source     uptime.SourceID
	Number, Of int
	// Listings is how many of it were taken in so far.
	Listings int
}

// countedRecords are records that count what is staged in them.
type countedRecords struct {
	registry.Records

	mu sync.Mutex
	at CrawlProgress // guarded by mu
}

// begin says which registry is read next.
func (r *countedRecords) begin(source uptime.SourceID, number, of int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = CrawlProgress{Source: source, Number: number, Of: of}
}

// StageListings implements registry.Records.
func (r *countedRecords) StageListings(ctx context.Context, crawl string, listings []uptime.Listing, endpoints []uptime.Endpoint) error {
	err := r.Records.StageListings(ctx, crawl, listings, endpoints)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at.Listings += len(listings)
	return err
}

func (r *countedRecords) progress() CrawlProgress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}
