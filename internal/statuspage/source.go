package statuspage

import (
	"context"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Source is where the site reads from: *board.Board. Everything it returns is
// shared and must not be changed. All methods may be called at any time from
// many goroutines; what is not there for this tenant is uptime.ErrNotFound.
type Source interface {
	Rows
	Records
	History
	Changes
}

// Rows are the servers as they are now, from memory.
type Rows interface {
	List(tenant uptime.TenantID, q board.Query) board.Page
	Row(tenant uptime.TenantID, slug string) (*board.Row, bool)
	RowOf(tenant uptime.TenantID, id uptime.ServerID) (*board.Row, bool)
	// LastDays returns the last 90 days of a row, oldest first, the last one is
	// today.
	LastDays(ctx context.Context, r *board.Row) ([]uptime.DayStat, error)
	View(ctx context.Context, tenant uptime.TenantID, slug string) (board.View, error)
	Health() board.Health
}

// Records are what happened, newest first.
type Records interface {
	Incidents(ctx context.Context, tenant uptime.TenantID, q uptime.IncidentQuery) ([]uptime.Incident, error)
	Incident(ctx context.Context, tenant uptime.TenantID, id uptime.IncidentID) (board.IncidentView, error)
	Drifts(ctx context.Context, tenant uptime.TenantID, q uptime.DriftQuery) ([]uptime.Drift, error)
	Drift(ctx context.Context, tenant uptime.TenantID, id uptime.DriftID) (board.DriftView, error)
	Contract(ctx context.Context, tenant uptime.TenantID, hash string) (uptime.Contract, error)
}

// History is what was measured, oldest first.
type History interface {
	// Minutes returns the cells of [from, to), at most 100 days.
	Minutes(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID, from, to uptime.Minute) ([]uptime.MinuteCell, error)
	// Days returns both ends and what is between them.
	Days(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID, from, to uptime.Day) ([]uptime.DayStat, error)
	// Latency returns a point for each step of [from, to).
	Latency(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID, from, to time.Time, step time.Duration) ([]uptime.LatencyPoint, error)
}

// Changes tell which rows are new. There is one ring for all readers; a reader
// keeps nothing there but its own place.
type Changes interface {
	// Updates returns the newest version of each row, of any tenant, that
	// changed after the place, and the place to ask from next. Resync means that
	// the ring does not reach there: read everything anew. A place of the future
	// is one of a former life of the board, and a resync too.
	Updates(after uint64) (changed []*board.Row, next uint64, resync bool)
	// Wait returns when there is something after the place, or with ctx's error.
	Wait(ctx context.Context, after uint64) error
}
