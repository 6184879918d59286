package probe_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestAfterAGoodHandshake pins what a bad answer means once the handshake has
// succeeded.
func TestAfterAGoodHandshake(t *testing.T) {
	t.Parallel()
	rpc := func(code, message string) string {
		return `{"jsonrpc":"2.0","id":2,"error":{"code":` + code + `,"message":"` + message + `"}}`
	}
	list := func(result string) string { return `{"jsonrpc":"2.0","id":2,"result":` + result + `}` }
	for name, tc := range map[string]struct {
		method string
		status int
		body   string
		cause  uptime.Cause
		step   uptime.Step
	}{
		"unknown method":           {"tools/list", 200, rpc("-32601", "Method not found"), uptime.CapabilityLie, uptime.StepTools},
		"session lost":             {"tools/list", 404, "Session not found", uptime.SessionLost, uptime.StepTools},
		"session lost in JSON":     {"tools/list", 200, rpc("0", "tools/list is invalid during session initialization"), uptime.SessionLost, uptime.StepTools},
		"version refused":          {"tools/list", 400, "Bad Request: Unsupported protocol version", uptime.VersionRefused, uptime.StepTools},
		"server error in JSON":     {"tools/list", 200, rpc("-32603", "boom"), uptime.RPCError, uptime.StepTools},
		"limited":                  {"tools/list", 429, "", uptime.RateLimited, uptime.StepTools},
		"walled":                   {"tools/list", 401, "", uptime.AuthRequired, uptime.StepTools},
		"no list":                  {"tools/list", 200, list(`{}`), uptime.ToolsMalformed, uptime.StepTools},
		"a list that is none":      {"tools/list", 200, list(`{"tools":{}}`), uptime.ToolsMalformed, uptime.StepTools},
		"an empty list":            {"tools/list", 200, list(`{"tools":[]}`), uptime.ToolsEmpty, uptime.StepTools},
		"not one tool in it":       {"tools/list", 200, list(`{"tools":[null,1]}`), uptime.ToolsMalformed, uptime.StepTools},
		"the same page for ever":   {"tools/list", 200, list(`{"tools":` + oneTool + `,"nextCursor":"a"}`), uptime.IDMismatch, uptime.StepTools}, // the answer's id is that of the first page
		"another's id":             {"tools/list", 200, strings.Replace(list(`{"tools":[]}`), `"id":2`, `"id":"2"`, 1), uptime.IDMismatch, uptime.StepTools},
		"initialized: session":     {"notifications/initialized", 404, "Session not found", uptime.SessionLost, uptime.StepInitialized},
		"initialized: version":     {"notifications/initialized", 400, "Unsupported protocol version", uptime.VersionRefused, uptime.StepInitialized},
		"initialized: fails":       {"notifications/initialized", 500, "", uptime.InitializedRefused, uptime.StepInitialized},
		"initialized: forbidden":   {"notifications/initialized", 403, "", uptime.InitializedRefused, uptime.StepInitialized},
		"initialized: 200 and {}":  {"notifications/initialized", 200, "{}", "", ""},
		"initialized: rate limit":  {"notifications/initialized", 429, "", uptime.RateLimited, uptime.StepInitialized},
		"initialize: too new":      {"initialize", 200, strings.Replace(list(`{"protocolVersion":"2031-01-01","capabilities":{},"serverInfo":{"name":"x","version":"1"}}`), `"id":2`, `"id":1`, 1), uptime.VersionUnsupported, uptime.StepInitialize},
		"initialize: unauthorized": {"initialize", 200, strings.Replace(rpc("-32001", "Unauthorized"), `"id":2`, `"id":1`, 1), uptime.AuthRequired, uptime.StepInitialize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.before = func(w http.ResponseWriter, _ *http.Request, method string) bool {
					if method == tc.method {
						writeJSON(w, tc.status, tc.body)
					}
					return method == tc.method
				}
				res := look(t, newWorld(t, f).newProber(t, probe.Options{}), public(), tc.cause)
				if res.Failure != nil && (res.Failure.Step != tc.step || res.Failure.Effect != tc.cause.Effect() || res.Failure.Detail == "") {
					t.Errorf("%+v, want a failure at %s that argues for %s", res.Failure, tc.step, tc.cause.Effect())
				}
			})
		})
	}
}

// TestDiscoverAnswers is the decision table for the first message: what keeps the
// probe from going on to initialize, and what does not.
func TestDiscoverAnswers(t *testing.T) {
	t.Parallel()
	rpc := func(code, data string) string {
		return `{"jsonrpc":"2.0","id":1,"error":{"code":` + code + `,"message":"no","data":` + data + `}}`
	}
	for name, tc := range map[string]struct {
		status int
		body   string
		cause  uptime.Cause
	}{
		"not initialized":             {400, `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: Server not initialized"}}`, ""},
		"method not found":            {404, rpc("-32601", "null"), ""},
		"text":                        {404, "Invalid session ID", ""},
		"server error":                {500, rpc("-32603", "null"), ""},
		"only legacy revisions":       {200, `{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2025-11-25"],"capabilities":{}}}`, ""},
		"only legacy, as an error":    {400, rpc("-32022", `{"supported":["2025-11-25"]}`), ""},
		"only revisions that we lack": {400, rpc("-32022", `{"supported":["2031-01-01"]}`), uptime.VersionUnsupported},
		"a header that it misses":     {400, rpc("-32020", "null"), uptime.RPCError},
		"an empty answer":             {200, "", ""},
		"a page":                      {200, "<html>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.before = func(w http.ResponseWriter, _ *http.Request, method string) bool {
					if method == "server/discover" {
						writeJSON(w, tc.status, tc.body)
					}
					return method == "server/discover"
				}
				res := look(t, newWorld(t, f).newProber(t, probe.Options{}), public(), tc.cause)
				if tc.cause == "" && (res.Era != uptime.Legacy || hasFinding(res, "discover_server_error") != (tc.status == 500)) {
					t.Errorf("era %s, findings %+v", res.Era, res.Findings)
				}
			})
		})
	}
}
