package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The bounds of a reading.
const (
	maxPages   = 10_000
	maxRemotes = 50 // of one record
)

// GenericOptions configure a registry with the API of the official one.
type GenericOptions struct {
	Source uptime.SourceID
	// Base is the address before /v0.1.
	Base string
	// Header is sent with each request: keys. Missing names what is not in it.
	Header  http.Header
	Missing string
	// Page makes the address of a record's page at the registry; nil for none.
	Page func(name string) string
	// NoSince is for a registry that cannot be asked for changes.
	NoSince bool
}

// Generic reads a registry that has the API of the official one, version 0.1:
// the official registry itself, GitHub's, PulseMCP's, and mirrors.
type Generic struct{ opt GenericOptions }

// NewGeneric returns a source.
func NewGeneric(opt GenericOptions) *Generic {
	opt.Base = strings.TrimSuffix(opt.Base, "/")
	return &Generic{opt: opt}
}

// ID returns which registry it is.
func (g *Generic) ID() uptime.SourceID { return g.opt.Source }

// Access says whether a key is used, and which is missing.
func (g *Generic) Access() (access, missing string) {
	if g.opt.Missing != "" {
		return "", g.opt.Missing
	}
	if len(g.opt.Header) > 0 {
		return "key", ""
	}
	return "open", ""
}

// Incremental reports whether the registry can be asked for changes.
func (g *Generic) Incremental() bool { return !g.opt.NoSince }

// genericPage is an answer of /v0.1/servers. Some mirrors spell the cursor in
// another way.
type genericPage struct {
	Servers  []json.RawMessage `json:"servers"`
	Metadata struct {
		NextCursor string `json:"nextCursor"`
		Next       string `json:"next_cursor"`
	} `json:"metadata"`
}

// Read follows the cursor. It is neither signed nor checked by the registry: one
// that leads nowhere brings an empty page, and one that comes twice would never
// end.
func (g *Generic) Read(ctx context.Context, f *Fetcher, since time.Time, page func(*Page) error) error {
	seen := map[string]bool{}
	for cursor := ""; ; {
		var got genericPage
		fetched, err := f.JSON(ctx, g.address(cursor, since), g.opt.Header, &got)
		if err != nil {
			return fmt.Errorf("reading page %d: %w", len(seen)+1, err)
		}
		if len(got.Servers) == 0 && cursor != "" {
			return fmt.Errorf("page %d is empty, although the one before said that there is more", len(seen)+1)
		}
		p := g.page(got.Servers)
		p.Fetched = []Fetched{fetched}
		if err := page(p); err != nil {
			return err
		}
		if cursor = got.Metadata.NextCursor + got.Metadata.Next; cursor == "" {
			return nil
		}
		if seen[cursor] || len(seen) >= maxPages {
			return errors.New("its pages have no end: a cursor came twice, or there are more than 10,000 pages")
		}
		seen[cursor] = true
	}
}

// address asks for the latest version of everything, or for every change.
func (g *Generic) address(cursor string, since time.Time) string {
	q := url.Values{"limit": {"100"}}
	if since.IsZero() {
		q.Set("version", "latest")
	} else {
		q.Set("updated_since", since.UTC().Format(time.RFC3339))
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return g.opt.Base + "/v0.1/servers?" + q.Encode()
}

func (g *Generic) page(records []json.RawMessage) *Page {
	p := &Page{Records: len(records)}
	for _, raw := range records {
		var r genericRecord
		switch err := json.Unmarshal(raw, &r); {
		case err != nil:
			p.refuse("not readable")
		case r.Server.Name == "":
			p.refuse("without a name")
		case !r.about().latest():
			// An older version: the newest counts.
		default:
			p.Listings = append(p.Listings, g.listings(&r)...)
		}
	}
	return p
}

// genericRecord is an entry: a server.json and what registries add.
type genericRecord struct {
	Server genericServer              `json:"server"`
	Meta   map[string]json.RawMessage `json:"_meta"`
}

type genericServer struct {
	Name        string          `json:"name"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Version     string          `json:"version"`
	Repository  json.RawMessage `json:"repository"`
	Remotes     []genericRemote `json:"remotes"`
}

type genericRemote struct {
	Type      string                  `json:"type"`
	URL       string                  `json:"url"`
	Headers   []genericInput          `json:"headers"`
	Variables map[string]genericInput `json:"variables"`
}

// genericInput is a header or a variable.
type genericInput struct {
	Name     string   `json:"name"`
	Value    string   `json:"value"`
	Default  string   `json:"default"`
	Choices  []string `json:"choices"`
	Required bool     `json:"isRequired"`
	Secret   bool     `json:"isSecret"`
}

// genericAbout is what a registry says about a record.
type genericAbout struct {
	Status    string    `json:"status"`
	Message   string    `json:"statusMessage"`
	Published time.Time `json:"publishedAt"`
	Updated   time.Time `json:"updatedAt"`
	IsLatest  *bool     `json:"isLatest"`
}

func (a genericAbout) latest() bool { return a.IsLatest == nil || *a.IsLatest }

// about reads what the registry says, whatever it calls itself.
func (r *genericRecord) about() (a genericAbout) {
	for _, name := range slices.Sorted(maps.Keys(r.Meta)) {
		if strings.HasSuffix(name, "registry/official") || strings.HasSuffix(name, "server-version") {
			_ = json.Unmarshal(r.Meta[name], &a) // what cannot be read says nothing
		}
	}
	return a
}

// listings makes one listing of each remote; packages run on the reader's own
// machine and are none.
func (g *Generic) listings(r *genericRecord) []uptime.Listing {
	about := r.about()
	base := uptime.Listing{
		Key: r.Server.Name, Name: r.Server.Name, Title: r.Server.Title, Description: r.Server.Description, Version: r.Server.Version,
		Status: statusOf(about.Status), Note: about.Message, Code: repository(r.Server.Repository), Published: about.Published, Updated: about.Updated,
	}
	if g.opt.Page != nil {
		base.Page = g.opt.Page(r.Server.Name)
	}
	var out []uptime.Listing
	for _, remote := range r.Server.Remotes[:min(len(r.Server.Remotes), maxRemotes)] {
		l := base
		l.URL, l.Transport = remote.URL, remote.Type
		l.Headers, l.Variables = headers(remote.Headers), variables(remote.Variables)
		out = append(out, l)
	}
	if len(out) == 0 {
		out = append(out, base)
	}
	return out
}

func statusOf(word string) uptime.ListingStatus {
	switch word {
	case "deprecated":
		return uptime.ListingDeprecated
	case "deleted":
		return uptime.ListingDeleted
	}
	return uptime.ListingActive
}

// repository reads an object with a url, or a plain address.
func repository(raw json.RawMessage) string {
	var object struct{ URL string }
	if json.Unmarshal(raw, &object) == nil {
		return object.URL
	}
	var text string
	_ = json.Unmarshal(raw, &text)
	return text
}

func headers(list []genericInput) (out []uptime.ListedHeader) {
	for _, h := range list {
		if h.Name != "" {
			out = append(out, uptime.ListedHeader{Name: h.Name, Required: h.Required, Secret: h.Secret})
		}
	}
	return out
}

// variables takes the value that a client would take by itself: the one given,
// the default, or the first to choose from.
func variables(named map[string]genericInput) map[string]string {
	out := map[string]string{}
	for name, v := range named {
		switch {
		case v.Secret || len(out) >= maxHeaders:
		case v.Value != "":
			out[name] = v.Value
		case v.Default != "":
			out[name] = v.Default
		case len(v.Choices) > 0:
			out[name] = v.Choices[0]
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
