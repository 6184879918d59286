package drift_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// compareInputs compares two input schemas of one tool.
func compareInputs(t *rapid.T, before, after any) drift.Diff {
	return drift.Compare(parsed(t, `[{"name":"t","inputSchema":`+encode(before)+`}]`), parsed(t, `[{"name":"t","inputSchema":`+encode(after)+`}]`))
}

func compareOutputs(t *rapid.T, before, after any) drift.Diff {
	return drift.Compare(parsed(t, `[{"name":"t","outputSchema":`+encode(before)+`}]`), parsed(t, `[{"name":"t","outputSchema":`+encode(after)+`}]`))
}

func parsed(t *rapid.T, tools string) drift.Contract {
	snapshot, err := drift.ReadSnapshot(reader(tools))
	if err != nil {
		t.Fatal(err)
	}
	c, _ := snapshot.Contract()
	// What is equal to the letter is compared no further; here it shall be.
	c.JSON = nil
	return c
}

func TestEqualSchemasHaveNoDrift(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := draw{rt}.top()
		other := clone(s).(schema)
		other["$defs"].(map[string]any)["unused"] = true
		if d := compareInputs(rt, s, other); len(d.Changes) > 0 {
			rt.Errorf("changes of %s:\n%s", encode(s), summary(d))
		}
		if d := compareOutputs(rt, s, other); len(d.Changes) > 0 {
			rt.Errorf("changes of the output %s:\n%s", encode(s), summary(d))
		}
	})
}

// respell writes a schema otherwise.
func (d draw) respell(s any, defs map[string]any) any {
	m, ok := s.(schema)
	if !ok || len(m) == 0 {
		return s // whether an object is closed is read from the text
	}
	switch d.pick("spelling", 9) {
	case 0:
		return schema{"allOf": []any{s}}
	case 1:
		return schema{"anyOf": []any{s}}
	case 2:
		return schema{"oneOf": []any{s}}
	case 3:
		name := "moved" + string(rune('a'+len(defs)))
		defs[name] = s
		return schema{"$ref": "#/$defs/" + name}
	case 4:
		if t, plain := m["type"].(string); plain {
			m["type"] = []any{t}
		}
	case 5:
		if c, found := m["const"]; found {
			delete(m, "const")
			m["enum"] = []any{c}
		}
	case 6:
		for _, word := range []string{"anyOf", "oneOf", "enum", "required"} {
			if list, found := m[word].([]any); found {
				slices.Reverse(list)
			}
		}
	case 7:
		if m["minLength"] == nil && m["items"] == nil {
			m["minLength"], m["items"] = 0.0, true
		}
	}
	return s
}

func TestSpellingIsNoDrift(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := draw{rt}
		s := d.top()
		moved := map[string]any{}
		other := eachSchema(clone(s), func(s any) any {
			if m, ok := s.(schema); ok && m["$defs"] != nil {
				return s
			}
			return d.respell(s, moved)
		}).(schema)
		maps.Copy(other["$defs"].(map[string]any), moved)
		if diff := compareInputs(rt, s, other); len(diff.Changes) > 0 {
			rt.Errorf("changes from %s\nto %s:\n%s", encode(s), encode(other), summary(diff))
		}
		if diff := compareOutputs(rt, other, s); len(diff.Changes) > 0 {
			rt.Errorf("changes of the output from %s\nto %s:\n%s", encode(other), encode(s), summary(diff))
		}
	})
}

// widen lets a schema admit more, or leaves it alone.
func (d draw) widen(s any) any {
	m, ok := s.(schema)
	if !ok || m["not"] != nil {
		return s
	}
	switch d.pick("widening", 8) {
	case 0:
		for _, word := range []string{"minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems", "required", "items"} {
			if word == "items" && m["prefixItems"] != nil || d.flip("keep "+word) {
				continue
			}
			delete(m, word)
		}
	case 1:
		if list, found := m["enum"].([]any); found {
			m["enum"] = append(list, d.atom())
		}
	case 2:
		if c, found := m["const"]; found {
			delete(m, "const")
			m["enum"] = []any{d.atom(), c}
		}
	case 3:
		if t, found := m["type"].(string); found && m["$defs"] == nil {
			m["type"] = []any{oneOf(d, "new type", "null", "string", "number", "boolean"), t}
		}
	case 4:
		if m["$defs"] == nil {
			return schema{oneOf(d, "wrap", "anyOf", "oneOf"): []any{d.any(1), s}}
		}
	case 5:
		if rest, found := m["additionalProperties"]; found && rest == false {
			delete(m, "additionalProperties")
		}
	case 6:
		for _, word := range []string{"anyOf", "oneOf"} {
			if list, found := m[word].([]any); found {
				m[word] = append([]any{d.any(1)}, list...)
			}
		}
	}
	return s
}

// TestWideningIsNeverBreaking: schemas that only admit more break nobody.
func TestWideningIsNeverBreaking(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := draw{rt}
		s := d.top()
		wider := eachSchema(clone(s), d.widen)
		if diff := compareInputs(rt, s, wider); diff.Class() == uptime.DriftBreaking {
			rt.Errorf("changes from %s\nto %s:\n%s", encode(s), encode(wider), summary(diff))
		}
	})
}

// mutate changes a schema in any direction.
func (d draw) mutate(s any) any {
	switch d.pick("mutation", 12) {
	case 0:
		return d.any(1)
	case 1:
		return d.widen(s)
	case 2:
		if m, ok := s.(schema); ok {
			maps.Copy(m, d.scalar())
		}
	case 3:
		if m, ok := s.(schema); ok && m["required"] == nil {
			m["required"] = d.names()
		}
	}
	return s
}

// TestWhatIsNotBreakingBreaksNothing is the promise itself: if a change of the
// input is not called breaking, every call that was valid still is.
func TestWhatIsNotBreakingBreaksNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := draw{rt}
		before := d.top()
		after := eachSchema(clone(before), d.mutate)
		if m, ok := after.(schema); !ok || m["$defs"] == nil {
			after = d.top()
		}
		diff := compareInputs(rt, before, after)
		if diff.Class() == uptime.DriftBreaking {
			return
		}
		for range 30 {
			call := d.instance(3)
			if (validator{before, true}).valid(before, call) && !(validator{root: after}).valid(after, call) {
				rt.Fatalf("%s was valid and is not\nfrom %s\nto   %s\nchanges:\n%s", encode(call), encode(before), encode(after), summary(diff))
			}
		}
	})
}

// TestOrderOfToolsIsNoDrift: the list may come in any order.
func TestOrderOfToolsIsNoDrift(t *testing.T) {
	elements := raws(t, recorded(t, "everything.json"))
	rapid.Check(t, func(rt *rapid.T) {
		a, _ := drift.Parse(elements, "2025-11-25")
		b, _ := drift.Parse(rapid.Permutation(elements).Draw(rt, "order"), "2025-11-25")
		if d := drift.Compare(a, b); len(d.Changes) > 0 || a.Hash != b.Hash {
			rt.Errorf("changes:\n%s", summary(d))
		}
	})
}
