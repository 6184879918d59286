package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alivemcp/alivemcp/internal/config"
)

// secret stands in the samples wherever a real file holds one.
const secret = "s3cret-token"

func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"API_KEY": "key-1", "NOTES_TOKEN": "notes-1", "AUTH_TOKEN": "auth-1", "HOME": "/home/ada",
		"BASE": "https://api.example.com", "TOKEN": "token-1", "AUTH": "auth-2",
	}[name]
	return value, ok
}

func sample(t *testing.T, name string) config.ClientFile {
	t.Helper()
	file := filepath.Join("testdata", name)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	client, _, _ := strings.Cut(name, ".")
	got, err := config.ReadClientConfig(file, data, config.ClientOptions{As: config.Client(client), Lookup: environment})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func read(t *testing.T, as config.Client, text string) config.ClientFile {
	t.Helper()
	got, err := config.ReadClientConfig("servers", []byte(text), config.ClientOptions{As: as, Lookup: environment})
	if err != nil {
		t.Fatalf("reading %s: %v", text, err)
	}
	return got
}

// messages lists all problems of a file, each after the name of its server.
func messages(file config.ClientFile) []string {
	var lines []string
	add := func(name string, problems []config.Problem) {
		for _, p := range problems {
			lines = append(lines, fmt.Sprintf("%s:%d: %s: %s: %s", name, p.Line, p.Severity, p.Field, p.Message))
		}
	}
	add("", file.Problems)
	for _, e := range file.Entries {
		add(e.Name, e.Problems)
	}
	return lines
}

func TestReadClientConfigReadsEverySample(t *testing.T) {
	bearer := map[string]string{"Authorization": "Bearer " + secret}
	tests := map[string][]config.Entry{
		"claude-desktop.json": {
			{Name: "filesystem", Transport: "stdio", Command: "npx", Args: []string{"-y", "@modelcontextprotocol/server-filesystem", "/Users/ada/Documents"}},
			{
				Name: "github", Transport: "stdio", Command: "docker", Env: map[string]string{"GITHUB_PERSONAL_ACCESS_TOKEN": secret},
				Args: []string{"run", "-i", "--rm", "-e", "GITHUB_PERSONAL_ACCESS_TOKEN", "ghcr.io/github/github-mcp-server"},
			},
			{
				Name: "linear", Transport: "stdio", Command: "npx", Env: map[string]string{"AUTH": "Bearer " + secret}, Headers: bearer,
				Args:   []string{"-y", "mcp-remote@latest", "https://mcp.example.com/mcp", "--header", "Authorization:${AUTH}"},
				Bridge: "https://mcp.example.com/mcp",
			},
		},
		"claude-code.json": {
			{Name: "notes", Transport: "streamable-http", URL: "https://notes.example.com/mcp", Headers: map[string]string{"Authorization": "Bearer notes-1"}},
			{Name: "old", Transport: "sse", URL: "https://old.example.com/sse"},
			{Name: "local", Transport: "stdio", Command: "uvx", Args: []string{"mcp-server-git", "--repository", "."}, Env: map[string]string{"LEVEL": "info"}},
		},
		"cursor.json": {
			{Name: "remote", URL: "https://api.example.com/mcp", Headers: map[string]string{"X-Api-Key": "key-1"}},
			{
				Name: "local", Transport: "stdio", Command: "python", Args: []string{"${workspaceFolder}/tools/server.py"},
				Env: map[string]string{"API_KEY": "key-1"}, EnvFile: "${workspaceFolder}/.env", Unresolved: []string{"${workspaceFolder}"},
			},
		},
		"cline.json": {
			{Name: "remote", Transport: "streamable-http", URL: "https://api.example.com/mcp", Headers: bearer},
			{Name: "events", Transport: "sse", URL: "https://api.example.com/sse", Disabled: true},
			{Name: "local", Transport: "stdio", Command: "node", Args: []string{"/srv/server.js"}, Env: map[string]string{"KEY": secret}},
		},
		"windsurf.json": {
			{Name: "remote", URL: "https://api.example.com/mcp", Headers: map[string]string{"Authorization": "Bearer auth-1"}},
			{
				Name: "local", Transport: "stdio", Command: "npx", Args: []string{"-y", "@modelcontextprotocol/server-github"},
				Env: map[string]string{"GITHUB_PERSONAL_ACCESS_TOKEN": secret},
			},
		},
		"vscode.json": {
			{
				Name: "remote", Transport: "streamable-http", URL: "https://api.example.com/mcp",
				Headers: map[string]string{"Authorization": "Bearer ${input:api-key}"}, Unresolved: []string{"${input:api-key}"},
			},
			{
				Name: "local", Transport: "stdio", Command: "node", Args: []string{"${workspaceFolder}/server.js"},
				Env: map[string]string{"PORT": "8080", "HOME_DIR": "/home/ada"}, EnvFile: "${workspaceFolder}/.env", Unresolved: []string{"${workspaceFolder}"},
			},
		},
		"continue.yaml": {
			{
				Name: "Remote", Transport: "streamable-http", URL: "https://api.example.com/mcp",
				Headers: map[string]string{"Authorization": "Bearer ${{ secrets.API_TOKEN }}"}, Unresolved: []string{"${{ secrets.API_TOKEN }}"},
			},
			{Name: "SQLite", Transport: "stdio", Command: "npx", Args: []string{"-y", "mcp-sqlite", "/data/app.db"}, Env: map[string]string{"LEVEL": "debug"}},
			{},
		},
		"continue.json": {
			{Name: "remote", Transport: "sse", URL: "https://api.example.com/sse", Headers: map[string]string{"Authorization": "Bearer token-1"}},
			{Name: "local", Transport: "stdio", Command: "node", Args: []string{"/srv/server.js"}},
		},
		"zed.json": {
			{Name: "remote", URL: "https://api.example.com/mcp", Headers: bearer},
			{Name: "local", Transport: "stdio", Command: "node", Args: []string{"/srv/server.js"}, Disabled: true},
			{Name: "extension"},
		},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			got := sample(t, name)
			if diff := cmp.Diff(want, got.Entries, cmpopts.IgnoreFields(config.Entry{}, "Line", "Problems")); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			for _, line := range messages(got) {
				if !strings.Contains(line, ": info: ") {
					t.Errorf("a correct file has a problem: %s", line)
				}
			}
		})
	}
}

func TestReadClientConfigKeepsLines(t *testing.T) {
	tests := map[string][]int{
		"vscode.json":   {7, 12},
		"continue.yaml": {7, 13, 22},
		"cline.json":    {3, 11, 12},
	}
	for name, want := range tests {
		var got []int
		for _, e := range sample(t, name).Entries {
			got = append(got, e.Line)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestProblemsNeverShowSecrets(t *testing.T) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, file := range files {
		for _, line := range messages(sample(t, filepath.Base(file))) {
			if strings.Contains(line, secret) {
				t.Errorf("%s: %s", file, line)
			}
		}
	}
	for _, text := range []string{
		`{"mcpServers": {"a": {"command": "x", "env": {"A": "` + secret + `" "B": "c"}}}}`,
		`{"mcpServers": {"a": {"command": "x", "env": {"A": ` + secret + `}}}}`,
		"mcpServers:\n  - name: a\n    env: {A: \"" + secret + "\"\n  b: [",
		"a: b: " + secret,
	} {
		_, err := config.ReadClientConfig("servers", []byte(text), config.ClientOptions{})
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("error is %v, want one without the secret", err)
		}
	}
	long := strings.Repeat("s3cretToken", 4)
	for _, text := range []string{
		`{"mcpServers": {"a": {"command": "x", "` + long + `": 1}}}`,
		`{"mcpServers": {"a": {"type": "` + long + `", "url": "https://h/"}}}`,
		`{"mcpServers": {"a": {"command": "x", "args": 1, "env": {"` + long + `": 1}}}}`,
	} {
		for _, line := range messages(read(t, config.Cline, text)) {
			if strings.Contains(line, long) {
				t.Errorf("a long name is shown: %s", line)
			}
		}
	}
}
