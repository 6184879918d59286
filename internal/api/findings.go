package api

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/findings"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// findingShape is one thing that does not agree about an endpoint.
type findingShape struct {
	ID       string  `json:"id"`
	About    *string `json:"about"`
	Severity string  `json:"severity"`
	Text     string  `json:"text"`
	Listed   *string `json:"listed"`
	Live     *string `json:"live"`
}

func findingsOf(found []uptime.ListingFinding) []findingShape {
	out := []findingShape{}
	for _, f := range found {
		out = append(out, findingShape{string(f.ID), word(f.About), string(f.Severity), f.Text, word(f.Listed), word(f.Live)})
	}
	return out
}

// findingIDs returns the ids of findings, each once.
func findingIDs(found []uptime.ListingFinding) []string {
	out := []string{}
	for _, f := range found {
		if id := string(f.ID); !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// takeOver makes the whole answer as fresh as its findings.
func (d *endpointDetail) takeOver(e *findings.Entry) {
	d.Alias = word(e.Alias.URL)
	if d.Meta.Health != nil {
		d.Meta.Health.Findings = findingIDs(e.Findings)
	}
}

type findingsShape struct {
	// AsOf is when they were compared; null before the first time.
	AsOf        *time.Time     `json:"as_of"`
	Compared    int            `json:"compared"`
	Counts      map[string]int `json:"counts"`
	Found       int            `json:"found"`
	Endpoints   []foundShape   `json:"endpoints"`
	Next        *string        `json:"next"`
	Attribution string         `json:"attribution"`
}

// foundShape is an endpoint with what does not agree about it.
type foundShape struct {
	Key      string         `json:"key"`
	URL      string         `json:"url"`
	Alias    *string        `json:"alias"`
	Name     string         `json:"name"`
	Sources  []string       `json:"sources"`
	Former   []string       `json:"former_sources"`
	Server   string         `json:"server"` // slug
	State    string         `json:"state"`
	Page     string         `json:"page"`
	Findings []findingShape `json:"findings"`
}

func (a *API) listFindings(w http.ResponseWriter, r *http.Request) error {
	p := readParams(r, "finding", "source", "q", "limit", "cursor")
	at := p.place(question(r.URL.Path, p.values))
	q := findingQuery(p)
	if p.err != nil {
		return p.err
	}
	q.Offset = at.Offset
	snap := a.Findings.Snapshot()
	page := snap.Page(q)
	out := findingsShape{AsOf: when(snap.Made), Compared: snap.Served, Counts: map[string]int{}, Found: page.Found, Endpoints: []foundShape{}, Attribution: a.credits()}
	for _, id := range uptime.ListingFindingIDs() {
		out.Counts[string(id)] = page.Counts[id]
	}
	for _, e := range page.Entries {
		out.Endpoints = append(out.Endpoints, a.foundOf(e, q.Finding))
	}
	if end := q.Offset + len(page.Entries); len(page.Entries) > 0 && end < page.Found {
		out.Next = word(place{Of: at.Of, Offset: end}.String())
	}
	return web.SendJSON(w, r, web.Content{Cache: cacheListed}, out)
}

func findingQuery(p *params) findings.Query {
	q := findings.Query{
		Finding: uptime.ListingFindingID(p.text("finding")), Source: uptime.SourceID(p.text("source")), Text: p.text("q"), Limit: p.limit(500),
	}
	if q.Finding != "" && !slices.Contains(uptime.ListingFindingIDs(), q.Finding) {
		p.fail("finding", fmt.Sprintf("want one of %v, not %q", uptime.ListingFindingIDs(), q.Finding))
	}
	if len(q.Text) > 100 {
		p.fail("q", "it is longer than 100 bytes")
	}
	return q
}

func sourceIDs(of []uptime.SourceID) []string {
	out := []string{}
	for _, s := range of {
		out = append(out, string(s))
	}
	return out
}

// foundOf shows an endpoint with one finding or, without one, with all.
func (a *API) foundOf(e *findings.Entry, only uptime.ListingFindingID) foundShape {
	out := foundShape{
		Key: string(e.Key), URL: e.URL, Alias: word(e.Alias.URL), Name: e.Name, Sources: sourceIDs(e.Sources), Former: sourceIDs(e.Former), Server: e.Slug, State: e.State.String(),
		Page: a.BaseURL + web.EndpointPath(e.Key), Findings: []findingShape{},
	}
	for _, f := range findingsOf(e.Findings) {
		if only == "" || f.ID == string(only) {
			out.Findings = append(out.Findings, f)
		}
	}
	return out
}
