package guard_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/guard"
)

// class returns the class that addr is refused for, "" if it is not.
func class(tb testing.TB, p guard.Policy, addr netip.Addr) string {
	tb.Helper()
	err := p.Check(addr)
	if err == nil {
		return ""
	}
	var blocked *guard.BlockedError
	if !errors.As(err, &blocked) || blocked.Class == "" {
		tb.Fatalf("%v: got %v, want a *BlockedError with a class", addr, err)
	}
	return blocked.Class
}

func TestCheck(t *testing.T) {
	tests := []struct {
		addr  string
		class string // by default
		still string // with AllowPrivate
	}{
		{"1.1.1.1", "", ""},
		{"2606:4700::1111", "", ""},
		{"::ffff:1.1.1.1", "", ""},
		{"64:ff9b::1.1.1.1", "", ""},
		{"2606:4700::5efe:1.1.1.1", "", ""},
		{"127.0.0.1", "loopback", ""},
		{"127.255.255.255", "loopback", ""},
		{"::1", "loopback", ""},
		{"::ffff:127.0.0.1", "loopback", ""},
		{"10.0.0.1", "private", ""},
		{"172.16.0.1", "private", ""},
		{"172.31.255.255", "private", ""},
		{"172.32.0.0", "", ""},
		{"192.168.1.1", "private", ""},
		{"::ffff:192.168.1.1", "private", ""},
		{"169.254.1.1", "link-local", ""},
		{"fe80::1", "link-local", ""},
		{"fe80::1%eth0", "link-local", ""},
		{"fd12:3456::1", "unique local", ""},
		{"fc00::1", "unique local", ""},
		{"100.64.0.1", "carrier-grade NAT", ""},
		{"100.127.255.255", "carrier-grade NAT", ""},
		{"100.128.0.0", "", ""},
		{"64:ff9b::10.0.0.1", "NAT64 of a private address", ""},
		{"64:ff9b::127.0.0.1", "NAT64 of a loopback address", ""},
		{"64:ff9b:1::10.0.0.1", "local-use NAT64", ""},
		{"64:ff9b:1::1.1.1.1", "local-use NAT64", ""},
		{"2606:4700::5efe:10.0.0.1", "ISATAP of a private address", ""},
		{"2606:4700::200:5efe:10.0.0.1", "ISATAP of a private address", ""},

		{"169.254.169.254", "cloud metadata", "cloud metadata"},
		{"::ffff:169.254.169.254", "cloud metadata", "cloud metadata"},
		{"64:ff9b::169.254.169.254", "cloud metadata", "cloud metadata"},
		{"64:ff9b:1::169.254.169.254", "cloud metadata", "cloud metadata"},
		{"64:ff9b:1:a9fe:a9:fe00::", "cloud metadata", "cloud metadata"},
		{"2002:a9fe:a9fe::1", "cloud metadata", "cloud metadata"},
		{"2001:0:101:101::5601:5601", "cloud metadata", "cloud metadata"},
		{"::169.254.169.254", "cloud metadata", "cloud metadata"},
		{"::ffff:0:169.254.169.254", "cloud metadata", "cloud metadata"},
		{"fe80::5efe:169.254.169.254", "cloud metadata", "cloud metadata"},
		{"169.254.170.2", "cloud metadata", "cloud metadata"},
		{"fd00:ec2::254", "cloud metadata", "cloud metadata"},
		{"fd20:ce::254", "cloud metadata", "cloud metadata"},
		{"100.100.100.200", "cloud metadata", "cloud metadata"},
		{"192.0.0.192", "cloud metadata", "cloud metadata"},
		{"168.63.129.16", "cloud metadata", "cloud metadata"},

		{"0.0.0.0", "unspecified", "unspecified"},
		{"::", "unspecified", "unspecified"},
		{"::ffff:0.0.0.0", "unspecified", "unspecified"},
		{"0.1.2.3", "reserved", "reserved"},
		{"192.0.0.1", "reserved", "reserved"},
		{"192.88.99.1", "reserved", "reserved"},
		{"240.0.0.1", "reserved", "reserved"},
		{"255.255.255.255", "broadcast", "broadcast"},
		{"224.0.0.1", "multicast", "multicast"},
		{"239.255.255.255", "multicast", "multicast"},
		{"ff02::1", "multicast", "multicast"},
		{"192.0.2.1", "documentation", "documentation"},
		{"198.51.100.1", "documentation", "documentation"},
		{"203.0.113.1", "documentation", "documentation"},
		{"2001:db8::1", "documentation", "documentation"},
		{"3fff::1", "documentation", "documentation"},
		{"198.18.0.1", "benchmarking", "benchmarking"},
		{"198.19.255.255", "benchmarking", "benchmarking"},
		{"2001:2::1", "benchmarking", "benchmarking"},
		{"2002:101:101::1", "6to4", "6to4"},
		{"2001::1", "Teredo", "Teredo"},
		{"::1.1.1.1", "IPv4-compatible", "IPv4-compatible"},
		{"::127.0.0.1", "IPv4-compatible", "IPv4-compatible"},
		{"::ffff:0:1.1.1.1", "reserved", "reserved"},
		{"2001:10::1", "reserved", "reserved"},
		{"100::1", "reserved", "reserved"},
		{"fec0::1", "reserved", "reserved"},
		{"5f00::1", "reserved", "reserved"},
		{"4000::1", "reserved", "reserved"},
		{"64:ff9b::224.0.0.1", "NAT64 of a multicast address", "NAT64 of a multicast address"},
	}
	for _, test := range tests {
		addr := netip.MustParseAddr(test.addr)
		if got := class(t, guard.Policy{}, addr); got != test.class {
			t.Errorf("%v: got class %q, want %q", addr, got, test.class)
		}
		if got := class(t, guard.Policy{AllowPrivate: true}, addr); got != test.still {
			t.Errorf("%v with AllowPrivate: got class %q, want %q", addr, got, test.still)
		}
	}
	if got := class(t, guard.Policy{AllowPrivate: true}, netip.Addr{}); got != "invalid" {
		t.Errorf("no address: got class %q", got)
	}
}

func TestAllowAndDeny(t *testing.T) {
	prefixes := func(list ...string) (out []netip.Prefix) {
		for _, s := range list {
			out = append(out, netip.MustParsePrefix(s))
		}
		return out
	}
	tests := map[string]struct {
		policy guard.Policy
		addr   string
		class  string
	}{
		"allowed":                   {guard.Policy{Allow: prefixes("10.1.0.0/16")}, "10.1.2.3", ""},
		"allowed, as IPv4-mapped":   {guard.Policy{Allow: prefixes("10.1.0.0/16")}, "::ffff:10.1.2.3", ""},
		"allowed, behind NAT64":     {guard.Policy{Allow: prefixes("10.1.0.0/16")}, "64:ff9b::10.1.2.3", ""},
		"allowed, with a zone":      {guard.Policy{Allow: prefixes("fe80::/10")}, "fe80::1%eth0", ""},
		"beside what is allowed":    {guard.Policy{Allow: prefixes("10.1.0.0/16")}, "10.2.0.1", "private"},
		"metadata allowed":          {guard.Policy{Allow: prefixes("169.254.169.254/32")}, "169.254.169.254", ""},
		"metadata through a tunnel": {guard.Policy{Allow: prefixes("64:ff9b::/96", "2002::/16")}, "64:ff9b::169.254.169.254", "cloud metadata"},
		"a tunnel allowed":          {guard.Policy{Allow: prefixes("2002::/16")}, "2002:a01:203::1", ""},
		"denied":                    {guard.Policy{Deny: prefixes("1.1.0.0/16")}, "1.1.2.3", "denied"},
		"denied, through a tunnel":  {guard.Policy{Deny: prefixes("1.1.0.0/16")}, "64:ff9b::1.1.2.3", "denied"},
		"denied before allowed":     {guard.Policy{Allow: prefixes("10.0.0.0/8"), Deny: prefixes("10.1.0.0/16")}, "10.1.2.3", "denied"},
		"denied before private":     {guard.Policy{AllowPrivate: true, Deny: prefixes("10.1.0.0/16")}, "::ffff:10.1.2.3", "denied"},
		"denied behind local NAT64": {guard.Policy{AllowPrivate: true, Deny: prefixes("10.1.0.0/16")}, "64:ff9b:1::10.1.2.3", "denied"},
	}
	for name, test := range tests {
		if got := class(t, test.policy, netip.MustParseAddr(test.addr)); got != test.class {
			t.Errorf("%s: got class %q, want %q", name, got, test.class)
		}
	}
}

func TestBlockedErrorTellsWhatToDoAndNotTheAddress(t *testing.T) {
	for _, s := range []string{"10.11.12.13", "64:ff9b::10.11.12.13"} {
		text := fmt.Sprint(guard.Policy{}.Check(netip.MustParseAddr(s)))
		if !strings.Contains(text, "private") || !strings.Contains(text, "operator") || strings.Contains(text, "11") {
			t.Errorf("got %q", text)
		}
	}
	text := (&guard.BlockedError{Class: "denied"}).Error()
	if !strings.Contains(text, "denied") {
		t.Errorf("got %q", text)
	}
}

// forms returns every spelling that can carry an IPv4 address to its host.
func forms(a netip.Addr) []netip.Addr {
	b := a.As4()
	put := func(base string, places ...int) netip.Addr {
		w := netip.MustParseAddr(base).As16()
		for i, place := range places {
			w[place] = b[i]
		}
		return netip.AddrFrom16(w)
	}
	inverted := put("2001:0:0101:0101::", 12, 13, 14, 15).As16()
	for i := 12; i < 16; i++ {
		inverted[i] = ^inverted[i]
	}
	return []netip.Addr{
		a, netip.AddrFrom16(a.As16()), netip.AddrFrom16(inverted),
		put("::", 12, 13, 14, 15), put("::ffff:0:0:0", 12, 13, 14, 15), put("64:ff9b::", 12, 13, 14, 15),
		put("64:ff9b:1::", 12, 13, 14, 15), put("64:ff9b:1::", 6, 7, 9, 10), put("64:ff9b:1::", 7, 9, 10, 11),
		put("64:ff9b:1::", 9, 10, 11, 12), put("2002::", 2, 3, 4, 5), put("2001::", 4, 5, 6, 7),
		put("2606:4700::5efe:0:0", 12, 13, 14, 15), put("2606:4700::200:5efe:0:0", 12, 13, 14, 15),
	}
}

func special(a netip.Addr) bool {
	return a.IsLoopback() || a.IsPrivate() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() || a.IsInterfaceLocalMulticast()
}

func TestNothingSpecialIsEverPublic(t *testing.T) {
	first := rapid.SampledFrom([]byte{0, 10, 100, 127, 169, 172, 192, 198, 203, 224, 239, 240, 255, 1, 8})
	second := rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte{0, 16, 31, 64, 127, 168, 254}))
	rapid.Check(t, func(t *rapid.T) {
		a := netip.AddrFrom4([4]byte{first.Draw(t, "a"), second.Draw(t, "b"), rapid.Byte().Draw(t, "c"), rapid.Byte().Draw(t, "d")})
		refused := guard.Policy{}.Check(a) != nil
		if special(a) && !refused {
			t.Fatalf("%v is admitted", a)
		}
		for _, form := range forms(a) {
			if refused && (guard.Policy{}).Check(form) == nil {
				t.Fatalf("%v is refused, but as %v admitted", a, form)
			}
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		var b [16]byte
		copy(b[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
		b[0] = rapid.SampledFrom([]byte{0, 0x20, 0xfc, 0xfd, 0xfe, 0xff, b[0]}).Draw(t, "first")
		a := netip.AddrFrom16(b)
		if special(a) && (guard.Policy{}).Check(a) == nil {
			t.Fatalf("%v is admitted", a)
		}
	})
}

// FuzzCheck: AllowPrivate only ever adds, Deny always wins, and a zone changes
// nothing.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{"127.0.0.1", "fe80::1", "64:ff9b::1.1.1.1", "2002:a9fe:a9fe::1", "2606:4700::1"} {
		f.Add(netip.MustParseAddr(s).AsSlice())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, _ := netip.AddrFromSlice(b)
		open := class(t, guard.Policy{}, a)
		if open == "" && class(t, guard.Policy{AllowPrivate: true}, a) != "" {
			t.Errorf("%v: AllowPrivate refuses a public address", a)
		}
		if got := class(t, guard.Policy{}, a.WithZone("eth0")); got != open {
			t.Errorf("%v: %q with a zone, %q without", a, got, open)
		}
		if !a.IsValid() {
			return
		}
		itself := []netip.Prefix{netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())}
		if got := class(t, guard.Policy{Allow: itself, Deny: itself}, a); got != "denied" {
			t.Errorf("%v: got %q when denied", a, got)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	for _, s := range []string{"1.1.1.1", "2606:4700::1111"} {
		addr := netip.MustParseAddr(s)
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := (guard.Policy{}).Check(addr); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
