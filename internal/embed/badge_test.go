package embed_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// drawing is what a badge's SVG holds, as far as tests care.
type drawing struct {
	Width  int    `xml:"width,attr"`
	Role   string `xml:"role,attr"`
	Label  string `xml:"aria-label,attr"`
	Title  string `xml:"title"`
	Fields []struct {
		X     int    `xml:"x,attr"`
		Width int    `xml:"textLength,attr"`
		Text  string `xml:",chardata"`
	} `xml:"g>text"`
}

func (s surface) badge(t *testing.T, target string) drawing {
	t.Helper()
	w := s.Get(t, target)
	if got := w.Header().Get("Content-Type"); got != "image/svg+xml; charset=utf-8" {
		t.Errorf("%s: Content-Type = %q", target, got)
	}
	var d drawing
	if err := xml.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatalf("%s is not XML: %v", target, err)
	}
	return d
}

func TestBadgeTells(t *testing.T) {
	s := newSurface(t)
	s.Change(t, "weather", func(r *board.Row) {
		r.Summary.D30, r.Summary.P95 = uptime.Counts{Live: 9995, Down: 5}, 412*time.Millisecond
	})
	for _, tt := range []struct{ target, want string }{
		{"/badge/weather.svg", "mcp live"},
		{"/badge/weather.svg?style=pill", "mcp live"},
		{"/badge/payments-ledger.svg?metric=state", "mcp down"},
		{"/badge/crm-contacts.svg?metric=state", "mcp degraded"},
		{"/badge/meeting-notes.svg", "mcp unknown"},
		{"/badge/weather.svg?metric=uptime", "mcp uptime 30d 99.95 %"},
		{"/badge/weather.svg?metric=p95&style=pill", "mcp p95 24h 412 ms"},
		{"/badge/meeting-notes.svg?metric=uptime", "mcp uptime 30d no data"},
		{"/badge/meeting-notes.svg?metric=p95", "mcp p95 24h no data"},
		// Pictures say what is wrong: a proxy would hide any other status.
		{"/badge/nobody.svg", "mcp not found"},
		{"/badge/weather.svg?style=plastic", "mcp unknown style"},
		{"/badge/weather.svg?metric=stars", "mcp unknown metric"},
	} {
		d := s.badge(t, tt.target)
		if got := d.Fields[0].Text + " " + d.Fields[1].Text; got != tt.want {
			t.Errorf("%s says %q, want %q", tt.target, got, tt.want)
		}
		if d.Role != "img" || d.Title == "" || d.Title != d.Label {
			t.Errorf("%s is not accessible: %+v", tt.target, d)
		}
	}
}

// Every text ends before the next thing begins.
func TestBadgeClipsNothing(t *testing.T) {
	s := newSurface(t)
	for _, style := range []string{"flat", "pill"} {
		for _, metric := range []string{"state", "uptime", "p95"} {
			for _, slug := range []string{"weather", "payments-ledger", "meeting-notes", "nobody"} {
				d := s.badge(t, "/badge/"+slug+".svg?style="+style+"&metric="+metric)
				label, value := d.Fields[0], d.Fields[1]
				if label.X+label.Width+5 > value.X || value.X+value.Width+5 > d.Width {
					t.Errorf("%s %s of %s: %+v does not fit into %d", style, metric, slug, d.Fields, d.Width)
				}
				if least := 3 * len(value.Text); value.Width < least {
					t.Errorf("%q in %d px", value.Text, value.Width)
				}
			}
		}
	}
}

// A badge is shown by whoever likes, under any policy.
func TestBadgeStandsAlone(t *testing.T) {
	s := newSurface(t)
	foreign := regexp.MustCompile(`(?i)<(script|style|foreignObject|image|use|a)\b|\b(href|style|on[a-z]+)=|url\(|@import|<!`)
	for _, slug := range []string{"weather", "hostile", "nobody"} {
		for _, style := range []string{"flat", "pill"} {
			body := s.Get(t, "/badge/"+slug+".svg?style="+style).Body.String()
			drawn := regexp.MustCompile(`aria-label="[^"]*"|<title>[^<]*</title>`).ReplaceAllString(body, "")
			if found := foreign.FindString(drawn); found != "" {
				t.Errorf("%s %s holds %q:\n%s", slug, style, found, body)
			}
		}
	}
}

func TestBadgeHeaders(t *testing.T) {
	s := newSurface(t)
	w := s.Get(t, "/badge/weather.svg")
	for name, want := range map[string]string{
		"Cache-Control": "public, max-age=60", "Cross-Origin-Resource-Policy": "cross-origin",
		"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	again := s.Ask(t, http.MethodGet, "/badge/weather.svg", "If-None-Match", w.Header().Get("ETag"))
	if again.Code != http.StatusNotModified {
		t.Errorf("asked again = %d", again.Code)
	}
	s.Change(t, "weather", func(r *board.Row) { r.State = uptime.Down })
	if again = s.Ask(t, http.MethodGet, "/badge/weather.svg", "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusOK {
		t.Errorf("after it went down = %d", again.Code)
	}
	if w := s.Ask(t, http.MethodGet, "/badge/weather.png"); w.Code != http.StatusNotFound {
		t.Errorf("a png = %d", w.Code)
	}
}

func TestShields(t *testing.T) {
	s := newSurface(t)
	s.Change(t, "weather", func(r *board.Row) { r.Summary.D30 = uptime.Counts{Live: 98, Down: 2} })
	type document struct {
		SchemaVersion         int
		Label, Message, Color string
		IsError               bool
		CacheSeconds          int
	}
	for _, tt := range []struct {
		target string
		want   document
	}{
		{"/api/shields/weather", document{1, "mcp", "live", "brightgreen", false, 300}},
		{"/api/shields/payments-ledger?metric=state", document{1, "mcp", "down", "red", true, 300}},
		{"/api/shields/weather?metric=uptime", document{1, "mcp uptime 30d", "98 %", "yellow", false, 300}},
		{"/api/shields/meeting-notes?metric=p95", document{1, "mcp p95 24h", "no data", "lightgrey", false, 300}},
	} {
		var got document
		if err := json.Unmarshal(s.Get(t, tt.target).Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.target, diff)
		}
	}
	for target, want := range map[string]int{"/api/shields/nobody": 404, "/api/shields/weather?metric=stars": 400} {
		if w := s.Ask(t, http.MethodGet, target); w.Code != want || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s = %d %s, want a problem with %d", target, w.Code, w.Header().Get("Content-Type"), want)
		}
	}
}

// FuzzBadgeName gives servers any name: the badge stays well-formed and the
// size that it would have had.
func FuzzBadgeName(f *testing.F) {
	for _, seed := range []string{"Weather", `"><script>alert(1)</script>`, "\x00\u202e\ufffe]]>", strings.Repeat("é", 500), "\xff&amp;"} {
		f.Add(seed)
	}
	s := newSurface(f)
	f.Fuzz(func(t *testing.T, name string) {
		s.Change(t, "weather", func(r *board.Row) { r.Name = name })
		body := s.Get(t, "/badge/weather.svg").Body
		if body.Len() > 8<<10 {
			t.Errorf("%d bytes", body.Len())
		}
		dec := xml.NewDecoder(body)
		for texts := 0; ; {
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", strconv.Quote(name), err)
			}
			if start, ok := token.(xml.StartElement); ok && start.Name.Local == "text" {
				if texts++; texts > 2 {
					t.Fatalf("%s made an element", strconv.Quote(name))
				}
			}
		}
	})
}
