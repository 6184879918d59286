package api

import (
	"context"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Source is what answers are made from. It shows public servers only: what is
// hidden, or of another tenant, is uptime.ErrNotFound.
type Source interface {
	Rows
	Records
	History
	Health() board.Health
	// Planned returns maintenance that is on or planned, soonest first.
	Planned(uptime.TenantID) []uptime.Window
}

// Rows are the servers as they are now.
type Rows interface {
	List(uptime.TenantID, board.Query) board.Page
	Row(t uptime.TenantID, slug string) (*board.Row, bool)
	RowOf(uptime.TenantID, uptime.ServerID) (*board.Row, bool)
	View(ctx context.Context, t uptime.TenantID, slug string) (board.View, error)
}

// Records are incidents, drifts and contracts. Lists are newest first and go on
// after the place that the query names.
type Records interface {
	Incidents(context.Context, uptime.TenantID, uptime.IncidentQuery) ([]uptime.Incident, error)
	Incident(context.Context, uptime.TenantID, uptime.IncidentID) (board.IncidentView, error)
	Drifts(context.Context, uptime.TenantID, uptime.DriftQuery) ([]uptime.Drift, error)
	Drift(context.Context, uptime.TenantID, uptime.DriftID) (board.DriftView, error)
	// Contract returns a contract with its snapshot, by its tools hash.
	Contract(ctx context.Context, t uptime.TenantID, hash string) (uptime.Contract, error)
}

// History answers about the past of one server.
type History interface {
	// Minutes returns the to-from minutes of [from,to).
	Minutes(ctx context.Context, t uptime.TenantID, s uptime.ServerID, from, to uptime.Minute) ([]uptime.MinuteCell, error)
	// Days returns the days from from to to, both included, ascending.
	Days(ctx context.Context, t uptime.TenantID, s uptime.ServerID, from, to uptime.Day) ([]uptime.DayStat, error)
	// Latency returns a point for every step of [from,to).
	Latency(ctx context.Context, t uptime.TenantID, s uptime.ServerID, from, to time.Time, step time.Duration) ([]uptime.LatencyPoint, error)
}
