package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// rig is a crawler of a fake registry, with a real store.
type rig struct {
	*registry.Crawler
	registry *fake.Registry
	store    *sqlite.Store
	source   registry.Source
	ended    []uptime.Crawl
}

func newRig(t *testing.T, records []fake.Record, change ...func(*registry.Options)) *rig {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	r := &rig{registry: fake.New(records...), store: store, source: of(t, uptime.SourceOfficial)}
	opt := registry.Options{
		Sources: []registry.Source{r.source}, Records: store,
		Fetch: func(uptime.SourceID) *registry.Fetcher { return direct(r.registry) },
		Ended: func(_ context.Context, c uptime.Crawl) { r.ended = append(r.ended, c) },
	}
	for _, c := range change {
		c(&opt)
	}
	r.Crawler = registry.New(opt)
	return r
}

// crawl reads the source once, and wants it to end so.
func (r *rig) crawl(t *testing.T, want uptime.CrawlState) uptime.Crawl {
	t.Helper()
	c, err := r.Crawl(t.Context(), r.source, false)
	if err != nil || c.State != want {
		t.Fatalf("the crawl is %s (%s), %v; want %s", c.State, c.Why, err, want)
	}
	return c
}

func (r *rig) listed(t *testing.T, q uptime.ListingQuery) []uptime.Listing {
	t.Helper()
	q.Limit = 1000
	page, next, err := r.store.Listings(t.Context(), q)
	if err != nil || next != "" {
		t.Fatalf("the listings: %v, next %q", err, next)
	}
	return page
}

func (r *rig) count(t *testing.T) int {
	t.Helper()
	n, err := r.store.CountListings(t.Context(), uptime.ListingQuery{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (r *rig) status(t *testing.T) uptime.SourceStatus {
	t.Helper()
	all, err := r.store.Sources(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("the sources are %+v, %v", all, err)
	}
	return all[0]
}

func TestCrawl(t *testing.T) {
	r := newRig(t, fake.Generate(250))
	c := r.crawl(t, uptime.CrawlDone)
	if c.Pages != 3 || c.Records != 250 || c.Listings != 250 || c.Bytes < 100_000 || len(c.Hash) != 64 || c.Access != "open" || c.Previous != 0 {
		t.Errorf("the crawl is %+v", c)
	}
	if n := r.count(t); n != 275 { // 25 leads
		t.Errorf("%d listings are there, want 275", n)
	}
	status := r.status(t)
	if status.Listings != 250 || status.Endpoints != 250 || status.Good.ID != c.ID || len(r.ended) != 1 || r.ended[0].ID != c.ID {
		t.Errorf("the source is %+v", status)
	}
	if again := r.crawl(t, uptime.CrawlDone); again.Hash != c.Hash || again.ID == c.ID || again.Previous != 250 {
		t.Errorf("the same again is %+v", again)
	}
	one := r.listed(t, uptime.ListingQuery{Search: "server-00003"})
	if len(one) != 1 || one[0].Status != uptime.ListingDeprecated || one[0].Note != "moved elsewhere" || one[0].Endpoint == "" {
		t.Errorf("a listing is %+v", one)
	}
}

// TestCut breaks off a crawl in every way: what was listed stays.
func TestCut(t *testing.T) {
	r := newRig(t, fake.Generate(250))
	r.crawl(t, uptime.CrawlDone)
	before := r.listed(t, uptime.ListingQuery{Gone: true})
	for i := range 100 {
		r.registry.Publish(fake.One(fmt.Sprintf("aa.new/%03d", i), fmt.Sprintf("https://new%d.dev/mcp", i), time.Now()))
	}
	for name, fault := range map[string]fake.Fault{
		"it fails":       fake.Refuse(99, 500, ""),
		"half an answer": fake.Truncate(99),
		"no connection":  fake.Cut(99),
		"a loop":         fake.Loop("aa.new/000:1.0.0"),
		"it says no":     fake.Refuse(99, 403, ""),
	} {
		r.registry.Break(fake.After(1, fault))
		if c := r.crawl(t, uptime.CrawlFailed); c.Pages == 0 || !strings.HasPrefix(c.Why, "page ") {
			t.Errorf("%s: it failed because %q after %d pages, want one that says after which page", name, c.Why, c.Pages)
		}
		if diff := cmp.Diff(before, r.listed(t, uptime.ListingQuery{Gone: true})); diff != "" {
			t.Errorf("%s: the listings differ (-before +after):\n%s", name, diff)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	r.registry.Break(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if strings.Contains(req.URL.RawQuery, "cursor") {
				stop()
			}
			next.ServeHTTP(w, req)
		})
	})
	ended := len(r.ended)
	if c, err := r.Crawl(ctx, r.source, false); !errors.Is(err, context.Canceled) {
		t.Errorf("the process ended: %+v, %v", c, err)
	}
	if len(r.ended) != ended {
		t.Error("the end of the process is told as news of the registry")
	}
	if diff := cmp.Diff(before, r.listed(t, uptime.ListingQuery{Gone: true})); diff != "" {
		t.Errorf("the process ended: the listings differ (-before +after):\n%s", diff)
	}
	r.registry.Break()
	if c := r.crawl(t, uptime.CrawlDone); c.Listings != 350 || r.count(t) != 375 {
		t.Errorf("at last %d listings were found, and %d are there", c.Listings, r.count(t))
	}
}

// TestShrink lets half of a registry vanish.
func TestShrink(t *testing.T) {
	r := newRig(t, fake.Generate(250))
	r.crawl(t, uptime.CrawlDone)
	r.registry.Keep(func(i int, _ fake.Record) bool { return i%10 != 7 }) // a tenth: that happens
	r.crawl(t, uptime.CrawlDone)
	r.registry.Keep(func(i int, _ fake.Record) bool { return i%2 == 0 })
	c := r.crawl(t, uptime.CrawlHeld)
	if c.Why != "it lists 112 addresses, and had 225 before: more than a tenth is missing" || c.Previous != 225 {
		t.Errorf("it is held because %q", c.Why)
	}
	if last := r.ended[len(r.ended)-1]; last.State != uptime.CrawlHeld {
		t.Errorf("the alarm is %+v", last)
	}
	if status := r.status(t); status.Listings != 225 || status.Last.State != uptime.CrawlHeld || status.Good.State != uptime.CrawlDone {
		t.Errorf("the source is %+v, want the last known good", status)
	}
	c, err := r.Crawl(t.Context(), r.source, true)
	if err != nil || c.State != uptime.CrawlDone || r.status(t).Listings != 112 {
		t.Errorf("what somebody accepted is %s, %v", c.State, err)
	}
	// Of a few, all may go.
	few := newRig(t, fake.Generate(19))
	few.crawl(t, uptime.CrawlDone)
	few.registry.Keep(func(int, fake.Record) bool { return false })
	few.crawl(t, uptime.CrawlDone)
}

// TestRepeats checks that pages that overlap do not hide that something is missing.
func TestRepeats(t *testing.T) {
	r := newRig(t, nil)
	one := uptime.Listing{Key: "k", URL: "https://a.dev/mcp"}
	r.source = source{pages: slices.Repeat([]*registry.Page{{Records: 1, Listings: []uptime.Listing{one}}}, 50)}
	if c := r.crawl(t, uptime.CrawlDone); c.Listings != 1 || c.Records != 50 || r.count(t) != 1 {
		t.Errorf("50 times the same are %d listings", c.Listings)
	}
}

// source is one that a test makes up.
type source struct{ pages []*registry.Page }

func (source) ID() uptime.SourceID              { return "made-up" }
func (source) Access() (access, missing string) { return "open", "" }
func (source) Incremental() bool                { return false }
func (s source) Read(_ context.Context, _ *registry.Fetcher, _ time.Time, page func(*registry.Page) error) error {
	for _, p := range s.pages {
		if err := page(p); err != nil {
			return err
		}
	}
	return nil
}

// TestKeyless checks that a source without its key is not read, and not empty.
func TestKeyless(t *testing.T) {
	r := newRig(t, nil)
	r.source = of(t, uptime.SourceGlama)
	c := r.crawl(t, uptime.CrawlNone)
	if c.Why != "no API key" || c.Access != "" || len(r.registry.Asked()) != 0 {
		t.Errorf("it is %+v", c)
	}
	if s := r.status(t); s.Last.State != uptime.CrawlNone || s.Last.Why == "" || !s.Good.Began.IsZero() {
		t.Errorf("the source is %+v", s)
	}
}

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

func (*discard) FinishCrawl(context.Context, uptime.Crawl) (added, changed, gone int, err error) {
	return 0, 0, 0, nil
}

func (*discard) Sources(context.Context) ([]uptime.SourceStatus, error) { return nil, nil }

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
		"no address":  {flood{listings: 600_000, perPage: 1000}, 500_000, uptime.CrawlFailed},
		"without end": {flood{listings: 600_000, perPage: 1000, url: "https://n%d.host.dev/mcp"}, 500_000, uptime.CrawlFailed},
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

// failing are records that break.
type failing struct {
	*sqlite.Store
	at string
}

var errBroken = errors.New("the disk is full")

func (f *failing) StageListings(ctx context.Context, id string, l []uptime.Listing, e []uptime.Endpoint) error {
	if f.at == "stage" {
		return errBroken
	}
	return f.Store.StageListings(ctx, id, l, e)
}

func (f *failing) FinishCrawl(ctx context.Context, c uptime.Crawl) (added, changed, gone int, err error) {
	if f.at == "finish" {
		return 0, 0, 0, errBroken
	}
	return f.Store.FinishCrawl(ctx, c)
}

func (f *failing) Sources(ctx context.Context) ([]uptime.SourceStatus, error) {
	if f.at == "sources" {
		return nil, errBroken
	}
	return f.Store.Sources(ctx)
}

// TestBrokenStore checks that what the database does not take is its error.
func TestBrokenStore(t *testing.T) {
	f := &failing{}
	r := newRig(t, fake.Generate(150), func(o *registry.Options) { f.Store = o.Records.(*sqlite.Store); o.Records = f })
	for _, f.at = range []string{"stage", "finish", "sources"} {
		if _, err := r.Crawl(t.Context(), r.source, false); !errors.Is(err, errBroken) {
			t.Errorf("%s: the error is %v", f.at, err)
		}
		if n := r.count(t); n != 0 {
			t.Errorf("%s: %d listings are there", f.at, n)
		}
	}
	f.at = ""
	r.crawl(t, uptime.CrawlDone)
}

// crawls are the crawls of a source, oldest first: full, since or a state.
func (r *rig) crawls(t *testing.T) (out []string) {
	t.Helper()
	all, err := r.store.Crawls(t.Context(), r.source.ID(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range slices.Backward(all) {
		word := "full"
		if !c.Since.IsZero() {
			word = "since"
		}
		if c.State != uptime.CrawlDone {
			word = string(c.State)
		}
		out = append(out, word)
	}
	return out
}

// TestRun lets two days pass.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fake.Generate(150))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		defer func() {
			stop()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("it ended with %v", err)
			}
		}()
		time.Sleep(time.Minute)
		if diff := cmp.Diff([]string{"full", "since"}, r.crawls(t)); diff != "" {
			t.Fatalf("the first round differs (-want +got):\n%s", diff)
		}
		r.registry.Asked()
		r.registry.Publish(fake.One("a.new/one", "https://new.dev/mcp", time.Now()))
		time.Sleep(66 * time.Minute)
		if got := r.listed(t, uptime.ListingQuery{Search: "a.new"}); len(got) != 1 {
			t.Errorf("after an hour the new one is %+v", got)
		}
		r.registry.SetStatus("a.new/one", "deleted", "", time.Now())
		time.Sleep(66 * time.Minute)
		if got := r.listed(t, uptime.ListingQuery{Search: "a.new"}); len(got) != 0 {
			t.Errorf("what was deleted is %+v", got)
		}
		time.Sleep(46 * time.Hour)
		got := r.crawls(t)
		full := 0
		for i, word := range got {
			if word == "full" {
				full++
				if i+1 < len(got) && got[i+1] != "since" {
					t.Errorf("crawl %d is %s, want what changed meanwhile", i+1, got[i+1])
				}
			}
		}
		if full != 2 && full != 3 || len(got) < 46 || len(got) > 57 {
			t.Errorf("in two days it was read %d times, %d of them as a whole", len(got), full)
		}
	})
}

// TestRunFailing lets a day pass in which a registry does not work, and one of
// which it wants to be left alone.
func TestRunFailing(t *testing.T) {
	for name, tc := range map[string]struct {
		fault           fake.Fault
		atLeast, atMost int
	}{
		"broken":          {fake.Refuse(9999, 500, ""), 5, 6}, // after 1, 2, 4, 8 and 8 hours
		"left alone":      {fake.Refuse(9999, 429, "43200"), 2, 3},
		"well after that": {fake.Refuse(5, 500, ""), 23, 28},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fake.Generate(30))
				r.registry.Break(tc.fault)
				ctx, stop := context.WithTimeout(t.Context(), 24*time.Hour)
				defer stop()
				if err := r.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("it ended with %v", err)
				}
				if got := r.crawls(t); len(got) < tc.atLeast || len(got) > tc.atMost {
					t.Errorf("it was read %d times: %v; want %d to %d", len(got), got, tc.atLeast, tc.atMost)
				}
			})
		})
	}
}

// TestRunPace checks that what wants to be read once a day is.
func TestRunPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := counting(site{"/indexes/packages-list.json": `{"one":{"path":"a/one.json"}}`, "/packages/a/one.json": `{"name":"one"}`})
		r := newRig(t, nil, func(o *registry.Options) {
			o.Sources = []registry.Source{of(t, uptime.SourceToolSDK)}
			o.Fetch = func(uptime.SourceID) *registry.Fetcher { return direct(h) }
		})
		ctx, stop := context.WithTimeout(t.Context(), 70*time.Hour)
		defer stop()
		if err := r.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
		if n := h.n["/indexes/packages-list.json"]; n < 3 || n > 4 {
			t.Errorf("in three days it was read %d times", n)
		}
	})
}
