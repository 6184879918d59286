package registry

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxRemotes is how many addresses one record may have.
const maxRemotes = 50

// genericRecord is an entry: a server.json and what registries add.
type genericRecord struct {
	Server serverJSON                 `json:"server"`
	Meta   map[string]json.RawMessage `json:"_meta"`
}

// serverJSON is what is read of a server.json.
type serverJSON struct {
	Name        string           `json:"name"`
	Title       string           `json:"title"`
	Description string           `json:"description"`
	Version     scalar           `json:"version"`
	Repository  json.RawMessage  `json:"repository"`
	Remotes     many[remoteJSON] `json:"remotes"`
}

type remoteJSON struct {
	Type      string               `json:"type"`
	URL       string               `json:"url"`
	Headers   many[inputJSON]      `json:"headers"`
	Variables map[string]inputJSON `json:"variables"`
}

// inputJSON is a header or a variable.
type inputJSON struct {
	Name     string       `json:"name"`
	Value    scalar       `json:"value"`
	Default  scalar       `json:"default"`
	Choices  many[scalar] `json:"choices"`
	Required bool         `json:"isRequired"`
	Secret   bool         `json:"isSecret"`
}

// scalar is a text for which people also write numbers and booleans; anything else
// is empty.
type scalar string

// UnmarshalJSON implements json.Unmarshaler.
func (s *scalar) UnmarshalJSON(raw []byte) error {
	var text string
	switch {
	case raw[0] == '{', raw[0] == '[', string(raw) == "null":
	case json.Unmarshal(raw, &text) == nil:
		*s = scalar(text)
	default:
		*s = scalar(raw)
	}
	return nil
}

// moment is a time; empty when it is not written as RFC 3339 has it.
type moment struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (m *moment) UnmarshalJSON(raw []byte) error {
	if m.Time.UnmarshalJSON(raw) != nil {
		m.Time = time.Time{}
	}
	return nil
}

// genericAbout is what a registry says about a record.
type genericAbout struct {
	Status    string `json:"status"`
	Message   string `json:"statusMessage"`
	Published moment `json:"publishedAt"`
	Updated   moment `json:"updatedAt"`
	IsLatest  *bool  `json:"isLatest"`
}

func (a genericAbout) latest() bool { return a.IsLatest == nil || *a.IsLatest }

// about reads what the registry says. What a registry says itself counts more than
// what it has from the official one.
func (r *genericRecord) about() (a genericAbout) {
	names := slices.Sorted(maps.Keys(r.Meta))
	for _, suffix := range []string{"registry/official", "/server-version"} {
		for _, name := range names {
			if strings.HasSuffix(name, suffix) {
				_ = json.Unmarshal(r.Meta[name], &a) // what cannot be read says nothing
			}
		}
	}
	return a
}

// listings makes one listing of each address.
func (g *Generic) listings(r *genericRecord) []uptime.Listing {
	about := r.about()
	base := uptime.Listing{
		Key: r.Server.Name, Name: r.Server.Name, Status: statusOf(about.Status), Note: about.Message, Published: about.Published.Time, Updated: about.Updated.Time,
	}
	if g.opt.Page != nil {
		base.Page = g.opt.Page(r.Server.Name)
	}
	return r.Server.listings(base)
}

// listings makes of base one listing of each remote, or a lead when there is none:
// packages run on the reader's own machine.
func (s *serverJSON) listings(base uptime.Listing) []uptime.Listing {
	base.Title, base.Description = cmp.Or(s.Title, base.Title), cmp.Or(s.Description, base.Description)
	base.Version, base.Code = string(s.Version), cmp.Or(repository(s.Repository), base.Code)
	var out []uptime.Listing
	for _, remote := range s.Remotes[:min(len(s.Remotes), maxRemotes)] {
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

func headers(list []inputJSON) (out []uptime.ListedHeader) {
	for _, h := range list {
		if h.Name != "" {
			out = append(out, uptime.ListedHeader{Name: h.Name, Required: h.Required, Secret: h.Secret})
		}
	}
	return out
}

// variables takes the value that a client would take by itself: the one given,
// the default, or the first to choose from.
func variables(named map[string]inputJSON) map[string]string {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		switch v := named[name]; {
		case v.Secret || len(out) >= maxHeaders:
		case v.Value != "":
			out[name] = string(v.Value)
		case v.Default != "":
			out[name] = string(v.Default)
		case len(v.Choices) > 0:
			out[name] = string(v.Choices[0])
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
