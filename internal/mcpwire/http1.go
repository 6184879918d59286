package mcpwire

import (
	"bytes"
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// request is one HTTP request. Path is the request target, Host goes into the
// Host field, Header holds everything else but the lengths.
type request struct {
	method string
	url    Target
	header Header
	body   []byte
}

// response is the head of an answer and the way to its body.
type response struct {
	status    int
	header    Header
	head      []byte // raw, for the transcript; nil over HTTP/2
	body      io.Reader
	firstByte time.Duration // from when the request had been written
	// reusable reports, after the body was read to its end, whether the
	// connection can take another request.
	reusable func() bool
}

// roundTripper is one connection that takes requests one after the other.
type roundTripper interface {
	roundTrip(ctx context.Context, req *request) (*response, error)
	// setReadDeadline shortens the wait for the next bytes; the zero time means
	// the context's deadline again.
	setReadDeadline(t time.Time)
	// interrupt ends the request in flight; it may be called from anywhere.
	interrupt()
	bytesRead() int64
	close()
}

// conn1 speaks HTTP/1.1 (RFC 9112) on one connection.
type conn1 struct {
	nc     net.Conn
	rd     reader
	limits Limits
	until  time.Time // deadline of the request in flight
	ended  atomic.Bool
}

// roundTrip writes the request and reads the head of its answer. The deadline of
// ctx stays in force for the body.
func (c *conn1) roundTrip(ctx context.Context, req *request) (*response, error) {
	c.until, _ = ctx.Deadline()
	if err := c.nc.SetDeadline(c.until); err != nil {
		return nil, readFault(err, false, 0)
	}
	c.keepEnded()
	began := time.Now()
	if err := c.write(req); err != nil {
		return nil, readFault(err, false, time.Since(began))
	}
	sent := time.Now()
	if err := c.rd.await(); err != nil {
		return nil, readFault(err, false, time.Since(began))
	}
	firstByte := time.Since(sent)
	resp, err := c.readHead(req.method)
	if err != nil {
		return nil, readFault(err, true, time.Since(sent))
	}
	resp.firstByte = firstByte
	return resp, nil
}

// write sends the request in one piece. Its buffer goes back before the wait for
// the answer begins.
func (c *conn1) write(req *request) error {
	buf := c.rd.pool.Get().(*[]byte)
	defer c.rd.pool.Put(buf)
	*buf = appendRequest((*buf)[:0], req)
	_, err := c.nc.Write(*buf)
	*buf = (*buf)[:min(cap(*buf), bufferSize)]
	return err
}

func (c *conn1) interrupt() {
	c.ended.Store(true)
	_ = c.nc.SetDeadline(past())
}

// keepEnded follows every deadline that is set: an interruption that came just
// before must not be undone by it.
func (c *conn1) keepEnded() {
	if c.ended.Load() {
		_ = c.nc.SetDeadline(past())
	}
}

func (c *conn1) setReadDeadline(t time.Time) {
	if t.IsZero() || !c.until.IsZero() && t.After(c.until) {
		t = c.until
	}
	_ = c.nc.SetReadDeadline(t)
	c.keepEnded()
}

func (c *conn1) bytesRead() int64 { return c.rd.total }

func (c *conn1) close() {
	c.rd.r = c.rd.w
	c.rd.release()
	_ = c.nc.Close()
}

// appendRequest appends the request as it goes on the wire. No Connection field
// is sent: the connection persists, which is HTTP/1.1's default.
func appendRequest(dst []byte, req *request) []byte {
	dst = append(dst, req.method...)
	dst = append(dst, ' ')
	dst = append(dst, req.url.Path...)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, req.url.authority...)
	for _, f := range req.header {
		dst = append(dst, "\r\n"...)
		dst = append(dst, f.Name...)
		dst = append(dst, ": "...)
		dst = appendFieldValue(dst, f.Value)
	}
	if req.body != nil {
		dst = append(dst, "\r\nContent-Length: "...)
		dst = strconv.AppendInt(dst, int64(len(req.body)), 10)
	}
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, req.body...)
}

// appendFieldValue leaves out what could end the field: values may come from
// the peer (its session id) and must not become further fields.
func appendFieldValue(dst []byte, v string) []byte {
	for i := range len(v) {
		if v[i] != '\r' && v[i] != '\n' && v[i] != 0 {
			dst = append(dst, v[i])
		}
	}
	return dst
}

// readHead reads heads until one is final.
func (c *conn1) readHead(method string) (*response, error) {
	for range c.limits.Interim + 1 {
		resp, minor, err := c.readOneHead()
		if err != nil {
			return nil, err
		}
		if resp.status == 101 {
			return nil, fault(NotHTTP, "the server switched to another protocol unasked")
		}
		if resp.status < 200 {
			continue
		}
		return resp, c.frame(resp, method, minor)
	}
	return nil, fault(NotHTTP, "the server sent more than %d interim answers and no final one", c.limits.Interim)
}

func (c *conn1) readOneHead() (*response, int, error) {
	line, err := c.rd.line(c.limits.Header)
	if err != nil {
		return nil, 0, err
	}
	status, minor, ok := parseStatusLine(line)
	if !ok {
		return nil, 0, fault(NotHTTP, "the answer is no HTTP: %s", printable(line, 60))
	}
	resp := &response{status: status, head: make([]byte, 0, 256)}
	resp.head = append(append(resp.head, line...), "\r\n"...)
	if err := c.readFields(resp); err != nil {
		return nil, 0, err
	}
	resp.header, err = parseFields(string(resp.head[len(line)+2:]))
	return resp, minor, err
}

// readFields reads the header section into resp.head.
func (c *conn1) readFields(resp *response) error {
	for fields := 0; ; fields++ {
		line, err := c.rd.line(c.limits.Header)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
		if fields >= c.limits.Fields || len(resp.head)+len(line) > c.limits.Header {
			return fault(HeaderLimit, "the answer's head has more than %d fields or %d KiB", c.limits.Fields, c.limits.Header>>10)
		}
		resp.head = append(append(resp.head, line...), "\r\n"...)
	}
}

// parseStatusLine reads "HTTP/1.x NNN reason".
func parseStatusLine(line []byte) (status, minor int, ok bool) {
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return 0, 0, false
	}
	n, ok := number(string(line[9:12]), 10)
	m, digit := number(string(line[7:8]), 10)
	if !ok || !digit || n < 100 || n > 599 {
		return 0, 0, false
	}
	return int(n), int(m), true
}

// number reads digits alone: no sign, no space.
func number(s string, base int) (int64, bool) {
	n, err := strconv.ParseInt(s, base, 63)
	return n, err == nil && s[0] != '+' && s[0] != '-'
}

// parseFields cuts a header section into fields. Folded lines (obsolete since
// RFC 7230) continue the field before.
func parseFields(section string) (Header, error) {
	h := make(Header, 0, strings.Count(section, "\r\n"))
	for line := range strings.SplitSeq(section, "\r\n") {
		if line == "" {
			continue
		}
		if (line[0] == ' ' || line[0] == '\t') && len(h) > 0 {
			h[len(h)-1].Value += " " + strings.TrimSpace(line)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t\x00") {
			return nil, fault(NotHTTP, "a line of the answer's head is no header field: %s", printable(line, 60))
		}
		h = append(h, Field{Name: name, Value: strings.Trim(value, " \t")})
	}
	return h, nil
}

// frame finds out how long the body is (RFC 9112 §6.3).
func (c *conn1) frame(resp *response, method string, minor int) error {
	keep := minor >= 1 && !hasToken(strings.Join(resp.header.Values("Connection"), ","), "close")
	b := &body1{rd: &c.rd, headerLimit: c.limits.Header}
	resp.body = b
	resp.reusable = func() bool { return keep && b.done && c.rd.r == c.rd.w }
	switch te := resp.header.Values("Transfer-Encoding"); {
	case method == "HEAD" || resp.status == 304:
		b.done = true
	case resp.status == 204:
		// Some servers announce a body all the same, and may send it.
		b.done, keep = true, keep && len(te) == 0 && strings.Trim(resp.header.Get("Content-Length"), "0") == ""
	case len(te) == 1 && strings.EqualFold(te[0], "chunked"):
		b.chunked = true
	case len(te) > 0:
		return fault(BadFraming, "the answer has a Transfer-Encoding that is not chunked: %s", printable(te[0], 40))
	default:
		return b.byLength(resp.header.Values("Content-Length"), &keep)
	}
	return nil
}

// byLength frames the body by Content-Length, or by the end of the connection.
func (b *body1) byLength(lengths []string, keep *bool) error {
	if len(lengths) == 0 {
		b.left, *keep = -1, false
		return nil
	}
	for _, l := range lengths {
		n, ok := number(l, 10)
		if !ok || l != lengths[0] {
			return fault(BadFraming, "the answer's Content-Length makes no sense: %s", printable(strings.Join(lengths, ", "), 60))
		}
		b.left = n
	}
	b.done = b.left == 0
	return nil
}

// body1 reads a body by its framing; io.EOF comes only at its proper end.
type body1 struct {
	rd          *reader
	chunked     bool
	left        int64 // of the body or the chunk; -1: until the connection ends
	inChunk     bool  // the line end behind a chunk is due
	last        bool  // the last chunk was read: the trailer is due
	extended    int   // bytes of chunk extensions so far
	trailed     int   // bytes of the trailer so far
	done        bool
	headerLimit int
}

func (b *body1) Read(p []byte) (int, error) {
	if b.done {
		return 0, io.EOF
	}
	if b.chunked && b.left == 0 {
		if err := b.nextChunk(); err != nil {
			return 0, unexpectedEOF(err)
		}
		if b.done {
			return 0, io.EOF
		}
	}
	if b.left > 0 && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.rd.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
		b.done = b.left == 0 && !b.chunked
		return n, unexpectedEOF(err)
	}
	b.done = err == io.EOF //nolint:errorlint // io.Reader's contract is the bare value
	return n, err
}

// nextChunk reads the line that starts a chunk; the last chunk ends the body.
func (b *body1) nextChunk() error {
	if b.last {
		return b.trailer()
	}
	if err := b.chunkEnd(); err != nil {
		return err
	}
	if err := b.rd.await(); err != nil {
		return err
	}
	line, err := b.rd.line(1 << 10)
	if err != nil {
		return err
	}
	sized, extension, _ := bytes.Cut(line, []byte(";"))
	if b.extended += len(extension); b.extended > b.headerLimit {
		return fault(HeaderLimit, "the answer's chunk extensions are longer than %d KiB", b.headerLimit>>10)
	}
	size := string(bytes.TrimSpace(sized))
	n, ok := number(size, 16)
	if !ok {
		return fault(BadFraming, "a chunk's size makes no sense: %s", printable(size, 40))
	}
	if n == 0 {
		b.last = true
		return b.trailer()
	}
	b.left, b.inChunk = n, true
	return nil
}

// chunkEnd reads the line end behind the chunk before. A wait that ran out can
// be taken up again.
func (b *body1) chunkEnd() error {
	if !b.inChunk {
		return nil
	}
	if err := b.rd.await(); err != nil {
		return err
	}
	line, err := b.rd.line(1)
	if len(line) != 0 || isFault(err) {
		return fault(BadFraming, "a chunk is longer than it said")
	}
	b.inChunk = err != nil
	return err
}

// trailer skips the trailer section.
func (b *body1) trailer() error {
	for b.trailed <= b.headerLimit {
		if err := b.rd.await(); err != nil {
			return err
		}
		line, err := b.rd.line(b.headerLimit)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			b.done = true
			return nil
		}
		b.trailed += len(line) + 1
	}
	return fault(HeaderLimit, "the answer's trailer is longer than %d KiB", b.headerLimit>>10)
}

func unexpectedEOF(err error) error {
	if err == io.EOF { //nolint:errorlint // io.Reader's contract is the bare value
		return io.ErrUnexpectedEOF
	}
	return err
}
