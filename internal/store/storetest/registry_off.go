package storetest

import (
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// testSwitchOff has the operator not want a source any more, in the middle of a crawl
// of it.
func testSwitchOff(h *house) {
	t := h.t
	both, alone := of("both", "https://a.example.dev/mcp"), of("alone", "https://b.example.dev/mcp")
	off := func(source uptime.SourceID, ago int) bool {
		t.Helper()
		c := crawled(source, ago)
		c.ID, c.Ended, c.Why = c.ID+"_off", c.Began, "switched off"
		done, err := h.SwitchOff(t.Context(), c)
		noError(t, err)
		return done
	}
	h.crawl(t, crawled("official", 100), both, alone)
	h.crawl(t, crawled("other", 95), both)
	runs := crawled("official", 90)
	noError(t, h.BeginCrawl(t.Context(), runs))
	if !off("official", 80) || off("official", 70) || off("never", 70) {
		t.Error("a source that was never read, or is off already, was switched off")
	}
	_, _, _, err := h.FinishCrawl(t.Context(), uptime.Crawl{ID: runs.ID, Source: runs.Source, State: uptime.CrawlDone, Ended: at(75)})
	wantError(t, "finishing the crawl that ran", err, uptime.ErrConflict)
	same(t, "what is listed", h.names(t, uptime.ListingQuery{}), []string{"both"})
	same(t, "what was listed", h.names(t, uptime.ListingQuery{Gone: true, Source: "official"}), []string{"alone", "both"})
	for i, one := range []func() (uptime.Listing, uptime.Endpoint){both, alone} {
		_, e := one()
		got, err := h.Endpoint(t.Context(), e.Key)
		noError(t, err)
		if got.Listings != 1-i || got.Gone.IsZero() != (i == 0) {
			t.Errorf("%s has %d listings and is gone since %s", e.URL, got.Listings, got.Gone)
		}
	}
	all, err := h.Sources(t.Context())
	noError(t, err)
	if s := all[0]; s.Last.State != uptime.CrawlNone || !s.Last.Off || s.Good.ID != crawled("official", 100).ID || !s.Full.IsZero() || s.Listings != 0 {
		t.Errorf("the source is %+v, want one that is off, and is read as a whole next", s)
	}
	noError(t, h.SweepCrawls(t.Context(), at(65)))
	all, err = h.Sources(t.Context())
	noError(t, err)
	if s := all[0]; !s.Last.Off || s.Good.ID != crawled("official", 100).ID {
		t.Errorf("long after, the source is %+v, want one that is off", s)
	}
	_, changed, gone := h.crawl(t, crawled("official", 60), both, alone)
	wantCounts(t, "on again", 0, changed, gone, 0, 2, 0)
	same(t, "what is listed again", h.names(t, uptime.ListingQuery{Source: "official"}), []string{"alone", "both"})
	noError(t, h.BeginCrawl(t.Context(), crawled("official", 50)))
	noError(t, h.BeginCrawl(t.Context(), crawled("other", 50)))
	noError(t, h.EndCrawls(t.Context(), at(40)))
	all, err = h.Sources(t.Context())
	noError(t, err)
	for _, s := range all {
		if s.Last.State != uptime.CrawlFailed || !s.Last.Cut || s.Last.Why != "the process ended" || !s.Last.Ended.Equal(at(40)) {
			t.Errorf("the crawl of a process that was killed is %+v", s.Last)
		}
	}
}
