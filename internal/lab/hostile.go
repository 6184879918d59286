package lab

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// floodLimit is where endless answers end after all, in bytes: three times
// what a check should read.
const floodLimit = 24 << 20

// hostileScenarios try to hurt whoever checks them: its memory, its time, its
// terminal, its network. A check ends within its bounds and says why.
func hostileScenarios() []Scenario {
	const group = "hostile"
	return append(append(bodyScenarios(group), headScenarios(group)...), trickScenarios(group)...)
}

// bodyScenarios hide the harm in the body of an answer.
func bodyScenarios(group string) []Scenario {
	tooLarge := fails(uptime.BodyTooLarge, uptime.StepInitialize, "8 mib")
	lists := func(name, about string, expect Expect, res string) Scenario {
		return Scenario{
			Name: name, Group: group, About: about, Expect: expect,
			handler: legacy(on{"tools/list": inSession(result(res))}),
		}
	}
	greets := func(name, about string, expect Expect, a answer) Scenario {
		return Scenario{Name: name, Group: group, About: about, Expect: expect, handler: legacy(on{"initialize": a})}
	}
	drip := greets("slow-drip", "The answer comes at one byte a second, so that no read ever times out.",
		fails(uptime.AttemptTimeout, uptime.StepInitialize, ""), dripping)
	drip.Setup.Timeout = 3 * time.Second
	return []Scenario{
		greets("endless-body", "The answer never ends.", tooLarge, endless),
		greets("endless-stream", "The event stream never ends and never answers.",
			tooLarge.or(uptime.SSENoAnswer, uptime.AttemptTimeout), endlessEvents(event(`{"jsonrpc":"2.0","method":"notifications/message"}`))),
		greets("endless-comments", "The event stream is comments for ever.",
			tooLarge.or(uptime.SSENoAnswer, uptime.AttemptTimeout), endlessEvents(": tick\n")),
		greets("endless-event", "One event of the stream never ends.", tooLarge.or(uptime.SSENoAnswer), endlessEvents("data: "+strings.Repeat("x", 1000)+"\n")),
		greets("gzip-bomb", "A few hundred kilobytes unpack to 64 megabytes.", tooLarge.or(uptime.ContentType, uptime.BadJSON, uptime.NotMCP), bomb),
		drip,
		greets("deep-json", "The answer is nested 100,000 levels deep.",
			fails(uptime.BadJSON, uptime.StepInitialize, "").or(uptime.BadEnvelope),
			rpc(`{"jsonrpc":"2.0","id":$ID,"result":`+strings.Repeat(`{"a":`, 100_000)+"1"+strings.Repeat("}", 100_000)+`}`)),
		greets("deep-lists", "The answer is 100,000 opening brackets.",
			fails(uptime.BadJSON, uptime.StepInitialize, "").or(uptime.BadEnvelope), rpc(strings.Repeat("[", 100_000))),
		greets("nul-bytes", "The answer is NUL bytes.", fails(uptime.BadJSON, uptime.StepInitialize, ""), rpc(strings.Repeat("\x00", 1000))),
		{
			Name: "tools-bomb", Group: group,
			About:   "The list of tools is larger than anything an agent could load.",
			Expect:  fails(uptime.BodyTooLarge, uptime.StepTools, "8 mib"),
			handler: legacy(on{"tools/list": inSession(listing(90, 100<<10))}),
		},
		{
			Name: "tools-hundred-thousand", Group: group,
			About:   "A hundred thousand tiny tools fit into seven megabytes.",
			Expect:  fails(uptime.ToolsMalformed, uptime.StepTools, "").or("", uptime.BodyTooLarge, uptime.PaginationLoop),
			handler: legacy(on{"tools/list": inSession(listing(100_000, 0))}),
		},
		lists("tools-deep-schema", "A tool's schema is nested 20,000 levels deep.",
			fails(uptime.ToolsMalformed, uptime.StepTools, "").or("", uptime.BadJSON),
			`{"tools":[{"name":"deep","description":"d","inputSchema":{"type":"object","properties":`+
				strings.Repeat(`{"a":`, 20_000)+"{}"+strings.Repeat("}", 20_000)+`}}]}`),
		lists("tools-invalid-utf8", "A description is not UTF-8: some parsers stop, others replace it.",
			fails(uptime.BadJSON, uptime.StepTools, "").or("", uptime.ToolsMalformed),
			`{"tools":[`+strings.Replace(searchTool, "Search", "Search \xff\xfe\xed\xa0\x80", 1)+`]}`),
		lists("tools-huge-number", "A schema has a number that no machine can hold.",
			live(1).or(uptime.BadJSON, uptime.ToolsMalformed),
			`{"tools":[`+strings.Replace(searchTool, `{"type":"integer"}`, `{"type":"integer","maximum":1e999999999}`, 1)+`]}`),
		lists("tools-schema-loop", "A schema refers to itself.",
			live(1), `{"tools":[{"name":"loop","description":"l","inputSchema":{"type":"object","properties":{"a":{"$ref":"#"}},"allOf":[{"$ref":"#"}]}}]}`),
		greets("name-with-escapes", "The server's name would clear a terminal and reverse the text after it.",
			live(toolCount), session(result(strings.Replace(greeting, `"lab"`, `"\u001b[2J\u001b]0;owned\u0007\u202elab\u0000"`, 1)))),
		greets("name-with-markup", "The server's name is a script for whoever shows it on a page.",
			live(toolCount), session(result(strings.Replace(greeting, `"lab"`, `"<script>alert(1)</script>"`, 1)))),
		greets("name-huge", "The server's name is a megabyte long.",
			live(toolCount), session(result(strings.Replace(greeting, `"lab"`, `"`+strings.Repeat("n", 1<<20)+`"`, 1)))),
		greets("error-with-escapes", "The message of an error would clear a terminal.",
			fails(uptime.RPCError, uptime.StepInitialize, "-32603"), rpcError(-32603, "\x1b[2J\x1b[31mgotcha\x07"+strings.Repeat("!", 100_000))),
	}
}

// headScenarios hide the harm in the status line and the header.
func headScenarios(group string) []Scenario {
	heads := func(name, about string, expect Expect, text string) Scenario {
		return Scenario{
			Name: name, Group: group, About: about, Expect: expect,
			Setup: Setup{Timeout: 5 * time.Second}, handler: always(raw(text)),
		}
	}
	notHTTP := fails(uptime.NotMCP, "", "").or(uptime.BodyTooLarge, uptime.ConnectReset, uptime.BadJSON, uptime.EmptyBody)
	const ok = httpOK
	return []Scenario{
		heads("header-line-of-a-megabyte", "One header line is a megabyte long.",
			notHTTP, ok+"X-Long: "+strings.Repeat("h", 1<<20)+"\r\n\r\n{}"),
		heads("header-flood", "There are twenty thousand header lines.",
			notHTTP, ok+strings.Repeat("X-Many: many\r\n", 20_000)+"\r\n{}"),
		heads("negative-length", "The answer's length is negative.", notHTTP, ok+"Content-Length: -1\r\n\r\n{}"),
		heads("two-lengths", "The answer has two different lengths.", notHTTP, ok+"Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}"),
		heads("huge-length", "The answer claims to be an exabyte long.",
			notHTTP.or(uptime.BodyTooLarge, uptime.ConnectReset, uptime.BadJSON, uptime.BadEnvelope), ok+"Content-Length: 1152921504606846976\r\n\r\n{}"),
		heads("huge-chunk", "The size of a chunk overflows every integer.", notHTTP.or(uptime.BadJSON, uptime.BodyTooLarge, uptime.ConnectReset),
			ok+"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}"),
		heads("bad-chunk", "The size of a chunk is not a number.", notHTTP.or(uptime.BadJSON, uptime.ConnectReset),
			ok+"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
		heads("length-and-chunks", "The answer has a length and chunks: which one counts is how requests are smuggled.",
			notHTTP.or(uptime.BadEnvelope, uptime.BadJSON), ok+"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
		heads("http-09", "The answer has no header at all, as in 1991.", notHTTP, `{"jsonrpc":"2.0","id":$ID,"result":`+greeting+`}`),
		heads("status-unreadable", "The status is not a number.", notHTTP, "HTTP/1.1 abc OK\r\n\r\n"),
		heads("status-999", "The status is beyond all classes.",
			notHTTP.or(uptime.HTTPServerError, uptime.HTTPClientError), "HTTP/1.1 999 Beyond\r\nContent-Length: 0\r\n\r\n"),
		heads("header-without-colon", "A header line has no colon.", notHTTP, "HTTP/1.1 200 OK\r\nthis is no header\r\n\r\n{}"),
		heads("switching-protocols", "The answer switches to another protocol that nobody asked for.",
			notHTTP.or(uptime.HTTPClientError, uptime.HTTPServerError, uptime.EmptyBody), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
		{
			Name: "endless-header", Group: group, Setup: Setup{Timeout: 5 * time.Second},
			About:  "The header never ends.",
			Expect: notHTTP.or(uptime.BodyTooLarge, uptime.ConnectReset, uptime.FirstByteTimeout),
			handler: always(takeOver(func(conn net.Conn, _ *call) {
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
				flood(conn, "X-Flood: flood\r\n", floodLimit)
			})),
		},
		{
			Name: "endless-informational", Group: group, Setup: Setup{Timeout: 5 * time.Second},
			About:   "Informational answers come for ever and the real one never.",
			Expect:  notHTTP.or(uptime.AttemptTimeout, uptime.FirstByteTimeout, uptime.BodyTooLarge, uptime.ConnectReset),
			handler: always(takeOver(func(conn net.Conn, _ *call) { flood(conn, "HTTP/1.1 100 Continue\r\n\r\n", floodLimit) })),
		},
		{
			Name: "challenge-of-kilobytes", Group: group,
			About:   "The challenge of the sign-in is 30 KiB of commas and quotes.",
			Expect:  walled(uptime.AccessCustom).or(uptime.AuthBroken, uptime.NotMCP),
			handler: wall{challenge: "Bearer " + strings.Repeat(`a="b\"",`, 4000), prm: refuse(http.StatusNotFound, "no")}.around(legacy(nil)),
		},
	}
}

// trickScenarios lead the check where it must not go, or make it repeat itself.
func trickScenarios(group string) []Scenario {
	leads := func(name, about, to string) Scenario {
		return Scenario{
			Name: name, Group: group, About: about,
			Expect:  fails(uptime.BlockedTarget, "", "").or(uptime.HTTPRedirect, uptime.ConnectRefused, uptime.ConnectTimeout, uptime.HTTPNotFound),
			Setup:   Setup{Timeout: 3 * time.Second},
			handler: always(redirect(http.StatusTemporaryRedirect, to)),
		}
	}
	return []Scenario{
		leads("redirect-to-metadata", "A redirect leads to the cloud's metadata service.", "http://169.254.169.254/latest/meta-data/"),
		leads("redirect-to-metadata-decimal", "The same, with the address as one number.", "http://2852039166/latest/meta-data/"),
		leads("redirect-to-metadata-mapped", "The same, as an IPv6 address that holds an IPv4 one.", "http://[::ffff:a9fe:a9fe]/"),
		{
			Name: "metadata-in-auth", Group: group, Setup: Setup{Timeout: 3 * time.Second},
			About:   "The sign-in sends clients to the cloud's metadata service.",
			Expect:  fails(uptime.AuthBroken, "", "").access(uptime.AccessBroken),
			handler: wall{challenge: `Bearer resource_metadata="http://169.254.169.254/latest/meta-data/"`, prm: refuse(http.StatusNotFound, "no")}.around(legacy(nil)),
		},
		{
			Name: "answer-for-later", Group: group,
			About: "Behind the answer stands a second one, for a request that was not made yet.",
			// Whoever threw the second answer away waits for another.
			Expect:  live(toolCount).or(uptime.IDMismatch, uptime.BadEnvelope, uptime.BadJSON, uptime.NotMCP, uptime.InitializedRefused, uptime.FirstByteTimeout),
			handler: legacy(on{"initialize": smuggling(greetingAnswer, `{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}`)}),
		},
		{
			Name: "cursor-of-a-megabyte", Group: group,
			About:   "The cursor of the next page is a megabyte long and has to be sent back.",
			Expect:  fails(uptime.PaginationLoop, uptime.StepTools, "").or(uptime.HTTPClientError, uptime.ToolsMalformed, uptime.BodyTooLarge),
			handler: legacy(on{"tools/list": inSession(result(`{"tools":` + tools + `,"nextCursor":"` + strings.Repeat("c", 1<<20) + `"}`))}),
		},
		{
			Name: "session-of-kilobytes", Group: group,
			About:   "The session's id is 16 KiB long and has to be sent back.",
			Expect:  live(toolCount).or(uptime.HTTPClientError, uptime.HandshakeShape, uptime.NotMCP, uptime.InitializedRefused),
			handler: legacy(on{"initialize": with(sessionHeader, strings.Repeat("s", 16<<10), result(greeting))}),
		},
	}
}

// endless writes one JSON text until nobody reads any more.
func endless(w http.ResponseWriter, c *call) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, c.fill(`{"jsonrpc":"2.0","id":$ID,"result":"`))
	flood(w, "and so on ", floodLimit)
}

func endlessEvents(frame string) answer {
	return func(w http.ResponseWriter, _ *call) {
		w.Header().Set("Content-Type", "text/event-stream")
		flood(w, frame, floodLimit)
	}
}

// bomb sends 64 MiB of blanks, well packed: one MiB as a gzip member, again and
// again (RFC 1952 §2.2). It is made anew for each call, and cheap.
func bomb(w http.ResponseWriter, _ *call) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	var member bytes.Buffer
	z, _ := gzip.NewWriterLevel(&member, gzip.BestSpeed)
	flood(z, " ", 1<<20)
	_ = z.Close()
	_, _ = w.Write(bytes.Repeat(member.Bytes(), 64))
}

// dripping sends the answer byte by byte, one a second.
func dripping(w http.ResponseWriter, c *call) {
	w.Header().Set("Content-Type", "application/json")
	for _, b := range []byte(c.fill(greetingAnswer)) {
		push(w, string([]byte{b}))
		if !c.wait(time.Second) {
			return
		}
	}
}

// smuggling sends a second answer right behind the first and keeps the
// connection open for the request that it pretends to answer.
func smuggling(first, second string) answer {
	return takeOver(func(conn net.Conn, c *call) {
		for _, body := range []string{c.fill(first), c.fill(second)} {
			_, _ = fmt.Fprintf(conn, "%sContent-Length: %d\r\n\r\n%s", httpOK, len(body), body)
		}
		drain(conn)
	})
}
