package mcpwire

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// conn2 speaks HTTP/2 (RFC 9113) on one connection, for the servers that offer
// nothing else. It costs a third more than HTTP/1.1 by hand.
type conn2 struct {
	nc    *countingConn
	cc    *http2.ClientConn //nolint:staticcheck // net/http's cannot take over a connection that was dialled and verified here
	timer *time.Timer

	mu     sync.Mutex
	cancel context.CancelCauseFunc // of the request in flight; guarded by mu
}

type countingConn struct {
	net.Conn
	read atomic.Int64
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

func newConn2(nc net.Conn, limits Limits) (roundTripper, error) {
	counted := &countingConn{Conn: nc}
	_ = nc.SetDeadline(time.Time{})                                                            // from here on contexts bound each request
	tr := &http2.Transport{DisableCompression: true, MaxHeaderListSize: uint32(limits.Header)} //nolint:staticcheck // see conn2
	cc, err := tr.NewClientConn(counted)                                                       //nolint:staticcheck // see conn2
	if err != nil {
		_ = nc.Close()
		return nil, &Fault{Kind: NotHTTP, Detail: "the server chose HTTP/2 and then did not speak it", Err: err}
	}
	return &conn2{nc: counted, cc: cc}, nil
}

func (c *conn2) roundTrip(ctx context.Context, req *request) (*response, error) {
	ctx = c.begin(ctx)
	hr, err := httpRequest(ctx, req)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	resp, err := c.cc.RoundTrip(hr) //nolint:bodyclose // the caller reads to the end, or closes the connection
	if err != nil {
		return nil, readFault(cause(ctx, err), false, time.Since(began))
	}
	out := &response{
		status: resp.StatusCode, header: fromHTTP(resp.Header), body: &body2{src: resp.Body, ctx: ctx},
		firstByte: time.Since(began), reusable: func() bool { return c.cc.CanTakeNewRequest() },
	}
	return out, nil
}

// begin makes the context of the next request, which ends the one before.
func (c *conn2) begin(ctx context.Context) context.Context {
	c.end(context.Canceled)
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, c.cancel = context.WithCancelCause(ctx)
	return ctx
}

// end ends the request in flight, if there is one.
func (c *conn2) end(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel(why)
	}
}

// cause replaces err by what ended the request, when something of ours did.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	return err
}

// body2 is a body whose errors say whether a deadline ended it.
type body2 struct {
	src io.Reader
	ctx context.Context //nolint:containedctx // the request's; only asked for what ended it
}

func (b *body2) Read(p []byte) (int, error) {
	n, err := b.src.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // io.Reader's contract is the bare value
		err = cause(b.ctx, err)
	}
	return n, err
}

func httpRequest(ctx context.Context, req *request) (*http.Request, error) {
	var body io.Reader
	if req.body != nil {
		body = bytes.NewReader(req.body)
	}
	hr, err := http.NewRequestWithContext(ctx, req.method, req.url.URL(), body)
	if err != nil {
		return nil, fault(NotHTTP, "the URL cannot be asked for over HTTP/2")
	}
	for _, f := range req.header {
		hr.Header.Add(f.Name, string(appendFieldValue(nil, f.Value)))
	}
	return hr, nil
}

func fromHTTP(h http.Header) Header {
	out := make(Header, 0, len(h))
	for name, values := range h {
		for _, v := range values {
			out = append(out, Field{Name: name, Value: v})
		}
	}
	return out
}

// setReadDeadline ends the request in flight at t; HTTP/2 cannot go on with it
// afterwards.
func (c *conn2) setReadDeadline(t time.Time) {
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if !t.IsZero() {
		c.timer = time.AfterFunc(time.Until(t), func() { c.end(os.ErrDeadlineExceeded) })
	}
}

// interrupt ends the request in flight, also when it began under another
// context, as a stream does.
func (c *conn2) interrupt() { c.end(os.ErrDeadlineExceeded) }

func (c *conn2) bytesRead() int64 { return c.nc.read.Load() }

func (c *conn2) close() {
	c.setReadDeadline(time.Time{})
	c.end(context.Canceled)
	_ = c.cc.Close()
}
