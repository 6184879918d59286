package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"hash/maphash"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// maxListings is how many listings a source may have.
	maxListings = 500_000
	// maxOfHost is how many of them may be of one host: some gateways list more than
	// a thousand.
	maxOfHost = 10_000
)

// reading is a crawl on its way.
type reading struct {
	crawler *Crawler
	crawl   uptime.Crawl
	records int            // of the crawl before, for sources that list no addresses
	kept    int            // listings, leads included
	hosts   map[string]int // listings with an address, by host
	seen    map[uint64]struct{}
	seed    maphash.Seed
	hash    hash.Hash
	after   time.Duration // how long the source wants to be left alone
	broken  error         // the database did not take a page
	missed  int           // addresses that a crawl of changes says are gone
}

func newReading(c *Crawler, crawl uptime.Crawl) *reading {
	return &reading{
		crawler: c, crawl: crawl, hosts: map[string]int{}, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed(), hash: sha256.New(),
	}
}

// lacks reports whether much less was found than before.
func lacks(found, before int) bool {
	return before >= fewListings && found*100 < before*mayShrink
}

// hold leaves what was found to somebody who looks at it.
func (r *reading) hold(what string, found, before int) {
	r.crawl.State = uptime.CrawlHeld
	r.crawl.Why = fmt.Sprintf("it lists %d %s, and had %d before: more than a tenth is missing", found, what, before)
}

// errTooMany ends a reading that would not end by itself.
var errTooMany = errors.New("it lists more than 500,000 addresses")

// take stages a page.
func (r *reading) take(ctx context.Context, p *Page) error {
	r.crawl.Pages++
	r.crawl.Records += p.Records
	for why, n := range p.Refused {
		r.refuse(why, n)
	}
	for _, f := range p.Fetched {
		r.crawl.Bytes += int64(f.Bytes)
		_, _ = r.hash.Write(f.Hash[:])
	}
	listings, endpoints := r.accepted(p.Listings)
	if r.kept > maxListings {
		return errTooMany
	}
	r.broken = r.crawler.opt.Records.StageListings(ctx, r.crawl.ID, listings, endpoints)
	return r.broken
}

func (r *reading) refuse(why string, n int) {
	if r.crawl.Refused == nil {
		r.crawl.Refused = map[string]int{}
	}
	r.crawl.Refused[why] += n
}

// accepted cleans listings and finds their endpoints. Each is taken once, and of
// one host only the first thousands.
func (r *reading) accepted(found []uptime.Listing) (listings []uptime.Listing, endpoints []uptime.Endpoint) {
	for _, l := range found {
		if l.URL != "" && r.hosts[hostOf(l.URL)] >= maxOfHost { // a flood is not worth looking at
			r.refuse(tooMany, 1)
			continue
		}
		l.Source = r.crawl.Source
		clean(&l)
		e := endpoint.Take(&l)
		if why := r.unwanted(&l, &e); why != "" {
			r.refuse(why, 1)
			continue
		}
		if r.kept++; l.URL != "" && r.fresh(&l) && l.Status != uptime.ListingDeleted {
			r.crawl.Listings++
		}
		listings, endpoints = append(listings, l), append(endpoints, e)
	}
	return listings, endpoints
}

// tooMany is said of what is beyond maxOfHost.
const tooMany = "too many of one host"

// hostOf returns what stands where a host does, as the listings of a flood mostly
// have it.
func hostOf(raw string) string {
	_, rest, _ := strings.Cut(raw, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// unwanted says why a listing is not taken; empty when it is.
func (r *reading) unwanted(l *uptime.Listing, e *uptime.Endpoint) string {
	if l.Key == "" {
		return "without a name"
	}
	if l.URL == "" {
		return ""
	}
	if r.hosts[e.Host]++; r.hosts[e.Host] > maxOfHost {
		return tooMany
	}
	return ""
}

// fresh reports whether a listing was not there before: pages overlap when
// something is added while they are read.
func (r *reading) fresh(l *uptime.Listing) bool {
	var h maphash.Hash
	h.SetSeed(r.seed)
	_, _ = h.WriteString(l.Key) // never fails
	_ = h.WriteByte(0)
	_, _ = h.WriteString(l.URL)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(string(l.Endpoint)) // also of its transport
	sum := h.Sum64()
	_, old := r.seen[sum]
	r.seen[sum] = struct{}{}
	return !old
}
