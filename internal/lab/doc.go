// Package lab is a collection of MCP servers that each misbehave in one known
// way, or in none. Tests, demonstrations and users check them and compare what
// the check says with what it must say.
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
// everything alike, sdk builds on the official SDK. An answer is written with
// result, rpc, rpcError, reply, page, events or raw; $ID, $BASE and $ORIGIN in
// its text are replaced. See type on for the keys. Findings that are expected
// for the first time get a line in the list below.
package lab
