package registry

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// glama reads Glama's connectors, which are servers that can be reached; what it
// calls servers has no address. Its licence wants each record's page at Glama to be
// linked wherever it is shown: Listing.Page.
type glama struct{ api }

// glamaPage is an answer of /v1/connectors, paged as Relay has it.
type glamaPage struct {
	Connectors many[json.RawMessage] `json:"connectors"`
	PageInfo   struct {
		EndCursor   string `json:"endCursor"`
		HasNextPage bool   `json:"hasNextPage"`
	} `json:"pageInfo"`
}

type glamaRecord struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Namespace   string `json:"namespace"`
	Slug        string `json:"slug"`
	URL         string `json:"url"` // of the page at Glama
	Description string `json:"description"`
	Repository  struct {
		URL string `json:"url"`
	} `json:"repository"`
	Deprecated moment `json:"deprecatedAt"`
	Connection struct {
		URL       string `json:"url"`
		Transport string `json:"transport"`
		AuthType  string `json:"authType"`
	} `json:"connection"`
}

// Read implements Source.
func (g *glama) Read(ctx context.Context, f *Fetcher, _ time.Time, page func(*Page) error) error {
	var turn turns
	for {
		var got glamaPage
		q := url.Values{"first": {"100"}}
		if turn.cursor != "" {
			q.Set("after", turn.cursor)
		}
		fetched, err := f.JSON(ctx, g.base+"/v1/connectors?"+q.Encode(), g.header, &got)
		if err != nil {
			return turn.explain(err)
		}
		p := g.page(got.Connectors)
		p.Fetched = []Fetched{fetched}
		if err := page(p); err != nil {
			return err
		}
		if !got.PageInfo.HasNextPage {
			return nil
		}
		if more, err := turn.next(got.PageInfo.EndCursor); err != nil {
			return err
		} else if !more {
			return turn.explain(errors.New("it says that there is more, but not where"))
		}
	}
}

func (g *glama) page(records []json.RawMessage) *Page {
	p := &Page{Records: len(records)}
	for _, raw := range records {
		var r glamaRecord
		if json.Unmarshal(raw, &r) != nil {
			p.refuse("not readable")
			continue
		}
		l := uptime.Listing{
			Key: r.ID, Name: r.Namespace + "/" + r.Slug, Title: r.Name, Description: r.Description, Page: r.URL, Code: r.Repository.URL,
			URL: r.Connection.URL, Transport: r.Connection.Transport, Access: glamaAccess(r.Connection.AuthType),
		}
		if !r.Deprecated.IsZero() {
			l.Status = uptime.ListingDeprecated
		}
		p.Listings = append(p.Listings, l)
	}
	return p
}

// glamaAccess reads Glama's words for signing in.
func glamaAccess(word string) uptime.Access {
	switch word {
	case "none":
		return uptime.AccessOpen
	case "oauth2":
		return uptime.AccessWalled
	case "api_key", "basic":
		return uptime.AccessCustom
	}
	return ""
}
