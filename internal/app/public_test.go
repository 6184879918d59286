package app_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// gossip is a server that fails and tells everybody what lies behind it.
func gossip(t *testing.T) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "sid=COOKIE-VALUE")
		w.Header().Set("X-Served-By", "POP-NAME-7")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintf(w, `{"error":"upstream 10.11.12.13:8443 of AS64500 refused","asked":%q,"stack":"boom\n    at handler (/srv/app/STACK-FILE.js:10:2)"}`, r.URL.Path)
	}))
	t.Cleanup(srv.Close)
	return srv
}

// private is a configuration full of what nobody may read, and the words that
// would give it away.
func (r *rig) private(s *stage) (f *config.File, never []string) {
	r.t.Helper()
	bad, sick, well := gossip(r.t), s.door(""), s.door("weather")
	host := strings.TrimPrefix(bad.URL, "http://")
	env := map[string]string{"SECRET_URL": bad.URL + "/s/PATH-SECRET/mcp", "HEADER": "HEADER-SECRET"}
	text := fmt.Sprintf(`
listen: 127.0.0.1:0
data: %q
base_url: https://status.example.com
operator_token: OPERATOR-SECRET
probe: {gap: 500ms, timeout: 5s}
log: {level: debug}
regions: [{id: zz-region, city: Lisbon}]
windows: [{name: Later, servers: [hidden-slug, well], from: %s, for: 1h}]
servers:
  - {interval: 5s, slug: by-path, name: By path, url: env:SECRET_URL}
  - {interval: 5s, slug: by-user, url: "http://someone:PASSWORD@%s/mcp?api_key=QUERY-SECRET", headers: {X-Api-Key: env:HEADER}}
  - {interval: 5s, slug: nobody, url: "http://127.0.0.1:1/mcp"}
  - {interval: 5s, slug: sick, url: %q}
  - {interval: 5s, slug: well, url: %q}
  - {interval: 5s, slug: hidden-slug, name: Hidden name, group: Hidden group, description: Hidden words, hidden: true, url: %q}
`, r.dir, time.Now().Add(time.Hour).UTC().Format(time.RFC3339), host, sick.URL+"/mcp", well.URL+"/mcp", bad.URL+"/hidden")
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	f, problems := config.Parse(filepath.Join(r.t.TempDir(), "alivemcp.yaml"), []byte(text), config.Options{Lookup: lookup})
	if f == nil {
		r.t.Fatalf("reading the configuration: %v", problems)
	}
	never = []string{
		"PATH-SECRET", "PASSWORD", "QUERY-SECRET", "HEADER-SECRET", "OPERATOR-SECRET", "COOKIE-VALUE", "POP-NAME", "STACK-FILE",
		"10.11.12.13", "AS64500", "127.0.0.1", "zz-region", "hidden-slug", "Hidden name", "Hidden group", "Hidden words",
	}
	return f, never
}

// TestNeverPublic reads every public byte there is, and looks for what is never
// public: addresses, points of presence, stack traces, secrets, ids of regions,
// hidden servers (DESIGN section 5).
func TestNeverPublic(t *testing.T) {
	t.Parallel()
	s, r := newStage(t), newRig(t)
	f, never := r.private(s)
	m := r.start(f)
	for _, slug := range []string{"by-path", "nobody", "sick"} {
		r.awaitState(slug, "down")
		r.await(aCycle, "its incident is known", func() bool { return len(r.incidents(m, slug)) > 0 })
	}
	r.awaitState("well", "live")
	seen := r.crawl(m)
	if len(seen) < 60 {
		t.Errorf("only %d documents were read", len(seen))
	}
	for path, body := range seen {
		for _, word := range never {
			if at := strings.Index(body, word); at >= 0 {
				t.Errorf("%s says %s: …%s…", path, word, body[max(0, at-120):min(len(body), at+60)])
			}
		}
	}
	r.stop()
	secrets := never[:6]
	for _, word := range secrets {
		if strings.Contains(r.log.String(), word) {
			t.Errorf("the log says %s", word)
		}
	}
	r.keepsNo(append(secrets, "COOKIE-VALUE"))
}

var linked = regexp.MustCompile(`(?:href|src|data-[a-z-]+)="(?:https://status\.example\.com)?(/[^"]*)"|\((?:https://status\.example\.com)(/[^)]*)\)|"(/api/v1/[^"]*)"`)

var values = regexp.MustCompile(`=[^&]*`)

// crawl fetches everything that can be reached from the places where programs
// and people begin, and returns the bodies.
func (r *rig) crawl(m *app.Monitor) map[string]string {
	r.t.Helper()
	seen := map[string]string{}
	todo := []string{
		"/", "/index.md", "/llms.txt", "/feed.atom", "/embed.js", "/metrics", "/live", "/ready", "/health", "/api", "/api/openapi.json",
		"/api/v1/servers", "/api/v1/incidents", "/api/v1/drifts", "/api/v1/windows", "/?q=hidden", "/?q=PATH",
		"/status/hidden-slug", "/status/hidden-slug.md", "/badge/hidden-slug.svg", "/api/v1/servers/hidden-slug", "/probe?target=hidden-slug",
		"/events?watch=hidden-slug,well,by-path,nobody",
	}
	for _, slug := range []string{"by-path", "by-user", "nobody", "sick", "well"} {
		todo = append(todo, "/status/"+slug, "/status/"+slug+".md", "/status/"+slug+"/feed.atom", "/badge/"+slug+".svg", "/api/shields/"+slug,
			"/api/embed-status/"+slug, "/api/v1/servers/"+slug, "/probe?target="+slug)
		for _, i := range r.incidents(m, slug) {
			todo = append(todo, "/api/v1/incidents/"+string(i.ID), "/status/"+slug+"/incidents/"+string(i.ID))
		}
	}
	kinds := map[string]int{} // pages that differ only in the day or minute that they show
	for len(todo) > 0 && len(seen) < 400 {
		path, _, _ := strings.Cut(strings.ReplaceAll(todo[0], "&amp;", "&"), "#")
		todo = todo[1:]
		kind := values.ReplaceAllString(path, "=")
		if _, known := seen[path]; known || path == "" || kinds[kind] == 3 {
			continue
		}
		kinds[kind]++
		seen[path] = r.read(path)
		for _, found := range linked.FindAllStringSubmatch(seen[path], -1) {
			todo = append(todo, found[1]+found[2]+found[3])
		}
	}
	// What was asked for is said again in refusals; that is no news.
	for _, path := range []string{"/?q=hidden", "/?q=PATH", "/status/hidden-slug", "/status/hidden-slug.md", "/api/v1/servers/hidden-slug", "/probe?target=hidden-slug", "/badge/hidden-slug.svg"} {
		seen[path] = strings.ReplaceAll(seen[path], "hidden-slug", "")
	}
	return seen
}

// read is get for documents of any kind; of a stream it reads the first second.
func (r *rig) read(path string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	if strings.HasPrefix(path, "/events") {
		ctx, cancel = context.WithTimeout(r.t.Context(), 7*time.Second)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.made.Addr()+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if strings.HasPrefix(path, "/status") {
		req.Header.Set("Accept", "text/html")
	}
	req.Host = "status.example.com"
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		r.t.Fatalf("GET %s: %v", path, err)
	}
	defer func() { _ = res.Body.Close() }()
	var out strings.Builder
	for name, values := range res.Header {
		fmt.Fprintln(&out, name, values)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		out.WriteString(lines.Text())
		out.WriteByte('\n')
	}
	return out.String()
}

// keepsNo looks for words in everything that is stored: in the files as they
// are, and in what is packed in them.
func (r *rig) keepsNo(words []string) {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(r.dir, "*"))
	if err != nil || len(files) == 0 {
		r.t.Fatalf("the data directory has %d files, %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, word := range words {
			if bytes.Contains(text, []byte(word)) {
				r.t.Errorf("%s holds %s", filepath.Base(name), word)
			}
		}
	}
	rows := r.stored()
	incidents, err := rows.Incidents(r.t.Context(), app.DefaultTenant, uptime.IncidentQuery{Limit: 100})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, i := range incidents {
		in, events, evidence, err := rows.Incident(r.t.Context(), app.DefaultTenant, i.ID)
		if err != nil {
			r.t.Fatal(err)
		}
		text := fmt.Sprintf("%+v %+v %+v", in, events, evidence)
		for _, word := range words {
			if at := strings.Index(text, word); at >= 0 {
				r.t.Errorf("incident %s keeps %s: …%s…", i.ID, word, text[max(0, at-120):min(len(text), at+60)])
			}
		}
	}
}
