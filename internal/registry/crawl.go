package registry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The bounds of a crawl.
const (
	// mayShrink is the share of the former listings, in per cent, that must be there.
	mayShrink = 90
	// creep is how far back losses are added up: of what the largest full crawl in
	// this time listed, the same share must be there.
	creep = 7 * 24 * time.Hour
	// fewListings is below how many listings a source may shrink as it likes.
	fewListings = 20
	// overlap is how far before the beginning of a full crawl the changes are asked
	// for that came while it ran.
	overlap = 5 * time.Minute
	// leastTime and mostTime bound how long a crawl may take; between them it is five
	// sixths of the time until the next.
	leastTime, mostTime = 50 * time.Minute, 4 * time.Hour
	// leastRest is how long a source is left alone whose crawl did not end because the
	// process did.
	leastRest = 10 * time.Minute
	// maxWhy is how long the reason of a failure may be, in bytes.
	maxWhy = 300
)

// Records is where crawls are kept. Staged listings are invisible until their
// crawl is finished with uptime.CrawlDone, which takes them over in one step.
type Records interface {
	BeginCrawl(ctx context.Context, c uptime.Crawl) error
	StageListings(ctx context.Context, crawl string, listings []uptime.Listing, endpoints []uptime.Endpoint) error
	// Losses returns what would be gone if the crawl were finished now. The good full
	// crawls of late are those that began after since.
	Losses(ctx context.Context, c uptime.Crawl, since time.Time) (uptime.CrawlLoss, error)
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
	// Off says which sources are not to be read any more; nil for none.
	Off func(uptime.SourceID) bool
	// Ended is called after each crawl, however it ended unless it was by the end of
	// ctx; may be nil. A crawl that was held or failed is for somebody to look at.
	Ended  func(ctx context.Context, c uptime.Crawl)
	Now    func() time.Time // nil for time.Now
	Logger *slog.Logger     // nil for none
}

// Crawler reads sources again and again. It is safe for concurrent use.
type Crawler struct {
	opt  Options
	mu   sync.Mutex
	busy map[uptime.SourceID]bool // what is being read; guarded by mu
}

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
	if opt.Off == nil {
		opt.Off = func(uptime.SourceID) bool { return false }
	}
	if opt.Ended == nil {
		opt.Ended = func(context.Context, uptime.Crawl) {}
	}
	return &Crawler{opt: opt, busy: map[uptime.SourceID]bool{}}
}

// Run reads all sources, if there are any, until ctx ends. One that fails does not
// disturb the others, and is left alone for longer each time.
func (c *Crawler) Run(ctx context.Context) error {
	if len(c.opt.Sources) == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range c.opt.Sources {
		g.Go(func() error { return c.again(ctx, s) })
	}
	return g.Wait()
}

// maxFailures bounds how much longer a source that fails is left alone: eight
// times as long.
const maxFailures = 3

func (c *Crawler) again(ctx context.Context, s Source) error {
	every := c.every(s)
	if err := pause(ctx, c.rest(ctx, s, every)); err != nil {
		return err
	}
	failures := 0
	for {
		r, err := c.round(ctx, s)
		if err != nil && ctx.Err() == nil {
			c.opt.Logger.ErrorContext(ctx, "a registry was not read, will try again", "source", s.ID(), "error", err)
		}
		failures++
		if err == nil && r.crawl.State != uptime.CrawlFailed {
			failures = 0
		}
		wait := every << min(max(failures-1, 0), maxFailures)
		// A tenth more or less, so that not all monitors come at the same time.
		wait = wait*9/10 + mathrand.N(wait/5+1)
		if err := pause(ctx, max(wait, r.after)); err != nil {
			return err
		}
	}
}

// every is how long after one crawl of a source the next begins.
func (c *Crawler) every(s Source) time.Duration {
	_, every := pace(s)
	return max(every, c.opt.Every)
}

// rest is how long a source that was read before this process began is to be left
// alone. What it begins with, when nothing is known or a key was missing, is now. A
// crawl that did not end says nothing: the last good one does.
func (c *Crawler) rest(ctx context.Context, s Source, every time.Duration) time.Duration {
	status, err := c.status(ctx, s.ID())
	last := status.Last
	if err != nil || last.ID == "" || last.State == uptime.CrawlNone {
		return 0
	}
	due := last.Began.Add(every)
	if last.Cut || last.State == uptime.CrawlRunning {
		due = later(last.Began.Add(min(every, leastRest)), status.Good.Began.Add(every))
	}
	return min(due.Sub(c.opt.Now()), every)
}

// round reads a source as it is due: as a whole, and then what changed meanwhile,
// or only what changed. It returns the last reading.
func (c *Crawler) round(ctx context.Context, s Source) (*reading, error) {
	if c.opt.Off(s.ID()) {
		return &reading{}, nil
	}
	status, err := c.status(ctx, s.ID())
	if err != nil {
		return &reading{}, err
	}
	if good := status.Good; s.Incremental() && !good.Began.IsZero() && c.within(status.Full, c.opt.FullEvery) && c.within(good.Began, c.opt.FullEvery) {
		return c.crawl(ctx, s, good.Began.Add(-overlap), false)
	}
	full, err := c.crawl(ctx, s, time.Time{}, false)
	if err != nil || full.crawl.State != uptime.CrawlDone || !s.Incremental() || c.opt.Off(s.ID()) {
		return full, err
	}
	return c.crawl(ctx, s, full.crawl.Began.Add(-overlap), false)
}

// within reports whether a moment is past, and not so long. One in the future is of
// a clock that was wrong.
func (c *Crawler) within(at time.Time, d time.Duration) bool {
	ago := c.opt.Now().Sub(at)
	return ago >= 0 && ago < d
}

// Crawl reads a source as a whole, once. shrunk accepts that it lists much less
// than before. The error is nil also for a crawl that was held or failed, or that
// was not made for want of a credential: its State says so.
func (c *Crawler) Crawl(ctx context.Context, s Source, shrunk bool) (uptime.Crawl, error) {
	r, err := c.crawl(ctx, s, time.Time{}, shrunk)
	return r.crawl, err
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

// take has a source to itself until the function that it returns is called.
func (c *Crawler) take(id uptime.SourceID) (done func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[id] {
		return nil, fmt.Errorf("%w: the registry %s is being read already", uptime.ErrConflict, id)
	}
	c.busy[id] = true
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.busy, id)
	}, nil
}

func (c *Crawler) crawl(ctx context.Context, s Source, since time.Time, shrunk bool) (*reading, error) {
	done, err := c.take(s.ID())
	if err != nil {
		return &reading{}, err
	}
	defer done()
	r := newReading(c, uptime.Crawl{ID: newCrawlID(), Source: s.ID(), State: uptime.CrawlRunning, Began: c.opt.Now().UTC(), Since: since})
	status, err := c.status(ctx, s.ID())
	if err != nil {
		return r, err
	}
	r.crawl.Previous = status.Listings
	if status.Good.Since.IsZero() {
		r.records = status.Good.Records
	}
	var missing string
	if r.crawl.Access, missing = s.Access(); missing != "" {
		r.crawl.State, r.crawl.Why, r.crawl.Ended = uptime.CrawlNone, missing, r.crawl.Began
		return r, c.opt.Records.BeginCrawl(ctx, r.crawl)
	}
	if err := c.opt.Records.BeginCrawl(ctx, r.crawl); err != nil {
		return r, err
	}
	if c.opt.Off(s.ID()) { // while this began: from here on, switching it off ends this
		return r, c.leave(ctx, r)
	}
	f := c.opt.Fetch(s.ID())
	gap, _ := pace(s)
	f.slow(gap)
	return r, c.finish(ctx, r, c.read(ctx, s, f, r), shrunk)
}

// leave ends a crawl of a source that is not to be read any more, and is not news.
func (c *Crawler) leave(ctx context.Context, r *reading) error {
	r.crawl.State, r.crawl.Why, r.crawl.Ended = uptime.CrawlNone, "switched off", c.opt.Now().UTC()
	_, _, _, err := c.opt.Records.FinishCrawl(ctx, r.crawl)
	if errors.Is(err, uptime.ErrConflict) {
		return nil // whoever switched it off has ended it
	}
	return err
}

// read reads a source to its end, for as long as a crawl may take: pages that come a
// byte at a time must not keep it busy for ever.
func (c *Crawler) read(ctx context.Context, s Source, f *Fetcher, r *reading) error {
	most := min(max(c.every(s)*5/6, leastTime), mostTime)
	limit, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	err := s.Read(limit, f, r.crawl.Since, func(p *Page) error {
		if limit.Err() != nil {
			return limit.Err()
		}
		return r.take(ctx, p)
	})
	if err != nil && limit.Err() != nil && r.broken == nil {
		return fmt.Errorf("it took longer than %s", most)
	}
	return err
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
	var loss uptime.CrawlLoss
	if r.broken == nil && failed == nil && ctx.Err() == nil {
		loss, r.broken = c.opt.Records.Losses(ctx, r.crawl, r.crawl.Began.Add(-creep))
	}
	switch {
	case r.broken != nil && c.opt.Off(r.crawl.Source):
		return c.leave(ctx, r) // it was ended
	case r.broken != nil:
		return r.broken // the database's: the next crawl throws away what is staged
	case ctx.Err() != nil:
		r.crawl.State, r.crawl.Why, r.crawl.Cut = uptime.CrawlFailed, "it was interrupted", true
	case failed != nil:
		r.crawl.State, r.crawl.Why = uptime.CrawlFailed, Plain(failed.Error(), maxWhy)
		if said := (*StatusError)(nil); errors.As(failed, &said) {
			r.after = said.After
		}
	default:
		r.judge(&loss, shrunk)
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
	if ctx.Err() == nil { // that this process ends is no news about a registry
		c.opt.Ended(keep, r.crawl)
	}
	return ctx.Err()
}
