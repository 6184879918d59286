package uptime

import (
	"fmt"
	"strconv"
	"time"
)

// DriftClass says how much a change of a tool contract can hurt a client that
// was written against the old one. Classes are ordered: a greater class is
// worse, and the class of several changes is their greatest.
type DriftClass uint8

const (
	// NoDrift means that the contracts are equal.
	NoDrift DriftClass = iota
	// DriftWording is a change of title, description or annotations only.
	DriftWording
	// DriftCompatible is a change that no correct call notices: a tool or an
	// optional parameter added, an enum or a constraint widened.
	DriftCompatible
	// DriftBreaking is a change that makes a call that used to be correct fail,
	// or an answer that used to be understood not so: a tool or parameter
	// removed or renamed, a required parameter added, a type, enum or constraint
	// narrowed, an output field removed or retyped.
	DriftBreaking
)

// String returns the word used in JSON and on pages: none, wording, compatible
// or breaking.
func (c DriftClass) String() string {
	switch c {
	case NoDrift:
		return "none"
	case DriftWording:
		return "wording"
	case DriftCompatible:
		return "compatible"
	case DriftBreaking:
		return "breaking"
	}
	return fmt.Sprintf("DriftClass(%d)", uint8(c))
}

// MarshalText returns the word of String.
func (c DriftClass) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText accepts the words of String.
func (c *DriftClass) UnmarshalText(text []byte) error {
	for _, known := range []DriftClass{NoDrift, DriftWording, DriftCompatible, DriftBreaking} {
		if string(text) == known.String() {
			*c = known
			return nil
		}
	}
	return fmt.Errorf("%w: unknown drift class %q", ErrInvalid, text)
}

// DriftID names a drift.
type DriftID string

// NewDriftID derives the id of the drift that was first seen in this cycle.
func NewDriftID(tenant TenantID, server ServerID, from, to string, cycle time.Time) DriftID {
	return DriftID("drf_" + digest(string(tenant), string(server), from, to, strconv.FormatInt(cycle.Unix(), 10)))
}

// Drift is a change of a server's tool contract. It stays open until its owner
// accepts the new contract, or every region shows an accepted one again.
type Drift struct {
	ID     DriftID
	Tenant TenantID
	Server ServerID
	// From and To are the tools hashes of the two contracts.
	From, To string
	Class    DriftClass
	// Summary is one sentence: what changed.
	Summary string
	// Changes is how many single changes there are.
	Changes int
	// Regions are those that have shown the new contract, sorted.
	Regions []string
	// Detected is the cycle in which it was first seen.
	Detected time.Time
	// Reverted is when no region showed the new contract any more; zero while
	// one does.
	Reverted time.Time
	// Accepted is when the new contract became the baseline; zero until then.
	Accepted time.Time
	By       string // who accepted it
	Note     string // and why
	// Demo marks an invented drift.
	Demo bool
}

// Open reports whether nobody has accepted the change and it still stands.
func (d *Drift) Open() bool { return d.Accepted.IsZero() && d.Reverted.IsZero() }

// Contract is a tool contract that some server has shown, kept once however
// many servers and regions show it.
type Contract struct {
	Hash         string // tools hash
	ContractHash string
	Tools        int
	Bytes        int // what an agent loads, in canonical form
	Tokens       int // estimate
	// Snapshot is the list in the format of alivemcp snapshot.
	Snapshot []byte
}

// Baseline is what the owner of a server has accepted as its contract.
type Baseline struct {
	Tenant TenantID
	Server ServerID
	// Accepted are tools hashes; several when regions legitimately differ.
	Accepted []string
	// Shown is the hash that each region showed last.
	Shown map[string]string
}
