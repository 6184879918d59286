package main_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestSecretsStayInside gives the monitor secrets of every kind for servers that
// repeat whatever they are sent, and looks for them in everything that it says
// and stores.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	echo := httptest.NewServer(http.HandlerFunc(echoHeaders))
	t.Cleanup(echo.Close)
	secrets := []string{"bearer-0f9e8d7c6b5a4321", "header-1a2b3c4d5e6f7788", "query-99aabbccddeeff00", "operator-5566778899aabbcc"}
	var servers []string
	for i, path := range []string{"/", "/refuse", "/fail"} {
		servers = append(servers,
			fmt.Sprintf("slug: bearer-at-%d, url: %q, credential: {type: bearer, token: %s}", i, echo.URL+path, secrets[0]),
			fmt.Sprintf("slug: header-at-%d, url: %q, headers: {X-Api-Key: %s}", i, echo.URL+path, secrets[1]),
			fmt.Sprintf("slug: query-at-%d, name: Query, url: %q", i, echo.URL+path+"?api_key="+secrets[2]),
		)
	}
	s := newSite(t, "log: {level: debug}\noperator_token: "+secrets[3], servers...)
	m := s.start()
	for i := range 3 {
		for _, kind := range []string{"bearer", "header", "query"} {
			m.await(aWhile, kind+" was probed", func() bool { _, ok := m.see(fmt.Sprintf("%s-at-%d", kind, i)); return ok })
		}
	}
	said := m.crawl()
	if len(said) < 40 {
		t.Errorf("only %d pages were found", len(said))
	}
	if code := m.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	said["the log"] = m.err.String()
	files, err := filepath.Glob(filepath.Join(s.dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name) //nolint:gosec // the test's own
		if err != nil {
			t.Fatal(err)
		}
		said[filepath.Base(name)] = string(text)
	}
	said["the rows"] = s.unpacked()
	if !strings.Contains(said["the rows"], "bearer-at-0") || !strings.Contains(said["the rows"], "inputSchema") {
		t.Error("the rows could not be read")
	}
	for where, text := range said {
		for _, secret := range secrets {
			for _, form := range []string{secret, secret[:14], base64.StdEncoding.EncodeToString([]byte(secret))} {
				if i := strings.Index(text, form); i >= 0 {
					t.Errorf("%s holds a secret: …%s…", where, text[max(0, i-80):min(len(text), i+40)])
					break
				}
			}
		}
	}
}

// crawl reads every page of the monitor that a link leads to, in the forms that
// agents and programs ask for.
func (m *monitor) crawl() map[string]string {
	m.site.t.Helper()
	said, queue := map[string]string{}, []string{
		"/", "/index.md", "/llms.txt", "/feed.atom", "/metrics", "/health", "/ready", "/api/openapi.json", "/servers.json",
		"/api/v1/servers", "/api/v1/incidents", "/api/v1/drifts", "/operator", "/check",
	}
	for slug := range m.site.slugSet() {
		queue = append(queue, "/status/"+slug, "/status/"+slug+".md", "/status/"+slug+"/feed.atom", "/badge/"+slug+".svg",
			"/api/v1/servers/"+slug, "/api/v1/servers/"+slug+"/incidents", "/api/v1/servers/"+slug+"/contract", "/api/embed-status/"+slug, "/api/shields/"+slug)
	}
	link := regexp.MustCompile(`(?:href|src)="(?:http://` + regexp.QuoteMeta(m.addr) + `)?(/[^"#]*)"|\]\(http://` + regexp.QuoteMeta(m.addr) + `(/[^)#]*)\)`)
	for len(queue) > 0 && len(said) < 400 {
		path := strings.ReplaceAll(queue[0], "&amp;", "&")
		queue = queue[1:]
		if _, seen := said[path]; seen || strings.HasPrefix(path, "/events") || strings.HasPrefix(path, "/probe") {
			continue
		}
		status, body := m.get(path)
		if status == 0 || status >= http.StatusInternalServerError && path != "/ready" {
			m.site.t.Errorf("GET %s: %d\n%.300s", path, status, body)
		}
		said[path] = body
		for _, found := range link.FindAllStringSubmatch(body, -1) {
			queue = append(queue, found[1]+found[2])
		}
	}
	delete(said, "")
	return said
}

func (s *site) slugSet() map[string]bool {
	s.t.Helper()
	out := map[string]bool{}
	for _, slug := range s.slugs() {
		out[slug] = true
	}
	return out
}

// unpacked is everything that the rows hold compressed.
func (s *site) unpacked() string {
	s.t.Helper()
	ctx := context.WithoutCancel(s.t.Context())
	rows := s.rows()
	defer func() { _ = rows.Close() }()
	var all []any
	verdicts := s.sealed()
	hashes := map[string]bool{}
	for i := range verdicts {
		for _, r := range verdicts[i].Reports {
			hashes[r.ToolsHash] = true
		}
	}
	all = append(all, verdicts, s.slugs())
	incidents, err := rows.Incidents(ctx, "default", uptime.IncidentQuery{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, i := range incidents {
		incident, events, evidence, err := rows.Incident(ctx, "default", i.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, incident, events, evidence)
	}
	text, err := json.Marshal(all)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text) + s.contracts(rows, hashes)
}

func (s *site) contracts(rows *sqlite.Store, hashes map[string]bool) (all string) {
	s.t.Helper()
	for hash := range hashes {
		if hash == "" {
			continue
		}
		c, err := rows.Contract(context.WithoutCancel(s.t.Context()), "default", hash)
		if err != nil {
			s.t.Errorf("the contract %s: %v", hash, err)
		}
		all += string(c.Snapshot)
	}
	return all
}
