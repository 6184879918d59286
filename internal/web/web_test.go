package web_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

func TestProblems(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		detail string
	}{
		"not found":   {fmt.Errorf("%w: server %q", uptime.ErrNotFound, "x"), 404, `not found: server "x"`},
		"invalid":     {fmt.Errorf("reading the page: %w", uptime.ErrInvalid), 400, "reading the page: invalid"},
		"conflict":    {uptime.ErrConflict, 409, "conflict"},
		"forbidden":   {uptime.ErrForbidden, 403, "forbidden"},
		"fault":       {&web.Fault{Status: 503, Detail: "busy"}, 503, "busy"},
		"too large":   {&http.MaxBytesError{Limit: 1}, 413, "http: request body too large"},
		"our failure": {errors.New("open /data/secret.db: no such file"), 500, ""},
		"hidden text": {fmt.Errorf("%w: \u202egnp.exe", uptime.ErrNotFound), 404, "not found: ⟨U+202E⟩gnp.exe"},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h := web.Adapt(func(http.ResponseWriter, *http.Request) error { return c.err }, web.WriteProblem)
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/a%20b?q=1", http.NoBody))
			var got web.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatalf("no JSON: %v", err)
			}
			want := web.Problem{Type: "about:blank", Title: http.StatusText(c.status), Status: c.status, Detail: c.detail, Instance: "/a%20b"}
			if diff := cmp.Diff(want, got); diff != "" || w.Code != c.status {
				t.Errorf("status %d, problem (-want +got):\n%s", w.Code, diff)
			}
			if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("content type %q", got)
			}
		})
	}
}

// sender answers with the body, compressed when that is agreed.
func sender(body string) http.Handler {
	return web.Compress(web.Adapt(func(w http.ResponseWriter, r *http.Request) error {
		return web.Send(w, r, web.Content{Type: "text/html; charset=utf-8", Body: []byte(body)})
	}, web.WriteProblem))
}

func ask(h http.Handler, method string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestSendSaysWhenNothingChanged(t *testing.T) {
	h := sender("small")
	first := ask(h, http.MethodGet)
	tag := first.Header().Get("ETag")
	if first.Code != 200 || first.Body.String() != "small" || tag == "" || strings.HasPrefix(tag, "W/") {
		t.Fatalf("first answer: %d %q, ETag %q", first.Code, first.Body, tag)
	}
	for name, c := range map[string]struct {
		match  string
		status int
	}{
		"the tag":      {tag, 304},
		"weak form":    {"W/" + tag, 304},
		"among others": {`"x", ` + tag, 304},
		"any":          {"*", 304},
		"another":      {`"x"`, 200},
	} {
		if got := ask(h, http.MethodGet, "If-None-Match", c.match); got.Code != c.status {
			t.Errorf("%s: status %d, want %d", name, got.Code, c.status)
		}
	}
	if got := ask(h, http.MethodHead); got.Body.Len() != 0 || got.Header().Get("Content-Length") != "5" {
		t.Errorf("HEAD: body %q, length %q", got.Body, got.Header().Get("Content-Length"))
	}
}

func TestCompress(t *testing.T) {
	long := strings.Repeat("0123456789", 500)
	h := sender(long)
	plain := ask(h, http.MethodGet)
	packed := ask(h, http.MethodGet, "Accept-Encoding", "br, gzip;q=0.5")
	if got := packed.Header().Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding %q", got)
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || string(got) != long {
		t.Errorf("decompressed %d bytes, %v", len(got), err)
	}
	tag := packed.Header().Get("ETag")
	if tag == plain.Header().Get("ETag") {
		t.Error("two representations with the same strong tag")
	}
	again := ask(h, http.MethodGet, "Accept-Encoding", "gzip", "If-None-Match", tag)
	if again.Code != 304 || again.Header().Get("ETag") != tag {
		t.Errorf("the compressed tag: status %d, ETag %q, want 304, %q", again.Code, again.Header().Get("ETag"), tag)
	}
	if got := ask(h, http.MethodGet, "Accept-Encoding", "gzip;q=0"); got.Header().Get("Content-Encoding") != "" {
		t.Error("compressed for a client that refuses it")
	}
	if got := ask(sender("short"), http.MethodGet, "Accept-Encoding", "gzip"); got.Header().Get("Content-Encoding") != "" {
		t.Error("five bytes were compressed")
	}
	if got := plain.Header().Get("Vary"); got != "Accept-Encoding" {
		t.Errorf("Vary %q", got)
	}
}

func TestStreamPassesCompression(t *testing.T) {
	h := web.Compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s, err := web.OpenStream(w, 5*time.Second)
		if err != nil {
			t.Error(err)
			return
		}
		s.Event("row", "7", []byte("one\r\ntwo\n"))
		s.Event("resync", "", nil)
		s.Beat()
		if err := s.Flush(); err != nil {
			t.Error(err)
		}
	}))
	got := ask(h, http.MethodGet, "Accept-Encoding", "gzip")
	want := "retry: 5000\n\nevent: row\nid: 7\ndata: one\ndata: two\n\nevent: resync\ndata: \n\n:\n\n"
	if diff := cmp.Diff(want, got.Body.String()); diff != "" || !got.Flushed {
		t.Errorf("flushed %v (-want +got):\n%s", got.Flushed, diff)
	}
	if got := got.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") {
		t.Errorf("content type %q", got)
	}
}

func TestProtect(t *testing.T) {
	w := ask(web.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})), http.MethodGet)
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %q", want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy allows what is unsafe: %s", policy)
	}
	if w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Error("types may be guessed")
	}
}

func TestStatic(t *testing.T) {
	s, err := web.NewStatic(fstest.MapFS{"a/base.css": {Data: []byte("b{}")}}, "/static/")
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.URL("a/base.css")
	if err != nil || !strings.HasPrefix(url, "/static/a/base.") || !strings.HasSuffix(url, ".css") || url == "/static/a/base.css" {
		t.Fatalf("URL %q, %v", url, err)
	}
	h := web.Adapt(s.Serve, web.WriteProblem)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, http.NoBody))
	if w.Code != 200 || w.Body.String() != "b{}" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") ||
		w.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/static/a/base.css", http.NoBody))
	if w.Code != 404 {
		t.Errorf("a name without hash: status %d, want 404", w.Code)
	}
	if _, err := s.URL("nothing.css"); err == nil {
		t.Error("no error for a file that is not there")
	}
}

func TestTemplatesShareLayoutAndParts(t *testing.T) {
	set, err := web.ParseTemplates(fstest.MapFS{
		"t/layout.html": {Data: []byte(`<p>{{template "main" .}}</p>`)},
		"t/_parts.html": {Data: []byte(`{{define "p"}}part {{.}}{{end}}`)},
		"t/one.html":    {Data: []byte(`{{define "main"}}one {{template "p" .}}{{end}}`)},
		"t/two.html":    {Data: []byte(`{{define "main"}}two{{end}}`)},
	}, "t", "layout.html", nil)
	if err != nil {
		t.Fatal(err)
	}
	for page, want := range map[string]string{"one.html": "<p>one part &lt;b&gt;</p>", "two.html": "<p>two</p>"} {
		if got, err := set.Page(page, "<b>"); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", page, got, err, want)
		}
	}
	if got, err := set.Part("one.html", "p", 1); err != nil || string(got) != "part 1" {
		t.Errorf("part: %q, %v", got, err)
	}
	if _, err := set.Page("three.html", nil); err == nil {
		t.Error("no error for a page that is not there")
	}
}

func TestLogCatchesPanics(t *testing.T) {
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w := ask(web.Log(log, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") })), http.MethodGet)
	if w.Code != 500 || strings.Contains(w.Body.String(), "broken") {
		t.Errorf("the client got %d %s", w.Code, w.Body)
	}
	if !strings.Contains(out.String(), "broken") || !strings.Contains(out.String(), "status=500") {
		t.Errorf("the log says %s", out.String())
	}
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("an aborted handler: recovered %v", err)
		}
	}()
	ask(web.Log(log, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })), http.MethodGet)
}

func TestWantsHTML(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                false,
		"*/*":                             false,
		"application/json":                false,
		"text/html,application/xhtml+xml": true,
	} {
		r := httptest.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, "/", http.NoBody)
		r.Header.Set("Accept", accept)
		if got := web.WantsHTML(r); got != want {
			t.Errorf("Accept %q: %v", accept, got)
		}
	}
}

// TestLogHidesTokens: whoever reads the log must not be able to act with it.
func TestLogHidesTokens(t *testing.T) {
	var said strings.Builder
	log := slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	token := strings.Repeat("AQAAAABq", 12)
	h := web.Log(log, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("at work") }))
	for _, path := range []string{"/a/" + token, "/unsubscribe/" + token, "/status/weather"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	}
	if strings.Contains(said.String(), token) || !strings.Contains(said.String(), "path=/a/[token]") || !strings.Contains(said.String(), "path=/status/weather") {
		t.Errorf("the log says\n%s", said.String())
	}
}
