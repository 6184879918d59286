package uptime

import "time"

// IncidentQuery asks for some of a tenant's incidents, newest first by Opened
// and then id. The zero query asks for the first page of all.
type IncidentQuery struct {
	// Server limits them to one server; empty means all.
	Server ServerID
	// Open limits them to those that last.
	Open bool
	// Before and BeforeID are Opened and ID of the last incident of the page
	// before; a zero Before starts at the newest.
	Before   time.Time
	BeforeID IncidentID
	// Limit is how many at most; 0 means 50, at most 1000.
	Limit int
}

// DriftQuery asks for some of a tenant's drifts, newest first by Detected and
// then id. The zero query asks for the first page of all.
type DriftQuery struct {
	// Server limits them to one server; empty means all.
	Server ServerID
	// Open limits them to those that nobody has accepted and that still stand.
	Open bool
	// Before and BeforeID are Detected and ID of the last drift of the page
	// before; a zero Before starts at the newest.
	Before   time.Time
	BeforeID DriftID
	// Limit is how many at most; 0 means 50, at most 1000.
	Limit int
}

// Retention says for how long a tenant's history is kept. Zero keeps it for
// ever.
type Retention struct {
	// Minutes is for the minutes of closed days.
	Minutes time.Duration
	// Days is for the days, with their latency distributions.
	Days time.Duration
	// Months is for the months.
	Months time.Duration
	// Incidents is for incidents and drifts, counted from when they ended; those
	// that are open stay.
	Incidents time.Duration
	// Evidence is for what the regions saw in an incident, counted from the
	// cycle; when it is zero, evidence stays as long as its incident.
	Evidence time.Duration
	// Audit is for the log of who did what.
	Audit time.Duration
}
