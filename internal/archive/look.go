package archive

import (
	"cmp"
	"iter"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// look is a minute without its latency: what stays the same over many minutes.
// Looks are comparable; the zero look is a minute that nobody measured.
type look struct {
	state       uptime.State
	maintenance bool
	cause       byte // a code of causeTable
	// regions holds the regions' states by region: length of the name, name,
	// state.
	regions string
}

// maxRegionName bounds the name of a region in bytes; longer ones are cut.
const maxRegionName = 64

// packRegions packs the states of regions, sorted; of a region that is named
// twice the first counts.
func packRegions(states []uptime.RegionState) string {
	byName := func(a, b uptime.RegionState) int { return cmp.Compare(a.Region, b.Region) }
	if !slices.IsSortedFunc(states, byName) {
		states = slices.Clone(states)
		slices.SortStableFunc(states, byName)
	}
	var b []byte
	for i, s := range states {
		if i > 0 && states[i-1].Region == s.Region {
			continue
		}
		name := s.Region[:min(len(s.Region), maxRegionName)]
		b = append(b, byte(len(name)))
		b = append(b, name...)
		b = append(b, byte(known(s.State)))
	}
	return string(b)
}

// known returns the state, or Unknown for a value that is no state.
func known(s uptime.State) uptime.State {
	if s > uptime.Down {
		return uptime.Unknown
	}
	return s
}

// each yields the regions and their states.
func (l *look) each() iter.Seq2[string, uptime.State] {
	return func(yield func(string, uptime.State) bool) {
		for s := l.regions; s != ""; {
			n := int(s[0]) + 1
			if !yield(s[1:n], uptime.State(s[n])) {
				return
			}
			s = s[n+1:]
		}
	}
}

// cell returns the look as a minute.
func (l *look) cell() uptime.MinuteCell {
	c := uptime.MinuteCell{State: l.state, Cause: causeOf(l.cause), Maintenance: l.maintenance}
	for name, state := range l.each() {
		c.Regions = append(c.Regions, uptime.RegionState{Region: name, State: state})
	}
	return c
}

// lookOf is the inverse of cell, with regions sorted.
func lookOf(c *uptime.MinuteCell) look {
	return look{
		state: known(c.State), maintenance: c.Maintenance,
		cause: causeCode(c.Cause), regions: packRegions(c.Regions),
	}
}

// count adds n minutes of the look to the counts, except to Slow.
func (l *look) count(c *uptime.Counts, n int) {
	if l.maintenance {
		c.Maintenance += n
		return
	}
	addState(c, l.state, n)
}

func addState(c *uptime.Counts, s uptime.State, n int) {
	switch s {
	case uptime.Live:
		c.Live += n
	case uptime.Degraded:
		c.Degraded += n
	case uptime.Down:
		c.Down += n
	default:
		c.Unknown += n
	}
}

// maySlow reports whether a slow minute of the look counts as slow.
func (l *look) maySlow() bool {
	return !l.maintenance && (l.state == uptime.Live || l.state == uptime.Degraded)
}
