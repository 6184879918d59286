package uptime

import "fmt"

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
