package config

import (
	"path"
	"strings"
)

// detect tells the client from the file's name and, when that is used by
// several or by none, from its shape.
func detect(name string, doc document) Client {
	if c := clientOfPath(name); c != Unknown {
		return c
	}
	return clientOfShape(doc)
}

func clientOfPath(name string) Client {
	p := strings.ToLower(slashed(name))
	switch path.Base(p) {
	case "claude_desktop_config.json":
		return ClaudeDesktop
	case "cline_mcp_settings.json":
		return Cline
	case ".mcp.json", ".claude.json":
		return ClaudeCode
	}
	return clientOfFolder("/" + p)
}

// clientOfFolder knows the folders in which the clients keep files whose names
// say nothing, such as mcp.json and settings.json.
func clientOfFolder(p string) Client {
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(p, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("/.continue/"):
		return Continue
	case has("/.cursor/"):
		return Cursor
	case strings.HasSuffix(p, "/mcp_config.json") && has("windsurf", "codeium"):
		return Windsurf
	case has("/.zed/", "/zed/") && strings.HasSuffix(p, "/settings.json"):
		return Zed
	case has("/.vscode/", "/code/user/", "/code - insiders/user/", "/vscodium/user/"):
		return VSCode
	}
	return Unknown
}

func clientOfShape(doc document) Client {
	root := doc.root
	switch servers := root.get("mcpServers"); {
	case doc.yaml, servers.is(kindList):
		return Continue
	case root.get("context_servers").is(kindMap):
		return Zed
	case root.get("servers").is(kindMap) && servers == nil:
		return VSCode
	case servers.is(kindMap):
		return clientOfEntries(servers)
	}
	return Unknown
}

// clientOfEntries knows the spellings that only one client has.
func clientOfEntries(servers *node) Client {
	for _, m := range servers.members {
		switch typ := m.value.get("type"); {
		case m.value.get("serverUrl") != nil:
			return Windsurf
		case m.value.get("autoApprove") != nil, typ.is(kindString) && typ.text == "streamableHttp":
			return Cline
		}
	}
	return Unknown
}
