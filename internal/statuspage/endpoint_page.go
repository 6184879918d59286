package statuspage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/findings"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Bounds of an endpoint's page.
const (
	maxEndpointListings = 200
	maxEndpointChanges  = 100
)

// endpointView is what endpoint.html shows.
type endpointView struct {
	Key, Address                 string
	Kind, KindWord, Means        string
	Why                          string
	Transport, Host, Platform    string
	PlatformHref                 string
	SignIn, Tunnel, Optout       bool
	First, Last, Gone            draw.Moment
	Listings                     []listingRow // those now
	Former                       []listingRow
	More                         int // listings that are not shown
	VersionDiffers, RouteDiffers bool
	Live                         *liveSide
	Alias                        *aliasView
	Findings                     []findingRow
	Sibling                      *siblingView
	Monitored                    *monitoredView
	Changes                      []changeRow
	OptoutURL                    string
	Credits                      []credit
}

// siblingView is the same address with the other transport: registries do not
// always agree on that.
type siblingView struct {
	Transport, Href string
	Listings        int
}

// aliasView is where a server sends its clients for good.
type aliasView struct{ Address, Href string }

// liveSide is what the server says of itself.
type liveSide struct{ Version, Transport string }

// monitoredView is how an endpoint does that is a monitored server.
type monitoredView struct {
	Mark, Word, Headline, Href string
	Access                     uptime.Access
	Uptime, Measured           string
	Tools                      int
	Listed                     bool // tools were listed
	Probed                     draw.Moment
}

// changeRow is one thing that became of a listing.
type changeRow struct {
	At                    draw.Moment
	What, Words           string
	Source, Name, Version string
}

func (s *Site) endpointPage(w http.ResponseWriter, r *http.Request) error {
	key, err := pathPart(r, "key")
	if err != nil {
		return err
	}
	e, err := s.opt.Registries.Endpoint(r.Context(), uptime.EndpointKey(key))
	if errors.Is(err, uptime.ErrNotFound) {
		return fmt.Errorf("%w: nobody ever listed an endpoint %q", uptime.ErrNotFound, visible(key, 40))
	} else if err != nil {
		return fmt.Errorf("reading an endpoint: %w", err)
	}
	v, err := s.endpointOf(r.Context(), &e)
	if err != nil {
		return err
	}
	v.OptoutURL = s.optoutURL(&e)
	if e.Kind != uptime.EndpointRemote || !e.Gone.IsZero() || e.Optout {
		w.Header().Set("X-Robots-Tag", "noindex")
	}
	return s.show(w, r, "endpoint.html", Frame{
		Title: visible(strings.TrimPrefix(e.URL, "https://"), maxName), Nav: "registries", Styles: []string{"server.css", "registries.css"},
		Alternates: []Alternate{{"application/json", "As JSON", "/api/v1" + web.EndpointPath(e.Key)}}, Data: v,
	})
}

func (s *Site) endpointOf(ctx context.Context, e *uptime.Endpoint) (endpointView, error) {
	now := s.opt.Now().UTC()
	v := endpointView{
		Key: string(e.Key), Address: visible(e.URL, maxAddress), Kind: string(e.Kind), Why: visible(e.Why, 200), Transport: cmp.Or(transportWords(e.Transport), "no listing says"),
		Host: visible(e.Host, 260), Platform: visible(runBy(e), 260), PlatformHref: searchForm{Platform: e.Platform}.at(nil),
		SignIn: e.SignIn, Tunnel: e.Tunnel, Optout: e.Optout,
		First: draw.Clock(e.FirstSeen, now), Last: draw.Clock(e.LastSeen, now), Gone: draw.Clock(e.Gone, now),
	}
	v.KindWord, v.Means = endpointKind(e.Kind)
	if err := s.addListings(ctx, e, &v); err != nil {
		return v, err
	}
	for _, more := range []func(context.Context, *uptime.Endpoint, *endpointView) error{s.addSibling, s.addChanges, s.addFindings} {
		if err := more(ctx, e, &v); err != nil {
			return v, err
		}
	}
	return v, nil
}

// runBy is who runs an endpoint for many; empty when the host says as much.
func runBy(e *uptime.Endpoint) string {
	host, _, _ := strings.Cut(e.Host, ":")
	if e.Kind == uptime.EndpointLocal || e.Platform == host {
		return ""
	}
	return e.Platform
}

// addListings puts all registries side by side: those that list it now, and those
// that did.
func (s *Site) addListings(ctx context.Context, e *uptime.Endpoint, v *endpointView) error {
	q := uptime.ListingQuery{Endpoint: e.Key, Gone: true, Limit: maxEndpointListings}
	all, next, err := s.opt.Registries.Listings(ctx, q)
	if err != nil {
		return fmt.Errorf("reading who lists an endpoint: %w", err)
	}
	if next != "" {
		n, err := s.opt.Registries.CountListings(ctx, q)
		if err != nil {
			return fmt.Errorf("counting who lists an endpoint: %w", err)
		}
		v.More = n - len(all)
	}
	for i := range all {
		row := s.listingOf(&all[i], e, s.opt.Now().UTC())
		if all[i].Gone.IsZero() {
			v.Listings = append(v.Listings, row)
		} else {
			v.Former = append(v.Former, row)
		}
	}
	v.Credits = s.creditsOfListings(all)
	return nil
}

// addSibling looks for the endpoint with the same address and another transport.
func (s *Site) addSibling(ctx context.Context, e *uptime.Endpoint, v *endpointView) error {
	for _, t := range []uptime.Transport{uptime.StreamableHTTP, uptime.HTTPSSE} {
		key := uptime.NewEndpointKey(e.URL, t)
		if key == e.Key {
			continue
		}
		other, err := s.opt.Registries.Endpoint(ctx, key)
		if errors.Is(err, uptime.ErrNotFound) || err == nil && !other.Gone.IsZero() {
			continue
		} else if err != nil {
			return fmt.Errorf("reading the other transport of an endpoint: %w", err)
		}
		v.Sibling = &siblingView{Transport: transportWords(t), Href: endpointPath(key), Listings: other.Listings}
	}
	return nil
}

// creditsOfListings are those of the registries that a page shows.
func (s *Site) creditsOfListings(all []uptime.Listing) []credit {
	var sources []uptime.SourceStatus
	seen := map[uptime.SourceID]bool{}
	for i := range all {
		if id := all[i].Source; !seen[id] {
			seen[id] = true
			sources = append(sources, uptime.SourceStatus{ID: id, Good: uptime.Crawl{ID: "read"}})
		}
	}
	return s.creditsOf(sources)
}

func (s *Site) addChanges(ctx context.Context, e *uptime.Endpoint, v *endpointView) error {
	changes, err := s.opt.Registries.ListingChanges(ctx, e.Key, maxEndpointChanges)
	if err != nil {
		return fmt.Errorf("reading what became of an endpoint: %w", err)
	}
	now := s.opt.Now().UTC()
	for _, c := range changes {
		v.Changes = append(v.Changes, changeRow{
			At: draw.Clock(c.At, now), What: visible(c.What, 20), Words: changeWords(c.What), Source: sourceName(c.Source), Name: visible(c.Name, 200), Version: visible(c.Version, 100),
		})
	}
	return nil
}

func changeWords(what string) string {
	switch what {
	case "added":
		return "Listed for the first time"
	case "changed":
		return "The listing changed"
	case "gone":
		return "Not listed any more"
	case "back":
		return "Listed again"
	}
	return upperFirst(visible(what, 20))
}

// addFindings shows what does not agree about an endpoint, and how the server does
// that it is.
func (s *Site) addFindings(ctx context.Context, e *uptime.Endpoint, v *endpointView) error {
	entry, err := s.opt.Findings.Compare(ctx, e)
	if err != nil {
		return err
	}
	v.Findings = findingRows(entry.Findings)
	if entry.Server != "" {
		s.addMonitored(entry.Server, v)
		if live := (liveSide{Version: visible(entry.Live.Version, 100), Transport: string(entry.Live.Transport)}); live != (liveSide{}) {
			v.Live = &live
		}
	}
	v.compare()
	return s.addAlias(ctx, entry.Alias, v)
}

// addAlias links to the endpoint that an alias is, when somebody lists it.
func (s *Site) addAlias(ctx context.Context, a findings.Alias, v *endpointView) error {
	if a.URL == "" {
		return nil
	}
	v.Alias = &aliasView{Address: visible(a.URL, maxAddress)}
	_, err := s.opt.Registries.Endpoint(ctx, a.Key)
	switch {
	case err == nil:
		v.Alias.Href = endpointPath(a.Key)
	case !errors.Is(err, uptime.ErrNotFound):
		return fmt.Errorf("reading where an endpoint has moved: %w", err)
	}
	return nil
}

// addMonitored shows how the server does that the endpoint is.
func (s *Site) addMonitored(id uptime.ServerID, v *endpointView) {
	row, ok := s.servedRow(id)
	if !ok {
		return // not shown any more
	}
	now := s.opt.Now()
	v.Monitored = &monitoredView{
		Mark: rowMark(row), Word: board.StateWord(row.State), Headline: board.Headline(row, now), Href: s.servedPath(row.Slug), Access: row.Access,
		Uptime: percentText(row.Summary.D30), Measured: shareText(row.Summary.D30, "30 days"), Tools: row.Tools, Listed: row.ToolsHash != "", Probed: draw.Clock(row.LastProbe, now.UTC()),
	}
}

// compare marks what listings say differently from the server, or, when nothing
// is known of that, from the first that says something.
func (v *endpointView) compare() {
	var live liveSide
	if v.Live != nil {
		live = *v.Live
	}
	version, transport := live.Version, uptime.Transport(live.Transport)
	for _, l := range v.Listings {
		version, transport = cmp.Or(version, l.Version), cmp.Or(transport, uptime.ListedTransport(l.Transport))
	}
	for i := range v.Listings {
		l := &v.Listings[i]
		listed := uptime.ListedTransport(l.Transport)
		l.DiffersVersion = l.Version != "" && uptime.BareVersion(l.Version) != uptime.BareVersion(version)
		l.DiffersTransport = listed != "" && listed != transport
		v.VersionDiffers = v.VersionDiffers || l.DiffersVersion
		v.RouteDiffers = v.RouteDiffers || l.DiffersTransport
	}
}

// optoutURL is where the owner of an endpoint says that it is not to be probed;
// empty when no file is looked for.
func (s *Site) optoutURL(e *uptime.Endpoint) string {
	if s.opt.OptoutPath == "" || e.Kind != uptime.EndpointRemote || e.Host == "" {
		return ""
	}
	scheme, _, ok := strings.Cut(e.URL, "://")
	if !ok {
		return ""
	}
	return visible(scheme+"://"+e.Host+s.opt.OptoutPath, 400)
}
