package mcpwire_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

func addrs(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

var compareAddrs = cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})

// kindOf returns the kind of a lookup's error and fails on any other error.
func kindOf(t *testing.T, err error) mcpwire.DNSKind {
	t.Helper()
	var e *mcpwire.DNSError
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want a *DNSError", err)
	}
	return e.Kind
}

func TestLookupAsksAsLittleAsPossible(t *testing.T) {
	tests := map[string]struct {
		host   string
		handle func(q dnsQuery) [][]byte
		want   []netip.Addr
		asked  []string
	}{
		"IPv4 alone is asked for when there is some": {
			host:   "example.com",
			handle: func(q dnsQuery) [][]byte { return q.addresses("192.0.2.1", "192.0.2.2", "2001:db8::1") },
			want:   addrs("192.0.2.1", "192.0.2.2"),
			asked:  []string{"udp A example.com."},
		},
		"IPv6 when there is no IPv4": {
			host:   "example.com",
			handle: func(q dnsQuery) [][]byte { return q.addresses("2001:db8::1") },
			want:   addrs("2001:db8::1"),
			asked:  []string{"udp A example.com.", "udp AAAA example.com."},
		},
		"case and the final dot are nothing": {
			host:   "EXAMPLE.Com.",
			handle: func(q dnsQuery) [][]byte { return q.addresses("192.0.2.1") },
			want:   addrs("192.0.2.1"),
			asked:  []string{"udp A example.com."},
		},
		"international names": {
			host:   "Bücher.example",
			handle: func(q dnsQuery) [][]byte { return q.addresses("192.0.2.1") },
			want:   addrs("192.0.2.1"),
			asked:  []string{"udp A xn--bcher-kva.example."},
		},
		"sixteen addresses at most": {
			host: "example.com",
			handle: func(q dnsQuery) [][]byte {
				return q.addresses(strings.Fields(strings.Repeat("192.0.2.1 ", 25))...)
			},
			want:  addrs(strings.Fields(strings.Repeat("192.0.2.1 ", 16))...),
			asked: []string{"udp A example.com."},
		},
		"a CNAME chain, out of order and in another case": {
			host: "a.example",
			handle: func(q dnsQuery) [][]byte {
				return q.reply(func(m *dnsmessage.Message) {
					addCNAME(m, "B.example.", "c.example.")
					addAddress(m, dnsmessage.MustNewName("C.EXAMPLE."), netip.MustParseAddr("192.0.2.9"))
					addAddress(m, dnsmessage.MustNewName("other.example."), netip.MustParseAddr("192.0.2.66"))
					addCNAME(m, "a.example.", "b.example.")
				})
			},
			want:  addrs("192.0.2.9"),
			asked: []string{"udp A a.example."},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startDNS(t, test.handle)
			r := &mcpwire.Resolver{Servers: []netip.AddrPort{s.addr}}
			got, err := r.Lookup(t.Context(), test.host)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(mcpwire.Addresses{Addrs: test.want}, got, compareAddrs); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.asked, s.questions()); diff != "" {
				t.Errorf("questions (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLookupFailures(t *testing.T) {
	rcode := func(c dnsmessage.RCode) func(dnsQuery) [][]byte {
		return func(q dnsQuery) [][]byte { return q.rcode(c) }
	}
	tests := map[string]struct {
		handle func(q dnsQuery) [][]byte
		want   mcpwire.DNSKind
		asked  int
	}{
		"NXDOMAIN":        {rcode(dnsmessage.RCodeNameError), mcpwire.DNSNXDomain, 1},
		"NODATA for both": {rcode(dnsmessage.RCodeSuccess), mcpwire.DNSNoAddress, 2},
		"SERVFAIL":        {rcode(dnsmessage.RCodeServerFailure), mcpwire.DNSServFail, 1},
		"REFUSED":         {rcode(dnsmessage.RCodeRefused), mcpwire.DNSServFail, 1},
		"a CNAME loop": {func(q dnsQuery) [][]byte {
			return q.reply(func(m *dnsmessage.Message) {
				addCNAME(m, "a.example.", "b.example.")
				addCNAME(m, "b.example.", "a.example.")
			})
		}, mcpwire.DNSMalformed, 3},
		"a CNAME to nowhere": {func(q dnsQuery) [][]byte {
			return q.reply(func(m *dnsmessage.Message) { addCNAME(m, "a.example.", "b.example.") })
		}, mcpwire.DNSNoAddress, 2},
		"a referral": {func(q dnsQuery) [][]byte {
			return q.reply(func(m *dnsmessage.Message) { m.RecursionAvailable = false })
		}, mcpwire.DNSServFail, 1},
		"an answer cut off in a record": {func(q dnsQuery) [][]byte {
			msg := q.addresses("192.0.2.1")[0]
			return [][]byte{msg[:len(msg)-2]}
		}, mcpwire.DNSMalformed, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startDNS(t, test.handle)
			r := &mcpwire.Resolver{Servers: []netip.AddrPort{s.addr}}
			_, err := r.Lookup(t.Context(), "a.example")
			if got := kindOf(t, err); got != test.want {
				t.Errorf("got %v, want kind %v", err, test.want)
			}
			if asked := s.questions(); len(asked) != test.asked {
				t.Errorf("asked %q, want %d questions", asked, test.asked)
			}
			if strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("%q shows the server's address", err)
			}
		})
	}
}

func TestLostDatagramIsSentAgain(t *testing.T) {
	s := startDNS(t, func(q dnsQuery) [][]byte {
		if q.nth == 0 {
			return nil
		}
		return q.addresses("192.0.2.1")
	})
	r := &mcpwire.Resolver{Servers: []netip.AddrPort{s.addr}, Retransmit: 20 * time.Millisecond}
	got, err := r.Lookup(t.Context(), "example.com")
	if err != nil {
		t.Fatal(err)
	}
	if got.Retransmits == 0 {
		t.Errorf("got %+v, want the loss to be counted", got)
	}
}

func TestForeignAnswersAreIgnored(t *testing.T) {
	forge := func(q dnsQuery, change func(m *dnsmessage.Message)) []byte {
		return q.reply(func(m *dnsmessage.Message) {
			addAddress(m, m.Questions[0].Name, netip.MustParseAddr("192.0.2.66"))
			change(m)
		})[0]
	}
	s := startDNS(t, func(q dnsQuery) [][]byte {
		name := dnsmessage.MustNewName("evil.example.")
		return [][]byte{
			forge(q, func(m *dnsmessage.Message) { m.ID++ }),
			forge(q, func(m *dnsmessage.Message) { m.Response = false }),
			forge(q, func(m *dnsmessage.Message) { m.OpCode = 4 }),
			forge(q, func(m *dnsmessage.Message) { m.Questions = nil }),
			forge(q, func(m *dnsmessage.Message) { m.Questions = append(m.Questions, m.Questions[0]) }),
			forge(q, func(m *dnsmessage.Message) {
				m.Questions = []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}
			}),
			[]byte("garbage"),
			{},
			q.reply(func(m *dnsmessage.Message) {
				m.Questions = []dnsmessage.Question{{
					Name: dnsmessage.MustNewName("eXaMpLe.CoM."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
				}}
				addAddress(m, m.Questions[0].Name, netip.MustParseAddr("192.0.2.1"))
			})[0],
		}
	})
	r := &mcpwire.Resolver{Servers: []netip.AddrPort{s.addr}}
	got, err := r.Lookup(t.Context(), "example.com")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(mcpwire.Addresses{Addrs: addrs("192.0.2.1")}, got, compareAddrs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTruncatedAnswerComesOverTCP(t *testing.T) {
	whole := strings.Fields(strings.Repeat("192.0.2.7 ", 200)) // more than a read of UDP
	for name, udp := range map[string]func(q dnsQuery) [][]byte{
		"the bit is set": func(q dnsQuery) [][]byte {
			return q.reply(func(m *dnsmessage.Message) { m.Truncated = true })
		},
		"the datagram is oversized": func(q dnsQuery) [][]byte { return q.addresses(whole...) },
	} {
		t.Run(name, func(t *testing.T) {
			s := startDNS(t, func(q dnsQuery) [][]byte {
				if q.network == "udp" {
					return udp(q)
				}
				return q.addresses(whole...)
			})
			r := &mcpwire.Resolver{Servers: []netip.AddrPort{s.addr}}
			got, err := r.Lookup(t.Context(), "example.com")
			if err != nil {
				t.Fatal(err)
			}
			if !got.TCP || len(got.Addrs) != 16 || got.Retransmits != 0 {
				t.Errorf("got %+v, want 16 addresses over TCP at once", got)
			}
		})
	}
}

func TestNextServerIsTried(t *testing.T) {
	failing := startDNS(t, func(q dnsQuery) [][]byte { return q.rcode(dnsmessage.RCodeServerFailure) })
	good := startDNS(t, func(q dnsQuery) [][]byte { return q.addresses("192.0.2.1") })
	var dead netip.AddrPort
	t.Run("find a dead port", func(t *testing.T) { dead = startDNS(t, nil).addr })
	for name, first := range map[string]netip.AddrPort{"it fails": failing.addr, "nobody listens": dead} {
		t.Run(name, func(t *testing.T) {
			r := &mcpwire.Resolver{Servers: []netip.AddrPort{first, good.addr}}
			for range 2 {
				got, err := r.Lookup(t.Context(), "example.com")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(mcpwire.Addresses{Addrs: addrs("192.0.2.1")}, got, compareAddrs); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
	if n := len(failing.questions()); n != 1 {
		t.Errorf("the failing server was asked %d times, want once: the other one answered", n)
	}
	r := &mcpwire.Resolver{Servers: []netip.AddrPort{dead}}
	if _, err := r.Lookup(t.Context(), "example.com"); kindOf(t, err) != mcpwire.DNSUnreachable {
		t.Errorf("got %v with nobody listening", err)
	}
}

func TestNamesThatAreNotAskedFor(t *testing.T) {
	long := strings.Repeat("a", 63)
	tests := []struct {
		host string
		want []netip.Addr
		v6   []netip.Addr
		kind mcpwire.DNSKind
	}{
		{host: "192.0.2.1", want: addrs("192.0.2.1")},
		{host: "2001:db8::1", want: addrs("2001:db8::1"), v6: addrs("2001:db8::1")},
		{host: "[2001:db8::1]", want: addrs("2001:db8::1"), v6: addrs("2001:db8::1")},
		{host: "::ffff:192.0.2.1", want: addrs("192.0.2.1")},
		{host: "localhost", want: addrs("127.0.0.1", "::1"), v6: addrs("::1")},
		{host: "a.LOCALHOST.", want: addrs("127.0.0.1", "::1"), v6: addrs("::1")},
		{host: "a.invalid", kind: mcpwire.DNSNXDomain},
		{host: "fe80::1%eth0", kind: mcpwire.DNSBadName},
		{host: "[fe80::1%25eth0]", kind: mcpwire.DNSBadName},
		{host: "[192.0.2.1]", kind: mcpwire.DNSBadName},
		{host: "", kind: mcpwire.DNSBadName},
		{host: ".", kind: mcpwire.DNSBadName},
		{host: "a..b", kind: mcpwire.DNSBadName},
		{host: "a b", kind: mcpwire.DNSBadName},
		{host: "a\x00b", kind: mcpwire.DNSBadName},
		{host: "a/b", kind: mcpwire.DNSBadName},
		{host: "127.1", kind: mcpwire.DNSBadName},
		{host: "2130706433", kind: mcpwire.DNSBadName},
		{host: "0x7f.1", kind: mcpwire.DNSBadName},
		{host: "0x7F000001", kind: mcpwire.DNSBadName},
		{host: "１２７.0.0.1", kind: mcpwire.DNSBadName},
		{host: "\xff.example", kind: mcpwire.DNSBadName},
		{host: "a" + long + ".example", kind: mcpwire.DNSBadName},
		{host: strings.Join([]string{long, long, long, long}, "."), kind: mcpwire.DNSBadName},
		{host: strings.Repeat("a.", 5000), kind: mcpwire.DNSBadName},
		{host: "example.com", kind: mcpwire.DNSNoServers},
	}
	for _, test := range tests {
		r := &mcpwire.Resolver{}
		got, err := r.Lookup(t.Context(), test.host)
		if test.kind != mcpwire.DNSAnswered {
			if kindOf(t, err) != test.kind || len(err.Error()) > 500 {
				t.Errorf("%q: got %v, want %v", test.host, err, test.kind)
			}
			continue
		}
		if diff := cmp.Diff(test.want, got.Addrs, compareAddrs); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", test.host, err, diff)
		}
		v6, err := r.LookupV6(t.Context(), test.host)
		if diff := cmp.Diff(test.v6, v6.Addrs, compareAddrs); diff != "" {
			t.Errorf("%q by IPv6: %v (-want +got):\n%s", test.host, err, diff)
		}
		if len(test.v6) == 0 && kindOf(t, err) != mcpwire.DNSNoAddress {
			t.Errorf("%q by IPv6: got %v, want that there is none", test.host, err)
		}
	}
}

func TestSearchDomains(t *testing.T) {
	handle := func(q dnsQuery) [][]byte {
		if q.Questions[0].Name.String() == "db.two.example." {
			return q.addresses("192.0.2.1")
		}
		return q.rcode(dnsmessage.RCodeNameError)
	}
	search := []string{"one.example", "two.example.", "3", "4.example", "5.example", "6.example", "7.example"}
	tests := map[string]struct {
		host  string
		kind  mcpwire.DNSKind
		asked []string
	}{
		"a single label":       {"db", mcpwire.DNSAnswered, []string{"udp A db.", "udp A db.one.example.", "udp A db.two.example."}},
		"one that is absolute": {"db.", mcpwire.DNSNXDomain, []string{"udp A db."}},
		"one with a dot":       {"db.two", mcpwire.DNSNXDomain, []string{"udp A db.two."}},
		"a bounded number": {"x", mcpwire.DNSNXDomain, []string{
			"udp A x.", "udp A x.one.example.", "udp A x.two.example.", "udp A x.4.example.", "udp A x.5.example.", "udp A x.6.example.",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startDNS(t, handle)
			r := &mcpwire.Resolver{Servers: []netip.AddrPort{s.addr}, Search: search}
			_, err := r.Lookup(t.Context(), test.host)
			if (err == nil) != (test.kind == mcpwire.DNSAnswered) || err != nil && kindOf(t, err) != test.kind {
				t.Errorf("got %v, want %v", err, test.kind)
			}
			if diff := cmp.Diff(test.asked, s.questions()); diff != "" {
				t.Errorf("questions (-want +got):\n%s", diff)
			}
		})
	}
}

// The schedule, in a bubble's time, over pipes that swallow every question.
func TestScheduleOfAnUnansweredQuestion(t *testing.T) {
	one := netip.MustParseAddrPort("192.0.2.53:53")
	two := netip.MustParseAddrPort("192.0.2.54:53")
	three := netip.MustParseAddrPort("192.0.2.55:53")
	tests := map[string]struct {
		servers []netip.AddrPort
		want    []string
	}{
		"one server":    {[]netip.AddrPort{one}, []string{"0s udp 53", "1s udp 53", "2s tcp 53"}},
		"two servers":   {[]netip.AddrPort{one, two}, []string{"0s udp 53", "1s udp 54", "2s tcp 53", "3s tcp 54"}},
		"three servers": {[]netip.AddrPort{one, two, three}, []string{"0s udp 53", "1s udp 54", "2s udp 55", "3s tcp 53", "4s tcp 54"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var h hole
				r := &mcpwire.Resolver{Servers: test.servers}
				mcpwire.SetDial(r, h.dial)
				h.start = time.Now()
				_, err := r.Lookup(t.Context(), "example.com")
				if kindOf(t, err) != mcpwire.DNSTimeout || time.Since(h.start) != 5*time.Second {
					t.Errorf("got %v after %v, want a timeout after 5 s", err, time.Since(h.start))
				}
				if diff := cmp.Diff(test.want, h.asked); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestContextEndsALookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h hole
		r := &mcpwire.Resolver{Servers: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.53:53")}}
		mcpwire.SetDial(r, h.dial)
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		_, err := r.Lookup(ctx, "example.com")
		if !errors.Is(err, context.Canceled) || time.Since(start) != 300*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		start = time.Now()
		ctx, cancel = context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		_, err = r.Lookup(ctx, "example.com")
		if kindOf(t, err) != mcpwire.DNSTimeout || time.Since(start) != 1500*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

func TestSystemFilesAreFollowed(t *testing.T) {
	s := startDNS(t, func(q dnsQuery) [][]byte { return q.addresses("192.0.2.99") })
	dir := t.TempDir()
	conf, hosts := filepath.Join(dir, "resolv.conf"), filepath.Join(dir, "hosts")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		write(hosts, "192.0.2.1 printer\n")
		r, err := mcpwire.ResolverFrom(conf, hosts)
		if err != nil {
			t.Fatal(err)
		}
		expect := func(want string) {
			t.Helper()
			got, err := r.Lookup(t.Context(), "printer")
			if diff := cmp.Diff(addrs(want), got.Addrs, compareAddrs); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		}
		expect("192.0.2.1")
		write(hosts, "2001:db8::5 printer\n192.0.2.22 printer\n")
		expect("192.0.2.1")
		time.Sleep(time.Second)
		got, err := r.Lookup(t.Context(), "printer.")
		if diff := cmp.Diff(addrs("192.0.2.22", "2001:db8::5"), got.Addrs, compareAddrs); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
	if _, err := mcpwire.ResolverFrom(dir, hosts); err == nil {
		t.Error("a directory was read as resolv.conf")
	}
	r := &mcpwire.Resolver{Servers: []netip.AddrPort{s.addr}}
	if got, err := r.LookupV6(t.Context(), "a.example"); kindOf(t, err) != mcpwire.DNSNoAddress {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestDNSErrorHidesServers(t *testing.T) {
	for k := mcpwire.DNSAnswered; k <= mcpwire.DNSNoServers; k++ {
		if strings.HasPrefix(k.String(), "DNSKind") {
			t.Errorf("kind %d has no text", k)
		}
	}
	e := &mcpwire.DNSError{Name: "a\nb", Kind: mcpwire.DNSTimeout, Err: context.Canceled}
	if got := fmt.Sprint(e); strings.Contains(got, "\n") || !strings.Contains(got, "context canceled") {
		t.Errorf("got %q", got)
	}
}
