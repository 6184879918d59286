package drift_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// hostile returns schemas that explode when they are expanded; leaf is what
// they end in.
func hostile(leaf string) map[string]string {
	doubling := func(word string) string {
		var defs strings.Builder
		for i := range 200 {
			fmt.Fprintf(&defs, `"D%d":{%s},`, i, strings.ReplaceAll(word, "NEXT", fmt.Sprintf(`{"$ref":"#/$defs/D%d"}`, i+1)))
		}
		return obj(`"a":{"$ref":"#/$defs/D0"}|"$defs":{` + defs.String() + `"D200":` + leaf + `}`)
	}
	var chain strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&chain, `"C%d":{"$ref":"#/$defs/C%d"},`, i, i+1)
	}
	var wide strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&wide, `{"type":"object","required":["k%d"],"properties":{"k%d":%s}},`, i, i, leaf)
	}
	deep := strings.Repeat(`{"items":`, 200) + leaf + strings.Repeat("}", 200)
	return map[string]string{
		"doubling properties":  doubling(`"type":"object","properties":{"x":NEXT,"y":NEXT}`),
		"doubling anyOf":       doubling(`"anyOf":[NEXT,{"type":"object","properties":{"z":NEXT}}]`),
		"doubling allOf":       doubling(`"allOf":[NEXT,{"properties":{"z":NEXT}}]`),
		"long chain":           obj(`"a":{"$ref":"#/$defs/C0"}|"$defs":{` + chain.String() + `"C5000":` + leaf + `}`),
		"wide anyOf":           obj(`"a":{"anyOf":[` + strings.TrimSuffix(wide.String(), ",") + `]}`),
		"deep":                 obj(`"a":` + deep),
		"a loop of references": obj(`"a":{"$ref":"#/$defs/A"}|"$defs":{"A":{"$ref":"#/$defs/B"},"B":{"allOf":[{"$ref":"#/$defs/A"},` + leaf + `]}}`),
		"an enum":              obj(`"a":{"enum":[` + strings.Repeat(`"x",`, 1) + strings.TrimSuffix(numbers(100_000), ",") + `,` + fmt.Sprintf("%q", leaf) + `]}`),
	}
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d,", i)
	}
	return b.String()
}

// TestBounds: schemas made to explode are compared in bounded time, and a
// change in them is never called harmless.
func TestBounds(t *testing.T) {
	after := hostile(`{"type":"integer"}`)
	for name, schema := range hostile(`{"type":"string"}`) {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			d := drift.Compare(withInput(t, schema), withInput(t, after[name]))
			if d.Class() != uptime.DriftBreaking {
				t.Errorf("class %s, %d changes", d.Class(), len(d.Changes))
			}
			if len(d.Changes) > 2000 {
				t.Errorf("%d changes", len(d.Changes))
			}
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("took %v", took)
			} else {
				t.Logf("%v, %d changes", took, len(d.Changes))
			}
		})
	}
}

// TestTooDeep: what cannot be read is left out by Parse, and counts as no
// schema in a contract that was made by hand.
func TestTooDeep(t *testing.T) {
	deep := strings.Repeat(`{"items":`, 100_000) + "{}" + strings.Repeat("}", 100_000)
	c, problems := drift.Parse([]json.RawMessage{json.RawMessage(`{"name":"a","inputSchema":` + deep + `}`)}, "")
	if len(c.Tools) != 0 || len(problems) != 1 || problems[0].ID != "json_invalid" {
		t.Errorf("%d tools, problems %v", len(c.Tools), problems)
	}
	byHand := drift.Contract{Tools: []drift.Tool{{Name: "a", InputSchema: json.RawMessage(deep)}}}
	if d := drift.Compare(byHand, drift.Contract{Tools: []drift.Tool{{Name: "a"}}}); len(d.Changes) > 0 {
		t.Errorf("changes:\n%s", summary(d))
	}
}

// TestManyRenamed: renaming all tools of a long list costs bounded time and is
// still told tool by tool.
func TestManyRenamed(t *testing.T) {
	var before, after []string
	for i := range 150 {
		schema := obj(fmt.Sprintf(`"p%d":{"type":"string"},"q":{"type":"object","properties":{"x":{"type":"integer"}}}`, i))
		before = append(before, fmt.Sprintf(`{"name":"tool_%d","inputSchema":%s}`, i, schema))
		after = append(after, fmt.Sprintf(`{"name":"new_tool_%d","inputSchema":%s}`, i, schema))
	}
	d := drift.Compare(contract(t, "["+strings.Join(before, ",")+"]"), contract(t, "["+strings.Join(after, ",")+"]"))
	kinds := map[drift.Kind]int{}
	for _, c := range d.Changes {
		kinds[c.Kind]++
		if c.Kind == drift.ToolRenamed && c.After != "new_"+c.Before {
			t.Errorf("%s became %s", c.Before, c.After)
		}
	}
	if diff := cmp.Diff(map[drift.Kind]int{drift.ToolRenamed: 150}, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

// TestHostileText: nothing a server says can reach a terminal as a command or
// fill a page.
func TestHostileText(t *testing.T) {
	name := "x\u202e\u001b[31m" + strings.Repeat("y", 5000)
	quoted := fmt.Sprintf(`"%s"`, strings.ReplaceAll(strings.ReplaceAll(name, "\u001b", `\u001b`), "\u202e", `\u202e`))
	d := drift.Compare(withInput(t, obj("")), withInput(t, obj(quoted+`:{"type":"string"}`)))
	if len(d.Changes) != 1 {
		t.Fatalf("changes %v", d.Changes)
	}
	c := d.Changes[0]
	if strings.ContainsAny(c.Path+c.Message, "\u001b\u202e") || len(c.Message) > 1000 {
		t.Errorf("message of %d bytes: %q", len(c.Message), c.Message)
	}
}

// FuzzCompare: any two contracts are compared, the same way each time, and a
// contract does not differ from itself.
func FuzzCompare(f *testing.F) {
	f.Add([]byte(`{"type":"object","properties":{"a":{"type":"string"}}}`), []byte(`{"type":"object","properties":{"b":{"$ref":"#"}},"required":["b"]}`))
	f.Add([]byte(`{"anyOf":[{"required":["a"]},{"$ref":"#/$defs/a"}],"$defs":{"a":{"not":{"$ref":"#/anyOf/0"}}}}`), []byte(`{"enum":[{},[],1,"a",null],"allOf":[false]}`))
	f.Add([]byte(`{"items":[{}],"prefixItems":{},"type":["x",1],"required":true,"properties":[],"$ref":"#a","minimum":"1"}`), []byte(`true`))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		a := drift.Contract{Tools: []drift.Tool{{Name: "t", InputSchema: before, OutputSchema: after, Annotations: before}}}
		b := drift.Contract{Tools: []drift.Tool{{Name: "t", InputSchema: after, OutputSchema: before, Annotations: after}}}
		first, second := drift.Compare(a, b), drift.Compare(a, b)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("compared twice (-first +second):\n%s", diff)
		}
		if d := drift.Compare(a, a); len(d.Changes) > 0 {
			t.Fatalf("a contract differs from itself:\n%s", summary(d))
		}
	})
}

// BenchmarkCompare compares a real list with itself after one change.
func BenchmarkCompare(b *testing.B) {
	text := recorded(b, "everything.json")
	before, after := contract(b, text), contract(b, strings.Replace(text, `"type":"string"`, `"type":"integer"`, 1))
	b.ReportAllocs()
	for b.Loop() {
		if d := drift.Compare(before, after); d.Class() != uptime.DriftBreaking {
			b.Fatalf("class %s", d.Class())
		}
	}
}
