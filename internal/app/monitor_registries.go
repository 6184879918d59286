package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/alivemcp/alivemcp/internal/audit/shelf"
	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/findings"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// openRegistries makes what reads the registries, and the tenant of the servers
// that they list.
func (m *Monitor) openRegistries() {
	f := m.opt.File
	m.crawls = &crawlTally{ended: map[crawlKind]uint64{}, row: map[uptime.SourceID]int{}}
	m.listed = newListed(m.store, f)
	m.listed.asks = true
	m.library = newLibrary(m.store)
	m.shelf = shelf.New(m.store, m.log.With("part", "reports"))
	m.openFindings()
	m.crawl = newCrawling(crawlOptions{file: f, store: m.store, version: m.opt.Version, log: m.log.With("part", "registries"), ended: m.crawled})
	if f.Registries.Serve.Enabled {
		m.opt.Tenants = append(slices.Clip(m.opt.Tenants), Tenant{
			ID: PublicTenant, File: &config.File{}, servers: m.listed.servers, stored: m.bindListed,
		})
	}
}

// openFindings makes what compares what is listed with what is live, of the tenant
// whose pages show both.
func (m *Monitor) openFindings() {
	tenant := DefaultTenant
	if m.opt.File.Registries.Serve.Enabled {
		tenant = PublicTenant
	}
	m.compared = findings.New(findings.Options{
		Tenant: tenant, Records: m.store, Logger: m.log.With("part", "findings"),
		Row:   func(t uptime.TenantID, s uptime.ServerID) (*board.Row, bool) { return m.board.RowOf(t, s) },
		Looks: func(t uptime.TenantID, s uptime.ServerID) []uptime.Cell { return m.live.Look(t, s) },
	})
}

// compareListed compares what is listed with what the board shows.
func (m *Monitor) compareListed(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-m.board.Ready():
	}
	return m.compared.Run(ctx)
}

// bindListed notes which server is which endpoint, and has that compared.
func (m *Monitor) bindListed(ctx context.Context, servers []uptime.Server) error {
	if err := m.listed.bind(ctx, servers); err != nil {
		return err
	}
	m.compared.Changed()
	return nil
}

// patience is how often in a row a registry may fail before the operator is told:
// once is the weather.
const patience = 3

// crawled hears how a crawl ended. What was not taken over is told to the operator.
func (m *Monitor) crawled(ctx context.Context, c uptime.Crawl) {
	failures := m.crawls.add(c)
	var err error
	switch {
	case c.State == uptime.CrawlDone:
		m.listed.changed()
		err = m.alarms.router.RegistryWorks(ctx, string(c.Source))
	case m.crawl.isOff(c.Source): // meanwhile
	case c.State == uptime.CrawlHeld, failures >= patience:
		err = m.alarms.router.RegistryFails(ctx, string(c.Source), c.Began, c.Why)
	}
	if err != nil {
		m.log.ErrorContext(ctx, "the operator is not told of a registry", "source", c.Source, "error", err)
	}
}

// leaveOut switches off the registries that a new configuration leaves out.
func (m *Monitor) leaveOut(ctx context.Context, f *config.File) {
	changed, err := m.crawl.adopt(ctx, f)
	if err == nil && changed {
		err = m.plans.again(ctx)
	}
	if err == nil {
		err = m.calm(ctx)
	}
	if err != nil {
		m.log.ErrorContext(ctx, "a registry is switched off only after a restart", "error", err)
	}
}

// calm ends what is told of registries that are switched off.
func (m *Monitor) calm(ctx context.Context) error {
	for id, off := range *m.crawl.off.Load() {
		if !off {
			continue
		}
		if err := m.alarms.router.RegistryLeft(ctx, string(id)); err != nil {
			return fmt.Errorf("ending what is told of the registry %s: %w", id, err)
		}
	}
	return nil
}

// registryParts are those who read registries and serve what they list.
func (m *Monitor) registryParts() (out []part) {
	if m.opt.File.Registries.Enabled {
		out = append(out, part{"registries", m.crawl.crawler.Run})
	}
	if m.showsListed(DefaultTenant) || m.showsListed(PublicTenant) {
		out = append(out, part{"reports", m.shelf.Run}, part{"findings", m.compareListed})
	}
	if m.strange != nil {
		out = append(out, part{"listed servers", m.followListed}, part{"port of listed servers", m.strange.run}, part{"owners", m.askOwners}, part{"retired servers", m.forgetRetired})
	}
	return out
}

// followListed makes the plan anew after what is listed has changed.
func (m *Monitor) followListed(ctx context.Context) error {
	return m.listed.run(ctx, func(ctx context.Context) error {
		if err := m.plans.again(ctx); err != nil {
			return err
		}
		for _, r := range m.regions {
			r.looker.forget()
		}
		return nil
	}, func(err error) {
		m.log.ErrorContext(ctx, "cannot serve what is listed now, will try again after the next crawl", "error", err)
	})
}

// askOwners notes which owners do not want what is listed of them to be probed.
func (m *Monitor) askOwners(ctx context.Context) error {
	f := m.opt.File
	o := newOwners(f.Registries.Serve.Private, UserAgent(f, m.opt.Version), m.store, m.log.With("part", "owners"))
	o.served, o.listed, o.wanted, o.changed = m.listed.chosen, m.listed.remote, m.listed.wanted, m.listed.changed
	return o.run(ctx)
}

const (
	// keepRetired is how long a listed server keeps its past, and its id, after it was
	// served last.
	keepRetired = 90 * 24 * time.Hour
	// retiredTurn lies between two sweeps, mostRetired is how many one erases.
	retiredTurn = time.Hour
	mostRetired = 100
)

// forgetRetired erases listed servers that are not served for long, some at a time:
// each is a transaction of its own. Those of the operator stay for ever.
func (m *Monitor) forgetRetired(ctx context.Context) error {
	for {
		if err := rest(ctx, retiredTurn); err != nil {
			return err
		}
		if err := m.sweepRetired(ctx, time.Now().Add(-keepRetired)); err != nil && ctx.Err() == nil {
			m.log.ErrorContext(ctx, "retired servers are not erased, will try again", "error", err)
		}
	}
}

func (m *Monitor) sweepRetired(ctx context.Context, before time.Time) error {
	erased, err := m.store.SweepRetired(ctx, PublicTenant, before, mostRetired)
	for _, server := range erased {
		m.archiver.Erase(PublicTenant, server)
	}
	if len(erased) > 0 {
		m.log.InfoContext(ctx, "erased listed servers that were not served for long", "servers", len(erased))
	}
	return err
}

// crawlKind is what crawls are counted by.
type crawlKind struct {
	source uptime.SourceID
	state  uptime.CrawlState
}

// crawlTally counts crawls since the start.
type crawlTally struct {
	mu    sync.Mutex
	ended map[crawlKind]uint64
	row   map[uptime.SourceID]int // failures in a row
}

// add counts a crawl and returns how many of its source have failed in a row.
func (t *crawlTally) add(c uptime.Crawl) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended[crawlKind{c.Source, c.State}]++
	if c.State != uptime.CrawlFailed {
		delete(t.row, c.Source)
		return 0
	}
	t.row[c.Source]++
	return t.row[c.Source]
}

// crawlMetrics tells how the registries are read.
func (m *Monitor) crawlMetrics() []prometheus.Collector {
	if !m.opt.File.Registries.Enabled {
		return nil
	}
	name := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return []prometheus.Collector{&crawlCollector{
		m:        m,
		ended:    name("alivemcp_crawls_total", "Crawls since the start, by how they ended.", "source", "state"),
		age:      name("alivemcp_crawl_age_seconds", "How long ago the crawl began that is shown.", "source"),
		listings: name("alivemcp_listings", "Listings with an address.", "source"),
		healthy:  name("alivemcp_crawl_ok", "Whether the last crawl was taken over.", "source"),
	}}
}

// crawlCollector makes its metrics at the moment of a scrape.
type crawlCollector struct {
	m                             *Monitor
	ended, age, listings, healthy *prometheus.Desc
}

// Describe implements prometheus.Collector: what is there depends on the sources.
func (c *crawlCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *crawlCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c.m.crawls.mu.Lock()
	for kind, n := range c.m.crawls.ended {
		out <- prometheus.MustNewConstMetric(c.ended, prometheus.CounterValue, float64(n), string(kind.source), string(kind.state))
	}
	c.m.crawls.mu.Unlock()
	sources, err := c.m.store.Sources(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(c.listings, err)
		return
	}
	for _, s := range sources {
		gauge := func(d *prometheus.Desc, v float64) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, string(s.ID))
		}
		gauge(c.listings, float64(s.Listings))
		if !s.Good.Began.IsZero() && !c.m.crawl.isOff(s.ID) {
			gauge(c.age, time.Since(s.Good.Began).Seconds())
		}
		if s.Last.State != uptime.CrawlNone {
			ok := 0.0
			if s.Last.State == uptime.CrawlDone {
				ok = 1
			}
			gauge(c.healthy, ok)
		}
	}
}
