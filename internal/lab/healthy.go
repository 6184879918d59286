package lab

import (
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// healthyScenarios are servers that nothing is wrong with, however unusual
// they look: a check that complains about one of them is wrong.
func healthyScenarios() []Scenario {
	const group = "healthy"
	stateless := &mcp.StreamableHTTPOptions{Stateless: true}
	return []Scenario{
		{
			Name: "healthy-legacy", Group: group,
			About:   "A correct server of revision 2025-11-25 with sessions, which even answers server/discover.",
			Expect:  live(toolCount),
			handler: sdk(nil, nil, threeTools),
		},
		{
			Name: "healthy-dual", Group: group,
			About:   "A correct server that speaks the old handshake and revision 2026-07-28.",
			Expect:  liveModern(toolCount),
			handler: sdk(stateless, nil, threeTools),
		},
		{
			Name: "healthy-modern", Group: group,
			About:   "A correct server that knows revision 2026-07-28 and nothing else.",
			Expect:  liveModern(toolCount),
			handler: sdk(stateless, revisions(revisionModern), threeTools),
		},
		{
			Name: "healthy-json", Group: group,
			About:   "A correct server with sessions that answers in plain JSON instead of streams.",
			Expect:  live(toolCount),
			handler: sdk(&mcp.StreamableHTTPOptions{JSONResponse: true}, nil, threeTools),
		},
		{
			Name: "healthy-paged", Group: group,
			About:   "A correct server that lists 25 tools in pages of ten.",
			Expect:  liveModern(25),
			handler: sdk(stateless, &mcp.ServerOptions{PageSize: 10}, manyTools(25)),
		},
		{
			Name: "healthy-rich", Group: group,
			About:   "A correct server with tools, resources, prompts and completions, all of which are checked.",
			Expect:  live(toolCount),
			handler: sdk(nil, completing(), everything),
			profile: func(*stage) uptime.Profile {
				return uptime.Profile{
					Resources: true, Prompts: &uptime.PromptCheck{Name: "greet"},
					Completion: &uptime.CompletionCheck{Prompt: "greet", Argument: "language", Value: "e"},
					Canary:     &uptime.Canary{Tool: "search_docs", Arguments: []byte(`{"Query":"uptime"}`)},
				}
			},
		},
		{
			Name: "healthy-sse", Group: group, path: "sse",
			About:   "A correct server behind the deprecated HTTP+SSE transport.",
			Expect:  liveSSE(),
			handler: sdkSSE,
		},
		{
			Name: "healthy-2024-11-05", Group: group,
			About:   "A correct server that knows nothing newer than revision 2024-11-05.",
			Expect:  live(toolCount).version(revision2024),
			handler: sdk(nil, revisions(revision2024), threeTools),
		},
		{
			Name: "healthy-2025-03-26", Group: group,
			About:   "A correct server that knows nothing newer than revision 2025-03-26.",
			Expect:  live(toolCount).version("2025-03-26"),
			handler: sdk(nil, revisions("2025-03-26"), threeTools),
		},
		{
			Name: "healthy-2025-06-18", Group: group,
			About:   "A correct server that knows nothing newer than revision 2025-06-18.",
			Expect:  live(toolCount).version("2025-06-18"),
			handler: sdk(nil, revisions("2025-06-18"), threeTools),
		},
		{
			Name: "healthy-no-tools", Group: group,
			About:   "A correct server that offers resources and declares no tools at all.",
			Expect:  live(Unlisted),
			handler: sdk(nil, revisions(revision2025), onlyResources),
		},
		{
			Name: "healthy-canary", Group: group,
			About:   "A correct server whose canary tool answers as its owner said it would.",
			Expect:  live(toolCount),
			handler: legacy(nil),
			profile: canary(
				uptime.Assertion{Kind: uptime.AssertNoError},
				uptime.Assertion{Kind: uptime.AssertContains, Value: "monitor"},
				uptime.Assertion{Kind: uptime.AssertJSONPath, Path: "$.total", Value: "1"},
			),
		},
		{
			Name: "healthy-health-url", Group: group,
			About:   "A correct server with a health URL that says that all is well.",
			Expect:  live(toolCount),
			handler: legacy(on{"/health": reply(http.StatusOK, "application/json", `{"status":"ok"}`)}),
			profile: health(false),
		},
		{
			Name: "healthy-stateless", Group: group,
			About:   "A correct server of the old handshake that never gives out a session.",
			Expect:  live(toolCount),
			handler: legacy(on{"initialize": result(greeting)}),
		},
		{
			Name: "healthy-scripted-modern", Group: group,
			About:   "A server of revision 2026-07-28 that insists on headers and body being of one mind.",
			Expect:  liveModern(toolCount),
			handler: modern(nil),
		},
		{
			Name: "healthy-strict", Group: group,
			About:   "A correct server that insists on every header field that the specification asks of clients.",
			Expect:  live(toolCount),
			handler: strictly(legacy(nil)),
		},
		{
			Name: "healthy-cors", Group: group,
			About:   "A correct server that sends everything that browsers want to see, and half a dozen other fields.",
			Expect:  live(toolCount),
			handler: legacy(on{"initialize": with("Access-Control-Allow-Origin", "*", with("Set-Cookie", "a=b; Path=/", session(initialize)))}),
		},
		{
			Name: "healthy-empty-cursor", Group: group,
			About:   "A server that writes an empty cursor where the last page should have none.",
			Expect:  live(toolCount),
			handler: legacy(on{"tools/list": result(`{"tools":` + tools + `,"nextCursor":""}`)}),
		},
		{
			Name: "healthy-unknown-members", Group: group,
			About:  "A server that sends members and capabilities that no revision knows yet.",
			Expect: live(toolCount),
			handler: legacy(on{"initialize": session(result(strings.Replace(greeting, `"tools":`,
				`"telepathy":{"range":3},"extensions":{"com.example/x":{}},"tools":`, 1)))}),
		},
		{
			Name: "healthy-large", Group: group,
			About:   "A correct server with 181 tools and a megabyte of schemas in one page.",
			Expect:  live(181),
			handler: legacy(on{"tools/list": inSession(listing(181, 5700))}),
		},
	}
}

// strictly turns away what is not exactly as the specification wants it: both
// media types accepted, JSON sent, and the negotiated revision named after the
// handshake.
func strictly(next func(*stage) http.Handler) func(*stage) http.Handler {
	return func(s *stage) http.Handler {
		h := next(s)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			accept, revision := r.Header.Get("Accept"), r.Header.Get(revisionHeader)
			post := r.Method == http.MethodPost
			switch {
			case post && (!strings.Contains(accept, "application/json") || !strings.Contains(accept, "text/event-stream")):
				http.Error(w, "Not Acceptable: Client must accept both application/json and text/event-stream", http.StatusNotAcceptable)
			case post && r.Header.Get("Content-Type") != "application/json":
				http.Error(w, "Unsupported Media Type", http.StatusUnsupportedMediaType)
			case r.Header.Get(sessionHeader) != "" && revision != revision2025:
				http.Error(w, "Bad Request: Unsupported protocol version: "+revision, http.StatusBadRequest)
			default:
				h.ServeHTTP(w, r)
			}
		})
	}
}
