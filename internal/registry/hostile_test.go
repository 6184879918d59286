package registry_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestHostile lists what nobody should.
func TestHostile(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	record := func(name, url, more string) fake.Record {
		return raw(name, fmt.Sprintf(`{"name":%q,"remotes":[{"type":"streamable-http","url":%q}]%s}`, name, url, more))
	}
	r := newRig(t, []fake.Record{
		record("metadata", "https://169.254.169.254/latest/meta-data", ""),
		record("private", "https://[::ffff:10.0.0.5]/mcp", ""),
		record("userinfo", "https://admin:hunter2@u.host.dev/mcp", ""),
		record("query", "https://q.host.dev/mcp?api_key=hunter2hunter2&page=3", ""),
		record("lookalike", "https://аpple.com/mcp", ""), // the first letter is Cyrillic
		record("long-url", "https://l.host.dev/"+long, ""),
		record("html", "https://h.host.dev/mcp", `,"title":"<script>alert(1)</script>","description":"<img src=x onerror=alert(1)>\u202egnp.exe\u0000\n\tend","websiteUrl":"javascript:alert(1)"`),
		record("repository", "https://r.host.dev/mcp", `,"repository":{"url":"javascript:alert(1)"}`),
		record("scheme", "javascript:alert(1)", ""),
		raw(long, fmt.Sprintf(`{"name":%q,"description":%q,"version":%q,"remotes":[{"url":"https://n.host.dev/mcp","variables":{%q:{"default":%q}},"headers":[{"name":%q}]}]}`, long, long, long, long, long, long)),
	})
	c := r.crawl(t, uptime.CrawlDone)
	if c.Listings != 10 {
		t.Errorf("%d addresses are listed, want all 10", c.Listings)
	}
	got := map[string]uptime.Listing{}
	for _, l := range r.listed(t, uptime.ListingQuery{}) {
		got[l.Key[:min(len(l.Key), 20)]] = l
		for _, text := range []string{l.Key, l.Name, l.Title, l.Description, l.Version, l.URL, l.Page, l.Code, l.Note, fmt.Sprint(l.Variables), fmt.Sprint(l.Headers)} {
			if len(text) > 2<<10 || strings.Contains(text, "hunter2") || strings.ContainsAny(text, "\u202e\x00\n") {
				t.Errorf("%.20s has the text %.100q", l.Key, text)
			}
		}
	}
	kinds := map[string]uptime.EndpointKind{}
	for name, l := range got {
		e, err := r.store.Endpoint(t.Context(), l.Endpoint)
		if err != nil {
			t.Errorf("the endpoint of %s: %v", name, err)
		}
		kinds[name] = e.Kind
		if name == "lookalike" && e.Host != "xn--pple-43d.com" {
			t.Errorf("a look-alike is shown as %q, want punycode", e.Host)
		}
	}
	want := map[string]uptime.EndpointKind{
		"metadata": "local", "private": "local", "userinfo": "junk", "query": "templated", "lookalike": "remote", "long-url": "junk", "html": "remote",
		"repository": "remote", "scheme": "junk", long[:20]: "remote",
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("the kinds differ (-want +got):\n%s", diff)
	}
	if l := got["html"]; l.Description != "<img src=x onerror=alert(1)>gnp.exe end" || l.Code != "" {
		t.Errorf("HTML became %+v", l)
	}
	if l := got["repository"]; l.Code != "" {
		t.Errorf("a page would link to %q", l.Code)
	}
}

// discard are records that keep nothing but how many listings there were.
type discard struct{ listings int }

func (*discard) BeginCrawl(context.Context, uptime.Crawl) error { return nil }

func (d *discard) StageListings(_ context.Context, _ string, listings []uptime.Listing, _ []uptime.Endpoint) error {
	d.listings += len(listings)
	return nil
}

func (*discard) Losses(context.Context, uptime.Crawl, time.Time) (loss uptime.CrawlLoss, err error) {
	return loss, nil
}

func (*discard) FinishCrawl(context.Context, uptime.Crawl) (added, changed, gone int, err error) {
	return 0, 0, 0, nil
}

func (*discard) Sources(context.Context) ([]uptime.SourceStatus, error) { return nil, nil }

// TestFloodAndLeads checks that a flood of junk costs no record without an address.
func TestFloodAndLeads(t *testing.T) {
	p := &registry.Page{}
	for i := range 10_002 {
		p.Listings = append(p.Listings, uptime.Listing{Key: fmt.Sprint(i), URL: fmt.Sprintf("nowhere %d", i)})
	}
	p.Listings = append(p.Listings, uptime.Listing{Key: "lead"})
	d := &discard{}
	c := registry.New(registry.Options{Records: d, Fetch: func(uptime.SourceID) *registry.Fetcher { return direct(http.NotFoundHandler()) }})
	if got, err := c.Crawl(t.Context(), source{pages: []*registry.Page{p}}, false); err != nil || d.listings != 10_001 || got.Refused["too many of one host"] != 2 {
		t.Errorf("%d listings were kept and %v refused, %v", d.listings, got.Refused, err)
	}
}

// flood lists the same host again and again.
type flood struct {
	source
	listings, perPage int
	url               string
}

func (f flood) Read(_ context.Context, _ *registry.Fetcher, _ time.Time, page func(*registry.Page) error) error {
	for n := 0; n < f.listings; n += f.perPage {
		p := &registry.Page{Records: f.perPage}
		for i := range f.perPage {
			l := uptime.Listing{Key: fmt.Sprintf("k%d", n+i)}
			if f.url != "" {
				l.URL = fmt.Sprintf(f.url, n+i)
			}
			p.Listings = append(p.Listings, l)
		}
		if err := page(p); err != nil {
			return err
		}
	}
	return nil
}

// TestFloods lists half a million addresses of one host, and more of many.
func TestFloods(t *testing.T) {
	for name, tc := range map[string]struct {
		flood flood
		kept  int
		state uptime.CrawlState
	}{
		"one host":    {flood{listings: 500_000, perPage: 1000, url: "https://one.host.dev/mcp/%d"}, 10_000, uptime.CrawlDone},
		"its ports":   {flood{listings: 20_000, perPage: 1000, url: "https://ONE.host.dev:443/mcp/%d"}, 10_000, uptime.CrawlDone},
		"no host":     {flood{listings: 20_000, perPage: 1000, url: "nowhere %d"}, 10_000, uptime.CrawlDone},
		"without end": {flood{listings: 600_000, perPage: 1000}, 500_000, uptime.CrawlFailed},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && tc.kept > 10_000 {
				t.Skip("takes seconds")
			}
			d := &discard{}
			c := registry.New(registry.Options{Records: d, Fetch: func(uptime.SourceID) *registry.Fetcher { return direct(http.NotFoundHandler()) }})
			got, err := c.Crawl(t.Context(), tc.flood, false)
			if err != nil || got.State != tc.state || d.listings != tc.kept {
				t.Errorf("it is %s (%s) with %d listings, %v; want %s with %d", got.State, got.Why, d.listings, err, tc.state, tc.kept)
			}
			if got.State == uptime.CrawlDone && got.Refused["too many of one host"] != tc.flood.listings-tc.kept {
				t.Errorf("%v were refused", got.Refused)
			}
		})
	}
}

// TestArraysOfMillions: a page that is short, and would fill the memory.
func TestArraysOfMillions(t *testing.T) {
	millions := strings.TrimSuffix(strings.Repeat("{},", 1_000_000), ",")
	for id, page := range map[uptime.SourceID]string{
		uptime.SourceOfficial: `{"servers":[` + millions + `]}`, uptime.SourceGlama: `{"connectors":[` + millions + `]}`, uptime.SourceSmithery: `{"servers":[` + millions + `]}`,
		uptime.SourceTopics: `{"total_count":1,"items":[` + millions + `]}`,
	} {
		answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := all(t.Context(), of(t, id, withKey), direct(answer), time.Time{})
		runtime.ReadMemStats(&after)
		wantError(t, string(id), err, "more than 20000")
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 64 { // the answer itself, as it grows while it is read, is a third of that
			t.Errorf("%s: it took %d MiB", id, used)
		}
	}
	record := `{"server":{"name":"a/many","remotes":[` + strings.TrimSuffix(strings.Repeat("{},", 1<<19), ",") + `]}}`
	f := direct(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"servers":[`+record+`]}`) }))
	pages, listings, err := all(t.Context(), of(t, uptime.SourceOfficial), f, time.Time{})
	if err != nil || len(listings) != 0 || pages[0].Refused["not readable"] != 1 {
		t.Errorf("a record of many addresses: %d listings, %v", len(listings), err)
	}
}
