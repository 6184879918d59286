package statuspage

import (
	"cmp"
	"context"
	"html/template"
	"math"
	"net/http"
	"slices"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/web"
)

// dashboardRoutes are the board of all servers and the list that the command
// palette jumps by.
func (s *Site) dashboardRoutes() {
	s.navigate("servers", "Servers", "/")
	s.handle("GET /{$}", s.dashboard)
	s.handle("GET /servers.json", s.jumpList)
}

// dashboard is what dashboard.html shows.
type dashboard struct {
	News   news
	Totals board.Totals
	Query  listQuery
	Groups []string
	Found  int
	First  int // number of the first row shown, from 1
	Last   int
	Pages  int
	// Sections hold the rows: one without a name, or one a group.
	Sections []section
}

// section is a part of the table.
type section struct {
	Name string
	Rows []template.HTML
}

// Tally is one number of the totals, with what it filters by.
type tally struct {
	Word, Key string
	N         int
}

// Tallies are the numbers by state, worst first.
func (d dashboard) Tallies() []tally {
	t := d.Totals
	return []tally{{"Down", "down", t.Down}, {"Degraded", "degraded", t.Degraded}, {"Unknown", "unknown", t.Unknown}, {"Maintenance", inMaintenance, t.Maintenance}, {"Live", "live", t.Live}}
}

func (s *Site) dashboard(w http.ResponseWriter, r *http.Request) error {
	q, err := parseList(r.URL.Query())
	if err != nil {
		return err
	}
	// The place comes first: what changes meanwhile is told twice, not never.
	_, live, _ := s.opt.Source.Updates(math.MaxUint64)
	page := s.opt.Source.List(s.opt.Tenant, q.board())
	d, err := s.dashboardOf(r.Context(), q, page)
	if err != nil {
		return err
	}
	return s.show(w, r, "dashboard.html", Frame{
		Title: d.News.title(), Description: d.News.Sentence, Nav: "servers",
		Styles: []string{"dashboard.css"}, Scripts: []string{"dashboard.js"}, Live: &live, Data: d,
	})
}

// title is the name of the browser's tab: the worst first.
func (n news) title() string {
	if down := n.Totals["down"]; down > 0 {
		return board.Count(down) + " down"
	}
	return "Servers"
}

func (s *Site) dashboardOf(ctx context.Context, q listQuery, page board.Page) (dashboard, error) {
	d := dashboard{
		News: newsOf(page.Totals, s.opt.Source.Health()), Totals: page.Totals, Query: q, Groups: choices(page.Groups, q.Group), Found: page.Found,
		First: min((q.Page-1)*q.Per+1, page.Found), Last: min((q.Page-1)*q.Per+len(page.Rows), page.Found),
		Pages: max(1, (page.Found+q.Per-1)/q.Per),
	}
	rows := page.Rows
	if q.Grouped {
		rows = slices.Clone(rows)
		slices.SortStableFunc(rows, func(a, b *board.Row) int {
			return cmp.Or(boolCompare(a.Group == "", b.Group == ""), cmp.Compare(a.Group, b.Group))
		})
	}
	for i, row := range rows {
		html, err := s.rows.html(ctx, row)
		if err != nil {
			return d, err
		}
		if i == 0 || q.Grouped && row.Group != rows[i-1].Group {
			d.Sections = append(d.Sections, section{})
			if q.Grouped {
				d.Sections[len(d.Sections)-1].Name = cmp.Or(row.Group, "Without a group")
			}
		}
		last := &d.Sections[len(d.Sections)-1]
		last.Rows = append(last.Rows, template.HTML(html)) // a template made it
	}
	return d, nil
}

// maxChoices is how many groups the form offers; more are found by searching.
const maxChoices = 300

// choices are the groups that the form offers; the chosen one is among them.
func choices(groups []string, chosen string) []string {
	if len(groups) <= maxChoices && (chosen == "" || slices.Contains(groups, chosen)) {
		return groups
	}
	groups = slices.Clone(groups[:min(len(groups), maxChoices)])
	if chosen != "" && !slices.Contains(groups, chosen) {
		groups = append(groups, chosen)
	}
	return groups
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// jump is an entry of the command palette.
type jump struct {
	Slug  string `json:"slug"`
	Name  string `json:"name"`
	Group string `json:"group,omitempty"`
	State string `json:"state"`
	Mark  string `json:"mark"`
}

// jumps is how many entries the palette shows.
const jumps = 12

// jumpList answers the command palette: the servers that match, worst first.
func (s *Site) jumpList(w http.ResponseWriter, r *http.Request) error {
	q, err := parseList(r.URL.Query())
	if err != nil {
		return err
	}
	q.Per = jumps
	list := []jump{}
	for _, row := range s.opt.Source.List(s.opt.Tenant, q.board()).Rows {
		list = append(list, jump{
			Slug: row.Slug, Name: web.Visible(row.Name, maxName), Group: web.Visible(row.Group, maxName),
			State: board.StateWord(row.State), Mark: rowMark(row),
		})
	}
	return web.SendJSON(w, r, web.Content{}, list)
}
