package uptime

import "time"

// Watermark says how far the archive has come. It is stored with the rows in
// one transaction.
type Watermark struct {
	Cursor Cursor
	// Through is the last minute that is complete: verdicts of it and of those
	// before are in the rows, or are too late.
	Through Minute
}

// Segment is one minute of all servers, packed by the archive. To a store it is
// opaque.
type Segment struct {
	Minute Minute
	Cells  []byte
}

// PackedDay is one closed day of a server: what queries need as values, and the
// truth of its minutes packed by the archive.
type PackedDay struct {
	Tenant TenantID
	Server ServerID
	DayStat
	// Digest is the latency distribution of the day, packed.
	Digest []byte
	// Minutes is the day's 1440 minutes, packed.
	Minutes []byte
}

// MonthStat is one UTC month of a server, recomputed from its days.
type MonthStat struct {
	Tenant TenantID
	Server ServerID
	Year   int
	Month  time.Month
	Counts
	P50, P95 time.Duration
	Samples  int
	Demo     bool
}

// Changes is what a stretch of the feed changed in incidents and contracts. It
// is stored with its cursor in one transaction; storing it twice is storing it
// once.
type Changes struct {
	// Incidents, Drifts and Baselines replace rows of the same id or server.
	Incidents []Incident
	Events    []IncidentEvent
	Evidence  []Evidence
	Drifts    []Drift
	Baselines []Baseline
	// Cursor is the last verdict that the changes take into account.
	Cursor Cursor
}

// Ongoing is what a recorder of changes has to know to go on after a restart.
type Ongoing struct {
	Incidents []Incident // open ones
	Drifts    []Drift    // open ones
	Baselines []Baseline
	Cursor    Cursor
}

// AuditEntry is one line of the append-only log of who did what.
type AuditEntry struct {
	Tenant TenantID
	At     time.Time
	By     string
	// Action is a word such as drift.accept, Object what it was done to.
	Action string
	Object string
	// Text is one sentence for people.
	Text string
}
