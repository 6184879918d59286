package lab

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// sessionID returns a new session's id: visible ASCII, as the specification
// demands.
func sessionID() string { return "lab-" + rand.Text() }

// fill replaces what only the call knows: $ID, the JSON-RPC id; $RETYPED, the
// same as a text when it is a number and the other way round; $BASE, the
// scenario's address without the endpoint; $ORIGIN, its scheme, host and port.
func (c *call) fill(text string) string {
	id, base := c.id, c.stage.base()
	if id == "" {
		id = "null"
	}
	retyped := `"` + id + `"`
	if strings.HasPrefix(id, `"`) {
		retyped = "1"
	}
	return strings.NewReplacer(
		"$ID", id, "$RETYPED", retyped, "$BASE", base, "$ORIGIN", strings.TrimSuffix(base, c.stage.prefix()),
	).Replace(text)
}

// reply sends a body as it is, but for what fill replaces. An empty media type
// sends none.
func reply(status int, mediaType, body string) answer {
	return func(w http.ResponseWriter, c *call) {
		setType(w, mediaType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, c.fill(body))
	}
}

// setType sets the media type; empty means that none is sent, not that the
// library guesses one.
func setType(w http.ResponseWriter, mediaType string) {
	if mediaType == "" {
		w.Header()["Content-Type"] = nil
		return
	}
	w.Header().Set("Content-Type", mediaType)
}

// refuse sends an error in plain text.
func refuse(status int, text string) answer { return reply(status, "text/plain; charset=utf-8", text) }

// page sends HTML.
func page(status int, title string) answer {
	return reply(status, "text/html; charset=utf-8",
		"<!doctype html><html><head><title>"+title+"</title></head><body><h1>"+title+"</h1></body></html>")
}

// rpc sends a whole JSON-RPC message, or what pretends to be one.
func rpc(message string) answer { return reply(http.StatusOK, "application/json", message) }

// result sends a correct answer with this result.
func result(json string) answer { return rpc(`{"jsonrpc":"2.0","id":$ID,"result":` + json + `}`) }

// rpcError sends a JSON-RPC error with HTTP status 200.
func rpcError(code int, message string) answer {
	text, _ := json.Marshal(message)
	return rpc(fmt.Sprintf(`{"jsonrpc":"2.0","id":$ID,"error":{"code":%d,"message":%s}}`, code, text))
}

// said is a tool's answer with this text.
func said(text string) answer { return toolResult(text, false) }

// failed is a tool's answer that says that the tool failed.
func failed(text string) answer { return toolResult(text, true) }

func toolResult(text string, isError bool) answer {
	quoted, _ := json.Marshal(text)
	return result(fmt.Sprintf(`{"resultType":"complete","content":[{"type":"text","text":%s}],"isError":%v}`, quoted, isError))
}

// accepted is the right answer to a notification.
func accepted(w http.ResponseWriter, c *call) { reply(http.StatusAccepted, "", "")(w, c) }

// with sets a header field before it answers.
func with(name, value string, a answer) answer {
	return func(w http.ResponseWriter, c *call) {
		w.Header().Set(name, c.fill(value))
		a(w, c)
	}
}

// hang never answers.
func hang(_ http.ResponseWriter, c *call) { <-c.Context().Done() }

// after waits before it answers.
func after(d time.Duration, a answer) answer {
	return func(w http.ResponseWriter, c *call) {
		if c.wait(d) {
			a(w, c)
		}
	}
}

// wait returns false when the client or the lab went away first.
func (c *call) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.Context().Done():
		return false
	}
}

// push writes a part of the answer and flushes it, so that the client has it
// before the next part is due.
func push(w http.ResponseWriter, text string) {
	_, _ = io.WriteString(w, text)
	_ = http.NewResponseController(w).Flush()
}

// raw takes the connection over, writes these bytes and closes it. The request
// has been read.
func raw(text string) answer {
	return takeOver(func(conn net.Conn, c *call) { _, _ = io.WriteString(conn, c.fill(text)) })
}

// rawHang is raw, but holds the connection open until the client leaves.
func rawHang(text string) answer {
	return takeOver(func(conn net.Conn, c *call) {
		_, _ = io.WriteString(conn, c.fill(text))
		drain(conn)
	})
}

// wire is raw with the right length: a status line, these header fields and
// this body.
func wire(fields, body string) answer {
	return takeOver(func(conn net.Conn, c *call) {
		body := c.fill(body)
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", fields, len(body), body)
	})
}

// takeOver hands the connection to f and closes it when f returns.
func takeOver(f func(net.Conn, *call)) answer {
	return func(w http.ResponseWriter, c *call) {
		work := &c.stage.lab.work
		work.Add(1)
		defer work.Done()
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, "this scenario needs HTTP/1.1", http.StatusHTTPVersionNotSupported)
			return
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Time{})
		f(conn, c)
	}
}

// drain reads until the other side, or the lab, closes the connection.
func drain(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// reset closes a connection so that the other side sees a reset.
func reset(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// flood writes text again and again until the client leaves or limit bytes are
// sent, whichever comes first: no scenario hurts whoever runs it.
func flood(w io.Writer, text string, limit int) {
	block := bytes.Repeat([]byte(text), max(1, 32<<10/len(text)))
	for sent := 0; sent < limit; sent += len(block) {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// event frames a JSON-RPC message for a stream.
func event(message string) string { return "event: message\ndata: " + message + "\n\n" }

// events answers with a stream that ends after these frames.
func events(frames string) answer {
	return func(w http.ResponseWriter, c *call) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		push(w, c.fill(frames))
	}
}

// eventsHeld answers with a stream that stays open after these frames, until
// the client leaves.
func eventsHeld(frames string) answer {
	return func(w http.ResponseWriter, c *call) {
		events(frames)(w, c)
		hang(w, c)
	}
}
