package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxPages is how many pages a source may have.
const maxPages = 10_000

// GenericOptions configure a registry with the API of the official one.
type GenericOptions struct {
	Source uptime.SourceID
	// Base is the address before /v0.1.
	Base string
	// Header is sent with each request: keys. Missing names what is not in it.
	Header  Header
	Missing string
	// Page makes the address of a record's page at the registry; nil for none.
	Page func(name string) string
	// NoSince is for a registry that cannot be asked for changes.
	NoSince bool
	// Gap is the least time between two requests, if it is more than the fetcher's.
	Gap time.Duration
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

// Format shows the source alone: fmt would show keys of fields.
func (g *Generic) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, string(g.opt.Source)) }

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

func (g *Generic) pace() (gap, every time.Duration) { return g.opt.Gap, 0 }

// Incremental reports whether the registry can be asked for changes.
func (g *Generic) Incremental() bool { return !g.opt.NoSince }

// genericPage is an answer of /v0.1/servers. Some mirrors spell the cursor in
// another way.
type genericPage struct {
	Servers  many[json.RawMessage] `json:"servers"`
	Metadata struct {
		NextCursor string `json:"nextCursor"`
		Snake      string `json:"next_cursor"`
	} `json:"metadata"`
}

func (p *genericPage) cursor() string { return cmp.Or(p.Metadata.NextCursor, p.Metadata.Snake) }

// Read follows the cursor. There is one after every full page, also when nothing
// follows: an empty page then is the end. An empty one after a page that was not
// full is no end, but a list that broke off.
func (g *Generic) Read(ctx context.Context, f *Fetcher, since time.Time, page func(*Page) error) error {
	turn, longest, last := turns{}, 0, 0
	for {
		got, fetched, err := g.ask(ctx, f, turn.cursor, since)
		if err != nil {
			return turn.explain(err)
		}
		if len(got.Servers) == 0 && got.cursor() == "" && last < longest {
			return turn.explain(errors.New("it is empty, although the one before says that there is more"))
		}
		p := g.page(got.Servers)
		p.Fetched = []Fetched{fetched}
		if err := page(p); err != nil {
			return err
		}
		last = len(got.Servers)
		longest = max(longest, last)
		if more, err := turn.next(got.cursor()); !more {
			return err
		}
	}
}

// ask reads one page. An empty one that would be the end is asked for again:
// sometimes a registry merely has a bad moment, and nothing else tells.
func (g *Generic) ask(ctx context.Context, f *Fetcher, cursor string, since time.Time) (got genericPage, fetched Fetched, err error) {
	for range 2 {
		got = genericPage{}
		fetched, err = f.JSON(ctx, g.address(cursor, since), g.opt.Header, &got)
		if err != nil || len(got.Servers) > 0 || cursor == "" {
			break
		}
	}
	return got, fetched, err
}

// turns follows cursors to their end, which there must be.
type turns struct {
	cursor string
	seen   map[string]bool
}

// next goes on to a cursor; none, and none that was there before, is the end.
func (t *turns) next(cursor string) (more bool, err error) {
	switch {
	case cursor == "":
		return false, nil
	case t.seen[cursor]:
		return false, t.explain(errors.New("it leads back to one before"))
	case len(t.seen) >= maxPages:
		return false, t.explain(errors.New("there are more than 10,000"))
	}
	if t.seen == nil {
		t.seen = map[string]bool{}
	}
	t.seen[cursor] = true
	t.cursor = cursor
	return true, nil
}

// explain says on which page something happened.
func (t *turns) explain(err error) error { return fmt.Errorf("page %d: %w", len(t.seen)+1, err) }

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
