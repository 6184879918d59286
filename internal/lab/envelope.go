package lab

import (
	"net/http"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// envelopeScenarios answer 200 with something that is almost JSON-RPC.
func envelopeScenarios() []Scenario {
	const group = "json-rpc"
	greeted := `{"jsonrpc":"2.0","id":$ID,"result":` + greeting + `}`
	spoilt := func(name, about string, expect Expect, message string) Scenario {
		return Scenario{
			Name: name, Group: group, About: about, Expect: expect,
			handler: legacy(on{"initialize": rpc(message)}),
		}
	}
	bad := func(detail string) Expect { return fails(uptime.BadEnvelope, uptime.StepInitialize, detail) }
	return append([]Scenario{
		spoilt("json-cut", "The JSON ends in the middle although the length says that it is whole.",
			fails(uptime.BadJSON, uptime.StepInitialize, "json"), greeted[:len(greeted)-30]),
		spoilt("json-with-noise", "A warning of the interpreter stands ahead of the JSON.",
			fails(uptime.BadJSON, uptime.StepInitialize, "json"), "<br />\n<b>Warning</b>: undefined key in /srv/mcp.php\n"+greeted),
		spoilt("json-twice", "Two JSON documents stand in one body.",
			fails(uptime.BadJSON, uptime.StepInitialize, "json"), greeted+greeted),
		spoilt("json-as-string", "The answer was encoded twice and is a JSON string.",
			bad(""), `"{\"jsonrpc\":\"2.0\"}"`),
		spoilt("json-not-rpc", "A health document stands where JSON-RPC should.",
			bad("jsonrpc").or(uptime.NotMCP), `{"status":"ok","uptime":86400}`),
		spoilt("rpc-version-missing", "The member jsonrpc is missing: strict clients drop the answer.",
			bad("jsonrpc"), `{"id":$ID,"result":`+greeting+`}`),
		spoilt("rpc-version-1", "The answer is of JSON-RPC 1.0.",
			bad("jsonrpc"), strings.Replace(greeted, `"2.0"`, `"1.0"`, 1)),
		spoilt("rpc-result-and-error", "The answer has a result and an error.",
			bad("error"), strings.TrimSuffix(greeted, "}")+`,"error":{"code":-32603,"message":"both"}}`),
		spoilt("rpc-null-error", "A null error stands beside the result: several clients refuse it.",
			bad("error"), strings.TrimSuffix(greeted, "}")+`,"error":null}`),
		spoilt("rpc-neither", "The answer has neither result nor error.",
			bad("result"), `{"jsonrpc":"2.0","id":$ID}`),
		spoilt("rpc-array", "The answer is wrapped in an array.",
			bad("array"), `[`+greeted+`]`),
		spoilt("rpc-error-is-text", "The error is a text instead of an object.",
			bad("error"), `{"jsonrpc":"2.0","id":$ID,"error":"something went wrong"}`),
		spoilt("rpc-echo", "The server sends each request back: a debugging proxy is in the way.",
			bad("").or(uptime.NotMCP), `{"jsonrpc":"2.0","id":$ID,"method":"initialize","params":{}}`),
		spoilt("rpc-other-id", "The answer has the id of another request.",
			fails(uptime.IDMismatch, uptime.StepInitialize, "id"), strings.Replace(greeted, "$ID", "424242", 1)),
		spoilt("rpc-id-of-other-type", "The id comes back as another type.",
			fails(uptime.IDMismatch, uptime.StepInitialize, "id"), strings.Replace(greeted, "$ID", "$RETYPED", 1)),
		spoilt("rpc-null-id", "The answer has no id but null.",
			fails(uptime.IDMismatch, uptime.StepInitialize, "id"), strings.Replace(greeted, "$ID", "null", 1)),
		spoilt("rpc-no-id", "The answer has no id at all.",
			fails(uptime.IDMismatch, uptime.StepInitialize, "id").or(uptime.BadEnvelope), strings.Replace(greeted, `"id":$ID,`, "", 1)),
	}, rpcErrorScenarios(group)...)
}

func rpcErrorScenarios(group string) []Scenario {
	return []Scenario{
		{
			Name: "rpc-error", Group: group,
			About:   "The handshake ends in an internal error: a bug in the initialize handler of the last release.",
			Expect:  fails(uptime.RPCError, uptime.StepInitialize, "-32603"),
			handler: legacy(on{"initialize": rpcError(-32603, "Cannot read properties of undefined")}),
		},
		{
			Name: "rpc-error-without-id", Group: group,
			About:   "The handshake ends in an error whose id is null, as most servers send it.",
			Expect:  fails(uptime.RPCError, uptime.StepInitialize, "-32000").or(uptime.IDMismatch),
			handler: legacy(on{"initialize": rpc(`{"jsonrpc":"2.0","error":{"code":-32000,"message":"Server is shutting down"},"id":null}`)}),
		},
		{
			Name: "rpc-error-400", Group: group,
			About:   "The handshake is refused with status 400 and a JSON-RPC error.",
			Expect:  fails(uptime.HTTPClientError, uptime.StepInitialize, "400").or(uptime.RPCError, uptime.HTTPMethod),
			handler: legacy(on{"initialize": reply(http.StatusBadRequest, "application/json", `{"jsonrpc":"2.0","id":$ID,"error":{"code":-32602,"message":"Invalid params"}}`)}),
		},
		{
			Name: "rpc-error-unknown-method", Group: group,
			About:  "The server speaks JSON-RPC and has never heard of MCP.",
			Expect: fails(uptime.RPCError, uptime.StepInitialize, "-32601").or(uptime.NotMCP),
			handler: legacy(on{
				"POST": rpcError(-32601, "Method not found"), "initialize": rpcError(-32601, "Method not found"),
				"server/discover": rpcError(-32601, "Method not found"),
			}),
		},
		{
			Name: "wrapper-of-a-dead-server", Group: group,
			About:  "The gateway is up, its health URL says ok, and the server that it wraps is dead.",
			Expect: fails(uptime.RPCError, uptime.StepInitialize, "-32603"),
			handler: legacy(on{
				"/healthz":   refuse(http.StatusOK, "ok"),
				"initialize": events(event(`{"jsonrpc":"2.0","id":$ID,"error":{"code":-32603,"message":"MCP server process failed"}}`)),
			}),
		},
		{
			Name: "wrapper-500-as-200", Group: group,
			About:  "The gateway sends the error page of the server behind it, with status 200 and as JSON.",
			Expect: fails(uptime.BadJSON, uptime.StepInitialize, "json"),
			handler: legacy(on{"initialize": reply(http.StatusOK, "application/json",
				"<html><body><h1>500 Internal Server Error</h1></body></html>")}),
		},
		{
			Name: "rpc-error-in-tools", Group: group,
			About:   "The handshake works and listing the tools ends in an error: the registry behind it is down.",
			Expect:  fails(uptime.RPCError, uptime.StepTools, "-32603"),
			handler: legacy(on{"tools/list": rpcError(-32603, "connection to the database refused")}),
		},
		{
			Name: "rpc-error-modern-tools", Group: group,
			About:   "The same under revision 2026-07-28.",
			Expect:  fails(uptime.RPCError, uptime.StepTools, "-32603"),
			handler: modern(on{"tools/list": rpcError(-32603, "connection to the database refused")}),
		},
		{
			Name: "json-cut-in-tools", Group: group,
			About:   "The handshake works and the list of tools is cut at 64 KiB by a proxy.",
			Expect:  fails(uptime.BadJSON, uptime.StepTools, "json"),
			handler: legacy(on{"tools/list": rpc(`{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":"` + strings.Repeat("x", 64<<10))}),
		},
	}
}
