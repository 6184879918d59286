package e2e_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"testing"
)

const sessionHeader = "Mcp-Session-Id"

// recorder is a reverse proxy that notes which sessions a server gave out and
// which of them the client gave back.
type recorder struct {
	URL string

	mu            sync.Mutex
	posts         int
	opened, ended []string
}

// record puts a recorder in front of the server at target.
func record(t *testing.T, target string) *recorder {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	rec := &recorder{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host
			r.Out.Host = "" // the servers check it
		},
		FlushInterval:  -1, // event streams must not be held back
		ModifyResponse: rec.note,
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	front := httptest.NewUnstartedServer(proxy)
	front.Config.ErrorLog = log.New(io.Discard, "", 0)
	front.Start()
	t.Cleanup(front.Close)
	rec.URL = front.URL + to.RequestURI()
	return rec
}

func (rec *recorder) note(res *http.Response) error {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	sent, got := res.Request.Header.Get(sessionHeader), res.Header.Get(sessionHeader)
	if res.Request.Method == http.MethodPost {
		rec.posts++
	}
	if sent == "" && got != "" {
		rec.opened = append(rec.opened, got)
	}
	if res.Request.Method == http.MethodDelete {
		rec.ended = append(rec.ended, sent)
	}
	return nil
}

// requests is the number of POST requests that were answered.
func (rec *recorder) requests() int {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.posts
}

// verifySessions fails the test unless every session was ended, once, and
// nothing else was.
func (rec *recorder) verifySessions(t *testing.T, stateful bool) {
	t.Helper()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if got := len(rec.opened) > 0; got != stateful {
		t.Errorf("sessions opened: %q, stateful: %t", rec.opened, stateful)
	}
	if !slices.Equal(rec.opened, rec.ended) {
		t.Errorf("opened the sessions %q, ended %q", rec.opened, rec.ended)
	}
}
