package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Registry is what the suite asks of a store about registries and audits.
type Registry interface {
	BeginCrawl(ctx context.Context, c uptime.Crawl) error
	StageListings(ctx context.Context, crawl string, listings []uptime.Listing, endpoints []uptime.Endpoint) error
	FinishCrawl(ctx context.Context, c uptime.Crawl) (added, changed, gone int, err error)
	Crawls(ctx context.Context, source uptime.SourceID, limit int) ([]uptime.Crawl, error)
	Sources(ctx context.Context) ([]uptime.SourceStatus, error)
	Losses(ctx context.Context, c uptime.Crawl, since time.Time) (uptime.CrawlLoss, error)
	EndCrawls(ctx context.Context, at time.Time) error
	SwitchOff(ctx context.Context, c uptime.Crawl) (done bool, err error)
	SweepCrawls(ctx context.Context, before time.Time) error
	SweepListings(ctx context.Context, before time.Time) error

	Listings(ctx context.Context, q uptime.ListingQuery) (page []uptime.Listing, next string, err error)
	BestListings(ctx context.Context, of []uptime.EndpointKey) ([]uptime.Listing, error)
	CountListings(ctx context.Context, q uptime.ListingQuery) (int, error)
	ListingChanges(ctx context.Context, endpoint uptime.EndpointKey, limit int) ([]uptime.ListingChange, error)
	Endpoint(ctx context.Context, key uptime.EndpointKey) (uptime.Endpoint, error)
	Endpoints(ctx context.Context, q uptime.EndpointQuery) ([]uptime.Endpoint, error)
	CountEndpoints(ctx context.Context) ([]uptime.EndpointCount, error)
	SetOptout(ctx context.Context, key uptime.EndpointKey, out bool, entry uptime.AuditEntry) error
	OwnersFiles(ctx context.Context) ([]uptime.OwnersFile, error)
	NoteOwners(ctx context.Context, f uptime.OwnersFile, keys []uptime.EndpointKey, entry uptime.AuditEntry) (changed []uptime.EndpointKey, err error)
	BindEndpoints(ctx context.Context, tenant uptime.TenantID, servers map[uptime.EndpointKey]uptime.ServerID) error

	BeginAudit(ctx context.Context, run uptime.AuditRun, targets []uptime.AuditTarget) error
	EndAudit(ctx context.Context, id uptime.AuditRunID, at time.Time) error
	AuditRun(ctx context.Context, id uptime.AuditRunID) (uptime.AuditRun, error)
	AuditRuns(ctx context.Context) ([]uptime.AuditRun, error)
	AuditTargets(ctx context.Context, id uptime.AuditRunID, after uptime.EndpointKey, limit int) ([]uptime.AuditTarget, error)
	PutLooks(ctx context.Context, id uptime.AuditRunID, looks []uptime.AuditLook) error
	LooksDone(ctx context.Context, id uptime.AuditRunID, round int, yield func(uptime.EndpointKey, string) error) error
	AuditOptouts(ctx context.Context) ([]uptime.EndpointKey, error)
	AuditEvidence(ctx context.Context, id uptime.AuditRunID, yield func(*uptime.AuditTarget, []uptime.AuditLook) error) error
}

func registryTests() map[string]func(*house) {
	return map[string]func(*house){
		"a crawl is taken over as a whole":        testCrawl,
		"listings come, change, go and come back": testListingLife,
		"a crawl that is cut off changes nothing": testCrawlCut,
		"a crawl of changes alone":                testCrawlSince,
		"what is held or failed is thrown away":   testCrawlHeld,
		"an endpoint is what its listings say":    testEndpoint,
		"one address with two transports":         testTwoTransports,
		"listings are searched":                   testSearch,
		"the best listing of each endpoint":       testBestListings,
		"listings and endpoints are paged":        testListingPages,
		"owners opt out, and servers are bound":   testOptout,
		"owners opt out by a file, and back":      testOwnersFile,
		"crawls and their misuse":                 testCrawlMisuse,
		"an audit keeps its evidence":             testAuditRun,
		"an audit is resumed":                     testAuditResumed,
		"hostile listings are kept as they are":   testHostileListings,
		"sources and old crawls":                  testSources,
		"what a crawl would lose":                 testLosses,
		"a source is switched off, and on again":  testSwitchOff,
		"history of listings is bounded":          testRestless,
		"what is gone is forgotten one day":       testSweepListings,
	}
}

// crawled is a crawl by minutes before Now.
func crawled(source uptime.SourceID, minutesAgo int) uptime.Crawl {
	return uptime.Crawl{ID: fmt.Sprintf("crawl_%s_%d", source, minutesAgo), Source: source, State: uptime.CrawlRunning, Began: at(minutesAgo)}
}

// listing is a listing, and the endpoint that its URL is here: tests need no
// normaliser.
func listing(key, url string, change ...func(*uptime.Listing, *uptime.Endpoint)) (uptime.Listing, uptime.Endpoint) {
	l := uptime.Listing{Source: "official", Key: key, Name: key, URL: url, Status: uptime.ListingActive, Version: "1.0.0"}
	var e uptime.Endpoint
	if url != "" {
		canonical := strings.TrimSuffix(url, "/")
		e = uptime.Endpoint{
			Key: uptime.NewEndpointKey(canonical, uptime.StreamableHTTP), Kind: uptime.EndpointRemote, URL: canonical, Probe: url, Platform: "example.dev",
			Host: "a.example.dev",
		}
	}
	for _, c := range change {
		c(&l, &e)
	}
	l.Endpoint = e.Key
	return l, e
}

// crawl reads a source to its end: pages of one listing each.
func (h *house) crawl(t *testing.T, c uptime.Crawl, entries ...func() (uptime.Listing, uptime.Endpoint)) (added, changed, gone int) {
	t.Helper()
	noError(t, h.BeginCrawl(t.Context(), c))
	for _, one := range entries {
		l, e := one()
		l.Source = c.Source
		noError(t, h.StageListings(t.Context(), c.ID, []uptime.Listing{l}, []uptime.Endpoint{e}))
	}
	c.State, c.Ended = uptime.CrawlDone, c.Began.Add(time.Minute)
	added, changed, gone, err := h.FinishCrawl(t.Context(), c)
	noError(t, err)
	return added, changed, gone
}

func of(key, url string, change ...func(*uptime.Listing, *uptime.Endpoint)) func() (uptime.Listing, uptime.Endpoint) {
	return func() (uptime.Listing, uptime.Endpoint) { return listing(key, url, change...) }
}

// names are the keys of the listings that a query chooses.
func (h *house) names(t *testing.T, q uptime.ListingQuery) (out []string) {
	t.Helper()
	page, _, err := h.Listings(t.Context(), q)
	noError(t, err)
	for _, l := range page {
		out = append(out, l.Key)
	}
	n, err := h.CountListings(t.Context(), q)
	noError(t, err)
	if n != len(out) {
		t.Errorf("%d listings are counted for %+v, and %d are there", n, q, len(out))
	}
	return out
}

func wantCounts(t *testing.T, what string, added, changed, gone, wantAdded, wantChanged, wantGone int) {
	t.Helper()
	if added != wantAdded || changed != wantChanged || gone != wantGone {
		t.Errorf("%s: %d added, %d changed, %d gone; want %d, %d, %d", what, added, changed, gone, wantAdded, wantChanged, wantGone)
	}
}

func testCrawl(h *house) {
	t := h.t
	a, c, g := h.crawl(t, crawled("official", 100), of("one", "https://a.example.dev/mcp"), of("two", "https://b.example.dev/mcp"), of("lead", ""))
	wantCounts(t, "the first crawl", a, c, g, 3, 0, 0)
	a, c, g = h.crawl(t, crawled("other", 90), of("one", "https://a.example.dev/mcp"))
	wantCounts(t, "another source", a, c, g, 1, 0, 0)
	a, c, g = h.crawl(t, crawled("official", 80), of("one", "https://a.example.dev/mcp"), of("two", "https://b.example.dev/mcp"), of("lead", ""))
	wantCounts(t, "the same again", a, c, g, 0, 0, 0)
	h.restart(t)
	same(t, "the listings", h.names(t, uptime.ListingQuery{Source: "official"}), []string{"lead", "one", "two"})
	page, _, err := h.Listings(t.Context(), uptime.ListingQuery{Source: "official", Search: "one"})
	noError(t, err)
	want, _ := listing("one", "https://a.example.dev/mcp")
	want.FirstSeen, want.Changed, want.LastSeen = at(100).Add(time.Minute), at(100).Add(time.Minute), at(80)
	same(t, "a listing", page, []uptime.Listing{want})
}

func testListingLife(h *house) {
	t := h.t
	one, two := of("one", "https://a.example.dev/mcp"), of("two", "https://b.example.dev/mcp")
	h.crawl(t, crawled("official", 100), one, two)
	_, e := one()
	newer := of("one", "https://a.example.dev/mcp", func(l *uptime.Listing, _ *uptime.Endpoint) { l.Version = "1.1.0" })
	a, c, g := h.crawl(t, crawled("official", 90), newer)
	wantCounts(t, "a change and a loss", a, c, g, 0, 1, 1)
	same(t, "what is listed", h.names(t, uptime.ListingQuery{}), []string{"one"})
	same(t, "what was listed", h.names(t, uptime.ListingQuery{Gone: true}), []string{"one", "two"})
	a, c, g = h.crawl(t, crawled("official", 80), two)
	wantCounts(t, "one back, one gone", a, c, g, 0, 1, 1)
	h.crawl(t, crawled("official", 70), newer, two)

	changes, err := h.ListingChanges(t.Context(), e.Key, 0)
	noError(t, err)
	var got []string
	for _, c := range changes {
		got = append(got, c.What+" "+c.Version)
	}
	same(t, "what became of it", got, []string{"back 1.1.0", "gone 1.1.0", "changed 1.1.0", "added 1.0.0"})
	found, err := h.Endpoint(t.Context(), e.Key)
	noError(t, err)
	if !found.Gone.IsZero() || found.Listings != 1 || !found.FirstSeen.Equal(at(100).Add(time.Minute)) {
		t.Errorf("the endpoint is %+v, want one that is listed again since it was first seen", found)
	}
}

func testCrawlCut(h *house) {
	t := h.t
	h.crawl(t, crawled("official", 100), of("one", "https://a.example.dev/mcp"), of("two", "https://b.example.dev/mcp"))
	cut := crawled("official", 50)
	noError(t, h.BeginCrawl(t.Context(), cut))
	l, e := listing("three", "https://c.example.dev/mcp")
	noError(t, h.StageListings(t.Context(), cut.ID, []uptime.Listing{l}, []uptime.Endpoint{e}))
	h.restart(t)
	same(t, "the listings after a cut", h.names(t, uptime.ListingQuery{Gone: true}), []string{"one", "two"})
	if _, err := h.Endpoint(t.Context(), e.Key); err == nil {
		t.Error("an endpoint of a crawl that was cut off is there")
	}
	a, c, g := h.crawl(t, crawled("official", 40), of("one", "https://a.example.dev/mcp"), of("two", "https://b.example.dev/mcp"))
	wantCounts(t, "the crawl after it", a, c, g, 0, 0, 0)
	all, err := h.Crawls(t.Context(), "official", 0)
	noError(t, err)
	if len(all) != 3 || all[1].State != uptime.CrawlFailed || all[1].Why == "" || all[1].Ended.IsZero() {
		t.Errorf("the crawls are %+v, want the second to have failed because it was interrupted", all)
	}
	_, _, _, err = h.FinishCrawl(t.Context(), uptime.Crawl{ID: cut.ID, Source: cut.Source, State: uptime.CrawlDone, Ended: Now()})
	wantError(t, "finishing the one that was cut off", err, uptime.ErrConflict)
}

func testCrawlSince(h *house) {
	t := h.t
	h.crawl(t, crawled("official", 100), of("one", "https://a.example.dev/mcp"), of("two", "https://b.example.dev/mcp"), of("two", "https://b.example.dev/sse"), of("three", "https://c.example.dev/mcp"))
	c := crawled("official", 90)
	c.Since = at(105)
	deleted := func(l *uptime.Listing, _ *uptime.Endpoint) { l.Status = uptime.ListingDeleted }
	a, n, g := h.crawl(t, c, of("two", "https://b.example.dev/v2"), of("three", "https://c.example.dev/mcp", deleted), of("four", "https://d.example.dev/mcp"))
	wantCounts(t, "changes alone", a, n, g, 2, 0, 3)
	var urls []string
	page, _, err := h.Listings(t.Context(), uptime.ListingQuery{})
	noError(t, err)
	for _, l := range page {
		urls = append(urls, l.URL)
	}
	same(t, "what is listed", urls, []string{"https://d.example.dev/mcp", "https://a.example.dev/mcp", "https://b.example.dev/v2"})
}

func testCrawlHeld(h *house) {
	t := h.t
	h.crawl(t, crawled("official", 100), of("one", "https://a.example.dev/mcp"))
	for i, state := range []uptime.CrawlState{uptime.CrawlHeld, uptime.CrawlFailed} {
		c := crawled("official", 90-i)
		noError(t, h.BeginCrawl(t.Context(), c))
		l, e := listing("two", "https://b.example.dev/mcp")
		noError(t, h.StageListings(t.Context(), c.ID, []uptime.Listing{l}, []uptime.Endpoint{e}))
		c.State, c.Ended, c.Why = state, Now(), "half of it is missing"
		a, n, g, err := h.FinishCrawl(t.Context(), c)
		noError(t, err)
		wantCounts(t, string(state), a, n, g, 0, 0, 0)
	}
	same(t, "the listings", h.names(t, uptime.ListingQuery{Gone: true}), []string{"one"})
	all, err := h.Sources(t.Context())
	noError(t, err)
	if len(all) != 1 || all[0].Last.State != uptime.CrawlFailed || all[0].Good.ID != crawled("official", 100).ID || all[0].Listings != 1 || all[0].Endpoints != 1 {
		t.Errorf("the sources are %+v, want one whose last good crawl is the first", all)
	}
}

func testEndpoint(h *house) {
	t := h.t
	slash := func(_ *uptime.Listing, e *uptime.Endpoint) { e.Transport, e.SignIn = uptime.StreamableHTTP, true }
	h.crawl(t, crawled("official", 100), of("one", "https://a.example.dev/mcp"), of("two", "https://a.example.dev/mcp/", slash))
	h.crawl(t, crawled("other", 90), of("x", "https://a.example.dev/mcp/"))
	_, want := listing("one", "https://a.example.dev/mcp")
	want.Probe, want.Transport, want.SignIn, want.Listings = "https://a.example.dev/mcp/", uptime.StreamableHTTP, true, 3
	want.FirstSeen, want.LastSeen = at(100).Add(time.Minute), at(90)
	got, err := h.Endpoint(t.Context(), want.Key)
	noError(t, err)
	same(t, "the endpoint", got, want)

	h.crawl(t, crawled("official", 80))
	h.crawl(t, crawled("other", 70))
	want.Transport, want.SignIn = "", false // as the last one to list it said
	want.Listings, want.Gone, want.LastSeen = 0, at(70).Add(time.Minute), at(90)
	got, err = h.Endpoint(t.Context(), want.Key)
	noError(t, err)
	same(t, "the endpoint that nobody lists", got, want)
	list, err := h.Endpoints(t.Context(), uptime.EndpointQuery{Limit: 10})
	noError(t, err)
	same(t, "the endpoints that are listed", list, []uptime.Endpoint{})
	list, err = h.Endpoints(t.Context(), uptime.EndpointQuery{Gone: true, Limit: 10})
	noError(t, err)
	same(t, "all endpoints", list, []uptime.Endpoint{want})
}

// One record may list one address with two transports: two listings, two
// endpoints.
func testTwoTransports(h *house) {
	t := h.t
	sse := func(l *uptime.Listing, e *uptime.Endpoint) {
		l.Transport, e.Transport = "sse", uptime.HTTPSSE
		e.Key = uptime.NewEndpointKey(e.URL, uptime.HTTPSSE)
	}
	both := []func() (uptime.Listing, uptime.Endpoint){of("one", "https://a.example.dev/mcp"), of("one", "https://a.example.dev/mcp", sse)}
	a, c, g := h.crawl(t, crawled("official", 100), both...)
	wantCounts(t, "both", a, c, g, 2, 0, 0)
	a, c, g = h.crawl(t, crawled("official", 90), both...)
	wantCounts(t, "both again", a, c, g, 0, 0, 0)
	a, c, g = h.crawl(t, crawled("official", 80), both[0])
	wantCounts(t, "one of them", a, c, g, 0, 0, 1)
	found, err := h.Endpoints(t.Context(), uptime.EndpointQuery{Limit: 10})
	noError(t, err)
	if len(found) != 1 || found[0].Transport == uptime.HTTPSSE {
		t.Errorf("the endpoints are %+v, want the one that is listed still", found)
	}
}

func testSearch(h *house) {
	t := h.t
	titled := func(l *uptime.Listing, _ *uptime.Endpoint) { l.Title = "Wetter für Zürich" }
	local := func(_ *uptime.Listing, e *uptime.Endpoint) { e.Kind, e.Platform = uptime.EndpointLocal, "localhost" }
	h.crawl(t, crawled("official", 100),
		of("io.github.acme/weather", "https://weather.example.dev/mcp", titled), of("com.stripe/mcp", "https://mcp.stripe.com"), of("local", "http://localhost:3000/mcp", local))
	for search, want := range map[string][]string{
		"weather": {"io.github.acme/weather"}, "STRIPE": {"com.stripe/mcp"}, "zürich": {"io.github.acme/weather"}, "acme mcp": {"io.github.acme/weather"},
		"ripe.co": {"com.stripe/mcp"}, `wea"x`: nil, "mcp ac": {"io.github.acme/weather"}, "NOT weather": nil, "*": nil,
		"": {"com.stripe/mcp", "io.github.acme/weather", "local"},
	} {
		same(t, "what is found for "+search, h.names(t, uptime.ListingQuery{Search: search}), want)
	}
	same(t, "by kind", h.names(t, uptime.ListingQuery{Kind: uptime.EndpointLocal}), []string{"local"})
	same(t, "by platform", h.names(t, uptime.ListingQuery{Platform: "localhost", Search: "local"}), []string{"local"})
	_, e := listing("x", "https://mcp.stripe.com")
	same(t, "by endpoint", h.names(t, uptime.ListingQuery{Endpoint: e.Key}), []string{"com.stripe/mcp"})
	found, err := h.Endpoints(t.Context(), uptime.EndpointQuery{Search: "stripe", Source: "official", Kind: uptime.EndpointRemote, Platform: "example.dev", Limit: 5})
	noError(t, err)
	if len(found) != 1 || found[0].Key != e.Key {
		t.Errorf("the endpoints found are %+v, want the one of stripe", found)
	}
	_, err = h.CountListings(t.Context(), uptime.ListingQuery{Search: strings.Repeat("x", 101)})
	wantError(t, "a long search", err, uptime.ErrInvalid)
	// What a listing was called before finds it no more.
	h.crawl(t, crawled("official", 90), of("io.github.acme/weather", "https://weather.example.dev/mcp"))
	same(t, "the former title", h.names(t, uptime.ListingQuery{Search: "zürich", Gone: true}), []string{})
}

func testListingPages(h *house) {
	t := h.t
	var all []func() (uptime.Listing, uptime.Endpoint)
	var want []string
	for i := range 25 {
		key := fmt.Sprintf("name-%02d", i%5) // names repeat
		all = append(all, of(key, fmt.Sprintf("https://h%02d.example.dev/mcp", i)))
		want = append(want, key)
	}
	slices.Sort(want)
	h.crawl(t, crawled("official", 100), all...)
	var got []string
	for q := (uptime.ListingQuery{Limit: 4}); ; {
		page, next, err := h.Listings(t.Context(), q)
		noError(t, err)
		for _, l := range page {
			got = append(got, l.Key)
		}
		if q.After = next; next == "" {
			break
		}
	}
	same(t, "all pages", got, want)
	var keys []uptime.EndpointKey
	for q := (uptime.EndpointQuery{Limit: 4}); ; {
		page, err := h.Endpoints(t.Context(), q)
		noError(t, err)
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			keys = append(keys, e.Key)
		}
		q.After = page[len(page)-1].Key
	}
	if len(keys) != 25 || !slices.IsSorted(keys) {
		t.Errorf("the pages have %d endpoints, sorted: %t; want 25 in the order of keys", len(keys), slices.IsSorted(keys))
	}
	counts, err := h.CountEndpoints(t.Context())
	noError(t, err)
	same(t, "the counts", counts, []uptime.EndpointCount{{Kind: uptime.EndpointRemote, Platform: "example.dev", Endpoints: 25, Listings: 25}})
	_, _, err = h.Listings(t.Context(), uptime.ListingQuery{After: "nowhere"})
	wantError(t, "a place that is none", err, uptime.ErrInvalid)
}

// auditMarksOptout wants a run that began before an owner opted out to know of it.
func (h *house) auditMarksOptout(e uptime.Endpoint) {
	t := h.t
	r, targets := run()
	noError(t, h.BeginAudit(t.Context(), r, targets))
	want := map[uptime.EndpointKey]bool{targets[0].Key: targets[0].Key == e.Key, targets[1].Key: targets[1].Key == e.Key}
	marked, kept := map[uptime.EndpointKey]bool{}, map[uptime.EndpointKey]bool{}
	noError(t, h.AuditEvidence(t.Context(), r.ID, func(t *uptime.AuditTarget, _ []uptime.AuditLook) error {
		marked[t.Key] = t.Optout
		return nil
	}))
	page, err := h.AuditTargets(t.Context(), r.ID, "", 10)
	noError(t, err)
	for _, t := range page {
		kept[t.Key] = t.Optout
	}
	if !marked[e.Key] {
		t.Errorf("%s opted out, and the evidence of a run that counts it does not say so", e.Key)
	}
	same(t, "who opted out, in the evidence", marked, want)
	same(t, "who opted out, of the targets", kept, want)
	out, err := h.AuditOptouts(t.Context())
	noError(t, err)
	same(t, "who opted out of audits", out, []uptime.EndpointKey{e.Key})
}

func testOptout(h *house) {
	t := h.t
	h.crawl(t, crawled("official", 100), of("one", "https://a.example.dev/mcp"))
	_, e := listing("one", "https://a.example.dev/mcp")
	who := uptime.AuditEntry{Tenant: acme, At: Now(), By: "Ada", Action: "endpoint.optout", Object: string(e.Key), Text: "asked by mail"}
	noError(t, h.SetOptout(t.Context(), e.Key, true, who))
	noError(t, h.BindEndpoints(t.Context(), acme, map[uptime.EndpointKey]uptime.ServerID{e.Key: h.alpha.ID, "ep_none": h.beta.ID}))
	h.crawl(t, crawled("official", 90), of("one", "https://a.example.dev/mcp", func(l *uptime.Listing, _ *uptime.Endpoint) { l.Version = "2" }))
	got, err := h.Endpoint(t.Context(), e.Key)
	noError(t, err)
	if !got.Optout || got.Server != h.alpha.ID {
		t.Errorf("the endpoint is %+v, want one that opted out and is bound to %s", got, h.alpha.ID)
	}
	wantError(t, "an endpoint that is none", h.SetOptout(t.Context(), "ep_none", true, who), uptime.ErrNotFound)
	h.auditMarksOptout(e)
	log, err := h.Audit(t.Context(), acme, 10)
	noError(t, err)
	if len(log) != 1 || log[0].Text != who.Text {
		t.Errorf("the log says %+v, want who opted out", log)
	}
	noError(t, h.Erase(t.Context(), acme, h.alpha.ID))
	if got, err = h.Endpoint(t.Context(), e.Key); err != nil || got.Server != "" {
		t.Errorf("after the server was erased the endpoint is %+v, %v; want one that nobody monitors", got, err)
	}
}

func testCrawlMisuse(h *house) {
	t := h.t
	c := crawled("official", 100)
	l, e := listing("one", "https://a.example.dev/mcp")
	wantError(t, "staging before the beginning", h.StageListings(t.Context(), c.ID, []uptime.Listing{l}, []uptime.Endpoint{e}), uptime.ErrNotFound)
	wantError(t, "a crawl without a source", h.BeginCrawl(t.Context(), uptime.Crawl{ID: "x", Began: Now(), State: uptime.CrawlRunning}), uptime.ErrInvalid)
	noError(t, h.BeginCrawl(t.Context(), c))
	wantError(t, "fewer endpoints", h.StageListings(t.Context(), c.ID, []uptime.Listing{l}, nil), uptime.ErrInvalid)
	other := e
	other.Key = "ep_other"
	wantError(t, "another endpoint", h.StageListings(t.Context(), c.ID, []uptime.Listing{l}, []uptime.Endpoint{other}), uptime.ErrInvalid)
	_, _, _, err := h.FinishCrawl(t.Context(), uptime.Crawl{ID: c.ID, Source: "other", State: uptime.CrawlDone, Ended: Now()})
	wantError(t, "a crawl of another source", err, uptime.ErrInvalid)
	none := uptime.Crawl{ID: "crawl_none", Source: "glama", State: uptime.CrawlNone, Why: "no key", Began: Now()}
	noError(t, h.BeginCrawl(t.Context(), none))
	got, err := h.Crawls(t.Context(), "glama", 1)
	noError(t, err)
	same(t, "a source that is not read", got, []uptime.Crawl{none})
}

func testSources(h *house) {
	t := h.t
	for ago := range 5 {
		h.crawl(t, crawled("official", 1000-ago), of("one", "https://a.example.dev/mcp"))
	}
	h.crawl(t, crawled("other", 2000), of("one", "https://a.example.dev/mcp"))
	noError(t, h.SweepCrawls(t.Context(), at(900)))
	for source, want := range map[uptime.SourceID]int{"official": 1, "other": 1} {
		if all, err := h.Crawls(t.Context(), source, 0); err != nil || len(all) != want {
			t.Errorf("%d crawls of %s are left, %v; want %d, the last good one", len(all), source, err, want)
		}
	}
	all, err := h.Sources(t.Context())
	noError(t, err)
	if len(all) != 2 || all[0].ID != "official" || all[0].Good.ID != crawled("official", 996).ID {
		t.Errorf("the sources are %+v, want both with their last crawl", all)
	}
}

// run is an audit of two rounds in two regions.
func run() (uptime.AuditRun, []uptime.AuditTarget) {
	r := uptime.AuditRun{
		ID: "2026-q1", Began: at(100), Rounds: 2, Gap: 24 * time.Hour, Regions: []uptime.Region{{ID: "eu", City: "London"}, {ID: "us", City: "New York"}},
		Endpoints: 2, Rate: 20, Version: "test", Command: "alivemcp audit run", Crawls: []uptime.Crawl{crawled("official", 200)},
	}
	var targets []uptime.AuditTarget
	for _, url := range []string{"https://a.example.dev/mcp", "https://b.example.dev/mcp"} {
		_, e := listing("one", url)
		targets = append(targets, uptime.AuditTarget{Endpoint: e, Sources: []uptime.SourceID{"official"}, Names: []string{"one"}})
	}
	slices.SortFunc(targets, func(a, b uptime.AuditTarget) int { return strings.Compare(string(a.Key), string(b.Key)) })
	return r, targets
}

func auditLook(t uptime.AuditTarget, round int, region string) uptime.AuditLook {
	return uptime.AuditLook{
		Endpoint: t.Key, Round: round, Region: region, At: at(90), State: uptime.Down, Cause: uptime.HTTPServerError, Failed: uptime.StepInitialize,
		Status: 502, Malformed: []string{"x"}, Handshake: 12, Total: 30, Attempts: 2,
	}
}

func testAuditRun(h *house) {
	t := h.t
	r, targets := run()
	noError(t, h.BeginAudit(t.Context(), r, targets))
	wantError(t, "the same once more", h.BeginAudit(t.Context(), r, targets), uptime.ErrConflict)
	wantError(t, "an audit of nothing", h.BeginAudit(t.Context(), uptime.AuditRun{ID: "x"}, nil), uptime.ErrInvalid)
	looks := []uptime.AuditLook{auditLook(targets[0], 2, "eu"), auditLook(targets[0], 1, "us"), auditLook(targets[0], 1, "eu")}
	noError(t, h.PutLooks(t.Context(), r.ID, looks))
	noError(t, h.EndAudit(t.Context(), r.ID, at(1)))
	h.restart(t)
	r.Ended = at(1)
	got, err := h.AuditRun(t.Context(), r.ID)
	noError(t, err)
	same(t, "the run", got, r)
	runs, err := h.AuditRuns(t.Context())
	noError(t, err)
	same(t, "all runs", runs, []uptime.AuditRun{r})
	var seen []uptime.AuditTarget
	var counts []int
	noError(t, h.AuditEvidence(t.Context(), r.ID, func(target *uptime.AuditTarget, looks []uptime.AuditLook) error {
		seen, counts = append(seen, *target), append(counts, len(looks))
		if len(looks) == 3 {
			same(t, "the looks", looks, []uptime.AuditLook{auditLook(targets[0], 1, "eu"), auditLook(targets[0], 1, "us"), auditLook(targets[0], 2, "eu")})
		}
		return nil
	}))
	same(t, "what is counted", seen, targets)
	same(t, "how many looks", counts, []int{3, 0})
	_, err = h.AuditRun(t.Context(), "none")
	wantError(t, "a run that is none", err, uptime.ErrNotFound)
}

func testAuditResumed(h *house) {
	t := h.t
	r, targets := run()
	noError(t, h.BeginAudit(t.Context(), r, targets))
	first := auditLook(targets[1], 1, "us")
	noError(t, h.PutLooks(t.Context(), r.ID, []uptime.AuditLook{first}))
	again := first
	again.State = uptime.Live
	noError(t, h.PutLooks(t.Context(), r.ID, []uptime.AuditLook{again, auditLook(targets[0], 1, "us")}))
	var done []string
	noError(t, h.LooksDone(t.Context(), r.ID, 1, func(key uptime.EndpointKey, region string) error {
		done = append(done, string(key)+" "+region)
		return nil
	}))
	same(t, "what is done", done, []string{string(targets[0].Key) + " us", string(targets[1].Key) + " us"})
	noError(t, h.AuditEvidence(t.Context(), r.ID, func(target *uptime.AuditTarget, looks []uptime.AuditLook) error {
		if target.Key == first.Endpoint {
			same(t, "the first look", looks, []uptime.AuditLook{first})
		}
		return nil
	}))
	page, err := h.AuditTargets(t.Context(), r.ID, targets[0].Key, 10)
	noError(t, err)
	same(t, "the second page", page, targets[1:])
}

func testHostileListings(h *house) {
	t := h.t
	const text = "a'; DROP TABLE listings; -- \u202e<b>\"\\%_"
	hostile := func(l *uptime.Listing, _ *uptime.Endpoint) { l.Title, l.Description, l.Version = text, text, text }
	h.crawl(t, crawled("official", 100), of(text, "https://a.example.dev/"+"%27%22", hostile))
	page, _, err := h.Listings(t.Context(), uptime.ListingQuery{Search: "DROP TABLE"})
	noError(t, err)
	if len(page) != 1 || page[0].Key != text || page[0].Title != text {
		t.Errorf("the listing is %+v, want it as it was", page)
	}
}
