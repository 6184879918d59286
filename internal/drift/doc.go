// Package drift knows the contract that a server's tool list is: its canonical
// form and hashes, what changed between two of them, and how much each change
// can hurt a client that was written against the old one.
//
// Everything here is a pure function of its arguments. Every input is taken to
// be hostile: size, depth and work are bounded, and what cannot be understood
// becomes a [Problem] or a conservative [Change], never a panic.
package drift
