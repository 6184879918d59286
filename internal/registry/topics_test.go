package registry_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// hub is GitHub, as far as its search and its files go.
type hub struct {
	t          *testing.T
	repos      []hubRepo
	files      map[string]string
	incomplete int // how many searches do not find their end
	searches   []string
	reads      map[string]int
	same       int // answers without a body
}

type hubRepo struct {
	ID          int64     `json:"id"`
	FullName    string    `json:"full_name"`
	HTMLURL     string    `json:"html_url"`
	Description string    `json:"description"`
	Branch      string    `json:"default_branch"`
	Disabled    bool      `json:"disabled"`
	Fork        bool      `json:"fork"`
	Created     time.Time `json:"created_at"`
	Pushed      time.Time `json:"pushed_at"`
	topic       string
}

func newHub(t *testing.T, repos ...hubRepo) *hub {
	t.Helper()
	for i := range repos {
		r := &repos[i]
		r.ID, r.HTMLURL, r.Branch = int64(i+1), "https://github.com/"+r.FullName, "main"
		if r.topic == "" {
			r.topic = "mcp-server"
		}
	}
	return &hub{t: t, repos: repos, files: map[string]string{}, reads: map[string]int{}}
}

func (h *hub) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.URL.Path == "/search/repositories" {
		h.search(w, req)
		return
	}
	h.reads[req.URL.Path]++
	text, ok := h.files[strings.TrimPrefix(req.URL.Path, "/raw/")]
	if !ok {
		http.NotFound(w, req)
		return
	}
	tag := fmt.Sprintf(`"%d"`, len(text))
	w.Header().Set("ETag", tag)
	if req.Header.Get("If-None-Match") == tag {
		h.same++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write([]byte(text))
}

// search answers as GitHub does: at most 1,000 of what it found.
func (h *hub) search(w http.ResponseWriter, req *http.Request) {
	q := req.URL.Query()
	h.searches = append(h.searches, q.Get("q"))
	var topic, from, to string
	if _, err := fmt.Sscanf(strings.ReplaceAll(q.Get("q"), "..", " "), "topic:%s archived:false created:%s %s", &topic, &from, &to); err != nil {
		h.t.Errorf("the search is %q: %v", q.Get("q"), err)
	}
	var page int
	_, _ = fmt.Sscan(q.Get("page"), &page)
	if page > 10 {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	found := []hubRepo{}
	for _, r := range h.repos {
		if at := r.Created.Format(time.RFC3339); r.topic == topic && at >= from && at <= to {
			found = append(found, r)
		}
	}
	h.incomplete--
	items := found[min((page-1)*100, len(found)):min(page*100, len(found))]
	_ = json.NewEncoder(w).Encode(map[string]any{"total_count": len(found), "incomplete_results": h.incomplete >= 0, "items": items})
}

// later starts the clock where repositories can be there.
func later(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)))
		test(t)
	})
}

const readme = "# Acme\n\n```json\n{\n  \"mcpServers\": {\n    \"acme\": {\"type\": \"http\", \"url\": \"https://mcp.acme.dev/mcp\"},\n" +
	"    \"other\": { \"command\": \"npx\", \"args\": [\"-y\", \"mcp-remote@latest\", \"https://sse.acme.dev/sse\"] },\n" +
	"    \"twice\": {\"serverUrl\" : \"https://mcp.acme.dev/mcp\"},\n    \"own\": {\"url\":\"http://localhost:3000/mcp\"}\n  }\n}\n```\n" +
	"Or `npx mcp-remote https://{tenant}.acme.dev/mcp`. See https://acme.dev for more, and \"url\": \"ftp://x\".\n"

func TestTopics(t *testing.T) {
	later(t, func(t *testing.T) { //nolint:thelper // it is the test
		at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
		h := newHub(t,
			hubRepo{FullName: "acme/described", Description: "of GitHub", Created: at, Pushed: at.Add(time.Hour)},
			hubRepo{FullName: "acme/readme", Created: at, Pushed: at, topic: "mcp"},
			hubRepo{FullName: "acme/nothing", Created: at, Pushed: at, topic: "remote-mcp"},
			hubRepo{FullName: "acme/fork", Fork: true, Created: at},
			hubRepo{FullName: "acme/disabled", Disabled: true, Created: at},
			hubRepo{FullName: "../../evil", Created: at},
		)
		h.repos = append(h.repos, h.repos[0])
		h.repos[6].topic = "mcp-servers"
		h.files["acme/described/main/server.json"] = `{"name":"io.github.acme/described","title":"Described","description":"of its own","version":"2.0.0",
			"repository":{"url":"https://evil.dev"},"remotes":[{"type":"sse","url":"https://d.acme.dev/sse","headers":[{"name":"X-Key","isRequired":true,"isSecret":true}]}]}`
		h.files["acme/readme/main/server.json"] = `{"name":"x","packages":[]}`
		h.files["acme/readme/main/README.md"] = readme
		cache := registry.NewDir(t.TempDir())
		s := of(t, uptime.SourceTopics, func(c *registry.Config) { c.Cache = cache })
		read := func() []uptime.Listing {
			t.Helper()
			f := direct(h, func(o *registry.FetchOptions) { o.Cache = cache })
			_, got, err := all(t.Context(), s, f, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		got := read()
		want := uptime.Listing{
			Key: "1", Name: "acme/described", Title: "Described", Description: "of its own", Version: "2.0.0", URL: "https://d.acme.dev/sse", Transport: "sse",
			Page: "https://github.com/acme/described", Code: "https://github.com/acme/described", Published: at, Updated: at.Add(time.Hour),
			Headers: []uptime.ListedHeader{{Name: "X-Key", Required: true, Secret: true}},
		}
		if diff := cmp.Diff(want, got[0]); diff != "" {
			t.Errorf("a listing differs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"https://d.acme.dev/sse", "", "", "https://mcp.acme.dev/mcp", "https://sse.acme.dev/sse", "https://{tenant}.acme.dev/mcp"}, urls(got)); diff != "" {
			t.Errorf("the addresses differ (-want +got):\n%s", diff)
		}
		for path := range h.reads {
			if strings.Contains(path, "evil") || strings.Contains(path, "fork") || strings.Contains(path, "disabled") {
				t.Errorf("it read %s", path)
			}
		}
		reads := func() (n int) {
			for _, i := range h.reads {
				n += i
			}
			return n
		}
		first := reads()
		if read(); reads() != first {
			t.Error("what nothing was pushed to was read again")
		}
		// A rename keeps its number; a push makes it be read again, conditionally.
		h.repos[1].Pushed = at.Add(2 * time.Hour)
		h.repos[2].FullName = "moved/nothing"
		if got := read(); reads() != first+2 || h.same != 2 || got[2].Key != "3" || got[2].Name != "moved/nothing" {
			t.Errorf("after a push %d more files were read, %d were the same, and %+v was renamed", reads()-first, h.same, got[2])
		}
	})
}

// TestTopicsMany checks that more than 1,000 repositories are found, in halves of
// the time.
func TestTopicsMany(t *testing.T) {
	later(t, func(t *testing.T) { //nolint:thelper // it is the test
		var repos []hubRepo
		for i := range 1900 {
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i*i) * time.Second)
			repos = append(repos, hubRepo{FullName: fmt.Sprintf("o/r%d", i), Created: at, Pushed: at})
		}
		h := newHub(t, repos...)
		h.incomplete = 3
		pages, got, err := all(t.Context(), of(t, uptime.SourceTopics, func(c *registry.Config) { c.GitHubToken = "token" }), direct(h), time.Time{})
		keys := map[string]bool{}
		for _, l := range got {
			keys[l.Key] = true
		}
		if err != nil || len(keys) != 1900 || len(got) != 1900 {
			t.Fatalf("%d of 1900 repositories were found, %v", len(keys), err)
		}
		if n := len(slices.Compact(slices.Sorted(slices.Values(h.searches)))); n > 40 || len(h.searches) > 60 {
			t.Errorf("that took %d searches, %d of them different", len(h.searches), n)
		}
		refused := 0
		for _, p := range pages {
			refused += p.Refused["not looked at yet"]
		}
		if refused != 0 {
			t.Errorf("%d were not looked at, and 2,000 may be", refused)
		}
		h.incomplete = 99
		_, _, err = all(t.Context(), of(t, uptime.SourceTopics), direct(h), time.Time{})
		wantError(t, "a search that finds no end", err, "the topic mcp-server: the search did not find its end")
		for i := range h.repos {
			h.repos[i].Created = repos[0].Created
		}
		h.incomplete = 0
		_, _, err = all(t.Context(), of(t, uptime.SourceTopics), direct(h), time.Time{})
		wantError(t, "1,900 in one second", err, "1900 repositories were created in one second")
	})
}

func FuzzSnippets(f *testing.F) {
	f.Add(readme)
	f.Add(`"url":"https://`)
	f.Fuzz(func(t *testing.T, text string) {
		later(t, func(t *testing.T) { //nolint:thelper // it is the test
			h := newHub(t, hubRepo{FullName: "a/b", Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
			h.files["a/b/main/README.md"] = text
			_, got, err := all(t.Context(), of(t, uptime.SourceTopics), direct(h), time.Time{})
			if err != nil || len(got) < 1 || len(got) > 5 {
				t.Fatalf("%d listings, %v", len(got), err)
			}
			for _, l := range got {
				if l.URL != "" && !strings.HasPrefix(l.URL, "https://") {
					t.Errorf("it found %q", l.URL)
				}
			}
		})
	})
}
