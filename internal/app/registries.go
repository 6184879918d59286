package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// registryCache is the folder, in that of the data, of what registries answered.
	registryCache = "registries"
	// requestGap is the least time between two requests to one registry.
	requestGap = 250 * time.Millisecond
	// keepCrawls is how long it is known how a registry was read.
	keepCrawls = 90 * 24 * time.Hour
	// keepListings is how long it is known what a registry no longer lists, and what
	// became of a listing.
	keepListings = 400 * 24 * time.Hour
	// keepAnswers is how long answers of registries are kept that nobody asks for.
	keepAnswers = 30 * 24 * time.Hour
	// mostAnswers is how many bytes of them are left by a sweep: strangers write
	// what registries point to.
	mostAnswers = 1 << 30
)

// crawling reads the registries that a configuration names.
type crawling struct {
	crawler *registry.Crawler
	sources []registry.Source
	cache   *registry.Dir
	store   *sqlite.Store
	every   time.Duration
	off     atomic.Pointer[map[uptime.SourceID]bool] // what the operator does not want to be read
	log     *slog.Logger
	counted *countedRecords
}

// crawlOptions are what crawling needs besides the configuration.
type crawlOptions struct {
	file    *config.File
	store   *sqlite.Store
	version string
	log     *slog.Logger
	// from is read in place of the registries; nil for these.
	from listingsFile
	// ended hears of each crawl; may be nil.
	ended func(context.Context, uptime.Crawl)
}

// newCrawling makes the sources and their crawler.
func newCrawling(opt crawlOptions) *crawling {
	r := &opt.file.Registries
	c := &crawling{
		cache: registry.NewDir(filepath.Join(opt.file.Data, registryCache)), store: opt.store, every: r.Every, log: opt.log,
		counted: &countedRecords{Records: opt.store},
	}
	c.sources = opt.from.sources()
	c.off.Store(&map[uptime.SourceID]bool{})
	if opt.from == nil {
		c.sources = sourcesOf(r, c.cache)
		c.off.Store(offIn(opt.file))
	}
	c.crawler = registry.New(registry.Options{
		Sources: c.sources, Records: c.counted, Every: r.Every, Ended: opt.ended, Logger: opt.log, Off: c.isOff,
		Fetch: fetchers(r, c.cache, UserAgent(opt.file, opt.version)),
	})
	return c
}

// offIn returns the registries that a configuration leaves out.
func offIn(f *config.File) *map[uptime.SourceID]bool {
	off := map[uptime.SourceID]bool{}
	for _, s := range f.Registries.Sources.All() {
		off[s.ID] = !s.Enabled
	}
	return &off
}

func (c *crawling) isOff(id uptime.SourceID) bool { return (*c.off.Load())[id] }

// begin is for the process that has the data to itself: nobody makes the crawls that
// run; and, if it is one that crawls, what is left out is not listed any more.
func (c *crawling) begin(ctx context.Context, crawls bool) error {
	if err := c.store.EndCrawls(ctx, time.Now()); err != nil || !crawls {
		return err
	}
	_, err := c.leaveOut(ctx)
	return err
}

// leaveOut makes gone what registries list that the operator has switched off, and
// reports whether there was anything. What came of a file stays: nobody reads that
// anew.
func (c *crawling) leaveOut(ctx context.Context) (changed bool, err error) {
	known, err := c.store.Sources(ctx)
	if err != nil {
		return false, err
	}
	for i := range known {
		s := &known[i]
		if !c.isOff(s.ID) || s.Good.Access == accessFile || s.Last.Off || s.Good.ID == "" {
			continue
		}
		now := time.Now().UTC()
		crawl := uptime.Crawl{
			ID: fmt.Sprintf("off_%s_%d", s.ID, now.UnixNano()), Source: s.ID, Began: now, Ended: now, Previous: s.Listings,
			Why: "switched off, not read since " + s.Good.Began.Format(time.DateOnly),
		}
		done, err := c.store.SwitchOff(ctx, crawl)
		if err != nil {
			return changed, err
		}
		if done {
			c.log.InfoContext(ctx, "a registry is switched off, and what it lists counts no more", "source", s.ID, "listings", s.Listings)
		}
		changed = changed || done
	}
	return changed, nil
}

// adopt switches off what a new configuration leaves out. What it has read anew needs
// a restart.
func (c *crawling) adopt(ctx context.Context, f *config.File) (changed bool, err error) {
	c.off.Store(offIn(f))
	return c.leaveOut(ctx)
}

// sourcesOf returns the registries that are to be read.
func sourcesOf(r *config.Registries, cache registry.Cache) []registry.Source {
	all := r.Sources.All()
	base := map[uptime.SourceID]string{}
	for _, s := range all {
		if s.URL != "" {
			base[s.ID] = s.URL
		}
	}
	s := &r.Sources
	known := registry.Sources(registry.Config{
		Base: base, Cache: cache,
		PulseMCPKey: s.PulseMCP.Key, PulseMCPTenant: s.PulseMCP.Tenant, GlamaKey: s.Glama.Key, SmitheryKey: s.Smithery.Key, GitHubToken: s.Topics.Key,
	})
	return slices.DeleteFunc(known, func(k registry.Source) bool {
		i := slices.IndexFunc(all, func(s config.SourceSetting) bool { return s.ID == k.ID() })
		return i >= 0 && !all[i].Enabled
	})
}

// fetchers returns what makes the fetcher of each crawl. Only a registry that the
// operator says is private may be at an address that is not public.
func fetchers(r *config.Registries, cache registry.Cache, agent string) func(uptime.SourceID) *registry.Fetcher {
	outside, anywhere := registry.NewClient(guard.Policy{}), registry.NewClient(guard.Policy{AllowPrivate: true})
	clients := map[uptime.SourceID]*http.Client{}
	for _, s := range r.Sources.All() {
		if s.Private {
			clients[s.ID] = anywhere
		}
	}
	return func(id uptime.SourceID) *registry.Fetcher {
		return registry.NewFetcher(registry.FetchOptions{
			Client: cmp.Or(clients[id], outside), UserAgent: agent, Gap: requestGap, Cache: cache,
		})
	}
}

// some returns the sources of these names; all without names.
func (c *crawling) some(ids []string) ([]registry.Source, error) {
	if len(ids) == 0 {
		return slices.DeleteFunc(slices.Clone(c.sources), func(s registry.Source) bool { return c.isOff(s.ID()) }), nil
	}
	var out []registry.Source
	for _, id := range ids {
		if c.isOff(uptime.SourceID(id)) {
			return nil, fmt.Errorf("%w: the configuration leaves out the registry %q", uptime.ErrInvalid, id)
		}
		i := slices.IndexFunc(c.sources, func(s registry.Source) bool { return string(s.ID()) == id })
		if i < 0 {
			return nil, fmt.Errorf("%w: there is no registry %q here; there is %s", uptime.ErrInvalid, id, c.names())
		}
		out = append(out, c.sources[i])
	}
	return out, nil
}

func (c *crawling) names() string {
	var out []string
	for _, s := range c.sources {
		out = append(out, string(s.ID()))
	}
	return strings.Join(out, ", ")
}

// once reads registries as a whole, one after the other, and says how that ended.
// shrunk accepts that one lists much less than before.
func (c *crawling) once(ctx context.Context, ids []string, shrunk bool) ([]uptime.Crawl, error) {
	sources, err := c.some(ids)
	if err != nil {
		return nil, err
	}
	var out []uptime.Crawl
	for i, s := range sources {
		c.counted.begin(s.ID(), i+1, len(sources))
		crawl, err := c.crawler.Crawl(ctx, s, shrunk)
		if err != nil {
			return out, fmt.Errorf("reading the registry %s: %w", s.ID(), err)
		}
		out = append(out, crawl)
	}
	return out, nil
}

// progress says how far once is.
func (c *crawling) progress() CrawlProgress { return c.counted.progress() }

// sweep forgets how registries were read long ago, and what they answered.
func (c *crawling) sweep(ctx context.Context) error {
	if err := c.store.SweepCrawls(ctx, time.Now().Add(-keepCrawls)); err != nil {
		return fmt.Errorf("sweeping the crawls: %w", err)
	}
	if err := c.store.SweepListings(ctx, time.Now().Add(-keepListings)); err != nil {
		return fmt.Errorf("sweeping the listings: %w", err)
	}
	if err := c.cache.Sweep(time.Now().Add(-keepAnswers), mostAnswers); err != nil {
		return fmt.Errorf("sweeping what registries answered: %w", err)
	}
	return nil
}
