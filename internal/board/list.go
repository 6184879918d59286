package board

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// DefaultLimit is how many rows a Page has when the query does not say.
	DefaultLimit = 50
	// MaxLimit is how many it has at most.
	MaxLimit = 500
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
	causes map[uptime.Cause]string // searched so far
}

func newFilter(q Query) *filter {
	text := q.Text
	if len(text) > maxText {
		text = text[:maxText]
	}
	words := strings.Fields(strings.ToLower(text))
	f := &filter{words: words[:min(len(words), maxWords)], any: len(q.States) == 0 && !q.Maintenance, query: q, causes: map[uptime.Cause]string{}}
	for _, s := range q.States {
		if int(s) < len(f.states) {
			f.states[s] = true
		}
	}
	return f
}

func (f *filter) row(r *Row, text string) bool {
	switch q := &f.query; {
	case !f.any && !f.state(r):
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

// state reports whether one of the states is the row's, or maintenance is.
func (f *filter) state(r *Row) bool {
	if r.Planned() {
		return f.query.Maintenance
	}
	return f.states[r.State&3]
}

// text reports whether every word occurs, in the text or in the cause.
func (f *filter) text(r *Row, text string) bool {
	for _, w := range f.words {
		if !strings.Contains(text, w) && !strings.Contains(f.cause(r), w) {
			return false
		}
	}
	return true
}

// cause is what is searched of a row's cause.
func (f *filter) cause(r *Row) string {
	if r.Verdict == nil || r.Verdict.Failure == nil {
		return ""
	}
	c := r.Verdict.Failure.Cause
	words, ok := f.causes[c]
	if !ok {
		words = searched(string(c), CausePhrase(c))
		f.causes[c] = words
	}
	return words
}

// place is a row reduced to what sorting needs.
type place struct {
	key  uint64 // less comes first
	rank int32
	at   int32
}

// none is the key of rows without a value: they come last, also in reverse.
const none = math.MaxUint64

// sort returns the rows' places in order. Ties are broken by name, also in
// reverse.
func (s *sheet) sort(how sorting) []int32 {
	places := make([]place, len(s.rows))
	for i, r := range s.rows {
		places[i] = place{how.key(r, s.rank[i]), s.rank[i], int32(i)}
	}
	slices.SortFunc(places, func(a, b place) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return int(a.rank - b.rank)
	})
	order := make([]int32, len(places))
	for i, p := range places {
		order[i] = p.at
	}
	return order
}

// key maps a value to a number with the same order, or with the opposite one.
// Values are not negative, and the bits of such floats are ordered as they are.
func (how sorting) key(r *Row, rank int32) uint64 {
	value, ok, falling := how.order.value(r, rank)
	switch bits := math.Float64bits(value); {
	case !ok:
		return none
	case falling != how.reverse:
		return none - 1 - bits
	default:
		return bits
	}
}

// value is what the order sorts by: a number that is not negative; ok is false
// when the row has none. Falling orders begin with the greatest.
func (o Order) value(r *Row, rank int32) (value float64, ok, falling bool) {
	switch o {
	case ByName:
		return float64(rank), true, false
	case ByUptime:
		value, ok = r.Summary.D30.Uptime()
		return value, ok, false
	case ByLatency:
		return float64(r.Summary.P95), r.Summary.P95 > 0, true
	case ByDrift:
		if r.Drift == nil {
			return 0, false, true
		}
		return float64(max(0, r.Drift.Detected.Unix())), true, true
	default:
		return trouble(r), true, false
	}
}

func trouble(r *Row) float64 {
	switch {
	case r.Planned():
		return 3
	case r.State == uptime.Down:
		return 0
	case r.State == uptime.Degraded:
		return 1
	case r.State == uptime.Live:
		return 4
	default:
		return 2
	}
}
