package registrytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit/shelf"
	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/findings"
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
	served map[string]uptime.ServerID // endpoints of the story that are monitored
	// onBoard says who is who on the board: stores invent ids.
	onBoard map[uptime.ServerID]uptime.ServerID
	now     time.Time
	crawls  int
}

// Endpoints of the story.
const (
	Weather   = "weather"   // monitored, listed by three registries that do not agree
	Locked    = "locked"    // its owner opted out
	Templated = "templated" // has a variable without a value
	Hostile   = "hostile"   // junk with markup and directions in it
	Gone      = "gone"      // listed no more
	Local     = "local"     // on the reader's own machine
	Old       = "old"       // deprecated, with HTTP+SSE
	Tool      = "tool"      // nothing is said of it
	Copy      = "copy"      // another one of its maker
)

// New tells the story in a new store in dir. The endpoint Weather is the given
// server of the tenant. The store is the caller's to close.
func New(ctx context.Context, dir string, tenant uptime.TenantID, server uptime.ServerID, now time.Time) (*Story, error) {
	s, err := Empty(ctx, dir, now)
	if err != nil {
		return nil, err
	}
	s.tenant, s.served = tenant, map[string]uptime.ServerID{Weather: server}
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

// Serve has another endpoint of the story monitored, as a server of the board.
func (s *Story) Serve(ctx context.Context, what string, server uptime.ServerID) error {
	s.served[what] = server
	return s.monitor(ctx)
}

func (s *Story) monitor(ctx context.Context) error {
	names := slices.Sorted(maps.Keys(s.served))
	var servers []uptime.Server
	for _, what := range names {
		servers = append(servers, uptime.Server{Tenant: s.tenant, Slug: what, Name: what, URL: weatherURL})
	}
	servers, err := s.SyncServers(ctx, s.tenant, servers)
	if err != nil {
		return err
	}
	bound := map[uptime.EndpointKey]uptime.ServerID{}
	s.onBoard = map[uptime.ServerID]uptime.ServerID{}
	for i := range servers {
		bound[s.Keys[servers[i].Slug]], s.onBoard[servers[i].ID] = servers[i].ID, s.served[servers[i].Slug]
	}
	return s.BindEndpoints(ctx, s.tenant, bound)
}

// Endpoint names servers as the board does.
func (s *Story) Endpoint(ctx context.Context, key uptime.EndpointKey) (uptime.Endpoint, error) {
	e, err := s.Store.Endpoint(ctx, key)
	e.Server = cmp.Or(s.onBoard[e.Server], e.Server)
	return e, err
}

// Endpoints names servers as the board does.
func (s *Story) Endpoints(ctx context.Context, q uptime.EndpointQuery) ([]uptime.Endpoint, error) {
	all, err := s.Store.Endpoints(ctx, q)
	for i := range all {
		all[i].Server = cmp.Or(s.onBoard[all[i].Server], all[i].Server)
	}
	return all, err
}

// Board is where the monitored servers of the story are.
type Board interface {
	RowOf(t uptime.TenantID, s uptime.ServerID) (*board.Row, bool)
	View(ctx context.Context, t uptime.TenantID, slug string) (board.View, error)
}

// Compare compares what is listed with what a board shows. Redirects are where
// servers of the board send their clients.
func (s *Story) Compare(ctx context.Context, b Board, redirects map[uptime.ServerID]uptime.Redirect) (*findings.Index, error) {
	x := findings.New(findings.Options{
		Tenant: s.tenant, Records: s, Row: b.RowOf, Now: func() time.Time { return s.now },
		Looks: func(t uptime.TenantID, id uptime.ServerID) (cells []uptime.Cell) {
			row, _ := b.RowOf(t, id)
			view, err := b.View(ctx, t, row.Slug)
			if err != nil {
				return nil
			}
			for _, r := range view.Regions {
				look := uptime.Result{}
				if r.Look != nil {
					look = *r.Look
				}
				if to, ok := redirects[id]; ok {
					look.Redirect = &to
				}
				cells = append(cells, uptime.Cell{Tenant: t, Server: id, Region: r.ID, Attempts: []uptime.Result{look}})
			}
			return cells
		},
	})
	return x, x.Refresh(ctx)
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
