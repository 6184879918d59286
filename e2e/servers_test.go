package e2e_test

import "testing"

const (
	goSDK = "github.com/modelcontextprotocol/go-sdk/"
	mcpGo = "github.com/mark3labs/mcp-go/examples/"

	everything   = packages + "/@modelcontextprotocol/server-everything/dist/index.js"
	openapi      = packages + "/@ivotoby/openapi-mcp-server/bin/mcp-server.js"
	mcpProxy     = packages + "/mcp-proxy/dist/bin/mcp-proxy.mjs"
	codeRunner   = packages + "/mcp-server-code-runner/dist/cli.js"
	supergateway = packages + "/supergateway/dist/index.js"
)

// server is one way to run somebody's MCP server, and what a check must say
// about it.
type server struct {
	name string
	argv []string // see rig.command; the first {port} is its own, each other one is another free port
	env  []string // more variables, with {port} as well
	port int      // the only port that it can use; 0: any
	host string   // by which it must be called; empty: 127.0.0.1
	path string

	contract string   // all servers with the same word here have the very same tools
	flags    []string // more flags for the check
	sessions bool     // a client gets a session, and must give it back
	forks    bool     // it starts a process for each request or session
	noOracle string   // why the SDK's client has no say
	want     expect
	also     func(*testing.T, *running)
}

// legacyVersions are those that a server may answer over HTTP+SSE, where the
// version says little: the transport itself is of 2024-11-05.
const legacyVersions = "2024-11-05|2025-03-26|2025-06-18|2025-11-25"

func modern(tools int) expect {
	return expect{
		state: "live", access: "open", transport: "streamable-http",
		era: "modern", version: "2026-07-28", tools: tools,
	}
}

func legacy(tools int) expect {
	return expect{
		state: "live", access: "open", transport: "streamable-http",
		era: "legacy", version: "2025-11-25", tools: tools,
	}
}

func overSSE(tools int) expect {
	return expect{
		state: "live", access: "open", transport: "sse",
		era: "legacy", version: legacyVersions, tools: tools,
	}
}

// proxied is the command line of mcp-proxy in front of a stdio server.
func proxied(flags ...string) []string {
	argv := append([]string{"node", mcpProxy, "--host", "127.0.0.1", "--port", "{port}"}, flags...)
	return append(argv, "--", "node", everything, "stdio")
}

// gateway is the command line of supergateway around a stdio server. It has no
// flag for the address and listens on all interfaces.
func gateway(child string, flags ...string) []string {
	argv := []string{"node", supergateway, "--stdio", child, "--port", "{port}", "--healthEndpoint", "/healthz", "--logLevel", "none"}
	return append(argv, flags...)
}

func goServers() []server {
	return []server{
		{
			name: "go-sdk everything, stateful", path: "/", sessions: true, want: legacy(10),
			argv: []string{goSDK + "examples/server/everything", "-http", "127.0.0.1:{port}"},
		},
		{
			name: "go-sdk conformance, stateless", contract: "conformance", path: "/mcp", want: modern(28),
			argv: []string{goSDK + "conformance/everything-server", "-http", "127.0.0.1:{port}"},
		},
		{
			name: "go-sdk conformance, stateful", contract: "conformance", path: "/mcp", sessions: true, want: legacy(28),
			argv: []string{goSDK + "conformance/everything-server", "-http", "127.0.0.1:{port}", "-stateless=false"},
		},
		{
			name: "go-sdk http", path: "/", sessions: true, want: legacy(1),
			argv: []string{goSDK + "examples/http", "-port", "{port}", "server"},
		},
		{
			name: "go-sdk sse", path: "/greeter1", want: overSSE(1),
			argv: []string{goSDK + "examples/server/sse", "-host", "127.0.0.1", "-port", "{port}"},
		},
		{
			name: "go-sdk distributed", path: "/", want: modern(1),
			argv: []string{goSDK + "examples/server/distributed", "-http", "127.0.0.1:{port}", "-child_ports", "{port},{port}"},
		},
		{
			// Its metadata name localhost, and an authorization server whose URL is empty.
			name: "go-sdk auth", host: "localhost", path: "/mcp",
			argv: []string{goSDK + "examples/auth/server", "-port", "{port}"},
			want: expect{state: "degraded", access: "auth_broken"}, also: askedOnce,
		},
		{
			name: "modern only", path: "/", want: modern(3), also: twoPages,
			argv: []string{"./modernonly", "-http", "127.0.0.1:{port}"},
		},
		{
			name: "mcp-go everything", contract: "mcp-go", port: 8080, path: "/mcp", want: modern(6),
			argv: []string{mcpGo + "everything", "-t", "http"},
		},
		{
			name: "mcp-go roots", port: 8080, path: "/mcp", want: modern(1),
			argv: []string{mcpGo + "roots_http_server"},
		},
		{
			name: "mcp-go conformance", path: "/mcp", want: modern(12),
			argv: []string{mcpGo + "conformance"}, env: []string{"CONFORMANCE_ADDR=127.0.0.1:{port}"},
		},
		{
			name: "mcp-go dynamic path", host: "localhost", path: "/api/acme/sse", want: overSSE(1),
			argv: []string{mcpGo + "dynamic_path", "-addr", ":{port}"},
		},
		{
			// It names localhost as the place to post to, which is another origin.
			name: "mcp-go dynamic path, called by address", path: "/api/acme/sse",
			argv:     []string{mcpGo + "dynamic_path", "-addr", ":{port}"},
			want:     expect{state: "down", transport: "sse", cause: "sse_endpoint"},
			noOracle: "the SDK's client posts to any origin",
		},
	}
}

func npmServers() []server {
	return []server{
		{
			// Both of its servers listen on all interfaces.
			name: "everything, streamable", contract: "everything", path: "/mcp", sessions: true, want: legacy(13),
			argv: []string{"node", everything, "streamableHttp"}, env: []string{"PORT={port}"},
		},
		{
			name: "everything, sse", contract: "everything", path: "/sse", want: overSSE(13),
			argv: []string{"node", everything, "sse"}, env: []string{"PORT={port}"},
		},
		{name: "mcp-proxy", contract: "everything", path: "/mcp", argv: proxied(), want: modern(13)},
		{name: "mcp-proxy, sse", contract: "everything", path: "/sse", argv: proxied(), want: overSSE(13)},
		{name: "mcp-proxy, stateless", contract: "everything", path: "/mcp", argv: proxied("--stateless"), want: modern(13)},
		{name: "mcp-proxy, legacy", contract: "everything", path: "/mcp", argv: proxied("--no-modern"), sessions: true, want: legacy(13)},
		{
			// Bearer without metadata, and the place of the metadata is walled too.
			name: "mcp-proxy, key", path: "/mcp", argv: proxied("--apiKey", "k"),
			want: expect{state: "live", access: "auth_custom"}, also: askedOnce,
		},
		{
			name: "mcp-proxy, key given", contract: "everything", path: "/mcp", argv: proxied("--apiKey", "k"),
			flags: []string{"--header", "X-API-Key: k"}, noOracle: "it has no key",
			want: expect{state: "live", transport: "streamable-http", era: "modern", version: "2026-07-28", tools: 13},
		},
		{
			name: "supergateway, sse", contract: "everything", path: "/sse", want: overSSE(13),
			argv: gateway("node " + everything + " stdio"),
		},
		{
			name: "supergateway, stateless", contract: "everything", path: "/mcp", forks: true, want: legacy(13), also: noChildren,
			argv: gateway("node "+everything+" stdio", "--outputTransport", "streamableHttp"),
		},
		{
			name: "supergateway, stateful", contract: "everything", path: "/mcp", sessions: true, forks: true, want: legacy(13), also: noChildren,
			argv: gateway("node "+everything+" stdio", "--outputTransport", "streamableHttp", "--stateful", "--sessionTimeout", "600000"),
		},
		{
			name: "supergateway, dead child", path: "/mcp", also: healthy,
			argv: gateway("false", "--outputTransport", "streamableHttp"),
			want: expect{state: "down", transport: "streamable-http", cause: "rpc_error"},
		},
		{
			name: "openapi", path: "/mcp", sessions: true, want: legacy(2), also: noActiveSessions,
			argv: []string{
				"node", openapi, "--transport", "http", "--host", "127.0.0.1", "--port", "{port}",
				"--api-base-url", "http://127.0.0.1:9", "--openapi-spec", "testdata/shop.openapi.json",
			},
		},
		{
			// It answers one POST in its life, whichever, and then an empty 500.
			name: "code runner", path: "/mcp", also: staysDown,
			argv: []string{"node", codeRunner, "-t", "http", "-p", "{port}"},
			want: expect{state: "down", transport: "streamable-http", cause: "http_server_error"},
		},
	}
}

// stdioServers are started by the check itself.
func stdioServers() []server {
	onStdio := func(want expect) expect {
		want.transport = "stdio"
		return want
	}
	return []server{
		{name: "everything", contract: "everything", argv: []string{"node", everything, "stdio"}, want: onStdio(legacy(13))},
		{name: "go-sdk hello", argv: []string{goSDK + "examples/server/hello"}, want: onStdio(modern(1))},
		{name: "mcp-go everything", contract: "mcp-go", argv: []string{mcpGo + "everything", "-t", "stdio"}, want: onStdio(modern(6))},
	}
}
