package drift_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// schema is a JSON Schema as encoding/json decodes it: an object or a boolean.
type schema = map[string]any

// draw makes schemas and values of a small world: members a, b and c, short
// strings, small numbers. Small, so that two of them often have to do with one
// another.
type draw struct{ *rapid.T }

func (d draw) flip(label string) bool { return rapid.Bool().Draw(d.T, label) }
func (d draw) pick(label string, n int) int {
	return rapid.IntRange(0, n-1).Draw(d.T, label)
}

func oneOf[V any](d draw, label string, values ...V) V { return values[d.pick(label, len(values))] }

// top makes the input schema of a tool.
func (d draw) top() schema {
	s := d.object(3)
	s["type"] = "object"
	s["$defs"] = map[string]any{"D": d.any(1), "E": d.any(1)}
	return s
}

func (d draw) object(depth int) schema {
	s := schema{"type": "object", "properties": map[string]any{}}
	for _, name := range []string{"a", "b", "c"} {
		if d.flip("has " + name) {
			s["properties"].(map[string]any)[name] = d.any(depth - 1)
		}
	}
	if d.flip("required") {
		s["required"] = d.names()
	}
	if d.pick("closed", 4) == 0 {
		s["additionalProperties"] = oneOf[any](d, "rest", false, true, schema{"type": "string"}, schema{"type": []any{"string", "integer"}})
	}
	return s
}

func (d draw) names() []any {
	var out []any
	for _, name := range []string{"a", "b", "c"} {
		if d.pick("require "+name, 3) == 0 {
			out = append(out, name)
		}
	}
	return append([]any{}, out...)
}

func (d draw) any(depth int) any {
	if depth <= 0 {
		return d.scalar()
	}
	switch d.pick("shape", 10) {
	case 0:
		return oneOf[any](d, "boolean", true, false, schema{})
	case 1:
		return d.object(depth - 1)
	case 2:
		return d.list(depth - 1)
	case 3:
		return schema{oneOf(d, "word", "anyOf", "oneOf"): []any{d.any(depth - 1), d.any(depth - 1)}}
	case 4:
		return schema{"anyOf": []any{d.any(depth - 1), schema{"type": "null"}}, "description": "x"}
	case 5:
		return schema{"allOf": []any{schema{"type": oneOf(d, "also", "string", "number", "object", "array")}, d.any(depth - 1)}}
	case 6:
		return schema{"properties": map[string]any{"a": schema{"$ref": oneOf(d, "ref", "#/$defs/D", "#/$defs/E", "#")}}}
	case 7:
		return schema{"type": oneOf(d, "type", "string", "integer"), "not": d.scalar()}
	}
	return d.scalar()
}

func (d draw) list(depth int) schema {
	s := schema{"type": "array"}
	if d.flip("items") {
		s["items"] = d.any(depth)
	}
	if d.pick("prefix", 3) == 0 {
		s["prefixItems"] = []any{d.any(depth)}
	}
	d.limit(s, "minItems", "maxItems")
	return s
}

func (d draw) scalar() schema {
	switch d.pick("scalar", 6) {
	case 0:
		s := schema{"type": "string"}
		d.limit(s, "minLength", "maxLength")
		if d.pick("pattern", 4) == 0 {
			s["pattern"] = oneOf(d, "which pattern", "^a", "b$", "")
		}
		return s
	case 1:
		s := schema{"type": oneOf(d, "number", "integer", "number")}
		d.limit(s, "minimum", "maximum")
		d.limit(s, "exclusiveMinimum", "exclusiveMaximum")
		return s
	case 2:
		return schema{"enum": d.values()}
	case 3:
		return schema{"const": d.atom()}
	case 4:
		return schema{"type": []any{oneOf(d, "first", "string", "boolean", "array"), oneOf(d, "second", "null", "integer", "object")}}
	}
	return schema{"type": oneOf(d, "plain", "boolean", "null", "string", "integer", "object", "array")}
}

func (d draw) limit(s schema, low, high string) {
	if d.pick(low, 3) == 0 {
		s[low] = float64(d.pick(low+" is", 3))
	}
	if d.pick(high, 3) == 0 {
		s[high] = float64(d.pick(high+" is", 4))
	}
}

func (d draw) atom() any {
	return oneOf[any](d, "atom", nil, true, false, 0.0, 1.0, 2.0, 1.5, "", "a", "ab", "b", "aab")
}

func (d draw) values() []any {
	out := []any{d.atom()}
	for d.flip("more values") && len(out) < 4 {
		out = append(out, d.atom())
	}
	return out
}

// value makes an instance.
func (d draw) value(depth int) any {
	switch d.pick("instance", 5) {
	case 0:
		if depth > 0 {
			return d.instance(depth)
		}
	case 1:
		out := []any{}
		for depth > 0 && len(out) < 3 && d.flip("more items") {
			out = append(out, d.value(depth-1))
		}
		return out
	}
	return d.atom()
}

func (d draw) instance(depth int) map[string]any {
	out := map[string]any{}
	for _, name := range []string{"a", "b", "c"} {
		if d.flip("instance has " + name) {
			out[name] = d.value(depth - 1)
		}
	}
	return out
}

// validator decides validity in the plainest way, to hold the diff against.
// oneOf is read as anyOf, as the diff documents.
type validator struct {
	root any
	// strict refuses members that no properties keyword names: calls that use
	// what the schema does not speak of are outside the contract.
	strict bool
}

func (v validator) valid(s, x any) bool {
	if b, ok := s.(bool); ok {
		return b && (!v.strict || !unspoken(nil, x))
	}
	m := s.(schema)
	if v.strict && unspoken(m, x) {
		return false
	}
	for word, arg := range m {
		if !v.keyword(m, word, arg, x) {
			return false
		}
	}
	return true
}

// unspoken reports whether a value has members of which the schema does not
// speak at all.
func unspoken(m schema, x any) bool {
	for _, word := range []string{"$ref", "anyOf", "oneOf", "allOf", "properties", "additionalProperties", "items"} {
		if m[word] != nil {
			return false
		}
	}
	if list, ok := x.([]any); ok {
		return slices.ContainsFunc(list, func(e any) bool { return unspoken(nil, e) })
	}
	object, ok := x.(map[string]any)
	return ok && len(object) > 0
}

func (v validator) keyword(m schema, word string, arg, x any) bool {
	valid := func(s any) bool { return v.valid(s, x) }
	switch word {
	case "$ref":
		target := v.root
		if name, ok := strings.CutPrefix(arg.(string), "#/$defs/"); ok {
			target = v.root.(schema)["$defs"].(map[string]any)[name]
		}
		return valid(target)
	case "type":
		if list, ok := arg.([]any); ok {
			return slices.ContainsFunc(list, func(t any) bool { return isType(t.(string), x) })
		}
		return isType(arg.(string), x)
	case "enum":
		return slices.ContainsFunc(arg.([]any), func(e any) bool { return reflect.DeepEqual(e, x) })
	case "const":
		return reflect.DeepEqual(arg, x)
	case "anyOf", "oneOf":
		return slices.ContainsFunc(arg.([]any), valid)
	case "allOf":
		return !slices.ContainsFunc(arg.([]any), func(s any) bool { return !valid(s) })
	case "not":
		return !validator{root: v.root}.valid(arg, x)
	}
	switch x := x.(type) {
	case string:
		return stringValid(word, arg, x)
	case float64:
		return numberValid(word, arg, x)
	case []any:
		return v.listValid(m, word, arg, x)
	case map[string]any:
		return v.objectValid(m, word, arg, x)
	}
	return true
}

func isType(t string, x any) bool {
	switch x := x.(type) {
	case nil:
		return t == "null"
	case bool:
		return t == "boolean"
	case string:
		return t == "string"
	case float64:
		return t == "number" || t == "integer" && x == math.Trunc(x)
	case []any:
		return t == "array"
	}
	return t == "object"
}

func stringValid(word string, arg any, x string) bool {
	n := float64(utf8.RuneCountInString(x))
	switch word {
	case "minLength":
		return n >= arg.(float64)
	case "maxLength":
		return n <= arg.(float64)
	case "pattern":
		return regexp.MustCompile(arg.(string)).MatchString(x)
	}
	return true
}

func numberValid(word string, arg any, x float64) bool {
	switch word {
	case "minimum":
		return x >= arg.(float64)
	case "maximum":
		return x <= arg.(float64)
	case "exclusiveMinimum":
		return x > arg.(float64)
	case "exclusiveMaximum":
		return x < arg.(float64)
	}
	return true
}

func (v validator) listValid(m schema, word string, arg any, x []any) bool {
	prefix, _ := m["prefixItems"].([]any)
	switch word {
	case "minItems":
		return float64(len(x)) >= arg.(float64)
	case "maxItems":
		return float64(len(x)) <= arg.(float64)
	case "prefixItems":
		for i := range min(len(prefix), len(x)) {
			if !v.valid(prefix[i], x[i]) {
				return false
			}
		}
	case "items":
		return !slices.ContainsFunc(x[min(len(prefix), len(x)):], func(e any) bool { return !v.valid(arg, e) })
	}
	return true
}

func (v validator) objectValid(m schema, word string, arg any, x map[string]any) bool {
	props, _ := m["properties"].(map[string]any)
	rest, restricted := m["additionalProperties"]
	switch word {
	case "required":
		return !slices.ContainsFunc(arg.([]any), func(n any) bool { _, ok := x[n.(string)]; return !ok })
	case "properties", "type":
		for name, e := range x {
			if s, ok := props[name]; ok && !v.valid(s, e) || !ok && v.strict && (!restricted || rest == true) {
				return false
			}
		}
	case "additionalProperties":
		for name, e := range x {
			if _, ok := props[name]; !ok && !v.valid(rest, e) {
				return false
			}
		}
	}
	return true
}

// clone copies a schema so that it can be changed.
func clone(s any) any {
	switch s := s.(type) {
	case map[string]any:
		out := maps.Clone(s)
		for k, v := range out {
			out[k] = clone(v)
		}
		return out
	case []any:
		out := slices.Clone(s)
		for i, v := range out {
			out[i] = clone(v)
		}
		return out
	}
	return s
}

// eachSchema calls f for s and the schemas inside that apply to parts of a
// value or to the same value, and puts what f returns in their place. What
// "not" holds is left out, since it turns every change around.
func eachSchema(s any, f func(any) any) any {
	m, ok := s.(schema)
	if !ok {
		return f(s)
	}
	for _, word := range sortedNames(m) {
		arg := m[word]
		switch word {
		case "properties", "$defs":
			for _, name := range sortedNames(arg.(map[string]any)) {
				arg.(map[string]any)[name] = eachSchema(arg.(map[string]any)[name], f)
			}
		case "items", "additionalProperties":
			m[word] = eachSchema(arg, f)
		case "anyOf", "oneOf", "allOf", "prefixItems":
			for i, e := range arg.([]any) {
				arg.([]any)[i] = eachSchema(e, f)
			}
		}
	}
	return f(m)
}

func sortedNames(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func encode(s any) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("encoding %v: %v", s, err))
	}
	return string(b)
}
