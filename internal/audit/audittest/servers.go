package audittest

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// Keep answers a request that shall not come to what stands behind a gate, and
// reports whether it did.
type Keep func(http.ResponseWriter, *http.Request) bool

// Gate returns the origin of a server in front of another one, at any path that ends
// in /mcp. Nobody may show a token to a gate with a nil keep.
func Gate(tb testing.TB, to string, keep Keep) string {
	tb.Helper()
	behind, err := url.Parse(to)
	if err != nil {
		tb.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.URL, r.Out.Host = behind, behind.Host },
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	return serve(tb, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasSuffix(r.URL.Path, "/mcp"):
			http.NotFound(w, r)
		case keep == nil && ShowsToken(r):
			tb.Errorf("a token came to %s, which has none", r.URL.Path)
		case keep == nil || !keep(w, r):
			proxy.ServeHTTP(w, r)
		}
	})
}

// serve returns the origin of a server that ends with the test.
func serve(tb testing.TB, handle http.HandlerFunc) string {
	tb.Helper()
	s := httptest.NewUnstartedServer(handle)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	tb.Cleanup(s.Close)
	return s.URL
}

// ShowsToken reports whether a request has a credential.
func ShowsToken(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || r.Header.Get("X-Api-Key") != ""
}

// Says answers everybody.
func Says(status int, body string) Keep {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, body, status)
		return true
	}
}

// Refuses answers those who show a token.
func Refuses(status int) Keep {
	return func(w http.ResponseWriter, r *http.Request) bool {
		return ShowsToken(r) && Says(status, "no")(w, r)
	}
}

// Wall returns a proxy (HTTP CONNECT) through which some addresses, as
// 127.0.0.1:1234, cannot be reached.
func Wall(tb testing.TB, never ...string) string {
	tb.Helper()
	return serve(tb, func(w http.ResponseWriter, r *http.Request) {
		to, err := netip.ParseAddrPort(r.Host)
		if r.Method != http.MethodConnect || err != nil || slices.Contains(never, to.String()) {
			http.Error(w, "no way", http.StatusBadGateway)
			return
		}
		out, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", to.String())
		if err != nil {
			http.Error(w, "refused", http.StatusBadGateway)
			return
		}
		in, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_ = out.Close()
			return
		}
		_, _ = io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
	})
}

// Changing returns the origin of a server that lists another tool each time.
func Changing(tb testing.TB) string {
	tb.Helper()
	var lists atomic.Int64
	id := regexp.MustCompile(`"id":("[^"]*"|[0-9]+)`)
	return serve(tb, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		asked := string(body)
		answer := `"error":{"code":-32601,"message":"Method not found"}`
		switch {
		case strings.Contains(asked, `"notifications/`):
			w.WriteHeader(http.StatusAccepted)
			return
		case strings.Contains(asked, `"initialize"`):
			answer = `"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"changing","version":"1"}}`
		case strings.Contains(asked, `"tools/list"`):
			answer = fmt.Sprintf(`"result":{"tools":[{"name":"t%d","description":"Changes.","inputSchema":{"type":"object"}}]}`, lists.Add(1))
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0",%s,%s}`, id.FindString(asked), answer)
	})
}
