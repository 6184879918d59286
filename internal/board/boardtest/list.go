package boardtest

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

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
	*[]*int{&t.Unknown, &t.Live, &t.Degraded, &t.Down}[r.State]++
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
	if len(q.States) > 0 && !slices.Contains(q.States, r.State) ||
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

func sortRows(rows []*board.Row, q board.Query) {
	slices.SortFunc(rows, func(a, b *board.Row) int {
		c := compare(a, b, q.Order)
		if q.Reverse {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Slug, b.Slug))
	})
}

func compare(a, b *board.Row, o board.Order) int {
	switch o {
	case board.ByName:
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	case board.ByUptime:
		return cmp.Compare(percent(a), percent(b))
	case board.ByLatency:
		return cmp.Compare(b.Summary.P95, a.Summary.P95)
	case board.ByDrift:
		return drifted(b).Compare(drifted(a))
	default:
		return cmp.Compare(trouble(a), trouble(b))
	}
}

func percent(r *board.Row) float64 {
	if p, ok := r.Summary.D30.Uptime(); ok {
		return p
	}
	return math.Inf(1)
}

func drifted(r *board.Row) time.Time {
	if r.Drift == nil {
		return time.Time{}
	}
	return r.Drift.Detected
}

func trouble(r *board.Row) int {
	return map[uptime.State]int{uptime.Down: 0, uptime.Degraded: 1, uptime.Unknown: 2, uptime.Live: 3}[r.State]
}
