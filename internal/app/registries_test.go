package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// served is a fake registry, and the configuration that reads it alone.
func served(t *testing.T, dir string, records ...fake.Record) (*fake.Registry, *config.File) {
	t.Helper()
	r := fake.New(records...)
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	text := fmt.Sprintf(`
data: %q
registries:
  contact: https://monitor.example
  sources:
    official: {url: %q, private: true}
    github: false
    github-topics: false
    docker: false
    cline: false
    toolsdk: false
    mcp.so: false
`, dir, s.URL)
	f, problems := config.Parse(filepath.Join(t.TempDir(), "alivemcp.yaml"), []byte(text), config.Options{})
	if f == nil {
		t.Fatal(problems)
	}
	return r, f
}

func openRegistries(t *testing.T, opt app.RegistriesOptions) *app.Registries {
	t.Helper()
	r, err := app.OpenRegistries(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// TestCutCrawl: a crawl that is cut, or finds much less, changes nothing of what is
// shown; only the operator's word takes the less over.
func TestCutCrawl(t *testing.T) {
	reg, f := served(t, t.TempDir(), fake.Generate(150)...)
	r := openRegistries(t, app.RegistriesOptions{File: f, Create: true, Version: "1"})
	crawl := func(state uptime.CrawlState, shrunk bool) {
		t.Helper()
		crawls, err := r.Crawl(t.Context(), []string{"official"}, shrunk)
		if err != nil || len(crawls) != 1 || crawls[0].State != state {
			t.Fatalf("the crawl ended as %+v, %v; want %s", crawls, err, state)
		}
	}
	listed := func() []uptime.Listing {
		t.Helper()
		page, all, _, err := r.Search(t.Context(), uptime.ListingQuery{Limit: 1000})
		if err != nil || all != len(page) {
			t.Fatal(all, len(page), err)
		}
		for i := range page { // that it was seen again may be noted
			page[i].LastSeen = page[i].FirstSeen
		}
		return page
	}
	crawl(uptime.CrawlDone, false)
	before := listed()
	if len(before) != 165 { // leads included
		t.Errorf("%d listings are shown", len(before))
	}
	reg.Break(fake.After(1, fake.Refuse(100, http.StatusForbidden, "")))
	crawl(uptime.CrawlFailed, false)
	if diff := cmp.Diff(before, listed()); diff != "" {
		t.Errorf("a crawl that was cut changed what is shown:\n%s", diff)
	}
	reg.Break()
	reg.Keep(func(i int, _ fake.Record) bool { return i%2 == 0 })
	crawl(uptime.CrawlHeld, false)
	if diff := cmp.Diff(before, listed()); diff != "" {
		t.Errorf("a crawl that was held changed what is shown:\n%s", diff)
	}
	crawl(uptime.CrawlDone, true)
	if n := len(listed()); n >= len(before) {
		t.Errorf("%d listings are shown of %d", n, len(before))
	}
	for agent := range reg.Agents() {
		if agent != "AliveMCP/1 (+https://monitor.example)" {
			t.Errorf("it was read as %s", agent)
		}
	}
	if _, err := r.Crawl(t.Context(), []string{"unofficial"}, false); err == nil || !strings.Contains(err.Error(), "there is official, pulsemcp") {
		t.Errorf("a registry that does not exist: %v", err)
	}
}

// TestSources: a registry without its credential is not read, and not empty.
func TestSources(t *testing.T) {
	_, f := served(t, t.TempDir(), fake.Generate(20)...)
	r := openRegistries(t, app.RegistriesOptions{File: f, Create: true})
	crawls, err := r.Crawl(t.Context(), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	states := map[uptime.SourceID]string{}
	for _, c := range crawls {
		states[c.Source] = string(c.State) + " " + c.Why
	}
	want := map[uptime.SourceID]string{
		"official": "done ", "pulsemcp": "not_crawled no API key", "glama": "not_crawled no API key", "smithery": "not_crawled no API key",
	}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Error(diff)
	}
	rows, err := r.Sources(t.Context())
	if err != nil || len(rows) != 4 {
		t.Fatal(rows, err)
	}
	for _, row := range rows {
		if (row.Missing == "") != (row.ID == uptime.SourceOfficial) || row.Listings > 0 != (row.ID == uptime.SourceOfficial) {
			t.Errorf("%s: %+v", row.ID, row)
		}
	}
}

// TestOddAddresses: what a file of listings names is read as registries are, and
// each odd address is in the bucket where it belongs.
func TestOddAddresses(t *testing.T) {
	odd := map[string]uptime.EndpointKind{
		"https://mcp.acme-corp.dev/mcp":                                  uptime.EndpointRemote,
		"https://{tenant}.acme-corp.dev/mcp":                             uptime.EndpointTemplated,
		"https://support.acme-corp.dev/api/mcp/[YOUR_GENERATED_TOKEN]":   uptime.EndpointTemplated,
		"https://mcp.example.com/mcp":                                    uptime.EndpointPlaceholder,
		"http://localhost:3000/mcp":                                      uptime.EndpointLocal,
		"http://169.254.169.254/latest/meta-data":                        uptime.EndpointLocal,
		"http://metadata.google.internal/":                               uptime.EndpointLocal,
		"http://10.1.2.3/mcp":                                            uptime.EndpointLocal,
		"javascript:alert(1)":                                            uptime.EndpointJunk,
		"see the README":                                                 uptime.EndpointJunk,
		"https://mcp.other-corp.dev/mcp?api_key=sk-9f8a7b6c5d4e3f2a1b0c": uptime.EndpointTemplated,
	}
	var b strings.Builder
	b.WriteString("registry,url,name,transport\n")
	i := 0
	for url := range odd {
		i++
		_, _ = fmt.Fprintf(&b, "official,%q,server-%d <b>\u202e,streamable-http\n", url, i)
	}
	b.WriteString("docker,,lead-without-address,\n")
	name := filepath.Join(t.TempDir(), "odd.csv")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	_, f := served(t, t.TempDir())
	r := openRegistries(t, app.RegistriesOptions{File: f, Create: true, From: name})
	if crawls, err := r.Crawl(t.Context(), nil, false); err != nil || len(crawls) != 2 {
		t.Fatal(crawls, err)
	}
	page, all, _, err := r.Search(t.Context(), uptime.ListingQuery{Limit: 1000})
	if err != nil || all != len(odd)+1 {
		t.Fatal(all, err)
	}
	for _, l := range page {
		if strings.Contains(l.URL, "sk-9f8a") || strings.ContainsRune(l.Name, '\u202e') {
			t.Errorf("kept: %q %q", l.URL, l.Name)
		}
		if l.Endpoint == "" {
			continue
		}
		e, err := r.Endpoint(t.Context(), l.Endpoint)
		if err != nil {
			t.Fatal(err)
		}
		want, ok := odd[l.URL]
		if !ok && !strings.Contains(l.URL, "other-corp") {
			t.Errorf("%s was not listed", l.URL)
		}
		if ok && e.Kind != want {
			t.Errorf("%s is %s, want %s", l.URL, e.Kind, want)
		}
		if (e.Kind == uptime.EndpointRemote) != (e.Probe != "") {
			t.Errorf("%s, which is %s, is probed at %q", l.URL, e.Kind, e.Probe)
		}
	}
}

// TestBadListings: a file that cannot be read is refused with its reason.
func TestBadListings(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "must name the columns",
		"name,url\na,b\n":                 "there is no column registry",
		"name,registry,url\na,b\n":        "wrong number of fields",
		"name,registry,url\na,<b>,c\n":    "row 2: a registry has a name",
		"name,registry,url\n\"a,b,c\n":    "quote",
		"name,registry,url\n" + `a,b"c,d`: "quote",
	} {
		name := filepath.Join(t.TempDir(), "bad.csv")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := app.OpenRegistries(t.Context(), app.RegistriesOptions{File: &config.File{Data: filepath.Join(t.TempDir(), "d")}, Create: true, From: name})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestOptout: what an owner does not want is not looked at, and that is kept.
func TestOptout(t *testing.T) {
	_, f := served(t, t.TempDir(), fake.Generate(20)...)
	r := openRegistries(t, app.RegistriesOptions{File: f, Create: true})
	if _, err := r.Crawl(t.Context(), []string{"official"}, false); err != nil {
		t.Fatal(err)
	}
	page, _, _, err := r.Search(t.Context(), uptime.ListingQuery{Limit: 1000, Kind: uptime.EndpointRemote})
	if err != nil || len(page) == 0 {
		t.Fatal(page, err)
	}
	key := page[0].Endpoint
	for _, out := range []bool{true, false} {
		if err := r.Optout(t.Context(), key, out, "ann", "asked by mail"); err != nil {
			t.Fatal(err)
		}
		if e, err := r.Endpoint(t.Context(), key); err != nil || e.Optout != out {
			t.Errorf("opted out %v: %+v, %v", out, e, err)
		}
	}
	if err := r.Optout(t.Context(), "ep_none", true, "ann", "x"); err == nil {
		t.Error("an endpoint that nobody lists opted out")
	}
	counts, err := r.Counts(t.Context())
	if err != nil || !slices.ContainsFunc(counts, func(c uptime.EndpointCount) bool { return c.Kind == uptime.EndpointTemplated }) {
		t.Errorf("counted %v, %v", counts, err)
	}
}

// TestRealListings: what the official registry listed on 18 December 2025 (CC0) is
// read, and is served or not as it should be.
func TestRealListings(t *testing.T) {
	_, f := served(t, t.TempDir())
	r := openRegistries(t, app.RegistriesOptions{File: f, Create: true, From: "../endpoint/testdata/official.csv"})
	if crawls, err := r.Crawl(t.Context(), nil, false); err != nil || len(crawls) != 1 || crawls[0].State != uptime.CrawlDone {
		t.Fatal(crawls, err)
	}
	counts, err := r.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[uptime.EndpointKind]int{}
	for _, c := range counts {
		got[c.Kind] += c.Endpoints
	}
	if diff := cmp.Diff(map[uptime.EndpointKind]int{uptime.EndpointRemote: 634, uptime.EndpointTemplated: 1}, got); diff != "" {
		t.Error(diff)
	}
}
