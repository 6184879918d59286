package endpoint_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestCleanWithoutForm: what is no address can hold a password all the same.
func TestCleanWithoutForm(t *testing.T) {
	for raw, want := range map[string]string{
		"https:/ann:hunter2@a.b.dev/mcp":             "https:/a.b.dev/mcp",
		"https:///ann:hunter2@a.b.dev/mcp":           "https:///a.b.dev/mcp",
		"https:ann:hunter2@a.b.dev/mcp":              "a.b.dev/mcp",
		"//ann:hunter2@a.b.dev/mcp":                  "//a.b.dev/mcp",
		"https:\\\\ann:hunter2@a.b.dev\\mcp":         "a.b.dev\\mcp",
		"https://a.b.dev/mcp?api%5Fkey=hunter2":      "https://a.b.dev/mcp?api%5Fkey={api%5Fkey}",
		"https://a.b.dev/mcp?x=1;token=hunter2":      "https://a.b.dev/mcp?x=1;token={token}",
		"https://a.b.dev/mcp?next=1?api_key=hunter2": "https://a.b.dev/mcp?next=1?api_key={api_key}",
		"https://server.smithery.ai/@ann/thing/mcp":  "https://server.smithery.ai/@ann/thing/mcp",
		"https://a.b.dev/npm:thing@1.2/mcp":          "https://a.b.dev/npm:thing@1.2/mcp",
		"https://a.b.dev/mcp?filter=a;b":             "https://a.b.dev/mcp?filter=a;b",
	} {
		if got := endpoint.Clean(raw); got != want {
			t.Errorf("%s is shown as %s, want %s", raw, got, want)
		}
	}
}

// TestManyVariables: values cannot make an address endless, and what it becomes does
// not hang on their order.
func TestManyVariables(t *testing.T) {
	long := uptime.Listing{URL: "https://a.b.dev/" + strings.Repeat("{a}", 300_000), Variables: map[string]string{"a": strings.Repeat("x", 200)}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	endpoint.Of(&long)
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("a long template takes %d bytes", grown)
	}
	keys := map[uptime.EndpointKey]bool{}
	for range 50 {
		l := uptime.Listing{URL: "https://a.b.dev/{a}{b}/mcp", Variables: map[string]string{"a": "1", "b": "2", "a}{b": "3", "b}/mcp": "4"}}
		keys[endpoint.Of(&l).Key] = true
	}
	if len(keys) != 1 {
		t.Errorf("one listing is %d endpoints", len(keys))
	}
}

// TestUnseen: what is not seen in an address is not shown as it is.
func TestUnseen(t *testing.T) {
	for raw, want := range map[string]string{
		"https://a.b.dev/mcp?x=\u202egpj.exe": "https://a.b.dev/mcp?x=%E2%80%AEgpj.exe",
		"https://a.b.dev/mcp?x=\u00e4":        "https://a.b.dev/mcp?x=%C3%A4",
		"https://a.b.dev/\u202egpj":           "https://a.b.dev/%E2%80%AEgpj",
		"gopher\u202e://x":                    "gopher%E2%80%AE://x",
	} {
		e := of(raw)
		if shown := endpoint.Clean(raw); e.URL != want || strings.ContainsRune(shown, '\u202e') {
			t.Errorf("%q is %s and shown as %s, want %s", raw, e.URL, shown, want)
		}
	}
}

// TestPortsOfOthers: nobody makes us talk to mail servers.
func TestPortsOfOthers(t *testing.T) {
	for port, want := range map[string]uptime.EndpointKind{
		"22": uptime.EndpointJunk, "25": uptime.EndpointJunk, "587": uptime.EndpointJunk, "0025": uptime.EndpointJunk, "6379": uptime.EndpointJunk, "9100": uptime.EndpointJunk,
		"80": uptime.EndpointRemote, "443": uptime.EndpointRemote, "1024": uptime.EndpointRemote, "3000": uptime.EndpointRemote, "8443": uptime.EndpointRemote, "65535": uptime.EndpointRemote,
	} {
		if got := of("https://a.b.dev:" + port + "/mcp"); got.Kind != want || (got.Why == "") != (want == uptime.EndpointRemote) {
			t.Errorf("port %s is %s (%s), want %s", port, got.Kind, got.Why, want)
		}
	}
}
