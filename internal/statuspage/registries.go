package statuspage

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Registries is what registries list, as a store keeps it. All methods may be
// called at any time from many goroutines; what nobody ever listed is
// uptime.ErrNotFound.
type Registries interface {
	// Sources returns what is known of all registries, also of those that are not
	// read for want of a credential.
	Sources(ctx context.Context) ([]uptime.SourceStatus, error)
	// CountEndpoints counts what is listed now, of each kind on each platform.
	CountEndpoints(ctx context.Context) ([]uptime.EndpointCount, error)
	// Listings returns a page of listings by name, and where the next one begins.
	Listings(ctx context.Context, q uptime.ListingQuery) (page []uptime.Listing, next string, err error)
	CountListings(ctx context.Context, q uptime.ListingQuery) (int, error)
	Endpoint(ctx context.Context, key uptime.EndpointKey) (uptime.Endpoint, error)
	// ListingChanges returns what became of the listings of an endpoint, newest first.
	ListingChanges(ctx context.Context, endpoint uptime.EndpointKey, limit int) ([]uptime.ListingChange, error)
}

// registryRoutes are what registries list, and who they are.
func (s *Site) registryRoutes() {
	s.navigate("registries", "Registries", "/registries")
	s.handle("GET /registries", s.registriesPage)
	s.handle("GET /registries/search", s.searchPage)
	s.handle("GET /registries/findings", s.findingsPage)
	s.handle("GET /endpoints/{key}", s.endpointPage)
}

// listed is what registries.html counts. It is the same for all readers.
type listed struct {
	made    time.Time
	sources []uptime.SourceStatus
	counts  []uptime.EndpointCount
}

// listedCache keeps it for a moment: counting reads everything that is listed.
type listedCache struct {
	mu   sync.Mutex
	last listed
}

// maxListedAge is how old the counts on pages may be. A crawl is hourly.
const maxListedAge = 20 * time.Second

func (s *Site) listedNow(ctx context.Context) (listed, error) {
	c, now := &s.listed, s.opt.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := now.Sub(c.last.made); !c.last.made.IsZero() && age >= 0 && age < maxListedAge {
		return c.last, nil
	}
	l := listed{made: now}
	var err error
	if l.sources, err = s.opt.Registries.Sources(ctx); err != nil {
		return l, fmt.Errorf("reading the registries: %w", err)
	}
	if l.counts, err = s.opt.Registries.CountEndpoints(ctx); err != nil {
		return l, fmt.Errorf("counting what they list: %w", err)
	}
	slices.SortStableFunc(l.sources, func(a, b uptime.SourceStatus) int {
		return cmp.Or(cmp.Compare(b.Listings, a.Listings), cmp.Compare(sourceName(a.ID), sourceName(b.ID)))
	})
	c.last = l
	return l, nil
}

// registriesView is what registries.html shows.
type registriesView struct {
	Sentence  string
	Endpoints int
	Listings  int
	Kinds     []kindRow
	Search    searchForm
	Sources   []sourceRow
	Platforms []platformRow
	// More are the platforms that are not shown; Rest is what they have.
	More, Rest int
	Credits    []credit
	Findings   findingsBrief
	// Elsewhere is where the servers have their pages; empty when that is here.
	Elsewhere string
}

// kindRow is one kind in the totals.
type kindRow struct {
	Kind        uptime.EndpointKind
	Word, Means string
	Endpoints   int
	X, Width    float64 // of the whole bar, in per cent
	Share       string
	Href        string
}

// platformRow is a platform with its bar, which is in per cent of the largest.
type platformRow struct {
	Name, Href          string
	Endpoints, Listings int
	Width               float64
	Share               string
}

// maxPlatforms is how many platforms the page names.
const maxPlatforms = 15

func (s *Site) registriesPage(w http.ResponseWriter, r *http.Request) error {
	l, err := s.listedNow(r.Context())
	if err != nil {
		return err
	}
	now := s.opt.Now().UTC()
	v := registriesView{Search: searchForm{Sources: l.sources}, Elsewhere: s.elsewhere()}
	v.Kinds, v.Endpoints, v.Listings = kindsOf(l.counts)
	v.Platforms, v.More, v.Rest = platformsOf(l.counts, v.Endpoints)
	for i := range l.sources {
		v.Sources = append(v.Sources, sourceOf(&l.sources[i], s.reason(r, &l.sources[i].Last), now))
	}
	v.Credits = s.creditsOf(l.sources)
	v.Findings = s.findingsBrief()
	v.Sentence = registriesSentence(&v)
	return s.show(w, r, "registries.html", Frame{
		Title: "Registries", Description: v.Sentence, Nav: "registries", Styles: []string{"server.css", "registries.css"}, Data: v,
	})
}

func registriesSentence(v *registriesView) string {
	read := 0
	for _, one := range v.Sources {
		if one.Read {
			read++
		}
	}
	if read == 0 {
		return "No registry was read yet."
	}
	verb := "list"
	if read == 1 {
		verb = "lists"
	}
	return fmt.Sprintf("%s %s %s in %s.", board.Plural(read, "registry", "registries"), verb,
		board.Plural(v.Endpoints, "different endpoint", "different endpoints"), board.Plural(v.Listings, "listing", "listings"))
}

func allKinds() []uptime.EndpointKind {
	return []uptime.EndpointKind{uptime.EndpointRemote, uptime.EndpointTemplated, uptime.EndpointPlaceholder, uptime.EndpointLocal, uptime.EndpointJunk}
}

// endpointKind says what a kind is, to people.
func endpointKind(k uptime.EndpointKind) (word, means string) {
	switch k {
	case uptime.EndpointRemote:
		return "Remote", "can be probed"
	case uptime.EndpointTemplated:
		return "Templated", "has a part that only a customer can fill in"
	case uptime.EndpointPlaceholder:
		return "Placeholder", "is an example, nobody's server"
	case uptime.EndpointLocal:
		return "Local", "is on the reader's own machine or network"
	case uptime.EndpointJunk:
		return "Junk", "is no address of a server"
	}
	return "No address", "a record without an address"
}

func kindsOf(counts []uptime.EndpointCount) (rows []kindRow, endpoints, listings int) {
	byKind := map[uptime.EndpointKind]int{}
	for _, c := range counts {
		byKind[c.Kind] += c.Endpoints
		endpoints += c.Endpoints
		listings += c.Listings
	}
	x := 0.0
	for _, k := range allKinds() {
		row := kindRow{Kind: k, Endpoints: byKind[k], Href: "/registries/search?kind=" + url.QueryEscape(string(k))}
		row.Word, row.Means = endpointKind(k)
		row.Share, row.X, row.Width = kindShare(row.Endpoints, endpoints), x, percentOf(row.Endpoints, endpoints)
		x += row.Width
		rows = append(rows, row)
	}
	return rows, endpoints, listings
}

// kindShare is a share in words: only all is 100 %.
func kindShare(n, of int) string {
	if text := board.Share(n, of); text != "100 %" || n == of {
		return text
	}
	return "over 99 %"
}

// percentOf is a length with two decimals.
func percentOf(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(int(10_000*float64(n)/float64(of)+0.5)) / 100
}

// platformsOf are the platforms with the most endpoints that can be probed.
func platformsOf(counts []uptime.EndpointCount, all int) (rows []platformRow, more, rest int) {
	byName := map[string]int{} // index in rows
	for _, c := range counts {
		if c.Kind != uptime.EndpointRemote || c.Platform == "" {
			continue
		}
		i, ok := byName[c.Platform]
		if !ok {
			i = len(rows)
			byName[c.Platform] = i
			rows = append(rows, platformRow{Name: visible(c.Platform, maxName), Href: "/registries/search?kind=remote&platform=" + url.QueryEscape(c.Platform)})
		}
		rows[i].Endpoints += c.Endpoints
		rows[i].Listings += c.Listings
	}
	slices.SortStableFunc(rows, func(a, b platformRow) int {
		return cmp.Or(cmp.Compare(b.Endpoints, a.Endpoints), cmp.Compare(a.Name, b.Name))
	})
	for _, row := range rows[min(len(rows), maxPlatforms):] {
		rest += row.Endpoints
	}
	more = max(0, len(rows)-maxPlatforms)
	rows = rows[:min(len(rows), maxPlatforms)]
	for i := range rows {
		rows[i].Width, rows[i].Share = percentOf(rows[i].Endpoints, rows[0].Endpoints), kindShare(rows[i].Endpoints, all)
	}
	return rows, more, rest
}

// endpointPath is where an endpoint has its page.
func endpointPath(key uptime.EndpointKey) string {
	if key == "" {
		return ""
	}
	return web.EndpointPath(key)
}
