package audit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestLookOf(t *testing.T) {
	at := time.Date(2026, 10, 14, 8, 0, 0, 0, time.FixedZone("", 7200))
	cell := uptime.Cell{Region: "eu-west", Attempts: []uptime.Result{
		{Started: at, Failure: &uptime.Failure{Cause: uptime.ConnectReset, Effect: uptime.Down}},
		{
			Started: at.Add(5 * time.Second), Transport: uptime.StreamableHTTP, Era: uptime.Legacy, Version: "2025-06-18",
			ServerName: "weather\u202e\n\x1b[31m" + strings.Repeat("é", 300), ServerVer: "1.0.0", Access: uptime.AccessOpen,
			Timings: uptime.Timings{Handshake: 1500 * time.Microsecond, Total: 2 * time.Second},
			Tools:   &uptime.ToolSet{Count: 2, Hash: "sha256:a", ContractHash: "sha256:b"},
			Findings: []uptime.Finding{
				{ID: "tool_name_invalid", Severity: uptime.SeverityFail},
				{ID: "tool_name_invalid", Severity: uptime.SeverityFail},
				{ID: "tool_description_missing", Severity: uptime.SeverityWarn},
				{ID: "auth_200", Severity: uptime.SeverityFail},
			},
			Transcript: []uptime.Exchange{{Response: "HTTP/1.1 200 OK\r\nMcp-Session-Id: mcp-…\r\n\r\n{}"}},
		},
	}}
	want := uptime.AuditLook{
		Region: "eu-west", State: uptime.Degraded, Status: 200, Access: uptime.AccessOpen, Transport: uptime.StreamableHTTP, Era: uptime.Legacy, Version: "2025-06-18",
		ServerVer: "1.0.0", SDK: "mcp-go", Tools: 2, ToolsHash: "sha256:a", ContractHash: "sha256:b", Malformed: []string{"tool_name_invalid"}, Handshake: 2, Total: 2000, Attempts: 2,
	}
	got := audit.LookOf(cell)
	name := got.ServerName
	got.ServerName = ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(name, "weather [31mé") || len([]rune(name)) != 100 {
		t.Errorf("the name is %q", name)
	}
}

func TestLookOfFailures(t *testing.T) {
	for _, c := range []struct {
		name string
		res  []uptime.Result
		want uptime.AuditLook
	}{
		{"nothing", nil, uptime.AuditLook{Cause: uptime.AgentLost}},
		{
			"not found",
			[]uptime.Result{{Failure: &uptime.Failure{Cause: uptime.HTTPNotFound, Step: uptime.StepInitialize, Effect: uptime.Down}, Transcript: []uptime.Exchange{{Response: "HTTP/1.1 404 Not Found\nServer: uvicorn\n\nno"}}}},
			uptime.AuditLook{State: uptime.Down, Cause: uptime.HTTPNotFound, Failed: uptime.StepInitialize, Status: 404, SDK: "Python (uvicorn)", Attempts: 1},
		},
		{
			"walled",
			[]uptime.Result{{Access: uptime.AccessWalled, Auth: &uptime.AuthChain{Status: 401, ResourceMetadata: "https://x.example/.well-known/oauth-protected-resource", Broken: ""}}},
			uptime.AuditLook{State: uptime.Live, Access: uptime.AccessWalled, Status: 401, AuthChain: true, Attempts: 1},
		},
		{
			"walled, and no time to read how to sign in",
			[]uptime.Result{{Access: uptime.AccessCustom, Auth: &uptime.AuthChain{Status: 401, Unfinished: true}}},
			uptime.AuditLook{Access: uptime.AccessCustom, Status: 401, Attempts: 1},
		},
		{
			"told where to read how to sign in, and no time to",
			[]uptime.Result{{Access: uptime.AccessWalled, Auth: &uptime.AuthChain{Status: 401, Unfinished: true}}},
			uptime.AuditLook{State: uptime.Live, Access: uptime.AccessWalled, Status: 401, Attempts: 1},
		},
		{
			"no HTTP at all",
			[]uptime.Result{{Failure: &uptime.Failure{Cause: uptime.NotMCP, Effect: uptime.Down}, Transcript: []uptime.Exchange{{Response: "[reset]"}}}},
			uptime.AuditLook{State: uptime.Down, Cause: uptime.NotMCP, Attempts: 1},
		},
		{
			"HTTP of nonsense",
			[]uptime.Result{{Failure: &uptime.Failure{Cause: uptime.NotMCP, Effect: uptime.Down}, Transcript: []uptime.Exchange{{Response: "HTTP/1.1 -99 x"}}}},
			uptime.AuditLook{State: uptime.Down, Cause: uptime.NotMCP, Attempts: 1},
		},
	} {
		if diff := cmp.Diff(c.want, audit.LookOf(uptime.Cell{Attempts: c.res})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestDemoOf(t *testing.T) {
	failing := func(c uptime.Cause, effect uptime.State) uptime.Result {
		return uptime.Result{Failure: &uptime.Failure{Cause: c, Effect: effect}}
	}
	for _, c := range []struct {
		name string
		res  []uptime.Result
		want uptime.State
	}{
		{"no attempt", nil, uptime.Unknown},
		{"works", []uptime.Result{{}}, uptime.Live},
		{"works slowly", []uptime.Result{{Timings: uptime.Timings{Handshake: time.Minute}}}, uptime.Live},
		{"works at the second try", []uptime.Result{failing(uptime.ConnectReset, uptime.Down), {}}, uptime.Live},
		{"refused", []uptime.Result{failing(uptime.CredentialRefused, uptime.Degraded)}, uptime.Degraded},
		{"down", []uptime.Result{failing(uptime.NotMCP, uptime.Down)}, uptime.Down},
		{"limited", []uptime.Result{failing(uptime.RateLimited, uptime.Unknown)}, uptime.Unknown},
		{"ours", []uptime.Result{failing(uptime.SelfOverload, uptime.Down)}, uptime.Unknown},
	} {
		if got := audit.DemoOf(uptime.Cell{Attempts: c.res}); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLibraryBehindAServer(t *testing.T) {
	answer := func(s string) uptime.Result { return uptime.Result{Transcript: []uptime.Exchange{{Response: s}}} }
	for _, c := range []struct {
		res  uptime.Result
		want string
	}{
		{answer("HTTP/1.1 200 OK\r\nMcp-Session-Id: OBFW…\r\n"), "go-sdk"},
		{answer("HTTP/1.1 200 OK\r\nMcp-Session-Id: 2345…\r\n"), ""},
		{answer("HTTP/1.1 200 OK\r\nmcp-session-id: 4e01…\r\n"), ""},
		{answer(`Bad Request: Unsupported protocol version (supported versions: 2026-07-28,2025-11-25)`), "go-sdk"},
		{answer(`Bad Request: Unsupported protocol version: 2026-07-28 (supported versions: 2025-11-25)`), "typescript-sdk"},
		{answer(`{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600}}`), "python-sdk"},
		{answer(`{"error":{"code":-32000,"message":"Bad Request: Server not initialized"}}`), "typescript-sdk"},
		{answer("HTTP/1.1 404 Not Found\nX-Powered-By: Express\n"), "Node.js (Express)"},
		{uptime.Result{ServerName: "My FastMCP server"}, "FastMCP"},
		{uptime.Result{ServerName: "weather"}, ""},
	} {
		if got := audit.LookOf(uptime.Cell{Attempts: []uptime.Result{c.res}}).SDK; got != c.want {
			t.Errorf("%+v is %q, want %q", c.res.Transcript, got, c.want)
		}
	}
}
