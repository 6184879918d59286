package mcpwire

import "fmt"

// DNSKind says why a lookup brought no address.
type DNSKind uint8

// The kinds, in the order of how little they say about the domain: when several
// questions failed, the last of them is reported.
const (
	dnsAnswered DNSKind = iota
	// DNSNXDomain means that the name does not exist.
	DNSNXDomain
	// DNSNoAddress means that the name exists and has no address.
	DNSNoAddress
	// DNSTimeout means that no server answered in time, or that the context ended.
	DNSTimeout
	// DNSUnreachable means that no packet could be exchanged with any server: ours
	// is the broken side.
	DNSUnreachable
	// DNSMalformed means that a server's answer could not be understood.
	DNSMalformed
	// DNSServFail means that every server that answered refused or failed to
	// (SERVFAIL, REFUSED and the like).
	DNSServFail
	// DNSBadName means that the host is not a name that DNS can be asked for.
	DNSBadName
	// DNSNoServers means that the resolver has nobody to ask.
	DNSNoServers
)

// String returns a sentence for people.
func (k DNSKind) String() string {
	switch k {
	case dnsAnswered:
		return "answered"
	case DNSNXDomain:
		return "no such domain (NXDOMAIN)"
	case DNSNoAddress:
		return "the domain exists and has no address"
	case DNSTimeout:
		return "no answer from the name servers in time"
	case DNSUnreachable:
		return "the name servers could not be reached; check this machine's network and resolv.conf"
	case DNSMalformed:
		return "the answer could not be understood"
	case DNSServFail:
		return "the name servers failed to answer (SERVFAIL)"
	case DNSBadName:
		return "not a valid host name"
	case DNSNoServers:
		return "no name servers are configured; name one in resolv.conf"
	}
	return fmt.Sprintf("DNSKind(%d)", uint8(k))
}

// DNSError is a failed lookup. Its text names the host and never the servers
// that were asked.
type DNSError struct {
	Name    string // as asked for; hostile
	Kind    DNSKind
	Servers int   // how many servers could be asked; 0 when none had to be
	Err     error // the context's error or what is wrong with the name; may be nil
}

// Error says which lookup failed and why.
func (e *DNSError) Error() string {
	name := e.Name
	if len(name) > maxNameLen {
		name = name[:maxNameLen] + "..."
	}
	if e.Err != nil {
		return fmt.Sprintf("looking up %q: %v: %v", name, e.Kind, e.Err)
	}
	return fmt.Sprintf("looking up %q: %v", name, e.Kind)
}

// Unwrap returns what the error came from, if anything.
func (e *DNSError) Unwrap() error { return e.Err }
