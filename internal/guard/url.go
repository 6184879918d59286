package guard

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Bounds of a URL, of a host as a person may write it (the ASCII form of long
// ones is costly to find), and of a host in that form (RFC 1035 §2.3.4).
const (
	maxURL   = 8 << 10
	maxHost  = 1 << 10
	maxName  = 253
	maxLabel = 63
)

// ErrTemplate means that the URL has variables that somebody must fill in first.
// Such a URL is not dead; there is nothing to contact yet.
var ErrTemplate = errors.New("the URL is a template: fill in its variables, such as {tenant}, first")

// Why a URL is refused. None of the texts holds a part of the URL, whose path,
// query and user information may be secrets.
var (
	errURLLength    = errors.New("the URL is empty or longer than 8 KiB")
	errURLBytes     = errors.New("the URL contains a space, a control character, a backslash or invalid UTF-8: encode it as %XX")
	errURLSyntax    = errors.New("this is not a URL: write it as https://host/path")
	errURLScheme    = errors.New("the URL must start with https:// or http://")
	errURLPlain     = errors.New("the URL must start with https://: plain http is admitted in the operator's file only")
	errURLUser      = errors.New("the URL holds a user name or password before the @; give a credential instead")
	errURLFragment  = errors.New("the URL contains a #fragment, which is never sent: leave it out")
	errURLHost      = errors.New("the URL has no valid host name")
	errURLPort      = errors.New("the URL's port must be a number from 1 to 65535")
	errURLZone      = errors.New("the URL's address has a zone, which means something on one machine only")
	errURLAmbiguous = errors.New("the URL's host looks like an IPv4 address in an unusual spelling: write it as four decimal numbers")
)

// placeholder finds the variables of templates, also encoded ones; JSON in a
// query is none.
var placeholder = regexp.MustCompile(`[{}<>]|[^/]/\[|(?i:%7b\$?[a-z_][a-z0-9_.-]*%7d)`)

// CheckURL reads an address that came from outside: https, or http too if
// allowHTTP, with a host and nothing that is read in different ways by different
// programs. The host of the result is in lower case, in ASCII and without a
// final dot. Whether its addresses may be contacted is Policy's to say. Errors
// hold no part of raw; ErrTemplate is one of them.
func CheckURL(raw string, allowHTTP bool) (*url.URL, error) {
	if err := checkText(raw); err != nil {
		return nil, err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errURLSyntax // err quotes the URL
	}
	if err := checkParts(u, allowHTTP); err != nil {
		return nil, err
	}
	host, err := canonicalHost(u.Hostname(), strings.HasPrefix(u.Host, "["))
	if err != nil {
		return nil, err
	}
	u.Host, err = joinPort(host, u)
	if err != nil {
		return nil, err
	}
	return u, nil
}

// checkText looks at the text as a whole, before any parser makes sense of it.
func checkText(raw string) error {
	switch {
	case len(raw) == 0 || len(raw) > maxURL:
		return errURLLength
	case !utf8.ValidString(raw) || strings.ContainsFunc(raw, notURLRune):
		return errURLBytes
	case strings.ContainsAny(raw, "{}<>[%") && placeholder.MatchString(raw): // most have none of these
		return ErrTemplate
	case strings.Contains(raw, "#"):
		return errURLFragment
	}
	return nil
}

func notURLRune(c rune) bool {
	return c == '\\' || unicode.IsControl(c) || unicode.IsSpace(c)
}

func checkParts(u *url.URL, allowHTTP bool) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return errURLScheme
	case u.Scheme == "http" && !allowHTTP:
		return errURLPlain
	case u.User != nil:
		return errURLUser
	case u.Opaque != "" || u.Host == "":
		return errURLHost
	}
	return nil
}

// joinPort puts the port of u, if it has one, behind host.
func joinPort(host string, u *url.URL) (string, error) {
	port := u.Port()
	if port == "" && !strings.HasSuffix(u.Host, ":") {
		return host, nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", errURLPort
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), strconv.FormatUint(n, 10)), nil
}

// canonicalHost returns the one spelling of host, with brackets if it had them.
func canonicalHost(host string, bracketed bool) (string, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return canonicalAddr(addr, bracketed)
	}
	if bracketed || len(host) > maxHost {
		return "", errURLHost
	}
	name := strings.ToLower(host) // not by IDNA: it has no underscores, which are common
	if !isASCII(host) {
		var err error
		if name, err = idna.Lookup.ToASCII(host); err != nil || !utf8.ValidString(host) {
			return "", errURLHost
		}
	}
	name = strings.TrimSuffix(name, ".")
	return name, checkName(name)
}

func canonicalAddr(addr netip.Addr, bracketed bool) (string, error) {
	switch {
	case addr.Zone() != "":
		return "", errURLZone
	case addr.Is6() != bracketed:
		return "", errURLHost
	case addr.Is6():
		return "[" + addr.String() + "]", nil
	}
	return addr.String(), nil
}

// checkName refuses what DNS cannot be asked for, and names that inet_aton, and
// so many programs, read as an address.
func checkName(name string) error {
	if len(name) == 0 || len(name) > maxName {
		return errURLHost
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if len(label) == 0 || len(label) > maxLabel || strings.ContainsFunc(label, notNameRune) {
			return errURLHost
		}
		last = label
	}
	if isNumber(last) {
		return errURLAmbiguous
	}
	return nil
}

// isNumber recognises the decimal, octal and hexadecimal numbers of inet_aton.
func isNumber(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func notNameRune(c rune) bool {
	return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c >= utf8.RuneSelf })
}
