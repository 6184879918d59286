package app_test

import (
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestParseURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://example.com/mcp":                  "https://example.com/mcp",
		" https://example.com/mcp#top ":            "https://example.com/mcp",
		"http://[::1]:8080/mcp?profile=a":          "http://[::1]:8080/mcp?profile=a",
		"https://u:hunter2@example.com/":           "https://[redacted]@example.com/",
		"https://example.com/?api_key=hunter2&x=1": "https://example.com/?api_key=[redacted]&x=1",
		"example.com/mcp":                          "", "ftp://example.com": "", "https://": "", "http:///mcp": "", "": "", "hunter2": "", "https://e\x00": "",
		"https://example.com/" + strings.Repeat("a", 9000): "",
	} {
		srv, err := app.ParseURL(in)
		if (err != nil) != (want == "") || srv.Name != want {
			t.Errorf("%.60q is named %q, %v; want %q", in, srv.Name, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error repeats what was given: %v", err)
		}
	}
}

func TestParseCommandHidesSecrets(t *testing.T) {
	for want, argv := range map[string][]string{
		"npx -y @modelcontextprotocol/server-everything": {"npx", "-y", "@modelcontextprotocol/server-everything"},
		"srv --api-key [redacted] --port 80":             {"srv", "--api-key", "hunter2", "--port", "80"},
		"srv --token=[redacted] -v":                      {"srv", "--token=hunter2", "-v"},
		"env API_KEY=[redacted] srv":                     {"env", "API_KEY=hunter2", "srv"},
		"srv postgres://[redacted]@db.example/x":         {"srv", "postgres://u:hunter2@db.example/x"},
		"srv [redacted]":                                 {"srv", "hunter2hunter2hunter2hunter2"},
	} {
		srv := app.ParseCommand(argv, nil)
		if srv.Name != want {
			t.Errorf("%q is named %q, want %q", argv, srv.Name, want)
		}
	}
}

func TestPrivate(t *testing.T) {
	for url, want := range map[string][2]bool{ // loopback, private
		"http://localhost:1/": {true, true}, "http://LOCALHOST./": {true, true}, "http://a.localhost/": {true, true},
		"http://127.9.9.9/": {true, true}, "http://[::1]/": {true, true}, "http://[::ffff:127.0.0.1]/": {true, true},
		"http://10.1.2.3/": {false, true}, "http://192.168.0.1/": {false, true}, "http://[fd00::1]/": {false, true},
		"http://169.254.1.1/": {false, true}, "http://8.8.8.8/": {false, false}, "http://172.32.0.1/": {false, false},
		"http://localhost.example.com/": {false, false}, "http://127.0.0.1.example.com/": {false, false},
	} {
		srv := uptime.Server{URL: url}
		if got := [2]bool{app.Loopback(srv), app.Private(srv)}; got != want {
			t.Errorf("%s: loopback, private = %v, want %v", url, got, want)
		}
	}
	if !app.Loopback(app.ParseCommand([]string{"x"}, nil)) {
		t.Error("a child process is not on this machine")
	}
}

func TestOrigin(t *testing.T) {
	a, _ := app.ParseURL("https://Example.com/a")
	b, _ := app.ParseURL("https://example.com/b?x=1")
	c, _ := app.ParseURL("http://example.com/a")
	if app.Origin(a) != app.Origin(b) || app.Origin(a) == app.Origin(c) {
		t.Errorf("%s %s %s", app.Origin(a), app.Origin(b), app.Origin(c))
	}
}
