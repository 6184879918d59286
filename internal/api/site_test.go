package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/alivemcp/alivemcp/internal/api"
	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// story is the board that tells a story, with what only a whole board has.
type story struct{ *boardtest.Board }

func (s story) RowOf(t uptime.TenantID, id uptime.ServerID) (*board.Row, bool) {
	for _, r := range s.List(t, board.Query{Limit: board.MaxLimit}).Rows {
		if r.Server == id {
			return r, true
		}
	}
	return nil, false
}

func (s story) Planned(t uptime.TenantID) (out []uptime.Window) {
	for _, r := range s.List(t, board.Query{Limit: board.MaxLimit}).Rows {
		if r.Window != nil {
			out = append(out, *r.Window)
		}
	}
	return out
}

// site is an API over the story, whose answers are all held against the
// document.
type site struct {
	*boardtest.Board
	http.Handler
	doc *document
}

func now() time.Time { return time.Date(2026, 7, 20, 12, 0, 30, 0, time.UTC) }

func open(t *testing.T, change ...func(*api.Options)) *site {
	t.Helper()
	b := boardtest.New(now())
	o := api.Options{
		Tenant: boardtest.Tenant, Source: story{b}, BaseURL: "https://status.example.com", Now: now, Started: now().Add(-time.Hour),
		Version: "1.2.3", Schema: 4, City: func(region string) string {
			for _, r := range boardtest.Regions() {
				if r.ID == region {
					return r.City
				}
			}
			return region
		},
	}
	for _, c := range change {
		c(&o)
	}
	a, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return &site{b, a.Handler(), readDocument(t)}
}

// ask sends a request and checks that the document describes the answer.
func (s *site) ask(t *testing.T, method, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if method == http.MethodGet && w.Header().Get("Content-Encoding") == "" {
		s.doc.check(t, r.URL.Path, w)
	}
	return w
}

// get is a GET whose JSON goes into v, which may be nil.
func (s *site) get(t *testing.T, target string, v any) {
	t.Helper()
	w := s.ask(t, http.MethodGet, target)
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", target, w.Code, w.Body)
	}
	if v != nil {
		if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
			t.Fatalf("GET %s: %v", target, err)
		}
	}
}

// document is openapi.json, with schemas that admit no member that is not
// described.
type document struct {
	tree     map[string]any
	compiler *jsonschema.Compiler
}

const place = "https://example.com/openapi.json"

func readDocument(t *testing.T) *document {
	t.Helper()
	f, err := os.Open("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tree, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	closeObjects(tree)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(place, tree); err != nil {
		t.Fatal(err)
	}
	return &document{tree.(map[string]any), c}
}

// closeObjects makes every object schema refuse what it does not name.
func closeObjects(tree any) {
	switch node := tree.(type) {
	case map[string]any:
		if _, ok := node["properties"].(map[string]any); ok && node["type"] == "object" {
			node["additionalProperties"] = false
		}
		for _, child := range node {
			closeObjects(child)
		}
	case []any:
		for _, child := range node {
			closeObjects(child)
		}
	}
}

func (d *document) paths() map[string]any { return d.tree["paths"].(map[string]any) }

// path returns the template that a path belongs to; empty when there is none.
func (d *document) path(path string) string {
	best := ""
	for template := range d.paths() {
		if fits(template, path) && (best == "" || strings.Count(template, "{") < strings.Count(best, "{")) {
			best = template
		}
	}
	return best
}

func fits(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}

func escape(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(s)
}

// check holds an answer against the document.
func (d *document) check(t *testing.T, path string, w *httptest.ResponseRecorder) {
	t.Helper()
	template := d.path(path)
	if template == "" {
		return
	}
	pointer := "/paths/" + escape(template) + "/get/responses/" + strconv.Itoa(w.Code)
	response, ok := d.paths()[template].(map[string]any)["get"].(map[string]any)["responses"].(map[string]any)[strconv.Itoa(w.Code)].(map[string]any)
	if !ok {
		t.Errorf("%s: the document knows no answer %d: %s", path, w.Code, w.Body)
		return
	}
	if response["$ref"] != nil {
		pointer = "/components/responses/Problem"
		response = d.tree["components"].(map[string]any)["responses"].(map[string]any)["Problem"].(map[string]any)
	}
	content, _ := response["content"].(map[string]any)
	media, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
	if content == nil && w.Body.Len() == 0 {
		return
	}
	if content[media] == nil {
		t.Errorf("%s %d: the document knows no %q", path, w.Code, media)
		return
	}
	if !strings.HasSuffix(media, "json") {
		return
	}
	d.validate(t, path, pointer+"/content/"+escape(media)+"/schema", w.Body.String())
}

func (d *document) validate(t *testing.T, path, pointer, body string) {
	t.Helper()
	schema, err := d.compiler.Compile(place + "#" + pointer)
	if err != nil {
		t.Fatalf("%s: %v", pointer, err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s is not what the document says: %v", path, err)
	}
}
