package mcpwire

import (
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

// ResolverFrom is SystemResolver with other files.
var ResolverFrom = resolverFrom

// SetDial replaces the network of r.
func SetDial(r *Resolver, dial dnsDial) { r.dial = dial }

// Query is the message that asks for name.
func Query(id uint16, name string, qtype dnsmessage.Type) []byte {
	return dnsQuestion{id, name, qtype}.append(nil)
}

// ParseAnswer reads the answer to that message.
func ParseAnswer(msg []byte, id uint16, name string, qtype dnsmessage.Type) (addrs []netip.Addr, kind DNSKind, ours bool) {
	a, ours := parseAnswer(msg, dnsQuestion{id, name, qtype})
	return a.addrs, a.kind, ours
}

// DNSAnswered is the kind of an answer with addresses.
const DNSAnswered = dnsAnswered
