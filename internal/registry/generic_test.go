package registry_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// recorded are the records of answers of the official registry.
func recorded(t *testing.T, files ...string) (out []fake.Record) {
	t.Helper()
	for _, name := range files {
		raw, err := os.ReadFile("fake/testdata/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		_, body, ok := bytes.Cut(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
		if !ok {
			t.Fatalf("%s has no body", name)
		}
		records, err := fake.Read(body)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, records...)
	}
	return out
}

// TestOfficial reads recorded records as listings.
func TestOfficial(t *testing.T) {
	r := fake.New(recorded(t, "01-list-v0.1-limit2", "09-search", "30-publish")...)
	s := of(t, uptime.SourceOfficial)
	if access, missing := s.Access(); access != "open" || missing != "" || !s.Incremental() {
		t.Errorf("it is read %q without %q", access, missing)
	}
	pages, got, err := all(t.Context(), s, direct(r), time.Time{})
	if err != nil || len(pages) != 1 || pages[0].Records != 5 || len(pages[0].Refused) != 0 {
		t.Fatalf("the pages are %+v, %v", pages, err)
	}
	at := func(s string) time.Time {
		d, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	key := []uptime.ListedHeader{{Name: "Authorization", Required: true, Secret: true}}
	want := []uptime.Listing{
		{
			Key: "ai.aliengiraffe/spotdb", Name: "ai.aliengiraffe/spotdb", Version: "0.1.0", Status: uptime.ListingActive,
			Description: "Ephemeral data sandbox for AI workflows with guardrails and security", Code: "https://github.com/aliengiraffe/spotdb",
			Page:      "https://registry.modelcontextprotocol.io/v0.1/servers/ai.aliengiraffe%2Fspotdb/versions/latest",
			Published: at("2026-11-22T06:31:42.280598Z"), Updated: at("2026-11-22T06:31:42.280598Z"),
		},
		{
			Key: "ai.cirra/salesforce-mcp", Name: "ai.cirra/salesforce-mcp", Title: "Cirra AI Salesforce Admin MCP Server", Version: "1.0.0", Status: uptime.ListingActive,
			Description: "Comprehensive Salesforce administration and data management capabilities", Code: "https://github.com/cirra-ai/mcp-server",
			URL: "https://mcp.cirra.ai/sfdc/mcp", Transport: "streamable-http",
			Page:      "https://registry.modelcontextprotocol.io/v0.1/servers/ai.cirra%2Fsalesforce-mcp/versions/latest",
			Published: at("2026-11-22T06:31:47.524454Z"), Updated: at("2026-11-22T06:31:47.524454Z"),
		},
	}
	if diff := cmp.Diff(want, got[:2]); diff != "" {
		t.Errorf("the listings differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"", "https://mcp.cirra.ai/sfdc/mcp", "https://server.smithery.ai/@Hint-Services/obsidian-github-mcp/mcp",
		"https://server.smithery.ai/@saidsef/mcp-github-pr-issue-analyser/mcp",
		"https://{tenant_id}.fixture.example.com/mcp", "https://fixture.example.com/sse",
	}, urls(got)); diff != "" {
		t.Errorf("the addresses differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(key, got[2].Headers); diff != "" {
		t.Errorf("the headers differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/v0.1/servers?limit=100&version=latest"}, r.Asked()); diff != "" {
		t.Errorf("it was asked otherwise (-want +got):\n%s", diff)
	}
}

// TestChanges reads what changed: new versions, and what was deprecated or deleted.
func TestChanges(t *testing.T) {
	r := fake.New(fake.Generate(10)...)
	at := fake.Epoch().Add(time.Hour)
	second := fake.One("a.b/two", "https://two.dev/mcp", at)
	second.Version = "2.0.0"
	r.Publish(fake.One("a.b/two", "https://one.dev/mcp", at))
	r.Publish(second)
	r.SetStatus("io.github.owner-0000/server-00004", "deleted", "", at)
	r.SetStatus("io.github.owner-0001/server-00008", "deprecated", "moved\nto two", at)
	_, got, err := all(t.Context(), of(t, uptime.SourceOfficial), direct(r), at.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for _, l := range got {
		seen = append(seen, strings.Join([]string{l.Name, string(l.Status), l.URL, l.Note}, " "))
	}
	want := []string{
		"a.b/two active https://two.dev/mcp ", // not the first version, which changed, too
		"io.github.owner-0000/server-00004 deleted https://s00004.host-0000.dev/mcp ",
		"io.github.owner-0001/server-00008 deprecated https://s00008.host-0000.dev/mcp moved\nto two",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("the changes differ (-want +got):\n%s", diff)
	}
	if asked := r.Asked(); len(asked) != 1 || asked[0] != "/v0.1/servers?limit=100&updated_since=2026-01-01T00%3A59%3A00Z" {
		t.Errorf("it was asked for %q", asked)
	}
}

// third lets a fault be that of the third request alone.
func third(f fake.Fault) fake.Fault {
	return func(next http.Handler) http.Handler {
		broken, n := f(next), 0
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if n++; n == 3 {
				broken.ServeHTTP(w, req)
				return
			}
			next.ServeHTTP(w, req)
		})
	}
}

// TestPaging reads lists of lengths at which they end in different ways.
func TestPaging(t *testing.T) {
	for name, tc := range map[string]struct {
		records  int
		change   func(*fake.Registry)
		requests int
		pages    int // with records
		wrong    string
	}{
		"none":                   {0, nil, 1, 0, ""},
		"one page":               {99, nil, 1, 1, ""},
		"a full page":            {100, nil, 3, 1, ""}, // the empty page is asked for twice
		"two full pages":         {200, nil, 4, 2, ""},
		"a rest":                 {250, nil, 3, 3, ""},
		"the other spelling":     {250, (*fake.Registry).Snake, 3, 3, ""},
		"both spellings":         {250, func(r *fake.Registry) { r.Break(fake.Both()) }, 3, 3, ""},
		"a bad moment":           {250, func(r *fake.Registry) { r.Break(fake.After(1, fake.Empty(1))) }, 4, 3, ""},
		"a loop":                 {250, func(r *fake.Registry) { r.Break(fake.Loop("io.github.owner-0000/server-00003:1.3.0")) }, 2, 2, "page 2: it leads back"},
		"a loop of another kind": {0, func(r *fake.Registry) { r.Break(fake.Loop("x:1")) }, 3, 0, "leads back"},
		"it fails on the way":    {250, func(r *fake.Registry) { r.Break(fake.After(1, fake.Refuse(9, 500, ""))) }, 6, 1, "page 2: it answered 500"},
		"it is cut on the way":   {250, func(r *fake.Registry) { r.Break(fake.After(1, fake.Truncate(9))) }, 6, 1, "page 2: its answer broke off"},
		"pages become short":     {250, func(r *fake.Registry) { r.Break(third(fake.Loop("zzz:1"))) }, 5, 3, "page 4: it is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			r := fake.New(fake.Generate(tc.records)...)
			if tc.change != nil {
				tc.change(r)
			}
			pages, got, err := all(t.Context(), of(t, uptime.SourceOfficial), direct(r), time.Time{})
			filled, seen := 0, map[string]bool{}
			for _, p := range pages {
				if p.Records > 0 {
					filled++
				}
			}
			for _, l := range got {
				seen[l.Key] = true
			}
			if asked := r.Asked(); len(asked) != tc.requests || filled != tc.pages {
				t.Errorf("%d pages after %d requests, want %d after %d", filled, len(asked), tc.pages, tc.requests)
			}
			if tc.wrong != "" {
				wantError(t, "reading", err, tc.wrong)
			} else if err != nil || len(seen) != tc.records {
				t.Errorf("%d records were read of %d, %v", len(seen), tc.records, err)
			}
		})
	}
}

// raw makes a record of any JSON.
func raw(name, server string) fake.Record {
	return fake.Record{Name: name, Version: "1", Server: json.RawMessage(server), Latest: true}
}

// TestRecords reads records that people write.
func TestRecords(t *testing.T) {
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf(`{"url":"https://h%d.dev"}`, i))
	}
	r := fake.New(
		raw("a", `{"name":7,"remotes":[{"url":"https://a.dev"}]}`),
		raw("b", `{"remotes":[{"url":"https://b.dev"}]}`),
		raw("c", `["c"]`),
		raw("d", `{"name":"d","version":3,"repository":"https://git.dev/d","remotes":[{"url":"https://{p}.d.dev/{q}/{r}/{s}/{t}","type":"sse",
			"headers":[{"name":"X-N","value":5,"isRequired":true},{"value":"nameless"},{"name":"X-S","isSecret":true}],
			"variables":{"p":{"default":8080},"q":{"choices":["eu","us"]},"r":{"value":true,"default":"no"},"s":{"isSecret":true,"default":"x"},"t":{"default":{"x":1}}}}]}`),
		raw("e", `{"name":"e","repository":[],"remotes":null}`),
		raw("f", `{"name":"f","remotes":[`+strings.Join(many, ",")+`]}`),
		raw("g", `{"name":"g","remotes":[{"type":"sse"}],"packages":[{"transport":{"url":"http://localhost:1/mcp"}}]}`),
	)
	pages, got, err := all(t.Context(), of(t, uptime.SourceOfficial), direct(r), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"not readable": 2, "without a name": 1}, pages[0].Refused); diff != "" {
		t.Errorf("what is refused differs (-want +got):\n%s", diff)
	}
	page := "https://registry.modelcontextprotocol.io/v0.1/servers/d/versions/latest"
	want := uptime.Listing{
		Key: "d", Name: "d", Version: "3", URL: "https://{p}.d.dev/{q}/{r}/{s}/{t}", Transport: "sse", Status: uptime.ListingActive, Page: page, Code: "https://git.dev/d",
		Headers: []uptime.ListedHeader{{Name: "X-N", Required: true}, {Name: "X-S", Secret: true}}, Variables: map[string]string{"p": "8080", "q": "eu", "r": "true"},
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("the record differs (-want +got):\n%s", diff)
	}
	if len(got) != 1+1+50+1 || got[1].URL != "" || got[52].URL != "" {
		t.Errorf("the addresses are %q, want a lead for e and g, and 50 of f", urls(got))
	}
}

// TestMirrors reads what others say about records.
func TestMirrors(t *testing.T) {
	const answer = `{"servers":[
		{"server":{"name":"own"},"_meta":{
			"io.modelcontextprotocol.registry/official":{"status":"active","isLatest":true,"publishedAt":"2026-01-02T03:04:05Z"},
			"com.pulsemcp/server-version":{"status":"deprecated","publishedAt":"yesterday","isLatest":true},"com.pulsemcp/server":{"isOfficial":true}}},
		{"server":{"name":"bare"}},
		{"server":{"name":"old"},"_meta":{"com.pulsemcp/server-version":{"updatedAt":7,"isLatest":false}}},
		{"server":{"name":"odd"},"_meta":{"com.pulsemcp/server-version":7}}
	],"metadata":{"count":4}}`
	var header http.Header
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		header = req.Header
		_, _ = w.Write([]byte(answer))
	})
	s := of(t, uptime.SourcePulseMCP, func(c *registry.Config) { c.PulseMCPKey, c.PulseMCPTenant = "the-key", "tenant" })
	if access, missing := s.Access(); access != "key" || missing != "" || !s.Incremental() {
		t.Errorf("it is read %q without %q", access, missing)
	}
	_, got, err := all(t.Context(), s, direct(h), time.Time{})
	if err != nil || len(got) != 3 {
		t.Fatalf("it has %d listings, %v; want 3", len(got), err)
	}
	if got[0].Status != uptime.ListingDeprecated || !got[0].Published.IsZero() || got[1].Status != uptime.ListingActive || got[2].Key != "odd" {
		t.Errorf("the listings are %+v", got)
	}
	if header.Get("X-API-Key") != "the-key" || header.Get("X-Tenant-ID") != "tenant" || header.Get("User-Agent") != agent {
		t.Errorf("it was asked with %v", header)
	}
}

// TestGitHub reads records that carry a README each, from a registry that cannot be
// asked for changes.
func TestGitHub(t *testing.T) {
	var records []fake.Record
	for i := range 120 {
		records = append(records, fake.Heavy(fmt.Sprintf("io.github.o/s-%03d", i), fmt.Sprintf("https://s%d.dev/mcp", i), 30<<10, fake.Epoch()))
	}
	r := fake.New(records...)
	r.Snake()
	s := of(t, uptime.SourceGitHub)
	if s.Incremental() {
		t.Error("it can be asked for changes")
	}
	pages, got, err := all(t.Context(), s, direct(r), time.Time{})
	if err != nil || len(got) != 120 || pages[0].Fetched[0].Bytes < 3<<20 {
		t.Fatalf("it has %d listings, %v", len(got), err)
	}
	if got[7].URL != "https://s7.dev/mcp" || got[7].Page != "https://github.com/mcp/io.github.o/s-007" {
		t.Errorf("a listing is %+v", got[7])
	}
}

// TestKeys checks that what has no key is not read, and says so.
func TestKeys(t *testing.T) {
	open := map[uptime.SourceID]bool{}
	for _, s := range registry.Sources(registry.Config{PulseMCPKey: "k"}) {
		access, missing := s.Access()
		open[s.ID()] = missing == ""
		if (missing == "") != (access == "open") {
			t.Errorf("%s is read %q without %q", s.ID(), access, missing)
		}
	}
	want := map[uptime.SourceID]bool{
		"official": true, "github": true, "pulsemcp": false, "glama": false, "smithery": false, "github-topics": true, "docker": true, "cline": true,
		"toolsdk": true, "mcp.so": true,
	}
	if diff := cmp.Diff(want, open); diff != "" {
		t.Errorf("the sources differ (-want +got):\n%s", diff)
	}
	for _, s := range registry.Sources(registry.Config{PulseMCPKey: "hush", PulseMCPTenant: "hush", GlamaKey: "hush", SmitheryKey: "hush", GitHubToken: "hush"}) {
		if _, missing := s.Access(); missing != "" {
			t.Errorf("%s misses %q", s.ID(), missing)
		}
		if text := fmt.Sprintf("%v %+v %#v", s, s, s); strings.Contains(text, "hush") {
			t.Errorf("%s shows its key: %s", s.ID(), text)
		}
	}
}
