package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Registries is what registries list, as a store keeps it. What nobody ever listed
// is uptime.ErrNotFound.
type Registries interface {
	// Endpoints returns a page of endpoints in the order of their keys.
	Endpoints(ctx context.Context, q uptime.EndpointQuery) ([]uptime.Endpoint, error)
	Endpoint(ctx context.Context, key uptime.EndpointKey) (uptime.Endpoint, error)
	Listings(ctx context.Context, q uptime.ListingQuery) (page []uptime.Listing, next string, err error)
	// ListingChanges returns what became of the listings of an endpoint, newest first.
	ListingChanges(ctx context.Context, endpoint uptime.EndpointKey, limit int) ([]uptime.ListingChange, error)
}

// cacheListed is for what changes with a crawl.
const cacheListed = web.CacheMinute

// credits are what licences ask for wherever their data is shown; a demonstration
// shows none of it.
const (
	credits     = "Part of the data comes from the Official MCP Registry (CC0 1.0), which does not endorse this site. What has source glama comes from Glama; page is its record there."
	demoCredits = "This is a demonstration: what is listed here is invented, and comes from none of the registries that are named."
)

func (a *API) credits() string {
	if a.Demo {
		return demoCredits
	}
	return credits
}

type endpointsShape struct {
	Endpoints   []endpointShape `json:"endpoints"`
	Next        *string         `json:"next"`
	Attribution string          `json:"attribution"`
}

type endpointShape struct {
	Key       string     `json:"key"`
	URL       string     `json:"url"`
	Kind      string     `json:"kind"`
	Why       *string    `json:"why_not_probed"`
	Transport *string    `json:"transport"`
	Service   *string    `json:"service"`
	Host      *string    `json:"host"`
	Platform  *string    `json:"platform"`
	Tunnel    bool       `json:"tunnel"`
	SignIn    bool       `json:"sign_in_announced"`
	Optout    bool       `json:"opted_out"`
	Listings  int        `json:"listings"`
	FirstSeen *time.Time `json:"first_seen_at"`
	Gone      *time.Time `json:"gone_at"`
	Server    *string    `json:"server"` // slug
	Alias     *string    `json:"alias"`  // where it sends its clients for good
	Page      string     `json:"page"`
	Meta      metaShape  `json:"_meta"`
}

// metaShape is in the form of the _meta of registries, so that one can take it over
// as it is: under a name that is ours. It is empty for what is not monitored.
type metaShape struct {
	Health *healthMeta `json:"com.alivemcp/health,omitempty"`
}

type healthMeta struct {
	State      string     `json:"state"`
	Since      *time.Time `json:"since"`
	Access     *string    `json:"access"`
	Uptime24h  *float64   `json:"uptime_24h"`
	Uptime30d  *float64   `json:"uptime_30d"`
	P95        *int64     `json:"p95_ms"`
	LastProbe  *time.Time `json:"last_probe_at"`
	Tools      *int       `json:"tools"`
	ToolsHash  *string    `json:"tools_hash"`
	ToolsSince *time.Time `json:"tools_since"`
	Drift      *string    `json:"open_drift"` // its class
	Findings   []string   `json:"findings"`   // ids of what does not agree with listings
	StatusPage string     `json:"status_page"`
}

// healthOf says how the server does that an endpoint is; nil for none that is shown
// here, and for one whose owner does not want it.
func (a *API) healthOf(e *uptime.Endpoint) (slug *string, health *healthMeta) {
	if e.Server == "" || e.Optout {
		return nil, nil
	}
	r, ok := a.Source.RowOf(a.Tenant, e.Server)
	if !ok {
		return nil, nil
	}
	h := &healthMeta{
		State: r.State.String(), Since: when(r.Since), Access: word(string(r.Access)), Uptime24h: board.Percent(r.Summary.H24), Uptime30d: board.Percent(r.Summary.D30),
		Findings: []string{}, P95: millis(r.Summary.P95), LastProbe: when(r.LastProbe), ToolsSince: when(r.ToolsSince), StatusPage: a.page(r.Slug),
	}
	if r.ToolsHash != "" {
		h.Tools, h.ToolsHash = &r.Tools, &r.ToolsHash
	}
	if r.OpenDrift != nil {
		h.Drift = word(r.OpenDrift.Class.String())
	}
	return &r.Slug, h
}

func (a *API) endpointOf(e *uptime.Endpoint) endpointShape {
	slug, health := a.healthOf(e)
	var alias *string
	if known, ok := a.Findings.Snapshot().Entry(e.Key); ok && health != nil {
		alias, health.Findings = word(known.Alias.URL), findingIDs(known.Findings)
	}
	return endpointShape{
		Key: string(e.Key), URL: e.URL, Kind: string(e.Kind), Why: word(e.Why), Transport: word(string(e.Transport)), Service: word(e.Service), Host: word(e.Host), Platform: word(e.Platform),
		Tunnel: e.Tunnel, SignIn: e.SignIn, Optout: e.Optout, Listings: e.Listings, FirstSeen: when(e.FirstSeen), Gone: when(e.Gone),
		Server: slug, Alias: alias, Page: a.BaseURL + web.EndpointPath(e.Key), Meta: metaShape{health},
	}
}

func (a *API) listEndpoints(w http.ResponseWriter, r *http.Request) error {
	p := readParams(r, "q", "source", "kind", "platform", "gone", "limit", "cursor")
	at := p.place(question(r.URL.Path, p.values))
	q := endpointQuery(p)
	if p.err != nil {
		return p.err
	}
	limit := q.Limit
	q.After, q.Limit = uptime.EndpointKey(at.ID), limit+1
	list, err := a.Registries.Endpoints(r.Context(), q)
	if err != nil {
		return fmt.Errorf("reading the endpoints: %w", err)
	}
	out := endpointsShape{Endpoints: []endpointShape{}, Attribution: a.credits()}
	if len(list) > limit {
		list = list[:limit]
		out.Next = word(place{Of: at.Of, ID: string(list[limit-1].Key)}.String())
	}
	for i := range list {
		out.Endpoints = append(out.Endpoints, a.endpointOf(&list[i]))
	}
	return web.SendJSON(w, r, web.Content{Cache: cacheListed}, out)
}

func endpointQuery(p *params) uptime.EndpointQuery {
	q := uptime.EndpointQuery{
		Search: p.text("q"), Source: uptime.SourceID(p.text("source")), Kind: uptime.EndpointKind(p.text("kind")), Platform: p.text("platform"),
		Gone: p.flag("gone"), Limit: p.limit(500),
	}
	kinds := []uptime.EndpointKind{"", uptime.EndpointRemote, uptime.EndpointTemplated, uptime.EndpointPlaceholder, uptime.EndpointLocal, uptime.EndpointJunk}
	if !slices.Contains(kinds, q.Kind) {
		p.fail("kind", fmt.Sprintf("want remote, templated, placeholder, local or junk, not %q", q.Kind))
	}
	if len(q.Search) > 100 {
		p.fail("q", "it is longer than 100 bytes")
	}
	return q
}

type endpointDetail struct {
	endpointShape
	Findings    []findingShape `json:"findings"`
	Listed      []listingShape `json:"listed"`
	Changes     []changeShape  `json:"changes"`
	Attribution string         `json:"attribution"`
}

type listingShape struct {
	Source      string     `json:"source"`
	Key         string     `json:"key"`
	Name        string     `json:"name"`
	Title       *string    `json:"title"`
	Version     *string    `json:"version"`
	Description *string    `json:"description"`
	URL         string     `json:"url"`
	Transport   *string    `json:"transport"`
	Status      string     `json:"status"`
	Note        *string    `json:"status_note"`
	Page        *string    `json:"page"`
	Repository  *string    `json:"repository"`
	Published   *time.Time `json:"published_at"`
	Updated     *time.Time `json:"updated_at"`
	FirstSeen   *time.Time `json:"first_seen_at"`
	Changed     *time.Time `json:"changed_at"`
	Gone        *time.Time `json:"gone_at"`
}

type changeShape struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"`
	Source  string    `json:"source"`
	Name    string    `json:"name"`
	Version *string   `json:"version"`
}

// Bounds of an endpoint's detail.
const (
	maxEndpointListings = 200
	maxEndpointChanges  = 200
)

func (a *API) endpoint(w http.ResponseWriter, r *http.Request) error {
	if p := readParams(r); p.err != nil {
		return p.err
	}
	key := r.PathValue("key")
	e, err := a.Registries.Endpoint(r.Context(), uptime.EndpointKey(key))
	if err != nil {
		return unknown(err, "endpoint", key)
	}
	listings, _, err := a.Registries.Listings(r.Context(), uptime.ListingQuery{Endpoint: e.Key, Gone: true, Limit: maxEndpointListings})
	if err != nil {
		return fmt.Errorf("reading who lists an endpoint: %w", err)
	}
	changes, err := a.Registries.ListingChanges(r.Context(), e.Key, maxEndpointChanges)
	if err != nil {
		return fmt.Errorf("reading what became of an endpoint: %w", err)
	}
	compared, err := a.Findings.Compare(r.Context(), &e)
	if err != nil {
		return fmt.Errorf("comparing what is listed of an endpoint: %w", err)
	}
	out := endpointDetail{endpointShape: a.endpointOf(&e), Findings: findingsOf(compared.Findings), Listed: []listingShape{}, Changes: []changeShape{}, Attribution: a.credits()}
	out.takeOver(&compared)
	for i := range listings {
		out.Listed = append(out.Listed, listingOf(&listings[i]))
	}
	for _, c := range changes {
		out.Changes = append(out.Changes, changeShape{c.At.UTC(), c.What, string(c.Source), c.Name, word(c.Version)})
	}
	return web.SendJSON(w, r, web.Content{Cache: cacheListed}, out)
}

func listingOf(l *uptime.Listing) listingShape {
	return listingShape{
		Source: string(l.Source), Key: l.Key, Name: l.Name, Title: word(l.Title), Version: word(l.Version), Description: word(l.Description), URL: l.URL,
		Transport: word(l.Transport), Status: string(l.Status), Note: word(l.Note), Page: word(l.Page), Repository: word(l.Code),
		Published: when(l.Published), Updated: when(l.Updated), FirstSeen: when(l.FirstSeen), Changed: when(l.Changed), Gone: when(l.Gone),
	}
}
