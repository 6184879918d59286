package probe_test

import "github.com/alivemcp/alivemcp/internal/uptime"

// replayedServer is what is right to say about a recorded server.
type replayedServer struct {
	name string
	seen
}

// handshakeAnd returns what goes over the wire for a server of the legacy era
// that is seen for the first time.
func handshakeAnd(more ...string) []string {
	return append([]string{"server/discover", "initialize", "notifications/initialized"}, more...)
}

// replayed lists every recording. The same tools have the same hash behind every
// gateway. A recording holds what was asked for when it was made; what it does
// not hold is answered 404: the second page of gosdk-modern-only, and
// server/discover of three.
func replayed() []replayedServer {
	return []replayedServer{
		{"code-runner-legacy-only", seen{
			State: uptime.Down, Cause: uptime.InitializedRefused, Step: uptime.StepInitialized,
			Transport: uptime.StreamableHTTP, Version: "2025-11-25", Server: "Code Runner 0.1.0",
			Asked: []string{"server/discover", "initialize", "notifications/initialized"},
		}},
		{"code-runner", seen{
			State: uptime.Down, Cause: uptime.HTTPServerError, Step: uptime.StepInitialize,
			Transport: uptime.StreamableHTTP,
			Asked:     []string{"server/discover", "initialize"},
		}},
		{"everything-sse", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Legacy, Transport: uptime.HTTPSSE, Version: "2024-11-05", Server: "mcp-servers/everything 2.0.0",
			Tools: 13, Hash: "fb10652136756cef32fd3bd4770a434135770d7176844065b48b86b5c991c42f",
			Findings: "http_sse_only",
			Asked:    []string{"server/discover", "initialize", "GET", "initialize", "notifications/initialized", "tools/list"},
		}},
		{"everything-streamableHttp", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Legacy, Transport: uptime.StreamableHTTP, Version: "2025-11-25", Server: "mcp-servers/everything 2.0.0",
			Tools: 13, Hash: "fb10652136756cef32fd3bd4770a434135770d7176844065b48b86b5c991c42f",
			Asked: handshakeAnd("tools/list", "DELETE"),
		}},
		{"gosdk-authserver-auth", seen{
			State: uptime.Degraded, Cause: uptime.AuthBroken, Step: uptime.StepAuth, Access: uptime.AccessBroken,
			Findings: "prm_no_authorization_server",
			Asked:    []string{"server/discover", "initialize", "GET /.well-known/oauth-protected-resource"},
		}},
		{"gosdk-conformance-stateful", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Legacy, Transport: uptime.StreamableHTTP, Version: "2025-11-25", Server: "mcp-conformance-test-server 1.0.0",
			Tools: 28, Hash: "22ffc2efc9afb846e381206e6ab87f43c70962d40ddceefd5d9b24e55b2a64e2",
			Asked: handshakeAnd("tools/list", "DELETE"),
		}},
		{"gosdk-conformance-stateless", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Modern, Transport: uptime.StreamableHTTP, Version: "2026-07-28", Server: "mcp-conformance-test-server 1.0.0",
			Tools: 28, Hash: "22ffc2efc9afb846e381206e6ab87f43c70962d40ddceefd5d9b24e55b2a64e2",
			Asked: []string{"server/discover", "tools/list"},
		}},
		{"gosdk-distributed", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Modern, Transport: uptime.StreamableHTTP, Version: "2026-07-28", Server: "counter",
			Tools: 1, Hash: "0b873ddb9e783589066de9ad5107ea88bb67b37f81d2591716473516d000c5d1",
			Findings: "tool_description_missing",
			Asked:    []string{"server/discover", "tools/list"},
		}},
		{"gosdk-everything-stateful", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Legacy, Transport: uptime.StreamableHTTP, Version: "2025-11-25", Server: "everything",
			Tools: 10, Hash: "a966df2b0808dc4c593535795157a6cb0a92a6146996b116576efabba02fb61b",
			Findings: "tool_description_missing tool_name_invalid",
			Asked:    handshakeAnd("tools/list", "DELETE"),
		}},
		{"gosdk-http-example", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Legacy, Transport: uptime.StreamableHTTP, Version: "2025-11-25", Server: "time-server 1.0.0",
			Tools: 1, Hash: "8d30e425a42d1ef84889ddf31d5e1f13c667fc49ecd85a13c46f83ddc8ebbc4b",
			Asked: handshakeAnd("tools/list", "DELETE"),
		}},
		{"gosdk-modern-only", seen{
			State: uptime.Down, Cause: uptime.HTTPNotFound, Step: uptime.StepTools, Access: uptime.AccessOpen,
			Era: uptime.Modern, Transport: uptime.StreamableHTTP, Version: "2026-07-28", Server: "modern-only 1",
			Asked: []string{"server/discover", "tools/list", "tools/list"},
		}},
		{"gosdk-sse", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Legacy, Transport: uptime.HTTPSSE, Version: "2024-11-05", Server: "greeter1",
			Tools: 1, Hash: "a3e9075ec2dd6bafa1d0323c3f9c76b576045a021ce99627b01c4a39608d5f6a",
			Findings: "http_sse_only",
			Asked:    []string{"server/discover", "initialize", "GET", "initialize", "notifications/initialized", "tools/list"},
		}},
		{"ivotoby-openapi", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Legacy, Transport: uptime.StreamableHTTP, Version: "2025-11-25", Server: "mcp-openapi-server 1.0.0",
			Tools: 1, Hash: "b02d8ae099cf12698843a80cd03040ef7bcc3c22275763c6641a3608483bbcb4",
			Findings: "session_delete_failed",
			Asked:    []string{"server/discover", "initialize", "notifications/initialized", "tools/list", "DELETE", "DELETE"},
		}},
		{"mcp-proxy-apikey", seen{
			State: uptime.Live, Access: uptime.AccessCustom,
			Transport: uptime.StreamableHTTP,
			Findings:  "auth_required_but_not_advertised",
			Asked:     []string{"server/discover", "GET /.well-known/oauth-protected-resource/mcp", "GET /.well-known/oauth-protected-resource", "GET /.well-known/oauth-authorization-server"},
		}},
		{"mcp-proxy-sse", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Legacy, Transport: uptime.HTTPSSE, Version: "2024-11-05", Server: "mcp-servers/everything 2.0.0",
			Tools: 13, Hash: "fb10652136756cef32fd3bd4770a434135770d7176844065b48b86b5c991c42f",
			Findings: "http_sse_only",
			Asked:    []string{"server/discover", "initialize", "GET", "initialize", "notifications/initialized", "tools/list"},
		}},
		{"mcp-proxy", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Modern, Transport: uptime.StreamableHTTP, Version: "2026-07-28", Server: "mcp-servers/everything 2.0.0",
			Tools: 13, Hash: "fb10652136756cef32fd3bd4770a434135770d7176844065b48b86b5c991c42f",
			Asked: []string{"server/discover", "tools/list"},
		}},
		{"mcpgo-conformance", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Modern, Transport: uptime.StreamableHTTP, Version: "2026-07-28", Server: "mcp-go-conformance 1.0.0",
			Tools: 12, Hash: "7b5f110e45ff1d09fc78aebb5a357ae91246ce811f825ea834da49a06f4b3250",
			Asked: []string{"server/discover", "tools/list"},
		}},
		{"mcpgo-dynamic-path-sse", seen{
			State: uptime.Down, Cause: uptime.SSEEndpoint, Step: uptime.StepStream,
			Transport: uptime.HTTPSSE,
			Asked:     []string{"server/discover", "initialize", "GET"},
		}},
		{"mcpgo-everything", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Modern, Transport: uptime.StreamableHTTP, Version: "2026-07-28", Server: "example-servers/everything 1.0.0",
			Tools: 6, Hash: "09e1484390d092ceac5e61cae13888f03e4f03023040891362533d75ca6566f5",
			Findings: "tool_description_missing",
			Asked:    []string{"server/discover", "tools/list"},
		}},
		{"mcpgo-roots", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Modern, Transport: uptime.StreamableHTTP, Version: "2026-07-28", Server: "roots-http-server 1.0.0",
			Tools: 1, Hash: "9302b5f06ab42bdcacf96c0059a74b5dae2fbeec8021ce5d2deed83f36ad8801",
			Asked: []string{"server/discover", "tools/list"},
		}},
		{"supergateway-broken-child", seen{
			State: uptime.Down, Cause: uptime.RPCError, Step: uptime.StepInitialize,
			Transport: uptime.StreamableHTTP,
			Asked:     []string{"server/discover", "initialize"},
		}},
		{"supergateway-http-stateful", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Legacy, Transport: uptime.StreamableHTTP, Version: "2025-11-25", Server: "mcp-servers/everything 2.0.0",
			Tools: 13, Hash: "fb10652136756cef32fd3bd4770a434135770d7176844065b48b86b5c991c42f",
			Asked: handshakeAnd("tools/list", "DELETE"),
		}},
		{"supergateway-http-stateless", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Legacy, Transport: uptime.StreamableHTTP, Version: "2025-11-25", Server: "mcp-servers/everything 2.0.0",
			Tools: 13, Hash: "fb10652136756cef32fd3bd4770a434135770d7176844065b48b86b5c991c42f",
			Asked: handshakeAnd("tools/list"),
		}},
		{"supergateway-sse", seen{
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Legacy, Transport: uptime.HTTPSSE, Version: "2024-11-05", Server: "mcp-servers/everything 2.0.0",
			Tools: 13, Hash: "fb10652136756cef32fd3bd4770a434135770d7176844065b48b86b5c991c42f",
			Findings: "http_sse_only",
			Asked:    []string{"server/discover", "initialize", "GET", "initialize", "notifications/initialized", "tools/list"},
		}},
	}
}
