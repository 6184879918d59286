package drift_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/drift"
)

// TestCanonicalExamples holds the examples of RFC 8785, §3.2.2 to §3.2.4 and
// appendix C, and what they imply.
func TestCanonicalExamples(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{
			"RFC 8785 §3.2.2", `{
			  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
			  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
			  "literals": [null, true, false]
			}`,
			`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
		},
		{
			"RFC 8785 §3.2.3", `{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
			  "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\"," +
				"\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}",
		},
		{"order is by UTF-16 units, not by UTF-8 bytes", `{"\uffff":1,"\ud800\udc00":2}`, "{\"\U00010000\":2,\"\uffff\":1}"},
		{"members of members", `[{"b":{"z":1,"a":2},"a":[]}]`, `[{"a":[],"b":{"a":2,"z":1}}]`},
		{"integers beyond 2^53", `[9007199254740993, 10, 1e21, 100000000000000000000]`, `[9007199254740992,10,1e+21,100000000000000000000]`},
		{"minus zero", `[-0, -0.0, 0e7]`, `[0,0,0]`},
		{"control characters", "\"\\u0000\\b\\t\\n\\f\\r\\u001f\\u007f\"", "\"\\u0000\\b\\t\\n\\f\\r\\u001f\u007f\""},
		{"the greatest double", `1.7976931348623157e308`, `1.7976931348623157e+308`},
		{"the greatest double as text", `"1.7976931348623157e+308"`, `"1.7976931348623157e+308"`},
		{"a scalar with space around", " \n true\t", `true`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := drift.Canonical([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("canonical form (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCanonicalNumbers holds the vectors of RFC 8785, appendix B.
func TestCanonicalNumbers(t *testing.T) {
	for bits, want := range map[string]string{
		"0000000000000000": "0", "8000000000000000": "0",
		"0000000000000001": "5e-324", "8000000000000001": "-5e-324",
		"7fefffffffffffff": "1.7976931348623157e+308", "ffefffffffffffff": "-1.7976931348623157e+308",
		"4340000000000000": "9007199254740992", "c340000000000000": "-9007199254740992",
		"4430000000000000": "295147905179352830000",
		"44b52d02c7e14af5": "9.999999999999997e+22", "44b52d02c7e14af6": "1e+23", "44b52d02c7e14af7": "1.0000000000000001e+23",
		"444b1ae4d6e2ef4e": "999999999999999700000", "444b1ae4d6e2ef4f": "999999999999999900000", "444b1ae4d6e2ef50": "1e+21",
		"3eb0c6f7a0b5ed8c": "9.999999999999997e-7", "3eb0c6f7a0b5ed8d": "0.000001",
		"41b3de4355555553": "333333333.3333332", "41b3de4355555554": "333333333.33333325",
		"41b3de4355555555": "333333333.3333333", "41b3de4355555556": "333333333.3333334", "41b3de4355555557": "333333333.33333343",
		"becbf647612f3696": "-0.0000033333333333333333", "43143ff3c1cb0959": "1424953923781206.2",
	} {
		n, err := strconv.ParseUint(bits, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		text := strconv.FormatFloat(math.Float64frombits(n), 'e', 17, 64)
		got, err := drift.Canonical([]byte(text))
		if err != nil || string(got) != want {
			t.Errorf("Canonical(%s) = %s, %v; want %s", text, got, err, want)
		}
	}
}

func TestCanonicalRefuses(t *testing.T) {
	deep := strings.Repeat("[", drift.MaxDepth+1) + strings.Repeat("]", drift.MaxDepth+1)
	for name, in := range map[string]string{
		"nothing": "", "two values": "1 2", "duplicate names": `{"a":1,"\u0061":2}`,
		"duplicate names deep inside": `[{"a":{"b":1,"b":1}}]`,
		"a lone surrogate":            `"\ud800"`, "a reversed pair": `"\udc00\ud800"`, "invalid UTF-8": "\"\xff\"",
		"an overlong number": "1" + strings.Repeat("0", 400), "a great exponent": `{"a":[1e400]}`, "a small one": `-1e400`,
		"a great exponent after the greatest double": `[1.7976931348623157e308,1e309]`,
		"depth": deep, "an unclosed string": `{"a":"`, "a trailing comma": `[1,]`, "NaN": `NaN`,
	} {
		if got, err := drift.Canonical([]byte(in)); err == nil {
			t.Errorf("%s: Canonical = %s, want an error", name, got)
		}
	}
	if _, err := drift.Canonical([]byte(deep)); !errors.Is(err, drift.ErrTooDeep) {
		t.Errorf("depth: error %v, want ErrTooDeep", err)
	}
	if _, err := drift.Canonical([]byte(`[1e999]`)); !errors.Is(err, drift.ErrNumberRange) {
		t.Errorf("range: error %v, want ErrNumberRange", err)
	}
	if _, err := drift.Canonical([]byte(deep[1 : len(deep)-1])); err != nil {
		t.Errorf("%d levels: %v", drift.MaxDepth, err)
	}
}

func TestCanonicalLeavesItsArgumentAlone(t *testing.T) {
	src := []byte(`{"b":1,"a":1.50}`)
	if _, err := drift.Canonical(src); err != nil || string(src) != `{"b":1,"a":1.50}` {
		t.Errorf("src is %s after Canonical, error %v", src, err)
	}
}

// FuzzCanonical: the form is stable, and says what the document said.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"b":[1,2.50,-0],"a":"\u20ac\"\\"}`, `[1e400]`, `"\ud83d\ude00"`, `{"":{"":[]}}`, `[[[["\\"]]]]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		once, err := drift.Canonical(src)
		if err != nil {
			return
		}
		twice, err := drift.Canonical(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("canonical form of %s is %s, %v", once, twice, err)
		}
		var a, b any
		if err := errors.Join(json.Unmarshal(src, &a), json.Unmarshal(once, &b)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatalf("another meaning (-source +canonical):\n%s", diff)
		}
	})
}

// TestCanonicalSample checks doubles of many sizes against the round trip that
// RFC 8785 §3.2.2.3 promises.
func TestCanonicalSample(t *testing.T) {
	for i := range uint64(2000) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], i*0x9E3779B97F4A7C15)
		want := math.Float64frombits(binary.BigEndian.Uint64(b[:]))
		if math.IsNaN(want) || math.IsInf(want, 0) {
			continue
		}
		text, err := drift.Canonical([]byte(strconv.FormatFloat(want, 'g', -1, 64)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := strconv.ParseFloat(string(text), 64); err != nil || got != want {
			t.Errorf("%v became %s, %v", want, text, err)
		}
	}
}
