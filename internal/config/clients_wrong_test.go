package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wrongSamples is what every sample with mistakes must be told, in order:
// server:line: severity: field: message.
func wrongSamples() map[string][]string {
	return map[string][]string{
		"claude-code.wrong.json": {
			`:13: error: bare: "bare" is written twice in one object, and only the last one counts`,
			`cursorish:4: error: : Claude Code replaces ${NAME} (not ${env:NAME})`,
			`nested:10: error: transport: Claude Code reads "type" (not "transport") for the transport`,
			`nested:10: error: transport: "transport" must be text: write what is inside it as fields of the server`,
			`clineish:12: error: type: Claude Code writes this transport "http" (not "streamableHttp")`,
			`clineish:12: error: url: "url" must begin with https:// or http://`,
			`bare:13: error: command: "command" must be the program alone: put what follows it into "args"`,
		},
		"claude-desktop.wrong.json": {
			`:2: error: : Claude Desktop reads plain JSON: remove the comments`,
			`:17: error: : Claude Desktop reads plain JSON: remove the comma after the last value`,
			`:16: error: : a backslash stands alone, which is not JSON: write Windows paths with \\ or /`,
			`:17: error: : a backslash stands alone, which is not JSON: write Windows paths with \\ or /`,
			`remote:6: error: url: Claude Desktop starts only local programs from this file: add a remote server in Settings, Connectors, or write "command": "npx" and "args": ["-y", "mcp-remote", the URL]`,
			`remote:7: warn: headers: Claude Desktop does not read "headers"`,
			`files:9: warn: : Claude Desktop does not replace ${NAME}: the server gets these characters`,
			`files:11: error: args: "args" must be a list of texts, one for each argument (not one text)`,
			`files:11: warn: args: npx without "-y" may wait for a confirmation that nobody can give`,
			`files:13: warn: cwd: Claude Desktop does not read "cwd"`,
			`windows:17: warn: args: "args" holds a control character: write Windows paths with \\ or /`,
			`empty:19: warn: disabled: Claude Desktop does not read "disabled", so the server stays enabled: switch it in the client or remove it`,
			`empty:19: error: : the server needs "command"`,
		},
		"cline.wrong.json": {
			`bare:3: warn: url: Cline takes a URL without "type" for SSE: write "type": "streamableHttp", unless SSE is meant`,
			`vscodeish:4: error: alwaysAllow: Cline reads "autoApprove" (not "alwaysAllow") for tools that need no confirmation`,
			`vscodeish:4: error: type: Cline writes this transport "streamableHttp" (not "http")`,
			`off:5: error: enabled: Cline reads "disabled" (not "enabled") for switching a server off or on`,
			`quoted:6: error: disabled: "disabled" must be true or false, without quotes`,
		},
		"continue.wrong.yaml": {
			`:11: error: name: two servers have this name; give each its own`,
			`Remote:3: error: type: Continue writes this transport "streamable-http" (not "http")`,
			`Remote:5: error: headers: Continue reads "requestOptions.headers" (not "headers") for HTTP headers`,
			`:7: error: : a server needs a "name"`,
			`:8: warn: args: npx without "-y" may wait for a confirmation that nobody can give`,
			`:10: error: PORT: the value of "PORT" must be text: put quotes around it`,
			`Remote:12: error: transport: Continue reads "type" (not "transport") for the transport`,
		},
		"cursor.wrong.json": {
			`a:3: error: serverUrl: Cursor reads "url" (not "serverUrl") for remote servers`,
			`a:3: error: header: Cursor reads "headers" (not "header") for HTTP headers`,
			`a:3: error: : Cursor replaces ${env:NAME} (not ${NAME})`,
			`b:4: error: cmd: Cursor reads "command" (not "cmd") for the program to start`,
			`b:4: error: arguments: Cursor reads "args" (not "arguments") for the program's arguments`,
			`b:4: error: environment: Cursor reads "env" (not "environment") for environment variables`,
			`b:4: error: arguments: "arguments" must hold only texts: put quotes around numbers and booleans`,
			`b:4: error: PORT: the value of "PORT" must be text: put quotes around it`,
			`c:5: warn: requiresAuth: Cursor does not know the field "requiresAuth"`,
			`c:5: warn: url: "url" has spaces around its value`,
			`c:5: warn: type: the URL ends in /sse, where servers speak SSE, but the transport says Streamable HTTP`,
			`d:6: warn: : the server's name has spaces around it`,
			`d:6: error: commnad: Cursor reads "command" (not "commnad") for the program to start`,
		},
		"vscode.wrong.json": {
			`:2: error: mcpServers: VS Code reads "servers" (not "mcpServers") at the top of the file`,
			`remote:3: error: : the input "missing" is not declared under "inputs"`,
			`remote:4: error: type: VS Code writes this transport "http" (not "streamable-http")`,
			`local:10: error: args: docker run needs "-i", or the server has no standard input`,
			`local:10: error: args: docker run must not have "-t": there is no terminal`,
			`local:11: error: env: "env" must be an object of names and values (not a list)`,
			`local:12: warn: disabled: VS Code does not read "disabled", so the server stays enabled: switch it in the client or remove it`,
		},
		"windsurf.wrong.json": {
			`cursorish:3: warn: url: Windsurf reads "serverUrl" for remote servers; only its newer versions also read "url"`,
			`typed:4: warn: type: Windsurf has no "type": it finds the transport by itself`,
			`miscased:5: error: serverURL: Windsurf reads "serverUrl" (not "serverURL") for remote servers`,
			`miscased:5: error: headers: "headers" must be an object of names and values (not a list)`,
			`both:6: warn: serverUrl: the server has both a program and a URL: keep one`,
		},
		"zed.wrong.json": {
			`:2: error: mcpServers: Zed reads "context_servers" (not "mcpServers") at the top of the file`,
			`typed:3: warn: type: Zed has no "type": it finds the transport by itself`,
			`former:4: error: command: "command" must be text: write what is inside it as fields of the server`,
		},
	}
}

func TestReadClientConfigNamesEveryMistake(t *testing.T) {
	for name, want := range wrongSamples() {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, messages(sample(t, name))); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
