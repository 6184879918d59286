package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/demo"
	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// demoKey is what the demonstration's PulseMCP wants.
const demoKey = "demonstration"

// fakes are the registries of the demonstration: on this machine, in this process.
// Nobody else's are ever asked.
type fakes struct {
	ln  net.Listener
	now time.Time
}

func newFakes(now time.Time) (*fakes, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // takes no time
	if err != nil {
		return nil, fmt.Errorf("opening the demonstration's registries: %w", err)
	}
	return &fakes{ln, now}, nil
}

// yaml is the part of the configuration about registries: four that can be read,
// one whose key is missing, and none that is not part of this process.
func (f *fakes) yaml() string {
	return fmt.Sprintf(`registries:
  enabled: true
  contact: demo@example.com
  sources:
    official: {url: "%[1]s/official", private: true}
    github: {url: "%[1]s/github", private: true}
    pulsemcp: {url: "%[1]s/pulsemcp", private: true, key: %[2]s, tenant: demo}
    docker: {url: "%[1]s/docker/catalog.yaml", private: true}
    glama: {url: "%[1]s/glama", private: true}
    smithery: false
    github-topics: false
    cline: false
    toolsdk: false
    mcp.so: false
`, "http://"+f.ln.Addr().String(), demoKey)
}

// readable are the registries of the demonstration that can be read.
func readable() []uptime.SourceID {
	return []uptime.SourceID{uptime.SourceOfficial, uptime.SourceGitHub, uptime.SourcePulseMCP, uptime.SourceDocker}
}

// handler answers as some registries did so many days ago.
func (f *fakes) handler(ago int, sources ...uptime.SourceID) http.Handler {
	mux := http.NewServeMux()
	for _, source := range sources {
		if source == uptime.SourceDocker {
			mux.Handle("/docker/catalog.yaml", fake.Catalog(demo.Listed(source, ago, f.now)))
			continue
		}
		r := fake.New(fake.Records(demo.Listed(source, ago, f.now))...)
		if source == uptime.SourceGitHub {
			r.Snake()
		}
		if source == uptime.SourcePulseMCP {
			r.Break(fake.Key("X-API-Key", demoKey))
		}
		mux.Handle("/"+string(source)+"/", http.StripPrefix("/"+string(source), r))
	}
	return mux
}

// run answers until ctx ends.
func (f *fakes) run(ctx context.Context) error {
	return serveOn(ctx, f.ln, keepLocal(f.handler(0, readable()...)), "the demonstration's registries")
}

// serveOn answers on a listener until ctx ends.
func serveOn(ctx context.Context, ln net.Listener, h http.Handler, what string) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(ln); ctx.Err() == nil {
		return fmt.Errorf("serving %s: %w", what, err)
	}
	return ctx.Err()
}

// fillRegistries invents what registries listed in the last months: the crawler
// reads them as they were, and audits count what was listed then.
func (d *Demonstration) fillRegistries(ctx context.Context, m *Monitor) error {
	audits, readings := demo.Audits(m.began), demo.Readings()
	sources := map[uptime.SourceID]registry.Source{}
	for _, s := range sourcesOf(&d.file.Registries, nil) {
		sources[s.ID()] = s
	}
	for i, r := range readings {
		if err := d.readBack(ctx, m, sources[r.Source], r.Ago); err != nil {
			return err
		}
		if i+1 < len(readings) && readings[i+1].Ago == r.Ago {
			continue
		}
		if r.Ago == demo.OptoutAgo {
			if err := d.optout(ctx, m); err != nil {
				return err
			}
		}
		if a, ok := audits[r.Ago]; ok {
			if err := plantAudit(ctx, m, &a); err != nil {
				return err
			}
		}
	}
	return d.bindListed(ctx, m)
}

// readBack reads a registry as it was so many days ago.
func (d *Demonstration) readBack(ctx context.Context, m *Monitor, source registry.Source, ago int) error {
	clock := m.began.UTC().AddDate(0, 0, -ago)
	c := registry.New(registry.Options{
		Records: m.store,
		Fetch: func(uptime.SourceID) *registry.Fetcher {
			return registry.NewFetcher(registry.FetchOptions{Client: fake.Client(d.fakes.handler(ago, source.ID())), UserAgent: UserAgent(d.file, m.opt.Version)})
		},
		Now: func() time.Time { clock = clock.Add(time.Second); return clock },
	})
	crawl, err := c.Crawl(ctx, source, true)
	if err == nil && crawl.State == uptime.CrawlFailed {
		err = fmt.Errorf("%s", crawl.Why)
	}
	if err != nil {
		return fmt.Errorf("reading %s as it was %d days ago: %w", source.ID(), ago, err)
	}
	return nil
}

// plantAudit keeps an audit of what is listed, with looks that never were.
func plantAudit(ctx context.Context, m *Monitor, a *demo.Audit) error {
	all, crawls, err := storedTargets(ctx, m.store)
	if err != nil {
		return err
	}
	targets, population, optouts := audit.Plan(all, audit.Draw{})
	run := a.AuditRun
	run.Population, run.Optouts, run.Endpoints, run.Crawls, run.Ended = population, optouts, counted(targets), crawls, time.Time{}
	if err := m.store.BeginAudit(ctx, run, targets); err != nil {
		return err
	}
	if err := m.store.PutLooks(ctx, run.ID, a.Looks(targets)); err != nil {
		return err
	}
	return m.store.EndAudit(ctx, run.ID, a.Ended)
}

// optout notes that an owner does not want to be probed.
func (d *Demonstration) optout(ctx context.Context, m *Monitor) error {
	return m.eachListed(ctx, func(e *uptime.Endpoint) error {
		if e.URL != demo.Optout() {
			return nil
		}
		return m.store.SetOptout(ctx, e.Key, true, optoutEntry(string(e.Key), "Ada", "asked by mail", true))
	})
}

// bindListed says which of the demonstration's servers is which endpoint.
func (d *Demonstration) bindListed(ctx context.Context, m *Monitor) error {
	at := map[string]uptime.ServerID{}
	for _, r := range demo.Roles() {
		srv, err := m.plans.server(DefaultTenant, r.Slug)
		if err != nil {
			return err
		}
		at[demo.Address(r.Slug)] = srv.ID
	}
	bound := map[uptime.EndpointKey]uptime.ServerID{}
	err := m.eachListed(ctx, func(e *uptime.Endpoint) error {
		if id, ok := at[e.URL]; ok {
			bound[e.Key] = id
		}
		return nil
	})
	if err != nil {
		return err
	}
	return m.store.BindEndpoints(ctx, DefaultTenant, bound)
}

// eachListed shows all endpoints that are listed.
func (m *Monitor) eachListed(ctx context.Context, yield func(*uptime.Endpoint) error) error {
	for q := (uptime.EndpointQuery{Limit: targetsPage}); ; {
		page, err := m.store.Endpoints(ctx, q)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			if err := yield(&page[i]); err != nil {
				return err
			}
		}
		q.After = page[len(page)-1].Key
	}
}
