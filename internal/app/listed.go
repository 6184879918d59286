package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// PublicTenant owns the servers that registries list and nobody here has
// registered.
const PublicTenant uptime.TenantID = "public"

// settle is how long after a change what is listed is read again: registries are
// often read at the same time.
const settle = 5 * time.Second

// listedStore is where what is listed is kept.
type listedStore interface {
	Endpoints(ctx context.Context, q uptime.EndpointQuery) ([]uptime.Endpoint, error)
	BestListings(ctx context.Context, of []uptime.EndpointKey) ([]uptime.Listing, error)
	OwnersFiles(ctx context.Context) ([]uptime.OwnersFile, error)
	BindEndpoints(ctx context.Context, tenant uptime.TenantID, servers map[uptime.EndpointKey]uptime.ServerID) error
}

// listed makes servers of what registries list. The zero listed makes none.
type listed struct {
	store   listedStore
	set     config.ServeListed
	regions []string
	news    chan struct{} // holds a token when something changed
	// asks says that owners are asked before what is new is served; wanted then holds
	// a token when there is somebody to ask.
	asks   bool
	wanted chan struct{}

	mu sync.Mutex
	// bound is which endpoint each server of the plan is, by slug; served are those
	// that the store knows of. Guarded by mu.
	bound  map[string]uptime.EndpointKey
	served map[uptime.EndpointKey]uptime.ServerID
}

func newListed(store listedStore, f *config.File) *listed {
	l := &listed{store: store, set: f.Registries.Serve, news: make(chan struct{}, 1), wanted: make(chan struct{}, 1)}
	for _, r := range f.Places() {
		l.regions = append(l.regions, r.ID)
	}
	return l
}

// changed says that what is listed may be something else now.
func (l *listed) changed() {
	select {
	case l.news <- struct{}{}:
	default: // it is known
	}
}

// run calls adopt after each change, until ctx ends.
func (l *listed) run(ctx context.Context, adopt func(context.Context) error, failed func(error)) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.news:
		}
		if err := rest(ctx, settle); err != nil {
			return err
		}
		if err := adopt(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
	}
}

// servers returns what is to be served: what most listings name comes first, and
// of one host only some.
func (l *listed) servers(ctx context.Context) ([]uptime.Server, error) {
	endpoints, err := l.chosen(ctx)
	if err != nil {
		return nil, err
	}
	if endpoints, err = l.allowed(ctx, endpoints); err != nil {
		return nil, err
	}
	best, err := l.best(ctx, endpoints)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bound = map[string]uptime.EndpointKey{}
	out := make([]uptime.Server, 0, len(endpoints))
	for i := range endpoints {
		srv := l.server(&endpoints[i], best[endpoints[i].Key])
		l.bound[srv.Slug] = endpoints[i].Key
		out = append(out, srv)
	}
	slices.SortFunc(out, func(a, b uptime.Server) int { return strings.Compare(a.Slug, b.Slug) })
	return out, nil
}

// allowed leaves out what is new of hosts that do not want to be probed, or were
// not asked of late, and has their owners asked. One that hangs keeps back itself alone.
func (l *listed) allowed(ctx context.Context, endpoints []uptime.Endpoint) ([]uptime.Endpoint, error) {
	files, err := l.store.OwnersFiles(ctx)
	if err != nil {
		return nil, err
	}
	fine, refuses, now := map[string]bool{"": true}, map[string]bool{}, time.Now()
	for i := range files {
		fine[files[i].Origin], refuses[files[i].Origin] = consents(&files[i], now), files[i].Optout
	}
	left := slices.DeleteFunc(slices.Clone(endpoints), func(e uptime.Endpoint) bool {
		origin := originOf(&e)
		return refuses[origin] || l.asks && e.Server == "" && !fine[origin]
	})
	if len(left) < len(endpoints) {
		select {
		case l.wanted <- struct{}{}:
		default: // it is known
		}
	}
	return left, nil
}

// chosen returns the endpoints that have a place among those that are served.
func (l *listed) chosen(ctx context.Context) ([]uptime.Endpoint, error) {
	all, err := l.remote(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what is listed: %w", err)
	}
	slices.SortFunc(all, byRank)
	of := map[string]int{}
	all = slices.DeleteFunc(all, func(e uptime.Endpoint) bool {
		of[e.Host]++
		return of[e.Host] > l.set.PerHost
	})
	all = l.mixed(all)
	return all[:min(len(all), l.set.MaxServers)], nil
}

// byRank puts what more listings name first, and what is served already before
// what is not, so that places do not change hands without need. Who lists an
// address more than a few times gains nothing.
func byRank(a, b uptime.Endpoint) int {
	const few = 5
	served := func(e *uptime.Endpoint) int { return min(len(e.Server), 1) }
	return cmp.Or(cmp.Compare(min(b.Listings, few), min(a.Listings, few)), cmp.Compare(served(&b), served(&a)), cmp.Compare(a.Key, b.Key))
}

// mixed puts what one platform has beyond a tenth of the places behind the others:
// hosts under one domain cost nothing, and must not take all places.
func (l *listed) mixed(all []uptime.Endpoint) []uptime.Endpoint {
	most, of := max(l.set.PerHost, l.set.MaxServers/10), map[string]int{}
	first, rest := make([]uptime.Endpoint, 0, len(all)), []uptime.Endpoint(nil)
	for _, e := range all {
		if of[e.Platform]++; of[e.Platform] > most {
			rest = append(rest, e)
			continue
		}
		first = append(first, e)
	}
	return append(first, rest...)
}

// remote returns the endpoints that may be probed.
func (l *listed) remote(ctx context.Context) (out []uptime.Endpoint, err error) {
	for q := (uptime.EndpointQuery{Limit: targetsPage}); ; {
		page, err := l.store.Endpoints(ctx, q)
		if err != nil || len(page) == 0 {
			return out, err
		}
		for _, e := range page {
			if !e.Optout && (e.Kind == uptime.EndpointRemote || l.set.Private && e.Kind == uptime.EndpointLocal) {
				out = append(out, e)
			}
		}
		q.After = page[len(page)-1].Key
	}
}

// best returns the listing of each endpoint that names it for people.
func (l *listed) best(ctx context.Context, of []uptime.Endpoint) (map[uptime.EndpointKey]*uptime.Listing, error) {
	best := make(map[uptime.EndpointKey]*uptime.Listing, len(of))
	for some := range slices.Chunk(of, listingsRead) {
		keys := make([]uptime.EndpointKey, len(some))
		for i := range some {
			keys[i] = some[i].Key
		}
		found, err := l.store.BestListings(ctx, keys)
		if err != nil {
			return nil, fmt.Errorf("reading the listings: %w", err)
		}
		for i := range found {
			best[found[i].Endpoint] = &found[i]
		}
	}
	return best, nil
}

// server makes a server of an endpoint. Whatever transport is listed, the one that
// it speaks is found out.
func (l *listed) server(e *uptime.Endpoint, named *uptime.Listing) uptime.Server {
	srv := uptime.Server{
		Tenant: PublicTenant, Slug: slugOf(e), Name: e.Host, Group: e.Platform, URL: cmp.Or(e.Probe, e.URL), Guest: true, Private: l.set.Private,
		Interval: l.set.Interval, Regions: l.regions, Slow: slowListed,
	}
	if named != nil {
		srv.Name, srv.Description = cmp.Or(named.Title, named.Name, e.Host), named.Description
	}
	return srv
}

// slowListed is the time of a handshake above which a listed server is degraded.
const slowListed = 5 * time.Second

// slugOf names an endpoint in addresses: by its host and path, and by its key, so
// that it lasts and no stranger can make another of the same name: for half of a
// key that would take seconds.
func slugOf(e *uptime.Endpoint) string {
	const most = 42 // of the 64 of a slug
	text := strings.TrimPrefix(strings.TrimPrefix(e.URL, "https://"), "http://")
	var b strings.Builder
	for _, c := range strings.ToLower(text) {
		switch {
		case b.Len() >= most:
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	name := strings.Trim(b.String(), "-")
	key := strings.TrimPrefix(string(e.Key), "ep_")
	return strings.TrimPrefix(name+"-"+key, "-")
}

// bind notes which server is which endpoint.
func (l *listed) bind(ctx context.Context, servers []uptime.Server) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := make(map[uptime.EndpointKey]uptime.ServerID, len(servers))
	for i := range servers {
		if key, ok := l.bound[servers[i].Slug]; ok {
			of[key] = servers[i].ID
		}
	}
	if l.served == nil {
		if err := l.recall(ctx); err != nil {
			return err
		}
	}
	change := maps.Clone(of)
	for key, server := range l.served {
		switch now, ok := of[key]; {
		case !ok:
			change[key] = "" // not served any more
		case now == server:
			delete(change, key)
		}
	}
	if err := l.store.BindEndpoints(ctx, PublicTenant, change); err != nil {
		return err
	}
	l.served = of
	return nil
}

// recall reads which endpoints were served before the start. The caller holds mu.
func (l *listed) recall(ctx context.Context) error {
	before := map[uptime.EndpointKey]uptime.ServerID{}
	for q := (uptime.EndpointQuery{Gone: true, Limit: targetsPage}); ; {
		page, err := l.store.Endpoints(ctx, q)
		if err != nil {
			return fmt.Errorf("reading what was served before: %w", err)
		}
		if len(page) == 0 {
			l.served = before
			return nil
		}
		for i := range page {
			if page[i].Server != "" {
				before[page[i].Key] = page[i].Server
			}
		}
		q.After = page[len(page)-1].Key
	}
}
