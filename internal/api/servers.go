package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// cacheState is for what changes when a verdict is sealed. Shorter than for
// badges: scripts wait for a change.
const cacheState = "public, max-age=10, stale-while-revalidate=60"

type serversShape struct {
	Servers []any       `json:"servers"`
	Found   int         `json:"found"`
	Next    *string     `json:"next"`
	Totals  totalsShape `json:"totals"`
	Groups  []string    `json:"groups"`
}

type totalsShape struct {
	Servers   int        `json:"servers"`
	Live      int        `json:"live"`
	Degraded  int        `json:"degraded"`
	Down      int        `json:"down"`
	Unknown   int        `json:"unknown"`
	Planned   int        `json:"maintenance"`
	Walled    int        `json:"auth_required"`
	Incidents int        `json:"open_incidents"`
	Drifts    int        `json:"open_drifts"`
	Uptime30d *float64   `json:"uptime_30d"`
	AsOf      *time.Time `json:"as_of"`
}

func totalsOf(t board.Totals) totalsShape {
	return totalsShape{
		Servers: t.Servers, Live: t.Live, Degraded: t.Degraded, Down: t.Down, Unknown: t.Unknown, Planned: t.Maintenance, Walled: t.Walled,
		Incidents: t.Incidents, Drifts: t.Drifts, Uptime30d: board.Percent(t.Counts), AsOf: when(t.AsOf),
	}
}

func (a *API) listServers(w http.ResponseWriter, r *http.Request) error {
	p := readParams(r, "q", "state", "access", "group", "drifted", "sort", "reverse", "fields", "limit", "cursor")
	of := question(r.URL.Path, p.values)
	at, q := p.place(of), serverQuery(p)
	pick := p.fields()
	if p.err != nil {
		return p.err
	}
	q.Offset = at.Offset
	page := a.Source.List(a.Tenant, q)
	out := serversShape{Servers: []any{}, Found: page.Found, Totals: totalsOf(page.Totals), Groups: notNil(page.Groups)}
	for _, row := range page.Rows {
		shape, err := pick(a.serverOf(row))
		if err != nil {
			return err
		}
		out.Servers = append(out.Servers, shape)
	}
	if end := q.Offset + len(page.Rows); len(page.Rows) > 0 && end < page.Found {
		out.Next = word(place{Of: of, Offset: end}.String())
	}
	return web.SendJSON(w, r, web.Content{Cache: cacheState}, out)
}

func serverQuery(p *params) board.Query {
	q := board.Query{
		Text: p.text("q"), Group: p.text("group"), Drifted: p.flag("drifted"), Reverse: p.flag("reverse"),
		Order: board.Order(p.text("sort")), Limit: p.limit(board.MaxLimit),
	}
	for _, text := range p.list("state") {
		if text == "maintenance" {
			q.Maintenance = true
			continue
		}
		var s uptime.State
		if err := s.UnmarshalText([]byte(text)); err != nil {
			p.fail("state", err.Error())
		}
		q.States = append(q.States, s)
	}
	for _, text := range p.list("access") {
		access := uptime.Access(text)
		if !slices.Contains([]uptime.Access{uptime.AccessOpen, uptime.AccessWalled, uptime.AccessCustom, uptime.AccessBroken}, access) {
			p.fail("access", fmt.Sprintf("want open, auth_walled, auth_custom or auth_broken, not %q", text))
		}
		q.Access = append(q.Access, access)
	}
	if q.Order != "" && !slices.Contains(board.Orders(), q.Order) {
		p.fail("sort", fmt.Sprintf("want trouble, name, uptime, p95 or drift, not %q", q.Order))
	}
	return q
}

// fields returns what leaves out all members that nobody asked for. The slug
// always stays.
func (p *params) fields() func(serverShape) (any, error) {
	wanted := p.list("fields")
	if len(wanted) == 0 {
		return func(s serverShape) (any, error) { return s, nil }
	}
	known, err := members(serverShape{})
	if err != nil {
		p.fail("fields", "they cannot be told apart")
	}
	for _, name := range wanted {
		if known[name] == nil {
			p.fail("fields", fmt.Sprintf("a server has no %q", name))
		}
	}
	return func(s serverShape) (any, error) {
		all, err := members(s)
		if err != nil {
			return nil, err
		}
		some := map[string]json.RawMessage{"slug": all["slug"]}
		for _, name := range wanted {
			some[name] = all[name]
		}
		return some, nil
	}
}

func members(s serverShape) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding a server: %w", err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("reading a server: %w", err)
	}
	return all, nil
}

type detailShape struct {
	serverShape
	Counts      map[string]countsShape `json:"counts"`
	Regions     []regionShape          `json:"regions"`
	Contract    *contractShape         `json:"contract"`
	Budget      *budgetShape           `json:"budget"`
	Windows     []windowShape          `json:"windows"`
	Certificate *int                   `json:"certificate_days_left"`
	Runbook     *string                `json:"runbook_url"`
	Links       map[string]string      `json:"links"`
}

type regionShape struct {
	City    string      `json:"city"`
	State   string      `json:"state"`
	Cause   *string     `json:"cause"`
	Because *string     `json:"because"`
	Latency *int64      `json:"latency_ms"`
	Probed  *time.Time  `json:"last_probe_at"`
	Day     countsShape `json:"last_24h"`
}

type budgetShape struct {
	Percent    float64 `json:"objective"`
	WindowDays float64 `json:"window_days"`
	Good       int     `json:"good_minutes"`
	Bad        int     `json:"bad_minutes"`
	Allowed    float64 `json:"allowed_minutes"`
	Left       float64 `json:"left_share"`
	Burn1h     float64 `json:"burn_1h"`
	Burn6h     float64 `json:"burn_6h"`
}

func (a *API) server(w http.ResponseWriter, r *http.Request) error {
	if p := readParams(r); p.err != nil {
		return p.err
	}
	slug := r.PathValue("slug")
	v, err := a.Source.View(r.Context(), a.Tenant, slug)
	if err != nil {
		return unknown(err, "server", slug)
	}
	s := v.Summary
	out := detailShape{
		serverShape: a.serverOf(v.Row), Budget: budgetOf(v.Budget), Certificate: v.CertificateDays, Runbook: word(v.RunbookURL),
		Counts: map[string]countsShape{
			"24h": countsOf(s.H24), "7d": countsOf(s.D7), "30d": countsOf(s.D30), "90d": countsOf(s.D90),
		},
		Regions: []regionShape{}, Windows: []windowShape{}, Links: links(v.Slug),
	}
	for i := range v.Regions {
		out.Regions = append(out.Regions, regionOf(&v.Regions[i]))
	}
	for i := range v.Windows {
		out.Windows = append(out.Windows, windowOf(&v.Windows[i]))
	}
	if v.Contract != nil {
		c := contractOf(v.Contract)
		out.Contract = &c
	}
	return web.SendJSON(w, r, web.Content{Cache: cacheState}, out)
}

func links(slug string) map[string]string {
	out := map[string]string{"self": "/api/v1/servers/" + slug}
	for _, part := range []string{"minutes", "days", "latency", "incidents", "drifts", "contract"} {
		out[part] = "/api/v1/servers/" + slug + "/" + part
	}
	return out
}

func regionOf(v *board.RegionView) regionShape {
	out := regionShape{City: cmp.Or(v.City, v.ID), State: uptime.Unknown.String(), Day: countsOf(v.H24)}
	r := v.Report
	if r == nil {
		return out
	}
	out.State, out.Latency, out.Probed = r.State.String(), millis(r.Latency), when(r.Started)
	out.Because = word(strings.TrimRight(r.Why, "."))
	if r.Failure != nil {
		out.Cause, out.Because = word(string(r.Failure.Cause)), word(board.CausePhrase(r.Failure.Cause))
	}
	return out
}

func budgetOf(b *uptime.Budget) *budgetShape {
	if b == nil {
		return nil
	}
	window := b.Objective.Window
	if window <= 0 {
		window = 30 * 24 * time.Hour
	}
	return &budgetShape{
		Percent: b.Objective.Percent, WindowDays: window.Hours() / 24, Good: b.Good, Bad: b.Bad,
		Allowed: b.Allowed, Left: b.Left, Burn1h: b.Burn1h, Burn6h: b.Burn6h,
	}
}

// row returns the server of the path.
func (a *API) row(r *http.Request) (*board.Row, error) {
	slug := r.PathValue("slug")
	if row, ok := a.Source.Row(a.Tenant, slug); ok {
		return row, nil
	}
	return nil, unknown(uptime.ErrNotFound, "server", slug)
}

// unknown says what was not found; other errors stay what they are.
func unknown(err error, what, name string) error {
	if web.StatusOf(err) != http.StatusNotFound {
		return err
	}
	return &web.Fault{Status: http.StatusNotFound, Detail: fmt.Sprintf("there is no %s %q", what, name)}
}
