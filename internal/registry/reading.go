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

// judge leaves what lacks too much to somebody who looks at it; shrunk says that
// somebody has.
func (r *reading) judge(loss *uptime.CrawlLoss, shrunk bool) {
	why := r.lacking(loss)
	switch {
	case why == "":
	case shrunk:
		r.crawl.Accepted = true
	default:
		r.crawl.State, r.crawl.Why = uptime.CrawlHeld, why+": more than a tenth is missing"
	}
}

// lacking says what is missing; empty when that is little. As many others do not
// make up for what was listed: whoever stands between could replace all of it, at
// once or little by little.
func (r *reading) lacking(loss *uptime.CrawlLoss) string {
	full := r.crawl.Since.IsZero()
	if full && lacks(r.crawl.Listings, r.crawl.Previous) {
		return fmt.Sprintf("it lists %d addresses, and had %d before", r.crawl.Listings, r.crawl.Previous)
	}
	for _, l := range []uptime.Loss{loss.Now, loss.Oldest, loss.Largest} {
		if !lacks(l.Listed-l.Lost, l.Listed) {
			continue
		}
		when := ""
		if !l.At.IsZero() {
			when = l.At.UTC().Format(" on 2006-01-02")
		}
		return fmt.Sprintf("of %d addresses that it listed%s, %d are not there any more", l.Listed, when, l.Lost)
	}
	if full && r.crawl.Previous < fewListings && lacks(r.crawl.Records, r.records) {
		return fmt.Sprintf("it lists %d records, and had %d before", r.crawl.Records, r.records)
	}
	return ""
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
