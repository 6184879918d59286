package public_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestTextHidesWhatIsNotForThePublic(t *testing.T) {
	hidden := map[string]string{
		"ipv4":      "dial tcp 203.0.113.9:443: refused",
		"ipv4 bare": "at 10.1.2.3.",
		"ipv6":      "dial [2001:db8::17]:443",
		"ipv6 full": "2001:db8:0:0:0:0:2:1 is down",
		"loopback":  "connect to ::1 failed",
		"as number": "routed over AS13335 today",
		"python":    "Traceback (most recent call last):\n  File \"/srv/app/main.py\", line 17, in <module>",
		"go":        "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:12 +0x1d",
		"node":      "Error: no\n    at Server.handle (/app/node_modules/x/index.js:10:7)",
		"node json": `{"error":"no\n    at Server.handle (/app/index.js:10:7)\n    at run (/app/run.js:2:1)"}`,
		"java":      "java.lang.X: no\n\tat com.example.Main.run(Main.java:42)",
	}
	secrets := regexp.MustCompile(`203\.0|10\.1\.2|2001:|::1|13335|main\.py|main\.go|index\.js|run\.js|Main\.java|goroutine|line 17`)
	for name, text := range hidden {
		if got := public.Text(text); secrets.MatchString(got) {
			t.Errorf("%s: the public reads %q", name, got)
		}
	}
	for _, text := range []string{
		"HTTP 503 after 2 retries", "protocol 2025-11-25", "at 14:02:31 UTC", "2026-03-01T14:02:31Z", "sha256:0a1b2c3d", "std::vector", "retry after 30 s",
	} {
		if got := public.Text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestExchangeHidesTheRoute(t *testing.T) {
	got := public.Exchange(uptime.Exchange{
		Request:  "POST /mcp HTTP/1.1\r\nHost: example.com\r\n\r\n{}",
		Response: "HTTP/1.1 502 Bad Gateway\r\nCF-RAY: 8a1b2c-LHR\r\nx-amz-cf-pop: FRA56-P4\r\nX-Served-By: cache-lhr1234\r\nVia: 1.1 varnish-7\r\nContent-Type: text/html\r\n\r\nno",
	})
	for _, private := range []string{"LHR", "FRA56", "lhr1234", "varnish-7"} {
		if strings.Contains(got.Response, private) {
			t.Errorf("the answer names %s: %q", private, got.Response)
		}
	}
	for _, kept := range []string{"502 Bad Gateway", "Content-Type: text/html", "CF-RAY: [hidden]"} {
		if !strings.Contains(got.Response, kept) {
			t.Errorf("the answer lost %q: %q", kept, got.Response)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"203.0.113.9", "[::1]:80", "a 2001:db8::1 b", "AS1 x", "goroutine 1 ["} {
		f.Add(seed)
	}
	address := regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, found := range address.FindAllString(public.Text(s), -1) {
			if _, err := netip.ParseAddr(found); err == nil {
				t.Errorf("%q still names %s", s, found)
			}
		}
	})
}

func TestURL(t *testing.T) {
	for raw, want := range map[string]string{
		"https://example.com/mcp":             "https://example.com/mcp",
		"https://example.com:8443/mcp?key=1#": "https://example.com:8443/mcp",
		"https://u:p@example.com/mcp":         "https://example.com/mcp",
		"http://127.0.0.1:9000/mcp":           "",
		"http://[2001:db8::1]/mcp":            "",
		"http://localhost:9000/mcp":           "",
		"http://intern/mcp":                   "",
		"":                                    "",
	} {
		if got := public.URL(raw); got != want {
			t.Errorf("%q is shown as %q, want %q", raw, got, want)
		}
	}
}
