package findings

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Entry is a served endpoint with what does not agree about it.
type Entry struct {
	Key uptime.EndpointKey
	URL string
	// Name is the one by which registries know it longest, or else the server's.
	Name   string
	Server uptime.ServerID
	Slug   string
	State  uptime.State
	// Sources are the registries that list its address; Former those that did, and do
	// not any more. Both are sorted.
	Sources  []uptime.SourceID
	Former   []uptime.SourceID
	Live     uptime.LiveServer
	Alias    Alias
	Findings []uptime.ListingFinding

	text string // what a search looks into, small
}

// Has reports whether the entry has a finding; any for the empty id.
func (e *Entry) Has(id uptime.ListingFindingID) bool {
	if id == "" {
		return len(e.Findings) > 0
	}
	return slices.ContainsFunc(e.Findings, func(f uptime.ListingFinding) bool { return f.ID == id })
}

// Snapshot is what was found about all served endpoints at one moment.
type Snapshot struct {
	Made     time.Time
	Served   int
	found    []*Entry // those with findings, by name
	byKey    map[uptime.EndpointKey]*Entry
	byServer map[uptime.ServerID]*Entry
}

func newSnapshot(made time.Time, all []*Entry) *Snapshot {
	s := &Snapshot{Made: made, Served: len(all), byKey: make(map[uptime.EndpointKey]*Entry, len(all)), byServer: make(map[uptime.ServerID]*Entry, len(all))}
	for _, e := range all {
		s.byKey[e.Key], s.byServer[e.Server] = e, e
		if len(e.Findings) > 0 {
			e.text = strings.ToLower(e.Name + "\n" + e.URL + "\n" + e.Alias.URL)
			s.found = append(s.found, e)
		}
	}
	slices.SortFunc(s.found, func(a, b *Entry) int {
		return cmp.Or(strings.Compare(a.text, b.text), cmp.Compare(a.Key, b.Key))
	})
	return s
}

// Entry returns a served endpoint.
func (s *Snapshot) Entry(key uptime.EndpointKey) (*Entry, bool) { e, ok := s.byKey[key]; return e, ok }

// Server returns the endpoint that a server is.
func (s *Snapshot) Server(id uptime.ServerID) (*Entry, bool) { e, ok := s.byServer[id]; return e, ok }

// Query chooses endpoints with findings. Zero values choose all.
type Query struct {
	Finding uptime.ListingFindingID
	Source  uptime.SourceID // that lists it, or did
	// Text is words that name, address or alias contain.
	Text          string
	Offset, Limit int
}

// Page is an answer: some endpoints by name, how many there are, and how many with
// each finding there would be without asking for one.
type Page struct {
	Entries []*Entry
	Found   int
	Counts  map[uptime.ListingFindingID]int
	Any     int
}

// Page answers a query. It takes a millisecond or two at 5,000 served endpoints.
func (s *Snapshot) Page(q Query) Page {
	p := Page{Counts: map[uptime.ListingFindingID]int{}}
	words := strings.Fields(strings.ToLower(q.Text))
	for _, e := range s.found {
		if q.Source != "" && !slices.Contains(e.Sources, q.Source) && !slices.Contains(e.Former, q.Source) || !e.contains(words) {
			continue
		}
		p.Any++
		p.count(e)
		if !e.Has(q.Finding) {
			continue
		}
		if p.Found >= q.Offset && len(p.Entries) < q.Limit {
			p.Entries = append(p.Entries, e)
		}
		p.Found++
	}
	return p
}

// count counts each finding of an endpoint once.
func (p *Page) count(e *Entry) {
	for i, f := range e.Findings {
		if !slices.ContainsFunc(e.Findings[:i], func(o uptime.ListingFinding) bool { return o.ID == f.ID }) {
			p.Counts[f.ID]++
		}
	}
}

func (e *Entry) contains(words []string) bool {
	for _, w := range words {
		if !strings.Contains(e.text, w) {
			return false
		}
	}
	return true
}
