package mcpwire_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

func TestCheckJSON(t *testing.T) {
	good := []string{
		`null`, ` true `, `false`, `0`, `-0`, `1.5e+10`, `1E-2`, `""`, `"\u00e9\n\""`, `"é"`, "\t[\r\n]",
		`{}`, `{"a":1}`, `{"a":{"b":[1,2,{}]},"a":2}`, `[[],{},""]`, nested(512),
	}
	for _, s := range good {
		if err := mcpwire.CheckJSON([]byte(s)); err != nil {
			t.Errorf("%.40q: %v", s, err)
		}
	}
	bad := []string{
		``, ` `, `nul`, `truex`, `01`, `-`, `1.`, `.5`, `1e`, `1e+`, `+1`, `NaN`, `"`, `"\x"`, `"\u12g4"`, `"\u12`, `"\`,
		"\"\n\"", `'a'`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `{a:1}`, `{1:1}`, `{"a" 1}`, `{"a":1]`, `[`, `[1`, `[1,]`, `[1}`, `[,1]`,
		`1 2`, `{} {}`, `null,`, "\xef\xbb\xbf{}", nested(513), nested(100_000), "\"\xff\"", "\"\xed\xa0\x80\"",
	}
	for _, s := range bad {
		if mcpwire.CheckJSON([]byte(s)) == nil {
			t.Errorf("%.40q is accepted", s)
		}
	}
}

func TestCheckJSONDoesNotAllocate(t *testing.T) {
	deep := []byte(`{"tools":` + nested(400) + `,"x":"é\n"}`)
	if n := testing.AllocsPerRun(10, func() { _ = mcpwire.CheckJSON(deep) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWalkStopsWhenToldTo(t *testing.T) {
	calls := 0
	stop := func() bool { calls++; return false }
	if !mcpwire.EachMember([]byte(`{"a":1,"b":2}`), func(string, []byte) bool { return stop() }) ||
		!mcpwire.EachElement([]byte(`[1,2]`), func([]byte) bool { return stop() }) {
		t.Error("the kind of the value is lost when the walk is stopped")
	}
	if calls != 2 {
		t.Errorf("visited %d values, want 2", calls)
	}
}

func TestWalkRefusesOtherValues(t *testing.T) {
	for _, s := range []string{``, ` `, `null`, `"{"`, `1`} {
		if mcpwire.EachMember([]byte(s), nil) || mcpwire.EachElement([]byte(s), nil) {
			t.Errorf("%q is walked", s)
		}
	}
	if mcpwire.EachMember([]byte(`[]`), nil) || mcpwire.EachElement([]byte(`{}`), nil) {
		t.Error("an array is an object")
	}
}

// depth is how deep the containers of valid JSON are nested.
func depth(b []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '{' || c == '['):
			depth++
			deepest = max(deepest, depth)
		case !quoted && (c == '}' || c == ']'):
			depth--
		}
	}
	return deepest
}

func FuzzCheckJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-0.5e3,"\u00e9",null,true]}`, `[1,]`, `01`, "\"\xff\"", nested(512), nested(513), ` {} x`, `"\ud800"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		want := utf8.Valid(b) && json.Valid(b) && depth(b) <= 512
		if err := mcpwire.CheckJSON(b); (err == nil) != want {
			t.Fatalf("CheckJSON says %v, the oracle %v", err, want)
		}
		if want {
			sameMembers(t, b)
			sameElements(t, b)
		}
	})
}

// sameMembers holds EachMember against encoding/json.
func sameMembers(t *testing.T, b []byte) {
	t.Helper()
	got := map[string]string{}
	isObject := mcpwire.EachMember(b, func(key string, value []byte) bool {
		got[key] = string(value)
		return true
	})
	var raw map[string]json.RawMessage
	err := json.Unmarshal(b, &raw)
	if want := err == nil && raw != nil; isObject != want {
		t.Fatalf("EachMember reports %v, want %v", isObject, want)
	}
	if !isObject {
		return
	}
	want := map[string]string{}
	for k, v := range raw {
		want[k] = string(v)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("members (-want +got):\n%s", diff)
	}
}

// sameElements holds EachElement against encoding/json.
func sameElements(t *testing.T, b []byte) {
	t.Helper()
	var got []string
	isArray := mcpwire.EachElement(b, func(value []byte) bool {
		got = append(got, string(value))
		return true
	})
	var raw []json.RawMessage
	err := json.Unmarshal(b, &raw)
	if want := err == nil && raw != nil; isArray != want {
		t.Fatalf("EachElement reports %v, want %v", isArray, want)
	}
	var want []string
	for _, v := range raw {
		want = append(want, string(v))
	}
	if isArray && !slices.Equal(want, got) {
		t.Fatalf("elements are %q, want %q", got, want)
	}
}
