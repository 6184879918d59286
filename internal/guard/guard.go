// Package guard decides which addresses and URLs may be contacted when they
// come from outside: from a tenant, a listing, a redirect, a discovery document.
//
// A URL is checked once, where it enters; the address is checked each time,
// after the name was resolved and before it is dialled, and the address that was
// checked is the one that is dialled. Only then can a name not point to one
// place while it is checked and to another while it is used.
package guard

import (
	"net/netip"
	"slices"
)

// Policy says which addresses may be dialled. The zero Policy admits public
// addresses alone. It is a value: copy it freely.
type Policy struct {
	// AllowPrivate admits loopback, private, link-local, unique local and
	// carrier-grade NAT addresses: for servers in the operator's own file, for the
	// command line and for private agents. The metadata services of clouds stay
	// refused.
	AllowPrivate bool
	// Allow admits whatever it contains, metadata services too.
	Allow []netip.Prefix
	// Deny refuses whatever it contains, before all else.
	Deny []netip.Prefix
}

// BlockedError is a refused address. It does not hold the address: whoever owns
// the name must not learn what it resolves to on our side of the network.
type BlockedError struct {
	// Class is the kind of address in words, such as "loopback" or "NAT64 of a
	// private address".
	Class string
}

// Error says what kind of address it was and what can be done about it.
func (e *BlockedError) Error() string {
	if e.Class == denied {
		return "the address is on the operator's list of denied addresses"
	}
	return "the address is not a public one (" + e.Class + "): allow it in the operator's file or run a private agent"
}

// Check returns nil if addr may be dialled and a *BlockedError otherwise. An
// IPv4 address inside an IPv6 address is checked too, wherever a translator or
// tunnel would find it.
func (p Policy) Check(addr netip.Addr) error {
	addr = addr.WithZone("").Unmap() // no prefix contains an address with a zone
	tunnel, inner := embedded(addr)
	if contains(p.Deny, addr) || slices.ContainsFunc(inner, func(a netip.Addr) bool { return contains(p.Deny, a) }) {
		return &BlockedError{Class: denied}
	}
	if err := p.checkMetadata(append(inner, addr)); err != nil {
		return err
	}
	if contains(p.Allow, addr) {
		return nil
	}
	if class := classify(addr); !p.admits(class) {
		return &BlockedError{Class: class}
	}
	if tunnel == localNAT64 {
		return nil // the network's own translator, admitted as a whole
	}
	for _, a := range inner {
		if class := classify(a); !p.admits(class) && !contains(p.Allow, a) {
			return &BlockedError{Class: tunnel + " of a " + class + " address"}
		}
	}
	return nil
}

// checkMetadata refuses metadata services, also when the tunnel or the network
// that they are reached through is allowed.
func (p Policy) checkMetadata(addrs []netip.Addr) error {
	for _, a := range addrs {
		if isMetadata(a) && !contains(p.Allow, a) {
			return &BlockedError{Class: metadata}
		}
	}
	return nil
}

func (p Policy) admits(class string) bool {
	switch class {
	case public:
		return true
	case metadata: // refused before, unless it is in Allow
		return true
	case loopback, private, linkLocal, uniqueLocal, carrierNAT, localNAT64:
		return p.AllowPrivate
	}
	return false
}

func contains(list []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(addr) })
}
