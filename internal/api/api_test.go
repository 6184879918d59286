package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/api"
	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/statuspage/registrytest"
)

type list struct {
	Servers []struct {
		Slug, State string
		Headline    *string
	}
	Found     int
	Next      *string
	Incidents []struct{ ID, Server string }
	Drifts    []struct{ ID, Server string }
}

func (l *list) names() (out []string) {
	for _, s := range l.Servers {
		out = append(out, s.Slug)
	}
	for _, i := range l.Incidents {
		out = append(out, i.ID)
	}
	for _, d := range l.Drifts {
		out = append(out, d.ID)
	}
	return out
}

func TestEveryPathOfTheDocument(t *testing.T) {
	s, registries := withRegistries(t)
	var incidents, drifts list
	s.get(t, "/api/v1/incidents", &incidents)
	s.get(t, "/api/v1/drifts", &drifts)
	asked := map[string]bool{}
	visit := func(path string) {
		asked[s.doc.path(path)] = true
		w := s.ask(t, http.MethodGet, path)
		if w.Code != http.StatusOK && path != "/probe" {
			t.Errorf("GET %s: %d %s", path, w.Code, w.Body)
		}
		head := s.ask(t, http.MethodHead, path)
		if head.Code != w.Code || head.Body.Len() > 0 && path != "/metrics" {
			t.Errorf("HEAD %s: %d with %d bytes", path, head.Code, head.Body.Len())
		}
	}
	for _, p := range []string{"/api/v1/servers", "/api/v1/windows", "/api/openapi.json", "/live", "/ready", "/health", "/metrics", "/probe", "/api/v1/incidents", "/api/v1/drifts", "/api/v1/endpoints", "/api/v1/registries/findings", "/api/v1/reports", "/api/v1/reports/" + string(registrytest.Audit)} {
		visit(p)
	}
	for _, key := range registries.Keys {
		visit("/api/v1/endpoints/" + string(key))
	}
	for _, row := range s.List(boardtest.Tenant, board.Query{Limit: 100}).Rows {
		base := "/api/v1/servers/" + row.Slug
		for _, part := range []string{"", "/minutes", "/days", "/latency", "/incidents", "/drifts"} {
			visit(base + part)
		}
		if row.ToolsHash != "" {
			visit(base + "/contract")
		}
	}
	for _, i := range incidents.Incidents {
		visit("/api/v1/incidents/" + i.ID)
	}
	for _, d := range drifts.Drifts {
		visit("/api/v1/drifts/" + d.ID)
	}
	for path, item := range s.doc.paths() {
		if !asked[path] {
			t.Errorf("the document has a path %s that no handler was asked for", path)
		}
		for method := range item.(map[string]any) {
			if method != "get" {
				t.Errorf("%s has a method %s", path, method)
			}
		}
	}
}

func TestListHoldsWhatFullServersHold(t *testing.T) {
	s := open(t)
	w := s.ask(t, http.MethodGet, "/api/v1/servers?limit=500")
	var page struct{ Servers []json.RawMessage }
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || len(page.Servers) < 10 {
		t.Fatalf("%d servers, %v", len(page.Servers), err)
	}
	for _, one := range page.Servers {
		s.doc.validate(t, "a server", "/components/schemas/Server", string(one))
	}
}

func TestFilters(t *testing.T) {
	s := open(t)
	var all, down, some list
	s.get(t, "/api/v1/servers", &all)
	s.get(t, "/api/v1/servers?state=down,degraded&sort=name", &down)
	if down.Found == 0 || down.Found >= all.Found || len(down.Servers) != down.Found {
		t.Errorf("%d of %d are in trouble", down.Found, all.Found)
	}
	for _, one := range down.Servers {
		if one.State != "down" && one.State != "degraded" {
			t.Errorf("%s is %s", one.Slug, one.State)
		}
	}
	s.get(t, "/api/v1/servers?q=ledger&fields=state", &some)
	if len(some.Servers) != 1 || some.Servers[0].Slug != "payments-ledger" || some.Servers[0].State != "down" || some.Servers[0].Headline != nil {
		t.Errorf("fields: %+v", some.Servers)
	}
}

func TestPages(t *testing.T) {
	s := open(t)
	for _, path := range []string{
		"/api/v1/servers?sort=name", "/api/v1/servers?reverse=true&sort=uptime", "/api/v1/incidents?open=false", "/api/v1/drifts?",
		"/api/v1/servers/payments-ledger/incidents?", "/api/v1/incidents?server=payments-ledger",
	} {
		var whole list
		s.get(t, path+"&limit=200", &whole)
		var got []string
		cursor := ""
		for range 200 {
			var page list
			s.get(t, path+"&limit=2"+cursor, &page)
			got = append(got, page.names()...)
			if page.Next == nil {
				break
			}
			cursor = "&cursor=" + url.QueryEscape(*page.Next)
		}
		if len(got) < 2 {
			t.Errorf("%s: only %v", path, got)
		}
		if diff := cmp.Diff(whole.names(), got); diff != "" {
			t.Errorf("%s in pages of two: %s", path, diff)
		}
	}
}

func TestProblems(t *testing.T) {
	s := open(t)
	var page list
	s.get(t, "/api/v1/servers?limit=2", &page)
	tests := []struct {
		path   string
		status int
		names  string // what the detail must name
	}{
		{"/api/v1/servers?limit=0", 400, "limit"},
		{"/api/v1/servers?limit=x", 400, "limit"},
		{"/api/v1/servers?limit=501", 400, "limit"},
		{"/api/v1/servers?state=green", 400, "state"},
		{"/api/v1/servers?access=shut", 400, "access"},
		{"/api/v1/servers?sort=colour", 400, "sort"},
		{"/api/v1/servers?drifted=maybe", 400, "drifted"},
		{"/api/v1/servers?fields=slug,secret", 400, "fields"},
		{"/api/v1/servers?limt=3", 400, "limt"},
		{"/api/v1/servers?q=a&q=b", 400, "q"},
		{"/api/v1/servers?q=" + strings.Repeat("x", 600), 400, "q"},
		{"/api/v1/servers?q=%zz", 400, "query"},
		{"/api/v1/servers?cursor=!!", 400, "cursor"},
		{"/api/v1/servers?cursor=e30", 400, "cursor"},
		{"/api/v1/servers?state=down&cursor=" + *page.Next, 400, "cursor"},
		{"/api/v1/incidents?cursor=" + *page.Next, 400, "cursor"},
		{"/api/v1/incidents?limit=1000", 400, "limit"},
		{"/api/v1/incidents?server=nobody", 404, "nobody"},
		{"/api/v1/servers/nobody", 404, "nobody"},
		{"/api/v1/servers/nobody/minutes", 404, "nobody"},
		{"/api/v1/servers/nobody/days", 404, "nobody"},
		{"/api/v1/servers/nobody/latency", 404, "nobody"},
		{"/api/v1/servers/nobody/incidents", 404, "nobody"},
		{"/api/v1/servers/nobody/contract", 404, "nobody"},
		{"/api/v1/servers/payments-ledger?x=1", 400, "x"},
		{"/api/v1/servers/payments-ledger/contract?hash=sha256:0", 404, "sha256:0"},
		{"/api/v1/servers/payments-ledger/minutes?from=yesterday", 400, "from"},
		{"/api/v1/servers/payments-ledger/minutes?from=2026-01-01", 400, "from"},
		{"/api/v1/servers/payments-ledger/minutes?from=2027-01-01", 400, "from"},
		{"/api/v1/servers/payments-ledger/minutes?to=9999-99-99", 400, "to"},
		{"/api/v1/servers/payments-ledger/days?from=2026-07-21", 400, "from"},
		{"/api/v1/servers/payments-ledger/days?from=1980-01-01", 400, "from"},
		{"/api/v1/servers/payments-ledger/days?to=12", 400, "to"},
		{"/api/v1/servers/payments-ledger/latency?step=1s", 400, "step"},
		{"/api/v1/servers/payments-ledger/latency?step=1m&from=2026-07-01", 400, "step"},
		{"/api/v1/servers/payments-ledger/latency?step=99999999999999999999", 400, "step"},
		{"/api/v1/incidents/inc_0", 404, "inc_0"},
		{"/api/v1/drifts/drf_0", 404, "drf_0"},
		{"/api/v1/nothing", 404, "openapi.json"},
		{"/probe?target=payments-ledger", 404, "switched off"},
	}
	for _, tc := range tests {
		t.Run(tc.path, func(t *testing.T) {
			w := s.ask(t, http.MethodGet, tc.path)
			var p struct {
				Status int
				Detail string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
			if w.Code != tc.status || p.Status != tc.status || !strings.Contains(p.Detail, tc.names) {
				t.Errorf("%d %q, want %d and a word of %s", w.Code, p.Detail, tc.status, tc.names)
			}
			if w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

func TestMethods(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/api/v1/servers", "/api/v1/incidents/x", "/live", "/api/v1/nothing"} {
		w := s.ask(t, http.MethodDelete, path)
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("DELETE %s: %d, Allow %q", path, w.Code, w.Header().Get("Allow"))
		}
		w = s.ask(t, http.MethodOptions, path, "Origin", "https://elsewhere.example", "Access-Control-Request-Headers", "if-none-match")
		if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "If-None-Match") {
			t.Errorf("OPTIONS %s: %d, %v", path, w.Code, w.Header())
		}
	}
}

func TestCaching(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/api/v1/servers", "/api/v1/servers/payments-ledger", "/api/v1/servers/payments-ledger/minutes", "/api/openapi.json"} {
		w := s.ask(t, http.MethodGet, path)
		tag := w.Header().Get("ETag")
		if !strings.HasPrefix(tag, `"`) || !strings.Contains(w.Header().Get("Cache-Control"), "public") {
			t.Errorf("%s: ETag %s, Cache-Control %q", path, tag, w.Header().Get("Cache-Control"))
		}
		if w := s.ask(t, http.MethodGet, path, "If-None-Match", tag); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
			t.Errorf("%s again: %d", path, w.Code)
		}
		z := s.ask(t, http.MethodGet, path, "Accept-Encoding", "gzip")
		if z.Header().Get("Content-Encoding") != "gzip" || z.Header().Get("ETag") == tag || z.Body.Len() >= w.Body.Len() {
			t.Errorf("%s: not compressed: %v", path, z.Header())
		}
	}
	row, _ := s.Row(boardtest.Tenant, "payments-ledger")
	w := s.ask(t, http.MethodGet, "/api/v1/servers/payments-ledger/contract?hash="+row.ToolsHash)
	if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("a contract by its hash: %d, %q", w.Code, w.Header().Get("Cache-Control"))
	}
}

func TestServerSaysWhatPagesSay(t *testing.T) {
	s := open(t)
	row, _ := s.Row(boardtest.Tenant, "payments-ledger")
	var got struct {
		Headline, Cause, Because string
		StatusPage               string  `json:"status_page"`
		Uptime                   float64 `json:"uptime_30d"`
		Regions                  []struct{ City, State string }
		DownLong                 bool `json:"down_long"`
	}
	s.get(t, "/api/v1/servers/payments-ledger", &got)
	if got.Headline != board.Gist(row, now()) || got.Because != board.Because(row) || got.Cause != "http_server_error" {
		t.Errorf("words %+v", got)
	}
	if got.Uptime != *board.Percent(row.Summary.D30) || got.StatusPage != "https://status.example.com/status/payments-ledger" || !got.DownLong {
		t.Errorf("facts %+v", got)
	}
	for _, r := range got.Regions {
		if strings.Contains(r.City, "-") || r.City == "" {
			t.Errorf("a region is called %q", r.City)
		}
	}
}

func TestNoRegionIsNamed(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/api/v1/servers", "/api/v1/servers/payments-ledger", "/api/v1/servers/payments-ledger/minutes", "/api/v1/incidents", "/api/v1/drifts", "/metrics"} {
		body := s.ask(t, http.MethodGet, path).Body.String()
		for _, r := range boardtest.Regions() {
			if strings.Contains(body, `"`+r.ID+`"`) {
				t.Errorf("%s names the region %s", path, r.ID)
			}
		}
	}
}

func TestMinutes(t *testing.T) {
	s := open(t)
	type minutes struct {
		From, To    string
		States      string
		Latency     []*int `json:"latency_ms"`
		Causes      []struct{ At, Minutes int }
		Cities      map[string]string
		Maintenance []struct{ At, Minutes int }
		Counts      struct {
			Down int `json:"down_minutes"`
		}
	}
	var day, hour minutes
	s.get(t, "/api/v1/servers/payments-ledger/minutes", &day)
	if len(day.States) != 1441 || len(day.Latency) != 1441 || day.From != "2026-07-19T12:00:00Z" || day.To != "2026-07-20T12:01:00Z" {
		t.Errorf("%d states, %d latencies, %s to %s", len(day.States), len(day.Latency), day.From, day.To)
	}
	if n := strings.Count(day.States, "3"); n == 0 || n != day.Counts.Down {
		t.Errorf("%d minutes down, counted %d", n, day.Counts.Down)
	}
	for _, run := range day.Causes {
		if strings.ContainsAny(day.States[run.At:run.At+run.Minutes], "1") {
			t.Errorf("a run %+v with live minutes", run)
		}
	}
	for city, states := range day.Cities {
		if len(states) != 1441 {
			t.Errorf("%s has %d minutes", city, len(states))
		}
	}
	s.get(t, "/api/v1/servers/payments-ledger/minutes?from=2026-07-20T11:00:00Z&to=2026-07-20T12:00:00Z", &hour)
	if len(hour.States) != 60 || hour.States != day.States[23*60:24*60] {
		t.Errorf("an hour: %s", hour.States)
	}
}

func TestLatencySteps(t *testing.T) {
	s := open(t)
	for query, want := range map[string]int{"": 289, "?step=1h": 25, "?step=3600": 25, "?from=2026-07-13&to=2026-07-20&step=1h": 168, "?from=2026-04-20": 92} {
		var got struct {
			Step   int `json:"step_seconds"`
			Points []struct{ P50, P95 *int }
		}
		s.get(t, "/api/v1/servers/payments-ledger/latency"+query, &got)
		if len(got.Points) != want {
			t.Errorf("%q: %d points of %d s, want %d", query, len(got.Points), got.Step, want)
		}
	}
}

func TestIndex(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/api", "/api/"} {
		w := s.ask(t, http.MethodGet, path)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "/api/openapi.json") {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestPatternsAreServed(t *testing.T) {
	mux := http.NewServeMux()
	for _, p := range api.Patterns() {
		mux.Handle(p, http.NotFoundHandler())
	}
	s := open(t)
	paths := []string{"/api/v1/servers", "/api", "/api/"}
	for path := range s.doc.paths() {
		paths = append(paths, strings.NewReplacer("{", "", "}", "").Replace(path))
	}
	slices.Sort(paths)
	for _, path := range paths {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if _, pattern := mux.Handler(r); pattern == "" {
			t.Errorf("no pattern leads to %s", path)
		}
	}
}
