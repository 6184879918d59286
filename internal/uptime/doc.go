// Package uptime holds the words of AliveMCP: what a server, a probe's result,
// a state, a cause, a verdict and a drift are. Every other package speaks in
// these words and none of them explains them again.
//
// The package imports only the standard library, does no I/O, reads no clock
// and decides nothing that depends on either.
package uptime
