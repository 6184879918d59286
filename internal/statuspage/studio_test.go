package statuspage_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/embed"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/web"
)

const surfaceBase = "https://status.example.com"

func surfaceNow() time.Time { return time.Date(2026, 3, 5, 14, 7, 23, 0, time.UTC) }

// surface is the site over the story, with the badges that it shows.
type surface struct{ boardtest.Visitor }

func newSurface(tb testing.TB) surface {
	tb.Helper()
	return surfaceAt(tb, surfaceBase)
}

func surfaceAt(tb testing.TB, base string) surface {
	tb.Helper()
	b, mux := boardtest.New(surfaceNow()), http.NewServeMux()
	site, err := statuspage.New(statuspage.Options{Tenant: boardtest.Tenant, BaseURL: base, Source: b, Now: b.Now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(site.Stop)
	mux.Handle("/", site)
	embed.Register(mux, embed.Options{Tenant: boardtest.Tenant, BaseURL: base, Source: b})
	return surface{boardtest.Visitor{Board: b, Handler: web.Protect(web.Compress(mux))}}
}

// text returns what the studio offers under an id, as a browser would copy it.
func text(t *testing.T, page, id string) string {
	t.Helper()
	m := regexp.MustCompile(`(?s)<code id="text-` + id + `"[^>]*>(.*?)</code>`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the studio offers no %s", id)
	}
	return html.UnescapeString(m[1])
}

// Without script, the form's parameters choose.
func TestStudioFollowsItsParameters(t *testing.T) {
	s := newSurface(t)
	page := s.Get(t, "/status/weather/badge?style=pill&metric=p95&widget=badge&theme=dark").Body.String()
	const image = surfaceBase + "/badge/weather.svg?style=pill&metric=p95"
	for id, want := range map[string]string{
		"markdown": "[![MCP status of Weather](" + image + ")](" + surfaceBase + "/status/weather)",
		"html": `<a href="` + surfaceBase + `/status/weather"><img src="` + html.EscapeString(image) +
			`" alt="MCP status of Weather" height="20"></a>`,
		"image":   image,
		"shields": surfaceBase + "/api/shields/weather?metric=p95",
		"script": `<div id="alivemcp-embed" data-server="weather" data-style="badge" data-theme="dark"></div>` + "\n" +
			`<script async src="` + surfaceBase + `/embed.js"></script>`,
	} {
		if got := text(t, page, id); got != want {
			t.Errorf("%s:\n got %s\nwant %s", id, got, want)
		}
	}
	for _, want := range []string{`name="style" value="pill" checked`, `name="theme" value="dark" checked`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestStudioShowsEverything(t *testing.T) {
	s := newSurface(t)
	page := s.Get(t, "/status/weather/badge").Body.String()
	for _, src := range regexp.MustCompile(`<img[^>]*src="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if w := s.Get(t, html.UnescapeString(src[1])); !strings.Contains(w.Header().Get("Content-Type"), "svg") {
			t.Errorf("%s is no badge", src[1])
		}
	}
	for _, style := range []string{"flat", "pill"} {
		for _, metric := range []string{"state", "uptime", "p95"} {
			if !strings.Contains(page, `data-style="`+style+`" data-metric="`+metric+`"`) {
				t.Errorf("no %s badge of %s", style, metric)
			}
		}
	}
	if got := strings.Count(page, "<span data-alivemcp data-server"); got != 6 {
		t.Errorf("%d widgets, want card and badge in three themes", got)
	}
}

func TestStudioRefusesUnknownChoices(t *testing.T) {
	s := newSurface(t)
	for target, want := range map[string]int{
		"/status/weather/badge?style=plastic": 400, "/status/weather/badge?theme=pink": 400, "/status/nobody/badge": 404,
	} {
		if w := s.Ask(t, http.MethodGet, target); w.Code != want {
			t.Errorf("%s = %d, want %d", target, w.Code, want)
		}
	}
}

// The page's own policy forbids everything inline.
func TestStudioHoldsNothingInline(t *testing.T) {
	s := newSurface(t)
	for _, slug := range []string{"weather", "hostile"} {
		w := s.Get(t, "/status/"+slug+"/badge")
		inline := regexp.MustCompile(`(?i)<script(?:[^>]*[^>\w]src=)?[^>]*>[^<]|<style|\sstyle="|\son[a-z]+="|javascript:`)
		if found := inline.FindString(w.Body.String()); found != "" {
			t.Errorf("%s holds %q", slug, found)
		}
		if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") {
			t.Errorf("policy: %s", policy)
		}
	}
}

// A name that is code in a shell, in markdown and in HTML stays a name in what
// people copy.
func TestSnippetsAreSafeToCopy(t *testing.T) {
	s := newSurface(t)
	s.Change(t, "weather", func(r *board.Row) { r.Name = `x](http://evil.example) "><script>{style}` })
	page := s.Get(t, "/status/weather/badge").Body.String()
	if got := text(t, page, "markdown"); strings.Contains(got, "x](http") || !strings.HasSuffix(got, "](https://status.example.com/status/weather)") {
		t.Errorf("markdown: %s", got)
	}
	if got := text(t, page, "html"); strings.Contains(got, "<script>") || strings.Count(got, `"`) != 8 || strings.Contains(got, "{style}") {
		t.Errorf("HTML: %s", got)
	}
}

// The recipes run: against a site that answers, and against nothing.
func TestRecipesRun(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here")
	}
	s := surfaceAt(t, "")
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for slug, want := range map[string]struct {
		says string
		exit int
	}{
		"weather": {"live: weather", 0}, "image-tools": {"::warning::degraded: image-tools", 0},
		"payments-ledger": {"::error::down: payments-ledger", 1}, "translate": {"::warning::unknown", 0},
	} {
		script := text(t, s.Get(t, server.URL+"/status/"+slug+"/badge").Body.String(), "ci")
		out, exit := runScript(t, bash, script)
		if !strings.HasPrefix(out, want.says) || exit != want.exit {
			t.Errorf("%s: %q, exit %d; want %q, %d", slug, out, exit, want.says, want.exit)
		}
	}
	script := strings.ReplaceAll(text(t, s.Get(t, "/status/weather/badge").Body.String(), "ci"), "http://example.com", "http://127.0.0.1:1")
	if out, exit := runScript(t, bash, script); !strings.Contains(out, "::warning::unknown") || exit != 0 {
		t.Errorf("without a monitor: %q, exit %d", out, exit)
	}
	t.Run("prometheus", func(t *testing.T) {
		if _, err := exec.LookPath("jq"); err != nil {
			t.Skip("no jq here")
		}
		file := filepath.Join(t.TempDir(), "weather.prom")
		script := text(t, s.Get(t, server.URL+"/status/weather/badge").Body.String(), "prometheus")
		if out, exit := runScript(t, bash, script, file); exit != 0 {
			t.Fatalf("exit %d: %s", exit, out)
		}
		metrics, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`mcp_server_state{slug="weather"} 1`, `mcp_server_last_probe_seconds{slug="weather"} 17`} {
			if !strings.Contains(string(metrics), want) {
				t.Errorf("no %s in\n%s", want, metrics)
			}
		}
	})
}

func runScript(t *testing.T, bash, script string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bash, append([]string{"-c", script, "script"}, args...)...)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(out), "\n")
	for len(lines) > 1 && strings.HasPrefix(lines[0], "curl:") || len(lines) > 1 && strings.HasPrefix(lines[0], "Warning:") {
		lines = lines[1:]
	}
	return strings.Join(lines, "\n"), cmd.ProcessState.ExitCode()
}
