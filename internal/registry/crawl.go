package registry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	mathrand "math/rand/v2"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The bounds of a crawl.
const (
	// maxListings is how many listings a source may have.
	maxListings = 500_000
	// maxOfHost is how many of them may be of one host: some gateways list more than
	// a thousand.
	maxOfHost = 10_000
	// mayShrink is the share of the former listings, in per cent, that must be there.
	mayShrink = 90
	// fewListings is below how many listings a source may shrink as it likes.
	fewListings = 20
	// overlap is how far before the beginning of a full crawl the changes are asked
	// for that came while it ran.
	overlap = 5 * time.Minute
)

// Records is where crawls are kept. Staged listings are invisible until their
// crawl is finished with uptime.CrawlDone, which takes them over in one step.
type Records interface {
	BeginCrawl(ctx context.Context, c uptime.Crawl) error
	StageListings(ctx context.Context, crawl string, listings []uptime.Listing, endpoints []uptime.Endpoint) error
	FinishCrawl(ctx context.Context, c uptime.Crawl) (added, changed, gone int, err error)
	Sources(ctx context.Context) ([]uptime.SourceStatus, error)
}

// Options are what a Crawler is made of. Sources, Records and Fetch are required.
type Options struct {
	Sources []Source
	Records Records
	// Fetch makes the fetcher of one crawl.
	Fetch func(uptime.SourceID) *Fetcher
	// Every is how long after one crawl of a source the next begins; zero means an
	// hour. A source that can say what changed is read as a whole once in FullEvery,
	// a day unless it says otherwise.
	Every, FullEvery time.Duration
	// Ended is called after each crawl, in whatever way it ended; may be nil. A crawl
	// that was held or failed is for somebody to look at.
	Ended  func(ctx context.Context, c uptime.Crawl)
	Now    func() time.Time // nil for time.Now
	Logger *slog.Logger     // nil for none
}

// Crawler reads sources again and again.
type Crawler struct{ opt Options }

// New returns a crawler.
func New(opt Options) *Crawler {
	if opt.Every == 0 {
		opt.Every = time.Hour
	}
	if opt.FullEvery == 0 {
		opt.FullEvery = 24 * time.Hour
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Ended == nil {
		opt.Ended = func(context.Context, uptime.Crawl) {}
	}
	return &Crawler{opt: opt}
}

// Run reads all sources until ctx ends. One that fails does not disturb the
// others.
func (c *Crawler) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range c.opt.Sources {
		g.Go(func() error {
			for {
				if err := c.round(ctx, s); err != nil && ctx.Err() == nil {
					c.opt.Logger.ErrorContext(ctx, "a registry was not read, will try again", "source", s.ID(), "error", err)
				}
				// A tenth more or less, so that not all monitors come at the same time.
				if err := pause(ctx, c.opt.Every*9/10+mathrand.N(c.opt.Every/5+1)); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

// round reads a source as it is due: as a whole, and then what changed meanwhile,
// or only what changed.
func (c *Crawler) round(ctx context.Context, s Source) error {
	status, err := c.status(ctx, s.ID())
	if err != nil {
		return err
	}
	good := status.Good
	if s.Incremental() && !good.Began.IsZero() && c.opt.Now().Sub(status.Full) < c.opt.FullEvery {
		_, err = c.crawl(ctx, s, good.Began.Add(-overlap), false)
		return err
	}
	full, err := c.Crawl(ctx, s, false)
	if err != nil || full.State != uptime.CrawlDone || !s.Incremental() {
		return err
	}
	_, err = c.crawl(ctx, s, full.Began.Add(-overlap), false)
	return err
}

// Crawl reads a source as a whole, once. shrunk accepts that it lists much less
// than before. The error is nil also for a crawl that was held or failed, or that
// was not made for want of a credential: its State says so.
func (c *Crawler) Crawl(ctx context.Context, s Source, shrunk bool) (uptime.Crawl, error) {
	return c.crawl(ctx, s, time.Time{}, shrunk)
}

func (c *Crawler) status(ctx context.Context, id uptime.SourceID) (uptime.SourceStatus, error) {
	all, err := c.opt.Records.Sources(ctx)
	for _, s := range all {
		if s.ID == id {
			return s, err
		}
	}
	return uptime.SourceStatus{ID: id}, err
}

func (c *Crawler) crawl(ctx context.Context, s Source, since time.Time, shrunk bool) (uptime.Crawl, error) {
	status, err := c.status(ctx, s.ID())
	if err != nil {
		return uptime.Crawl{}, err
	}
	r := &reading{crawler: c, hosts: map[string]int{}, hash: sha256.New(), crawl: uptime.Crawl{
		ID: newCrawlID(), Source: s.ID(), State: uptime.CrawlRunning, Began: c.opt.Now().UTC(), Since: since, Previous: status.Listings,
	}}
	var missing string
	if r.crawl.Access, missing = s.Access(); missing != "" {
		r.crawl.State, r.crawl.Why, r.crawl.Ended = uptime.CrawlNone, missing, r.crawl.Began
		return r.crawl, c.opt.Records.BeginCrawl(ctx, r.crawl)
	}
	if err := c.opt.Records.BeginCrawl(ctx, r.crawl); err != nil {
		return r.crawl, err
	}
	err = s.Read(ctx, c.opt.Fetch(s.ID()), since, func(p *Page) error { return r.take(ctx, p) })
	return r.crawl, c.finish(ctx, r, err, shrunk)
}

func newCrawlID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return "crawl_" + hex.EncodeToString(b[:])
}

// finish judges a reading and takes it over, or not.
func (c *Crawler) finish(ctx context.Context, r *reading, failed error, shrunk bool) error {
	r.crawl.Hash = hex.EncodeToString(r.hash.Sum(nil))
	r.crawl.Ended = c.opt.Now().UTC()
	r.crawl.State = uptime.CrawlDone
	switch {
	case r.broken != nil:
		return r.broken // the database's: the next crawl throws away what is staged
	case failed != nil:
		r.crawl.State, r.crawl.Why = uptime.CrawlFailed, failed.Error()
	case r.crawl.Since.IsZero() && !shrunk && r.lacks():
		r.crawl.State = uptime.CrawlHeld
		r.crawl.Why = fmt.Sprintf("it lists %d addresses, and had %d before: more than a tenth is missing", r.crawl.Listings, r.crawl.Previous)
	}
	// Also at the end of the process: a crawl that was cut off is noted as such.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	added, changed, gone, err := c.opt.Records.FinishCrawl(keep, r.crawl)
	if err != nil {
		return err
	}
	c.opt.Logger.InfoContext(ctx, "a registry was read", "source", r.crawl.Source, "state", r.crawl.State, "why", r.crawl.Why, "pages", r.crawl.Pages,
		"records", r.crawl.Records, "listings", r.crawl.Listings, "added", added, "changed", changed, "gone", gone, "full", r.crawl.Since.IsZero(),
		"took", r.crawl.Ended.Sub(r.crawl.Began).Round(time.Millisecond).String())
	c.opt.Ended(keep, r.crawl)
	return ctx.Err()
}

// reading is a crawl on its way.
type reading struct {
	crawler *Crawler
	crawl   uptime.Crawl
	hosts   map[string]int
	hash    hash.Hash
	broken  error // the database did not take a page
}

// lacks reports whether much less was found than is listed now.
func (r *reading) lacks() bool {
	return r.crawl.Previous >= fewListings && r.crawl.Listings*100 < r.crawl.Previous*mayShrink
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
	if r.crawl.Listings > maxListings {
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

// accepted cleans listings and finds their endpoints. Only the first thousands of
// one host are taken.
func (r *reading) accepted(found []uptime.Listing) (listings []uptime.Listing, endpoints []uptime.Endpoint) {
	for _, l := range found {
		l.Source = r.crawl.Source
		host := hostOf(l.URL)
		clean(&l)
		e := endpoint.Take(&l)
		if e.Host != "" {
			host = e.Host
		}
		switch r.hosts[host]++; {
		case l.Key == "":
			r.refuse("without a name", 1)
			continue
		case host != "" && r.hosts[host] > maxOfHost:
			r.refuse("too many of one host", 1)
			continue
		}
		if l.URL != "" {
			r.crawl.Listings++
		}
		listings, endpoints = append(listings, l), append(endpoints, e)
	}
	return listings, endpoints
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}
