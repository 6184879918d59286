package app_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// choice is a store of what is listed, and what is served of it.
type choice struct {
	store   *sqlite.Store
	servers func(context.Context) ([]uptime.Server, error)
	bind    func(context.Context, []uptime.Server) error
	file    *config.File
	crawls  int
}

func newChoice(tb testing.TB, maxServers, perHost int) *choice {
	tb.Helper()
	store, err := sqlite.Open(tb.Context(), sqlite.Options{Dir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = store.Close() })
	f := &config.File{}
	f.Registries.Serve.MaxServers, f.Registries.Serve.PerHost = maxServers, perHost
	c := &choice{store: store, file: f}
	c.servers, c.bind = app.Listed(store, f, false)
	return c
}

// list has a registry list these addresses, and nothing else.
func (c *choice) list(tb testing.TB, addresses ...string) {
	tb.Helper()
	c.crawls++
	crawl := uptime.Crawl{ID: fmt.Sprint("crawl_", c.crawls), Source: "official", State: uptime.CrawlRunning, Began: time.Unix(int64(c.crawls), 0)}
	var listings []uptime.Listing
	var endpoints []uptime.Endpoint
	for i, address := range addresses {
		name := fmt.Sprintf("io.github.somebody/server-%d", i)
		l := uptime.Listing{Source: "official", Key: name, Name: name, Status: uptime.ListingActive, URL: address, Description: "A server that does something."}
		e := endpoint.Take(&l)
		listings, endpoints = append(listings, l), append(endpoints, e)
	}
	err := c.store.BeginCrawl(tb.Context(), crawl)
	if err == nil {
		err = c.store.StageListings(tb.Context(), crawl.ID, listings, endpoints)
	}
	if err == nil {
		crawl.State, crawl.Ended = uptime.CrawlDone, crawl.Began.Add(time.Second)
		_, _, _, err = c.store.FinishCrawl(tb.Context(), crawl)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// serve makes what is listed the servers of the tenant, as a plan does.
func (c *choice) serve(tb testing.TB) map[string]uptime.ServerID {
	tb.Helper()
	servers, err := c.servers(tb.Context())
	if err == nil {
		servers, err = c.store.SyncServers(tb.Context(), app.PublicTenant, servers)
	}
	if err == nil {
		err = c.bind(tb.Context(), servers)
	}
	if err != nil {
		tb.Fatal(err)
	}
	out := map[string]uptime.ServerID{}
	for _, s := range servers {
		out[s.URL] = s.ID
	}
	return out
}

// TestTwinsOfOneName: a stranger can find two addresses whose keys begin alike in a
// second, and must not stop the plan with them.
func TestTwinsOfOneName(t *testing.T) {
	seen, twins := map[string]string{}, []string(nil)
	for i := 0; twins == nil; i++ {
		address := "https://mcp.a-long-name-that-fills-what-a-slug-can-hold.dev/" + fmt.Sprintf("%08x", i) + "/mcp"
		key := string(uptime.NewEndpointKey(address, uptime.StreamableHTTP))[:13]
		if other, ok := seen[key]; ok {
			twins = []string{other, address}
		}
		seen[key] = address
	}
	c := newChoice(t, 100, 100)
	c.list(t, twins...)
	if got := c.serve(t); len(got) != 2 {
		t.Errorf("%d are served, want both: %v", len(got), twins)
	}
}

// TestNoPlatformTakesAllPlaces: hosts under one domain cost nothing.
func TestNoPlatformTakesAllPlaces(t *testing.T) {
	c := newChoice(t, 100, 5)
	var all []string
	for i := range 300 {
		all = append(all, fmt.Sprintf("https://h%d.flood.dev/mcp", i), fmt.Sprintf("https://h%d.flood.dev/mcp/", i))
	}
	for i := range 60 {
		all = append(all, fmt.Sprintf("https://mcp.company%d.dev/mcp", i))
	}
	c.list(t, all...)
	flood := 0
	got := c.serve(t)
	for address := range got {
		if strings.Contains(address, "flood") {
			flood++
		}
	}
	if len(got) != 100 || flood != 40 {
		t.Errorf("%d are served, %d of them of one domain; want all 60 others, and the rest of 100", len(got), flood)
	}
}

// TestPlacesLast: who is served stays, with one id, also when others come, and when a
// listing goes and comes back.
func TestPlacesLast(t *testing.T) {
	c := newChoice(t, 10, 5)
	var first, more []string
	for i := range 10 {
		first = append(first, fmt.Sprintf("https://mcp.first%d.dev/mcp", i))
		more = append(more, fmt.Sprintf("https://mcp.more%d.dev/mcp", i))
	}
	c.list(t, first...)
	before := c.serve(t)
	c.list(t, append(more, first...)...)
	if got := c.serve(t); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Errorf("served are %v, want those before: %v", got, before)
	}
	c.list(t, first[1:]...)
	if got := c.serve(t); len(got) != 9 {
		t.Errorf("%d are served, want the nine that are listed", len(got))
	}
	c.list(t, first...)
	if got := c.serve(t); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Errorf("after one came back, served are %v; want the ids before: %v", got, before)
	}
}

// BenchmarkListedServers chooses among 40,000 listings.
func BenchmarkListedServers(b *testing.B) {
	c := newChoice(b, 2000, 20)
	var all []string
	for i := range 40_000 {
		all = append(all, fmt.Sprintf("https://mcp.company%d.dev/mcp", i))
	}
	c.list(b, all...)
	for b.Loop() {
		if got, err := c.servers(b.Context()); err != nil || len(got) != 2000 {
			b.Fatal(len(got), err)
		}
	}
}
