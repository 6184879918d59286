package fake

import (
	"bytes"
	"io"
	"net/http"
)

// Client returns a client whose requests a handler answers, whatever their address:
// without a network, and so also before anybody serves.
func Client(h http.Handler) *http.Client { return &http.Client{Transport: within{h}} }

// within is a round trip that stays in this process.
type within struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t within) RoundTrip(req *http.Request) (*http.Response, error) {
	a := kept{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(&a, req)
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.header,
		Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()), Request: req,
	}, nil
}

// kept is an answer that is kept in place of being sent.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *kept) WriteHeader(status int) { k.status = status }

// Write implements http.ResponseWriter.
func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }

// answerOf returns the body that a handler would send.
func answerOf(h http.Handler, req *http.Request) []byte {
	a := kept{header: http.Header{}}
	h.ServeHTTP(&a, req)
	return a.body.Bytes()
}
