package findings

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of what is read.
const (
	endpointsPage = 5_000
	listingsPage  = 1_000
	// maxNow and maxGone are how many listings of one address are compared: anybody
	// can list one ten thousand times.
	maxNow, maxGone = 200, 50
)

// side is what is listed of a served endpoint.
type side struct {
	endpoint uptime.Endpoint
	listings []uptime.Listing // also of the same address with another transport, and gone ones
	now      int              // how many are not gone
}

// name is the one by which registries know it longest: who lists it later, under
// whatever name, does not give it another. It is empty for none.
func (s *side) name() string {
	var first *uptime.Listing
	for i := range s.listings {
		if l := &s.listings[i]; s.isOwn(l) && (first == nil || cmp.Or(l.FirstSeen.Compare(first.FirstSeen), strings.Compare(l.Name, first.Name)) < 0) {
			first = l
		}
	}
	if first == nil {
		return ""
	}
	return first.Name
}

// names are those that it has in registries now, sorted.
func (s *side) names() []string {
	var out []string
	for i := range s.listings {
		if l := &s.listings[i]; s.isOwn(l) {
			out = append(out, l.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// isOwn reports whether a listing names the endpoint now, by a name.
func (s *side) isOwn(l *uptime.Listing) bool {
	return l.Gone.IsZero() && l.Endpoint == s.endpoint.Key && l.Name != ""
}

// sources are the registries that list its address, and those that did.
func (s *side) sources() (now, former []uptime.SourceID) {
	for i := range s.listings {
		if l := &s.listings[i]; l.Gone.IsZero() {
			now = append(now, l.Source)
		} else {
			former = append(former, l.Source)
		}
	}
	slices.Sort(now)
	slices.Sort(former)
	now = slices.Compact(now)
	return now, slices.DeleteFunc(slices.Compact(former), func(id uptime.SourceID) bool { return slices.Contains(now, id) })
}

// add adds a listing, unless it is gone and nobody knows whether the registry has it.
func (s *side) add(l *uptime.Listing, unknown map[uptime.SourceID]bool) {
	gone := !l.Gone.IsZero()
	if gone && unknown[l.Source] || gone && len(s.listings)-s.now >= maxGone || !gone && s.now >= maxNow {
		return
	}
	if !gone {
		s.now++
	}
	// Only what is compared is kept.
	s.listings = append(s.listings, uptime.Listing{
		Source: l.Source, Name: l.Name, Version: l.Version, Transport: l.Transport, Access: l.Access, Status: l.Status, Endpoint: l.Endpoint, FirstSeen: l.FirstSeen, Gone: l.Gone,
	})
}

// readSides reads everything that is listed, and keeps what is served.
func readSides(ctx context.Context, from Records) ([]side, error) {
	sides, err := readServed(ctx, from)
	if err != nil || len(sides) == 0 {
		return nil, err
	}
	unknown, err := unread(ctx, from)
	if err != nil {
		return nil, err
	}
	about := map[uptime.EndpointKey][]int{}
	for i := range sides {
		for _, key := range keysAround(&sides[i].endpoint) {
			about[key] = append(about[key], i)
		}
	}
	for q := (uptime.ListingQuery{Gone: true, Limit: listingsPage}); ; {
		page, next, err := from.Listings(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("reading the listings: %w", err)
		}
		for i := range page {
			for _, at := range about[page[i].Endpoint] {
				sides[at].add(&page[i], unknown)
			}
		}
		if q.After = next; next == "" {
			return sides, nil
		}
	}
}

// unread returns the registries of which nobody knows what they list: they were
// switched off, and not read as a whole since.
func unread(ctx context.Context, from Records) (map[uptime.SourceID]bool, error) {
	all, err := from.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the registries: %w", err)
	}
	out := map[uptime.SourceID]bool{}
	for i := range all {
		out[all[i].ID] = all[i].Full.IsZero()
	}
	return out, nil
}

// readServed returns the endpoints that are served, without listings.
func readServed(ctx context.Context, from Records) (out []side, err error) {
	for q := (uptime.EndpointQuery{Gone: true, Limit: endpointsPage}); ; {
		page, err := from.Endpoints(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("reading the endpoints: %w", err)
		}
		if len(page) == 0 {
			return out, nil
		}
		for i := range page {
			if e := &page[i]; e.Server != "" && !e.Optout {
				out = append(out, side{endpoint: uptime.Endpoint{
					Key: e.Key, URL: e.URL, Transport: e.Transport, SignIn: e.SignIn, Server: e.Server,
				}})
			}
		}
		q.After = page[len(page)-1].Key
	}
}

// around reads what is listed of an address.
func around(ctx context.Context, from Records, e *uptime.Endpoint) ([]uptime.Listing, error) {
	s := side{endpoint: *e}
	unknown, err := unread(ctx, from)
	if err != nil {
		return nil, err
	}
	for _, key := range keysAround(e) { // for a page, on which nobody is to wait for a crowd
		page, _, err := from.Listings(ctx, uptime.ListingQuery{Endpoint: key, Gone: true, Limit: maxNow + maxGone})
		if err != nil {
			return nil, fmt.Errorf("reading what is listed of an address: %w", err)
		}
		for i := range page {
			s.add(&page[i], unknown)
		}
	}
	return s.listings, nil
}

// keysAround returns the keys of an endpoint's address: its own, and that with the
// other transport.
func keysAround(e *uptime.Endpoint) []uptime.EndpointKey {
	out := []uptime.EndpointKey{e.Key}
	for _, t := range []uptime.Transport{uptime.StreamableHTTP, uptime.HTTPSSE} {
		if key := uptime.NewEndpointKey(e.URL, t); key != e.Key {
			out = append(out, key)
		}
	}
	return out
}
