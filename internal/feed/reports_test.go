package feed_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/audit/shelf"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/feed"
	"github.com/alivemcp/alivemcp/internal/statuspage/registrytest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestFeedOfReports(t *testing.T) {
	story, err := registrytest.New(t.Context(), t.TempDir(), boardtest.Tenant, "srv_weather", surfaceNow())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = story.Close() })
	b, mux := boardtest.New(surfaceNow()), http.NewServeMux()
	feed.Register(mux, feed.Options{Tenant: boardtest.Tenant, BaseURL: surfaceBase, Source: b, Now: b.Now, Reports: story.Shelf})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/reports.atom", http.NoBody))
	var got struct {
		Entries []struct {
			ID      string `xml:"id"`
			Title   string `xml:"title"`
			Content string `xml:"content"`
			Link    struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, %v", w.Code, err)
	}
	if len(got.Entries) != 2 {
		t.Fatalf("%d entries; the run that is not over has none", len(got.Entries))
	}
	e := got.Entries[0]
	if e.Link.Href != surfaceBase+"/reports/2026-q1" || !strings.HasPrefix(e.Title, "15.0 %") || !strings.Contains(e.Content, "9 of 60") || !strings.Contains(e.ID, "report/2026-q1") {
		t.Errorf("the newest entry is %+v", e)
	}
}

// TestDocumentsSayWhatDoesNotAgree: agents read it, in words that cannot be markup.
func TestDocumentsSayWhatDoesNotAgree(t *testing.T) {
	b, mux := boardtest.New(surfaceNow()), http.NewServeMux()
	row, _ := b.Row(boardtest.Tenant, "weather")
	story, err := registrytest.New(t.Context(), t.TempDir(), boardtest.Tenant, row.Server, surfaceNow())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = story.Close() })
	x, err := story.Compare(t.Context(), b, nil)
	if err != nil {
		t.Fatal(err)
	}
	feed.Register(mux, feed.Options{Tenant: boardtest.Tenant, BaseURL: surfaceBase, Source: b, Now: b.Now, Findings: x})
	for slug, want := range map[string]bool{"weather": true, "calendar": false} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/status/"+slug+"/index.md", http.NoBody))
		body := w.Body.String()
		if w.Code != http.StatusOK || strings.Contains(body, "## In registries") != want || strings.Contains(body, surfaceBase+"/endpoints/ep_") != want || strings.Contains(body, "listed_version_differs: ") != want {
			t.Errorf("%s: %d\n%s", slug, w.Code, body)
		}
	}
}

// drawn is a report of a sample, of which hardly any is healthy.
type drawn struct{}

func (drawn) Entries() []shelf.Entry {
	few, low, high := 0.04, 0.01, 0.21
	return []shelf.Entry{{Run: uptime.AuditRun{ID: "q"}, Report: &shelf.Report{
		ID: "q", Title: "few", Headlines: []audit.Headline{{ID: "strict", Name: "Healthy, strictly", Percent: &few, Low: &low, High: &high, Numerator: 1, Denominator: 2500}},
	}}}
}

func TestFeedSaysWhatChanceDoes(t *testing.T) {
	b, mux := boardtest.New(surfaceNow()), http.NewServeMux()
	feed.Register(mux, feed.Options{Tenant: boardtest.Tenant, BaseURL: surfaceBase, Source: b, Now: b.Now, Reports: drawn{}})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/reports.atom", http.NoBody))
	body := w.Body.String()
	if !strings.Contains(body, "0.1 %, 95 % interval") || !strings.Contains(body, "to 0.2 %") || strings.Contains(body, "0.0 %") {
		t.Errorf("it says %s", body)
	}
}

func TestNoFeedOfReportsWithoutAudits(t *testing.T) {
	w := httptest.NewRecorder()
	newSurface(t).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/reports.atom", http.NoBody))
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d", w.Code)
	}
}
