package show_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); if that is meant, run with -update:\n%s", name, diff)
	}
}

const msec = time.Millisecond

func started() time.Time { return time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC) }

// live is a modern server as it should be, but for one warning.
func live() show.Check {
	return show.Check{
		Target: "https://example.com/mcp", State: uptime.Live, Grade: "B", Attempts: 1,
		Result: uptime.Result{
			Started: started(), Region: "local", Transport: uptime.StreamableHTTP, Era: uptime.Modern,
			Version: "2026-07-28", ServerName: "weather", ServerVer: "1.4.2", Capabilities: []string{"prompts", "tools"},
			Access: uptime.AccessOpen,
			Steps: []uptime.StepResult{
				{Name: uptime.StepDNS, Status: uptime.StepPass, Took: 1200 * time.Microsecond},
				{Name: uptime.StepTCP, Status: uptime.StepPass, Took: 8100 * time.Microsecond},
				{Name: uptime.StepTLS, Status: uptime.StepPass, Took: 12100 * time.Microsecond},
				{Name: uptime.StepDiscover, Status: uptime.StepPass, Took: 18900 * time.Microsecond},
				{Name: uptime.StepTools, Status: uptime.StepPass, Took: 22400 * time.Microsecond},
				{Name: uptime.StepClose, Status: uptime.StepSkip, Detail: "modern servers have no session"},
			},
			Timings: uptime.Timings{
				DNS: 1200 * time.Microsecond, TCP: 8100 * time.Microsecond, TLS: 12100 * time.Microsecond,
				FirstByte: 18 * msec, Handshake: 18900 * time.Microsecond, Tools: 22400*time.Microsecond + 499, Total: 62700 * time.Microsecond,
			},
			Tools: &uptime.ToolSet{Count: 13, Hash: "sha256:aa11", ContractHash: "sha256:1f3a", Bytes: 9312, Tokens: 2400, Pages: 1},
			TLS:   &uptime.TLSInfo{NotAfter: started().Add(61*24*time.Hour + time.Hour), Issuer: "Let's Encrypt R11", Version: "TLS 1.3"},
			Findings: []uptime.Finding{{
				ID: "session_not_deleted", Severity: uptime.SeverityWarn,
				Message: "the server kept our session after DELETE and answered the next request in it as if nothing had happened",
				Spec:    "2025-11-25 basic/transports, Session Management",
			}},
			Transcript: []uptime.Exchange{{
				At: 21 * msec, Took: 18 * msec,
				Request:  "POST /mcp HTTP/1.1\nAuthorization: [redacted]\n\n{\"method\":\"server/discover\"}",
				Response: "HTTP/1.1 200 OK\n\n{\"result\":{}}",
			}},
		},
	}
}

func down() show.Check {
	failure := &uptime.Failure{Cause: uptime.BadJSON, Step: uptime.StepTools, Detail: "tools/list answered with <html> where JSON must be", Effect: uptime.Down}
	return show.Check{
		Target: "https://broken.example/mcp", State: uptime.Down, Why: failure.Detail, Failure: failure, Grade: "F", Attempts: 3,
		Result: uptime.Result{
			Started: started(), Region: "local", Transport: uptime.StreamableHTTP, Era: uptime.Legacy, Version: "2025-11-25",
			Access: uptime.AccessOpen, Failure: failure,
			Steps: []uptime.StepResult{
				{Name: uptime.StepTCP, Status: uptime.StepPass, Took: 300 * time.Microsecond},
				{Name: uptime.StepInitialize, Status: uptime.StepPass, Took: 120 * msec},
				{Name: uptime.StepTools, Status: uptime.StepFail, Took: 4 * time.Second, Detail: failure.Detail},
			},
			Timings: uptime.Timings{TCP: 300 * time.Microsecond, Handshake: 120 * msec, Tools: 4 * time.Second, Total: 4120 * msec},
		},
	}
}

func unknown() show.Check {
	failure := &uptime.Failure{Cause: uptime.RateLimited, Step: uptime.StepInitialize, Detail: "429, retry after 30 s", Effect: uptime.Unknown}
	return show.Check{
		Target: "https://busy.example/mcp", Why: failure.Detail, Failure: failure, Attempts: 1,
		Result: uptime.Result{Started: started(), Failure: failure},
	}
}

func walled() show.Check {
	return show.Check{
		Target: "https://walled.example/mcp", State: uptime.Live, Grade: "A", Attempts: 1,
		Result: uptime.Result{
			Started: started(), Region: "local", Transport: uptime.StreamableHTTP, Access: uptime.AccessWalled,
			Steps:   []uptime.StepResult{{Name: uptime.StepAuth, Status: uptime.StepPass, Took: 31 * msec, Detail: "401 with a chain that holds"}},
			Timings: uptime.Timings{Total: 90 * msec},
			Auth: &uptime.AuthChain{
				Status: 401, Challenge: "Bearer", ResourceMetadata: "https://walled.example/.well-known/oauth-protected-resource/mcp",
				AuthorizationServer: "https://auth.example", TokenEndpoint: "https://auth.example/token",
				Scopes: []string{"mcp"}, PKCE: true, Registration: []string{"dcr"},
			},
		},
	}
}

func render(t *testing.T, f show.Format, st show.Style, checks ...show.Check) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := show.Write(&b, f, checks, st); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	rich := show.Style{Unicode: true, Width: 100, Transcript: true}
	for name, got := range map[string][]byte{
		"live.txt":          render(t, show.Text, show.Style{Unicode: true}, live()),
		"live-ascii.txt":    render(t, show.Text, show.Style{}, live()),
		"live-rich.txt":     render(t, show.Text, rich, live()),
		"down.txt":          render(t, show.Text, show.Style{Unicode: true}, down()),
		"walled.txt":        render(t, show.Text, show.Style{Unicode: true}, walled()),
		"several.txt":       render(t, show.Text, show.Style{Unicode: true, Width: 100}, live(), down(), walled()),
		"live.json":         render(t, show.JSON, show.Style{}, live()),
		"down-walled.json":  render(t, show.JSON, show.Style{Transcript: true}, down(), walled()),
		"several.junit.xml": render(t, show.JUnit, show.Style{}, live(), down(), unknown()),
		"several.github":    render(t, show.GitHub, show.Style{}, live(), down(), unknown()),
		"several.md":        render(t, show.Markdown, show.Style{}, live(), down()),
		"empty-result.json": render(t, show.JSON, show.Style{}, show.Check{Target: "x"}),
	} {
		golden(t, name, got)
	}
}

func TestColourOnlyWhenAsked(t *testing.T) {
	if out := render(t, show.Text, show.Style{Unicode: true}, live(), down()); bytes.ContainsRune(out, 0x1b) {
		t.Errorf("escapes without colour:\n%q", out)
	}
	out := render(t, show.Text, show.Style{Unicode: true, Color: true}, down())
	if !bytes.Contains(out, []byte("\x1b[31m✗ DOWN\x1b[0m")) {
		t.Errorf("no red word:\n%q", out)
	}
}

func TestASCIIWhenAsked(t *testing.T) {
	odd := live()
	odd.Result.ServerName = "wëather 天気"
	for _, r := range string(render(t, show.Text, show.Style{}, odd, down(), walled())) {
		if r > 126 {
			t.Errorf("%q is not ASCII", r)
		}
	}
}

// hostile is a server that tries to take over the reader.
func hostile() show.Check {
	evil := "a\x1b[2J\x1b]0;owned\x07b\u202egnp.exe\u2066\u200b\x9b31m\r\n::error::fake\x00\xff ]]> <script>alert(1)</script> | `x` @all " + strings.Repeat("A", 20_000)
	c := down()
	c.Target, c.Why = evil, evil
	c.Failure.Detail = evil
	r := &c.Result
	r.ServerName, r.ServerVer, r.Version, r.Capabilities = evil, evil, evil, []string{evil}
	r.Steps = append(r.Steps, uptime.StepResult{Name: uptime.StepAuth, Status: uptime.StepFail, Detail: evil})
	r.Findings = []uptime.Finding{{ID: "x", Severity: uptime.SeverityFail, Message: evil, Spec: evil}}
	r.Auth = &uptime.AuthChain{Challenge: evil, AuthorizationServer: evil, Scopes: []string{evil}, Broken: evil}
	r.TLS = &uptime.TLSInfo{Issuer: evil}
	r.Transcript = []uptime.Exchange{{Request: evil, Response: evil}}
	return c
}

func TestHostileTextIsTame(t *testing.T) {
	for _, f := range []show.Format{show.Text, show.JSON, show.JUnit, show.GitHub, show.Markdown} {
		out := render(t, f, show.Style{Unicode: true, Transcript: true}, hostile(), hostile())
		for _, r := range string(out) {
			if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf) || r == 0 {
				t.Errorf("%s: %U got through", f, r)
			}
		}
		if len(out) > 200_000 {
			t.Errorf("%s: %d bytes for two checks", f, len(out))
		}
	}
}

func TestJSONShape(t *testing.T) {
	var one map[string]any
	if err := json.Unmarshal(render(t, show.JSON, show.Style{}, show.Check{}), &one); err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"capabilities", "steps", "findings"} {
		if _, ok := one[list].([]any); !ok {
			t.Errorf("%s is %v, want an empty list", list, one[list])
		}
	}
	for _, name := range []string{"failure", "tools", "tls", "auth"} {
		if v, ok := one[name]; !ok || v != nil {
			t.Errorf("%s is %v, want null", name, v)
		}
	}
	var none []any
	if err := json.Unmarshal(render(t, show.JSON, show.Style{}), &none); err != nil || none == nil {
		t.Errorf("no checks: %v %v, want []", none, err)
	}
}

func TestAdviceForEveryCause(t *testing.T) {
	seen := map[string]uptime.Cause{}
	for _, c := range uptime.Causes() {
		a := show.Advice(c)
		if a == "" || strings.ContainsAny(a, "\n") {
			t.Errorf("%s: advice %q", c, a)
		}
		if other, ok := seen[a]; ok {
			t.Errorf("%s and %s share an advice", c, other)
		}
		seen[a] = c
	}
	if a := show.Advice("no such cause"); a != "" {
		t.Errorf("advice %q for what is no cause", a)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("plain", 10)
	f.Add("a\x1b[31m\u202e\xff\x00", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = 1 + max(0, limit%1000)
		got := []rune(show.Clean(s, limit))
		if len(got) > limit {
			t.Errorf("%d characters, limit %d", len(got), limit)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Errorf("%U got through", r)
			}
		}
	})
}
