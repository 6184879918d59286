package boardtest

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// List filters, sorts and windows the rows as board.Query says.
func (b *Board) List(tenant uptime.TenantID, q board.Query) board.Page {
	b.mu.Lock()
	rows := b.rows
	b.mu.Unlock()
	var page board.Page
	var found []*board.Row
	for _, r := range rows {
		if r.Tenant != tenant {
			continue
		}
		tally(&page, r)
		if matches(r, q) {
			found = append(found, r)
		}
	}
	slices.Sort(page.Groups)
	page.Groups = slices.Compact(page.Groups)
	page.Found = len(found)
	sortRows(found, q)
	page.Rows = window(found, q)
	return page
}

func window(rows []*board.Row, q board.Query) []*board.Row {
	limit := min(max(q.Limit, 0), 500)
	if limit == 0 {
		limit = 50
	}
	from := min(max(q.Offset, 0), len(rows))
	return rows[from:min(from+limit, len(rows))]
}

func tally(p *board.Page, r *board.Row) {
	t := &p.Totals
	t.Servers++
	if r.Planned() {
		t.Maintenance++
	} else {
		*[]*int{&t.Unknown, &t.Live, &t.Degraded, &t.Down}[r.State]++
	}
	if r.Access != uptime.AccessOpen && r.Access != "" {
		t.Walled++
	}
	if r.Incident != nil {
		t.Incidents++
	}
	if r.OpenDrift != nil {
		t.Drifts++
	}
	t.Counts.Add(r.Summary.D30)
	if r.Verdict != nil && r.Verdict.SealedAt.After(t.AsOf) {
		t.AsOf = r.Verdict.SealedAt
	}
	if r.Group != "" {
		p.Groups = append(p.Groups, r.Group)
	}
}

func matches(r *board.Row, q board.Query) bool {
	if asked := len(q.States) > 0 || q.Maintenance; asked && r.Planned() && !q.Maintenance ||
		asked && !r.Planned() && !slices.Contains(q.States, r.State) ||
		len(q.Access) > 0 && !slices.Contains(q.Access, r.Access) ||
		q.Group != "" && q.Group != r.Group || q.Drifted && r.OpenDrift == nil {
		return false
	}
	if q.Text == "" {
		return true
	}
	text := strings.Join([]string{r.Name, r.Slug, r.Group, r.Description, r.URL}, "\n")
	if r.Verdict != nil {
		text += "\n" + string(r.Verdict.Cause())
	}
	text = strings.ToLower(text)
	return !slices.ContainsFunc(strings.Fields(strings.ToLower(q.Text)), func(word string) bool {
		return !strings.Contains(text, word)
	})
}

// sortable is a row with what it is sorted by.
type sortable struct {
	row  *board.Row
	key  float64
	name string
}

func sortRows(rows []*board.Row, q board.Query) {
	all := make([]sortable, len(rows))
	for i, r := range rows {
		all[i] = sortable{r, key(r, q.Order), strings.ToLower(r.Name)}
	}
	slices.SortFunc(all, func(a, b sortable) int {
		c := cmp.Compare(a.key, b.key)
		if q.Order == board.ByName {
			c = cmp.Compare(a.name, b.name)
		}
		if q.Reverse {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(a.name, b.name), cmp.Compare(a.row.Slug, b.row.Slug))
	})
	for i := range all {
		rows[i] = all[i].row
	}
}

// key is what rows are sorted by, least first.
func key(r *board.Row, o board.Order) float64 {
	switch o {
	case board.ByName:
		return 0
	case board.ByUptime:
		return percent(r)
	case board.ByLatency:
		return -r.Summary.P95.Seconds()
	case board.ByDrift:
		if r.Drift == nil {
			return 0
		}
		return -float64(r.Drift.Detected.Unix())
	default:
		return -[]float64{uptime.Live: 0, uptime.Unknown: 1, uptime.Degraded: 2, uptime.Down: 3}[r.State]
	}
}

func percent(r *board.Row) float64 {
	if p, ok := r.Summary.D30.Uptime(); ok {
		return p
	}
	return math.Inf(1)
}
