package lab

import (
	"bytes"
	"compress/gzip"
	"net"
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// foreignScenarios answer 200 with something that is not MCP.
func foreignScenarios() []Scenario {
	const group = "http"
	constant := func(name, about string, expect Expect, a answer) Scenario {
		return Scenario{Name: name, Group: group, About: about, Expect: expect, handler: always(a)}
	}
	not := func(detail string) Expect { return fails(uptime.NotMCP, "", detail) }
	return []Scenario{
		constant("html-200", "Every path shows the same web page with status 200: an HTTP check calls this healthy.",
			not("html"), page(http.StatusOK, "Welcome")),
		constant("html-login", "A login page stands in front of everything, with status 200.",
			not("html"), page(http.StatusOK, "Sign in to continue")),
		constant("text-200", "Every path says OK in plain text.", not("text/plain"), refuse(http.StatusOK, "OK")),
		constant("soap-200", "Another kind of remote procedure call answers.",
			not("xml"), reply(http.StatusOK, "application/soap+xml", `<?xml version="1.0"?><Envelope/>`)),
		constant("image-200", "A picture is served.", not("image"), reply(http.StatusOK, "image/gif", "GIF89a\x01\x00\x01\x00\x80\x00\x00")),
		constant("empty-200", "Everything is answered with 200 and nothing.",
			fails(uptime.EmptyBody, "", "empty"), reply(http.StatusOK, "application/json", "")),
		constant("empty-204", "Everything is answered with 204.",
			fails(uptime.EmptyBody, "", ""), reply(http.StatusNoContent, "", "")),
		constant("accepts-everything", "Everything is accepted with 202 and nothing is ever answered.",
			fails(uptime.EmptyBody, "", "").or(uptime.NotMCP, uptime.SSENoAnswer), accepted),
		{
			Name: "not-http", Group: group,
			About:  "Another protocol answers on the port.",
			Expect: not(""),
			conn: func(_ *stage, c net.Conn) {
				_, _ = c.Read(make([]byte, 1024))
				_, _ = c.Write([]byte("SSH-2.0-OpenSSH_9.6\r\n"))
			},
		},
		{
			Name: "banner-first", Group: group,
			About:  "Another protocol greets before it is asked anything.",
			Expect: not("").or(uptime.ConnectReset),
			conn: func(_ *stage, c net.Conn) {
				_, _ = c.Write([]byte("220 mail.example.com ESMTP\r\n"))
				drain(c)
			},
		},
	}
}

// encodedScenarios send the right answer under the wrong media type or in an
// encoding that was not asked for.
func encodedScenarios() []Scenario {
	const group = "http"
	greeted := `{"jsonrpc":"2.0","id":$ID,"result":` + greeting + `}`
	typed := func(name, mediaType, about string, expect Expect) Scenario {
		return Scenario{
			Name: name, Group: group, About: about, Expect: expect,
			handler: legacy(on{"initialize": session(reply(http.StatusOK, mediaType, greeted))}),
		}
	}
	wrong := func(detail string) Expect { return fails(uptime.ContentType, uptime.StepInitialize, detail) }
	return []Scenario{
		typed("type-html", "text/html", "The right answer under the media type of a web page.", wrong("text/html")),
		typed("type-text", "text/plain; charset=utf-8", "The right answer as plain text.", wrong("text/plain")),
		typed("type-binary", "application/octet-stream", "The right answer as a download.", wrong("octet-stream")),
		typed("type-missing", "", "The right answer without a media type: several clients refuse it.",
			live(toolCount).found("missing_content_type")),
		typed("type-charset", "Application/JSON; charset=UTF-8", "The right answer with capitals and parameters in its media type.", live(toolCount)),
		{
			Name: "gzip-unasked", Group: group,
			About:   "The answer is compressed although the client asked for it as it is; most clients cope.",
			Expect:  live(toolCount).found("encoding_ignored"),
			handler: legacy(on{"initialize": session(compressed(greeted))}),
		},
		{
			Name: "gzip-claimed", Group: group,
			About:   "A proxy has unpacked the answer and still calls it compressed.",
			Expect:  fails(uptime.BadJSON, uptime.StepInitialize, "").or(uptime.ContentType, uptime.NotMCP),
			handler: legacy(on{"initialize": session(with("Content-Encoding", "gzip", rpc(greeted)))}),
		},
		{
			Name: "gzip-wrong-length", Group: group,
			About:   "A proxy has compressed the answer and left its length as it was.",
			Expect:  fails(uptime.BadJSON, uptime.StepInitialize, "").or(uptime.ConnectReset, uptime.ContentType, uptime.AttemptTimeout, uptime.NotMCP),
			Setup:   Setup{Timeout: 2 * time.Second},
			handler: legacy(on{"initialize": raw(httpOK + "Content-Encoding: gzip\r\nContent-Length: 4000\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")}),
		},
		{
			Name: "encoding-unknown", Group: group,
			About:   "The answer is in an encoding that nobody asked for and few know.",
			Expect:  fails(uptime.ContentType, uptime.StepInitialize, "").or(uptime.BadJSON, uptime.NotMCP),
			handler: legacy(on{"initialize": session(with("Content-Encoding", "zstd", reply(http.StatusOK, "application/json", "\x28\xb5\x2f\xfd\x04\x00")))}),
		},
	}
}

// compressed sends JSON as gzip.
func compressed(body string) answer {
	return func(w http.ResponseWriter, c *call) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(c.fill(body)))
		_ = z.Close()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(b.Bytes())
	}
}
