package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/api"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/statuspage/registrytest"
)

// withRegistries is a site with what registries list, and with audits.
func withRegistries(t *testing.T) (*site, *registrytest.Story) {
	t.Helper()
	row, _ := boardtest.New(now()).Row(boardtest.Tenant, "weather")
	story, err := registrytest.New(t.Context(), t.TempDir(), boardtest.Tenant, row.Server, now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = story.Close() })
	x, err := story.Compare(t.Context(), boardtest.New(now()), nil)
	if err != nil {
		t.Fatal(err)
	}
	return open(t, func(o *api.Options) { o.Registries, o.Findings, o.Reports = story, x, story.Shelf }), story
}

type endpoint struct {
	Key, Kind, URL string
	Why            *string `json:"why_not_probed"`
	Server         *string
	Optout         bool `json:"opted_out"`
	Meta           map[string]struct {
		State      string
		Uptime     *float64 `json:"uptime_30d"`
		ToolsHash  *string  `json:"tools_hash"`
		StatusPage string   `json:"status_page"`
	} `json:"_meta"`
	Listed  []struct{ Source, Name, Version string }
	Changes []struct{ What string }
}

type endpoints struct {
	Endpoints []endpoint
	Next      *string
}

func TestEndpointHasItsHealthForRegistries(t *testing.T) {
	s, story := withRegistries(t)
	var e endpoint
	s.get(t, "/api/v1/endpoints/"+string(story.Keys[registrytest.Weather]), &e)
	health := e.Meta["com.alivemcp/health"]
	if e.Server == nil || *e.Server != "weather" || health.State != "live" || health.Uptime == nil || health.ToolsHash == nil || health.StatusPage != "https://status.example.com/status/weather" {
		t.Errorf("its health is %+v", e)
	}
	if len(e.Listed) != 2 || len(e.Changes) != 4 || e.Changes[3].What != "added" {
		t.Errorf("it is listed %+v, and its past is %+v", e.Listed, e.Changes)
	}
	row, _ := s.Row(boardtest.Tenant, "calendar")
	if err := story.Serve(t.Context(), registrytest.Locked, row.Server); err != nil { // the owner has just said no
		t.Fatal(err)
	}
	var locked endpoint
	s.get(t, "/api/v1/endpoints/"+string(story.Keys[registrytest.Locked]), &locked)
	if !locked.Optout || locked.Server != nil || len(locked.Meta) != 0 {
		t.Errorf("what is not monitored has %+v", locked)
	}
}

func TestEndpointsAreFiltered(t *testing.T) {
	s, _ := withRegistries(t)
	for _, c := range []struct {
		query string
		want  int
	}{{"kind=junk", 1}, {"kind=local", 2}, {"source=glama", 2}, {"q=weather", 2}, {"platform=mcpgate.dev", 30}, {"q=gone.test.dev", 0}, {"q=gone.test.dev&gone=true", 1}} {
		var page endpoints
		s.get(t, "/api/v1/endpoints?limit=500&"+c.query, &page)
		if len(page.Endpoints) != c.want || page.Next != nil {
			t.Errorf("%s: %d endpoints, want %d", c.query, len(page.Endpoints), c.want)
		}
	}
	for _, bad := range []string{"kind=nice", "limit=0", "gone=perhaps", "colour=red", "cursor=x", "q=" + strings.Repeat("a", 101)} {
		if w := s.ask(t, http.MethodGet, "/api/v1/endpoints?"+bad); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
}

func TestEndpointsArePaged(t *testing.T) {
	s, _ := withRegistries(t)
	var keys []string
	cursor := ""
	for range 20 {
		var page endpoints
		s.get(t, "/api/v1/endpoints?limit=10"+cursor, &page)
		for _, e := range page.Endpoints {
			keys = append(keys, e.Key)
			if (e.Kind == "remote") != (e.Why == nil) {
				t.Errorf("%s is %s without a reason, or with one too many", e.URL, e.Kind)
			}
		}
		if page.Next == nil {
			break
		}
		cursor = "&cursor=" + url.QueryEscape(*page.Next)
	}
	if len(keys) != 113 || !slices.IsSorted(keys) || len(slices.Compact(keys)) != 113 {
		t.Errorf("the pages have %d endpoints", len(keys))
	}
}

func TestReports(t *testing.T) {
	s, _ := withRegistries(t)
	var list struct {
		Reports []struct {
			ID     string
			Ready  bool
			Strict *struct{ Numerator, Denominator int }
			Links  map[string]string
		}
	}
	s.get(t, "/api/v1/reports", &list)
	if len(list.Reports) != 3 || list.Reports[0].Ready || list.Reports[0].Strict != nil || !list.Reports[1].Ready || list.Reports[1].Strict.Numerator != 9 || list.Reports[1].Strict.Denominator != 60 {
		t.Fatalf("the reports are %+v", list.Reports)
	}
	var report struct {
		Schema    string
		Endpoints int
		Cohort    json.RawMessage
	}
	s.get(t, list.Reports[1].Links["self"], &report)
	if report.Schema != "alivemcp.audit/v1" || report.Endpoints != 60 || string(report.Cohort) == "null" {
		t.Errorf("the report is %+v", report)
	}
	for path, want := range map[string]int{"/api/v1/reports/" + string(registrytest.OpenAudit): 409, "/api/v1/reports/none": 404, "/api/v1/endpoints/none": 404} {
		if w := s.ask(t, http.MethodGet, path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

func TestRegistriesAreThereOnlyWhenTheyAreRead(t *testing.T) {
	s := open(t)
	w := s.ask(t, http.MethodGet, "/api/v1/endpoints/x")
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "nothing at this path") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.ask(t, http.MethodGet, "/api"); strings.Contains(w.Body.String(), "registries") {
		t.Error("the index speaks of registries")
	}
}

// TestFindings: what does not agree is the same for one endpoint, for all, and in
// what registries may take over.
func TestFindings(t *testing.T) {
	s, story := withRegistries(t)
	type found struct{ ID, About, Severity, Text, Listed, Live string }
	var all struct {
		Compared, Found int
		Counts          map[string]int
		Endpoints       []struct {
			Key, Server string
			Sources     []string
			Findings    []found
		}
		Next *string
	}
	s.get(t, "/api/v1/registries/findings", &all)
	if all.Compared != 1 || all.Found != 1 || len(all.Counts) != 10 || all.Counts["listed_version_differs"] != 1 || all.Counts["shared_catalogue"] != 0 || all.Next != nil {
		t.Fatalf("found %+v", all)
	}
	one := all.Endpoints[0]
	if one.Key != string(story.Keys[registrytest.Weather]) || one.Server != "weather" || !slices.Equal(one.Sources, []string{"docker", "glama", "official"}) {
		t.Errorf("found %+v", one)
	}
	var e struct {
		endpoint
		Findings []found
		Meta     map[string]struct{ Findings []string } `json:"_meta"`
	}
	s.get(t, "/api/v1/endpoints/"+one.Key, &e)
	if !slices.Equal(e.Findings, one.Findings) || !slices.Equal(e.Meta["com.alivemcp/health"].Findings, []string{"listed_version_differs", "listings_disagree"}) {
		t.Errorf("one endpoint has %+v, health %+v, in the list %+v", e.Findings, e.Meta, one.Findings)
	}
	if f := e.Findings[0]; f.ID != "listed_version_differs" || f.Live != "1.8.2" || f.Listed != "1.4.0 (Official MCP Registry)" {
		t.Errorf("%+v", f)
	}
	s.get(t, "/api/v1/registries/findings?finding=shared_catalogue&source=glama&q=weather", &all)
	if all.Found != 0 || all.Counts["listings_disagree"] != 1 {
		t.Errorf("filtered: %+v", all)
	}
	for _, bad := range []string{"finding=nice", "limit=0", "kind=remote", "q=" + strings.Repeat("a", 101)} {
		if w := s.ask(t, http.MethodGet, "/api/v1/registries/findings?"+bad); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
}
