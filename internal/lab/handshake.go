package lab

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// handshakeScenarios answer in good JSON-RPC and get the handshake wrong.
func handshakeScenarios() []Scenario {
	const group = "handshake"
	greets := func(name, about string, expect Expect, greeting string) Scenario {
		return Scenario{
			Name: name, Group: group, About: about, Expect: expect,
			handler: legacy(on{"initialize": session(result(greeting))}),
		}
	}
	shape := func(detail string) Expect { return fails(uptime.HandshakeShape, uptime.StepInitialize, detail) }
	out := []Scenario{
		greets("version-from-the-future", "The server insists on a revision that nobody knows.",
			fails(uptime.VersionUnsupported, uptime.StepInitialize, "2031-01-01"), strings.Replace(greeting, revision2025, "2031-01-01", 1)),
		greets("version-missing", "The handshake names no revision.",
			shape("protocolversion"), strings.Replace(greeting, `"protocolVersion":"2025-11-25",`, "", 1)),
		greets("version-is-a-number", "The revision is a number instead of a text.",
			shape("protocolversion"), strings.Replace(greeting, `"2025-11-25"`, `20251125`, 1)),
		greets("capabilities-missing", "The handshake declares no capabilities.",
			shape("capabilities"), strings.Replace(greeting, `"capabilities":{"tools":{"listChanged":true}},`, "", 1)),
		greets("capabilities-is-a-list", "The capabilities are a list instead of an object.",
			shape("capabilities"), strings.Replace(greeting, `{"tools":{"listChanged":true}}`, `["tools"]`, 1)),
		greets("server-info-missing", "The server does not say who it is: typed clients refuse the handshake.",
			shape("serverinfo"), strings.Replace(greeting, `,"serverInfo":{"name":"lab","version":"1.0.0"}`, "", 1)),
		greets("result-is-null", "The result of the handshake is null.", shape(""), "null"),
		greets("result-is-text", "The result of the handshake is a text.", shape(""), `"welcome"`),
	}
	return append(append(append(out, discoverScenarios(group)...), sessionScenarios(group)...), modernScenarios(group)...)
}

// discoverScenarios answer server/discover in the ways that servers of the old
// era do; the handshake that follows works.
func discoverScenarios(group string) []Scenario {
	discovers := func(name, about string, a answer) Scenario {
		return Scenario{
			Name: name, Group: group, About: about, Expect: live(toolCount),
			handler: legacy(on{"server/discover": a}),
		}
	}
	broken := discovers("discover-500", "An old server that fails with 500 on what it does not know: some new clients give up there.",
		reply(http.StatusInternalServerError, "application/json", `{"jsonrpc":"2.0","id":$ID,"error":{"code":-32603,"message":"Internal error"}}`))
	broken.Expect = broken.Expect.found("discover_server_error")
	silent := discovers("discover-hangs", "An old server that never answers what it does not know.", hang)
	silent.Expect = silent.Expect.or(uptime.FirstByteTimeout, uptime.AttemptTimeout)
	silent.Setup.Timeout = 2 * time.Second
	return []Scenario{
		discovers("discover-404-json", "An old gateway answers server/discover with 404 and method not found.",
			reply(http.StatusNotFound, "application/json", noSuchMethod)),
		discovers("discover-404-text", "An old server complains of the session in plain text.",
			refuse(http.StatusNotFound, "Invalid session ID")),
		discovers("discover-405", "An old server allows no such POST.", refuse(http.StatusMethodNotAllowed, "no")),
		discovers("discover-200-error", "An old server answers method not found with status 200.", rpcError(-32601, "Method not found")),
		discovers("discover-202", "An old server accepts what it does not know with 202 and never answers it.", accepted),
		discovers("discover-html", "An old server shows its web page to requests that it does not know.", page(http.StatusOK, "Welcome")),
		discovers("discover-legacy-list", "A server of the official SDK lists only old revisions in a good discover answer.",
			result(`{"resultType":"complete","supportedVersions":["2025-11-25","2025-06-18"],"capabilities":{}}`)),
		discovers("discover-legacy-refusal", "A server refuses the new revision and names only old ones.",
			reply(http.StatusBadRequest, "application/json",
				`{"jsonrpc":"2.0","id":$ID,"error":{"code":-32022,"message":"unsupported protocol version","data":{"supported":["2025-11-25"]}}}`)),
		broken, silent,
	}
}

// sessionScenarios go wrong between initialize and the end of the session.
func sessionScenarios(group string) []Scenario {
	initialized := func(name, about string, a answer, ids ...string) Scenario {
		return Scenario{
			Name: name, Group: group, About: about, Expect: live(toolCount).found(ids...),
			handler: legacy(on{"notifications/initialized": inSession(a)}),
		}
	}
	const unsupported = `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: Unsupported protocol version: 2025-11-25"}}`
	return []Scenario{
		initialized("initialized-200-null", "The notification is answered with a null: the Rust SDK breaks on it.",
			rpc("null"), "initialized_not_202"),
		initialized("initialized-200-object", "The notification is answered like a request.",
			rpc(`{"jsonrpc":"2.0","id":null}`), "initialized_not_202"),
		initialized("initialized-200-empty", "The notification is answered with 200 and nothing.",
			reply(http.StatusOK, "", ""), "initialized_not_202"),
		initialized("initialized-204", "The notification is answered with 204.",
			reply(http.StatusNoContent, "", ""), "initialized_not_202"),
		initialized("initialized-202-text", "The notification is accepted with a text and its media type.",
			refuse(http.StatusAccepted, "Accepted"), "initialized_with_body"),
		{
			Name: "initialized-refused", Group: group,
			About:   "The notification that ends the handshake is refused.",
			Expect:  fails(uptime.InitializedRefused, uptime.StepInitialized, "500"),
			handler: legacy(on{"notifications/initialized": reply(http.StatusInternalServerError, "", "")}),
		},
		{
			Name: "initialized-hangs", Group: group, Setup: Setup{Timeout: time.Second},
			About:   "The notification that ends the handshake is never answered.",
			Expect:  fails(uptime.FirstByteTimeout, uptime.StepInitialized, "").or(uptime.AttemptTimeout),
			handler: legacy(on{"notifications/initialized": hang}),
		},
		{
			Name: "one-post-per-life", Group: group,
			About:  "Initialize works and each later POST gets an empty 500: a stateless transport that cannot be used twice.",
			Expect: fails(uptime.InitializedRefused, uptime.StepInitialized, "500"),
			handler: legacy(on{
				"server/discover": reply(http.StatusBadRequest, "application/json", notInitialized),
				"initialize":      result(greeting), "POST": reply(http.StatusInternalServerError, "", ""),
			}),
		},
		{
			Name: "version-refused", Group: group,
			About:  "The server negotiates a revision and refuses it in the very next request.",
			Expect: fails(uptime.VersionRefused, "", "2025-11-25"),
			handler: legacy(on{
				"server/discover": reply(http.StatusBadRequest, "application/json", notInitialized),
				"initialize":      result(greeting), "POST": reply(http.StatusBadRequest, "application/json", unsupported),
			}),
		},
		{
			Name: "session-lost", Group: group,
			About:   "The session is gone by the time the tools are listed: two replicas without sticky routing.",
			Expect:  fails(uptime.SessionLost, uptime.StepTools, "session"),
			handler: legacy(on{"tools/list": reply(http.StatusNotFound, "application/json", noSuchSession)}),
		},
		{
			Name: "session-lost-400", Group: group,
			About:   "The same, answered with 400: clients never think of starting anew.",
			Expect:  fails(uptime.SessionLost, uptime.StepTools, "session"),
			handler: legacy(on{"tools/list": reply(http.StatusBadRequest, "application/json", `{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"id":null}`)}),
		},
		{
			Name: "session-lost-at-once", Group: group,
			About:   "Not even the notification that ends the handshake finds its session.",
			Expect:  fails(uptime.SessionLost, uptime.StepInitialized, "session").or(uptime.InitializedRefused),
			handler: legacy(on{"notifications/initialized": reply(http.StatusNotFound, "application/json", noSuchSession)}),
		},
		{
			Name: "session-id-unprintable", Group: group,
			About:   "The session's id is not visible ASCII, which proxies mangle.",
			Expect:  live(toolCount).found("session_id_invalid"),
			handler: legacy(on{"initialize": with(sessionHeader, "séance 1", result(greeting))}),
		},
		{
			Name: "session-survives", Group: group,
			About:   "The session still works after it was ended.",
			Expect:  live(toolCount).found("session_not_deleted"),
			handler: legacy(on{"initialize": with(sessionHeader, "for-ever", result(greeting)), "tools/list": result(`{"tools":` + tools + `}`)}),
		},
		{
			Name: "session-expiry-400", Group: group,
			About:  "A session that has ended is answered with 400 instead of 404: clients never start anew.",
			Expect: live(toolCount).found("session_expiry_not_404"),
			handler: legacy(on{
				"initialize": session(initialize), "tools/list": sessionOr400(result(`{"tools":` + tools + `}`)),
			}),
		},
		{
			Name: "version-header-ignored", Group: group,
			About:   "The server takes any revision in the header, even one that it cannot know.",
			Expect:  live(toolCount).found("version_header_ignored"),
			handler: legacy(nil),
			profile: func(*stage) uptime.Profile { return uptime.Profile{Aggressive: true} },
		},
		{
			Name: "session-cannot-be-ended", Group: group,
			About:   "The server does not let clients end sessions, as it may.",
			Expect:  live(toolCount),
			handler: legacy(on{http.MethodDelete: refuse(http.StatusMethodNotAllowed, "sessions end by themselves")}),
		},
		{
			Name: "delete-fails", Group: group,
			About:   "Ending the session fails with 500.",
			Expect:  live(toolCount).found("session_delete_failed"),
			handler: legacy(on{http.MethodDelete: refuse(http.StatusInternalServerError, "oops")}),
		},
		{
			Name: "delete-hangs", Group: group,
			About:   "Ending the session never returns; that must not cost the server its good name.",
			Expect:  live(toolCount).found("session_delete_failed"),
			handler: legacy(on{http.MethodDelete: hang}),
		},
		{
			Name: "two-replicas", Group: group,
			About:   "Every second request lands on the replica that does not know the session.",
			Expect:  fails(uptime.SessionLost, "", "session").or(uptime.InitializedRefused),
			handler: twoReplicas,
		},
	}
}

// sessionOr400 turns calls of an ended session away with the wrong status.
func sessionOr400(a answer) answer {
	return func(w http.ResponseWriter, c *call) {
		if !c.stage.knows(c.Request) {
			reply(http.StatusBadRequest, "application/json", noSuchSession)(w, c)
			return
		}
		a(w, c)
	}
}

// twoReplicas lets every second request in a session go to the wrong one.
func twoReplicas(s *stage) http.Handler {
	var n atomic.Int64
	right := legacy(nil)(s)
	wrong := always(reply(http.StatusNotFound, "application/json", noSuchSession))(s)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.Header.Get(sessionHeader) != "" && n.Add(1)%2 == 0 {
			wrong.ServeHTTP(w, r)
			return
		}
		right.ServeHTTP(w, r)
	})
}

// modernScenarios get revision 2026-07-28 wrong.
func modernScenarios(group string) []Scenario {
	lists := func(name, about, list string, ids ...string) Scenario {
		return Scenario{
			Name: name, Group: group, About: about, Expect: liveModern(toolCount).found(ids...),
			handler: modern(on{"tools/list": consistent(result(list))}),
		}
	}
	return []Scenario{
		{
			Name: "modern-no-versions", Group: group,
			About:   "The server answers server/discover without saying what it speaks, and knows no other handshake.",
			Expect:  fails(uptime.HandshakeShape, "", "").or(uptime.RPCError, uptime.HTTPNotFound),
			handler: modern(on{"server/discover": result(`{"resultType":"complete","capabilities":{}}`)}),
		},
		{
			Name: "modern-unknown-version", Group: group,
			About:  "The server speaks only revisions that nobody knows yet.",
			Expect: fails(uptime.VersionUnsupported, "", "2031-01-01"),
			handler: modern(on{"server/discover": reply(http.StatusBadRequest, "application/json",
				`{"jsonrpc":"2.0","id":$ID,"error":{"code":-32022,"message":"unsupported protocol version","data":{"supported":["2031-01-01"]}}}`)}),
		},
		{
			Name: "modern-version-refused", Group: group,
			About:  "The server announces revision 2026-07-28 and refuses it when the tools are listed.",
			Expect: fails(uptime.VersionRefused, uptime.StepTools, ""),
			handler: modern(on{"tools/list": reply(http.StatusBadRequest, "application/json",
				strings.Replace(unknownRevision, revisionModern, revision2025, 1))}),
		},
		{
			Name: "modern-no-server-info", Group: group,
			About:   "The server of revision 2026-07-28 does not say who it is.",
			Expect:  liveModern(toolCount).found("server_info_missing"),
			handler: modern(on{"server/discover": consistent(result(strings.Replace(discovered, serverMeta+",", "", 1)))}),
		},
		lists("modern-no-result-type", "The results lack the type that revision 2026-07-28 demands.",
			strings.Replace(modernTools, `"resultType":"complete",`, "", 1), "result_type_missing"),
		lists("modern-bad-cache", "The cache members of the list make no sense.",
			strings.Replace(strings.Replace(modernTools, `"ttlMs":0`, `"ttlMs":-1`, 1), `"public"`, `"everyone"`, 1), "cache_fields_invalid"),
		{
			Name: "modern-session", Group: group,
			About:   "The server gives out a session under a revision that has none.",
			Expect:  liveModern(toolCount).found("modern_session_id"),
			handler: modern(on{"server/discover": session(consistent(result(discovered)))}),
		},
		{
			Name: "modern-server-request", Group: group,
			About:  "The server asks the client something on the stream, which revision 2026-07-28 forbids.",
			Expect: liveModern(toolCount).found("server_request_on_stream"),
			handler: modern(on{"tools/list": consistent(events(
				event(`{"jsonrpc":"2.0","id":99,"method":"roots/list"}`) + event(`{"jsonrpc":"2.0","id":$ID,"result":`+modernTools+`}`),
			))}),
		},
	}
}
