package mcpwire

import (
	"bytes"
	"context"
	"net/url"
	"time"
)

// EventStream speaks the deprecated HTTP+SSE transport (revision 2024-11-05): a
// GET opens a stream whose first event names the URL that requests are POSTed
// to, and answers arrive on the stream. It is for one goroutine at a time.
type EventStream struct {
	opt    Options
	get    *Streamable // only dials and holds the stream's connection
	post   *Streamable
	reply  *reply
	events *eventReader
}

// NewEventStream returns a client that has not connected yet.
func NewEventStream(opt Options) *EventStream {
	return &EventStream{opt: opt, get: NewStreamable(opt)}
}

// Dialed is the report of the stream's connection.
func (e *EventStream) Dialed() DialReport { return e.get.Dialed }

// Dial connects without asking for the stream yet.
func (e *EventStream) Dial(ctx context.Context) *Fault { return e.get.Dial(ctx) }

// BytesRead counts what came over all connections, without TLS.
func (e *EventStream) BytesRead() int64 {
	if e.post == nil {
		return e.get.BytesRead()
	}
	return e.get.BytesRead() + e.post.BytesRead()
}

// Close ends the session by closing the stream.
func (e *EventStream) Close() {
	e.get.Close()
	if e.post != nil {
		e.post.Close()
	}
}

// SetVersion sets the revision that is sent with each request from now on.
func (e *EventStream) SetVersion(v string) { e.post.Version = v }

// Open asks for the stream and waits at most patience for its first event, which
// must name the endpoint. The stream lives as long as ctx. Without a fault the
// Answer's status may still be an error.
func (e *EventStream) Open(ctx context.Context, patience time.Duration) (*Answer, *Fault) {
	if f := e.get.Dial(ctx); f != nil {
		return &Answer{}, f
	}
	began := time.Now()
	e.reply = &reply{conn: e.get.conn, limits: e.opt.Dialer.opt.Limits, began: began}
	req := &request{method: "GET", url: e.opt.Target, header: e.streamHeader()}
	stop := context.AfterFunc(ctx, e.get.conn.interrupt)
	defer stop()
	err := e.open(ctx, req, patience)
	e.reply.ans.Took = time.Since(began)
	f := e.get.faulted(ctx, err, e.reply.resp != nil, time.Since(began))
	e.opt.Record.add(began, req, e.reply, f)
	return &e.reply.ans, f
}

func (e *EventStream) streamHeader() Header {
	h := Header{{"User-Agent", e.opt.UserAgent}, {"Accept", "text/event-stream"}, {"Accept-Encoding", "identity"}}
	return append(h, e.opt.Header...)
}

func (e *EventStream) open(ctx context.Context, req *request, patience time.Duration) error {
	x := e.reply
	resp, err := x.conn.roundTrip(ctx, req)
	if err != nil {
		return err
	}
	x.resp = resp
	x.ans.Status, x.ans.Header, x.ans.FirstByte = resp.status, resp.header, resp.firstByte
	if resp.status != 200 {
		return x.readRest()
	}
	if mt := mediaType(resp.header.Get("Content-Type")); mt != "text/event-stream" {
		return fault(HTML, "a GET brought %s instead of an event stream", orNone(mt))
	}
	body, notes, err := decoded(resp, x.limits.Body)
	if err != nil {
		return err
	}
	x.ans.Notes = notes
	x.conn.setReadDeadline(time.Now().Add(patience))
	defer x.conn.setReadDeadline(time.Time{})
	e.events = newEventReader(body, x.limits.Body)
	return e.endpoint()
}

// endpoint reads the first event and derives the URL for POSTs from it.
func (e *EventStream) endpoint() error {
	ev, err := e.events.next()
	switch {
	case isTimeout(err):
		return &Fault{Kind: Endpoint, Detail: "the stream opened, but its endpoint event never came", Err: err}
	case err != nil:
		return &Fault{Kind: Endpoint, Detail: "the stream ended before its endpoint event", Err: err}
	case ev.name != "endpoint":
		return fault(Endpoint, "the stream's first event is %s, not endpoint", printable(ev.name, 40))
	}
	e.reply.ans.Body = bytes.Clone(ev.data)
	target, err := e.resolve(string(bytes.TrimSpace(ev.data)))
	if err != nil {
		return err
	}
	opt := e.opt
	opt.Target = target
	e.post = NewStreamable(opt)
	return nil
}

// resolve takes the endpoint relative to the stream's URL. Another origin is
// refused: credentials would travel there.
func (e *EventStream) resolve(ref string) (Target, error) {
	t := e.opt.Target
	base, err := url.Parse(t.URL())
	if err != nil {
		return Target{}, fault(Endpoint, "the stream's own URL cannot be parsed")
	}
	u, err := base.Parse(ref)
	if err != nil || ref == "" {
		return Target{}, fault(Endpoint, "the endpoint event holds no URL: %s", printable(ref, 60))
	}
	target, err := ParseTarget(u)
	if err != nil {
		return Target{}, fault(Endpoint, "the endpoint event's URL is unusable: %s", err)
	}
	if !target.SameOrigin(t) {
		return Target{}, fault(Endpoint, "the endpoint event names another origin (%s); clients refuse that", printable(u.Scheme+"://"+u.Host, 80))
	}
	return target, nil
}

// Call posts a request and waits for its answer on the stream.
func (e *EventStream) Call(ctx context.Context, c Call) (*Answer, *Fault) {
	body := encodeRequest(c.ID, c.Method, c.Params)
	began := time.Now()
	ans, f := e.post.exchange(ctx, "POST", e.post.header(c.Method, ""), body, (*reply).readRest)
	if f != nil || ans.Status > 299 {
		return ans, f
	}
	if ans.Message.IsResponse() && sameID(ans.Message.ID, c.ID) {
		return ans, nil // some servers answer the POST itself
	}
	return e.await(ctx, c.ID, began)
}

// await reads the stream until the answer to id is there.
func (e *EventStream) await(ctx context.Context, id int, began time.Time) (*Answer, *Fault) {
	x := &reply{conn: e.reply.conn, limits: e.reply.limits, began: began, resp: &response{}}
	x.ans.Status, x.ans.Stream = 200, true
	stop := context.AfterFunc(ctx, x.conn.interrupt)
	defer stop()
	deadline, _ := ctx.Deadline()
	x.conn.setReadDeadline(deadline)
	err := x.readEvents(e.events, id)
	e.events.data = nil // what was read is the answer's now
	x.ans.Took = time.Since(began)
	f := e.get.faulted(ctx, err, true, x.ans.Took)
	e.opt.Record.add(time.Now(), nil, x, f)
	return &x.ans, f
}

// Notify posts a notification.
func (e *EventStream) Notify(ctx context.Context, method string) (*Answer, *Fault) {
	return e.post.Notify(ctx, method)
}

// readEvents reads until one event answers id.
func (x *reply) readEvents(er *eventReader, id int) error {
	var foreign *Fault
	for range x.limits.Events {
		ev, err := er.next()
		if err != nil {
			return endOfStream(err, foreign)
		}
		done, f := x.takeEvent(ev, id)
		switch {
		case done:
			x.cut = ev.cut
			return nil
		case f != nil && f.Kind == IDMismatch:
			foreign = f
		case f != nil:
			return f
		}
	}
	return fault(NoAnswer, "%d events and no answer among them", x.limits.Events)
}

// SetHeader replaces the fields that are sent with every request.
func (e *EventStream) SetHeader(h Header) {
	e.opt.Header = h
	e.get.SetHeader(h)
	if e.post != nil {
		e.post.SetHeader(h)
	}
}
