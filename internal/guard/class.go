package guard

import "net/netip"

// The classes of addresses, in words that a tenant may read.
const (
	public         = ""
	denied         = "denied"
	invalid        = "invalid"
	unspecified    = "unspecified"
	loopback       = "loopback"
	private        = "private"
	linkLocal      = "link-local"
	uniqueLocal    = "unique local"
	carrierNAT     = "carrier-grade NAT"
	metadata       = "cloud metadata"
	multicast      = "multicast"
	broadcast      = "broadcast"
	documentation  = "documentation"
	benchmarking   = "benchmarking"
	reserved       = "reserved"
	nat64          = "NAT64"
	localNAT64     = "local-use NAT64"
	sixToFour      = "6to4"
	teredo         = "Teredo"
	isatap         = "ISATAP"
	ipv4Compatible = "IPv4-compatible"
)

// isMetadata reports whether a cloud serves its machines' secrets at addr. The
// addresses are fixed: AWS, Azure, Google, Oracle, Alibaba, Scaleway and those
// that imitate them.
func isMetadata(addr netip.Addr) bool {
	return in(addr,
		"169.254.169.0/24", "169.254.170.0/24", "169.254.42.42/32", "169.254.0.23/32",
		"100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32",
		"fd00:ec2::/32", "fd20:ce::254/128", "fd00:42::42/128")
}

// classify returns the class of addr, which is not IPv4-mapped and has no zone:
// public, or one of the IANA special-purpose registries' (RFC 6890).
func classify(addr netip.Addr) string {
	switch {
	case !addr.IsValid():
		return invalid
	case isMetadata(addr):
		return metadata
	case addr.IsUnspecified():
		return unspecified
	case addr.IsLoopback():
		return loopback
	case addr.IsMulticast():
		return multicast
	case addr.IsLinkLocalUnicast():
		return linkLocal
	case addr.Is4():
		return classify4(addr)
	}
	return classify6(addr)
}

func classify4(addr netip.Addr) string {
	switch {
	case addr.IsPrivate():
		return private
	case in(addr, "100.64.0.0/10"):
		return carrierNAT
	case in(addr, "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"):
		return documentation
	case in(addr, "198.18.0.0/15"):
		return benchmarking
	case in(addr, "255.255.255.255/32"):
		return broadcast
	case in(addr, "0.0.0.0/8", "192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4"):
		return reserved
	}
	return public
}

// classify6 starts from what is public, 2000::/3 and the well-known prefix of
// NAT64, and takes away.
func classify6(addr netip.Addr) string {
	switch {
	case addr.IsPrivate():
		return uniqueLocal
	case in(addr, "64:ff9b::/96"):
		return public // if what is inside is
	case in(addr, "64:ff9b:1::/48"):
		return localNAT64
	case in(addr, "::/96"):
		return ipv4Compatible
	case in(addr, "2001::/32"):
		return teredo
	case in(addr, "2002::/16"):
		return sixToFour
	case in(addr, "2001:db8::/32", "3fff::/20"):
		return documentation
	case in(addr, "2001:2::/48"):
		return benchmarking
	case in(addr, "2001::/23"), !in(addr, "2000::/3"):
		return reserved
	}
	return public
}

// embedded returns the IPv4 addresses that a translator or tunnel may take out
// of addr, and what it is called.
func embedded(addr netip.Addr) (tunnel string, inner []netip.Addr) {
	if !addr.Is6() || addr.IsLoopback() || addr.IsUnspecified() {
		return "", nil
	}
	b := addr.As16()
	at := func(i, j, k, l int) netip.Addr { return netip.AddrFrom4([4]byte{b[i], b[j], b[k], b[l]}) }
	last := at(12, 13, 14, 15)
	switch {
	case in(addr, "64:ff9b::/96"): // RFC 6052 §2.1
		return nat64, []netip.Addr{last}
	case in(addr, "64:ff9b:1::/48"): // RFC 8215; the places for each prefix length are RFC 6052 §2.2
		return localNAT64, []netip.Addr{at(6, 7, 9, 10), at(7, 9, 10, 11), at(9, 10, 11, 12), last}
	case in(addr, "2002::/16"): // RFC 3056 §2
		return sixToFour, []netip.Addr{at(2, 3, 4, 5)}
	case in(addr, "2001::/32"): // RFC 4380 §4: the server, and the client with its bits turned
		client := netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})
		return teredo, []netip.Addr{at(4, 5, 6, 7), client}
	case in(addr, "::/96"): // RFC 4291 §2.5.5.1
		return ipv4Compatible, []netip.Addr{last}
	case in(addr, "::ffff:0:0:0/96"): // RFC 2765 §2.1
		return nat64, []netip.Addr{last}
	case b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // RFC 5214 §6.1
		return isatap, []netip.Addr{last}
	}
	return "", nil
}

// in reports whether one of prefixes, which are constants, contains addr. They
// are parsed each time: it costs less than a microsecond, and the prefixes can
// be read where they are used.
func in(addr netip.Addr, prefixes ...string) bool {
	for _, p := range prefixes {
		if netip.MustParsePrefix(p).Contains(addr) {
			return true
		}
	}
	return false
}
