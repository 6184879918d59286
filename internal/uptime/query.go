package uptime

import "time"

// IncidentQuery asks for incidents, newest first by (Opened, ID).
type IncidentQuery struct {
	Server ServerID // empty for all
	Open   bool     // only those that last
	// Before and BeforeID, when set, are the place of the last one that was
	// seen: the answer goes on after it.
	Before   time.Time
	BeforeID IncidentID
	Limit    int // zero means a default of the one that answers
}

// DriftQuery asks for drifts, newest first by (Detected, ID).
type DriftQuery struct {
	Server ServerID // empty for all
	Open   bool     // only those that nobody accepted and that still stand
	// Before and BeforeID, when set, are the place of the last one that was
	// seen: the answer goes on after it.
	Before   time.Time
	BeforeID DriftID
	Limit    int // zero means a default of the one that answers
}
