package board

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// shelf is what a plan says about the servers of one tenant that are shown. It
// is never changed.
type shelf struct {
	servers []*uptime.Server // by slug
	bySlug  map[string]int
	byID    map[uptime.ServerID]int
	// text is what a search looks into, in lower case.
	text []string
	// rank is the place of each server in the order by name, then slug.
	rank   []int32
	groups []string
}

func newShelf(servers []*uptime.Server) *shelf {
	s := &shelf{
		servers: servers,
		bySlug:  make(map[string]int, len(servers)),
		byID:    make(map[uptime.ServerID]int, len(servers)),
		text:    make([]string, len(servers)),
		rank:    make([]int32, len(servers)),
	}
	for i, server := range servers {
		s.bySlug[server.Slug], s.byID[server.ID] = i, i
		s.text[i] = searched(server.Name, server.Slug, server.Group, server.Description, public.URL(server.PublicURL()))
		if server.Group != "" {
			s.groups = append(s.groups, server.Group)
		}
	}
	slices.Sort(s.groups)
	s.groups = slices.Compact(s.groups)
	for rank, at := range s.byName() {
		s.rank[at] = int32(rank)
	}
	return s
}

// searched joins fields so that no word is found across two of them.
func searched(fields ...string) string { return strings.ToLower(strings.Join(fields, "\n")) }

func (s *shelf) byName() []int {
	order := make([]int, len(s.servers))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := s.servers[a], s.servers[b]
		return cmp.Or(strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)), strings.Compare(x.Slug, y.Slug))
	})
	return order
}

// sheet is the rows of a tenant at one moment. It is never changed; what is
// derived from it is made when it is first asked for.
type sheet struct {
	*shelf
	rows   []*Row // as servers in the shelf
	totals func() Totals
	sorted map[sorting]func() []int32
}

// sorting is a way to sort rows.
type sorting struct {
	order   Order
	reverse bool
}

func newSheet(on *shelf, rows []*Row) *sheet {
	s := &sheet{shelf: on, rows: rows, sorted: map[sorting]func() []int32{}}
	s.totals = sync.OnceValue(func() Totals { return count(rows) })
	for _, order := range Orders() {
		for _, how := range []sorting{{order, false}, {order, true}} {
			s.sorted[how] = sync.OnceValue(func() []int32 { return s.sort(how) })
		}
	}
	return s
}

// with returns a sheet on which some rows are replaced.
func (s *sheet) with(changed map[int]*Row) *sheet {
	rows := slices.Clone(s.rows)
	for at, row := range changed {
		rows[at] = row
	}
	return newSheet(s.shelf, rows)
}

func count(rows []*Row) Totals {
	t := Totals{Servers: len(rows)}
	for _, r := range rows {
		t.add(r)
	}
	return t
}

func (t *Totals) add(r *Row) {
	switch {
	case r.Planned():
		t.Maintenance++
	case r.State == uptime.Live:
		t.Live++
	case r.State == uptime.Degraded:
		t.Degraded++
	case r.State == uptime.Down:
		t.Down++
	default:
		t.Unknown++
	}
	t.Walled += one(r.Access != "" && r.Access != uptime.AccessOpen)
	t.Incidents += one(r.Incident != nil)
	t.Drifts += one(r.OpenDrift != nil)
	t.Counts.Add(r.Summary.D30)
	if r.Verdict != nil && r.Verdict.SealedAt.After(t.AsOf) {
		t.AsOf = r.Verdict.SealedAt
	}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
