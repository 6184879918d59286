package registry_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const agent = "AliveMCP/test (+https://monitor.example)"

// wire is a transport that leads straight to a handler: time that is not real
// passes only while nothing waits for a real connection.
type wire struct{ http.Handler }

func (w wire) RoundTrip(req *http.Request) (res *http.Response, err error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	defer func() {
		if recover() != nil { // http.ErrAbortHandler
			res = rec.Result()
			res.Body = io.NopCloser(io.MultiReader(res.Body, broken{}))
		}
	}()
	w.ServeHTTP(rec, req)
	res = rec.Result()
	res.Request = req
	return res, nil
}

// broken is the end of a connection that was cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// direct returns a fetcher that asks a handler, at any address.
func direct(h http.Handler, change ...func(*registry.FetchOptions)) *registry.Fetcher {
	opt := registry.FetchOptions{Client: &http.Client{Transport: wire{h}}, UserAgent: agent, Backoff: time.Nanosecond}
	for _, c := range change {
		c(&opt)
	}
	return registry.NewFetcher(opt)
}

// served returns a fetcher of real connections, and the address of a handler.
func served(t *testing.T, h http.Handler) (*registry.Fetcher, string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return registry.NewFetcher(registry.FetchOptions{Client: &http.Client{}, UserAgent: agent, Backoff: time.Microsecond}), s.URL
}

// all reads a source to its end.
func all(ctx context.Context, s registry.Source, f *registry.Fetcher, since time.Time) (pages []*registry.Page, listings []uptime.Listing, err error) {
	err = s.Read(ctx, f, since, func(p *registry.Page) error {
		pages = append(pages, p)
		listings = append(listings, p.Listings...)
		return nil
	})
	return pages, listings, err
}

// of returns one of the known sources, with its address replaced.
func of(t *testing.T, id uptime.SourceID, change ...func(*registry.Config)) registry.Source {
	t.Helper()
	c := registry.Config{Base: map[uptime.SourceID]string{id: "http://registry.test"}}
	for _, one := range change {
		one(&c)
	}
	for _, s := range registry.Sources(c) {
		if s.ID() == id {
			return s
		}
	}
	t.Fatalf("there is no source %s", id)
	return nil
}

// urls are the addresses of listings.
func urls(listings []uptime.Listing) (out []string) {
	for _, l := range listings {
		out = append(out, l.URL)
	}
	return out
}

// site answers by path and query: texts, or handlers.
type site map[string]any

func (s site) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	for _, key := range []string{req.URL.RequestURI(), req.URL.Path} {
		switch what := s[key].(type) {
		case string:
			_, _ = io.WriteString(w, what)
			return
		case http.HandlerFunc:
			what(w, req)
			return
		}
	}
	http.NotFound(w, req)
}

// count counts requests by path.
type count struct {
	http.Handler
	n map[string]int
}

func counting(h http.Handler) *count { return &count{h, map[string]int{}} }

func (c *count) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	c.n[req.URL.Path]++
	c.Handler.ServeHTTP(w, req)
}

func (c *count) all() (sum int) {
	for _, n := range c.n {
		sum += n
	}
	return sum
}

func wantError(t *testing.T, what string, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: the error is %v, want one that says %q", what, err, words)
	}
}

func wantStatus(t *testing.T, err error, status int) *registry.StatusError {
	t.Helper()
	var e *registry.StatusError
	if !errors.As(err, &e) || e.Status != status {
		t.Fatalf("the error is %v, want status %d", err, status)
	}
	return e
}
