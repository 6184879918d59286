package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of what is kept of listings for a report.
const (
	maxNames     = 10
	targetsPage  = 5_000
	listingsRead = 1_000
)

// said is what listings say of one endpoint.
type said struct {
	sources map[uptime.SourceID]bool
	names   map[string]bool
	newest  uptime.Listing
	differ  uptime.Disagreement
}

// sayings is what listings say, by endpoint.
type sayings map[uptime.EndpointKey]*said

func (s sayings) add(l *uptime.Listing) {
	if l.Endpoint == "" {
		return
	}
	one := s[l.Endpoint]
	if one == nil {
		one = &said{sources: map[uptime.SourceID]bool{}, names: map[string]bool{}, newest: *l}
		s[l.Endpoint] = one
	}
	one.sources[l.Source] = true
	one.differ.Add(l)
	if len(one.names) < maxNames {
		one.names[l.Name] = true
	}
	if cmp.Or(l.Updated, l.Published).After(cmp.Or(one.newest.Updated, one.newest.Published)) {
		one.newest = *l
	}
}

// target makes what is counted of an endpoint.
func (s sayings) target(e *uptime.Endpoint) uptime.AuditTarget {
	t := uptime.AuditTarget{Endpoint: *e}
	if one := s[e.Key]; one != nil {
		t.Sources, t.Names = slices.Sorted(maps.Keys(one.sources)), slices.Sorted(maps.Keys(one.names))
		t.ListedVersion, t.ListedTransport = one.newest.Version, one.newest.Transport
		t.Disagree, t.Compared = one.differ.About(), true
	}
	return t
}

// storedTargets returns what the registries list, as it was read last.
func storedTargets(ctx context.Context, store *sqlite.Store) (targets []uptime.AuditTarget, crawls []uptime.Crawl, err error) {
	words, err := readSayings(ctx, store)
	if err != nil {
		return nil, nil, err
	}
	q := uptime.EndpointQuery{Gone: true, Limit: targetsPage}
	for {
		page, err := store.Endpoints(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		if len(page) == 0 {
			break
		}
		for i := range page {
			targets = append(targets, words.target(&page[i]))
		}
		q.After = page[len(page)-1].Key
	}
	sources, err := store.Sources(ctx)
	for _, s := range sources {
		crawls = append(crawls, crawlsOf(&s)...)
	}
	return targets, crawls, err
}

// refuse marks what is listed of hosts whose owners a monitor has heard saying that
// they do not want to be probed: also what is listed of them since it asked.
func refuse(ctx context.Context, targets []uptime.AuditTarget, stores ...*sqlite.Store) error {
	out := map[string]bool{}
	for _, s := range stores {
		files, err := s.OwnersFiles(ctx)
		if err != nil {
			return err
		}
		for i := range files {
			out[files[i].Origin] = out[files[i].Origin] || files[i].Optout
		}
	}
	for i := range targets {
		targets[i].Optout = targets[i].Optout || out[originOf(&targets[i].Endpoint)]
	}
	return nil
}

func readSayings(ctx context.Context, store *sqlite.Store) (sayings, error) {
	words := sayings{}
	for q := (uptime.ListingQuery{Limit: listingsRead}); ; {
		page, next, err := store.Listings(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range page {
			words.add(&page[i])
		}
		if q.After = next; next == "" {
			return words, nil
		}
	}
}

// crawlsOf returns the crawl that what is listed came from, and a newer one that
// was not taken over.
func crawlsOf(s *uptime.SourceStatus) (out []uptime.Crawl) {
	if s.Good.ID != "" {
		out = append(out, s.Good)
	}
	if s.Last.ID != "" && s.Last.ID != s.Good.ID {
		out = append(out, s.Last)
	}
	return out
}

// fileTargets returns what a file lists. Its reading, now, stands for the crawls.
func fileTargets(name string, now time.Time) (targets []uptime.AuditTarget, crawls []uptime.Crawl, err error) {
	file, err := readListings(name)
	if err != nil {
		return nil, nil, err
	}
	words, all := sayings{}, endpoint.Set{}
	for _, id := range slices.Sorted(maps.Keys(file)) {
		crawl := uptime.Crawl{
			ID: fmt.Sprintf("file_%s", id), Source: id, State: uptime.CrawlDone, Access: "file", Began: now, Ended: now, Pages: 1, Records: len(file[id]),
		}
		for i := range file[id] {
			l := &file[id][i]
			if l.URL != "" {
				crawl.Listings++
			}
			all.Add(l)
			words.add(l)
		}
		crawls = append(crawls, crawl)
	}
	for _, e := range all.All() {
		e.FirstSeen, e.LastSeen = now, now
		targets = append(targets, words.target(&e))
	}
	return targets, crawls, nil
}
