// Package lab is a collection of MCP servers that each misbehave in one known
// way, or in none. Tests, demonstrations and users check them and compare what
// the check says with what it must say.
//
// Most of them share one port, as http://HOST:PORT/NAME/mcp; whoever needs
// certificates, raw connections or the root of a host has a port of its own.
// The lab brings its own certificate authority and its own name server for the
// zone lab.test. Nothing is written to disk and nothing leaves the machine.
//
//	l := lab.New(lab.Options{})
//	if err := l.Listen(); err != nil { ... }
//	go l.Run(ctx)
//	srv := l.Server("tools-empty") // address, profile and credentials of a check
//	...
//	err := scenario.Expect.Check(state, result)
//
// # Adding a scenario
//
// A scenario is one literal in the function of its group. Name what differs
// from a correct server and what a check must say about it:
//
//	{
//		Name: "tools-null", Group: "tools",
//		About:   "The list of tools is null: the registration crashed.",
//		Expect:  fails(uptime.ToolsMalformed, uptime.StepTools, "tools"),
//		handler: legacy(on{"tools/list": result(`{"tools":null}`)}),
//	}
//
// legacy and modern are correct servers of the two eras, always answers
// everything alike, sdk builds on the official SDK, wall stands before another
// server and wants a sign-in, pair is the deprecated HTTP+SSE transport. An
// answer is written with result, rpc, rpcError, reply, page, events or raw;
// $ID, $BASE and $ORIGIN in its text are replaced. See the type on for the keys.
// What changes with time asks stage.minute, which follows Options.Now.
//
// # Findings
//
// These ids of findings are expected by scenarios:
//
//	auth_bypass                       any bearer token is let in (aggressive checks only)
//	auth_error_leak                   a token that cannot be read brings a 5xx (aggressive checks only)
//	auth_mixed                        some methods are open and others want a sign-in
//	auth_optional                     a challenge comes with an answer that was no refusal
//	auth_required_but_not_advertised  strangers are refused and not told how to sign in
//	cache_fields_invalid              ttlMs or cacheScope make no sense (2026-07-28)
//	completion_failed                 completions are declared and fail
//	completion_slow                   a completion took more than 100 ms
//	discover_server_error             server/discover brings a 5xx and initialize works
//	encoding_ignored                  the answer is compressed although identity was asked for
//	initialized_not_202               the notification was accepted with another 2xx
//	initialized_with_body             the notification was accepted with 202 and a body
//	missing_content_type              a right answer has no media type
//	modern_session_id                 a session is given out under 2026-07-28
//	prompt_empty                      a prompt expands to no messages
//	prompt_failed                     a prompt cannot be expanded
//	redirected                        the endpoint was reached by a redirect
//	resources_failed                  resources are declared and cannot be listed
//	result_type_missing               a result lacks resultType (2026-07-28)
//	server_info_missing               the server does not say who it is (2026-07-28)
//	server_request_on_stream          the server asks the client something (2026-07-28)
//	session_delete_failed             ending the session failed or hung
//	session_expiry_not_404            a session that has ended is answered with 400
//	session_id_invalid                the session's id is not visible ASCII
//	session_not_deleted               the session works after it was ended
//	sse_not_closed                    the stream stays open after the answer
//	sse_unterminated_frame            the last event lacks its blank line
//	tls_expires_soon                  the certificate ends within days
//	tool_description_missing          a tool has no description
//	tool_entry_invalid                an entry of the list is not a tool
//	tool_name_duplicate               two tools have one name
//	tool_name_invalid                 a tool's name is outside [A-Za-z0-9_.-]{1,128}
//	tool_schema_invalid               a tool's schema is missing or not an object's
//	version_header_ignored            an unknown revision in the header is served (aggressive checks only)
package lab
