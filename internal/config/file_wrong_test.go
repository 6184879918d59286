package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// surroundings has two variables, one of them unfit for a header.
func surroundings(name string) (string, bool) {
	value, ok := map[string]string{"TOKEN": "s3cr3t", "TWO_LINES": "s3cr3t\nx", "EMPTY": ""}[name]
	return value, ok
}

const oneServer = "servers: [{url: https://a.example/mcp}]\n"

// TestProblems holds what is said about each fault, and where. A case without
// servers is given one.
func TestProblems(t *testing.T) {
	tests := []struct{ name, yaml, want string }{
		{"no mapping", "- a\n", "1:1: the file must hold keys"},
		{"empty", "", "the file must hold keys"},
		{"only comments", "# nothing\n", "the file must hold keys"},
		{"syntax", "listen: [a\n", "1:"},
		{"tab", "probe:\n\ttimeout: 5s\n", "2:1: a tab stands in the indentation"},
		{"second document", oneServer + "---\nlisten: x\n", "a second document begins here"},
		{"twice", "listen: :1\nlisten: :2\n", `2:1: "listen" is written twice`},
		{"unknown key", "lisen: :80\n", "1:1: lisen: there is no such key; did you mean listen?"},
		{"unknown key below", "servers:\n  - url: https://a.example/mcp\n    intervall: 5s\n", "3:5: servers[0].intervall: there is no such key; did you mean interval?"},
		{"nothing near", "zzzzzz: 1\n", "here can be: listen, data"},
		{"no value", "listen:\n", "listen: nothing stands here"},
		{"block wanted", "probe: 5\n", "probe: here must be keys with values, such as timeout"},
		{"list wanted", "regions: local\n", "regions: here must be a list"},
		{"text wanted", "listen: [a]\n", "here must be a text"},
		{"word", "log: {level: warning}\n", "1:14: log.level: this can be debug, info, warn or error"},
		{"bool", "metrics: {per_server: yes}\n", "here must be true or false"},
		{"whole number", "probe: {attempts: 1.5}\n", "here must be a whole number from 1 to 3"},
		{"number too great", "probe: {max_per_host: 1e9}\n", "from 1 to 256"},
		{"duration without unit", "probe: {timeout: 15}\n", "such as 15s"},
		{"duration", "probe: {timeout: soon}\n", "here must be a duration with a unit"},
		{"duration range", "servers: [{url: https://a.example/mcp, interval: 4s}]\n", "1:50: servers[0].interval: here must be a duration from 5s to 24h"},
		{"interval too long", "defaults: {interval: 25h}\n", "defaults.interval: here must be a duration from 5s to 24h"},
		{"huge duration", "retention: {days: 999999999999y}\n", "here must be a duration with a unit"},
		{"listen", "listen: nowhere\n", "here must be HOST:PORT"},
		{"pprof", "pprof: x\n", "here must be HOST:PORT"},
		{"pprof for all", "pprof: 0.0.0.0:6060\n", "warning: pprof: others can reach the profiler"},
		{"reference", "reference_endpoints: [a, b]\n", "reference_endpoints[0]: here must be HOST:PORT"},
		{"one reference", "reference_endpoints: [a.example:443]\n", "name two endpoints"},
		{"base url", "base_url: status.example.com\n", "here must be an http or https URL"},
		{"base url query", "base_url: https://x.example?a=b\n", "has no query"},
		{"a proxy's name", "trusted_proxies: [proxy.example]\n", "trusted_proxies[0]: here must be an address or a network"},
		{"a proxy with a port", "trusted_proxies: 127.0.0.1:80\n", "here must be an address or a network"},
		{"everybody is a proxy", "trusted_proxies: [127.0.0.1, ::/0]\n", "trusted_proxies[1]: this trusts everybody"},
		{"IPv4 within IPv6", "trusted_proxies: ['::ffff:0.0.0.0/96']\n", "here must be an address or a network"},
		{"too many proxies", "trusted_proxies: [" + strings.Repeat("10.0.0.1,", 65) + "]\n", "at most 64"},
		{"region id", "regions: [{id: EU}]\n", "an id has lower-case letters"},
		{"region twice", "regions: [{id: a}, {id: a}]\n", "1:25: regions[1].id: a region of this id stands in line 1"},
		{"region without id", "regions: [{city: London}]\n", "id is missing"},
		{"egress", "regions: [{id: a, egress: ftp://x}]\n", "here must be a proxy such as socks5://"},
		{"unknown region", "regions: [{id: local}]\nservers: [{url: https://a.example/mcp, regions: [locl]}]\n", `2:50: servers[0].regions[0]: there is no region "locl"; did you mean local?`},
		{"accent", "branding: {accent: red}\n", "here must be a colour"},
		{"logo type", "branding: {logo: x.exe}\n", "ends in .svg"},
		{"logo missing", "branding: {logo: x.svg}\n", "there is no such file"},
		{"no place", "servers: [{name: a}]\n", "add url: https://example.com/mcp, or command"},
		{"two places", "servers: [{name: a, url: https://a.example, command: x}]\n", "not both"},
		{"args of url", "servers: [{url: https://a.example, args: [x]}]\n", "this is for a command"},
		{"transport of command", "servers: [{name: a, command: x, transport: sse}]\n", "speaks over stdio"},
		{"headers of command", "servers: [{name: a, command: x, headers: {A: b}}]\n", "is given secrets by env"},
		{"nameless command", "servers: [{command: x}]\n", "a server with a command needs a name"},
		{"environment name", "servers: [{name: a, command: x, env: {A-B: c}}]\n", "no name of an environment variable"},
		{"url", "servers: [{url: ftp://a.example}]\n", "1:17: servers[0].url: here must be an http or https URL"},
		{"empty url", "servers: [{name: a, url: \"\"}]\n", "the text is empty"},
		{"url fragment", "servers: [{url: \"https://a.example/#x\"}]\n", "has no fragment"},
		{"url user", "servers: [{url: \"https://u:s3cr3t@a.example/\"}]\n", "warning: servers[0].url: a name or password stands in the URL"},
		{"url secret", "servers: [{url: \"https://a.example/?api_key=s3cr3t\"}]\n", "warning: servers[0].url: the query holds what looks like a secret"},
		{"slug", "servers: [{slug: A b, url: https://a.example}]\n", "such as a-b"},
		{"no slug", "servers: [{name: ÄÖ, url: https://a.example}]\n", "no slug can be made of the name"},
		{"slug twice", "servers:\n  - {slug: a, url: https://a.example}\n  - {slug: a, url: https://b.example}\n", "3:12: servers[1].slug: the slug a is that of the server in line 2 already"},
		{"name in two lines", "servers: [{name: \"a\\nb\", url: https://a.example}]\n", "one line"},
		{"control character", "servers: [{name: \"a\\x07b\", url: https://a.example}]\n", "a control character"},
		{"variable not set", credential("type: bearer, token: env:NOPE"), "the environment variable NOPE is not set"},
		{"variable empty", credential("type: bearer, token: env:EMPTY"), "the environment variable EMPTY is not set"},
		{"variable name", credential("type: bearer, token: \"env:A B\""), "after env: must stand the name"},
		{"variable of two lines", credential("type: bearer, token: env:TWO_LINES"), "must be one line of text"},
		{"secret file", credential("type: bearer, token: file:nope"), "there is no such file"},
		{"secret folder", credential("type: bearer, token: file:."), "this is no regular file"},
		{"credential type", credential("type: baerer, token: env:TOKEN"), "did you mean bearer?"},
		{"credential incomplete", credential("type: client_credentials, client_id: x"), "client_secret is missing"},
		{"credential too much", credential("type: bearer, token: env:TOKEN, key: env:TOKEN"), "does not use this"},
		{"certificate", credential("type: mtls, certificate: env:TOKEN, key: env:TOKEN"), "not a pair in PEM"},
		{"expires", credential("type: bearer, token: env:TOKEN, expires: tomorrow"), "as in RFC 3339"},
		{"header name", "servers: [{url: https://a.example, headers: {\"a b\": x}}]\n", "no name of a header"},
		{"canary", "servers: [{url: https://a.example, canary: {arguments: {}}}]\n", "tool is missing"},
		{"canary arguments", "servers: [{url: https://a.example, canary: {tool: x, arguments: [a]}}]\n", "here must be names with values"},
		{"assertion", "servers: [{url: https://a.example, canary: {tool: x, expect: [nonsense]}}]\n", "canary.expect[0]: no assertion"},
		{"completion", "servers: [{url: https://a.example, completion: {argument: x}}]\n", "give prompt or resource"},
		{"baseline", "servers: [{url: https://a.example, baseline: nope.json}]\n", "alivemcp snapshot URL > FILE writes one"},
		{"slo", "servers: [{url: https://a.example, slo: 100}]\n", "from 1 to 99.999"},
		{"window backwards", window("from: 2026-10-02T00:00:00Z, to: 2026-10-01T00:00:00Z"), "the window ends before it begins"},
		{"window without end", window("from: 2026-10-02T00:00:00Z"), "add to:"},
		{"window with two ends", window("from: 2026-10-02T00:00:00Z, to: 2026-10-03T00:00:00Z, for: 1h"), "not both"},
		{"window too long", window("from: 2026-10-02T00:00:00Z, to: 2027-10-03T00:00:00Z"), "longer than 90 days"},
		{"window time", window("from: 2026-10-02 00:00, for: 1h"), "as in RFC 3339"},
		{"window server", window("from: 2026-10-02T00:00:00Z, for: 1h, servers: [a-exampl]"), "did you mean a-example?"},
		{"window group", window("from: 2026-10-02T00:00:00Z, for: 1h, groups: [x]"), `there is no group "x"`},
		{"windows alike", oneServer + "windows:\n  - {name: w, from: 2026-10-02T00:00:00Z, for: 1h}\n  - {name: w, from: 2026-10-02T00:00:00Z, for: 2h}\n", "the window in line 3"},
		{"sink", "sinks: [{name: a}]\n", "type is missing"},
		{"sinks alike", "sinks: [{name: a, type: command, command: x}, {name: a, type: command, command: x}]\n", "a sink of this name"},
		{"include", "servers_from: [nope.yaml]\n", "there is no such file"},
		{"include of none", "servers_from: [\"nope/*.yaml\"]\n", "warning: servers_from[0]: no file matches"},
		{"no servers", "listen: :80\n", "warning: there are no servers"},
		{"alias", "listen: *nothing\n", "1:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name != "no servers" && tt.name != "no mapping" && strings.Contains(tt.yaml, ":") && !strings.Contains(tt.yaml, "servers:") {
				tt.yaml += oneServer
			}
			name := filepath.Join(t.TempDir(), "alivemcp.yaml")
			_, problems := config.Parse(name, []byte(tt.yaml), config.Options{Lookup: surroundings, Assertion: noAssertion})
			text := said(problems, name)
			if len(problems) == 0 || !strings.Contains(text, tt.want) {
				t.Errorf("said:\n%swant: %s", text, tt.want)
			}
			if strings.Contains(text, "s3cr3t") {
				t.Errorf("a secret is told: %s", text)
			}
		})
	}
}

func credential(inside string) string {
	return "servers: [{url: https://a.example, credential: {" + inside + "}}]\n"
}

func window(inside string) string { return oneServer + "windows: [{name: w, " + inside + "}]\n" }

func noAssertion(string) (uptime.Assertion, error) {
	return uptime.Assertion{}, errors.New("no assertion")
}

// said joins problems, without the name of the file.
func said(problems config.Problems, name string) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(strings.TrimPrefix(strings.TrimPrefix(p.String(), name), ":") + "\n")
	}
	return strings.ReplaceAll(b.String(), name, "")
}

// TestAllAtOnce: one run names every problem, by line, and a bounded number.
func TestAllAtOnce(t *testing.T) {
	_, problems := config.Parse("x.yaml", []byte("windows: [{}]\nlog: {level: x}\nlisten: y\n"+oneServer), config.Options{})
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
	}
	if got := fmt.Sprint(lines); got != "[1 1 1 2 3]" {
		t.Errorf("problems in lines %s: %v", got, problems)
	}
	if problems.Err() == nil || strings.Count(problems.Err().Error(), "\n") != 4 {
		t.Errorf("Err() = %v", problems.Err())
	}
	_, problems = config.Parse("x.yaml", []byte("servers:\n"+strings.Repeat("  - {}\n", 1000)), config.Options{})
	if len(problems) != 201 || !strings.Contains(problems[200].Message, "800 more") {
		t.Errorf("%d problems, the last is %v", len(problems), problems[len(problems)-1])
	}
}

// TestBounds: what would cost more than it weighs is refused, quickly.
func TestBounds(t *testing.T) {
	bomb := "x-a: &a [" + strings.Repeat("b,", 1000) + "]\nx-b: &b [" + strings.Repeat("*a , ", 1000) + "]\nservers:\n" +
		strings.Repeat("  - {url: 'https://a.example', canary: {tool: x, arguments: {y: *b}}}\n", 20)
	merge := "x-a: &a {" + numbered("k%d: 1, ", 4000) + "}\nservers:\n" + strings.Repeat("  - {<<: *a}\n", 5000)
	deep := "servers: " + strings.Repeat("[", 100_000)
	chain := "x-0: &a0 {}\n" + numbered("x-%[1]d: &a%[1]d {y: *a%[2]d}\n", 4000) + "servers: [{url: 'https://a.example', canary: {tool: x, arguments: *a3999}}]\n"
	for name, yaml := range map[string]string{
		"aliases": bomb, "merge keys": merge, "depth": deep, "depth by aliases": chain,
		"size": strings.Repeat("#", 9<<20), "keys": numbered("k%d: 1\n", 100_000), "tokens": "a: [" + strings.Repeat("1,", 600_000) + "]",
	} {
		t.Run(name, func(t *testing.T) {
			if f, problems := config.Parse("x.yaml", []byte(yaml), config.Options{}); f != nil || len(problems) == 0 {
				t.Error("it was taken")
			} else {
				t.Log(problems[0])
			}
		})
	}
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := 1; i < n; i++ {
		if strings.Contains(format, "[2]") {
			fmt.Fprintf(&b, format, i, i-1)
		} else {
			fmt.Fprintf(&b, format, i)
		}
	}
	return b.String()
}

// TestUnreadable: a file that cannot be read is a problem like any other.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{filepath.Join(dir, "none.yaml"): "no such file", dir: "no regular file"} {
		if f, problems := config.Load(name, config.Options{}); f != nil || !strings.Contains(fmt.Sprint(problems), want) {
			t.Errorf("Load(%s) = %v, %v", name, f, problems)
		}
	}
}

// TestManySources reads secrets, a baseline and further servers, and names them.
func TestManySources(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"alivemcp.yaml": "defaults: {baseline: tools.json}\nservers_from: ['more/*.yaml']\nservers: [{url: https://a.example, credential: {type: bearer, token: file:token}}]\n",
		"token":         " s3cr3t \n", "tools.json": "[]",
		"more/1.yaml": "- {name: B, url: https://b.example, baseline: ''}\n",
		"more/2.yaml": "servers:\n  - {name: C, url: https://c.example}\n  - {slug: b, url: https://c.example, interval: 1s}\n",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	main := filepath.Join(dir, "alivemcp.yaml")
	_, problems := config.Load(main, config.Options{})
	want := "/more/2.yaml:3:12: servers[1].slug: the slug b is that of another server already, in line 1 of /more/1.yaml; give each its own\n" +
		"/more/2.yaml:3:49: servers[1].interval: here must be a duration from 5s to 24h\n"
	if got := strings.ReplaceAll(said(problems, main), dir, ""); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := os.WriteFile(filepath.Join(dir, "more/2.yaml"), []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, problems := config.Load(main, config.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	servers := f.ServersOf("default")
	if len(servers) != 2 || servers[0].Profile.Credential.Token.Reveal() != "s3cr3t" || string(servers[0].Profile.Baseline) != "[]" || servers[1].Profile.Baseline != nil {
		t.Errorf("servers: %+v", servers)
	}
	if len(f.Sources()) != 5 {
		t.Errorf("sources: %v", f.Sources())
	}
}
