package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// registryHandlers answers the commands of `alivemcp registry` and `audit` on the socket.
func (m *Monitor) registryHandlers(handle func(string, func(context.Context, command) (any, error))) {
	handle("POST /registry/crawl", func(ctx context.Context, c command) (any, error) {
		return m.crawl.once(ctx, c.Names, c.Yes)
	})
	handle("POST /audit/publish", func(ctx context.Context, c command) (any, error) {
		return struct{}{}, publish(ctx, m.store, c.Path, uptime.AuditRunID(c.ID))
	})
	handle("POST /registry/optout", func(ctx context.Context, c command) (any, error) {
		err := m.store.SetOptout(ctx, uptime.EndpointKey(c.ID), c.Yes, optoutEntry(c.ID, c.By, c.Text, c.Yes))
		m.listed.changed()
		return struct{}{}, err
	})
}

func optoutEntry(key, by, reason string, out bool) uptime.AuditEntry {
	action := "endpoint.optout"
	if !out {
		action = "endpoint.optin"
	}
	return entry(DefaultTenant, by, action, key, reason)
}

// RegistriesOptions say what `alivemcp registry` works on.
type RegistriesOptions struct {
	// File says which registries there are, and where the data are. Required.
	File *config.File
	// Create is for those who crawl: it makes the data directory when it is missing, and
	// what the configuration leaves out is not listed any more. Whoever only looks
	// something up changes nothing.
	Create bool
	// From is a file of listings that is read in place of the registries; empty for
	// these.
	From    string
	Version string
	Log     *slog.Logger // nil for nobody
}

// Registries is what registries list: beside a running monitor, or alone.
type Registries struct {
	admin *Admin
	read  *sqlite.Store
	crawl *crawling
	from  bool
}

// OpenRegistries opens the data. The caller must Close it.
func OpenRegistries(ctx context.Context, opt RegistriesOptions) (r *Registries, err error) {
	var from listingsFile
	if opt.From != "" {
		if from, err = readListings(opt.From); err != nil {
			return nil, err
		}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	r = &Registries{from: from != nil}
	if r.admin = running(ctx, opt.File.Data); r.admin == nil && opt.Create {
		r.admin, err = openOwn(ctx, opt.File.Data)
	} else if _, missing := os.Stat(filepath.Join(opt.File.Data, sqlite.File)); r.admin == nil && missing != nil {
		return nil, fmt.Errorf("%w: nothing was read into %s yet; begin with: alivemcp registry crawl, or name the data directory with --data", uptime.ErrNotFound, opt.File.Data)
	} else if r.admin == nil {
		r.admin, err = OpenAdmin(ctx, opt.File.Data)
	}
	if err != nil {
		return nil, err
	}
	if r.read = r.admin.store; r.read == nil {
		if r.read, err = sqlite.Open(ctx, sqlite.Options{Dir: opt.File.Data, ReadOnly: true}); err != nil {
			return nil, errors.Join(err, r.admin.Close())
		}
	}
	r.crawl = newCrawling(crawlOptions{file: opt.File, store: r.read, version: opt.Version, log: opt.Log, from: from})
	if r.admin.store == nil {
		return r, nil
	}
	if err := r.crawl.begin(ctx, opt.Create); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Progress says how far Crawl is; the zero CrawlProgress while nothing is known, as
// when a monitor crawls. It may be called while Crawl runs.
func (r *Registries) Progress() CrawlProgress { return r.crawl.progress() }

// Close releases the data.
func (r *Registries) Close() error {
	if r.read != r.admin.store {
		return errors.Join(r.read.Close(), r.admin.Close())
	}
	return r.admin.Close()
}

// Crawl reads registries as a whole, all of them without names. shrunk accepts
// that one lists much less than before. While a monitor runs, it does this.
func (r *Registries) Crawl(ctx context.Context, names []string, shrunk bool) (crawls []uptime.Crawl, err error) {
	if r.admin.store != nil {
		return r.crawl.once(ctx, names, shrunk)
	}
	if r.from {
		return nil, fmt.Errorf("%w: a monitor runs on these data, and reads registries only: give a file of listings a data directory of its own with --data", uptime.ErrConflict)
	}
	return crawls, r.admin.ask(ctx, "registry/crawl", command{Names: names, Yes: shrunk}, &crawls)
}

// SourceRow is a registry with what is known of it.
type SourceRow struct {
	uptime.SourceStatus
	// Missing names the credential without which it is not read; empty when there is
	// nothing to miss. Off says that the configuration leaves it out.
	Missing string
	Off     bool
}

// Sources returns the registries of the configuration, and others that were read.
func (r *Registries) Sources(ctx context.Context) ([]SourceRow, error) {
	stored, err := r.read.Sources(ctx)
	if err != nil {
		return nil, err
	}
	return r.crawl.rows(stored), nil
}

// rows joins what is configured with what is stored.
func (c *crawling) rows(stored []uptime.SourceStatus) []SourceRow {
	byID := map[uptime.SourceID]uptime.SourceStatus{}
	for _, s := range stored {
		byID[s.ID] = s
	}
	var out []SourceRow
	for _, s := range c.sources {
		row := SourceRow{SourceStatus: byID[s.ID()]}
		row.ID = s.ID()
		_, row.Missing = s.Access()
		out = append(out, row)
		delete(byID, s.ID())
	}
	for _, s := range stored {
		if _, left := byID[s.ID]; left {
			out = append(out, SourceRow{SourceStatus: s, Off: true})
		}
	}
	return out
}

// Search returns a page of listings, how many there are in all, and where the next
// page begins.
func (r *Registries) Search(ctx context.Context, q uptime.ListingQuery) (page []uptime.Listing, all int, next string, err error) {
	if all, err = r.read.CountListings(ctx, q); err != nil {
		return nil, 0, "", err
	}
	page, next, err = r.read.Listings(ctx, q)
	return page, all, next, err
}

// Counts returns how many endpoints there are of each kind on each platform.
func (r *Registries) Counts(ctx context.Context) ([]uptime.EndpointCount, error) {
	return r.read.CountEndpoints(ctx)
}

// Endpoint returns what a key names.
func (r *Registries) Endpoint(ctx context.Context, key uptime.EndpointKey) (uptime.Endpoint, error) {
	return r.read.Endpoint(ctx, key)
}

// Optout notes that the owner of an endpoint does not want to be probed, or wants
// it again.
func (r *Registries) Optout(ctx context.Context, key uptime.EndpointKey, out bool, by, reason string) error {
	if r.admin.store != nil {
		return r.admin.store.SetOptout(ctx, key, out, optoutEntry(string(key), by, reason, out))
	}
	return r.admin.ask(ctx, "registry/optout", command{ID: string(key), By: by, Text: reason, Yes: out}, nil)
}
