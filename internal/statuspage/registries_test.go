package statuspage_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/findings"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/statuspage/registrytest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// registries is a site with a story of registries and reports.
type registries struct {
	*alarms // for what it says
	story   *registrytest.Story
}

func withRegistries(t *testing.T, change ...func(*statuspage.Options)) *registries {
	t.Helper()
	b := boardtest.New(storyTime())
	row, _ := b.Row(boardtest.Tenant, "weather")
	story, err := registrytest.New(t.Context(), t.TempDir(), boardtest.Tenant, row.Server, storyTime())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = story.Close() })
	opt := statuspage.Options{
		Tenant: boardtest.Tenant, Source: b, Now: storyTime, Registries: story, Findings: compared(t, story, b), Reports: story.Shelf,
		Operator: statuspage.Operator{Name: "Test", Contact: "mailto:ops@example.com"},
	}
	for _, c := range change {
		c(&opt)
	}
	s, err := statuspage.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return &registries{&alarms{browser: &browser{t: t, h: s.Handler(), site: "same-origin"}, now: storyTime()}, story}
}

// compared serves more of the story, so that each finding is there.
func compared(t *testing.T, story *registrytest.Story, b *boardtest.Board) *findings.Index {
	t.Helper()
	redirects := map[uptime.ServerID]uptime.Redirect{}
	weather, _ := b.Row(boardtest.Tenant, "weather")
	calendar, _ := b.Row(boardtest.Tenant, "calendar")
	twin := *calendar
	twin.ToolsHash = weather.ToolsHash
	b.Push(&twin)
	for what, slug := range map[string]string{registrytest.Old: "docs-search", registrytest.Tool: "payments-ledger", registrytest.Copy: "calendar"} {
		row, ok := b.Row(boardtest.Tenant, slug)
		if !ok {
			t.Fatalf("there is no server %s", slug)
		}
		if err := story.Serve(t.Context(), what, row.Server); err != nil {
			t.Fatal(err)
		}
		redirects[row.Server] = map[string]uptime.Redirect{
			registrytest.Old:  {To: "https://mcp.weather.test.dev/mcp?token=abc", Permanent: true},
			registrytest.Tool: {To: "http://169.254.169.254/latest", Permanent: true, Refused: true},
			registrytest.Copy: {To: "https://tool30.tools.run/mcp/", Permanent: true},
		}[what]
	}
	x, err := story.Compare(t.Context(), b, redirects)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func emptyRegistries(t *testing.T) *registries {
	t.Helper()
	story, err := registrytest.Empty(t.Context(), t.TempDir(), storyTime())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = story.Close() })
	empty, err := story.Compare(t.Context(), boardtest.Empty(storyTime()), nil)
	if err != nil {
		t.Fatal(err)
	}
	return withRegistries(t, func(o *statuspage.Options) {
		o.Registries, o.Findings, o.Reports = story, empty, story.Shelf
	})
}

func (r *registries) endpoint(what string) string { return "/endpoints/" + string(r.story.Keys[what]) }

func TestRegistriesSayHowTheyWereRead(t *testing.T) {
	r := withRegistries(t)
	body := r.says("/registries",
		"3 registries list 113 different endpoints in 115 listings.",
		"Official MCP Registry Read 23 min ago", "open to anyone", "5 records were refused: 3 × it has no name, 2 × it is too long",
		"Glama Held back", "It lists 60 addresses, and had 240 before: more than a tenth is missing. What was known before stays.", "with a key",
		"Docker MCP Catalog Failed", "Page 3 answered 503 Service Unavailable four times.",
		"PulseMCP Not crawled", "It is not read: no API key and tenant. What it lists is not known.",
		"Remote 107", "Templated 2", "Placeholder 1", "Local 2", "Junk 1", "mcpgate.dev 30",
		"Part of the data comes from the Official MCP Registry, under CC0 1.0. It does not endorse this site.", "Part of the data comes from Glama.",
	)
	// What is not crawled is not empty.
	_, pulse, _ := strings.Cut(body, `id="source-pulsemcp"`)
	pulse, _, _ = strings.Cut(pulse, "</li>")
	if strings.Contains(pulse, ">0<") || strings.Count(pulse, "not known") != 4 || strings.Contains(pulse, "search?source") {
		t.Errorf("a registry that is not read is shown as %s", pulse)
	}
	if !strings.Contains(body, `<a href="https://glama.ai/mcp/connectors">`) {
		t.Error("search engines may not follow to Glama")
	}
}

func TestNothingWasReadYet(t *testing.T) {
	r := emptyRegistries(t)
	r.says("/registries", "No registry was read yet.")
	r.says("/registries/search", "No registry was read yet")
	r.says("/registries/search?q=weather", "No registry was read yet")
	r.says("/reports", "No audit was run yet", "alivemcp audit run")
}

func TestNavigationHasRegistriesOnlyWhenTheyAreRead(t *testing.T) {
	if body := withRegistries(t).says("/"); !strings.Contains(body, `href="/registries"`) || !strings.Contains(body, `href="/reports"`) {
		t.Error("the navigation lacks registries and reports")
	}
	h := dashSite(t, boardtest.New(storyTime()))
	if body := dashGet(h, "/").Body.String(); strings.Contains(body, "/registries") || strings.Contains(body, "/reports") {
		t.Error("the navigation leads to what is not there")
	}
	for _, path := range []string{"/registries", "/registries/search", "/endpoints/ep_1", "/reports", "/reports/2026-q1"} {
		if w := dashGet(h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestSearchFindsListings(t *testing.T) {
	r := withRegistries(t)
	for query, want := range map[string][]string{
		"q=weather":                        {"1 to 3 of 3 listings", "https://mcp.weather.test.dev/mcp", "Forecasts and warnings", "Docker MCP Catalog"},
		"q=dev.test/old":                   {"deprecated", "“Use dev.test/weather instead”", "Remote"},
		"kind=local":                       {"1 to 2 of 2 listings", "it is the reader's own machine", "http://169.254.169.254/latest/meta-data"},
		"kind=placeholder":                 {"its host is an example"},
		"kind=templated&q=keyed":           {"it holds what looks like somebody's key"},
		"source=glama":                     {"1 to 2 of 2 listings", "Part of the data comes from Glama"},
		"source=docker&q=lead":             {"a lead without an address", "the record names no address"},
		"q=gone.test.dev":                  {"Nothing like this is listed", "Those that are gone were not looked at."},
		"q=gone.test.dev&gone=yes":         {"gone since"},
		"source=pulsemcp":                  {"PulseMCP is not crawled", "It is not read: no API key and tenant."},
		"platform=mcpgate.dev":             {"On mcpgate.dev alone.", "of 30 listings"},
		"q=locked&source=official":         {"not probed: its owner does not want it"},
		"q=nothing+has+this+name&gone=yes": {"Nothing like this is listed"},
	} {
		body := r.says("/registries/search?"+query, want...)
		if strings.Contains(body, "ghp_") {
			t.Errorf("%s: a secret is shown", query)
		}
	}
	for _, bad := range []string{"kind=nice", "source=nobody", "after=nowhere", "q=" + strings.Repeat("a", 101), "after=" + strings.Repeat("1~", 9000), "platform=" + strings.Repeat("p", 300)} {
		if w := r.do(http.MethodGet, "/registries/search?"+bad, nil); w.Code != http.StatusBadRequest {
			t.Errorf("%.40s: %d", bad, w.Code)
		}
	}
}

func TestSearchIsPagedBothWays(t *testing.T) {
	r := withRegistries(t)
	next, prev := regexp.MustCompile(`rel="next" href="([^"]+)"`), regexp.MustCompile(`rel="prev" href="([^"]+)"`)
	path := "/registries/search?q=tool"
	var walked []string
	for len(walked) < 10 {
		walked = append(walked, path)
		m := next.FindStringSubmatch(r.says(path, "of 100 listings"))
		if m == nil {
			break
		}
		path = strings.ReplaceAll(m[1], "&amp;", "&")
	}
	if len(walked) != 2 {
		t.Fatalf("a hundred listings are on %v", walked)
	}
	body := r.says(walked[1], "51 to 100 of 100 listings", "io.github.someone/tool-099")
	m := prev.FindStringSubmatch(body)
	if m == nil || strings.ReplaceAll(m[1], "&amp;", "&") != walked[0] {
		t.Errorf("back leads to %v", m)
	}
	u, _ := url.Parse(walked[1])
	if u.Query().Get("q") != "tool" {
		t.Errorf("the second page is of %s", walked[1])
	}
}

func TestFilteredPagesAreNotIndexed(t *testing.T) {
	r := withRegistries(t)
	for path, want := range map[string]string{
		"/registries": "", "/registries/search": "", "/registries/search?q=a": "noindex", "/reports": "",
		r.endpoint(registrytest.Weather): "", r.endpoint(registrytest.Hostile): "noindex", r.endpoint(registrytest.Locked): "noindex", r.endpoint(registrytest.Gone): "noindex",
	} {
		if got := r.do(http.MethodGet, path, nil).Header().Get("X-Robots-Tag"); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestHostileListingsAreInert(t *testing.T) {
	r := withRegistries(t)
	for _, path := range []string{"/registries/search?q=dev.test", "/registries/search?kind=junk", r.endpoint(registrytest.Hostile)} {
		body := r.says(path, "<script>alert(1)</script>", `javascript:alert("<script>x</script>")`)
		for _, bad := range []string{"<script>alert", "<img src=x", "<b>9", "<i>sse", `href="javascript:`, "\u202e"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %q", path, bad)
			}
		}
	}
	body := r.says("/registries/search?q=dev.test", "⟨U+202E⟩gnp.exe", "mixed letters")
	for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if !strings.HasPrefix(m[1], "/") && m[1] != "#main" && !strings.HasPrefix(m[1], "https://glama.ai/") && m[1] != "https://registry.modelcontextprotocol.io" &&
			!strings.HasPrefix(m[1], "https://hub.docker.com/") && m[1] != "mailto:ops@example.com" {
			t.Errorf("a listing links to %s", m[1])
		}
	}
}

func TestGlamaIsLinkedAsItAsks(t *testing.T) {
	r := withRegistries(t)
	body := r.says("/registries/search?q=weather")
	for link, rel := range map[string]bool{"https://glama.ai/mcp/connectors/test-dev/weather": false, "https://hub.docker.com/mcp/server/weather/overview": true} {
		m := regexp.MustCompile(`<a href="` + regexp.QuoteMeta(link) + `"([^>]*)>`).FindStringSubmatch(body)
		if m == nil || strings.Contains(m[1], "nofollow") != rel {
			t.Errorf("%s is linked as %q", link, m)
		}
	}
}

func TestEndpointShowsAllRegistriesBesideTheServer(t *testing.T) {
	r := withRegistries(t)
	body := r.says(r.endpoint(registrytest.Weather), "https://mcp.weather.test.dev/mcp", "Operational", "The server itself live 1.8.2", "Official MCP Registry dev.test/weather",
		"Docker MCP Catalog", "what the server itself says differently", "That versions differ is no fault", "1 listing names this address with HTTP+SSE", "Listed for the first time at Official MCP Registry",
		"dev.test/weather, version 1.1.0", "To end that, write to us", "100 %")
	if !strings.Contains(body, `<span class="differs">1.4.0</span>`) || strings.Contains(body, `<span class="differs">streamable-http`) {
		t.Error("not what differs is marked")
	}
	if !strings.Contains(body, `href="/status/weather"`) {
		t.Error("its status page is not linked")
	}
}

// TestFindings: what does not agree is counted, filtered and paged, and is the same on
// the page of the endpoint and on that of the server.
func TestFindings(t *testing.T) {
	r := withRegistries(t)
	r.says("/registries", "4 of 4 listed servers that we look at are not, or not everywhere, as listed.", "Has moved to another address 1", "All that does not agree")
	r.says("/registries/findings", "1 to 4 of 4 endpoints", "Redirects to where nobody is sent 1", "Open, although a sign-in is listed 0", "That was refused: nobody was contacted there.",
		"Listings disagree on the transport", "HTTP+SSE (Glama)", "It speaks Streamable HTTP; listed is HTTP+SSE (Official MCP Registry).", "is listed as deprecated", "byte for byte, that of io.github.someone/tool-030", "Part of the data comes from Glama")
	for query, want := range map[string][]string{
		"finding=redirects_elsewhere":              {"1 to 1 of 1 endpoint", "dev.test/old", "It sends its clients to https://mcp.weather.test.dev/mcp for good"},
		"finding=listings_disagree&source=glama":   {"1 to 1 of 1 endpoint", "dev.test/weather"},
		"finding=delisted_alive":                   {"Nothing like this was found", "“Taken off a registry, and alive” holds for no endpoint"},
		"q=mcp.weather.test.dev":                   {"1 to 2 of 2 endpoints"}, // by its alias, too
		"q=nothing+has+this":                       {"Nothing like this was found", "All 0"},
		"page=7":                                   {"The list is not that long", "Back"},
		"finding=shared_catalogue&source=official": {"Shows the tools of other names 2", "1 to 2 of 2 endpoints"},
	} {
		body := r.says("/registries/findings?"+query, want...)
		if query == "finding=redirects_elsewhere" && strings.Contains(body, "listed is 1.0.0") {
			t.Error("another finding than the one that was asked for is shown")
		}
	}
	if w := r.do(http.MethodGet, "/registries/findings?q=test&page=7", nil); !strings.Contains(w.Body.String(), `<a href="/registries/findings?q=test">Back</a>`) {
		t.Error("from beyond the end one is led to where there is nothing either")
	}
	for _, bad := range []string{"finding=nice", "source=nobody", "page=0", "page=x", "q=" + strings.Repeat("a", 101)} {
		if w := r.do(http.MethodGet, "/registries/findings?"+bad, nil); w.Code != http.StatusBadRequest {
			t.Errorf("%.40s: %d", bad, w.Code)
		}
	}
	body := r.says(r.endpoint(registrytest.Old), "It has moved to https://mcp.weather.test.dev/mcp", "noted as another name, and is judged by itself")
	if !strings.Contains(body, `<a href="`+r.endpoint(registrytest.Weather)+`"><code>`) || strings.Contains(body, "token=abc") {
		t.Error("the endpoint that it has moved to is not linked, or a secret is shown")
	}
	r.says(r.endpoint(registrytest.Tool), "Redirects to where nobody is sent")
	r.says("/status/weather", "Listed at Docker MCP Catalog, Glama, Official MCP Registry.", "It says that it is version 1.8.2; listed is 1.4.0", "Who lists it, side by side")
	if body := r.says("/status/crm-contacts"); strings.Contains(body, "h-listed") {
		t.Error("what nobody lists has a section about registries")
	}
}

func TestNothingToCompare(t *testing.T) {
	r := emptyRegistries(t)
	r.says("/registries/findings", "Nothing to compare with", "none of these is")
	unready := withRegistries(t, func(o *statuspage.Options) { o.Findings = findings.New(findings.Options{}) })
	unready.says("/registries/findings", "Not compared yet")
	unready.says("/registries", "What is listed is being compared with what is live.")
}

func TestEndpointsOfAllKinds(t *testing.T) {
	r := withRegistries(t, func(o *statuspage.Options) { o.OptoutPath = "/.well-known/not-me" })
	for what, want := range map[string][]string{
		registrytest.Locked:    {"Not probed: its owner does not want it.", "Its owner opted out", "announced by a listing", "Glama"},
		registrytest.Templated: {"Templated, never probed: it has variables that only a customer can fill in."},
		registrytest.Local:     {"Local, never probed: it is the reader's own machine."},
		registrytest.Gone:      {"Gone: no registry lists it any more", "No registry lists it now.", "1 listing that went away", "Not listed any more"},
		registrytest.Weather:   {"https://mcp.weather.test.dev/.well-known/not-me"},
	} {
		r.says(r.endpoint(what), want...)
	}
	for _, path := range []string{"/endpoints/ep_00000000000000000000", "/endpoints/" + strings.Repeat("e", 300)} {
		if w := r.do(http.MethodGet, path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%.40s: %d", path, w.Code)
		}
	}
}
