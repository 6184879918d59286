// Package endpoint makes one endpoint of what many registries list in many ways:
// it finds the canonical form of an address, says what kind of address it is and
// who runs it, and keeps secrets that somebody listed by mistake out of
// everything that is stored.
//
// It is pure: no I/O, no clock, no DNS. Whatever it calls remote still has to
// pass the guard when it is dialled.
package endpoint
