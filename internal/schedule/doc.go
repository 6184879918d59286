// Package schedule says when: which server a region looks at, at what moment.
//
// Every server has a stable phase inside its interval, so that load is flat and
// no two monitors of one plan disagree about a cycle. At most one look at a
// server is under way at any time, and at most a few at one host.
package schedule
