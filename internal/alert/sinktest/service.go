// Package sinktest is what the tests of all sinks share: a service that answers
// as scripted, notices of every kind, hostile ones too, and the rules that every
// payload must obey.
package sinktest

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Request is what a service has received.
type Request struct {
	Method string
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte
}

// Reply is how a service answers.
type Reply struct {
	Status int // zero means 200
	Header http.Header
	Body   string
	// Cut closes the connection after the request was read, without an answer: it
	// was taken, and nobody knows.
	Cut bool
	// Slow waits with the answer until the client gives up.
	Slow bool
}

// Accept is a reply with a body.
func Accept(status int, body string) Reply { return Reply{Status: status, Body: body} }

// TooMany is a 429 that asks to wait; an empty after asks for nothing.
func TooMany(after, body string) Reply {
	r := Reply{Status: http.StatusTooManyRequests, Body: body, Header: http.Header{}}
	if after != "" {
		r.Header.Set("Retry-After", after)
	}
	return r
}

// Burst is n replies in a row of one status, such as 503.
func Burst(status, n int) []Reply {
	out := make([]Reply, n)
	for i := range out {
		out[i] = Reply{Status: status, Body: "upstream at 10.9.8.7 is broken"}
	}
	return out
}

// Cut takes the request and closes the connection.
func Cut() Reply { return Reply{Cut: true} }

// Slow never answers in time.
func Slow() Reply { return Reply{Slow: true} }

// Huge answers with a megabyte.
func Huge(status int) Reply {
	return Reply{Status: status, Body: strings.Repeat("a", 1<<20)}
}

// Redirect sends elsewhere.
func Redirect(to string) Reply {
	return Reply{Status: http.StatusTemporaryRedirect, Header: http.Header{"Location": {to}}}
}

// Service is a service of others, on loopback. It is safe for concurrent use.
type Service struct {
	URL string

	mu     sync.Mutex
	script []Reply
	always func(Request) Reply
	seen   []Request
	quit   chan struct{}
}

// NewService starts a service that ends with the test. It answers what was
// scripted, and then as always does; nil answers 200 with an empty object.
func NewService(tb testing.TB, always func(Request) Reply) *Service {
	tb.Helper()
	if always == nil {
		always = func(Request) Reply { return Reply{Body: "{}"} }
	}
	s := &Service{always: always, quit: make(chan struct{})}
	server := httptest.NewServer(s)
	tb.Cleanup(func() { close(s.quit); server.CloseClientConnections(); server.Close() })
	s.URL = server.URL
	return s
}

// Script adds replies that come before all others, in this order.
func (s *Service) Script(replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, replies...)
}

// Requests returns what was received, oldest first.
func (s *Service) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.seen...)
}

// Last returns the newest request; it fails the test when there is none.
func (s *Service) Last(tb testing.TB) Request {
	tb.Helper()
	seen := s.Requests()
	if len(seen) == 0 {
		tb.Fatal("the service has received nothing")
	}
	return seen[len(seen)-1]
}

// Count counts the requests by key: a key that counts more than one came twice.
func (s *Service) Count(key func(Request) string) map[string]int {
	out := map[string]int{}
	for _, r := range s.Requests() {
		out[key(r)]++
	}
	return out
}

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	reply := s.next(Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header.Clone(), Body: body})
	switch {
	case reply.Cut:
		panic(http.ErrAbortHandler)
	case reply.Slow:
		select {
		case <-r.Context().Done():
		case <-s.quit:
		}
		return
	}
	write(w, reply)
}

func (s *Service) next(r Request) Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, r)
	if len(s.script) == 0 {
		return s.always(r)
	}
	reply := s.script[0]
	s.script = s.script[1:]
	return reply
}

func write(w http.ResponseWriter, reply Reply) {
	maps.Copy(w.Header(), reply.Header)
	if reply.Status != 0 {
		w.WriteHeader(reply.Status)
	}
	io.WriteString(w, reply.Body) //nolint:errcheck // the client may have gone
}

// Client returns a client that may dial loopback.
func Client(tb testing.TB) *post.Client {
	tb.Helper()
	c := post.New(post.Options{Policy: guard.Policy{AllowPrivate: true}, UserAgent: "AliveMCP-test"})
	tb.Cleanup(c.Close)
	return c
}

// At returns the service's URL with a path, as a sink is given it.
func (s *Service) At(path string) uptime.Secret { return uptime.Secret(s.URL + path) }
