package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/alivemcp/alivemcp/internal/web"
)

// TestBehind: only trusted proxies say who the client is, and a client cannot
// write himself another address.
func TestBehind(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("fd00::/64")}
	for name, c := range map[string]struct {
		peer string
		said []string
		want string
	}{
		"no proxy":                  {"203.0.113.7:4711", []string{"198.51.100.1"}, "203.0.113.7:4711"},
		"a proxy":                   {"127.0.0.1:4711", []string{"198.51.100.1"}, "198.51.100.1:0"},
		"a proxy that says nothing": {"127.0.0.1:4711", nil, "127.0.0.1:4711"},
		"a proxy that says unknown": {"127.0.0.1:4711", []string{"unknown"}, "127.0.0.1:4711"},
		"two proxies":               {"127.0.0.1:4711", []string{"198.51.100.1, 10.0.0.9"}, "198.51.100.1:0"},
		"two header lines":          {"127.0.0.1:4711", []string{"198.51.100.1", "10.0.0.9"}, "198.51.100.1:0"},
		"forged before":             {"127.0.0.1:4711", []string{"192.0.2.1, 198.51.100.1"}, "198.51.100.1:0"},
		"forged as a proxy":         {"127.0.0.1:4711", []string{"10.0.0.5, 198.51.100.1, 10.0.0.9"}, "198.51.100.1:0"},
		"junk before the proxy":     {"127.0.0.1:4711", []string{"x, 10.0.0.9"}, "10.0.0.9:0"},
		"with a port":               {"127.0.0.1:4711", []string{"198.51.100.1:99"}, "198.51.100.1:0"},
		"IPv6":                      {"[fd00::1]:4711", []string{"[2001:db8::7]:99"}, "[2001:db8::7]:0"},
		"IPv6 bare":                 {"[fd00::1]:4711", []string{"2001:db8::7"}, "[2001:db8::7]:0"},
		"IPv4 in IPv6":              {"[::ffff:127.0.0.1]:4711", []string{"::ffff:198.51.100.1"}, "198.51.100.1:0"},
		"only proxies":              {"127.0.0.1:4711", []string{"10.0.0.8, 10.0.0.9"}, "10.0.0.8:0"},
		"empty":                     {"127.0.0.1:4711", []string{","}, "127.0.0.1:4711"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			h := web.Behind(proxies, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr }))
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = c.peer
			r.Header["X-Forwarded-For"] = c.said
			h.ServeHTTP(httptest.NewRecorder(), r)
			if got != c.want {
				t.Errorf("the client is %s, want %s", got, c.want)
			}
			if r.RemoteAddr != c.peer {
				t.Errorf("the peer of the connection became %s", r.RemoteAddr)
			}
		})
	}
}

// FuzzBehind: whatever is claimed, the client is an address, and the peer's own when
// nothing could be read.
func FuzzBehind(f *testing.F) {
	f.Add("198.51.100.1, 10.0.0.9")
	f.Add(",,,")
	f.Add("[::1%eth0]:5, ::1")
	f.Fuzz(func(t *testing.T, said string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = "127.0.0.1:4711"
		r.Header.Set("X-Forwarded-For", said)
		web.Behind([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if _, err := netip.ParseAddrPort(r.RemoteAddr); err != nil {
				t.Error(err)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	})
}
