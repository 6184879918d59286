package config_test

import (
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/config"
)

func TestReadClientConfigDetectsTheClient(t *testing.T) {
	const plain = `{"mcpServers": {"a": {"command": "node"}}}`
	tests := []struct {
		path, text string
		want       config.Client
	}{
		{"/Users/ada/Library/Application Support/Claude/claude_desktop_config.json", plain, config.ClaudeDesktop},
		{`C:\Users\ada\AppData\Roaming\Claude\claude_desktop_config.json`, plain, config.ClaudeDesktop},
		{".mcp.json", plain, config.ClaudeCode},
		{"/home/ada/.claude.json", plain, config.ClaudeCode},
		{"/home/ada/.cursor/mcp.json", plain, config.Cursor},
		{".cursor/mcp.json", plain, config.Cursor},
		{`.cursor\mcp.json`, plain, config.Cursor},
		{"globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json", plain, config.Cline},
		{"/home/ada/.codeium/windsurf/mcp_config.json", plain, config.Windsurf},
		{"mcp_config.json", plain, config.Unknown},
		{"project/.vscode/mcp.json", plain, config.VSCode},
		{"/home/ada/.config/Code/User/mcp.json", plain, config.VSCode},
		{"/home/ada/.continue/config.yaml", "mcpServers: []", config.Continue},
		{".continue/mcpServers/a.json", plain, config.Continue},
		{"/home/ada/.config/zed/settings.json", plain, config.Zed},
		{"mcp.json", `{"servers": {"a": {"command": "node"}}, "inputs": []}`, config.VSCode},
		{"mcp.json", `{"context_servers": {}}`, config.Zed},
		{"servers.yaml", "mcpServers:\n- name: a\n  command: node", config.Continue},
		{"mcp.json", `{"mcpServers": [{"name": "a", "command": "node"}]}`, config.Continue},
		{"mcp.json", `{"mcpServers": {"a": {"serverUrl": "https://h/"}}}`, config.Windsurf},
		{"mcp.json", `{"mcpServers": {"a": {"type": "streamableHttp", "url": "https://h/"}}}`, config.Cline},
		{"mcp.json", `{"mcpServers": {"a": {"command": "node", "autoApprove": []}}}`, config.Cline},
		{"mcp.json", plain, config.Unknown},
		{"mcp.json", `{}`, config.Unknown},
		{"mcp.json", `[1]`, config.Unknown},
	}
	for _, tt := range tests {
		got, err := config.ReadClientConfig(tt.path, []byte(tt.text), config.ClientOptions{})
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
		} else if got.Client != tt.want || got.Path != tt.path {
			t.Errorf("%s with %s is read as %s (path %s), want %s", tt.path, tt.text, got.Client, got.Path, tt.want)
		}
	}
}

func TestReadClientConfigRefusesAClientItDoesNotKnow(t *testing.T) {
	_, err := config.ReadClientConfig("mcp.json", []byte("{}"), config.ClientOptions{As: "emacs"})
	if err == nil || !strings.Contains(err.Error(), "emacs") || !strings.Contains(err.Error(), "cursor") {
		t.Errorf("error is %v, want one that names the clients", err)
	}
}
