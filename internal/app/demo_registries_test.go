package app_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestDemonstrationOfRegistries: what registries list, and two audits of it, are there
// in the first moments, and one registry is held back by the crawler itself.
func TestDemonstrationOfRegistries(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.demonstrate("127.0.0.1:0")
	page := func(path string) string {
		t.Helper()
		status, body := r.get(path)
		if status != http.StatusOK {
			t.Fatalf("%s: %d", path, status)
		}
		return body
	}
	r.await(aCycle, "the reports are made", func() bool { return strings.Count(page("/reports"), `<li class="report">`) == 2 })
	r.await(aCycle, "a registry is held back", func() bool { return strings.Contains(page("/registries"), "Held back") })
	for path, words := range map[string][]string{
		"/registries":                           {"no API key", "acme-demo.dev", "the audits with it"},
		"/registries/search?q=weather":          {"https://Weather.acme-demo.dev/mcp", "https://weather.acme-demo.dev/mcp/", "Docker MCP Catalog"},
		"/registries/search?gone=yes&q=old-lab": {"gone since"},
		"/registries/search?q=umbrella":         {"its owner does not want it"},
		"/endpoints/ep_7018b09c0ecb0aa8f31c":    {"Status page", "The listing changed"},
		"/api/v1/endpoints?kind=placeholder":    {"your-server.example.com", "comes from none of the registries that are named"},
		"/registries/findings":                  {"None of it is about anybody real"},
		"/reports.atom":                         {"None of it is about anybody real", "Demonstration: "},
		"/llms.txt":                             {"None of it is about anybody real"},
	} {
		body := page(path)
		for _, word := range words {
			if !strings.Contains(body, word) {
				t.Errorf("%s does not say %q", path, word)
			}
		}
	}
	report := regexp.MustCompile(`href="(/reports/demo-[^"]+)"`).FindStringSubmatch(page("/reports"))
	if body := page(report[1]); !strings.Contains(body, "Since the earlier audit") || !strings.Contains(body, "these looks are invented") {
		t.Error("the report has no earlier one, or does not say that it is invented")
	}
	r.stop()
}
