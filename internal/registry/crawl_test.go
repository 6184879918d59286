package registry_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"os"
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
	r := &rig{registry: fake.New(records...), store: store}
	r.source = registry.NewGeneric(registry.GenericOptions{Source: uptime.SourceOfficial, Base: "http://registry.test"}) // without its gap
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

// TestGapOfSource checks that a source can ask for a gap.
func TestGapOfSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fake.Generate(250))
		r.source = of(t, uptime.SourceOfficial)
		began := time.Now()
		r.crawl(t, uptime.CrawlDone)
		if took := time.Since(began); took != 500*time.Millisecond {
			t.Errorf("three pages took %s, want two gaps of 250 ms", took)
		}
	})
}

// TestRealListings crawls what the official registry listed on 18 December 2025
// (CC0).
func TestRealListings(t *testing.T) {
	f, err := os.Open("../endpoint/testdata/official.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	remotes, distinct := map[string][]string{}, map[string]bool{}
	for _, row := range rows[1:] {
		remotes[row[0]] = append(remotes[row[0]], fmt.Sprintf(`{"url":%q,"type":%q}`, row[2], row[3]))
		distinct[row[0]+" "+row[2]+" "+row[3]] = true
	}
	var records []fake.Record
	for name, list := range remotes {
		records = append(records, raw(name, fmt.Sprintf(`{"name":%q,"version":"1.0.0","remotes":[%s]}`, name, strings.Join(list, ","))))
	}
	r := newRig(t, records)
	if c := r.crawl(t, uptime.CrawlDone); c.Listings != len(distinct) || c.Records != len(remotes) || len(c.Refused) > 0 {
		t.Errorf("%d listings of %d records were taken (%v refused), want %d of %d", c.Listings, c.Records, c.Refused, len(distinct), len(remotes))
	}
	counts, err := r.store.CountEndpoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kinds, platforms := map[uptime.EndpointKind]int{}, map[string]int{}
	for _, c := range counts {
		kinds[c.Kind] += c.Endpoints
		platforms[c.Platform] += c.Endpoints
	}
	if diff := cmp.Diff(map[uptime.EndpointKind]int{uptime.EndpointRemote: 634, uptime.EndpointTemplated: 1}, kinds); diff != "" {
		t.Errorf("the kinds differ (-want +got):\n%s", diff)
	}
	twice := r.listed(t, uptime.ListingQuery{Platform: "alpic.live"}) // one address with two transports each
	if n := len(slices.DeleteFunc(twice, func(l uptime.Listing) bool { return l.Transport != "sse" })); n < 20 {
		t.Errorf("%d listings of one address with two transports have the older one, too", n)
	}
	if platforms["smithery.ai"] != 212 {
		t.Errorf("smithery.ai has %d endpoints, want 212", platforms["smithery.ai"])
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

// TestTwice checks that a source is read once at a time.
func TestTwice(t *testing.T) {
	r := newRig(t, fake.Generate(30))
	var second error
	r.registry.Break(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			_, second = r.Crawl(req.Context(), r.source, false)
			next.ServeHTTP(w, req)
		})
	})
	if r.crawl(t, uptime.CrawlDone); !errors.Is(second, uptime.ErrConflict) {
		t.Errorf("the second crawl at the same time ended with %v, want a conflict", second)
	}
	r.registry.Break()
	r.crawl(t, uptime.CrawlDone)
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

// TestDeletedAtOnce: a registry that says of nearly everything that it was deleted
// since the last time is not believed before somebody has looked.
func TestDeletedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fake.Generate(150))
		r.registry.Break(fake.Slow(9999, time.Millisecond))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		time.Sleep(time.Minute)
		before := r.status(t).Listings
		for _, l := range r.listed(t, uptime.ListingQuery{})[:100] {
			r.registry.SetStatus(l.Key, "deleted", "", time.Now())
		}
		time.Sleep(66 * time.Minute)
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
		if now := r.status(t); now.Listings != before || now.Last.State != uptime.CrawlHeld || !strings.Contains(now.Last.Why, "more than a tenth") {
			t.Errorf("of %d listings %d are left, and the crawl is %+v; want it to be held", before, now.Listings, now.Last)
		}
	})
}

// TestClockBack: a monitor whose clock was ahead reads everything anew, and does not
// wait for the time that it believed it was.
func TestClockBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := 400 * 24 * time.Hour
		r := newRig(t, fake.Generate(50), func(o *registry.Options) { o.Now = func() time.Time { return time.Now().Add(ahead) } })
		r.registry.Break(fake.Slow(9999, time.Millisecond))
		r.crawl(t, uptime.CrawlDone)
		ahead = 0
		ctx, stop := context.WithTimeout(t.Context(), 90*time.Minute)
		defer stop()
		_ = r.Run(ctx)
		full := 0
		for _, word := range r.crawls(t) {
			if word == "full" {
				full++
			}
		}
		if full < 2 {
			t.Errorf("the crawls are %v, want another full one", r.crawls(t))
		}
	})
}

// TestNoSources: with nothing to read a crawler waits for its end.
func TestNoSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		begin := time.Now()
		if err := registry.New(registry.Options{}).Run(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Hour {
			t.Errorf("it ended after %s with %v", time.Since(begin), err)
		}
	})
}

// TestShrinkingLeads lets half of a registry without addresses vanish.
func TestShrinkingLeads(t *testing.T) {
	r := newRig(t, nil)
	leads := func(n int) registry.Source { return flood{listings: n, perPage: n} }
	r.source = leads(40)
	r.crawl(t, uptime.CrawlDone)
	r.source = leads(20)
	if c := r.crawl(t, uptime.CrawlHeld); c.Why != "it lists 20 records, and had 40 before: more than a tenth is missing" {
		t.Errorf("it is held because %q", c.Why)
	}
	r.source = leads(36)
	r.crawl(t, uptime.CrawlDone)
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
