package statuspage_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/statuspage/registrytest"
)

func TestReportsAreListed(t *testing.T) {
	r := withRegistries(t)
	r.says("/reports", "13 to 15 November 2026", "3 rounds from 3 places", "60 endpoints", "15.0 % of the MCP endpoints", "9 of 60", "35.2 %", "19 of 54", "2026-q2", "it is not over", "2025-q4")
}

func TestReportIsShownInTheSite(t *testing.T) {
	r := withRegistries(t)
	path := "/reports/" + string(registrytest.Audit)
	body := r.says(path, "Of a hundred endpoints", "Where every endpoint is", "Since the earlier audit")
	for _, want := range []string{`<article class="audit">`, path + ".md", path + ".json", path + ".csv", `/static/report.`, "<svg"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(body, "<style") || strings.Contains(body, ` style="`) {
		t.Error("the policy forbids styles in the page")
	}
	w := r.do(http.MethodGet, path, nil)
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'self'") || w.Header().Get("ETag") == "" {
		t.Errorf("policy %q, tag %q", policy, w.Header().Get("ETag"))
	}
	again, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	again.Header.Set("If-None-Match", w.Header().Get("ETag"))
	if w := ask(t, r.h, again); w.Code != http.StatusNotModified {
		t.Errorf("asked again: %d", w.Code)
	}
}

func TestReportsInOtherForms(t *testing.T) {
	r := withRegistries(t)
	report, err := r.story.Shelf.Report(registrytest.Audit)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := report.EndpointsCSV()
	if err != nil {
		t.Fatal(err)
	}
	looks, err := r.story.Shelf.Looks(t.Context(), registrytest.Audit)
	if err != nil {
		t.Fatal(err)
	}
	for form, want := range map[string][]byte{".md": report.Markdown, ".json": report.JSON, ".csv": rows, ".looks.csv.gz": looks} {
		w := r.do(http.MethodGet, "/reports/2026-q1"+form, nil)
		if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), want) || w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("ETag") == "" {
			t.Errorf("%s: %d with %d bytes, %v", form, w.Code, w.Body.Len(), w.Header())
		}
	}
	for path, want := range map[string]int{"/reports/2026-q2": 409, "/reports/2026-q2.md": 409, "/reports/none": 404, "/reports/none.csv": 404, "/reports/none.looks.csv.gz": 404, "/reports/2026-q1.exe": 404} {
		if w := r.do(http.MethodGet, path, nil); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}
