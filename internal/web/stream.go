package web

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

// streamPatience is how long a client may take to accept one event.
const streamPatience = 10 * time.Second

// Stream is an answer of server-sent events. It has no queue: a client that
// does not read in time loses its connection and asks again.
type Stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buf     bytes.Buffer
}

// OpenStream begins an event stream. Clients wait retry before they reconnect.
func OpenStream(w http.ResponseWriter, retry time.Duration) (*Stream, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	s := &Stream{w: w, control: http.NewResponseController(w)}
	w.WriteHeader(http.StatusOK)
	fmt.Fprintf(&s.buf, "retry: %d\n\n", retry.Milliseconds())
	return s, s.Flush()
}

// Event adds an event to what the next Flush sends. The id is what the client
// shows in Last-Event-ID when it comes back; empty for none.
func (s *Stream) Event(name, id string, data []byte) {
	fmt.Fprintf(&s.buf, "event: %s\n", name)
	if id != "" {
		fmt.Fprintf(&s.buf, "id: %s\n", id)
	}
	for line := range bytes.SplitSeq(bytes.TrimRight(data, "\r\n"), []byte("\n")) {
		s.buf.WriteString("data: ")
		s.buf.Write(bytes.ReplaceAll(line, []byte("\r"), nil))
		s.buf.WriteByte('\n')
	}
	s.buf.WriteByte('\n')
}

// Beat adds a comment, which keeps proxies from closing a quiet connection.
func (s *Stream) Beat() { s.buf.WriteString(":\n\n") }

// Flush sends what was added. An error means that the client is gone or too
// slow; the stream is over then.
func (s *Stream) Flush() error {
	// Not every writer has deadlines (HTTP/2 in tests); those that have not are
	// bounded by the server's own.
	_ = s.control.SetWriteDeadline(time.Now().Add(streamPatience))
	_, err := s.w.Write(s.buf.Bytes())
	s.buf.Reset()
	if err == nil {
		err = s.control.Flush()
	}
	if err != nil {
		return fmt.Errorf("sending events: %w", err)
	}
	return nil
}
