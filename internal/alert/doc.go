// Package alert tells the right person, once. A Router turns what is wrong
// (incidents, drifts, servers that stay degraded, what expires, budgets that
// burn, sinks that fail) into threads, and threads into notices for sinks. Each
// stage is one file:
//
//	match -> classify -> maintenance -> correlate -> suppress -> deduplicate
//	      -> budget -> route -> escalate -> deliver -> record
//
// The router is driven by state, not by events: in every step it compares, for
// each thread and each sink, what ought to be said with what was said last, and
// makes a delivery when they differ and it is time. What it knows is stored
// with the deliveries in one transaction, so that it may be stopped anywhere
// and goes on as if nothing had been.
package alert
