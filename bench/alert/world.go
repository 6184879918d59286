//go:build linux

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/bench/gauge"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// world is servers of tenants in a real store, and who is told of them.
type world struct {
	store    *sqlite.Store
	plan     *uptime.Plan
	policies []*uptime.Policy
}

// tenantName names the n-th tenant.
func tenantName(n int) uptime.TenantID { return uptime.TenantID(fmt.Sprintf("tenant-%03d", n)) }

// openWorld makes a store with so many servers of each of so many tenants.
// Those of a tenant share a host, and all share a platform when they are told to.
func openWorld(ctx context.Context, o sqlite.Options, tenants, servers int, shared bool) (*world, error) {
	store, err := sqlite.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	w := &world{store: store, plan: &uptime.Plan{Version: 1, Regions: []uptime.Region{{ID: "local", City: "London"}}}}
	for t := range tenants {
		host := fmt.Sprintf("mcp.tenant-%03d.example", t)
		if shared {
			host = fmt.Sprintf("tenant-%03d.platform.example", t)
		}
		list := make([]uptime.Server, servers)
		for i := range list {
			list[i] = uptime.Server{Slug: slug(i), Name: fmt.Sprintf("Server %d", i), URL: fmt.Sprintf("https://%s/%d/mcp", host, i)}
		}
		if list, err = store.SyncServers(ctx, tenantName(t), list); err != nil {
			return nil, fmt.Errorf("storing the servers: %w", err)
		}
		for i := range list {
			w.plan.Servers = append(w.plan.Servers, &list[i])
		}
	}
	return w, nil
}

// silentFeed has no verdicts.
type silentFeed struct{}

func (silentFeed) After(context.Context, uptime.Cursor, int) ([]uptime.Verdict, error) {
	return nil, nil
}

func (silentFeed) Wait(ctx context.Context, _ uptime.Cursor) error {
	<-ctx.Done()
	return ctx.Err()
}

// steps is a store that knows how long the router's steps take. A step begins
// when the router asks for the plan, and ends when it was stored.
type steps struct {
	*sqlite.Store
	routed func(uptime.Routing)

	mu            sync.Mutex
	began         time.Time
	used          time.Duration // processor time of the process when it began
	reading       time.Duration // news, in this step
	looks         int           // at the news
	stored        int           // steps that changed something
	whole, inside time.Duration // time of those steps, and of the store in them
	cpu           time.Duration // of the process in those steps
}

// begin notes that a step begins.
func (s *steps) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began, s.used, s.reading = time.Now(), gauge.CPUTime(), 0
}

// News reads the news.
func (s *steps) News(ctx context.Context, after uint64, limit int) ([]uptime.News, error) {
	began := time.Now()
	news, err := s.Store.News(ctx, after, limit)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading += time.Since(began)
	s.looks++
	return news, err
}

// Route stores a step.
func (s *steps) Route(ctx context.Context, r uptime.Routing) error {
	began := time.Now()
	err := s.Store.Route(ctx, r)
	s.mu.Lock()
	s.stored++
	s.inside += time.Since(began) + s.reading
	s.whole += time.Since(s.began)
	s.cpu += gauge.CPUTime() - s.used
	s.mu.Unlock()
	if err == nil && s.routed != nil {
		s.routed(r)
	}
	return err
}

// looked returns how often the news were read.
func (s *steps) looked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looks
}
