package registrytest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit/shelf"
	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Story is a store with the story, and the shelf of its reports.
type Story struct {
	*sqlite.Store
	Shelf *shelf.Shelf
	// Keys are those of the endpoints that tests speak of, by what they are.
	Keys map[string]uptime.EndpointKey

	tenant uptime.TenantID
	// server is who Weather is on the board, bound who it is in the store.
	server, bound uptime.ServerID
	now           time.Time
	crawls        int
}

// Endpoints of the story.
const (
	Weather   = "weather"   // monitored, listed by three registries that do not agree
	Locked    = "locked"    // its owner opted out
	Templated = "templated" // has a variable without a value
	Hostile   = "hostile"   // junk with markup and directions in it
	Gone      = "gone"      // listed no more
	Local     = "local"     // on the reader's own machine
)

// New tells the story in a new store in dir. The endpoint Weather is the given
// server of the tenant. The store is the caller's to close.
func New(ctx context.Context, dir string, tenant uptime.TenantID, server uptime.ServerID, now time.Time) (*Story, error) {
	s, err := Empty(ctx, dir, now)
	if err != nil {
		return nil, err
	}
	s.tenant, s.server = tenant, server
	for _, chapter := range []func(context.Context) error{
		s.crawlAll, s.monitor, s.optout, s.audits, s.Shelf.Refresh,
	} {
		if err := chapter(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("telling the story of registries: %w", err), s.Close())
		}
	}
	return s, nil
}

// Empty is a store in which nothing was ever read.
func Empty(ctx context.Context, dir string, now time.Time) (*Story, error) {
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Now: func() time.Time { return now }})
	if err != nil {
		return nil, err
	}
	return &Story{Store: store, Shelf: shelf.New(store, nil), Keys: map[string]uptime.EndpointKey{}, now: now}, nil
}

func (s *Story) monitor(ctx context.Context) error {
	servers, err := s.SyncServers(ctx, s.tenant, []uptime.Server{{Tenant: s.tenant, Slug: "weather", Name: "Weather", URL: weatherURL}})
	if err != nil {
		return err
	}
	s.bound = servers[0].ID
	return s.BindEndpoints(ctx, s.tenant, map[uptime.EndpointKey]uptime.ServerID{s.Keys[Weather]: s.bound})
}

// Endpoint names servers as the board does: stores invent ids.
func (s *Story) Endpoint(ctx context.Context, key uptime.EndpointKey) (uptime.Endpoint, error) {
	e, err := s.Store.Endpoint(ctx, key)
	return s.onBoard(e), err
}

// Endpoints names servers as the board does.
func (s *Story) Endpoints(ctx context.Context, q uptime.EndpointQuery) ([]uptime.Endpoint, error) {
	all, err := s.Store.Endpoints(ctx, q)
	for i := range all {
		all[i] = s.onBoard(all[i])
	}
	return all, err
}

func (s *Story) onBoard(e uptime.Endpoint) uptime.Endpoint {
	if e.Server != "" && e.Server == s.bound {
		e.Server = s.server
	}
	return e
}

func (s *Story) optout(ctx context.Context) error {
	return s.SetOptout(ctx, s.Keys[Locked], true, uptime.AuditEntry{
		Tenant: s.tenant, At: s.now.Add(-time.Hour), By: "Dana", Action: "endpoint.optout", Object: string(s.Keys[Locked]), Text: "asked by mail",
	})
}

// crawl reads a source to its end, or to how it ended.
func (s *Story) crawl(ctx context.Context, c uptime.Crawl, listings []uptime.Listing) error {
	s.crawls++
	end, state := c.Ended, c.State
	c.ID, c.State, c.Ended = fmt.Sprintf("crawl_%016x", s.crawls), uptime.CrawlRunning, time.Time{}
	if err := s.BeginCrawl(ctx, c); err != nil {
		return err
	}
	var endpoints []uptime.Endpoint
	for i := range listings {
		listings[i].Source = c.Source
		endpoints = append(endpoints, endpoint.Take(&listings[i]))
	}
	if err := s.StageListings(ctx, c.ID, listings, endpoints); err != nil {
		return err
	}
	c.State, c.Ended = state, end
	if c.Records == 0 {
		c.Records, c.Listings = len(listings), len(listings)
	}
	_, _, _, err := s.FinishCrawl(ctx, c)
	return err
}

// crawled is a crawl that ended so long ago.
func (s *Story) crawled(source uptime.SourceID, ago time.Duration, access string) uptime.Crawl {
	return uptime.Crawl{Source: source, State: uptime.CrawlDone, Access: access, Began: s.now.Add(-ago - time.Minute), Ended: s.now.Add(-ago), Pages: 3, Bytes: 120_000}
}
