package board

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// DefaultLimit and MaxLimit bound a Page.
	DefaultLimit = 50
	MaxLimit     = 500
	// maxWords is how many words of a text are looked for.
	maxWords = 8
	// maxText is how many bytes of a text are read.
	maxText = 256
)

func (s *sheet) list(q Query) Page {
	limit := q.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	limit = min(limit, MaxLimit)
	offset := max(q.Offset, 0)
	page := Page{Totals: s.totals(), Groups: s.groups}
	match := newFilter(q)
	for _, at := range s.order(q) {
		if !match.row(s.rows[at], s.text[at]) {
			continue
		}
		if page.Found >= offset && len(page.Rows) < limit {
			page.Rows = append(page.Rows, s.rows[at])
		}
		page.Found++
	}
	return page
}

func (s *sheet) order(q Query) []int32 {
	if sorted := s.sorted[sorting{q.Order, q.Reverse}]; sorted != nil {
		return sorted()
	}
	return s.sorted[sorting{ByTrouble, q.Reverse}]()
}

// filter is a query, prepared.
type filter struct {
	words  []string
	states [4]bool // all false: any
	any    bool
	query  Query
}

func newFilter(q Query) *filter {
	text := q.Text
	if len(text) > maxText {
		text = text[:maxText]
	}
	words := strings.Fields(strings.ToLower(text))
	f := &filter{words: words[:min(len(words), maxWords)], any: len(q.States) == 0, query: q}
	for _, s := range q.States {
		if int(s) < len(f.states) {
			f.states[s] = true
		}
	}
	return f
}

func (f *filter) row(r *Row, text string) bool {
	switch q := &f.query; {
	case !f.any && !f.states[r.State&3]:
		return false
	case len(q.Access) > 0 && !slices.Contains(q.Access, r.Access):
		return false
	case q.Group != "" && r.Group != q.Group:
		return false
	case q.Drifted && r.OpenDrift == nil:
		return false
	}
	return f.text(r, text)
}

// text reports whether every word occurs, in the text or in the cause.
func (f *filter) text(r *Row, text string) bool {
	cause := ""
	for i, w := range f.words {
		if i == 0 && r.Verdict != nil && r.Verdict.Failure != nil {
			c := r.Verdict.Cause()
			cause = searched(string(c), CausePhrase(c))
		}
		if !strings.Contains(text, w) && !strings.Contains(cause, w) {
			return false
		}
	}
	return true
}

// place is a row reduced to what sorting needs.
type place struct {
	key  float64 // less comes first; NaN stands for no value and comes last
	rank int32
	at   int32
}

// sort returns the rows' places in order. Rows without a value come last and
// ties are broken by name, also in reverse.
func (s *sheet) sort(how sorting) []int32 {
	places := make([]place, len(s.rows))
	for i, r := range s.rows {
		k := how.order.key(r, s.rank[i])
		if how.reverse {
			k = -k
		}
		places[i] = place{k, s.rank[i], int32(i)}
	}
	slices.SortFunc(places, comparePlaces)
	order := make([]int32, len(places))
	for i, p := range places {
		order[i] = p.at
	}
	return order
}

func comparePlaces(a, b place) int {
	if a.key == b.key {
		return cmp.Compare(a.rank, b.rank)
	}
	if x, y := math.IsNaN(a.key), math.IsNaN(b.key); x || y {
		return cmp.Or(one(x)-one(y), cmp.Compare(a.rank, b.rank))
	}
	return cmp.Compare(a.key, b.key)
}

// key is what the order sorts by, smaller first.
func (o Order) key(r *Row, rank int32) float64 {
	switch o {
	case ByName:
		return float64(rank)
	case ByUptime:
		if percent, ok := r.Summary.D30.Uptime(); ok {
			return percent
		}
	case ByLatency:
		if r.Summary.P95 > 0 {
			return -float64(r.Summary.P95)
		}
	case ByDrift:
		if r.Drift != nil {
			return -float64(r.Drift.Detected.Unix())
		}
	default:
		return trouble(r.State)
	}
	return math.NaN()
}

func trouble(s uptime.State) float64 {
	switch s {
	case uptime.Down:
		return 0
	case uptime.Degraded:
		return 1
	case uptime.Live:
		return 3
	default:
		return 2
	}
}
