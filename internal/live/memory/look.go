package memory

import (
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// look is the newest evidence of one region.
type look struct {
	cell uptime.Cell
	size int64 // of its transcripts
}

// Keep remembers a cell as the newest evidence of its region, without the tools
// themselves, and with the transcript of its last failed attempt alone, as long
// as there is room for it. Cells outside of cycles are not kept.
func (l *Live) Keep(cell uptime.Cell) {
	if cell.Server == "" || cell.Region == "" || cell.Cycle.IsZero() || len(cell.Attempts) == 0 {
		return
	}
	next := lighten(cell)
	s, e := l.lock(cell.Tenant, cell.Server)
	defer s.mu.Unlock()
	i := slices.IndexFunc(e.looks, func(o look) bool { return o.cell.Region == cell.Region })
	switch {
	case i < 0 && len(e.looks) == maxRegions, i >= 0 && e.looks[i].cell.Cycle.After(cell.Cycle):
		return
	case i < 0:
		i = len(e.looks)
		e.looks = append(e.looks, look{})
	}
	l.replace(&e.looks[i], next)
}

// replace puts evidence in the place of older one, within the bound of all.
func (l *Live) replace(at *look, next look) {
	kept := l.count.evidence.Add(next.size - at.size)
	if next.size > 0 && kept > l.opt.Evidence {
		l.count.evidence.Add(-next.size)
		next.size = 0
		for i := range next.cell.Attempts {
			next.cell.Attempts[i].Transcript = nil
		}
	}
	*at = next
}

// Look returns the newest evidence of each region, by region.
func (l *Live) Look(tenant uptime.TenantID, server uptime.ServerID) []uptime.Cell {
	hash := l.hash(tenant, server)
	s := l.shardOf(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(hash, tenant, server)
	if e == nil {
		return nil
	}
	var cells []uptime.Cell
	for _, k := range e.looks {
		cells = append(cells, k.cell)
	}
	slices.SortFunc(cells, func(a, b uptime.Cell) int { return strings.Compare(a.Region, b.Region) })
	return cells
}

// lighten returns a copy of the cell without what is heavy.
func lighten(cell uptime.Cell) look {
	cell.Attempts = slices.Clone(cell.Attempts)
	k := look{cell: cell}
	for i := len(cell.Attempts) - 1; i >= 0; i-- {
		a := &cell.Attempts[i]
		if a.Failure == nil || k.size > 0 {
			a.Transcript = nil
		}
		k.size += size(a.Transcript)
		if a.Tools != nil {
			a.Tools = new(*a.Tools)
			a.Tools.Raw = nil
		}
	}
	return k
}

func size(transcript []uptime.Exchange) (n int64) {
	for i := range transcript {
		n += int64(len(transcript[i].Request) + len(transcript[i].Response))
	}
	return n
}
