// Package alerttest holds the tests of everything that tells people, put
// together: the recorder of incidents, the store, the router and the outbox,
// with services behind the sinks that fail as real ones do, and a process that
// may die between any two steps. It has no code but tests.
package alerttest
