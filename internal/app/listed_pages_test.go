package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/statuspage/registrytest"
)

// noSources leaves one registry, which is not read for want of a key.
const noSources = "sources: {official: false, github: false, pulsemcp: false, glama: false, smithery: true, github-topics: false, docker: false, cline: false, toolsdk: false, mcp.so: false}"

// TestNoRegistries: a monitor that is told to read none goes on.
func TestNoRegistries(t *testing.T) {
	r := newRig(t)
	m := r.start(r.file("registries: {enabled: true, contact: ops@example.com, " + strings.Replace(noSources, "smithery: true", "smithery: false", 1) + "}"))
	<-m.BoardReady()
	if status, _ := r.get("/registries"); status != http.StatusOK {
		t.Errorf("/registries: %d", status)
	}
	r.stop() // fails the test when it ended by itself
}

// TestListedPages: what was listed and audited before the start is there when
// registries are read, and not when they are not.
func TestListedPages(t *testing.T) {
	r := newRig(t)
	story, err := registrytest.New(t.Context(), r.dir, "default", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := story.Close(); err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{
		"/registries": "Official MCP Registry", "/registries/search?q=weather": "https://mcp.weather.test.dev/mcp", "/endpoints/" + string(story.Keys[registrytest.Templated]): "mailto:ops@example.com",
		"/api/v1/endpoints?kind=junk": `"kind":"junk"`, "/reports/" + string(registrytest.Audit): `<article class="audit">`, "/api/v1/reports/" + string(registrytest.Audit): "alivemcp.audit/v1",
		"/reports.atom": "15.0 %", "/registries/findings": "to compare with", "/api/v1/registries/findings": `"compared":0`,
	}
	// What is switched off is not listed any more; what cannot be reached stays.
	away := strings.NewReplacer("official: false", "official: {url: 'http://127.0.0.1:1'}", "docker: false", "docker: {url: 'http://127.0.0.1:1'}", "glama: false", "glama: true")
	r.start(r.file("registries: {enabled: true, contact: ops@example.com, " + away.Replace(noSources) + "}"))
	r.await(aCycle, "the reports are made", func() bool {
		status, _ := r.get("/reports/" + string(registrytest.Audit))
		return status == http.StatusOK
	})
	for path, want := range paths {
		if status, body := r.get(path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d without %q", path, status, want)
		}
	}
	r.stop()
	r.start(r.file(""))
	for path := range paths {
		if status, _ := r.get(path); status != http.StatusNotFound {
			t.Errorf("%s: %d, although no registries are read", path, status)
		}
	}
	r.stop()
}
