package storetest

import (
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// testLosses counts what a crawl would make gone, and changes nothing.
func testLosses(h *house) {
	t := h.t
	one, two, three := of("one", "https://a.example.dev/mcp"), of("two", "https://b.example.dev/mcp"), of("three", "https://c.example.dev/mcp")
	h.crawl(t, crawled("official", 100), one, two, three, of("lead", ""))
	h.crawl(t, crawled("official", 90), one, two, of("lead", ""))
	h.crawl(t, crawled("other", 80), one, two, three, of("four", "https://d.example.dev/mcp"))
	c := crawled("official", 50)
	noError(t, h.BeginCrawl(t.Context(), c))
	for _, change := range []func(*uptime.Listing, *uptime.Endpoint){
		func(l *uptime.Listing, _ *uptime.Endpoint) { l.Status = uptime.ListingDeleted },
		func(l *uptime.Listing, _ *uptime.Endpoint) { l.Key = "five" },
	} {
		l, e := listing("one", "https://a.example.dev/mcp", change)
		noError(t, h.StageListings(t.Context(), c.ID, []uptime.Listing{l}, []uptime.Endpoint{e}))
	}
	first, second := uptime.Loss{At: at(100).Add(time.Minute), Listed: 3, Lost: 3}, uptime.Loss{At: at(90).Add(time.Minute), Listed: 2, Lost: 2}
	seen := first
	seen.Lost = 2
	for _, want := range []struct {
		since, late time.Time // of the crawl, and of what is late
		loss        uptime.CrawlLoss
	}{
		{time.Time{}, at(200), uptime.CrawlLoss{Now: uptime.Loss{Listed: 2, Lost: 2}, Oldest: first, Largest: first}},
		{time.Time{}, at(95), uptime.CrawlLoss{Now: uptime.Loss{Listed: 2, Lost: 2}, Oldest: second, Largest: second}},
		{time.Time{}, at(60), uptime.CrawlLoss{Now: uptime.Loss{Listed: 2, Lost: 2}}},
		{at(60), at(200), uptime.CrawlLoss{Now: uptime.Loss{Listed: 2, Lost: 1}, Oldest: seen, Largest: seen}},
	} {
		c.Since = want.since
		got, err := h.Losses(t.Context(), c, want.late)
		noError(t, err)
		same(t, "what would be lost", got, want.loss)
	}
	same(t, "what is listed still", h.names(t, uptime.ListingQuery{Source: "official"}), []string{"lead", "one", "two"})
}

// testRestless has a record that differs in every crawl, and one that has another
// address in each.
func testRestless(h *house) {
	t := h.t
	const crawls = 130
	for i := range crawls {
		version := func(l *uptime.Listing, _ *uptime.Endpoint) { l.Version = fmt.Sprint(i) }
		h.crawl(t, crawled("official", 1000-i), of("one", "https://a.example.dev/mcp", version), of("two", fmt.Sprintf("https://b.example.dev/%d/mcp", i)))
	}
	_, e := listing("one", "https://a.example.dev/mcp")
	all, err := h.ListingChanges(t.Context(), e.Key, 1000)
	noError(t, err)
	if len(all) != 100 || all[0].Version != fmt.Sprint(crawls-1) {
		t.Errorf("%d changes are kept, the newest of version %s; want the newest 100", len(all), all[0].Version)
	}
	noError(t, h.SweepListings(t.Context(), at(5000)))
	if n := len(h.names(t, uptime.ListingQuery{Gone: true, Limit: 1000})); n != 2+50 {
		t.Errorf("%d listings are kept, want what is listed and 50 former addresses", n)
	}
	kept, err := h.Endpoints(t.Context(), uptime.EndpointQuery{Gone: true, Limit: 1000})
	noError(t, err)
	if len(kept) != 2+50 {
		t.Errorf("%d endpoints are kept, want those of the listings that are", len(kept))
	}
}

// testSweepListings forgets what is gone for long, but no opt-out.
func testSweepListings(h *house) {
	t := h.t
	still, old, shy := of("still", "https://a.example.dev/mcp"), of("old", "https://b.example.dev/mcp"), of("shy", "https://c.example.dev/mcp")
	h.crawl(t, crawled("official", 900), still, old, shy)
	_, keep := shy()
	noError(t, h.SetOptout(t.Context(), keep.Key, true, uptime.AuditEntry{Tenant: acme, At: Now(), By: "Ada", Action: "endpoint.optout", Object: string(keep.Key)}))
	h.crawl(t, crawled("official", 800), still)
	noError(t, h.SweepListings(t.Context(), at(850)))
	same(t, "what is gone, but not for long", h.names(t, uptime.ListingQuery{Gone: true}), []string{"old", "shy", "still"})
	noError(t, h.SweepListings(t.Context(), at(700)))
	same(t, "what is left", h.names(t, uptime.ListingQuery{Gone: true}), []string{"still"})
	same(t, "what is found", h.names(t, uptime.ListingQuery{Gone: true, Search: "example"}), []string{"still"})
	_, e := old()
	_, err := h.Endpoint(t.Context(), e.Key)
	wantError(t, "an endpoint that nobody lists", err, uptime.ErrNotFound)
	if e, err := h.Endpoint(t.Context(), keep.Key); err != nil || !e.Optout {
		t.Errorf("who did not want to be probed is %+v, %v", e, err)
	}
	_, e = still()
	if all, err := h.ListingChanges(t.Context(), e.Key, 10); err != nil || len(all) != 0 {
		t.Errorf("what became of listings long ago is %+v, %v", all, err)
	}
	h.crawl(t, crawled("official", 600), still, old, shy)
	if e, err := h.Endpoint(t.Context(), keep.Key); err != nil || !e.Optout || e.Listings != 1 {
		t.Errorf("who comes back is %+v, %v; want the opt-out to hold", e, err)
	}
	noError(t, h.SweepListings(t.Context(), at(0)))
	same(t, "what came back", h.names(t, uptime.ListingQuery{Gone: true}), []string{"old", "shy", "still"})
}
