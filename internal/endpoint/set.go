package endpoint

import (
	"maps"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Set makes endpoints of listings; the zero Set is empty. It is not safe for use
// by several goroutines.
type Set struct {
	items map[uptime.EndpointKey]*item
}

// item is an endpoint and the forms in which it is listed.
type item struct {
	uptime.Endpoint
	forms map[string]int // nil while there is but one
}

// Add takes a listing, as Take does, and counts it; one without an address counts
// for nothing. What a listing says is added to what others said: that a sign-in is
// needed, and by which transport it is reached.
func (s *Set) Add(l *uptime.Listing) {
	e := Take(l)
	if e.Key == "" {
		return
	}
	e.Listings = 1
	if s.items == nil {
		s.items = map[uptime.EndpointKey]*item{}
	}
	old := s.items[e.Key]
	if old == nil {
		s.items[e.Key] = &item{Endpoint: e}
		return
	}
	old.Listings++
	old.SignIn = old.SignIn || e.SignIn
	if old.Transport == "" {
		old.Transport = e.Transport
	}
	old.listedAs(e.Probe)
}

// listedAs counts a form.
func (i *item) listedAs(form string) {
	if form == i.Probe && i.forms == nil {
		return
	}
	if i.forms == nil {
		i.forms = map[string]int{i.Probe: i.Listings - 1}
	}
	i.forms[form]++
	best := i.Probe
	for f, n := range i.forms {
		if b := i.forms[best]; n > b || n == b && f < best {
			best = f
		}
	}
	i.Probe = best
}

// Len returns how many endpoints there are.
func (s *Set) Len() int { return len(s.items) }

// All returns the endpoints in the order of their keys.
func (s *Set) All() []uptime.Endpoint {
	out := make([]uptime.Endpoint, 0, len(s.items))
	for i := range maps.Values(s.items) {
		out = append(out, i.Endpoint)
	}
	slices.SortFunc(out, func(a, b uptime.Endpoint) int { return strings.Compare(string(a.Key), string(b.Key)) })
	return out
}
