package mcpwire

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// conn2 speaks HTTP/2 (RFC 9113) on one connection, for the servers that offer
// nothing else. It costs a third more than HTTP/1.1 by hand.
type conn2 struct {
	nc     *countingConn
	cc     *http2.ClientConn
	cancel context.CancelFunc // of the request in flight
	timer  *time.Timer
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
	_ = nc.SetDeadline(time.Time{}) // from here on contexts bound each request
	tr := &http2.Transport{DisableCompression: true, MaxHeaderListSize: uint32(limits.Header)}
	cc, err := tr.NewClientConn(counted)
	if err != nil {
		_ = nc.Close()
		return nil, &Fault{Kind: NotHTTP, Detail: "the server chose HTTP/2 and then did not speak it", Err: err}
	}
	return &conn2{nc: counted, cc: cc}, nil
}

func (c *conn2) roundTrip(ctx context.Context, req *request) (*response, error) {
	ctx, c.cancel = context.WithCancel(ctx)
	began := time.Now()
	resp, err := c.cc.RoundTrip(httpRequest(ctx, req))
	if err != nil {
		return nil, readFault(err, false, time.Since(began))
	}
	out := &response{
		status: resp.StatusCode, header: fromHTTP(resp.Header), body: resp.Body,
		firstByte: time.Since(began), reusable: func() bool { return c.cc.CanTakeNewRequest() },
	}
	return out, nil
}

func httpRequest(ctx context.Context, req *request) *http.Request {
	scheme := "http"
	if req.url.Secure {
		scheme = "https"
	}
	path, query, _ := strings.Cut(req.url.Path, "?")
	hr := &http.Request{
		Method: req.method, Header: http.Header{},
		URL:  &url.URL{Scheme: scheme, Host: req.url.authority, Opaque: "", Path: path, RawQuery: query},
		Host: req.url.authority,
	}
	for _, f := range req.header {
		hr.Header.Add(f.Name, string(appendFieldValue(nil, f.Value)))
	}
	if req.body != nil {
		hr.ContentLength = int64(len(req.body))
		hr.Body = io.NopCloser(bytes.NewReader(req.body))
	}
	return hr.WithContext(ctx)
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
	if !t.IsZero() && c.cancel != nil {
		c.timer = time.AfterFunc(time.Until(t), c.cancel)
	}
}

// interrupt does nothing: contexts end requests here.
func (c *conn2) interrupt() {}

func (c *conn2) bytesRead() int64 { return c.nc.read.Load() }

func (c *conn2) close() {
	c.setReadDeadline(time.Time{})
	if c.cancel != nil {
		c.cancel()
	}
	_ = c.cc.Close()
}
