package drift_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/drift"
)

// raws splits a JSON array into its elements, as a client finds them.
func raws(tb testing.TB, array string) []json.RawMessage {
	tb.Helper()
	var out []json.RawMessage
	if err := json.Unmarshal([]byte(array), &out); err != nil {
		tb.Fatalf("splitting %.80s: %v", array, err)
	}
	return out
}

// contract parses an array of tools that is expected to be without fatal faults.
func contract(tb testing.TB, array string) drift.Contract {
	tb.Helper()
	c, problems := drift.Parse(raws(tb, array), "2026-07-28")
	for _, p := range problems {
		if p.Fatal {
			tb.Fatalf("%.80s: %s", array, p)
		}
	}
	return c
}

func recorded(tb testing.TB, file string) string {
	tb.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func sha(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func TestParse(t *testing.T) {
	c := contract(t, `[
	  {"name":"b","inputSchema":{"type":"object","properties":{}},"description":"B","icons":[{"src":"x"}],"_meta":{"k":1}},
	  {"title":"","name":"a","outputSchema":{"type":"object"},"annotations":{"readOnlyHint":true},"inputSchema":{"type":"object"},"description":"é"}
	]`)
	full := `[{"annotations":{"readOnlyHint":true},"description":"é","inputSchema":{"type":"object"},"name":"a","outputSchema":{"type":"object"},"title":""},` +
		`{"description":"B","inputSchema":{"properties":{},"type":"object"},"name":"b"}]`
	want := drift.Contract{
		Tools: []drift.Tool{
			{
				Name: "a", Description: "é", InputSchema: json.RawMessage(`{"type":"object"}`),
				OutputSchema: json.RawMessage(`{"type":"object"}`), Annotations: json.RawMessage(`{"readOnlyHint":true}`),
			},
			{Name: "b", Description: "B", InputSchema: json.RawMessage(`{"properties":{},"type":"object"}`)},
		},
		Hash: sha(full),
		ContractHash: sha(`[{"inputSchema":{"type":"object"},"name":"a","outputSchema":{"type":"object"}},` +
			`{"inputSchema":{"properties":{},"type":"object"},"name":"b"}]`),
		Bytes: len(full), Tokens: (len(full) - 2 + 4 + 3) / 4,
		JSON: json.RawMessage(full),
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("contract (-want +got):\n%s", diff)
	}
}

func TestParseNothing(t *testing.T) {
	c, problems := drift.Parse(nil, "")
	if c.Hash != sha("[]") || c.ContractHash != sha("[]") || len(c.Tools) != 0 || len(problems) != 0 {
		t.Errorf("Parse(nil) = %+v, %v", c, problems)
	}
}

// TestHashes says which differences each hash sees.
func TestHashes(t *testing.T) {
	base := contract(t, `[{"name":"a","description":"x","inputSchema":{"type":"object"}},{"name":"b","description":"y","inputSchema":{"type":"object"}}]`)
	for _, tt := range []struct {
		name, tools   string
		full, schemas bool
	}{
		{"other order of tools and keys", `[{"inputSchema":{"type":"object"},"description":"y","name":"b"},{"name":"a","description":"\u0078","inputSchema":{"type":"object"}}]`, false, false},
		{"icons and _meta", `[{"name":"a","_meta":{"x":1},"description":"x","inputSchema":{"type":"object"}},{"icons":[],"name":"b","description":"y","inputSchema":{"type":"object"}}]`, false, false},
		{"a description", `[{"name":"a","description":"X","inputSchema":{"type":"object"}},{"name":"b","description":"y","inputSchema":{"type":"object"}}]`, true, false},
		{"an empty title", `[{"name":"a","title":"","description":"x","inputSchema":{"type":"object"}},{"name":"b","description":"y","inputSchema":{"type":"object"}}]`, true, false},
		{"a schema", `[{"name":"a","description":"x","inputSchema":{"type":"object","properties":{}}},{"name":"b","description":"y","inputSchema":{"type":"object"}}]`, true, true},
		{"a tool gone", `[{"name":"a","description":"x","inputSchema":{"type":"object"}}]`, true, true},
	} {
		c := contract(t, tt.tools)
		if got := c.Hash != base.Hash; got != tt.full {
			t.Errorf("%s: tools_hash differs: %v", tt.name, got)
		}
		if got := c.ContractHash != base.ContractHash; got != tt.schemas {
			t.Errorf("%s: contract_hash differs: %v", tt.name, got)
		}
	}
}

func TestProblems(t *testing.T) {
	const legacy, modern = "2025-11-25", "2026-07-28"
	for _, tt := range []struct {
		name, revision, tool, want string
		kept                       int
	}{
		{"good", legacy, `{"name":"a","description":"d","inputSchema":{"type":"object"}}`, "", 1},
		{"null", legacy, `null`, "tool_null fatal", 0},
		{"string", legacy, `"a"`, "tool_not_object fatal", 0},
		{"number", legacy, `7`, "tool_not_object fatal", 0},
		{"no name", legacy, `{"description":"d","inputSchema":{"type":"object"}}`, "name_missing fatal", 0},
		{"name is a number", legacy, `{"name":1,"description":"d","inputSchema":{"type":"object"}}`, "name_missing fatal", 0},
		{"odd name", legacy, `{"name":"a b","description":"d","inputSchema":{"type":"object"}}`, "name_invalid", 1},
		{"long name", legacy, `{"name":"` + strings.Repeat("a", 129) + `","description":"d","inputSchema":{"type":"object"}}`, "name_invalid", 1},
		{"no description", legacy, `{"name":"a","inputSchema":{"type":"object"}}`, "description_missing", 1},
		{"empty description", legacy, `{"name":"a","description":"","inputSchema":{"type":"object"}}`, "description_missing", 1},
		{"description null", legacy, `{"name":"a","description":null,"inputSchema":{"type":"object"}}`, "description_not_string fatal", 1},
		{"title", legacy, `{"name":"a","title":[],"description":"d","inputSchema":{"type":"object"}}`, "title_not_string fatal", 1},
		{"annotations", legacy, `{"name":"a","annotations":[],"description":"d","inputSchema":{"type":"object"}}`, "annotations_not_object fatal", 1},
		{"no input schema", legacy, `{"name":"a","description":"d"}`, "input_schema_missing fatal", 1},
		{"null input schema", legacy, `{"name":"a","description":"d","inputSchema":null}`, "input_schema_not_object fatal", 1},
		{"input schema of no type", legacy, `{"name":"a","description":"d","inputSchema":{"properties":{"type":{"type":"object"}}}}`, "input_schema_type fatal", 1},
		{"input schema of type string", modern, `{"name":"a","description":"d","inputSchema":{"type":"string"}}`, "input_schema_type fatal", 1},
		{"output schema is a list", modern, `{"name":"a","description":"d","inputSchema":{"type":"object"},"outputSchema":[]}`, "output_schema_not_object fatal", 1},
		{"output of an array, legacy", legacy, `{"name":"a","description":"d","inputSchema":{"type":"object"},"outputSchema":{"type":"array"}}`, "output_schema_type fatal", 1},
		{"output of an array, no revision", "", `{"name":"a","description":"d","inputSchema":{"type":"object"},"outputSchema":{"type":"array"}}`, "output_schema_type fatal", 1},
		{"output of an array, modern", modern, `{"name":"a","description":"d","inputSchema":{"type":"object"},"outputSchema":{"type":"array"}}`, "", 1},
		{"duplicate member", legacy, `{"name":"a","name":"a","description":"d","inputSchema":{"type":"object"}}`, "json_invalid", 0},
		{"number out of range", legacy, `{"name":"a","description":"d","inputSchema":{"type":"object","maximum":1e400}}`, "json_invalid", 0},
		{"not JSON", legacy, `{"name":`, "json_invalid fatal", 0},
		{"two faults", legacy, `{"name":"a"}`, "description_missing, input_schema_missing fatal", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, problems := drift.Parse([]json.RawMessage{json.RawMessage(tt.tool)}, tt.revision)
			var got []string
			for _, p := range problems {
				got = append(got, p.ID+map[bool]string{true: " fatal"}[p.Fatal])
				if p.Message == "" || p.Index != 0 {
					t.Errorf("problem %+v", p)
				}
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("problems %q, want %q", s, tt.want)
			}
			if len(c.Tools) != tt.kept {
				t.Errorf("%d tools kept, want %d", len(c.Tools), tt.kept)
			}
		})
	}
}

func TestProblemsName(t *testing.T) {
	c, problems := drift.Parse(raws(t, `[{"name":"a","description":"first","inputSchema":{"type":"object"}},null,
	  {"name":"a","description":"second","inputSchema":{"type":"object"}}]`), "2025-11-25")
	want := []drift.Problem{
		{ID: "tool_null", Index: 1, Message: "the entry is null where a tool object belongs", Fatal: true},
		{ID: "name_duplicate", Index: 2, Tool: "a", Message: `an earlier tool is named "a" too; this one is ignored`},
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if len(c.Tools) != 1 || c.Tools[0].Description != "first" {
		t.Errorf("tools %+v", c.Tools)
	}
	if got := problems[1].String(); got != `tools[2] (a): an earlier tool is named "a" too; this one is ignored` {
		t.Errorf("String() = %s", got)
	}
}

// TestRecorded: real lists of real servers, in any order, have one contract.
func TestRecorded(t *testing.T) {
	for file, count := range map[string]int{"everything.json": 13, "conformance.json": 28, "minimal.json": 12} {
		elements := raws(t, recorded(t, file))
		c, problems := drift.Parse(elements, "2025-11-25")
		if len(c.Tools) != count || len(c.Tools) != len(elements) {
			t.Errorf("%s: %d tools of %d elements", file, len(c.Tools), len(elements))
		}
		for _, p := range problems {
			t.Logf("%s: %s", file, p)
		}
		slices.Reverse(elements)
		if d, _ := drift.Parse(elements, "2025-11-25"); !d.Equal(c) || d.Hash != c.Hash || d.ContractHash != c.ContractHash {
			t.Errorf("%s: the hash depends on the order of the tools", file)
		}
	}
}

// BenchmarkParse hashes a list of 10 tools and about 9 KB.
func BenchmarkParse(b *testing.B) {
	elements := raws(b, recorded(b, "everything.json"))[:10]
	for total(elements) < 9000 {
		for i, e := range elements {
			elements[i] = slices.Concat(e[:len(e)-1], []byte(fmt.Sprintf(`,"_meta%d":{"z":[1,2.5,true],"a":"padding to weigh"}}`, total(elements))))
		}
	}
	b.SetBytes(int64(total(elements)))
	b.ReportAllocs()
	for b.Loop() {
		if c, _ := drift.Parse(elements, "2025-11-25"); len(c.Tools) != 10 {
			b.Fatal("tools are missing")
		}
	}
}

func total(elements []json.RawMessage) int {
	n := 0
	for _, e := range elements {
		n += len(e)
	}
	return n
}
