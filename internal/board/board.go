package board

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Feed gives sealed verdicts. A verdict is given at least once to whoever goes
// on from the cursor of the last one that it saw.
type Feed interface {
	// After returns at most limit verdicts that were sealed after the cursor, oldest
	// first; none when there are none yet. A *uptime.FeedGap says where to go on
	// when they are not kept any more.
	After(ctx context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error)
	// Wait returns when there is a verdict after the cursor, or with the error of
	// ctx.
	Wait(ctx context.Context, after uptime.Cursor) error
	// Latest returns the newest verdict of a server, also of one that was sealed
	// before a restart.
	Latest(uptime.TenantID, uptime.ServerID) (uptime.Verdict, bool)
}

// History answers about the past. All methods may be called at the same time;
// what they return belongs to the caller. Summary and Budget answer from
// memory; a server without a past has zero values and no error.
type History interface {
	// Minutes returns the to-from minutes of [from,to).
	Minutes(ctx context.Context, t uptime.TenantID, s uptime.ServerID, from, to uptime.Minute) ([]uptime.MinuteCell, error)
	// Days returns the days from from to to, both included, ascending; days
	// without any data may be missing.
	Days(ctx context.Context, t uptime.TenantID, s uptime.ServerID, from, to uptime.Day) ([]uptime.DayStat, error)
	// Latency returns a point for every step of [from,to).
	Latency(ctx context.Context, t uptime.TenantID, s uptime.ServerID, from, to time.Time, step time.Duration) ([]uptime.LatencyPoint, error)
	Summary(uptime.TenantID, uptime.ServerID) uptime.Summary
	Budget(uptime.TenantID, uptime.ServerID, uptime.Objective) uptime.Budget
}

// Records are the rows that a recorder keeps. Lists are newest first; what is
// not there is uptime.ErrNotFound.
type Records interface {
	Incidents(context.Context, uptime.TenantID, uptime.IncidentQuery) ([]uptime.Incident, error)
	Incident(context.Context, uptime.TenantID, uptime.IncidentID) (uptime.Incident, []uptime.IncidentEvent, []uptime.Evidence, error)
	Drifts(context.Context, uptime.TenantID, uptime.DriftQuery) ([]uptime.Drift, error)
	Drift(context.Context, uptime.TenantID, uptime.DriftID) (uptime.Drift, error)
	// Contract returns the contract with its snapshot, by its tools hash.
	Contract(ctx context.Context, t uptime.TenantID, hash string) (uptime.Contract, error)
}

// Looks keep the newest evidence of each region, redacted.
type Looks interface {
	// Look returns a cell per region; none after a restart until the next probe.
	Look(uptime.TenantID, uptime.ServerID) []uptime.Cell
}

// Options say what a board reads. Plan, Feed, History, Records and Looks are
// required.
type Options struct {
	// Plan returns what is monitored now. Hidden servers of it are left out.
	Plan    func() *uptime.Plan
	Feed    Feed
	History History
	Records Records
	Looks   Looks
	// Hidden shows hidden servers, too: for a board that only operators see.
	Hidden bool
	// Archived returns the last minute that the archive has; nil when there is no
	// archive to watch.
	Archived func() uptime.Minute
	// Lag returns by how much the monitor's own clock ticks late; nil for none.
	Lag    func() time.Duration
	Now    func() time.Time // time.Now by default
	Logger *slog.Logger     // nil logs nothing
}

// Board holds a Row for every server and answers what readers ask. Readers may
// be many; they never wait for Run, and Run never waits for them.
type Board struct {
	Options
	sheets  atomic.Pointer[map[uptime.TenantID]*sheet]
	changes *changes
	ready   chan struct{}
	due     atomic.Pointer[time.Time] // of the next verdict that is expected
	began   uptime.Minute

	mu      sync.Mutex
	touched map[key]bool  // guarded by mu
	wake    chan struct{} // holds at most one token

	// What follows belongs to the goroutine of Run.
	plan    *uptime.Plan
	windows []uptime.Window // that are on or will be
	entries map[key]*entry
	cursor  uptime.Cursor
	dirty   map[key]bool
	warned  time.Time
}

// key names a server over all tenants.
type key struct {
	tenant uptime.TenantID
	server uptime.ServerID
}

// New returns a board that is empty until Run has read what is there.
func New(o Options) *Board {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	b := &Board{
		Options: o,
		changes: newChanges(uint64(max(1, o.Now().UnixMicro()))),
		ready:   make(chan struct{}),
		began:   uptime.MinuteOf(o.Now()),
		touched: map[key]bool{},
		wake:    make(chan struct{}, 1),
		entries: map[key]*entry{},
		dirty:   map[key]bool{},
	}
	b.sheets.Store(&map[uptime.TenantID]*sheet{})
	return b
}

// Ready is closed when the rows are complete for the first time: everything that
// was known before a restart is shown again.
func (b *Board) Ready() <-chan struct{} { return b.ready }

// Touch says that incidents or drifts of a server were stored: its row is read
// anew soon. It never blocks.
func (b *Board) Touch(t uptime.TenantID, s uptime.ServerID) {
	b.mu.Lock()
	b.touched[key{t, s}] = true
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Row returns the row with this slug.
func (b *Board) Row(t uptime.TenantID, slug string) (*Row, bool) {
	sheet := b.sheet(t)
	at, ok := sheet.bySlug[slug]
	if !ok {
		return nil, false
	}
	return sheet.rows[at], true
}

// RowOf returns the row of a server.
func (b *Board) RowOf(t uptime.TenantID, s uptime.ServerID) (*Row, bool) {
	sheet := b.sheet(t)
	at, ok := sheet.byID[s]
	if !ok {
		return nil, false
	}
	return sheet.rows[at], true
}

// List answers a query. It takes a few milliseconds at 10,000 rows.
func (b *Board) List(t uptime.TenantID, q Query) Page { return b.sheet(t).list(q) }

// Totals count the servers of a tenant.
func (b *Board) Totals(t uptime.TenantID) Totals { return b.sheet(t).totals() }

// Groups returns the groups of a tenant's servers, sorted.
func (b *Board) Groups(t uptime.TenantID) []string { return b.sheet(t).groups }

// sheet never returns nil: a tenant that nobody knows has an empty one.
func (b *Board) sheet(t uptime.TenantID) *sheet {
	if s := (*b.sheets.Load())[t]; s != nil {
		return s
	}
	return newSheet(newShelf(nil), nil)
}

// visible returns uptime.ErrNotFound for a server that this board does not show.
func (b *Board) visible(t uptime.TenantID, s uptime.ServerID) error {
	if _, ok := b.sheet(t).byID[s]; !ok {
		return fmt.Errorf("server: %w", uptime.ErrNotFound)
	}
	return nil
}
