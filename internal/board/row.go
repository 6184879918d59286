package board

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Row is one server at a glance. A Row is never changed once it was handed out:
// a new verdict makes a new Row, so that readers may keep pointers and compare
// them.
type Row struct {
	Tenant uptime.TenantID
	Server uptime.ServerID
	Slug   string
	Name   string
	Group  string
	// URL is without secrets; empty for stdio.
	URL         string
	Description string
	RunbookURL  string
	Transport   uptime.Transport // as it answered last
	Interval    time.Duration
	Paused      bool
	Demo        bool // its history was invented
	Guest       bool

	// Verdict is the newest sealed one; nil before the first.
	Verdict *uptime.Verdict
	// State is the verdict's, or Unknown when it is too old to stand.
	State uptime.State
	// Access of the newest verdict that could tell.
	Access uptime.Access
	// Stale says in words why an old verdict does not stand any more; empty while
	// it does.
	Stale string
	// Cells are the regions that are to probe the server, by region id, and what
	// each argued for in Verdict.
	Cells []CityCell
	// Since is when State began; zero when not known.
	Since time.Time
	// LastProbe is when the newest probe began; zero before the first.
	LastProbe time.Time
	// DownLong marks a server that has been down for more than 15 minutes.
	DownLong bool

	Summary uptime.Summary
	// Spark holds the p95 of each of the last 24 hours, oldest first.
	Spark []uptime.LatencyPoint
	// Budget is nil without an objective.
	Budget *uptime.Budget

	// Tools is the number of tools, ToolsHash their hash; empty when they were
	// never listed.
	Tools     int
	ToolsHash string
	// ToolsSince is since when the tools are what they are, as far as is known;
	// zero when it is not.
	ToolsSince time.Time
	// Drift is the newest drift that ever was; nil when there was none.
	Drift *uptime.Drift
	// OpenDrift is the worst drift that nobody has accepted; nil for none.
	OpenDrift *uptime.Drift
	// Drift24h says that a drift was detected within 24 hours.
	Drift24h bool
	// Incident is the open one; nil for none.
	Incident *uptime.Incident
	// Window is the maintenance that is on now; nil for none.
	Window *uptime.Window
}

// Planned reports whether the server is in maintenance: then that is what people
// are told and what it is counted as, whatever its state is meanwhile.
func (r *Row) Planned() bool { return r.Window != nil && !r.Paused }

// CityCell is one region at a glance. Unknown is also the state of a region that
// did not report.
type CityCell struct {
	Region string
	City   string
	State  uptime.State
}

// Order is what rows are sorted by.
type Order string

// The orders. Ties are broken by name, then slug.
const (
	ByTrouble Order = "trouble" // down, degraded, unknown, maintenance, live
	ByName    Order = "name"
	ByUptime  Order = "uptime" // lowest 30-day uptime first
	ByLatency Order = "p95"    // slowest first
	ByDrift   Order = "drift"  // newest drift first
)

// Orders returns all orders.
func Orders() []Order { return []Order{ByTrouble, ByName, ByUptime, ByLatency, ByDrift} }

// Query asks for some of the rows. The zero Query asks for the first page of
// all in the order ByTrouble.
type Query struct {
	// Text must occur in name, slug, group, description, URL or cause (its name
	// or its words), whatever the case; several words must all occur.
	Text string
	// States to show; none means all. A server in maintenance is in none of them:
	// Maintenance shows it, with States or alone.
	States      []uptime.State
	Maintenance bool
	Access      []uptime.Access
	Group       string
	// Drifted shows only servers with an open drift.
	Drifted bool
	Order   Order
	// Reverse turns the order around; rows without a value for it stay last.
	Reverse bool
	// Offset and Limit window the result; Limit 0 means 50, at most 500.
	Offset, Limit int
}

// Page is a window of rows.
type Page struct {
	Rows []*Row
	// Found is how many rows match, before windowing.
	Found int
	// Totals are of all rows of the tenant, whatever the query.
	Totals Totals
	Groups []string // of all rows, sorted
}

// Totals count servers by state, and those in maintenance apart from the state
// that they happen to have.
type Totals struct {
	Servers, Live, Degraded, Down, Unknown int
	Maintenance                            int
	Walled                                 int // that require sign-in
	Incidents                              int // open
	Drifts                                 int // open
	// Counts are the minutes of all servers over 30 days.
	Counts uptime.Counts
	// AsOf is when the newest verdict was sealed; zero before the first.
	AsOf time.Time
}

// Health is how the monitor itself does: pages say so when it is behind.
type Health struct {
	// Behind is how long the oldest overdue verdict has been overdue.
	Behind time.Duration
	// Lag is by how much the monitor's own clock ticks late.
	Lag time.Duration
	// Trouble is a sentence for people when something is wrong with the monitor;
	// empty when nothing is.
	Trouble string
	// Archived is the last minute in the archive.
	Archived uptime.Minute
	// Began is the minute in which the monitor started: what nobody measured
	// before is not late. Zero when not known.
	Began uptime.Minute
}
