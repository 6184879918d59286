package uptime

import (
	"hash/fnv"
	"time"
)

const (
	// DefaultInterval is the length of a cycle when a server names none.
	DefaultInterval = time.Minute
	// MinInterval is the shortest cycle.
	MinInterval = 5 * time.Second
	// MaxInterval is the longest cycle.
	MaxInterval = 24 * time.Hour
	// Slot is the grain of phases.
	Slot = 100 * time.Millisecond
	// SealGrace is how long after its time a cycle waits for late regions.
	SealGrace = 5 * time.Second
	// CellTime is how long a region may take for a cell, however long or short
	// the cycle is: a server that hangs must not pass as one that nobody asked.
	CellTime = time.Minute
)

// Every returns the length of the server's cycles.
func (s *Server) Every() time.Duration {
	if s.Interval <= 0 {
		return DefaultInterval
	}
	return s.Interval
}

// Phase is where in the interval the server's cycles begin: a multiple of Slot
// in [0, Every), stable as long as tenant, id and interval stay the same, and
// spread evenly over servers.
func (s *Server) Phase() time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.Tenant)) // a hash does not fail
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(s.ID))
	slots := uint64(max(1, s.Every()/Slot))
	return time.Duration(mix(h.Sum64())%slots) * Slot
}

// mix spreads the entropy of an FNV hash, whose low bits are weak.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return h
}

// CycleAt returns the beginning of the cycle that t falls into, in UTC and
// without a monotonic reading. Two processes that ask about the same moment
// name the same cycle.
func (s *Server) CycleAt(t time.Time) time.Time {
	every, phase := int64(s.Every()), int64(s.Phase())
	k := floorDiv(t.UnixNano()-phase, every)
	return time.Unix(0, k*every+phase).UTC()
}

// Deadline is when a cycle is judged at the latest, by whatever has arrived.
func (s *Server) Deadline(cycle time.Time) time.Time { return cycle.Add(CellTime + SealGrace) }
