package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/alivemcp/alivemcp/internal/api"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
)

func benchmark(b *testing.B, target string) {
	b.Helper()
	a, err := api.New(api.Options{Tenant: boardtest.Tenant, Source: story{boardtest.New(now())}, Now: now})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodGet, target, nil))
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"/api/v1/servers?q=a&state=down&cursor=e30", "/api/v1/servers?fields=slug&limit=3", "/api/v1/servers/maps/minutes?from=2026-07-20",
		"/api/v1/servers/maps/latency?step=5m&to=2026-07-20T00:00:00Z", "/api/v1/servers/maps/days?from=2026-07-01", "/api/v1/incidents?open=true&cursor=eyJxIjoxfQ",
		"/api/v1/servers/%2e%2e/minutes", "/api/v1/servers/maps/latency?step=-1s&from=1970-01-01",
	} {
		f.Add(seed)
	}
	a, err := api.New(api.Options{Tenant: boardtest.Tenant, Source: story{boardtest.New(now())}, Now: now})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
		if err != nil || r.URL.Path == "" || r.URL.Path == "/metrics" {
			t.Skip()
		}
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
	})
}
