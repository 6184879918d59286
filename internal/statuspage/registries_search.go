package statuspage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Bounds of a search among what is listed.
const (
	maxListedSearch = 100 // bytes
	maxPlatform     = 253 // bytes: a host's name
	pageOfListings  = 50
	maxTrail        = 200 // places that an address may name
)

// searchForm is a search among what is listed, and what it can be narrowed to.
type searchForm struct {
	Text     string
	Source   string
	Kind     string
	Platform string
	Gone     bool
	Sources  []uptime.SourceStatus
}

// Narrow reports whether the search hides listings, or shows others than usual.
func (f searchForm) Narrow() bool {
	return f.Text != "" || f.Source != "" || f.Kind != "" || f.Platform != "" || f.Gone
}

// Choices are the registries that the form offers.
func (f searchForm) Choices() []choiceWord {
	var out []choiceWord
	for i := range f.Sources {
		if s := &f.Sources[i]; s.Good.ID != "" || string(s.ID) == f.Source {
			out = append(out, choiceWord{string(s.ID), sourceName(s.ID)})
		}
	}
	return out
}

// KindChoices are the kinds that the form offers.
func (f searchForm) KindChoices() []choiceWord {
	var out []choiceWord
	for _, k := range allKinds() {
		word, _ := endpointKind(k)
		out = append(out, choiceWord{string(k), word})
	}
	return out
}

func (f searchForm) values() url.Values {
	v := url.Values{}
	for _, one := range [][2]string{{"q", f.Text}, {"source", f.Source}, {"kind", f.Kind}, {"platform", f.Platform}} {
		if one[1] != "" {
			v.Set(one[0], one[1])
		}
	}
	if f.Gone {
		v.Set("gone", "yes")
	}
	return v
}

// at is the address of the search where the trail leads.
func (f searchForm) at(trail []string) string {
	v := f.values()
	if len(trail) > 0 {
		v.Set("after", strings.Join(trail, "~"))
	}
	if len(v) == 0 {
		return "/registries/search"
	}
	return "/registries/search?" + v.Encode()
}

func (f searchForm) query(trail []string) uptime.ListingQuery {
	q := uptime.ListingQuery{
		Search: f.Text, Source: uptime.SourceID(f.Source), Kind: uptime.EndpointKind(f.Kind), Platform: f.Platform, Gone: f.Gone, Limit: pageOfListings,
	}
	if len(trail) > 0 {
		q.After = trail[len(trail)-1]
	}
	return q
}

// parseSearch reads an address. The trail are the places where the pages before
// this one began, this one's last: stores know only where a next page begins.
func (s *Site) parseSearch(v url.Values, sources []uptime.SourceStatus) (f searchForm, trail []string, err error) {
	f = searchForm{
		Text: strings.Join(strings.Fields(strings.ToValidUTF8(v.Get("q"), "")), " "), Source: v.Get("source"), Kind: v.Get("kind"),
		Platform: v.Get("platform"), Gone: v.Get("gone") == "yes", Sources: sources,
	}
	after := v.Get("after")
	switch {
	case len(f.Text) > maxListedSearch:
		return f, nil, fmt.Errorf("%w: a search of more than %d bytes", uptime.ErrInvalid, maxListedSearch)
	case len(f.Platform) > maxPlatform:
		return f, nil, fmt.Errorf("%w: a platform of more than %d bytes", uptime.ErrInvalid, maxPlatform)
	case f.Kind != "" && !slices.Contains(allKinds(), uptime.EndpointKind(f.Kind)):
		return f, nil, fmt.Errorf("%w: no such kind %q", uptime.ErrInvalid, visible(f.Kind, 40))
	case f.Source != "" && !slices.ContainsFunc(sources, func(s uptime.SourceStatus) bool { return string(s.ID) == f.Source }):
		return f, nil, fmt.Errorf("%w: no such registry %q", uptime.ErrInvalid, visible(f.Source, 40))
	case len(after) > 64*maxTrail:
		return f, nil, fmt.Errorf("%w: after is no place in this list", uptime.ErrInvalid)
	}
	if after != "" {
		trail = strings.Split(after, "~")
	}
	return f, trail[:min(len(trail), maxTrail)], nil
}

// searchView is what listings.html shows.
type searchView struct {
	Form          searchForm
	Found         int
	Rows          []listingRow
	First, Last   int
	Prev, Next    string
	Platform      string // as it is shown
	Clear         string // the search without its platform
	Credits       []credit
	Known         bool // something is listed at all
	UnreadSource  string
	UnreadMissing string
}

func (s *Site) searchPage(w http.ResponseWriter, r *http.Request) error {
	l, err := s.listedNow(r.Context())
	if err != nil {
		return err
	}
	form, trail, err := s.parseSearch(r.URL.Query(), l.sources)
	if err != nil {
		return err
	}
	v, err := s.searchOf(r.Context(), form, trail)
	if err != nil {
		return err
	}
	v.Known, v.Credits = slices.ContainsFunc(l.sources, func(s uptime.SourceStatus) bool { return s.Good.ID != "" }), s.creditsOf(l.sources)
	for i := range l.sources {
		if one := &l.sources[i]; string(one.ID) == form.Source && one.Good.ID == "" {
			v.UnreadSource, v.UnreadMissing = sourceName(one.ID), s.reason(r, &one.Last)
		}
	}
	if r.URL.RawQuery != "" {
		w.Header().Set("X-Robots-Tag", "noindex")
	}
	return s.show(w, r, "listings.html", Frame{Title: "What is listed", Nav: "registries", Styles: []string{"server.css", "registries.css"}, Data: v})
}

func (s *Site) searchOf(ctx context.Context, form searchForm, trail []string) (searchView, error) {
	v := searchView{Form: form, Platform: visible(form.Platform, maxName)}
	q := form.query(trail)
	found, next, err := s.opt.Registries.Listings(ctx, q)
	if err != nil {
		return v, fmt.Errorf("searching the listings: %w", err)
	}
	if v.Found, err = s.opt.Registries.CountListings(ctx, q); err != nil {
		return v, fmt.Errorf("counting the listings: %w", err)
	}
	if v.Rows, err = s.listingRows(ctx, found); err != nil {
		return v, err
	}
	v.First = min(len(trail)*pageOfListings+1, v.Found)
	v.Last = min(len(trail)*pageOfListings+len(found), v.Found)
	if len(trail) > 0 {
		v.Prev = form.at(trail[:len(trail)-1])
	}
	if next != "" && len(trail) < maxTrail {
		v.Next = form.at(append(slices.Clone(trail), next))
	}
	form.Platform = ""
	v.Clear = form.at(nil)
	return v, nil
}

// listingRow is a listing as lists show it. Its address is never a link: nobody
// has vouched for where it leads.
type listingRow struct {
	Source           string
	SourceHref       string // the record at the registry
	Follow           bool   // the registry's licence wants search engines to follow
	Name, Title      string
	Version          string
	Text             string
	Address          string
	Href             string // the endpoint's page
	Kind             string
	KindWord, Why    string
	Transport        string
	Status           string // deprecated or deleted; empty otherwise
	Note             string
	First, Changed   draw.Moment
	Gone             draw.Moment
	Updated          draw.Moment
	Code             string
	Headers          []string
	MixedName        bool
	Optout           bool
	DiffersVersion   bool
	DiffersTransport bool
}

// maxAddress is how much of an address is shown, in characters: addresses are at
// most 2 KiB, and hidden characters are spelt out.
const maxAddress = 2048

// listingRows reads the endpoints of listings, each once.
func (s *Site) listingRows(ctx context.Context, found []uptime.Listing) ([]listingRow, error) {
	endpoints := map[uptime.EndpointKey]uptime.Endpoint{}
	now := s.opt.Now().UTC()
	rows := make([]listingRow, len(found))
	for i := range found {
		l := &found[i]
		e, known := endpoints[l.Endpoint]
		if !known && l.Endpoint != "" {
			var err error
			if e, err = s.opt.Registries.Endpoint(ctx, l.Endpoint); err != nil && !errors.Is(err, uptime.ErrNotFound) {
				return nil, fmt.Errorf("reading what an address means: %w", err)
			}
			endpoints[l.Endpoint] = e
		}
		rows[i] = s.listingOf(l, &e, now)
	}
	return rows, nil
}

func (s *Site) listingOf(l *uptime.Listing, e *uptime.Endpoint, now time.Time) listingRow {
	row := listingRow{
		Source: sourceName(l.Source), SourceHref: securePage(l.Page), Follow: l.Source == uptime.SourceGlama,
		Name: cmp.Or(visible(l.Name, 200), "without a name"), Title: visible(l.Title, 200), Version: visible(l.Version, 100), Text: visible(l.Description, 500),
		Address: visible(l.URL, maxAddress), Href: endpointPath(e.Key), Kind: string(e.Kind), Optout: e.Optout, Why: visible(e.Why, 200),
		Transport: cmp.Or(visible(l.Transport, 40), "not said"), Note: visible(l.Note, 300), First: draw.Clock(l.FirstSeen, now), Gone: draw.Clock(l.Gone, now),
		Updated: draw.Clock(l.Updated, now), Code: visible(l.Code, 200), MixedName: web.Mixed(l.Name) || web.Mixed(l.Title),
	}
	if row.Title == row.Name {
		row.Title = ""
	}
	if s.opt.Demo { // the record is nobody's
		row.SourceHref = ""
	}
	row.KindWord, _ = endpointKind(e.Kind)
	if l.Changed.After(l.FirstSeen) {
		row.Changed = draw.Clock(l.Changed, now)
	}
	if l.Status == uptime.ListingDeprecated || l.Status == uptime.ListingDeleted {
		row.Status = string(l.Status)
	}
	for _, h := range l.Headers[:min(len(l.Headers), 8)] {
		row.Headers = append(row.Headers, visible(h.Name, 60))
	}
	return row
}

// securePage is a registry's own page of a record; empty when it is none.
func securePage(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil {
		return raw
	}
	return ""
}
