// Package mcpwire speaks the Model Context Protocol the way a prober must: raw,
// timed and tolerant. It dials its own connections, writes and reads HTTP/1.1
// by hand, and hands back what came over the wire together with notes on
// everything that was sloppy about it. It judges nothing: package probe does.
//
// All five released revisions are covered: 2024-11-05, 2025-03-26, 2025-06-18
// and 2025-11-25, which begin with initialize, and 2026-07-28, which has no
// session and begins with server/discover.
//
// Everything that a peer sends is hostile. Each read has a bound on bytes and
// time, and nothing here panics, retries without end or keeps more than the
// bounds in Limits allow.
package mcpwire
