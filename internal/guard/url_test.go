package guard_test

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/guard"
)

func TestCheckURLAccepts(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"https://example.com/mcp", "https://example.com/mcp"},
		{"HTTPS://EXAMPLE.com./mcp?key=a%20b", "https://example.com/mcp?key=a%20b"},
		{"https://example.com", "https://example.com"},
		{"https://example.com:0443/", "https://example.com:443/"},
		{"https://my_server.example.com/", "https://my_server.example.com/"},
		{"https://Bücher.example/", "https://xn--bcher-kva.example/"},
		{"https://bücher。example:8443/", "https://xn--bcher-kva.example:8443/"},
		{"https://1.1.1.1/mcp", "https://1.1.1.1/mcp"},
		{"https://[2606:4700:0::1111]:8443/mcp", "https://[2606:4700::1111]:8443/mcp"},
		{"https://[::FFFF:1.1.1.1]/mcp", "https://[::ffff:1.1.1.1]/mcp"},
		{"https://localhost:3000/mcp", "https://localhost:3000/mcp"},
		{"https://0x.example/", "https://0x.example/"},
		{"https://example.com/mcp?config=%7B%22a%22%3A1%7D", "https://example.com/mcp?config=%7B%22a%22%3A1%7D"},
		{"https://example.com/mcp?a[b]=c", "https://example.com/mcp?a[b]=c"},
	}
	for _, test := range tests {
		u, err := guard.CheckURL(test.raw, false)
		if err != nil {
			t.Errorf("%q: %v", test.raw, err)
		} else if u.String() != test.want {
			t.Errorf("%q: got %q, want %q", test.raw, u, test.want)
		}
	}
	if u, err := guard.CheckURL("http://localhost:3000/mcp", true); err != nil || u.Host != "localhost:3000" {
		t.Errorf("plain http: %v, %v", u, err)
	}
}

func TestCheckURLRefuses(t *testing.T) {
	long := strings.Repeat("a", 64)
	tests := map[string][]string{ // by a word of the error
		"8 KiB":        {"", "https://example.com/" + strings.Repeat("a", 8<<10)},
		"https://host": {"https://exa%6dple.com/", "https://example.com/%zz", "https://[::1", "https://[1.1.1.1]/", "https://example.com:https/", "://x", "https://a:1:2/"},
		"http://":      {"example.com/mcp", "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "//example.com/", "gopher://x"},
		"plain http":   {"http://example.com/"},
		"no valid host": {
			"https:", "https://", "https:///mcp", "https:example.com", "https://./", "https://a..b/",
			"https://exa$mple.com/", "https://%FF.example/", "https://" + long + ".example/", "https://example.com../", "https://:443/",
			"https://" + strings.Repeat("aaaaaaa.", 40) + "example/",
		},
		"credential": {"https://user:hunter2@example.com/", "https://hunter2@example.com/", "https://@example.com/"},
		"#fragment":  {"https://example.com/#hunter2", "https://example.com#"},
		"from 1":     {"https://example.com:0/", "https://example.com:65536/", "https://example.com:/", "https://example.com:99999999999999999999/"},
		"control":    {"https://example.com/a b", "https://example.com/\n", " https://example.com/", "https://example.com\\@evil.example/", "https://example.com/\xff", "https://example.com/\u0085", "https://exa\tmple.com/"},
		"zone":       {"https://[fe80::1%25eth0]/"},
		"unusual":    {"https://0x7f.1/", "https://2130706433/", "https://0177.0.0.1/", "https://127.1/", "https://127.0.0.1./", "https://0X7F000001/", "https://１２７.0.0.1/", "https://1.1.1.256/", "https://example.1/", "https://0x/"},
		"template":   {"https://{tenant}.example.com/", "https://example.com/{FIRECRAWL_API_KEY}/mcp", "${HOST_URL}/mcp", "https://example.com/%7Baccount_id%7D", "https://example.com/mcp?key=<YOUR_TOKEN>", "https://example.com/[YOUR_GENERATED_TOKEN]/mcp"},
	}
	for word, list := range tests {
		for _, raw := range list {
			u, err := guard.CheckURL(raw, false)
			if err == nil {
				t.Errorf("%.100q: accepted as %q", raw, u)
				continue
			}
			if !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%.100q: got %q, want %q in it", raw, err, word)
			}
			if errors.Is(err, guard.ErrTemplate) != (word == "template") {
				t.Errorf("%.100q: got %q", raw, err)
			}
		}
	}
}

// FuzzCheckURL: what is accepted has one meaning. Read again it is the same, a
// host that any program could take for an address is one in its usual form, and
// what is refused is never quoted.
func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{
		"https://example.com/mcp", "https://user:pass@example.com/", "https://[::ffff:127.0.0.1]:80/", "https://0x7f.1/",
		"http://127.0.0.1:3000/mcp", "https://Bücher.example./?a=b", "https://{x}.example/", "https://[fe80::1%25eth0]/",
		"https://１２７.0.0.1/", "https://example.com:/", "https:example.com", "https://a/%7bx%7D", "https://a//b/../c;d?e[f]=\"|",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := guard.CheckURL(raw, true)
		if err != nil {
			if len(raw) > 12 && strings.Contains(err.Error(), raw) {
				t.Errorf("%q is quoted: %v", raw, err)
			}
			return
		}
		if u.User != nil || u.Fragment != "" || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			t.Errorf("%q: accepted as %#v", raw, u)
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Host != u.Host {
			t.Errorf("%q: %q came back with %v, %v", raw, u, again, err)
		}
		checkLiteral(t, raw, u.Hostname())
		if len(u.String()) > 8<<10 {
			return
		}
		if checked, err := guard.CheckURL(u.String(), true); err != nil || checked.String() != u.String() {
			t.Errorf("%q: %q was checked again to %v, %v", raw, u, checked, err)
		}
	})
}

func checkLiteral(t *testing.T, raw, host string) {
	t.Helper()
	addr, err := netip.ParseAddr(host)
	if err != nil {
		if last := host[strings.LastIndexByte(host, '.')+1:]; strings.Trim(last, "0123456789") == "" {
			t.Errorf("%q: the name %q ends in a number", raw, host)
		}
		return
	}
	if addr.String() != host || addr.Zone() != "" {
		t.Errorf("%q: %q is %v", raw, host, addr)
	}
	if class(t, guard.Policy{}, addr) != class(t, guard.Policy{}, addr.Unmap()) {
		t.Errorf("%q: %v is judged in two ways", raw, addr)
	}
}
