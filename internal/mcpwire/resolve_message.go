package mcpwire

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Bounds of a DNS message.
const (
	maxQuestionLen = 12 + maxNameLen + 2 + 4 // header, name with its first length and root, type and class
	maxCNAMEs      = 16                      // links followed in one answer
	maxRecords     = 256                     // records looked at, for each link
)

// dnsQuestion is what one message asks for.
type dnsQuestion struct {
	id    uint16
	name  string // absolute, lower case, with its final dot, checked by checkName
	qtype dnsmessage.Type
}

// append adds the message to buf (RFC 1035 §4.1): recursion desired, one
// question, no EDNS. Answers to us are small, servers that stumble over EDNS
// exist, and an answer that does not fit into 512 bytes comes over TCP.
func (q dnsQuestion) append(buf []byte) []byte {
	buf = binary.BigEndian.AppendUint16(buf, q.id)
	buf = append(buf, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	for label := range strings.SplitSeq(q.name, ".") {
		buf = append(buf, byte(len(label))) // the last label is the empty root
		buf = append(buf, label...)
	}
	buf = binary.BigEndian.AppendUint16(buf, uint16(q.qtype))
	return binary.BigEndian.AppendUint16(buf, uint16(dnsmessage.ClassINET))
}

// dnsAnswer is what one message said.
type dnsAnswer struct {
	kind      DNSKind
	truncated bool // ask again over TCP
	addrs     []netip.Addr
}

// parseAnswer reads the answer to q. It is not ours, and must not be believed,
// when id, question or the response bit differ (RFC 5452 §9.1).
func parseAnswer(msg []byte, q dnsQuestion) (a dnsAnswer, ours bool) {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil || h.ID != q.id || !h.Response || h.OpCode != 0 {
		return dnsAnswer{}, false
	}
	name, ok := sameQuestion(&p, q)
	if !ok {
		return dnsAnswer{}, false
	}
	switch {
	case h.Truncated:
		return dnsAnswer{kind: DNSMalformed, truncated: true}, true
	case h.RCode == dnsmessage.RCodeNameError:
		return dnsAnswer{kind: DNSNXDomain}, true
	case h.RCode != dnsmessage.RCodeSuccess:
		return dnsAnswer{kind: DNSServFail}, true
	}
	a.addrs, a.kind = follow(p, name, q.qtype)
	if a.kind == DNSNoAddress && !h.RecursionAvailable && !h.Authoritative {
		a.kind = DNSServFail // a referral: this server will not find it out for us
	}
	return a, true
}

// sameQuestion returns the one question's name if it is q's.
func sameQuestion(p *dnsmessage.Parser, q dnsQuestion) (dnsmessage.Name, bool) {
	got, err := p.Question()
	if err != nil || got.Type != q.qtype || got.Class != dnsmessage.ClassINET {
		return dnsmessage.Name{}, false
	}
	if _, err := p.Question(); !errors.Is(err, dnsmessage.ErrSectionDone) {
		return dnsmessage.Name{}, false
	}
	return got.Name, sameName(got.Name.Data[:got.Name.Length], q.name)
}

// follow walks the CNAMEs of the answer section, in whatever order they stand,
// from name to the addresses. p is a copy at the section's start.
func follow(p dnsmessage.Parser, name dnsmessage.Name, qtype dnsmessage.Type) ([]netip.Addr, DNSKind) {
	for range maxCNAMEs + 1 {
		addrs, target, err := records(p, name, qtype)
		switch {
		case err != nil:
			return nil, DNSMalformed
		case len(addrs) > 0:
			return addrs, dnsAnswered
		case target.Length == 0:
			return nil, DNSNoAddress
		}
		name = target
	}
	return nil, DNSMalformed
}

// records returns the addresses and the CNAME that name has in the answer.
func records(p dnsmessage.Parser, name dnsmessage.Name, qtype dnsmessage.Type) (addrs []netip.Addr, target dnsmessage.Name, err error) {
	for range maxRecords {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return addrs, target, nil
		}
		if err != nil {
			return nil, target, err
		}
		mine := h.Class == dnsmessage.ClassINET && sameName(name.Data[:name.Length], string(h.Name.Data[:h.Name.Length]))
		switch {
		case mine && h.Type == qtype && len(addrs) < maxAddresses:
			var addr netip.Addr
			addr, err = recordAddr(&p, qtype)
			addrs = append(addrs, addr)
		case mine && h.Type == dnsmessage.TypeCNAME && target.Length == 0:
			var r dnsmessage.CNAMEResource
			r, err = p.CNAMEResource()
			target = r.CNAME
		default:
			err = p.SkipAnswer()
		}
		if err != nil {
			return nil, target, err
		}
	}
	return addrs, target, nil
}

// recordAddr reads the body of an A or AAAA record.
func recordAddr(p *dnsmessage.Parser, qtype dnsmessage.Type) (netip.Addr, error) {
	if qtype == dnsmessage.TypeA {
		r, err := p.AResource()
		return netip.AddrFrom4(r.A), err
	}
	r, err := p.AAAAResource()
	return netip.AddrFrom16(r.AAAA).Unmap(), err
}

// sameName compares names as DNS does: ASCII letters without their case
// (RFC 4343).
func sameName(a []byte, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
