package fake_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/registry/fake"
)

// recording is one exchange with the official registry.
type recording struct {
	file, url   string
	status      int
	contentType string
	body        []byte
}

func read(tb testing.TB, pattern string) recording {
	tb.Helper()
	files, err := filepath.Glob("testdata/" + pattern + "-*.txt")
	if err != nil || len(files) != 1 {
		tb.Fatalf("%d recordings are called %s, want one", len(files), pattern)
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		tb.Fatal(err)
	}
	command, rest, _ := bytes.Cut(raw, []byte("\n"))
	r := recording{file: filepath.Base(files[0])}
	for word := range strings.FieldsSeq(string(command)) {
		if strings.HasPrefix(word, "http://registry/") {
			r.url = word
		}
	}
	answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(rest)), nil)
	if err != nil {
		tb.Fatalf("reading %s: %v", r.file, err)
	}
	defer answer.Body.Close()
	r.status, r.contentType = answer.StatusCode, answer.Header.Get("Content-Type")
	if r.body, err = io.ReadAll(answer.Body); err != nil {
		tb.Fatalf("reading %s: %v", r.file, err)
	}
	return r
}

// records are those of recordings, each once.
func records(tb testing.TB, files ...string) (out []fake.Record) {
	tb.Helper()
	seen := map[string]bool{}
	for _, f := range files {
		found, err := fake.Read(read(tb, f).body)
		if err != nil {
			tb.Fatalf("reading the records of %s: %v", f, err)
		}
		for _, r := range found {
			if !seen[r.Name+":"+r.Version] {
				out = append(out, r)
			}
			seen[r.Name+":"+r.Version] = true
		}
	}
	return out
}

// ask asks the fake for what was asked when a recording was made, and compares.
func (want recording) ask(t *testing.T, registry http.Handler) {
	t.Helper()
	rec := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimPrefix(want.url, "http://registry"), nil)
	registry.ServeHTTP(rec, req)
	if got := rec.Header().Get("Content-Type"); rec.Code != want.status || got != want.contentType {
		t.Errorf("%s: %s answered %d %s; recorded was %d %s", want.file, want.url, rec.Code, got, want.status, want.contentType)
	}
	if diff := cmp.Diff(string(want.body), rec.Body.String()); diff != "" {
		t.Errorf("%s: %s answered otherwise than recorded (-recorded +ours):\n%s", want.file, want.url, diff)
	}
}

// TestRecorded repeats what was asked of the official registry.
func TestRecorded(t *testing.T) {
	registry := fake.New(records(t, "01", "03", "09", "13", "14")...)
	for _, name := range []string{
		"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "22",
	} {
		t.Run(name, func(t *testing.T) { read(t, name).ask(t, registry) })
	}
}

// TestRecordedLife repeats how a server was published, deprecated, deleted and
// published again.
func TestRecordedLife(t *testing.T) {
	registry := fake.New(records(t, "01", "03", "14")...)
	for _, r := range append(records(t, "30"), records(t, "31b")...) {
		// The answer to publishing has nanoseconds, all later ones microseconds.
		r.Published, r.Updated, r.Changed = micro(r.Published), micro(r.Updated), micro(r.Changed)
		registry.Publish(r)
	}
	read(t, "32").ask(t, registry)
	for _, r := range records(t, "33") {
		registry.SetStatus(r.Name, r.Status, r.Message, r.Updated)
	}
	read(t, "34").ask(t, registry)
	for _, r := range records(t, "37") {
		registry.SetStatus(r.Name, r.Status, r.Message, r.Updated)
	}
	for _, name := range []string{"36", "37", "38", "39"} {
		read(t, name).ask(t, registry)
	}
	r := records(t, "40")[0]
	r.Published, r.Updated, r.Changed = micro(r.Published), micro(r.Updated), micro(r.Changed)
	registry.Publish(r)
	read(t, "41").ask(t, registry)
}

func micro(t time.Time) time.Time { return t.Truncate(time.Microsecond) }

// get asks a whole server, over a real connection.
func get(t *testing.T, registry http.Handler, path string) (status int, header http.Header, body string, err error) {
	t.Helper()
	s := httptest.NewServer(registry)
	defer s.Close()
	res, err := http.Get(s.URL + path)
	if err != nil {
		return 0, nil, "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, string(raw), err
}

func TestGenerated(t *testing.T) {
	a, b := fake.Generate(1000), fake.Generate(1000)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the same is not generated twice:\n%s", diff)
	}
	urls := 0
	for _, r := range a {
		var doc struct{ Remotes []struct{ URL string } }
		if err := json.Unmarshal(r.Server, &doc); err != nil {
			t.Fatalf("%s is no JSON: %v", r.Server, err)
		}
		urls += len(doc.Remotes)
	}
	if urls != 1000 {
		t.Errorf("1000 records have %d addresses, want as many", urls)
	}
	if heavy := fake.Heavy("a/b", "https://a.dev/mcp", 30<<10, fake.Epoch()); len(heavy.Server) < 30<<10 || !json.Valid(heavy.Server) {
		t.Errorf("a heavy record has %d bytes, want 30 KiB of JSON", len(heavy.Server))
	}
}

// TestCursor checks that a full page always promises more, and that it may be
// called otherwise.
func TestCursor(t *testing.T) {
	registry := fake.New(fake.Generate(4)...)
	_, _, body, _ := get(t, registry, "/v0.1/servers?limit=4")
	if !strings.Contains(body, `"nextCursor":"io.github.owner-0000/server-00003:1.3.0"`) {
		t.Errorf("a full page that is the last says %s, want a cursor", body)
	}
	registry.Snake()
	if _, _, body, _ = get(t, registry, "/v0.1/servers?limit=2"); !strings.Contains(body, `"next_cursor":"io`) || strings.Contains(body, "nextCursor") {
		t.Errorf("a mirror says %s, want the other spelling", body)
	}
}

func TestFaults(t *testing.T) {
	const list = "/v0.1/servers?limit=2"
	registry := fake.New(fake.Generate(10)...)
	_, _, whole, _ := get(t, registry, list)
	for name, tc := range map[string]struct {
		fault  fake.Fault
		status int
		header string
		holds  func(body string, err error) bool
	}{
		"refused": {fake.Refuse(1, 429, "7"), 429, "7", func(string, error) bool { return true }},
		"short": {fake.Truncate(1), 200, "", func(b string, err error) bool {
			return err == nil && b != "" && strings.HasPrefix(whole, b) && b != whole
		}},
		"cut":     {fake.Cut(1), 200, "", func(_ string, err error) bool { return err != nil }},
		"slow":    {fake.Slow(1, time.Microsecond), 200, "", func(b string, err error) bool { return err == nil && b == whole }},
		"empty":   {fake.Empty(1), 200, "", func(b string, _ error) bool { return b == "{\"servers\":[],\"metadata\":{\"count\":0}}\n" }},
		"loop":    {fake.Loop("here"), 200, "", func(b string, _ error) bool { return strings.Contains(b, `"nextCursor":"here"`) }},
		"both":    {fake.Both(), 200, "", func(b string, _ error) bool { return strings.Count(b, "io.github.owner-0000/server-00001:1.1.0") == 2 }},
		"long":    {fake.Long(1 << 20), 200, "", func(b string, _ error) bool { return len(b) > 1<<20 && json.Valid([]byte(b)) }},
		"keyless": {fake.Key("X-API-Key", "k"), 401, "", func(string, error) bool { return true }},
		"later":   {fake.After(1, fake.Refuse(1, 500, "")), 200, "", func(b string, _ error) bool { return b == whole }},
	} {
		t.Run(name, func(t *testing.T) {
			registry.Break(tc.fault)
			defer registry.Break()
			status, header, body, err := get(t, registry, list)
			if status != tc.status || header.Get("Retry-After") != tc.header || !tc.holds(body, err) {
				t.Errorf("it answered %d, Retry-After %q, %d bytes, %v", status, header.Get("Retry-After"), len(body), err)
			}
		})
	}
	registry.Break(fake.Redirect("/v0.1/ping"))
	if _, _, _, err := get(t, registry, list); err == nil {
		t.Error("a redirect to itself has an end")
	}
	registry.Break()
	registry.Asked()
	_, _, again, _ := get(t, registry, list)
	if again != whole {
		t.Error("without faults it does not answer as before")
	}
	if diff := cmp.Diff([]string{list}, registry.Asked()); diff != "" {
		t.Errorf("what was asked is remembered otherwise:\n%s", diff)
	}
	if registry.Agents()["Go-http-client/1.1"] == 0 {
		t.Error("the agents are not counted")
	}
	registry.Keep(func(i int, _ fake.Record) bool { return i < 1 })
	if _, _, left, _ := get(t, registry, list); !strings.Contains(left, `"count":1}`) {
		t.Errorf("after all but one were forgotten it says %s", left)
	}
}
