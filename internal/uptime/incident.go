package uptime

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// IncidentID names an incident over its whole life, and at every sink.
type IncidentID string

// NewIncidentID derives the id of the incident that opens with this cycle, so
// that whoever sees the verdict twice names the same incident.
func NewIncidentID(tenant TenantID, server ServerID, cycle time.Time) IncidentID {
	return IncidentID("inc_" + digest(string(tenant), string(server), strconv.FormatInt(cycle.Unix(), 10)))
}

// digest returns 16 hexadecimal digits of a hash of the parts.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// Incident is a time in which a server was down. It opens on a Down verdict and
// closes after two Live or Degraded verdicts in a row; Unknown changes nothing.
type Incident struct {
	ID     IncidentID
	Tenant TenantID
	Server ServerID
	// Opened is when the first failing probe of the first Down cycle began.
	Opened time.Time
	// Detected is when the verdict that opened it was sealed. Detected minus
	// Opened is the time to detect.
	Detected time.Time
	// Recovered is when the first of the good cycles began; zero while it lasts.
	// Recovered minus Opened is the time to recover.
	Recovered time.Time
	// Closed is when the second good verdict was sealed; zero while open.
	Closed time.Time
	// Failure is the newest failure.
	Failure Failure
	// Regions are those that failed at any time during the incident, sorted.
	Regions []string
	// Note is what the operator says is being done; empty when nothing was said.
	Note string
	// Demo marks an invented incident.
	Demo bool
}

// Open reports whether the incident lasts.
func (i *Incident) Open() bool { return i.Closed.IsZero() }

// Duration is how long the server was down: until it recovered, until now while
// it lasts, or until it was forgotten.
func (i *Incident) Duration(now time.Time) time.Duration {
	switch {
	case !i.Recovered.IsZero():
		return i.Recovered.Sub(i.Opened)
	case !i.Closed.IsZero():
		return i.Closed.Sub(i.Opened)
	}
	return now.Sub(i.Opened)
}

// AddRegions adds regions that failed.
func (i *Incident) AddRegions(regions []string) {
	i.Regions = append(slices.Clone(i.Regions), regions...)
	slices.Sort(i.Regions)
	i.Regions = slices.Compact(i.Regions)
}

// IncidentEventKind says what happened in an incident.
type IncidentEventKind string

// The events of an incident's timeline, in the order in which they can begin.
const (
	IncidentOpened    IncidentEventKind = "opened"
	IncidentRegions   IncidentEventKind = "regions"   // the set of failing regions changed
	IncidentCause     IncidentEventKind = "cause"     // the cause changed
	IncidentRecovery  IncidentEventKind = "recovered" // first good verdict
	IncidentRelapse   IncidentEventKind = "relapsed"  // down again before it closed
	IncidentResolved  IncidentEventKind = "resolved"  // second good verdict in a row
	IncidentNote      IncidentEventKind = "note"      // the operator said something
	IncidentAcked     IncidentEventKind = "acked"     // somebody took it on
	IncidentForgotten IncidentEventKind = "forgotten" // the server was removed while down
)

// IncidentEvent is one line of an incident's timeline. It is unique by incident,
// time and kind.
type IncidentEvent struct {
	Incident IncidentID
	At       time.Time
	Kind     IncidentEventKind
	Cause    Cause
	// Regions are those that fail at this moment.
	Regions []string
	// Text is one sentence for people.
	Text string
	// By names the operator who wrote a note; empty for the monitor itself.
	By string
}

// Evidence is what one region saw when a server failed: the cell, redacted.
type Evidence struct {
	Incident IncidentID
	Region   string
	Cycle    time.Time
	Result   Result
}
