package endpoint

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// canonical gives an address its one form (RFC 3986 §6.2.2, §6.2.3): u has been
// read by the guard, so that scheme and host have theirs. A trailing slash means
// nothing, nor do parameters that only track.
func canonical(u *url.URL) string {
	host := u.Host
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	u.Host = host
	s := u.Scheme + "://" + host + strings.TrimRight(withoutDots(escapes(u.EscapedPath())), "/")
	if q := ascii(parameters(u.RawQuery)); q != "" {
		s += "?" + q
	}
	return s
}

// escapes decodes what needs no escape, and writes the others in capitals (RFC
// 3986 §6.2.2.1 and §6.2.2.2). The text is well-formed.
func escapes(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			b.WriteByte(path[i])
			continue
		}
		if c := unhex(path[i+1])<<4 | unhex(path[i+2]); unreserved(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// unreserved is RFC 3986 §2.3.
func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// withoutDots removes the segments . and .. (RFC 3986 §5.2.4).
func withoutDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	var out []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case ".":
		case "..":
			if len(out) > 1 {
				out = out[:len(out)-1]
			}
		default:
			out = append(out, segment)
		}
	}
	return strings.Join(out, "/")
}

// parameters drops what only tracks where a visitor came from; the rest stays as
// it is, in its order, because a server may tell by it.
func parameters(query string) string {
	if query == "" {
		return ""
	}
	return strings.Join(slices.DeleteFunc(strings.Split(query, "&"), func(p string) bool {
		name, _, _ := strings.Cut(p, "=")
		return p == "" || strings.HasPrefix(name, "utm_") || tracks(name)
	}), "&")
}

// ascii escapes what no query may have as it is (RFC 3986 §3.4, RFC 3987 §3.1).
func ascii(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c >= utf8.RuneSelf {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func tracks(name string) bool {
	switch name {
	case "src", "ref", "fbclid", "gclid", "msclkid", "mc_cid", "mc_eid":
		return true
	}
	return false
}

// service is what the two transports of one server have in common: the address
// without scheme, query and the last word of its path.
func service(canonical string) string {
	_, s, _ := strings.Cut(canonical, "://")
	s, _, _ = strings.Cut(s, "?")
	for _, last := range []string{"/mcp", "/sse", "/mcp/sse", "/sse/mcp", "/messages", "/message"} {
		if cut, ok := strings.CutSuffix(s, last); ok && cut != "" {
			return cut
		}
	}
	return s
}
