package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alivemcp/alivemcp/internal/config"
)

func TestRules(t *testing.T) {
	entry := func(fields string) string { return `{"mcpServers": {"a": {` + fields + `}}}` }
	tests := []struct {
		name string
		as   config.Client
		text string
		want []string
	}{
		{"one server alone", config.Cursor, `{"command": "node"}`, []string{`:1: error: : Cursor reads servers by name inside "mcpServers": put this one there`}},
		{"servers alone", config.Cursor, `{"a": {"command": "node"}}`, []string{`:1: error: : Cursor reads servers inside "mcpServers": put these there`}},
		{"no servers", config.Cursor, `{}`, []string{`:0: warn: : there are no servers: Cursor reads them from "mcpServers"`}},
		{"a list for a map", config.Cursor, `{"mcpServers": [{"name": "a", "command": "node"}]}`, []string{
			`:1: error: mcpServers: Cursor reads "mcpServers" as an object with the servers' names as keys (not as a list)`,
			`a:1: warn: name: Cursor does not know the field "name"`,
		}},
		{"a map for a list", config.Continue, "mcpServers:\n  a:\n    command: node\n", []string{
			`:2: error: mcpServers: Continue reads "mcpServers" in YAML as a list, each server beginning with "- name: ..."`,
		}},
		{"the former form of Continue", config.Continue, `{"experimental": {"modelContextProtocolServers": []}}`, []string{
			`:1: error: experimental: Continue reads "mcpServers" (not "experimental.modelContextProtocolServers") today`,
		}},
		{"the settings of VS Code", config.VSCode, `{"mcp": {"servers": {"a": {"command": "node"}}}}`, []string{
			`:1: warn: mcp: VS Code keeps its servers in a file of their own, mcp.json, with "servers" at the top`,
		}},
		{"a miscased root", config.ClaudeCode, `{"mcp_servers": {"a": {"command": "node"}}}`, []string{
			`:1: error: mcp_servers: Claude Code reads "mcpServers" (not "mcp_servers") at the top of the file`,
		}},
		{"projects", config.ClaudeCode, `{"projects": {}, "mcpServers": {}}`, []string{
			`:1: info: projects: servers under "projects" are not read here, only those under "mcpServers"`,
		}},
		{"a byte order mark", config.ClaudeCode, "\ufeff" + entry(`"command": "node"`), []string{
			`:1: warn: : the file begins with a byte order mark, which not every JSON reader skips: save it as UTF-8 without one`,
		}},
		{"no object", config.Cline, `{"mcpServers": {"a": "node"}}`, []string{`a:1: error: : a server must be an object with "command" or "url"`}},
		{"no program", config.Cline, entry(`"env": {}`), []string{`a:1: error: : the server needs "command" or "url"`}},
		{"an FTP URL", config.Cursor, entry(`"url": "ftp://h/x"`), []string{`a:1: error: url: "url" must begin with https:// or http://`}},
		{"no host", config.Cursor, entry(`"url": "https:///x"`), []string{`a:1: error: url: "url" has no host`}},
		{"no URL", config.Cursor, entry(`"url": "https://h:port/"`), []string{`a:1: error: url: "url" is not a valid URL`}},
		{"a user in the URL", config.Cursor, entry(`"url": "https://u:p@h/"`), []string{
			`a:1: warn: url: "url" holds a user or password, which not every client sends: use a header`,
		}},
		{"a socket", config.VSCode, `{"servers": {"a": {"url": "unix:///tmp/a.sock"}}}`, nil},
		{"a web socket", config.ClaudeCode, entry(`"type": "ws", "url": "wss://h/"`), nil},
		{"a URL that is stdio", config.VSCode, `{"servers": {"a": {"type": "stdio", "url": "https://h/"}}}`, []string{
			`a:1: error: type: a server with a URL is not stdio: write "type": "http"`,
		}},
		{"a program that is remote", config.VSCode, `{"servers": {"a": {"type": "sse", "command": "node"}}}`, []string{
			`a:1: error: type: a server with a program is stdio: write "type": "stdio" or leave it out`,
		}},
		{"an unknown transport", config.VSCode, `{"servers": {"a": {"type": "carrier-pigeon", "url": "https://h/"}}}`, []string{
			`a:1: error: type: VS Code knows the transports "stdio", "http", "sse" (not "carrier-pigeon")`,
		}},
		{"headers for a program", config.Cursor, entry(`"command": "node", "headers": {"A": "b"}`), []string{
			`a:1: warn: headers: headers are not sent to a local program: give it environment variables`,
		}},
		{"Cline's former field", config.Cline, entry(`"transportType": "http", "url": "https://h/"`), nil},
		{"npx behind cmd", config.ClaudeDesktop, entry(`"command": "cmd", "args": ["/c", "npx", "x"]`), []string{
			`a:1: warn: args: npx without "-y" may wait for a confirmation that nobody can give`,
		}},
		{"npx with its ending", config.ClaudeDesktop, entry(`"command": "C:\\Program Files\\nodejs\\npx.cmd", "args": ["--yes", "x"]`), nil},
		{"docker in the background", config.Cursor, entry(`"command": "docker", "args": ["run", "-i", "-d", "x"]`), []string{
			`a:1: error: args: docker run must not have "-d": the server must stay in the foreground`,
		}},
		{"a near name", config.Cline, entry(`"command": "node", "timeuot": 3`), []string{
			`a:1: warn: timeuot: Cline does not know "timeuot"; "timeout" is meant, perhaps`,
		}},
		{"an input elsewhere", config.Cursor, entry(`"url": "https://h/", "headers": {"A": "${input:x}"}`), []string{
			`a:1: error: : Cursor does not replace ${input:...}, which is VS Code's`,
		}},
		{"comments where nothing is said of them", config.Cursor, "{} // c", []string{
			`:1: warn: : Cursor reads plain JSON: remove the comments`,
			`:0: warn: : there are no servers: Cursor reads them from "mcpServers"`,
		}},
		{"any client", config.Unknown, `{"servers": {"a": {"httpUrl": "https://h/", "trust": true}}}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, messages(read(t, tt.as, tt.text)), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMisnamedFieldsAreReadAllTheSame(t *testing.T) {
	got := read(t, config.Cursor, `{"mcpServers": {
		"a": {"transport": "sse", "endpoint": "https://h/sse", "http_headers": {"A": "b"}},
		"b": {"cmd": "node", "argv": ["x"], "ENV": {"K": "v"}, "workingDirectory": "/srv", "env_file": ".env", "enabled": false}}}`)
	want := []config.Entry{
		{Name: "a", Transport: "sse", URL: "https://h/sse", Headers: map[string]string{"A": "b"}},
		{Name: "b", Transport: "stdio", Command: "node", Args: []string{"x"}, Env: map[string]string{"K": "v"}, Dir: "/srv", EnvFile: ".env", Disabled: true},
	}
	if diff := cmp.Diff(want, got.Entries, cmpopts.IgnoreFields(config.Entry{}, "Line", "Problems")); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestPlaceholders(t *testing.T) {
	tests := []struct {
		as         config.Client
		url, want  string
		unresolved []string
	}{
		{config.Cursor, "${env:BASE}/mcp", "https://api.example.com/mcp", nil},
		{config.Cursor, "${env:MISSING}/mcp", "${env:MISSING}/mcp", []string{"${env:MISSING}"}},
		{config.Cursor, "${BASE}/mcp", "${BASE}/mcp", []string{"${BASE}"}},
		{config.ClaudeCode, "${BASE}/mcp", "https://api.example.com/mcp", nil},
		{config.ClaudeCode, "${MISSING:-https://d.example.com}/mcp", "https://d.example.com/mcp", nil},
		{config.ClaudeCode, "${BASE:-https://d.example.com}/mcp", "https://api.example.com/mcp", nil},
		{config.ClaudeDesktop, "${BASE}/mcp", "${BASE}/mcp", []string{"${BASE}"}},
		{config.VSCode, "https://h/${input:id}/${workspaceFolder}", "https://h/${input:id}/${workspaceFolder}", []string{"${input:id}", "${workspaceFolder}"}},
		{config.Continue, "https://h/${{ secrets.KEY }}/${{secrets.KEY}}", "https://h/${{ secrets.KEY }}/${{secrets.KEY}}", []string{"${{ secrets.KEY }}"}},
		{config.Windsurf, "https://h/${file:/run/key}", "https://h/${file:/run/key}", []string{"${file:/run/key}"}},
		{config.Cursor, "https://h/$BASE/${}/${", "https://h/$BASE/${}/${", nil},
	}
	for _, tt := range tests {
		got := read(t, tt.as, `{"mcpServers": {"a": {"url": "`+tt.url+`"}}}`).Entries[0]
		if got.URL != tt.want {
			t.Errorf("%s reads %s as %s, want %s", tt.as, tt.url, got.URL, tt.want)
		}
		if diff := cmp.Diff(tt.unresolved, got.Unresolved); diff != "" {
			t.Errorf("%s, unresolved of %s (-want +got):\n%s", tt.as, tt.url, diff)
		}
	}
}

func TestPlaceholdersStayWithoutALookup(t *testing.T) {
	text := `{"mcpServers": {"a": {"type": "http", "url": "${TOKEN:-` + secret + `}"}}}`
	got, err := config.ReadClientConfig(".mcp.json", []byte(text), config.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"${TOKEN}"}, got.Entries[0].Unresolved); diff != "" {
		t.Errorf("unresolved (-want +got):\n%s", diff)
	}
}

func TestBridges(t *testing.T) {
	tests := []struct {
		command, args string
		want          string
		headers       map[string]string
	}{
		{"npx", `"-y", "mcp-remote", "https://h/mcp"`, "https://h/mcp", nil},
		{"npx", `"-y", "mcp-remote@0.1.18", "http://localhost:1/mcp", "--allow-http"`, "http://localhost:1/mcp", nil},
		{"cmd", `"/c", "npx", "-y", "mcp-remote", "https://h/mcp", "--header", "A: ${KEY}", "--header", "B:c"`, "https://h/mcp", map[string]string{"A": "v", "B": "c"}},
		{"mcp-proxy", `"https://h/sse"`, "https://h/sse", nil},
		{"npx", `"-y", "mcp-remote"`, "", nil},
		{"npx", `"-y", "mcp-remote-tools", "https://h/mcp"`, "", nil},
		{"node", `"server.js", "https://h/mcp"`, "", nil},
	}
	for _, tt := range tests {
		got := read(t, config.ClaudeDesktop, `{"mcpServers": {"a": {"command": "`+tt.command+`", "args": [`+tt.args+`], "env": {"KEY": "v"}}}}`).Entries[0]
		if got.Bridge != tt.want || got.Transport != "stdio" {
			t.Errorf("%s %s bridges to %q over %s, want %q over stdio", tt.command, tt.args, got.Bridge, got.Transport, tt.want)
		}
		if diff := cmp.Diff(tt.headers, got.Headers); diff != "" {
			t.Errorf("headers of %s (-want +got):\n%s", tt.args, diff)
		}
		told := strings.Contains(strings.Join(messages(config.ClientFile{Entries: []config.Entry{got}}), "\n"), "info: args: this program bridges")
		if told != (tt.want != "") {
			t.Errorf("%s: told of a bridge: %t", tt.args, told)
		}
	}
}

func TestTheLastOfEqualNamesCounts(t *testing.T) {
	got := read(t, config.Cline, `{"mcpServers": {"a": {"command": "first"}, "b": {"command": "x", "command": "y"}, "a": {"command": "last"}}}`)
	var commands []string
	for _, e := range got.Entries {
		commands = append(commands, e.Name+" "+e.Command)
	}
	if diff := cmp.Diff([]string{"b y", "a last"}, commands); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if len(got.Problems) != 2 {
		t.Errorf("problems are %v, want two", got.Problems)
	}
}
