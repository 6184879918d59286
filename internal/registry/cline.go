package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// cline reads the catalog of Cline's marketplace: one JSON file.
type cline struct{ url string }

func (*cline) pace() (gap, every time.Duration) { return time.Second, 6 * time.Hour }

// ID implements Source.
func (*cline) ID() uptime.SourceID { return uptime.SourceCline }

// Access implements Source.
func (*cline) Access() (access, missing string) { return "open", "" }

// Incremental implements Source.
func (*cline) Incremental() bool { return false }

// clineEntry is a thing to install; Args are those of the command that does.
type clineEntry struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	Name        string `json:"name"`
	Tagline     string `json:"tagline"`
	Description string `json:"description"`
	Repo        string `json:"repo"`
	Install     struct {
		Args []string `json:"args"`
	} `json:"install"`
}

// Read implements Source.
func (c *cline) Read(ctx context.Context, f *Fetcher, _ time.Time, page func(*Page) error) error {
	body, fetched, err := f.Again(ctx, c.url, nil)
	if err != nil {
		return fmt.Errorf("the catalog: %w", err)
	}
	var catalog struct{ Entries many[json.RawMessage] }
	if err := json.Unmarshal(body, &catalog); err != nil || catalog.Entries == nil {
		return errors.New("the catalog is not the JSON that it should be")
	}
	p := &Page{Fetched: []Fetched{fetched}}
	for _, raw := range catalog.Entries {
		var e clineEntry
		switch err := json.Unmarshal(raw, &e); {
		case err != nil:
			p.Records++
			p.refuse("not readable")
		case e.Type == "mcp":
			p.Records++
			p.Listings = append(p.Listings, e.listing())
		}
	}
	return page(p)
}

// listing finds the address among the arguments, such as
// name --transport http https://… --header "Authorization: Bearer …".
func (e *clineEntry) listing() uptime.Listing {
	l := uptime.Listing{Key: e.ID, Name: e.ID, Title: e.Name, Description: e.Description, Code: e.Repo}
	before := ""
	for _, arg := range e.Install.Args {
		switch {
		case before == "--transport", before == "-t":
			l.Transport = arg
		case before == "--header", before == "-H":
			if name, value, ok := strings.Cut(arg, ":"); ok {
				l.Headers = append(l.Headers, uptime.ListedHeader{Name: strings.TrimSpace(name), Required: true, Secret: strings.ContainsAny(value, "${<")})
			}
		case l.URL == "" && (strings.HasPrefix(arg, "https://") || strings.HasPrefix(arg, "http://")):
			l.URL = arg
		}
		before = arg
	}
	if l.URL == "" {
		l.Transport, l.Headers = "", nil
	}
	return l
}
