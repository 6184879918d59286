package mcpwire_test

import (
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

// FuzzParseAnswer: whatever a server sends, nothing panics, and only an answer
// to the question that was asked is believed, with a bounded number of addresses
// of the right family.
func FuzzParseAnswer(f *testing.F) {
	var q dnsQuery
	if err := q.Unpack(mcpwire.Query(7, "a.example.", dnsmessage.TypeA)); err != nil {
		f.Fatal(err)
	}
	f.Add(q.addresses("192.0.2.1")[0], false)
	f.Add(q.rcode(dnsmessage.RCodeNameError)[0], false)
	f.Add(q.reply(func(m *dnsmessage.Message) { m.Truncated = true })[0], false)
	f.Add(q.reply(func(m *dnsmessage.Message) {
		addCNAME(m, "a.example.", "b.example.")
		addCNAME(m, "b.example.", "a.example.")
	})[0], false)
	q.Questions[0].Type = dnsmessage.TypeAAAA
	f.Add(q.addresses("2001:db8::1", "::ffff:192.0.2.1")[0], true)
	f.Add([]byte{}, true)
	// A name that points at itself.
	f.Add([]byte("\x00\x07\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"), false)
	f.Fuzz(func(t *testing.T, msg []byte, v6 bool) {
		qtype := dnsmessage.TypeA
		if v6 {
			qtype = dnsmessage.TypeAAAA
		}
		addrs, kind, ours := mcpwire.ParseAnswer(msg, 7, "a.example.", qtype)
		if len(addrs) > 16 || (len(addrs) > 0) != (ours && kind == mcpwire.DNSAnswered) {
			t.Errorf("%d addresses, kind %v, ours %t", len(addrs), kind, ours)
		}
		for _, a := range addrs {
			if !v6 && !a.Is4() || a.Is4In6() {
				t.Errorf("%v for a question of type %v", a, qtype)
			}
		}
		if ours && (msg[0] != 0 || msg[1] != 7 || msg[2]&0x80 == 0) {
			t.Errorf("believed %x", msg)
		}
	})
}

// FuzzLookupName: a name that is accepted survives the way through a message.
func FuzzLookupName(f *testing.F) {
	for _, s := range []string{"example.com", "Bücher.example", "a.b.", "_x._tcp.example", "0x7f.1", "[::1]", "１.１", "xn--a.b"} {
		f.Add(s)
	}
	s := startDNS(f, func(q dnsQuery) [][]byte { return q.addresses("192.0.2.1") })
	f.Fuzz(func(t *testing.T, host string) {
		r := &mcpwire.Resolver{Servers: []netip.AddrPort{s.addr}}
		before := len(s.questions())
		_, err := r.Lookup(t.Context(), host)
		asked := len(s.questions()) - before
		if err != nil && (asked != 0 || kindOf(t, err) == mcpwire.DNSTimeout) {
			t.Errorf("%q: %v after %d questions", host, err, asked)
		}
	})
}
