package probe_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const toolResult = `{"content":[{"type":"text","text":"{\"results\":[],\"n\":1.0,"},{"type":"image","data":""},{"type":"text","text":"\"s\":\"5\",\"big\":9007199254740993,\"a\":[{\"k\":1},{\"k\":2}]}"}]}`

func TestAssertions(t *testing.T) {
	errored := `{"content":[{"type":"text","text":"upstream said 503"}],"isError":true}`
	for _, c := range []struct {
		assertion, result, detail string // an empty detail: it holds
		took                      time.Duration
	}{
		{assertion: "contains:results", result: toolResult},
		{assertion: "contains:absent", result: errored, detail: `result does not contain "absent", it is "upstream said 503"`},
		{assertion: `regex:said \d+$`, result: errored},
		{assertion: `regex:^\d`, result: errored, detail: `result does not match "^\\d", it is "upstream said 503"`},
		{assertion: "json:$.n=1", result: toolResult},
		{assertion: "json:$.n=1e0", result: toolResult},
		{assertion: "json:$.n=2", result: toolResult, detail: "result has 1.0 at $.n, expected 2"},
		{assertion: "json:$.s=5", result: toolResult, detail: `result has "5" at $.s, expected 5`},
		{assertion: `json:$.s="5"`, result: toolResult},
		{assertion: "json:$.big=9007199254740992", result: toolResult, detail: "result has 9007199254740993 at $.big, expected 9007199254740992"},
		{assertion: `json:$.a[?@.k==2]={"k":2.0}`, result: toolResult},
		{assertion: `json:$.a=[{"k":1},{"k":2}]`, result: toolResult},
		{assertion: `json:$.a[*].k=1`, result: toolResult, detail: "result has 2 values at $.a[*].k, expected exactly one"},
		{assertion: `json:$.nope=1`, result: toolResult, detail: `result has nothing at $.nope, expected "1"`},
		{assertion: `json:$.a[?match(@.k, "b+")].k=bb`, result: `{"structuredContent":{"a":[{"k":"bb"},{"k":"a"}]}}`},
		{assertion: "json:$.city=Bern", result: `{"structuredContent":{"city":"Bern"}}`},
		{assertion: "json:$.content[0].type=image", result: `{"content":[{"type":"image"}]}`},
		{assertion: "json:$.a=1", result: `{"structuredContent":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, detail: "result has no JSON of at most 1024 KiB and 64 levels to look for $.a in"},
		{assertion: "not_empty", result: errored},
		{assertion: "not_empty", result: `{"content":[{"type":"image"}]}`},
		{assertion: "not_empty", result: `{"content":[],"structuredContent":{"a":1}}`},
		{assertion: "not_empty", result: `{"content":[]}`, detail: `result is empty (""), expected it not to be`},
		{assertion: "not_empty", result: `{"content":[{"type":"text","text":" [ ]\n"}]}`, detail: `result is empty ("[ ]"), expected it not to be`},
		{assertion: "not_empty", result: `null`, detail: `result is empty (""), expected it not to be`},
		{assertion: "not_empty:$.results", result: toolResult, detail: "result has 0 items at $.results, expected it not to be empty"},
		{assertion: "not_empty:$.a", result: toolResult},
		{assertion: "not_empty:$.nope", result: toolResult, detail: "result has nothing at $.nope, expected it not to be empty"},
		{assertion: "not_empty:$.a", result: `{"structuredContent":{"a":null}}`, detail: "result has null at $.a, expected it not to be empty"},
		{assertion: "not_empty:$.a", result: `{"structuredContent":{"a":{}}}`, detail: "result has an empty object at $.a, expected it not to be empty"},
		{assertion: "not_empty:$.a", result: `{"structuredContent":{"a":0}}`},
		{assertion: "no_error", result: toolResult},
		{assertion: "no_error", result: errored, detail: `the tool reported an error (isError), expected none: "upstream said 503"`},
		{assertion: "max_ms:500", result: toolResult, took: 500 * time.Millisecond},
		{assertion: "max_ms:500", result: toolResult, took: 612 * time.Millisecond, detail: "answered in 612 ms, expected at most 500 ms"},
	} {
		a, err := probe.ParseAssertion(c.assertion)
		if err != nil {
			t.Errorf("%s: %v", c.assertion, err)
			continue
		}
		ok, detail := probe.CheckAssertions([]uptime.Assertion{a}, probe.ToolAnswer([]byte(c.result), c.took))
		if ok != (c.detail == "") || detail != c.detail {
			t.Errorf("%s on %.60s: %t, %s\nwant %s", c.assertion, c.result, ok, detail, c.detail)
		}
	}
}

func TestNoAssertionsMeanNoError(t *testing.T) {
	if ok, _ := probe.CheckAssertions(nil, probe.Answer{IsError: true}); ok {
		t.Error("an error passed")
	}
	if ok, detail := probe.CheckAssertions(nil, probe.Answer{}); !ok {
		t.Error(detail)
	}
}

func TestToolAnswer(t *testing.T) {
	for _, c := range []struct {
		name, result string
		want         probe.Answer
	}{
		{"text that is JSON", `{"content":[{"type":"text","text":"[1]"}]}`, probe.Answer{Text: "[1]", JSON: []byte("[1]")}},
		{"structured wins", `{"content":[{"type":"text","text":"[1]"}],"structuredContent":{"a":1}}`, probe.Answer{Text: "[1]", JSON: []byte(`{"a":1}`), More: true}},
		{"neither", `{"content":[{"type":"text","text":"hi"}],"isError":false}`, probe.Answer{Text: "hi", JSON: []byte(`{"content":[{"type":"text","text":"hi"}],"isError":false}`)}},
		{"members of the wrong type", `{"content":"x","isError":true}`, probe.Answer{IsError: true, JSON: []byte(`{"content":"x","isError":true}`)}},
		{"no JSON", `{"content":[`, probe.Answer{}},
		{"nothing", ``, probe.Answer{}},
	} {
		if d := cmp.Diff(c.want, probe.ToolAnswer([]byte(c.result), 0)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestParseAssertion(t *testing.T) {
	for _, c := range []struct {
		in   string
		want uptime.Assertion
	}{
		{"contains:a:b=c", uptime.Assertion{Kind: uptime.AssertContains, Value: "a:b=c"}},
		{`json:$["a=b"][?@.x=='=' && @.y!="]"].z=a=b`, uptime.Assertion{Kind: uptime.AssertJSONPath, Path: `$["a=b"][?@.x=='=' && @.y!="]"].z`, Value: "a=b"}},
		{"json_path:$.a=", uptime.Assertion{Kind: uptime.AssertJSONPath, Path: "$.a"}},
		{"not_empty", uptime.Assertion{Kind: uptime.AssertNotEmpty}},
		{"not_empty:$..a", uptime.Assertion{Kind: uptime.AssertNotEmpty, Path: "$..a"}},
		{"max_ms:50", uptime.Assertion{Kind: uptime.AssertMaxMillis, Value: "50"}},
	} {
		got, err := probe.ParseAssertion(c.in)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.in, got, err)
		}
	}
	for in, want := range map[string]string{
		"":                                   "want contains, regex",
		"kontains:x":                         "want contains, regex",
		"contains:":                          "wants a text",
		"regex:(":                            "not valid RE2",
		"regex:" + strings.Repeat("a", 2000): "at most 1024",
		"json:$.a":                           "write json:PATH=VALUE",
		"json:a=1":                           "is not a JSONPath (RFC 9535)",
		"not_empty:":                         "leave the colon out",
		"not_empty:$[":                       "is not a JSONPath",
		"no_error:x":                         "takes no value",
		"max_ms:0":                           "from 1 to 600000",
		"max_ms:5s":                          "from 1 to 600000",
		"json:$..a..b=1":                     "too costly",
		"json:$[*,*,*,*,*,*]=1":              "too costly",
		"json:$[?@.a==$.b]=1":                "looks back at $",
	} {
		if _, err := probe.ParseAssertion(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: error %v, want %s", in, err, want)
		}
	}
}

func TestAssertionsOnHostileResultsAreQuick(t *testing.T) {
	wide := `{"structuredContent":{"a":[` + strings.Repeat(`[[],"ab"],`, 19_000) + `[]]}}`
	for _, path := range []string{"$..[*,*,*,*,*]", "$.a[?@[?@[?@]]]", `$..[?match(@, "(a*)*b")]`, "$.a[9007199254740991::-9007199254740991]", "$.a[1::9007199254740991]"} {
		a := uptime.Assertion{Kind: uptime.AssertNotEmpty, Path: path}
		begin := time.Now()
		probe.CheckAssertions([]uptime.Assertion{a}, probe.ToolAnswer([]byte(wide), 0))
		took := time.Since(begin)
		if t.Logf("%s took %s", path, took); took > 5*time.Second {
			t.Errorf("%s took %s", path, took)
		}
	}
	long := probe.BodyAnswer([]byte(strings.Repeat("a", 1<<20)), 0)
	ok, detail := probe.CheckAssertions([]uptime.Assertion{{Kind: uptime.AssertRegex, Value: "(a{0,31}){30}b"}}, long)
	if ok || !strings.Contains(detail, "in its first 17 KiB") {
		t.Errorf("%t, %s", ok, detail)
	}
	if _, err := probe.ParseAssertion("regex:(a?b?c?d?){500}"); err == nil || !strings.Contains(err.Error(), "too costly") {
		t.Errorf("a costly expression: %v", err)
	}
}

func FuzzAssertions(f *testing.F) {
	for _, s := range []string{"contains:a", "regex:(a|b)*", "json:$.a[?@.b==1]=2", "not_empty", "not_empty:$..a", "max_ms:5", "json:$[1:2:-1]=null", `json:$["a"]=x`} {
		f.Add(s, []byte(toolResult))
	}
	f.Add("not_empty:$.a[-1]", []byte(`{"structuredContent":{"a":[1e999,{"b":"\ud800"}]}}`))
	f.Fuzz(func(t *testing.T, s string, result []byte) {
		a, err := probe.ParseAssertion(s)
		if err != nil {
			return
		}
		if err := probe.ValidateAssertion(a); err != nil {
			t.Errorf("%q parses but is not valid: %v", s, err)
		}
		ans := probe.ToolAnswer(result, time.Second)
		ok, detail := probe.CheckAssertions([]uptime.Assertion{a}, ans)
		if ok != (detail == "") || len(detail) > 200 || !utf8.ValidString(detail) {
			t.Errorf("%q: %t, %q", s, ok, detail)
		}
	})
}
