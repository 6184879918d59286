package registry_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const glamaFirst = `{"connectors":[
	{"id":"c1","name":"Acme Search","namespace":"acme","slug":"search","url":"https://glama.ai/mcp/connectors/acme/search","description":"Finds.",
	 "attributes":["hosting:remote-capable"],"repository":{"url":"https://github.com/acme/search"},"toolCount":4,"healthy":true,"deprecatedAt":null,
	 "connection":{"url":"https://mcp.acme.dev/mcp","transport":"streamable-http","authType":"oauth2"}},
	{"id":"c2","name":"Old","namespace":"acme","slug":"old","url":"https://glama.ai/mcp/connectors/acme/old","repository":null,"deprecatedAt":"2026-05-06T07:08:09Z",
	 "connection":{"url":"https://old.acme.dev/sse","transport":"sse","authType":"none"}},
	{"id":3}
],"pageInfo":{"endCursor":"eyJpZCI6MX0=","hasNextPage":true}}`

const glamaSecond = `{"connectors":[
	{"id":"c4","name":"Key","namespace":"b","slug":"key","url":"https://glama.ai/mcp/connectors/b/key","connection":{"url":"https://b.dev/mcp","transport":"streamable-http","authType":"api_key"}}
],"pageInfo":{"endCursor":"eyJpZCI6Mn0=","hasNextPage":false}}`

func withKey(c *registry.Config) { c.GlamaKey, c.SmitheryKey = "the-key", "the-key" }

func TestGlama(t *testing.T) {
	auth := ""
	h := site{
		"/v1/connectors?first=100": http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			auth = req.Header.Get("Authorization")
			_, _ = w.Write([]byte(glamaFirst))
		}),
		"/v1/connectors?after=eyJpZCI6MX0%3D&first=100": glamaSecond,
	}
	s := of(t, uptime.SourceGlama, withKey)
	pages, got, err := all(t.Context(), s, direct(h), time.Time{})
	if err != nil || len(pages) != 2 || pages[0].Records != 3 || pages[0].Refused["not readable"] != 1 || auth != "Bearer the-key" {
		t.Fatalf("the pages are %+v with %q, %v", pages, auth, err)
	}
	want := []uptime.Listing{
		{
			Key: "c1", Name: "acme/search", Title: "Acme Search", Description: "Finds.", Page: "https://glama.ai/mcp/connectors/acme/search",
			Code: "https://github.com/acme/search", URL: "https://mcp.acme.dev/mcp", Transport: "streamable-http", Access: uptime.AccessWalled,
		},
		{
			Key: "c2", Name: "acme/old", Title: "Old", Page: "https://glama.ai/mcp/connectors/acme/old", URL: "https://old.acme.dev/sse", Transport: "sse",
			Access: uptime.AccessOpen, Status: uptime.ListingDeprecated,
		},
		{
			Key: "c4", Name: "b/key", Title: "Key", Page: "https://glama.ai/mcp/connectors/b/key", URL: "https://b.dev/mcp", Transport: "streamable-http",
			Access: uptime.AccessCustom,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the listings differ (-want +got):\n%s", diff)
	}
	for words, answer := range map[string]string{
		"leads back":         glamaFirst,
		"but not where":      `{"connectors":[],"pageInfo":{"endCursor":"","hasNextPage":true}}`,
		"answered 404":       "",
		"broke off":          glamaFirst[:200],
		"not the JSON":       `[]`,
		"page 2: its answer": `{"connectors":7}`,
	} {
		h["/v1/connectors?after=eyJpZCI6MX0%3D&first=100"] = answer
		if answer == "" {
			delete(h, "/v1/connectors?after=eyJpZCI6MX0%3D&first=100")
		}
		_, _, err := all(t.Context(), s, direct(h), time.Time{})
		wantError(t, "the second page", err, words)
	}
}

// smitherySite has pages of a list, and details.
func smitherySite(pages map[string]string) *count {
	s := site{}
	for n, records := range pages {
		s["/servers?page="+n+"&pageSize=100&seed=1"] = fmt.Sprintf(`{"servers":[%s],"pagination":{"currentPage":%s,"pageSize":100,"totalPages":%d,"totalCount":9}}`, records, n, len(pages))
	}
	s["/servers/@acme%2Fone"] = `{"deploymentUrl":"https://one--acme.run.tools","connections":[{"type":"http","deploymentUrl":"https://one--acme.run.tools","configSchema":{}},
		{"type":"stdio","bundleUrl":"https://bundle.dev"},{"type":"http","deploymentUrl":"https://server.smithery.ai/@acme/one/mcp"}],"tools":[],"security":{"scanPassed":true}}`
	s["/servers/two"] = `{"deploymentUrl":null,"connections":[]}`
	s["/servers/odd"] = `{"deploymentUrl":7}`
	return counting(s)
}

const smitheryList = `{"qualifiedName":"@acme/one","displayName":"One","description":"First","remote":true,"isDeployed":true,"createdAt":"2026-02-03T04:05:06.789Z","homepage":"https://github.com/acme/one","useCount":3},
	{"qualifiedName":"two","remote":null,"homepage":"https://two.dev"},{"qualifiedName":"gone","remote":true},{"qualifiedName":"local","remote":false},{"qualifiedName":"hidden","unlisted":true},
	{"qualifiedName":"off","isDeployed":false,"inactive":true},{"qualifiedName":"odd"}`

func TestSmithery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := smitherySite(map[string]string{"1": smitheryList, "2": `{"qualifiedName":"two"},{"qualifiedName":"three","remote":false}`})
		s := of(t, uptime.SourceSmithery, withKey, func(c *registry.Config) { c.Cache = registry.NewDir(t.TempDir()) })
		pages, got, err := all(t.Context(), s, direct(h), time.Time{})
		if err != nil || len(pages) != 2 || pages[0].Records != 7 || pages[0].Refused["not readable"] != 1 || len(pages[0].Fetched) != 4 {
			t.Fatalf("the pages are %+v, %v", pages, err)
		}
		one := uptime.Listing{
			Key: "@acme/one", Name: "@acme/one", Title: "One", Description: "First", URL: "https://one--acme.run.tools", Transport: "http", Access: uptime.AccessCustom,
			Page: "https://smithery.ai/servers/@acme/one", Code: "https://github.com/acme/one", Published: time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC),
		}
		if diff := cmp.Diff(one, got[0]); diff != "" {
			t.Errorf("the first listing differs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"https://one--acme.run.tools", "https://server.smithery.ai/@acme/one/mcp", "", "", "", "", "", ""}, urls(got)); diff != "" {
			t.Errorf("the addresses differ (-want +got):\n%s", diff)
		}
		if got[2].Key != "two" || got[2].Code != "" {
			t.Errorf("a home page is taken for code: %+v", got[2])
		}
		if got[5].Status != uptime.ListingDeprecated || got[5].Key != "off" {
			t.Errorf("what is off is %+v", got[5])
		}
		details := func() int { return h.all() - h.n["/servers"] }
		if details() != 4 {
			t.Errorf("%d details were read, want 4", details())
		}
		again := func(after time.Duration, want int) {
			t.Helper()
			time.Sleep(after)
			if _, list, err := all(t.Context(), s, direct(h), time.Time{}); err != nil || len(list) != len(got) || details() != want {
				t.Errorf("after %s it has %d listings, and has read %d details, %v; want %d and %d", after, len(list), details(), err, len(got), want)
			}
		}
		again(6*24*time.Hour, 4)
		again(2*24*time.Hour, 8)
	})
}

// TestSmitheryMany checks that only so many details are read in one crawl, and that
// what is known stays known.
func TestSmitheryMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var records []string
		for i := range 2050 {
			records = append(records, fmt.Sprintf(`{"qualifiedName":"s%d"}`, i))
		}
		h := smitherySite(map[string]string{"1": strings.Join(records, ",")})
		for i := range records {
			h.Handler.(site)[fmt.Sprintf("/servers/s%d", i)] = fmt.Sprintf(`{"deploymentUrl":"https://s%d.run.tools"}`, i)
		}
		s := of(t, uptime.SourceSmithery, withKey, func(c *registry.Config) { c.Cache = registry.NewDir(t.TempDir()) })
		for i, want := range []int{2000, 2050, 2050, 2050} {
			pages, got, err := all(t.Context(), s, direct(h), time.Time{})
			addresses := 0
			for _, l := range got {
				if l.URL != "" {
					addresses++
				}
			}
			if err != nil || addresses != want || pages[0].Refused["not looked at yet"] != 2050-want {
				t.Errorf("crawl %d has %d addresses, %v, %v; want %d", i, addresses, pages[0].Refused, err, want)
			}
			if i == 1 {
				time.Sleep(8 * 24 * time.Hour)
			}
		}
		for name, pages := range map[string]map[string]string{"page 1 of 2 is empty": {"1": "", "2": ""}, "page 2: it answered 404": nil} {
			h := smitherySite(pages)
			if pages == nil {
				h.Handler.(site)["/servers?page=1&pageSize=100&seed=1"] = `{"servers":[{"remote":false,"qualifiedName":"x"}],"pagination":{"totalPages":2}}`
			}
			_, _, err := all(t.Context(), s, direct(h), time.Time{})
			wantError(t, "a list that breaks off", err, name)
		}
	})
}

const dockerCatalog = `version: 3
name: docker-mcp
displayName: Docker MCP Catalog
registry:
  SQLite:
    description: "A database: in a container"
    title: SQLite
    type: server
    image: mcp/sqlite@sha256:1
    tools:
      - name: read_query
  # hosted elsewhere
  context7:
    title: Context7
    type: remote
    description: |
      Library docs.
        registry:
      More & more.
    remote:
      transport_type: streamable-http
      url: https://mcp.context7.com/mcp
      headers:
        X-Plain: one
        CONTEXT7_API_KEY: ${CONTEXT7_API_KEY}
    source: https://github.com/upstash/context7

  linear:
    remote: {transport_type: sse, url: "https://mcp.linear.app/sse"}
    oauth:
      providers:
        - provider: linear
  bomb:
    title: &a [x, x]
    description: [*a, *a]
  wrong:
    title: [unclosed
  flat: 7
footer:
  not-a-server: {}
`

func TestDocker(t *testing.T) {
	h := site{"/": dockerCatalog}
	s := of(t, uptime.SourceDocker)
	pages, got, err := all(t.Context(), s, direct(h), time.Time{})
	if err != nil || len(pages) != 1 || pages[0].Records != 6 || pages[0].Refused["not readable"] != 3 {
		t.Fatalf("the pages are %+v, %v", pages, err)
	}
	want := []uptime.Listing{
		{Key: "SQLite", Name: "SQLite", Title: "SQLite", Description: "A database: in a container", Page: "https://hub.docker.com/mcp/server/SQLite/overview"},
		{
			Key: "context7", Name: "context7", Title: "Context7", Description: "Library docs.\n  registry:\nMore & more.\n", URL: "https://mcp.context7.com/mcp",
			Transport: "streamable-http", Page: "https://hub.docker.com/mcp/server/context7/overview", Code: "https://github.com/upstash/context7",
			Headers: []uptime.ListedHeader{{Name: "CONTEXT7_API_KEY", Required: true, Secret: true}, {Name: "X-Plain", Required: true}},
		},
		{
			Key: "linear", Name: "linear", URL: "https://mcp.linear.app/sse", Transport: "sse", Access: uptime.AccessWalled,
			Page: "https://hub.docker.com/mcp/server/linear/overview",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the listings differ (-want +got):\n%s", diff)
	}
	for name, catalog := range map[string]string{
		"empty": "", "another file": "<html>", "no entries": "registry:\nother: 1\n", "flat": "registry:\nx:\n y: 1\n",
	} {
		h["/"] = catalog
		_, _, err := all(t.Context(), s, direct(h), time.Time{})
		wantError(t, name, err, "has 0 entries")
	}
	h["/"] = "registry:\n  deep:\n    title: " + strings.Repeat("[", 60_000) + "\n  long:\n    title: " + strings.Repeat("x", 70_000) + "\n  ok:\r\n    title: Fine\r\n"
	if pages, got, err := all(t.Context(), s, direct(h), time.Time{}); err != nil || len(got) != 1 || got[0].Title != "Fine" || pages[0].Records != 3 {
		t.Errorf("beside an entry that is nested or long there is %+v, %v", got, err)
	}
}

const clineCatalog = `{"version":1,"entries":[
	{"id":"atlassian","type":"mcp","name":"Atlassian","description":"Jira","repo":"https://github.com/atlassian/mcp",
	 "install":{"args":["atlassian","--transport","http","https://mcp.atlassian.com/v1/mcp","--header","Authorization: Bearer ${TOKEN}"]}},
	{"id":"files","type":"mcp","name":"Files","install":{"args":["files","--transport","stdio","--","npx","files"]}},
	{"id":"rules","type":"skill","install":{"args":["https://skill.dev"]}},
	{"id":"odd","type":"mcp","install":{"args":"https://odd.dev"}}
]}`

func TestCline(t *testing.T) {
	h := site{"/": clineCatalog}
	s := of(t, uptime.SourceCline)
	pages, got, err := all(t.Context(), s, direct(h), time.Time{})
	if err != nil || pages[0].Records != 3 || pages[0].Refused["not readable"] != 1 {
		t.Fatalf("the pages are %+v, %v", pages, err)
	}
	want := []uptime.Listing{
		{
			Key: "atlassian", Name: "atlassian", Title: "Atlassian", Description: "Jira", Code: "https://github.com/atlassian/mcp",
			URL: "https://mcp.atlassian.com/v1/mcp", Transport: "http", Headers: []uptime.ListedHeader{{Name: "Authorization", Required: true, Secret: true}},
		},
		{Key: "files", Name: "files", Title: "Files"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the listings differ (-want +got):\n%s", diff)
	}
	h["/"] = `{"items":[]}`
	_, _, err = all(t.Context(), s, direct(h), time.Time{})
	wantError(t, "another file", err, "not the JSON")
}

func TestToolSDK(t *testing.T) {
	h := counting(site{
		"/indexes/packages-list.json": `{"zeta":{"path":"a/zeta.json","validated":true},"alpha":{"path":"b/alpha.json"},"up":{"path":"../../secret.json"},"none":{},"gone":{"path":"b/gone.json"},
			"odd":{"path":"b/odd.json"}}`,
		"/packages/a/zeta.json": `{"type":"mcp-server","name":"Zeta","description":"Z","url":"https://github.com/z/zeta",
			"remotes":[{"type":"streamable-http","url":"https://zeta.dev/mcp"},{"type":"sse","url":"https://zeta.dev/sse"}]}`,
		"/packages/b/alpha.json": `{"type":"mcp-server","name":"Alpha","runtime":"node"}`,
		"/packages/b/odd.json":   `nothing`,
	})
	s := of(t, uptime.SourceToolSDK, func(c *registry.Config) { c.Cache = registry.NewDir(t.TempDir()) })
	for range 2 {
		pages, got, err := all(t.Context(), s, direct(h), time.Time{})
		if err != nil || len(pages) != 1 || pages[0].Records != 6 {
			t.Fatalf("the pages are %+v, %v", pages, err)
		}
		if diff := cmp.Diff(map[string]int{"without a file": 2, "not readable": 1}, pages[0].Refused); diff != "" {
			t.Errorf("what is refused differs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"", "", "", "https://zeta.dev/mcp", "https://zeta.dev/sse"}, urls(got)); diff != "" {
			t.Errorf("the addresses differ (-want +got):\n%s", diff)
		}
		want := uptime.Listing{Key: "zeta", Name: "zeta", Title: "Zeta", Description: "Z", Code: "https://github.com/z/zeta", URL: "https://zeta.dev/sse", Transport: "sse"}
		if diff := cmp.Diff(want, got[4]); diff != "" {
			t.Errorf("the last listing differs (-want +got):\n%s", diff)
		}
	}
	if n := h.n["/packages/b/alpha.json"]; n != 1 || h.all() != 6 {
		t.Errorf("a file was read %d times, and %d requests were made, want 1 and 6", n, h.all())
	}
	h.Handler.(site)["/indexes/packages-list.json"] = `[]`
	_, _, err := all(t.Context(), s, direct(h), time.Time{})
	wantError(t, "another index", err, "not the JSON")
}
