package uptime

import (
	"fmt"
	"time"
)

// Cursor is a place in the feed of sealed verdicts: the number of the last
// verdict that was seen. Zero is the place before the first.
type Cursor uint64

// FeedGap is the error of a feed that cannot go on after a cursor: what followed
// is not kept any more, or was never there. It is an ErrNotFound.
type FeedGap struct {
	After Cursor // where the reader stands
	// Resume is the place to go on from: what lies between is lost.
	Resume Cursor
}

// Error says what is missing.
func (g *FeedGap) Error() string {
	return fmt.Sprintf("the feed does not keep what follows verdict %d; it goes on after %d", g.After, g.Resume)
}

// Unwrap returns ErrNotFound.
func (g *FeedGap) Unwrap() error { return ErrNotFound }

// CycleKey names one cycle of one server.
type CycleKey struct {
	Tenant TenantID
	Server ServerID
	Cycle  time.Time
}

// Pending is a cycle that is not sealed yet.
type Pending struct {
	CycleKey
	// Reports are those that arrived so far, by region, one a region. They are
	// shared: nobody may change them.
	Reports []Report
}

// Report is what one region says about one cycle of a server: the cell, judged
// and without its evidence.
type Report struct {
	Tenant TenantID  `json:"tenant"`
	Server ServerID  `json:"server"`
	Region string    `json:"region"`
	Cycle  time.Time `json:"cycle"`
	// Every is the length of the cycle; zero means DefaultInterval. It is not
	// stored: the verdict says the same.
	Every time.Duration `json:"-"`
	// State is what the cell argues for.
	State State `json:"state"`
	// Failure explains a State other than Live; nil also when only slow.
	Failure *Failure `json:"failure,omitempty"`
	// Why is one short sentence for people; empty when Live.
	Why      string `json:"why,omitempty"`
	Attempts int    `json:"attempts"`
	// Started is when the first attempt began.
	Started time.Time `json:"started"`
	// Latency is the time of the handshake; zero when there was none.
	Latency time.Duration `json:"latency,omitempty"`
	// Total is the time of the whole attempt that decided.
	Total     time.Duration `json:"total,omitempty"`
	Access    Access        `json:"access,omitempty"`
	Transport Transport     `json:"transport,omitempty"`
	Era       Era           `json:"era,omitempty"`
	Version   string        `json:"version,omitempty"` // protocol revision
	// Software is what the server calls itself: name and version.
	Software string `json:"software,omitempty"`
	// Tools is the count of tools; ToolsHash is empty when they were not listed.
	Tools        int       `json:"tools,omitempty"`
	ToolsHash    string    `json:"tools_hash,omitempty"`
	ContractHash string    `json:"contract_hash,omitempty"`
	TLSNotAfter  time.Time `json:"tls_not_after,omitzero"`
}

// Verdict is the judgement of one server for one cycle. It is sealed once and
// never changed.
type Verdict struct {
	// Seq is the verdict's place in the feed: greater than that of all sealed
	// before.
	Seq    Cursor    `json:"seq"`
	Tenant TenantID  `json:"tenant"`
	Server ServerID  `json:"server"`
	Cycle  time.Time `json:"cycle"`
	// Every is the length of the cycle.
	Every   time.Duration `json:"every"`
	State   State         `json:"state"`
	Failure *Failure      `json:"failure,omitempty"`
	// Why is one short sentence for people; empty when Live.
	Why    string `json:"why,omitempty"`
	Access Access `json:"access,omitempty"`
	// Latency is the handshake time of the slowest region that completed one:
	// the 95th percentile of a handful of samples. Zero when none did.
	Latency time.Duration `json:"latency,omitempty"`
	// Expected is how many regions were to report.
	Expected int `json:"expected"`
	// Reports are those that arrived in time, by region, one a region.
	Reports []Report `json:"reports,omitempty"`
	// Maintenance marks a cycle inside a planned window: it counts on neither
	// side and opens no incident.
	Maintenance bool      `json:"maintenance,omitempty"`
	SealedAt    time.Time `json:"sealed_at"`
}

// Cause returns the cause of the verdict; empty when there is none.
func (v *Verdict) Cause() Cause {
	if v.Failure == nil {
		return ""
	}
	return v.Failure.Cause
}

// Minute returns the minute of the archive that the cycle begins in.
func (v *Verdict) Minute() Minute { return MinuteOf(v.Cycle) }

// Failed returns the regions whose cells argue for Down.
func (v *Verdict) Failed() []string {
	var out []string
	for i := range v.Reports {
		if v.Reports[i].State == Down {
			out = append(out, v.Reports[i].Region)
		}
	}
	return out
}
