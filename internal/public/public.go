// Package public takes out of evidence what is never public: network addresses,
// AS numbers, the names of points of presence, stack traces, and whatever
// headers tell about what lies behind a server (DESIGN section 5). What it gets
// is free of secrets already; those are package probe's.
package public

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// What stands where something stood that is not for the public.
const (
	addressHidden = "[address]"
	headerHidden  = "[hidden]"
	traceHidden   = "[stack trace]"
)

// Evidence comes here without secrets, but with whatever a server's proxies and
// error pages tell about the network and the code behind it. The public sees
// none of that: these expressions name it. Being wrong hides a version number,
// which is the better mistake.
var (
	ipv4     = regexp.MustCompile(`\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b`)
	colons   = regexp.MustCompile(`[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*`) // may be IPv6, or a time of day
	asNumber = regexp.MustCompile(`\bASN? ?\d{2,10}\b`)
	// Lines, or escaped lines inside JSON strings, of the stack traces of common
	// languages.
	traceText = regexp.MustCompile(`(?s)Traceback \(most recent call last\).*|goroutine \d+ \[.*|Exception in thread .*|panic: runtime error.*|Fatal error: Uncaught .*`)
	traceLine = regexp.MustCompile(`(?m)(?:^|\\n|\\r\\n)[ \t]*(?:\\t)*(?:at (?:async |new )?[A-Za-z_$</][^\n\\]{0,200}(?:\([^\n\\)]{0,200}\)|:\d+:\d+)|File \\?"[^"\n]{1,300}\\?", line \d+[^\n\\]*|#\d+ [^\n\\]{1,300}\(\d+\)[^\n\\]*|from [^\n\\]{1,200}:\d+:in [^\n\\]*|[^\s"\\]{1,200}\.(?:go|rs|rb|py|php|java|js|ts):\d+[^\n\\]{0,200})`)
)

// Text returns s without network addresses, AS numbers and stack traces.
func Text(s string) string {
	s = traceText.ReplaceAllString(s, traceHidden)
	s = traceLine.ReplaceAllString(s, "\n"+traceHidden)
	s = ipv4.ReplaceAllString(s, addressHidden)
	s = colons.ReplaceAllStringFunc(s, hideAddress)
	return asNumber.ReplaceAllString(s, "[network]")
}

// hideAddress hides an IPv6 address, and leaves what only looks like one: a time
// of day, or the d:: of std::vector.
func hideAddress(match string) string {
	text := strings.TrimRight(match, ".")
	if _, err := netip.ParseAddr(text); err != nil {
		text = strings.TrimSuffix(text, ":")
	}
	if _, err := netip.ParseAddr(text); err != nil || !strings.ContainsAny(text, "0123456789") {
		return match
	}
	return addressHidden + match[len(text):]
}

// Exchange returns x as the public may see it.
func Exchange(x uptime.Exchange) uptime.Exchange {
	x.Request, x.Response = Text(hideRoute(x.Request)), Text(hideRoute(x.Response))
	return x
}

// hideRoute hides the values of all headers but those that belong to the
// protocol: the others name machines, points of presence and what lies behind.
func hideRoute(message string) string {
	head, body, parted := strings.Cut(strings.ReplaceAll(message, "\r\n", "\n"), "\n\n")
	lines := strings.Split(head, "\n")
	if !strings.Contains(lines[0], "HTTP/") {
		return message // a fault in words, or a line of stdio
	}
	for i, line := range lines[1:] {
		name, _, _ := strings.Cut(line, ":")
		if !publicHeader(name) {
			lines[i+1] = name + ": " + headerHidden
		}
	}
	head = strings.Join(lines, "\n")
	if !parted {
		return head
	}
	return head + "\n\n" + body
}

// publicHeader reports whether a header belongs to HTTP or MCP themselves.
func publicHeader(name string) bool {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "host", "accept", "accept-encoding", "user-agent", "content-type", "content-length", "content-encoding", "transfer-encoding",
		"connection", "date", "cache-control", "allow", "location", "retry-after", "authorization", "www-authenticate",
		"mcp-session-id", "mcp-protocol-version", "mcp-method", "mcp-name", "last-event-id", "origin", "vary":
		return true
	}
	return false
}

// Detail returns what a failure says in particular. About the monitor's
// own troubles and sign-in the public learns nothing but the cause.
func Detail(f uptime.Failure) string {
	switch {
	case f.Reason() == uptime.NoReason, f.Cause == uptime.CredentialRefused:
		return ""
	}
	return Text(f.Detail)
}

// Failure returns f with what the public may read of its detail.
func Failure(f uptime.Failure) uptime.Failure {
	f.Detail = Detail(f)
	return f
}

// URL returns an address as the public may know it: without user, query and
// fragment, and not at all when it names a machine instead of a host.
func URL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" || !strings.Contains(host, ".") {
		return ""
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}
