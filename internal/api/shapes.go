package api

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// The shapes of answers. They are the contract that openapi.json describes: a
// member is always there, null when there is nothing to say.

type serverShape struct {
	Slug        string     `json:"slug"`
	Name        string     `json:"name"`
	Group       string     `json:"group"`
	Description string     `json:"description"`
	URL         string     `json:"url"`
	Transport   string     `json:"transport"`
	Interval    float64    `json:"interval_seconds"`
	State       string     `json:"state"`
	Headline    string     `json:"headline"`
	Reason      *string    `json:"failure_reason"`
	Cause       *string    `json:"cause"`
	Because     *string    `json:"because"`
	Access      *string    `json:"access"`
	Since       *time.Time `json:"since"`
	LastProbe   *time.Time `json:"last_probe_at"`
	SealedAt    *time.Time `json:"sealed_at"`
	DownLong    bool       `json:"down_long"`
	Paused      bool       `json:"paused"`
	Demo        bool       `json:"demo"`

	Uptime24h *float64 `json:"uptime_24h"`
	Uptime7d  *float64 `json:"uptime_7d"`
	Uptime30d *float64 `json:"uptime_30d"`
	Uptime90d *float64 `json:"uptime_90d"`
	P50       *int64   `json:"p50_ms"`
	P95       *int64   `json:"p95_ms"`

	Tools       *toolsShape  `json:"tools"`
	Drift24h    bool         `json:"drift_24h"`
	OpenDrift   *driftShape  `json:"open_drift"`
	Incident    *string      `json:"open_incident"`
	Maintenance *windowShape `json:"maintenance"`
	Cities      []cityShape  `json:"cities"`
	StatusPage  string       `json:"status_page"`
}

type toolsShape struct {
	Count int        `json:"count"`
	Hash  string     `json:"hash"`
	Since *time.Time `json:"since"`
}

type cityShape struct {
	City  string `json:"city"`
	State string `json:"state"`
}

type windowShape struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Text    string    `json:"text"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Servers []string  `json:"servers"`
	Groups  []string  `json:"groups"`
}

type countsShape struct {
	Uptime      *float64 `json:"uptime"`
	Live        int      `json:"live_minutes"`
	Degraded    int      `json:"degraded_minutes"`
	Down        int      `json:"down_minutes"`
	Unknown     int      `json:"unknown_minutes"`
	Maintenance int      `json:"maintenance_minutes"`
}

func countsOf(c uptime.Counts) countsShape {
	return countsShape{board.Percent(c), c.Live, c.Degraded, c.Down, c.Unknown, c.Maintenance}
}

func (a *API) serverOf(r *board.Row) serverShape {
	s := serverShape{
		Slug: r.Slug, Name: r.Name, Group: r.Group, Description: r.Description, URL: public.URL(r.URL),
		Transport: string(r.Transport), Interval: r.Interval.Seconds(), State: r.State.String(), Headline: board.Gist(r, a.Now()),
		Access: word(string(r.Access)), Because: word(board.Because(r)), Since: when(r.Since), LastProbe: when(r.LastProbe),
		DownLong: r.DownLong, Paused: r.Paused, Demo: r.Demo,
		Uptime24h: board.Percent(r.Summary.H24), Uptime7d: board.Percent(r.Summary.D7),
		Uptime30d: board.Percent(r.Summary.D30), Uptime90d: board.Percent(r.Summary.D90),
		P50: millis(r.Summary.P50), P95: millis(r.Summary.P95),
		Drift24h: r.Drift24h, Cities: []cityShape{}, StatusPage: a.page(r.Slug),
	}
	if v := r.Verdict; v != nil {
		s.SealedAt = when(v.SealedAt)
		s.Cause, s.Reason = word(string(v.Cause())), word(string(v.Cause().Reason()))
	}
	if r.ToolsHash != "" {
		s.Tools = &toolsShape{r.Tools, r.ToolsHash, when(r.ToolsSince)}
	}
	if r.Incident != nil {
		s.Incident = word(string(r.Incident.ID))
	}
	if r.OpenDrift != nil {
		d := a.driftOf(r.OpenDrift)
		s.OpenDrift = &d
	}
	if r.Window != nil {
		w := windowOf(r.Window)
		s.Maintenance = &w
	}
	for _, c := range r.Cells {
		s.Cities = append(s.Cities, cityShape{c.City, c.State.String()})
	}
	return s
}

// page is the address of a server's status page.
func (a *API) page(slug string) string { return a.BaseURL + web.ServerPath(slug) }

func windowOf(w *uptime.Window) windowShape {
	return windowShape{
		ID: w.ID, Name: w.Name, Text: w.Text, From: w.From.UTC(), To: w.To.UTC(),
		Servers: notNil(w.Servers), Groups: notNil(w.Groups),
	}
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// cities names regions for people, sorted.
func (a *API) cities(regions []string) []string {
	out := make([]string, 0, len(regions))
	for _, r := range regions {
		out = append(out, a.City(r))
	}
	slices.SortFunc(out, strings.Compare)
	return out
}

// word is null for an empty text.
func word(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// when is null for the zero time.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

// millis is null for no sample, and at least 1 for one.
func millis(d time.Duration) *int64 {
	if d <= 0 {
		return nil
	}
	ms := max(1, int64(math.Round(float64(d)/float64(time.Millisecond))))
	return &ms
}

// seconds is null for a time span without an end.
func seconds(d time.Duration, known bool) *int64 {
	if !known {
		return nil
	}
	s := int64(d / time.Second)
	return &s
}
