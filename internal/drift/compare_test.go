package drift_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// obj makes an object schema of the members of "properties" and, after a "|",
// further keywords.
func obj(s string) string {
	props, rest, ok := strings.Cut(s, "|")
	if ok {
		rest = "," + rest
	}
	return `{"type":"object","properties":{` + props + `}` + rest + `}`
}

// summary writes the changes as "class kind path", one a line.
func summary(d drift.Diff) string {
	var lines []string
	for _, c := range d.Changes {
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%s %s %s", c.Class, c.Kind, c.Path), " "))
	}
	return strings.Join(lines, "\n")
}

func withInput(tb testing.TB, schema string) drift.Contract {
	tb.Helper()
	return contract(tb, `[{"name":"t","description":"d","inputSchema":`+schema+`}]`)
}

func withOutput(tb testing.TB, schema string) drift.Contract {
	tb.Helper()
	return contract(tb, `[{"name":"t","description":"d","inputSchema":{"type":"object"},"outputSchema":`+schema+`}]`)
}

type schemaCase struct{ name, before, after, want string }

// TestCompareInput: what a tool accepts may grow and not shrink.
func TestCompareInput(t *testing.T) {
	for _, tt := range []schemaCase{
		// Parameters.
		{"optional added", `"a":{}`, `"a":{},"b":{"type":"string"}`, "compatible param_added_optional b"},
		{"required added", `"a":{}`, `"a":{},"b":{"type":"string"}|"required":["b"]`, "breaking param_added_required b"},
		{"required added that has no schema", `"a":{}`, `"a":{}|"required":["b"]`, "breaking param_added_required b"},
		{"removed", `"a":{},"b":{"type":"string"}`, `"a":{}`, "breaking param_removed b"},
		{"removed from a closed object", `"a":{"type":"string"}|"additionalProperties":false`, `|"additionalProperties":false`, "breaking param_removed a"},
		{"renamed", `"q":{"type":"string","minLength":2}`, `"query":{"type":"string","minLength":2}`, "breaking param_renamed q"},
		{"renamed and required", `"q":{"type":"string"}`, `"query":{"type":"string"}|"required":["query"]`, "breaking param_renamed q"},
		{
			"two renamed, by description", `"a":{"type":"string","description":"the owner"},"b":{"type":"string","description":"a branch"}`,
			`"x":{"type":"string","description":"a branch"},"y":{"type":"string","description":"the owner"}`,
			"breaking param_renamed a\nbreaking param_renamed b",
		},
		{"replaced by another type", `"a":{"type":"string"}`, `"b":{"type":"integer"}`, "breaking param_removed a\ncompatible param_added_optional b"},
		{"now required", `"a":{"type":"string"}`, `"a":{"type":"string"}|"required":["a"]`, "breaking required_added a"},
		{"now optional", `"a":{"type":"string"}|"required":["a"]`, `"a":{"type":"string"}`, "compatible required_removed a"},
		{"forbidden", `"a":{"type":"string"}`, `"a":false`, "breaking param_removed a"},
		{"no longer forbidden", `"a":false`, `"a":{"type":"string"}`, "compatible param_added_optional a"},
		{"a name with a dot", `"a":{}`, `"a":{},"b.c":{}`, `compatible param_added_optional ["b.c"]`},
		{"nested required", `"r":{"type":"object","properties":{"o":{"type":"string"}}}`, `"r":{"type":"object","properties":{"o":{"type":"string"}},"required":["o"]}`, "breaking required_added r.o"},
		{"nested in a list", `"l":{"type":"array","items":{"type":"object","properties":{"id":{"type":"integer"}}}}`, `"l":{"type":"array","items":{"type":"object","properties":{"id":{"type":"number"}}}}`, "compatible type_widened l[].id"},
		// Types.
		{"type changed", `"a":{"type":"string"}`, `"a":{"type":"integer"}`, "breaking type_changed a"},
		{"integer to number", `"a":{"type":"integer"}`, `"a":{"type":"number"}`, "compatible type_widened a"},
		{"number to integer", `"a":{"type":"number"}`, `"a":{"type":"integer"}`, "breaking type_narrowed a"},
		{"null added to a list of types", `"a":{"type":"string"}`, `"a":{"type":["null","string"]}`, "compatible type_widened a"},
		{"null removed", `"a":{"type":["string","null"]}`, `"a":{"type":"string"}`, "breaking type_narrowed a"},
		{"null added by anyOf", `"a":{"type":"string","minLength":1}`, `"a":{"anyOf":[{"type":"string","minLength":1},{"type":"null"}]}`, "compatible type_widened a"},
		{"null removed from anyOf", `"a":{"anyOf":[{"type":"object","properties":{"b":{}}},{"type":"null"}]}`, `"a":{"type":"object","properties":{"b":{}}}`, "breaking type_narrowed a"},
		{"type list of one", `"a":{"type":["string"]}`, `"a":{"type":"string"}`, ""},
		{"order of types", `"a":{"type":["string","null"]}`, `"a":{"type":["null","string"]}`, ""},
		{"integer and number is number", `"a":{"type":["integer","number"]}`, `"a":{"type":"number"}`, ""},
		{"any to string", `"a":{}`, `"a":{"type":"string"}`, "breaking type_narrowed a"},
		{"string to any", `"a":{"type":"string"}`, `"a":{"description":"x"}`, "compatible type_widened a\nwording wording a"},
		{"true is {}", `"a":true`, `"a":{}`, ""},
		{"string to string or list", `"a":{"type":"string","maxLength":9}`, `"a":{"oneOf":[{"type":"array","items":{"type":"string"}},{"type":"string","maxLength":9}]}`, "compatible type_widened a"},
		{"openapi nullable", `"a":{"type":"string","nullable":true}`, `"a":{"type":["string","null"]}`, ""},
		// Enums.
		{"enum value added", `"a":{"enum":["x"]}`, `"a":{"enum":["y","x"]}`, "compatible enum_widened a"},
		{"enum value removed", `"a":{"type":"string","enum":["x","y"]}`, `"a":{"type":"string","enum":["x"]}`, "breaking enum_narrowed a"},
		{"enum value replaced", `"a":{"enum":["x","y"]}`, `"a":{"enum":["x","z"]}`, "breaking enum_narrowed a\ncompatible enum_widened a"},
		{"enum order", `"a":{"enum":["x","y"]}`, `"a":{"enum":["y","x"]}`, ""},
		{"enum added", `"a":{"type":"string"}`, `"a":{"type":"string","enum":["x"]}`, "breaking enum_narrowed a"},
		{"enum dropped", `"a":{"type":"string","enum":["x"]}`, `"a":{"type":"string"}`, "compatible enum_widened a"},
		{"enum dropped for limits that hold", `"a":{"enum":["x","yy"]}`, `"a":{"type":"string","minLength":1,"maxLength":2,"pattern":"^[a-z]+$"}`, "compatible enum_widened a"},
		{"enum dropped for limits that do not", `"a":{"enum":["x","yyy"]}`, `"a":{"type":"string","maxLength":2}`, "breaking enum_narrowed a\ncompatible enum_widened a"},
		{"const is an enum of one", `"a":{"const":"x"}`, `"a":{"type":"string","enum":["x"]}`, ""},
		{"const to enum", `"a":{"const":"x"}`, `"a":{"enum":["x","y"]}`, "compatible enum_widened a"},
		{"anyOf of consts is an enum", `"a":{"anyOf":[{"const":"x"},{"const":"y"}]}`, `"a":{"type":"string","enum":["y","x"]}`, ""},
		{"enum or null", `"a":{"enum":["x"]}`, `"a":{"anyOf":[{"enum":["x"],"type":"string"},{"type":"null"}]}`, "compatible enum_widened a"},
		{"boolean is its two values", `"a":{"type":"boolean"}`, `"a":{"enum":[false,true]}`, ""},
		{"boolean to more values", `"a":{"type":"boolean"}`, `"a":{"enum":[true,false,"auto"]}`, "compatible enum_widened a"},
		{"boolean to one value", `"a":{"type":"boolean"}`, `"a":{"const":true}`, "breaking enum_narrowed a"},
		{"an enum of numbers", `"a":{"enum":[1,2.0]}`, `"a":{"enum":[1.0,2]}`, ""},
		// Constraints.
		{"maximum lowered", `"a":{"type":"integer","maximum":100}`, `"a":{"type":"integer","maximum":50}`, "breaking constraint_narrowed a"},
		{"maximum raised", `"a":{"type":"integer","maximum":50}`, `"a":{"type":"integer","maximum":100}`, "compatible constraint_widened a"},
		{"maximum added", `"a":{"type":"integer"}`, `"a":{"type":"integer","maximum":100}`, "breaking constraint_narrowed a"},
		{"minimum removed", `"a":{"type":"number","minimum":0}`, `"a":{"type":"number"}`, "compatible constraint_widened a"},
		{"exclusive to inclusive", `"a":{"type":"number","exclusiveMinimum":0}`, `"a":{"type":"number","minimum":0}`, "compatible constraint_widened a"},
		{"inclusive to exclusive", `"a":{"type":"number","maximum":9}`, `"a":{"type":"number","exclusiveMaximum":9}`, "breaking constraint_narrowed a"},
		{"integers above 0 begin at 1", `"a":{"type":"integer","exclusiveMinimum":0}`, `"a":{"type":"integer","minimum":1}`, ""},
		{"multipleOf widened", `"a":{"type":"integer","multipleOf":10}`, `"a":{"type":"integer","multipleOf":5}`, "compatible constraint_widened a"},
		{"multipleOf narrowed", `"a":{"type":"integer","multipleOf":5}`, `"a":{"type":"integer","multipleOf":10}`, "breaking constraint_narrowed a"},
		{"minLength added", `"a":{"type":"string"}`, `"a":{"type":"string","minLength":1}`, "breaking constraint_narrowed a"},
		{"minLength 0", `"a":{"type":"string"}`, `"a":{"type":"string","minLength":0}`, ""},
		{"maxLength raised", `"a":{"type":"string","maxLength":5}`, `"a":{"type":"string","maxLength":6}`, "compatible constraint_widened a"},
		{"minItems raised", `"a":{"type":"array","minItems":1}`, `"a":{"type":"array","minItems":2}`, "breaking constraint_narrowed a"},
		{"maxItems removed", `"a":{"type":"array","maxItems":1}`, `"a":{"type":"array"}`, "compatible constraint_widened a"},
		{"uniqueItems", `"a":{"type":"array"}`, `"a":{"type":"array","uniqueItems":true}`, "breaking constraint_narrowed a"},
		{"pattern changed", `"a":{"type":"string","pattern":"^a"}`, `"a":{"type":"string","pattern":"^b"}`, "breaking constraint_narrowed a"},
		{"pattern removed", `"a":{"type":"string","pattern":"^a"}`, `"a":{"type":"string"}`, "compatible constraint_widened a"},
		{"pattern that refuses nothing", `"a":{"type":"string"}`, `"a":{"type":"string","pattern":".*"}`, ""},
		{"format added", `"a":{"type":"string"}`, `"a":{"type":"string","format":"uri"}`, "breaking constraint_narrowed a"},
		{"format removed", `"a":{"type":"string","format":"uri"}`, `"a":{"type":"string"}`, "compatible constraint_widened a"},
		{"a limit of another type", `"a":{"type":"string"}`, `"a":{"type":"string","maximum":5}`, ""},
		{"a limit of the type that came", `"a":{"type":"string"}`, `"a":{"type":["string","integer"],"maximum":5}`, "compatible type_widened a"},
		// Objects and lists.
		{"closed", `"a":{}`, `"a":{}|"additionalProperties":false`, "breaking constraint_narrowed"},
		{"opened", `"a":{}|"additionalProperties":false`, `"a":{}`, "compatible constraint_widened"},
		{"additionalProperties true is the default", `"a":{}|"additionalProperties":true`, `"a":{}`, ""},
		{"map values narrowed", `"m":{"type":"object"}`, `"m":{"type":"object","additionalProperties":{"type":"string"}}`, "breaking type_narrowed m.*"},
		{"map values widened", `"m":{"type":"object","additionalProperties":{"type":"string"}}`, `"m":{"type":"object","additionalProperties":{"type":["string","null"]}}`, "compatible type_widened m.*"},
		{"map key with a stricter schema", `"m":{"type":"object","additionalProperties":{"type":"string"}}`, `"m":{"type":"object","additionalProperties":{"type":"string"},"properties":{"k":{"type":"integer"}}}`, "breaking type_changed m.k\ncompatible param_added_optional m.k"},
		{"pattern of names widened", `"m":{"type":"object","patternProperties":{"^x-":{"type":"string"}}}`, `"m":{"type":"object","patternProperties":{"^x-":{}}}`, "compatible type_widened m[/^x-/]"},
		{"pattern of names in a closed object", `"m":{"type":"object","additionalProperties":false}`, `"m":{"type":"object","additionalProperties":false,"patternProperties":{"^x-":{}}}`, "compatible constraint_widened m[/^x-/]"},
		{"items narrowed", `"l":{"type":"array","items":{}}`, `"l":{"type":"array","items":{"type":"string"}}`, "breaking type_narrowed l[]"},
		{"items removed", `"l":{"type":"array","items":{"type":"string"}}`, `"l":{"type":"array"}`, "compatible type_widened l[]"},
		{"tuple element", `"l":{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}]}`, `"l":{"type":"array","prefixItems":[{"type":"string"},{"type":"string"}]}`, "breaking type_changed l[1]"},
		{"tuple in the older spelling", `"l":{"type":"array","items":[{"type":"string"}],"additionalItems":false}`, `"l":{"type":"array","prefixItems":[{"type":"string"}],"items":false}`, ""},
		// Alternatives.
		{"anyOf of one", `"a":{"anyOf":[{"type":"string"}]}`, `"a":{"type":"string"}`, ""},
		{"allOf of one with a default", `"a":{"allOf":[{"type":"string"}],"default":"x"}`, `"a":{"type":"string","default":"x"}`, ""},
		{"oneOf of one in anyOf of one", `"a":{"anyOf":[{"oneOf":[{"type":"string"}]}]}`, `"a":{"type":"string"}`, ""},
		{"anyOf order", `"a":{"anyOf":[{"type":"object","properties":{"x":{"type":"string"}},"required":["x"]},{"type":"object","properties":{"y":{}},"required":["y"]}]}`, `"a":{"anyOf":[{"type":"object","properties":{"y":{}},"required":["y"]},{"type":"object","properties":{"x":{"type":"string"}},"required":["x"]}]}`, ""},
		{"anyOf branch added", `"a":{"anyOf":[{"type":"object","required":["x"]},{"type":"object","required":["y"]}]}`, `"a":{"anyOf":[{"type":"object","required":["x"]},{"type":"object","required":["z"]},{"type":"object","required":["y"]}]}`, "compatible option_added a"},
		{"anyOf branch removed", `"a":{"anyOf":[{"type":"object","required":["x"]},{"type":"object","required":["y"]}]}`, `"a":{"type":"object","required":["y"]}`, "breaking option_removed a"},
		{"anyOf branch widened", `"a":{"anyOf":[{"type":"object","required":["x"],"properties":{"x":{"type":"integer"}}},{"type":"object","required":["y"]}]}`, `"a":{"anyOf":[{"type":"object","required":["y"]},{"type":"object","required":["x"],"properties":{"x":{"type":"number"}}}]}`, "compatible type_widened a.x"},
		{"anyOf branch narrowed", `"a":{"anyOf":[{"type":"object","required":["x"],"properties":{"x":{"type":"number"}}},{"type":"object","required":["y"]}]}`, `"a":{"anyOf":[{"type":"object","required":["y"]},{"type":"object","required":["x"],"properties":{"x":{"type":"integer"}}}]}`, "breaking type_narrowed a.x"},
		{"anyOf to one that covers all", `"a":{"anyOf":[{"type":"string","minLength":3},{"type":"string","format":"uri"}]}`, `"a":{"type":"string"}`, "compatible constraint_widened a\ncompatible constraint_widened a"},
		{"one of two required, then none", `"x":{},"y":{}|"anyOf":[{"required":["x"]},{"required":["y"]}]`, `"x":{},"y":{}`, "compatible required_removed x\ncompatible required_removed y"},
		{"enum split over alternatives", `"a":{"enum":["x","/y"]}`, `"a":{"anyOf":[{"enum":["x","z"]},{"type":"string","pattern":"^/"}]}`, ""},
		{"allOf merged", `"a":{"allOf":[{"type":"object","properties":{"x":{"type":"string"}}},{"properties":{"y":{"type":"string"}},"required":["y"]}]}`, `"a":{"type":"object","properties":{"x":{"type":"string"},"y":{"type":"string"}},"required":["y"]}`, ""},
		{"allOf member added", `"a":{"type":"object","allOf":[{"not":{"required":["x"]}}]}`, `"a":{"type":"object","allOf":[{"not":{"required":["x"]}},{"not":{"required":["y"]}}]}`, "breaking constraint_narrowed a"},
		// References.
		{"moved to $defs", `"a":{"type":"object","properties":{"x":{"type":"string"}}}`, `"a":{"$ref":"#/$defs/A"}|"$defs":{"A":{"type":"object","properties":{"x":{"type":"string"}}}}`, ""},
		{"definitions became $defs", `"a":{"$ref":"#/definitions/A"}|"definitions":{"A":{"type":"string"}}`, `"a":{"$ref":"#/$defs/B"}|"$defs":{"B":{"type":"string"}}`, ""},
		{"by anchor", `"a":{"$ref":"#A"}|"$defs":{"X":{"$anchor":"A","type":"string"}}`, `"a":{"type":"string"}`, ""},
		{"a pointer with escapes", `"a":{"$ref":"#/$defs/a~1b%20c"}|"$defs":{"a/b c":{"type":"string"}}`, `"a":{"type":"string"}`, ""},
		{"changed behind the reference", `"a":{"$ref":"#/$defs/A"}|"$defs":{"A":{"type":"string"}}`, `"a":{"$ref":"#/$defs/A"}|"$defs":{"A":{"type":"integer"}}`, "breaking type_changed a"},
		{"changed in what nobody refers to", `|"$defs":{"A":{"type":"string"}}`, `|"$defs":{"A":{"type":"integer"}}`, ""},
		{"recursive, unrolled once", `"n":{"$ref":"#/$defs/N"}|"$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#/$defs/N"}}}}`, `"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/M"}}}|"$defs":{"M":{"type":"object","properties":{"next":{"$ref":"#/$defs/M"}}}}`, ""},
		{"recursive, changed inside", `"n":{"$ref":"#/$defs/N"}|"$defs":{"N":{"type":"object","properties":{"v":{"type":"integer"},"next":{"$ref":"#/$defs/N"}}}}`, `"n":{"$ref":"#/$defs/N"}|"$defs":{"N":{"type":"object","properties":{"v":{"type":"string"},"next":{"$ref":"#/$defs/N"}}}}`, "breaking type_changed n.v"},
		{"refers to itself", `"a":{"$ref":"#/properties/a"}`, `"a":{}`, ""},
		{"elsewhere", `"a":{"$ref":"https://example.com/a"}`, `"a":{"$ref":"https://example.com/b"}`, "breaking schema_changed a"},
		{"described where it is used", `"a":{"$ref":"#/$defs/A","description":"x"}|"$defs":{"A":{"type":"string"}}`, `"a":{"type":"string","description":"y"}`, "wording wording a"},
		// What is not understood.
		{"not added", `"a":{"type":"string"}`, `"a":{"type":"string","not":{"const":"x"}}`, "breaking constraint_narrowed a"},
		{"not removed", `"a":{"type":"string","not":{"const":"x"}}`, `"a":{"type":"string"}`, "compatible constraint_widened a"},
		{"not changed", `"a":{"type":"string","not":{"const":"x"}}`, `"a":{"type":"string","not":{"const":"y"}}`, "breaking schema_changed a"},
		{"not moved", `"a":{"type":"string","not":{"$ref":"#/$defs/X"}}|"$defs":{"X":{"const":"x"}}`, `"a":{"type":"string","not":{"enum":["x"]}}`, ""},
		{"if and then", `"a":{"type":"string","if":{"minLength":3},"then":{"format":"uri"}}`, `"a":{"type":"string"}`, "compatible constraint_widened a\ncompatible constraint_widened a"},
		{"then wider", `"a":{"type":"integer","if":{"minimum":3},"then":{"maximum":5}}`, `"a":{"type":"integer","if":{"minimum":3},"then":{"maximum":6}}`, "compatible constraint_widened a"},
		{"dependentRequired added", `"a":{},"b":{}`, `"a":{},"b":{}|"dependentRequired":{"a":["b"]}`, "breaking constraint_narrowed"},
		{"an unknown keyword", `"a":{"type":"string","magic":1}`, `"a":{"type":"string","magic":2}`, "breaking schema_changed a"},
		{"an unknown keyword gone", `"a":{"type":"string","magic":1}`, `"a":{"type":"string"}`, "compatible constraint_widened a"},
		// Words.
		{"description", `"a":{"description":"x"}`, `"a":{"description":"y"}`, "wording wording a"},
		{"examples and titles", `"a":{"title":"A","examples":[1]}`, `"a":{"title":"B","examples":[2]}`, "wording wording a\nwording wording a"},
		{"an extension", `"a":{"type":"string"}`, `"a":{"type":"string","x-mcp-header":"A"}`, "wording wording a"},
		{"dialect", `"a":{}`, `"a":{}|"$schema":"http://json-schema.org/draft-07/schema#"`, "wording wording"},
		{"default", `"a":{"type":"integer","default":1}`, `"a":{"type":"integer","default":2}`, "compatible default_changed a"},
		{"key order", `"a":{"type":"string","minLength":1},"b":{}`, `"b":{},"a":{"minLength":1.0,"type":"string"}`, ""},
		{"a parameter named like a keyword", `"required":{"type":"string"},"$ref":{"type":"string"}`, `"required":{"type":"string"},"$ref":{"type":"integer"}`, "breaking type_changed $ref"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := drift.Compare(withInput(t, obj(tt.before)), withInput(t, obj(tt.after)))
			if diff := cmp.Diff(tt.want, summary(d)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			for _, c := range d.Changes {
				if c.Part != drift.PartInput || !strings.HasPrefix(c.Message, `tool "t": `) {
					t.Errorf("change %+v", c)
				}
			}
		})
	}
}

// TestCompareOutput: what a tool answers may shrink and not turn into something
// else.
func TestCompareOutput(t *testing.T) {
	for _, tt := range []schemaCase{
		{"field added", `"a":{}`, `"a":{},"b":{"type":"string"}`, "compatible output_field_added b"},
		{"required field added", `"a":{}`, `"a":{},"b":{"type":"string"}|"required":["b"]`, "compatible output_field_added b"},
		{"field removed", `"a":{},"b":{"type":"string"}`, `"a":{}`, "breaking output_field_removed b"},
		{"field renamed", `"a":{"type":"string"}`, `"b":{"type":"string"}`, "breaking output_field_renamed a"},
		{"field of a list removed", `"r":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"},"n":{"type":"integer"}}}}`, `"r":{"type":"array","items":{"type":"object","properties":{"n":{"type":"integer"}}}}`, "breaking output_field_removed r[].id"},
		{"retyped", `"a":{"type":"string"}`, `"a":{"type":"integer"}`, "breaking output_retyped a"},
		{"may be null now", `"a":{"type":"string"}`, `"a":{"type":["string","null"]}`, "breaking output_retyped a"},
		{"never null any more", `"a":{"type":["string","null"]}`, `"a":{"type":"string"}`, "compatible type_narrowed a"},
		{"integer to number", `"a":{"type":"integer"}`, `"a":{"type":"number"}`, "breaking output_retyped a"},
		{"number to integer", `"a":{"type":"number"}`, `"a":{"type":"integer"}`, "compatible type_narrowed a"},
		{"no longer sure", `"a":{"type":"string"}|"required":["a"]`, `"a":{"type":"string"}`, "breaking required_removed a"},
		{"sure now", `"a":{"type":"string"}`, `"a":{"type":"string"}|"required":["a"]`, "compatible required_added a"},
		{"enum value added", `"a":{"enum":["x"]}`, `"a":{"enum":["x","y"]}`, "compatible enum_widened a"},
		{"enum value of another type", `"a":{"enum":["x"]}`, `"a":{"enum":["x",1]}`, "breaking output_retyped a\ncompatible enum_widened a"},
		{"enum value removed", `"a":{"enum":["x","y"]}`, `"a":{"enum":["x"]}`, "compatible enum_narrowed a"},
		{"limit raised", `"a":{"type":"integer","maximum":1}`, `"a":{"type":"integer","maximum":2}`, "compatible constraint_widened a"},
		{"format changed", `"a":{"type":"string","format":"date"}`, `"a":{"type":"string","format":"date-time"}`, "breaking output_retyped a"},
		{"map lost", `"m":{"type":"object","additionalProperties":{"type":"string"}}`, `"m":{"type":"object","additionalProperties":false}`, "breaking output_field_removed m.*"},
		{"map values retyped", `"m":{"type":"object","additionalProperties":{"type":"string"}}`, `"m":{"type":"object","additionalProperties":{"type":"integer"}}`, "breaking output_retyped m.*"},
		{"alternative added", `"a":{"type":"object","required":["x"]}`, `"a":{"anyOf":[{"type":"object","required":["x"]},{"type":"object","required":["y"]}]}`, "breaking option_added a"},
		{"alternative gone", `"a":{"anyOf":[{"type":"object","required":["x"]},{"type":"object","required":["y"]}]}`, `"a":{"type":"object","required":["x"]}`, "compatible option_removed a"},
		{"description", `"a":{"description":"x"}`, `"a":{"description":"y"}`, "wording wording a"},
		{"moved to $defs", `"a":{"type":"string"}`, `"a":{"$ref":"#/$defs/A"}|"$defs":{"A":{"type":"string"}}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := drift.Compare(withOutput(t, obj(tt.before)), withOutput(t, obj(tt.after)))
			if diff := cmp.Diff(tt.want, summary(d)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCompareTools holds the changes of tools and what people read of them.
func TestCompareTools(t *testing.T) {
	tool := func(name, rest string) string {
		return `{"name":"` + name + `","description":"does ` + name + `","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}` + rest + `}`
	}
	for _, tt := range []struct{ name, before, after, want, message string }{
		{"nothing", tool("a", ""), tool("a", ""), "", ""},
		{"added", tool("a", ""), tool("a", "") + "," + tool("b", ""), "compatible tool_added", `tool "b" was added`},
		{"removed", tool("a", "") + "," + tool("b", ""), tool("a", ""), "breaking tool_removed", `tool "b" was removed`},
		{"renamed", tool("search", ""), tool("find", ""), "breaking tool_renamed\nwording wording", `tool "find" is the new name of "search"`},
		{
			"two renamed, by likeness", tool("get_user", "") + "," + tool("get_repo", ""), tool("fetch_repo", "") + "," + tool("fetch_user", ""),
			"breaking tool_renamed\nbreaking tool_renamed\nwording wording\nwording wording", `tool "fetch_repo" is the new name of "get_repo"`,
		},
		{
			"tools without parameters are not equal for that", `{"name":"ping","description":"is it there","inputSchema":{"type":"object"}}`,
			`{"name":"now","description":"tell the time","inputSchema":{"type":"object"}}`,
			"breaking tool_removed\ncompatible tool_added", `tool "ping" was removed`,
		},
		{"title", tool("a", `,"title":"A"`), tool("a", `,"title":"B"`), "wording wording", `tool "a" changed its title from "A" to "B"`},
		{
			"hint", tool("a", `,"annotations":{"readOnlyHint":true}`), tool("a", `,"annotations":{"readOnlyHint":false}`), "wording annotations readOnlyHint",
			`tool "a" changed its annotation readOnlyHint from true to false: it no longer claims to change nothing, review what calls it unattended`,
		},
		{"hint written down", tool("a", ""), tool("a", `,"annotations":{"readOnlyHint":false,"destructiveHint":true}`), "", ""},
		{"output schema gone", tool("a", `,"outputSchema":{"type":"object"}`), tool("a", ""), "breaking output_schema_removed", `tool "a": the output no longer has a schema`},
		{"output schema new", tool("a", ""), tool("a", `,"outputSchema":{"type":"object"}`), "compatible output_schema_added", `tool "a": the output now has a schema`},
		{
			"breaking first, then by tool and path", tool("b", "") + "," + tool("c", `,"title":"x"`),
			strings.ReplaceAll(tool("b", ""), `"q"`, `"z":{},"q"`) + "," + strings.ReplaceAll(tool("c", ""), "string", "integer"),
			"breaking type_changed q\ncompatible param_added_optional z\nwording wording",
			`tool "c": parameter "q" changed its type from string to integer`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := drift.Compare(contract(t, "["+tt.before+"]"), contract(t, "["+tt.after+"]"))
			if diff := cmp.Diff(tt.want, summary(d)); diff != "" {
				t.Fatalf("changes (-want +got):\n%s", diff)
			}
			if len(d.Changes) > 0 && d.Changes[0].Message != tt.message {
				t.Errorf("message %s\nwant    %s", d.Changes[0].Message, tt.message)
			}
		})
	}
}

// TestMessages pins sentences that people read.
func TestMessages(t *testing.T) {
	for _, tt := range []struct{ before, after, want string }{
		{`"limit":{}`, `"limit":{}|"required":["limit"]`, `tool "t": parameter "limit" is now required`},
		{`"q":{"type":"string"}`, `"query":{"type":"string"}`, `tool "t": parameter "q" was renamed to "query"`},
		{`"a":{"enum":["x","y"]}`, `"a":{"enum":["y"]}`, `tool "t": parameter "a" no longer accepts "x"`},
		{`"a":{"enum":["x"]}`, `"a":{"enum":["x","y"]}`, `tool "t": parameter "a" now also accepts "y"`},
		{`"a":{"type":"string"}`, `"a":{"enum":["y"]}`, `tool "t": parameter "a" now accepts "y" instead of anything of type string`},
		{`"a":{"type":"integer","maximum":9}`, `"a":{"type":"integer","maximum":5}`, `tool "t": parameter "a" changed its maximum from 9 to 5`},
		{`"a":{"type":"object","additionalProperties":true}`, `"a":{"type":"object","additionalProperties":false}`, `tool "t": parameter "a" no longer accepts other names`},
	} {
		d := drift.Compare(withInput(t, obj(tt.before)), withInput(t, obj(tt.after)))
		if len(d.Changes) != 1 || d.Changes[0].Message != tt.want {
			t.Errorf("changes %+v\nwant %s", d.Changes, tt.want)
		}
	}
}

func TestDiffClass(t *testing.T) {
	a, b := withInput(t, obj(`"a":{"type":"string"},"b":{}`)), withInput(t, obj(`"a":{"type":"integer","description":"x"},"b":{},"c":{}`))
	d := drift.Compare(a, b)
	if d.Class() != uptime.DriftBreaking || d.Count(uptime.DriftBreaking) != 1 || d.Count(uptime.DriftCompatible) != 1 || d.Count(uptime.DriftWording) != 1 {
		t.Errorf("class %s, changes\n%s", d.Class(), summary(d))
	}
	if got := (drift.Diff{}).Class(); got != uptime.NoDrift {
		t.Errorf("class of no changes: %s", got)
	}
	text, err := json.Marshal(d.Changes[0])
	if want := `{"class":"breaking","kind":"type_changed","part":"input","tool":"t","path":"a","before":"string","after":"integer",` +
		`"message":"tool \"t\": parameter \"a\" changed its type from string to integer"}`; err != nil || string(text) != want {
		t.Errorf("JSON %s, %v; want %s", text, err, want)
	}
}
