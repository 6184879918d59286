package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/config"
)

func TestReadClientConfigRefuses(t *testing.T) {
	servers := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"s%d": {"command": "node"},`, i)
		}
		return `{"mcpServers": {` + strings.TrimSuffix(b.String(), ",") + `}}`
	}
	tests := []struct{ name, path, text, want string }{
		{"an empty file", "mcp.json", " \n", "empty"},
		{"a big file", "mcp.json", strings.Repeat(" ", 4<<20+1), "the most is 4194304"},
		{"big YAML", "a.yaml", strings.Repeat("#", 1<<20+1), "the most of YAML is"},
		{"much YAML", "a.yaml", strings.Repeat("a: b\n", 50_000), "parts of YAML"},
		{"many values", "mcp.json", "[" + strings.Repeat("1,", 1<<20), "too many values"},
		{"many servers", "mcp.json", servers(1001), "1001 servers"},
		{"deep lists", "mcp.json", strings.Repeat("[", 1<<20), "nested too deeply"},
		{"deep objects", "mcp.json", strings.Repeat(`{"a":`, 1<<18), "nested too deeply"},
		{"deep flow YAML", "a.yaml", strings.Repeat("[", 1<<14), "nested too deeply"},
		{"deep block YAML", "a.yaml", strings.Repeat("- ", 1<<14), "nested too deeply"},
		{"deep tagged YAML", "a.yaml", strings.Repeat("!a ", 1<<14), "nested too deeply"},
		{"a missing comma", "mcp.json", "{\n\"a\": 1\n\"b\": 2}", `line 3: a comma or '}' is expected`},
		{"an open brace", "mcp.json", "{\n\"a\": 1", `line 2: a comma or '}' is expected`},
		{"an open text", "mcp.json", "{\n\"a\": \"b\n}", "line 2: a text is not closed on its line"},
		{"single quotes", "mcp.json", "{'a': 1}", "single quote"},
		{"curly quotes", "mcp.json", "{“a”: 1}", "curly quote"},
		{"a bare name", "mcp.json", "{a: 1}", "no double quotes"},
		{"text after the end", "mcp.json", "{}\n}", "line 2: there is text after the end"},
		{"an open comment", "mcp.json", "{} /* ", "a comment is not closed"},
		{"no value", "mcp.json", `{"a": }`, `but there is "}"`},
		{"a number with a zero", "mcp.json", `{"a": 01}`, "a value is expected"},
		{"bad YAML", "a.yaml", "a:\n  - b\n c: d\n", "line 3: this is not valid YAML"},
		{"a merge bomb", "a.yaml", mergeBomb(), "merge keys repeat too much"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.ReadClientConfig(tt.path, []byte(tt.text), config.ClientOptions{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q in it", err, tt.want)
			}
		})
	}
}

// mergeBomb doubles a mapping with every line.
func mergeBomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 {")
	for i := range 100 {
		fmt.Fprintf(&b, "k%d: v, ", i)
	}
	b.WriteString("}\n")
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&b, "a%d: &a%d {<<: [*a%d, *a%d]}\n", i, i, i-1, i-1)
	}
	return b.String()
}

func TestReadClientConfigBoundsWhatItSays(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `"unknown%d": 1,`, i)
	}
	one := `{"command": "node", ` + strings.TrimSuffix(b.String(), ",") + `}`
	file := read(t, config.Cursor, `{"mcpServers": {"a": `+one+`, "b": `+one+`}}`)
	if n := len(messages(file)); n != 1000 {
		t.Errorf("%d problems, want 1000", n)
	}
	file = read(t, config.Cursor, `{"mcpServers": {"a": {"command": "node", "args": [`+strings.Repeat(`"x",`, 2000)+`"x"]}}}`)
	if n := len(file.Entries[0].Args); n != 1000 {
		t.Errorf("%d arguments are read, want 1000", n)
	}
}

func TestPlaceholdersCannotMultiplyAValue(t *testing.T) {
	value := strings.Repeat("x", 128<<10)
	text := `{"mcpServers": {"a": {"command": "node", "args": ["` + strings.Repeat("${A}", 10_000) + `"]}}}`
	file, err := config.ReadClientConfig("servers", []byte(text), config.ClientOptions{
		As: config.Cline, Lookup: func(string) (string, bool) { return value, true },
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(file.Entries[0].Args[0]); n > 5<<20 {
		t.Errorf("the argument grew to %d bytes", n)
	}
	if diff := cmp.Diff([]string{"${A}"}, file.Entries[0].Unresolved); diff != "" {
		t.Errorf("unresolved (-want +got):\n%s", diff)
	}
}

func FuzzReadClientConfig(f *testing.F) {
	for _, text := range []string{
		`{"mcpServers": {"a": {"command": "npx", "args": ["mcp-remote", "https://h/", "--header", "A:${B}"], "env": {"B": "c"}}}}`,
		`{"servers": {"a": {"type": "http", "url": "https://${env:BASE}/${input:x}"}}, "inputs": [{"id": "x"}]}`,
		`{"context_servers": {"a": {"command": {"path": "x"}}}} // end`,
		"mcpServers:\n  - name: a\n    url: https://h/\n    requestOptions: {headers: {A: '${{ secrets.B }}'}}\n",
		"a: &a {b: c}\nmcpServers:\n- <<: *a\n  command: |\n    node\n  args: [1, true, null, !!str 2]\n",
		"{\"mcpServers\": {\"a\": {\"command\": \"C:\\Python\\u00e9\\ud83d\\ude00\"},},}",
		"\ufeff{\"command\": \"docker run -it x\"}", "- - ? a\n", "%YAML 1.2\n---\n*a\n", `[{"a":`, "/*", "\\",
	} {
		f.Add("servers", text)
	}
	f.Add("a.yaml", "{a: b}")
	f.Add(".mcp.json", `{"projects": {"/a": {"mcpServers": {}}}, "mcpServers": {"a": {"type": "ws", "url": "wss://h"}}}`)
	f.Fuzz(func(t *testing.T, name, text string) {
		for _, as := range append(config.Clients(), "") {
			options := config.ClientOptions{As: as, Lookup: environment}
			got, err := config.ReadClientConfig(name, []byte(text), options)
			again, errAgain := config.ReadClientConfig(name, []byte(text), options)
			if diff := cmp.Diff(got, again); diff != "" || (err == nil) != (errAgain == nil) {
				t.Fatalf("two readings differ: %v, %v\n%s", err, errAgain, diff)
			}
			lines := strings.Count(text, "\n") + 1
			for _, e := range got.Entries {
				checkProblems(t, e.Problems, lines)
			}
			checkProblems(t, got.Problems, lines)
		}
	})
}

func checkProblems(t *testing.T, problems []config.Problem, lines int) {
	t.Helper()
	for _, p := range problems {
		if p.Line < 0 || p.Line > lines || len(p.Message) == 0 || len(p.Message) > 300 || len(p.Field) > 40 || strings.Contains(p.Message, "\n") {
			t.Errorf("bad problem in a file of %d lines: %+v", lines, p)
		}
		if p.Severity != config.SeverityError && p.Severity != config.SeverityWarn && p.Severity != config.SeverityInfo {
			t.Errorf("bad severity: %+v", p)
		}
	}
}
