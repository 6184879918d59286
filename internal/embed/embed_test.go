package embed_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/embed"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

const surfaceBase = "https://status.example.com"

func surfaceNow() time.Time { return time.Date(2026, 3, 5, 14, 7, 23, 0, time.UTC) }

// surface is what the package serves over the story.
type surface struct{ boardtest.Visitor }

func newSurface(testing.TB) surface { return surfaceAt(surfaceBase) }

func surfaceAt(base string) surface {
	b, mux := boardtest.New(surfaceNow()), http.NewServeMux()
	embed.Register(mux, embed.Options{Tenant: boardtest.Tenant, Source: b, BaseURL: base})
	return surface{boardtest.Visitor{Board: b, Handler: web.Protect(web.Compress(mux))}}
}

func TestEmbedStatusBody(t *testing.T) {
	s := newSurface(t)
	s.Change(t, "weather", func(r *board.Row) {
		r.Summary = uptime.Summary{
			D30: uptime.Counts{Live: 43180, Degraded: 16, Down: 4, Unknown: 7},
			H24: uptime.Counts{Live: 1439, Down: 1},
			P95: 412*time.Millisecond + 400*time.Microsecond,
		}
		r.LastProbe = time.Date(2026, 3, 5, 14, 7, 1, 900, time.FixedZone("", 3600))
		r.Drift24h = true
	})
	w := s.Get(t, "/api/embed-status/weather")
	const want = `{"slug":"weather","state":"live","uptime_30d":99.99,"uptime_24h":99.93,"p95_ms":412,` +
		`"last_probe_at":"2026-03-05T13:07:01Z","drift_24h":true,"status_page":"https://status.example.com/status/weather"}` + "\n"
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{
		"Cache-Control":               "public, max-age=60, stale-while-revalidate=300",
		"Access-Control-Allow-Origin": "*",
		"Content-Type":                "application/json",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestEmbedStatusMembers(t *testing.T) {
	s := newSurface(t)
	want := []string{"drift_24h", "last_probe_at", "p95_ms", "slug", "state", "status_page", "uptime_24h", "uptime_30d"}
	for _, row := range s.List(boardtest.Tenant, board.Query{}).Rows {
		var body map[string]any
		if err := json.Unmarshal(s.Get(t, "/api/embed-status/"+row.Slug).Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		var got []string
		for name := range body {
			got = append(got, name)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.Slug, diff)
		}
	}
}

func TestEmbedStatusWithoutData(t *testing.T) {
	w := newSurface(t).Get(t, "/api/embed-status/meeting-notes")
	for _, want := range []string{`"state":"unknown"`, `"uptime_30d":null`, `"uptime_24h":null`, `"p95_ms":null`, `"last_probe_at":null`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is not in %s", want, w.Body)
		}
	}
}

func TestEmbedStatusRoundsUptimeDown(t *testing.T) {
	s := newSurface(t)
	for _, tt := range []struct {
		counts uptime.Counts
		want   string
	}{
		{uptime.Counts{Live: 43200}, "100.00"},
		{uptime.Counts{Live: 43199, Down: 1}, "99.99"},
		{uptime.Counts{Live: 1, Down: 2}, "33.33"},
		{uptime.Counts{Live: 9995, Down: 5}, "99.95"},
		{uptime.Counts{Down: 9}, "0.00"},
		{uptime.Counts{Unknown: 9, Maintenance: 3}, "null"},
	} {
		s.Change(t, "weather", func(r *board.Row) { r.Summary.D30 = tt.counts })
		if body := s.Get(t, "/api/embed-status/weather").Body.String(); !strings.Contains(body, `"uptime_30d":`+tt.want+`,`) {
			t.Errorf("%+v: want %s in %s", tt.counts, tt.want, body)
		}
	}
}

// The tag is keyed on the verdict's minute, and no change of the body may hide
// behind an old one.
func TestEmbedStatusTag(t *testing.T) {
	s := newSurface(t)
	tag := func() string { return s.Get(t, "/api/embed-status/weather").Header().Get("ETag") }
	first := tag()
	row, _ := s.Row(boardtest.Tenant, "weather")
	minute := int64(uptime.MinuteOf(row.Verdict.Cycle))
	if !regexp.MustCompile(fmt.Sprintf(`^"%d-[0-9a-f]{16,}"$`, minute)).MatchString(first) {
		t.Errorf("tag %s does not begin with the verdict's minute", first)
	}
	s.Change(t, "weather", func(*board.Row) {})
	if got := tag(); got != first {
		t.Errorf("the same body got another tag: %s, then %s", first, got)
	}
	s.Change(t, "weather", func(r *board.Row) { r.Summary.D30.Down += 100 })
	second := tag()
	if second == first {
		t.Error("uptime_30d changed without a verdict, the tag did not")
	}
	s.Change(t, "weather", func(r *board.Row) {
		v := *r.Verdict
		v.Cycle = v.Cycle.Add(time.Minute)
		r.Verdict = &v
	})
	if got := tag(); got == second || !strings.HasPrefix(got, fmt.Sprintf(`"%d-`, minute+1)) {
		t.Errorf("a new verdict-minute has the tag %s after %s", got, second)
	}
}

func TestEmbedStatusNotModified(t *testing.T) {
	s := newSurface(t)
	tag := s.Get(t, "/api/embed-status/weather").Header().Get("ETag")
	for _, match := range []string{tag, "W/" + tag, `"x", ` + tag, `"x",` + tag + `, "y"`, "*"} {
		w := s.Ask(t, http.MethodGet, "/api/embed-status/weather", "If-None-Match", match)
		if w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("If-None-Match %s = %d, %d bytes", match, w.Code, w.Body.Len())
		}
		if w.Header().Get("ETag") != tag || w.Header().Get("Cache-Control") == "" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("If-None-Match %s: 304 with %v", match, w.Header())
		}
	}
	if w := s.Ask(t, http.MethodGet, "/api/embed-status/weather", "If-None-Match", `"x"`); w.Code != http.StatusOK {
		t.Errorf("another tag = %d", w.Code)
	}
}

func TestEmbedStatusMethods(t *testing.T) {
	s := newSurface(t)
	get := s.Get(t, "/api/embed-status/weather")
	head := s.Ask(t, http.MethodHead, "/api/embed-status/weather")
	if head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("Content-Length") != get.Header().Get("Content-Length") {
		t.Errorf("HEAD = %d, %d bytes, %v", head.Code, head.Body.Len(), head.Header())
	}
	options := s.Ask(t, http.MethodOptions, "/api/embed-status/weather", "Origin", "https://other.example",
		"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "if-none-match")
	if options.Code != http.StatusNoContent || options.Header().Get("Access-Control-Allow-Headers") != "If-None-Match" {
		t.Errorf("OPTIONS = %d, %v", options.Code, options.Header())
	}
	gone := s.Ask(t, http.MethodGet, "/api/embed-status/nobody", "Accept", "text/html")
	if gone.Code != http.StatusNotFound || gone.Header().Get("Content-Type") != "application/problem+json" ||
		gone.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("unknown slug = %d, %v", gone.Code, gone.Header())
	}
}

// A site without an address of its own says the one that it was called by, and
// never answers one caller with another's.
func TestEmbedStatusWithoutBaseURL(t *testing.T) {
	s := surfaceAt("")
	for _, host := range []string{"http://one.example", "http://two.example"} {
		if body := s.Get(t, host+"/api/embed-status/weather").Body.String(); !strings.Contains(body, `"`+host+`/status/weather"`) {
			t.Errorf("asked as %s: %s", host, body)
		}
	}
}

func TestEmbedScript(t *testing.T) {
	s := newSurface(t)
	plain := s.Get(t, "/embed.js")
	packed := s.Get(t, "/embed.js", "Accept-Encoding", "gzip")
	if n := packed.Body.Len(); n > 3000 {
		t.Errorf("embed.js is %d bytes compressed; the contract is 3 KB", n)
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(z)
	if err != nil || string(unpacked) != plain.Body.String() {
		t.Errorf("the compressed script is another one: %v", err)
	}
	if plain.Header().Get("ETag") == packed.Header().Get("ETag") {
		t.Error("two representations share a strong tag")
	}
	for name, want := range map[string]string{"Cross-Origin-Resource-Policy": "cross-origin", "Vary": "Accept-Encoding"} {
		if got := packed.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	again := s.Ask(t, http.MethodGet, "/embed.js", "Accept-Encoding", "gzip", "If-None-Match", packed.Header().Get("ETag"))
	if again.Code != http.StatusNotModified {
		t.Errorf("asked again = %d", again.Code)
	}
	for _, sink := range []string{"innerHTML", "eval(", "insertAdjacent", "document.write", "setAttribute('style'", ".cookie", "localStorage"} {
		if strings.Contains(plain.Body.String(), sink) {
			t.Errorf("the widget uses %s", sink)
		}
	}
}
