package mcpwire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"time"
)

// Call is one JSON-RPC request.
type Call struct {
	ID     int
	Method string
	Params []byte // raw JSON object, or empty
	// Name is the tool, resource or prompt that the call is about: modern
	// revisions repeat it in the Mcp-Name field.
	Name string
	// Size is how long the answer is likely to be, in bytes; 0 when not known. It
	// saves growing a buffer and bounds nothing.
	Size int
}

// Answer is what a request brought. For statuses other than 2xx the body is
// kept, and read as a message when it is one.
type Answer struct {
	Status  int
	Header  Header
	Body    []byte  // the message as it came; or the body, when it is none
	Message Message // zero when the body is none
	Stream  bool    // it came as an event stream
	// FirstByte is from when the request had been written to the first byte of
	// the answer; Took is until the answer was complete.
	FirstByte, Took time.Duration
	Notes           []Note
}

// Options configure a connection to one server.
type Options struct {
	Dialer *Dialer
	Target Target
	// Header is sent with every request to Target's origin.
	Header Header
	// Certificate is shown to servers that ask for one.
	Certificate *tls.Certificate
	UserAgent   string
	// Client names us in clientInfo, as a JSON object.
	Client []byte
	// Record, when set, keeps what was said.
	Record *Recorder
}

// Streamable speaks the Streamable HTTP transport (revision 2025-03-26 and
// later) over one connection that it dials itself and, when the server drops
// it, dials again. It is for one goroutine at a time.
type Streamable struct {
	opt  Options
	conn roundTripper
	used bool // conn has carried a request

	// Version is the negotiated revision; it is sent with each request once set.
	Version string
	// Session is what the server called the session; empty when it did not.
	Session string
	// Modern adds to each request what revision 2026-07-28 asks for.
	Modern bool
	// Dialed is the report of the first connection.
	Dialed DialReport
	// Redials counts the connections after the first.
	Redials int
	// read counts the bytes read over connections that are closed.
	read int64
}

// NewStreamable returns a client that has not connected yet.
func NewStreamable(opt Options) *Streamable { return &Streamable{opt: opt} }

// Dial connects, so that the parts of connecting can be judged apart. Requests
// dial by themselves when there is no connection.
func (s *Streamable) Dial(ctx context.Context) *Fault {
	if s.conn != nil {
		return nil
	}
	conn, rep, err := s.opt.Dialer.dial(ctx, s.opt.Target, s.opt.Certificate)
	if s.Dialed == (DialReport{}) {
		s.Dialed = rep
	} else {
		s.Redials++
	}
	if err != nil {
		return s.faulted(ctx, err, false, 0)
	}
	s.conn, s.used = conn, false
	return nil
}

// Close drops the connection. It does not end the session: Delete does.
func (s *Streamable) Close() {
	if s.conn != nil {
		s.read += s.conn.bytesRead()
		s.conn.close()
		s.conn = nil
	}
}

// BytesRead counts what came over all connections, without TLS.
func (s *Streamable) BytesRead() int64 {
	if s.conn == nil {
		return s.read
	}
	return s.read + s.conn.bytesRead()
}

// Call sends a request and waits for its answer. A fault means that no usable
// answer came; the Answer is then what there was, possibly with Status 0.
func (s *Streamable) Call(ctx context.Context, c Call) (*Answer, *Fault) {
	body := encodeRequest(c.ID, c.Method, s.params(c.Params))
	return s.exchange(ctx, "POST", s.header(c.Method, c.Name), body, func(x *reply) error {
		x.size = c.Size
		return x.readAnswer(c.ID)
	})
}

// Notify sends a notification. The specification wants 202 without a body.
func (s *Streamable) Notify(ctx context.Context, method string) (*Answer, *Fault) {
	body := encodeRequest(-1, method, s.params(nil))
	return s.exchange(ctx, "POST", s.header(method, ""), body, (*reply).readRest)
}

// Delete ends the session.
func (s *Streamable) Delete(ctx context.Context) (*Answer, *Fault) {
	return s.exchange(ctx, "DELETE", s.header("", ""), nil, (*reply).readRest)
}

// params adds to params the _meta that modern revisions want in every request.
func (s *Streamable) params(params []byte) []byte {
	if !s.Modern {
		return params
	}
	out := append([]byte(nil), `{"_meta":{"io.modelcontextprotocol/protocolVersion":"`...)
	out = append(out, s.Version...)
	out = append(out, `","io.modelcontextprotocol/clientInfo":`...)
	out = append(out, s.opt.Client...)
	out = append(out, `,"io.modelcontextprotocol/clientCapabilities":{}}`...)
	members := bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(params), []byte("{")))
	if len(members) > 1 { // more than the closing brace
		out = append(out, ',')
		return append(out, members...)
	}
	return append(out, '}')
}

// header returns the fields of one request: those of every request, those of the
// revision, and the caller's.
func (s *Streamable) header(method, name string) Header {
	h := make(Header, 0, 7+len(s.opt.Header))
	h = append(h, Field{"User-Agent", s.opt.UserAgent}, Field{"Accept-Encoding", "identity"})
	if method != "" {
		h = append(h, Field{"Accept", "application/json, text/event-stream"}, Field{"Content-Type", "application/json"})
	}
	if s.Version != "" {
		h = append(h, Field{"MCP-Protocol-Version", s.Version})
	}
	if s.Modern && method != "" {
		h = append(h, Field{"Mcp-Method", method})
		if name != "" {
			h = append(h, Field{"Mcp-Name", headerText(name)})
		}
	}
	if s.Session != "" {
		h = append(h, Field{"Mcp-Session-Id", s.Session})
	}
	return append(h, s.opt.Header...)
}

// exchange does one request and answer, once more on a fresh connection when a
// connection that had been used turns out to be closed.
func (s *Streamable) exchange(ctx context.Context, method string, h Header, body []byte, read func(*reply) error) (*Answer, *Fault) {
	req := &request{method: method, url: s.opt.Target, header: h, body: body}
	for {
		if f := s.Dial(ctx); f != nil {
			return &Answer{}, f
		}
		reused := s.used
		ans, f := s.once(ctx, req, read)
		if f != nil && f.Kind == Reset && reused && ctx.Err() == nil {
			continue // the server had closed the idle connection; the fresh one decides
		}
		return ans, f
	}
}

// once does the exchange on the connection at hand.
func (s *Streamable) once(ctx context.Context, req *request, read func(*reply) error) (*Answer, *Fault) {
	conn := s.conn
	stop := context.AfterFunc(ctx, conn.interrupt)
	defer stop()
	s.used = true
	began := time.Now()
	x := &reply{conn: conn, limits: s.opt.Dialer.opt.Limits, began: began}
	resp, err := conn.roundTrip(ctx, req)
	if err == nil {
		x.resp = resp
		x.ans.Status, x.ans.Header, x.ans.FirstByte = resp.status, resp.header, resp.firstByte
		err = read(x)
	}
	if x.ans.Took == 0 {
		x.ans.Took = time.Since(began)
	}
	if interrupted := !stop(); err != nil || interrupted || !resp.reusable() {
		s.Close()
	} else if c1, ok := conn.(*conn1); ok {
		c1.rd.release()
	}
	f := s.faulted(ctx, err, resp != nil, time.Since(began))
	s.opt.Record.add(began, req, x, f)
	return &x.ans, f
}

// faulted makes a Fault of err, nil of nil.
func (s *Streamable) faulted(ctx context.Context, err error, answered bool, waited time.Duration) *Fault {
	if err == nil {
		return nil
	}
	f := readFault(err, answered, waited)
	if errors.Is(ctx.Err(), context.Canceled) {
		return &Fault{Kind: Canceled, Detail: "canceled", Err: f}
	}
	return f
}

// reply is one answer being read.
type reply struct {
	conn   roundTripper
	limits Limits
	resp   *response
	ans    Answer
	began  time.Time
	cut    bool // the answer's event was cut, but whole
	size   int  // expected
}

func (x *reply) note(id, detail string) {
	x.ans.Notes = append(x.ans.Notes, Note{ID: id, Detail: detail})
}

// errorBody bounds the body of an answer that is an error, or that is not
// looked into.
const errorBody = 256 << 10

// readRest reads a body that no message is expected in.
func (x *reply) readRest() error {
	body, notes, err := decoded(x.resp, x.limits.Body)
	if err != nil {
		return err
	}
	x.ans.Notes = append(x.ans.Notes, notes...)
	if mediaType(x.resp.header.Get("Content-Type")) == "text/event-stream" {
		return x.abandonStream()
	}
	x.ans.Body, err = readBody(body, x.promised(errorBody), errorBody)
	if msg, f := ParseMessage(x.ans.Body); f == nil || msg.Error != nil {
		x.ans.Message = msg
	}
	return err
}

// abandonStream ends an event stream that nothing is expected from.
func (x *reply) abandonStream() error {
	x.ans.Stream = true
	x.drain()
	return nil
}

// readAnswer reads the answer to the request with that id.
func (x *reply) readAnswer(id int) error {
	if s := x.resp.status; s < 200 || s > 299 {
		return x.readRest()
	}
	body, notes, err := decoded(x.resp, x.limits.Body)
	if err != nil {
		return err
	}
	x.ans.Notes = append(x.ans.Notes, notes...)
	mt := mediaType(x.resp.header.Get("Content-Type"))
	if mt == "text/event-stream" {
		return x.readStream(body, id)
	}
	return x.readMessage(body, id, mt)
}

// promised is how long the body is likely to be: what Content-Length says, else
// what the caller expects; 0 when nobody knows.
func (x *reply) promised(limit int) int {
	if b, ok := x.resp.body.(*body1); ok && b.left > 0 && !b.chunked {
		return int(min(b.left, int64(limit)))
	}
	return min(x.size, limit)
}

// readMessage reads an answer that is one message.
func (x *reply) readMessage(body io.Reader, id int, mediaType string) error {
	raw, err := readBody(body, x.promised(x.limits.Body), x.limits.Body)
	x.ans.Body = raw
	x.ans.Took = time.Since(x.began)
	if err != nil {
		return err
	}
	if f := x.checkType(mediaType, raw, id); f != nil {
		return f
	}
	return x.take(raw, id)
}

// checkType holds the Content-Type of a 2xx answer against its body.
func (x *reply) checkType(mt string, raw []byte, id int) error {
	text := bytes.TrimSpace(raw)
	switch {
	case len(text) == 0 && x.resp.status == 202:
		return fault(Accepted, "the request was answered 202 without an answer")
	case len(text) == 0:
		return fault(EmptyBody, "status %d with an empty body", x.resp.status)
	case mt == "application/json" || strings.HasSuffix(mt, "+json"):
		return nil
	}
	msg, bad := ParseMessage(raw)
	switch answers := bad == nil && msg.IsResponse() && sameID(msg.ID, id); {
	case answers && mt == "":
		x.note(NoteNoContentType, "the answer has no Content-Type")
		return nil
	case answers:
		return fault(ContentType, "the answer is labelled %s; clients accept only application/json and text/event-stream", printable(mt, 40))
	case mt == "" && (text[0] == '{' || text[0] == '['):
		return bad.orNil()
	}
	if mt == "text/html" || text[0] == '<' && !strings.Contains(mt, "xml") {
		return fault(HTML, "status %d with an HTML page instead of JSON-RPC", x.resp.status)
	}
	return fault(HTML, "status %d with something other than MCP (%s): %s", x.resp.status, orNone(mt), printable(text, 60))
}

// orNil keeps a nil *Fault from becoming a non-nil error.
func (f *Fault) orNil() error {
	if f == nil {
		return nil
	}
	return f
}

func orNone(s string) string {
	if s == "" {
		return "no Content-Type"
	}
	return printable(s, 40)
}

// take parses raw and accepts it when it answers id.
func (x *reply) take(raw []byte, id int) error {
	msg, f := ParseMessage(raw)
	x.ans.Message = msg
	switch {
	case f != nil:
		return f
	case !msg.IsResponse():
		return fault(BadEnvelope, "the server answered the request with a message of its own (%s)", printable(msg.Method, 40))
	case sameID(msg.ID, id):
		return nil
	case msg.unaddressed():
		return nil
	}
	return fault(IDMismatch, "the answer carries the id %s, the request had %d", printable(msg.ID, 40), id)
}

// readStream reads events until one answers id. Whatever else comes is legal
// before the answer: priming events, notifications, comments.
func (x *reply) readStream(body io.Reader, id int) error {
	x.ans.Stream = true
	er := newEventReader(body, x.limits.Body)
	// HTTP/2 and a decoder cannot go on after a deadline.
	if _, ok := x.conn.(*conn1); ok && body == x.resp.body {
		er.patience = x.patience
	}
	if err := x.readEvents(er, id); err != nil {
		return err
	}
	return x.finishStream()
}

// patience shortens the wait for the next bytes, and ends that.
func (x *reply) patience(brief bool) {
	var t time.Time
	if brief {
		t = time.Now().Add(blankLinePatience)
	}
	x.conn.setReadDeadline(t)
}

// endOfStream says why a stream ended without the answer.
func endOfStream(err error, foreign *Fault) error {
	switch {
	case foreign != nil && !isTimeout(err):
		return foreign
	case errors.Is(err, io.EOF):
		return fault(NoAnswer, "the event stream ended without the answer")
	case isTimeout(err):
		return &Fault{Kind: NoAnswer, Detail: "the event stream stayed open without the answer", Err: err}
	}
	return err
}

// takeEvent looks at one event; it reports whether it was the answer.
func (x *reply) takeEvent(ev event, id int) (bool, *Fault) {
	if ev.name == "endpoint" {
		return false, fault(LegacyStream, "the POST was answered like the GET of the old HTTP+SSE transport")
	}
	if ev.name != "message" || len(bytes.TrimSpace(ev.data)) == 0 {
		return false, nil
	}
	msg, f := ParseMessage(ev.data)
	switch {
	case f != nil && ev.cut:
		return false, fault(Unterminated, "the event stream was cut in the middle of an event")
	case f != nil:
		return false, f
	case msg.IsRequest():
		x.note(NoteServerRequest, "the server sent a request of its own: "+printable(msg.Method, 60))
		return false, nil
	case !msg.IsResponse():
		return false, nil
	case !sameID(msg.ID, id) && !msg.unaddressed():
		x.note(NoteForeignAnswer, "an answer with the id "+printable(msg.ID, 40)+" came first")
		return false, fault(IDMismatch, "the stream's answer carries the id %s, the request had %d", printable(msg.ID, 40), id)
	}
	x.ans.Message, x.ans.Body = msg, ev.data
	return true, nil
}

// finishStream lets the stream end, which it should right after the answer.
func (x *reply) finishStream() error {
	x.ans.Took = time.Since(x.began)
	if x.cut {
		x.note(NoteUnterminatedFrame, "the last event lacks the blank line that ends it")
	}
	if !x.cut && !x.drain() {
		x.note(NoteStreamNotClosed, "the stream stayed open after the answer")
	}
	return nil
}

// drainTime is how long a stream is given to end after its answer.
const drainTime = 250 * time.Millisecond

// drain reads the rest of the body; it reports whether it ended.
func (x *reply) drain() bool {
	x.conn.setReadDeadline(time.Now().Add(drainTime))
	defer x.conn.setReadDeadline(time.Time{})
	_, err := io.Copy(io.Discard, io.LimitReader(x.resp.body, errorBody))
	if err != nil {
		return false
	}
	n, err := x.resp.body.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, io.EOF)
}

// Fetch gets a document that is not MCP, such as OAuth metadata or a health
// URL, over this connection. Only the fields given are sent, besides User-Agent.
// The body is kept up to 256 KiB and read as whatever it is; redirects are not
// followed.
func (s *Streamable) Fetch(ctx context.Context, method string, h Header, body []byte) (*Answer, *Fault) {
	fields := append(Header{{"User-Agent", s.opt.UserAgent}, {"Accept-Encoding", "identity"}}, h...)
	return s.exchange(ctx, method, fields, body, (*reply).readDocument)
}

// readDocument reads a body as it is.
func (x *reply) readDocument() error {
	body, notes, err := decoded(x.resp, x.limits.Body)
	if err != nil {
		return err
	}
	x.ans.Notes = append(x.ans.Notes, notes...)
	x.ans.Body, err = readBody(body, 0, errorBody)
	return err
}

// SetHeader replaces the fields that are sent with every request.
func (s *Streamable) SetHeader(h Header) { s.opt.Header = h }
