package lab

import (
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// silentScenarios pass the handshake and list their tools, and the tools do
// not work. Only a canary call or a health URL can tell.
func silentScenarios() []Scenario {
	return append(append(canaryFailures(), canaryErrors()...), append(healthScenarios(), primitiveScenarios()...)...)
}

// calls is a correct server but for what its tools answer.
func calls(name, about string, expect Expect, a answer, profile func(*stage) uptime.Profile) Scenario {
	return Scenario{
		Name: name, Group: "silent", About: about, Expect: expect,
		handler: legacy(on{"tools/call": inSession(a)}), profile: profile,
	}
}

// canaryFailures answer the call; the answer is wrong.
func canaryFailures() []Scenario {
	wrong := func(detail string) Expect { return fails(uptime.CanaryFailed, uptime.StepCanary, detail) }
	reports := func(name, about, text string) Scenario {
		return calls(name, about, wrong("iserror"), failed(text), canary())
	}
	finds := func(name, about, text string, expect ...uptime.Assertion) Scenario {
		return calls(name, about, wrong(""), said(text), canary(expect...))
	}
	downs := calls("canary-downs", "A call fails whose failure the owner wants to count as down.",
		wrong("iserror").in(uptime.Down), failed("the database is gone"), downing(canary()))
	slowly := calls("slow-tool", "The call works and takes longer than the owner allows: the cache is cold for good.",
		wrong("ms"), after(400*time.Millisecond, callTool),
		canary(uptime.Assertion{Kind: uptime.AssertMaxMillis, Value: "100"}))
	return []Scenario{
		reports("pool-exhausted", "The database pool is exhausted: handshake and list never touch it, every call fails.",
			"timeout: could not get a connection from the pool within 3000 ms"),
		reports("password-rotated", "The database password was rotated and the server still has the old one.",
			"password authentication failed for user mcp"),
		reports("disk-full", "The disk is full and everything that writes fails.", "ENOSPC: no space left on device"),
		reports("binary-missing", "A program that the tools start is missing since the image was rebuilt.", "spawn ffmpeg ENOENT"),
		reports("upstream-key-lapsed", "The subscription to the service behind the tools has lapsed.", "upstream answered 402 Payment Required"),
		reports("circuit-open", "The circuit breaker is open and every call fails at once.", "circuit breaker is open"),
		reports("permission-missing", "The outbound host is missing from the list of allowed ones.", "PermissionDenied: net access to api.example.com"),
		reports("variable-missing", "A variable is not set in production.", "DATABASE_URL is not defined"),
		finds("search-finds-nothing", "The vector store lost its index at the last restart: searches work and find nothing.",
			`{"total":0,"results":[]}`, notEmpty("$.results")),
		finds("text-is-empty", "Text extraction fails without an error and returns nothing.", "", notEmpty("")),
		finds("data-is-stale", "The replica stopped following: answers are well formed and last week's.",
			`{"total":1,"results":["old news"],"fresh":false}`, is("$.fresh", "true")),
		finds("worker-is-frozen", "The worker behind the queue is dead: jobs are accepted and never done.",
			`{"job":"c0ffee","status":"queued","done":0}`, is("$.status", `"done"`)),
		finds("wrong-database", "The migration ran against another database: every table is empty.",
			`{"total":0}`, is("$.total", "1")),
		finds("rows-are-hidden", "The row policy broke: the tenant sees none of its rows.", `[]`, notEmpty("$[*]")),
		finds("rows-of-others", "The row policy is bypassed: the answer has rows of other tenants.",
			`{"total":2,"results":["ours","theirs"]}`, is("$.total", "1")),
		finds("search-is-off-topic", "The index answers from another vector space: there are results, and they are the wrong ones.",
			`{"total":1,"results":["how to bake bread"]}`, says("monitor")),
		finds("error-as-success", "The tool returns an error page as a success.",
			"<html><body>502 Bad Gateway</body></html>", says("monitor")),
		finds("field-renamed", "A field of the answer was renamed; no schema says so.",
			`{"count":1,"hits":["how to monitor an MCP server"]}`, is("$.total", "1")),
		calls("nothing-comes-back", "The encoder of pictures is broken: the answer has no content at all.",
			wrong(""), result(`{"content":[],"isError":false}`), canary(notEmpty(""))),
		slowly, downs,
	}
}

// canaryErrors do not answer the call, or not as a tool does.
func canaryErrors() []Scenario {
	gone := func(detail string) Expect { return fails(uptime.CanaryError, uptime.StepCanary, detail) }
	hung := calls("call-hangs", "The browser behind the tool crashed: calls never return.", gone(""), hang, canary())
	hung.Setup.Timeout = 2 * time.Second
	return []Scenario{
		hung,
		calls("call-internal-error", "Each call ends in an internal error.", gone("-32603"), rpcError(-32603, "Internal error"), canary()),
		calls("half-open-auth", "Handshake and list are open, each call is unauthorised: the sign-in was half configured.",
			gone("-32001").or(uptime.AuthRequired), rpcError(-32001, "Unauthorized"), canary()),
		calls("tool-vanished", "The tool is listed and cannot be called.", gone("-32602"), rpcError(-32602, "Unknown tool: search_docs"), canary()),
		calls("call-500", "Each call crashes the worker.", gone("500"), refuse(http.StatusInternalServerError, ""), canary()),
		calls("call-504", "Each call runs into the wall of the platform.", gone("504"), page(http.StatusGatewayTimeout, "Gateway Timeout"), canary()),
		calls("call-202", "Each call is accepted and never answered.", gone(""), accepted, canary()),
		calls("call-bad-result", "The result of a call is not that of a tool.", gone("").or(uptime.CanaryFailed), result(`"done"`), canary()),
	}
}

// healthScenarios have a health URL beside the endpoint.
func healthScenarios() []Scenario {
	ill := fails(uptime.HealthFailed, uptime.StepHealth, "")
	reports := func(name, about string, expect Expect, a answer, assert ...uptime.Assertion) Scenario {
		return Scenario{
			Name: name, Group: "silent", About: about, Expect: expect,
			handler: legacy(on{"/health": a}), profile: health(false, assert...),
		}
	}
	json := func(status int, text string) answer { return reply(status, "application/json", text) }
	downs := reports("health-downs", "The health URL fails and its owner wants that to count as down.",
		ill.in(uptime.Down), json(http.StatusServiceUnavailable, `{"status":"down"}`))
	downs.profile = health(true)
	hung := reports("health-hangs", "The health URL never answers.", ill, hang)
	hung.Setup.Timeout = 2 * time.Second
	lies := calls("health-lies", "The health URL says that all is well and every call fails.",
		fails(uptime.CanaryFailed, uptime.StepCanary, "iserror"), failed("libvips.so.42: cannot open shared object file"), nil)
	lies.handler = legacy(on{
		"tools/call": inSession(failed("libvips.so.42: cannot open shared object file")),
		"/health":    json(http.StatusOK, `{"status":"ok"}`),
	})
	lies.profile = func(s *stage) uptime.Profile {
		p := canary()(s)
		p.Health = health(false)(s).Health
		return p
	}
	return []Scenario{
		reports("health-503", "The health URL says that a dependency is gone.", ill,
			json(http.StatusServiceUnavailable, `{"status":"error","redis":"connection refused"}`)),
		reports("health-degraded", "The health URL answers 200 and says degraded.", ill, json(http.StatusOK, `{"status":"degraded"}`)),
		reports("health-404", "The health URL is gone since the last release.", ill, page(http.StatusNotFound, "Not Found")),
		reports("health-lagging", "The health URL answers 200 and shows that replication lags.", ill,
			json(http.StatusOK, `{"status":"ok","replication":{"behind":true}}`), is("$.replication.behind", "false")),
		reports("health-not-ready", "The health URL answers 200 with a text that is not the one that was agreed on.", ill,
			refuse(http.StatusOK, "warming up"), says("ready")),
		downs, hung, lies,
	}
}

// primitiveScenarios break what is neither a tool nor a handshake. A client
// could still work: they are findings.
func primitiveScenarios() []Scenario {
	rich := `{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"resources":{},"prompts":{},"completions":{}},"serverInfo":{"name":"lab","version":"1.0.0"}}`
	breaks := func(name, about, finding string, profile uptime.Profile, o on) Scenario {
		base := on{
			"initialize":          session(result(rich)),
			"resources/list":      inSession(result(`{"resources":[{"uri":"lab://readme","name":"readme"}]}`)),
			"prompts/list":        inSession(result(`{"prompts":[{"name":"greet","arguments":[{"name":"language"}]}]}`)),
			"prompts/get":         inSession(result(`{"messages":[{"role":"user","content":{"type":"text","text":"Say hello."}}]}`)),
			"completion/complete": inSession(result(`{"completion":{"values":["english"]}}`)),
		}
		for k, a := range o {
			base[k] = inSession(a)
		}
		return Scenario{
			Name: name, Group: "silent", About: about, Expect: live(toolCount).found(finding),
			handler: legacy(base), profile: func(*stage) uptime.Profile { return profile },
		}
	}
	prompts := uptime.Profile{Prompts: &uptime.PromptCheck{}}
	completion := uptime.Profile{Completion: &uptime.CompletionCheck{Prompt: "greet", Argument: "language", Value: "e"}}
	return []Scenario{
		breaks("resources-fail", "Resources are declared and listing them fails.", "resources_failed",
			uptime.Profile{Resources: true}, on{"resources/list": rpcError(-32603, "the watcher is dead")}),
		breaks("prompt-is-empty", "The prompt expands to nothing: the data that it depends on are gone.", "prompt_empty",
			prompts, on{"prompts/get": result(`{"messages":[]}`)}),
		breaks("prompt-fails", "The prompt is listed and cannot be expanded.", "prompt_failed",
			prompts, on{"prompts/get": rpcError(-32603, "template not found")}),
		breaks("completion-is-slow", "The query behind completions lost its index: people have typed on before it answers.", "completion_slow",
			completion, on{"completion/complete": after(400*time.Millisecond, result(`{"completion":{"values":["english"]}}`))}),
		breaks("completion-fails", "Completions are declared and fail.", "completion_failed",
			completion, on{"completion/complete": rpcError(-32603, "no such index")}),
	}
}
