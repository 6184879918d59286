package findings

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// every is how often servers are looked up anew, which is in memory.
	every = time.Minute
	// maxAge is how old what was read of the listings may be when nobody says that
	// it changed: another process may have read a registry.
	maxAge = 10 * time.Minute
	// settle is how long after a change it is looked at: boards take over a plan
	// within a second or two.
	settle = 3 * time.Second
)

// Records is what registries list, as a store keeps it.
type Records interface {
	// Endpoints returns a page of endpoints in the order of their keys.
	Endpoints(ctx context.Context, q uptime.EndpointQuery) ([]uptime.Endpoint, error)
	// Listings returns a page of listings, and where the next one begins.
	Listings(ctx context.Context, q uptime.ListingQuery) (page []uptime.Listing, next string, err error)
	// Sources returns what is known of all registries that were ever read.
	Sources(ctx context.Context) ([]uptime.SourceStatus, error)
}

// Options are what an Index needs. All but Now and Logger are required.
type Options struct {
	// Tenant owns the servers that are served.
	Tenant  uptime.TenantID
	Records Records
	// Row returns a server as it is shown, Looks its newest evidence by region.
	Row   func(uptime.TenantID, uptime.ServerID) (*board.Row, bool)
	Looks func(uptime.TenantID, uptime.ServerID) []uptime.Cell
	Now   func() time.Time // time.Now by default
	// Logger gets our own failures; nil discards them.
	Logger *slog.Logger
}

// Index knows of all served endpoints what does not agree. All methods may be
// called at any time from many goroutines.
type Index struct {
	opt  Options
	last atomic.Pointer[Snapshot]
	news chan struct{} // holds a token when what is listed changed

	mu    sync.Mutex
	sides []side    // guarded by mu
	read  time.Time // guarded by mu: when sides were; zero: they must be read
}

// New returns an index that knows nothing until it was refreshed.
func New(opt Options) *Index {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	opt.Logger = cmp.Or(opt.Logger, slog.New(slog.DiscardHandler))
	x := &Index{opt: opt, news: make(chan struct{}, 1)}
	x.last.Store(newSnapshot(time.Time{}, nil))
	return x
}

// Changed says that what is listed or served may be something else now.
func (x *Index) Changed() {
	select {
	case x.news <- struct{}{}:
	default: // it is known
	}
}

// Snapshot returns what was found last. It is shared and must not be changed. Its
// Made is zero before the first.
func (x *Index) Snapshot() *Snapshot { return x.last.Load() }

// Run keeps the index fresh until ctx ends; that is no error.
func (x *Index) Run(ctx context.Context) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := x.Refresh(ctx); err != nil && ctx.Err() == nil {
			x.opt.Logger.ErrorContext(ctx, "what is listed could not be compared with what is live; it is tried again in a minute", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-x.news:
			x.forget(ctx)
		case <-ticker.C:
		}
	}
}

// forget lets what changed settle, and has it read anew.
func (x *Index) forget(ctx context.Context) {
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.read = time.Time{}
}

// Refresh compares everything anew. What is listed is only read again when it
// changed, or is old.
func (x *Index) Refresh(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := x.opt.Now()
	if age := now.Sub(x.read); x.read.IsZero() || age < 0 || age > maxAge {
		sides, err := readSides(ctx, x.opt.Records)
		if err != nil {
			return err
		}
		x.sides, x.read = sides, now
	}
	x.last.Store(newSnapshot(now, x.compare()))
	return nil
}

// compare looks all servers up, and then at each with what the others show.
func (x *Index) compare() []*Entry {
	entries, catalogues := make([]*Entry, 0, len(x.sides)), catalogues{}
	of := make([]*side, 0, len(x.sides))
	for i := range x.sides {
		s := &x.sides[i]
		row, ok := x.opt.Row(x.opt.Tenant, s.endpoint.Server)
		if !ok {
			continue // not shown
		}
		e := &Entry{
			Key: s.endpoint.Key, URL: s.endpoint.URL, Server: row.Server, Slug: row.Slug, Name: cmp.Or(s.name(), row.Name), State: row.State,
		}
		e.Sources, e.Former = s.sources()
		e.Live, e.Alias = x.live(row, &s.endpoint)
		catalogues.add(e)
		entries, of = append(entries, e), append(of, s)
	}
	catalogues.sort()
	for i, e := range entries {
		e.Live.Twins, e.Live.TwinCount = catalogues.twins(e, of[i].names())
		e.Findings = uptime.CompareListings(&of[i].endpoint, of[i].listings, &e.Live)
	}
	return entries
}

// Compare looks at one endpoint as it is now, served or not.
func (x *Index) Compare(ctx context.Context, e *uptime.Endpoint) (Entry, error) {
	out := Entry{Key: e.Key, URL: e.URL}
	listings, err := around(ctx, x.opt.Records, e)
	if err != nil {
		return out, err
	}
	row, ok := x.opt.Row(x.opt.Tenant, e.Server)
	if e.Server == "" || e.Optout || !ok {
		out.Findings = uptime.CompareListings(e, listings, nil)
		return out, nil
	}
	out.Server, out.Slug, out.State = row.Server, row.Slug, row.State
	out.Live, out.Alias = x.live(row, e)
	if known, ok := x.Snapshot().Entry(e.Key); ok && known.Live.Tools == out.Live.Tools {
		out.Live.Twins, out.Live.TwinCount = known.Live.Twins, known.Live.TwinCount
	}
	out.Findings = uptime.CompareListings(e, listings, &out.Live)
	return out, nil
}
