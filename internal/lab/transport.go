package lab

import (
	"io"
	"net"
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// transportScenarios fail, or nearly fail, before a byte of HTTP is read.
func transportScenarios() []Scenario {
	const group = "transport"
	named := Setup{NeedsResolver: true, Timeout: 4 * time.Second}
	return []Scenario{
		{
			Name: "dns-nxdomain", Group: group, host: "nxdomain" + zone, Setup: named,
			About:   "The domain has lapsed: its name does not exist.",
			Expect:  fails(uptime.DNSNXDomain, uptime.StepDNS, "exist"),
			handler: legacy(nil),
		},
		{
			Name: "dns-servfail", Group: group, host: "servfail" + zone, Setup: named,
			About:   "The name servers of the domain are broken and answer SERVFAIL.",
			Expect:  fails(uptime.DNSFailed, uptime.StepDNS, "servfail"),
			handler: legacy(nil),
		},
		{
			Name: "dns-refused", Group: group, host: "refused" + zone, Setup: named,
			About:   "The name servers do not feel responsible for the domain any more.",
			Expect:  fails(uptime.DNSFailed, uptime.StepDNS, "refused"),
			handler: legacy(nil),
		},
		{
			Name: "dns-silent", Group: group, host: "silent" + zone, Setup: named,
			About:   "The name servers never answer.",
			Expect:  fails(uptime.DNSFailed, uptime.StepDNS, "answer"),
			handler: legacy(nil),
		},
		{
			Name: "dns-empty", Group: group, host: "empty" + zone, Setup: named,
			About:   "The name exists but has no address: the record was deleted, the zone was not.",
			Expect:  fails(uptime.DNSNXDomain, uptime.StepDNS, "address").or(uptime.DNSFailed),
			handler: legacy(nil),
		},
		{
			Name: "dns-cname-loop", Group: group, host: "loop" + zone, Setup: named,
			About:   "The name is an alias of itself.",
			Expect:  fails(uptime.DNSFailed, uptime.StepDNS, "").or(uptime.DNSNXDomain),
			handler: legacy(nil),
		},
		{
			Name: "dns-ok", Group: group, host: "ok" + zone, Setup: named,
			About:   "A correct server behind a name that resolves as it should.",
			Expect:  live(toolCount),
			handler: legacy(nil),
		},
		{
			Name: "dns-alias", Group: group, host: "alias" + zone, Setup: named,
			About:   "A correct server behind an alias, as most hosters make it.",
			Expect:  live(toolCount),
			handler: legacy(nil),
		},
		{
			Name: "dns-lost", Group: group, host: "lost" + zone, Setup: named,
			About:   "A correct server; every first question for its name is lost on the way.",
			Expect:  live(toolCount),
			handler: legacy(nil),
		},
		{
			Name: "dns-truncated", Group: group, host: "truncated" + zone, Setup: named,
			About:   "A correct server whose name must be asked for again over TCP.",
			Expect:  live(toolCount),
			handler: legacy(nil),
		},
		{
			Name: "dns-spoofed", Group: group, host: "spoofed" + zone, Setup: named,
			About:   "A correct server; somebody sends a forged answer ahead of the true one.",
			Expect:  live(toolCount),
			handler: legacy(nil),
		},
		{
			Name: "dns-dual-stack", Group: group, host: "dual" + zone, Setup: named,
			About:   "The name has an IPv6 address where nobody listens; IPv4 works, as all clients find out.",
			Expect:  live(toolCount),
			handler: legacy(nil),
		},
		{
			Name: "connect-refused", Group: group, door: doorShut,
			About:  "Nothing listens on the port: the process was killed for memory, or binds another port.",
			Expect: fails(uptime.ConnectRefused, uptime.StepTCP, "refused"),
		},
		{
			Name: "connect-timeout", Group: group, door: doorUnread, Setup: Setup{Timeout: time.Second},
			About:  "Connections are neither taken nor refused: a firewall, or a process that accepts no more.",
			Expect: fails(uptime.ConnectTimeout, uptime.StepTCP, "").or(uptime.FirstByteTimeout),
		},
		{
			Name: "connect-reset", Group: group,
			About:  "Each connection is reset as soon as it stands, as crashing proxies do.",
			Expect: fails(uptime.ConnectReset, "", "reset"),
			conn:   func(_ *stage, c net.Conn) { reset(c) },
		},
		{
			Name: "connect-closed", Group: group,
			About:  "Each connection is closed politely and without a word.",
			Expect: fails(uptime.ConnectReset, "", "").or(uptime.EmptyBody, uptime.NotMCP),
			conn: func(_ *stage, c net.Conn) {
				_, _ = c.Read(make([]byte, 4096))
			},
		},
		{
			Name: "hang-after-accept", Group: group, Setup: Setup{Timeout: time.Second},
			About:  "The port is open and nobody ever answers: a blocked event loop that a TCP check calls healthy.",
			Expect: fails(uptime.FirstByteTimeout, "", "").or(uptime.AttemptTimeout),
			conn:   func(_ *stage, c net.Conn) { drain(c) },
		},
		{
			Name: "hang-in-handshake", Group: group, Setup: Setup{Timeout: time.Second},
			About:   "HTTP works, and initialize never returns.",
			Expect:  fails(uptime.FirstByteTimeout, uptime.StepInitialize, "").or(uptime.AttemptTimeout),
			handler: legacy(on{"initialize": hang}),
		},
		{
			Name: "half-answer", Group: group, Setup: Setup{Timeout: time.Second},
			About:  "The answer begins and stops in the middle of a word, with the connection open.",
			Expect: fails(uptime.AttemptTimeout, uptime.StepInitialize, ""),
			handler: legacy(on{"initialize": rawHang(
				"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":",
			)}),
		},
		{
			Name: "cut-answer", Group: group,
			About:  "The connection is closed in the middle of the answer: the worker crashed while writing.",
			Expect: fails(uptime.ConnectReset, uptime.StepInitialize, "").or(uptime.BadJSON),
			handler: legacy(on{"initialize": raw(
				"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":",
			)}),
		},
		{
			Name: "reset-answer", Group: group,
			About:  "The connection is reset in the middle of the answer.",
			Expect: fails(uptime.ConnectReset, uptime.StepInitialize, "").or(uptime.BadJSON),
			handler: legacy(on{"initialize": takeOver(func(conn net.Conn, _ *call) {
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{\"json")
				reset(conn)
			})}),
		},
		{
			Name: "closes-connections", Group: group,
			About:   "A correct server that closes the connection after each answer and says so.",
			Expect:  live(toolCount),
			handler: closing(legacy(nil)),
		},
		{
			Name: "closes-silently", Group: group,
			About:   "A correct server that closes the connection after each answer without saying so.",
			Expect:  live(toolCount),
			handler: legacy(on{"initialize": wire("Content-Type: application/json\r\n", greetingAnswer)}),
		},
		{
			Name: "close-delimited", Group: group,
			About:   "A correct server whose answers have no length and end with the connection.",
			Expect:  live(toolCount),
			handler: legacy(on{"initialize": raw(httpOK + "Connection: close\r\n\r\n" + greetingAnswer)}),
		},
		{
			Name: "early-hints", Group: group,
			About:   "A correct server that sends 103 Early Hints ahead of the real status.",
			Expect:  live(toolCount),
			handler: legacy(on{"initialize": hinting(session(initialize))}),
		},
	}
}

const (
	httpOK         = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	greetingAnswer = `{"jsonrpc":"2.0","id":$ID,"result":` + greeting + `}`
)

// closing ends the connection after each answer.
func closing(next func(*stage) http.Handler) func(*stage) http.Handler {
	return func(s *stage) http.Handler {
		h := next(s)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			h.ServeHTTP(w, r)
		})
	}
}

// hinting sends an informational response first (RFC 8297).
func hinting(a answer) answer {
	return func(w http.ResponseWriter, c *call) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		a(w, c)
	}
}
