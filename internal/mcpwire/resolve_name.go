package mcpwire

import (
	"errors"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Bounds of a host name in its ASCII form (RFC 1035 §2.3.4, without the final
// dot) and as a person may have written it.
const (
	maxNameLen  = 253
	maxLabelLen = 63
	maxHostLen  = 1024
)

// What can be wrong with a host.
var (
	errNameLength  = errors.New("empty or too long")
	errNameLabel   = errors.New("a label is empty or longer than 63 bytes")
	errNameByte    = errors.New("only letters, digits, hyphens, underscores and dots are possible")
	errNameNumeric = errors.New("it ends in a number, but is not an IP address in its usual form")
	errNameIDN     = errors.New("the international name has no ASCII form")
	errNameZone    = errors.New("an address with a zone means something on one machine only")
)

// parseLiteral recognises an IP address, also in brackets. A zone is refused.
func parseLiteral(host string) (addr netip.Addr, ok bool, err error) {
	bare := host
	if inner, ok := strings.CutPrefix(host, "["); ok {
		bare = strings.TrimSuffix(inner, "]")
	}
	addr, notAnAddress := netip.ParseAddr(bare)
	ok = notAnAddress == nil && (bare == host || addr.Is6())
	if !ok {
		return netip.Addr{}, false, nil
	}
	if addr.Zone() != "" {
		return netip.Addr{}, false, badName(host, errNameZone)
	}
	return addr.Unmap(), true, nil
}

// asciiName returns host in lower case and, for an international name, in the
// ASCII form of IDNA's lookup profile. A final dot is kept. Names that end in a
// number are refused: to many programs they are IPv4 addresses in an odd
// spelling.
func asciiName(host string) (string, error) {
	if len(host) == 0 || len(host) > maxHostLen {
		return "", badName(host, errNameLength)
	}
	if !utf8.ValidString(host) {
		return "", badName(host, errNameIDN)
	}
	name := strings.ToLower(host)
	if !isASCII(host) {
		var err error
		if name, err = idna.Lookup.ToASCII(host); err != nil {
			return "", badName(host, errNameIDN)
		}
	}
	if err := checkName(strings.TrimSuffix(name, ".")); err != nil {
		return "", badName(host, err)
	}
	return name, nil
}

func badName(host string, err error) error {
	return &DNSError{Name: host, Kind: DNSBadName, Err: err}
}

func checkName(name string) error {
	if len(name) == 0 || len(name) > maxNameLen {
		return errNameLength
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if len(label) == 0 || len(label) > maxLabelLen {
			return errNameLabel
		}
		if strings.ContainsFunc(label, notNameRune) {
			return errNameByte
		}
		last = label
	}
	if isNumber(last) {
		return errNameNumeric
	}
	return nil
}

// isNumber recognises the decimal, octal and hexadecimal parts of IPv4
// addresses that inet_aton accepts.
func isNumber(label string) bool {
	digits, set := label, "0123456789"
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		digits, set = hex, "0123456789abcdef"
	}
	return strings.Trim(digits, set) == ""
}

func notNameRune(c rune) bool {
	return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
