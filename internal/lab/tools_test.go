package lab_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestSilentFailuresPassTheHandshakeAndFailTheCall(t *testing.T) {
	l := start(t, lab.Options{})
	for _, s := range l.Scenarios() {
		canary := l.Server(s.Name).Profile.Canary
		if s.Group != "silent" || canary == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		res, err := call(ctx, t, l, s.Name, canary)
		cancel()
		switch {
		case s.Expect.Cause == uptime.CanaryError && err == nil && s.Name != "call-bad-result":
			t.Errorf("%s: the call is answered with %v, want an error", s.Name, res)
		case s.Expect.Cause == uptime.CanaryFailed && err != nil:
			t.Errorf("%s: %v, want an answer", s.Name, err)
		case s.Expect.Cause == uptime.CanaryFailed && res.IsError != (len(canary.Expect) == 0):
			t.Errorf("%s: isError is %v with %d assertions", s.Name, res.IsError, len(canary.Expect))
		}
	}
}

// call connects with the SDK, which must work, and makes the canary's call.
func call(ctx context.Context, t *testing.T, l *lab.Lab, name string, canary *uptime.Canary) (*mcp.CallToolResult, error) {
	t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := c.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: l.URL(name), HTTPClient: client(t, l), DisableStandaloneSSE: true, MaxRetries: -1,
	}, nil)
	if err != nil {
		t.Fatalf("%s: connecting: %v", name, err)
	}
	defer func() { _ = session.Close() }()
	return session.CallTool(ctx, &mcp.CallToolParams{Name: canary.Tool, Arguments: json.RawMessage(canary.Arguments)})
}

func TestHealthURLs(t *testing.T) {
	l := start(t, lab.Options{})
	for name, want := range map[string]string{
		"healthy-health-url": `200 {"status":"ok"}`, "health-503": `503 {"status":"error"`,
		"health-degraded": `200 {"status":"degraded"}`, "health-404": "404", "health-lies": `200 {"status":"ok"}`,
	} {
		checks := l.Server(name).Profile.Health
		if len(checks) != 1 {
			t.Fatalf("%s has %d health URLs, want 1", name, len(checks))
		}
		resp, err := client(t, l).Get(checks[0].URL)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if got := resp.Status[:3] + " " + string(body); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestWallsLetInWhoeverHasTheCredential(t *testing.T) {
	l := start(t, lab.Options{})
	for name, want := range map[string]int{
		"credential-bearer": 200, "credential-header": 200, "credential-refused": 401, "credential-scope": 403,
		"credential-expired": 401, "credential-expired-and-good": 200,
	} {
		if status, _, err := get(t.Context(), client(t, l), l.URL(name)); err != nil || status != http.StatusUnauthorized {
			t.Errorf("%s: a stranger got %d, %v; want 401", name, status, err)
		}
		cred := l.Server(name).Profile.Credential
		h := uptime.Header{Name: "Authorization", Value: "Bearer " + cred.Token}
		if cred.Kind == uptime.CredentialHeader {
			h = uptime.Header{Name: cred.Header, Value: cred.Token}
		}
		c := client(t, l)
		c.Transport = withHeaders{c.Transport, uptime.Profile{Headers: []uptime.Header{h}}}
		if status, _, err := get(t.Context(), c, l.URL(name)); err != nil || status != want {
			t.Errorf("%s: the credential got %d, %v; want %d", name, status, err, want)
		}
	}
}

func TestProfilesAreGivenAnew(t *testing.T) {
	l := start(t, lab.Options{}, "credential-bearer")
	l.Server("credential-bearer").Profile.Credential.Token = "spoilt"
	if l.Server("credential-bearer").Profile.Credential.Token == "spoilt" {
		t.Error("a change of one check's credential shows in the next one's")
	}
	if got := l.Server("no-such-scenario"); got.URL != "" || l.URL("no-such-scenario") != "" {
		t.Errorf("a scenario that does not exist has an address: %q", got.URL)
	}
}

func BenchmarkScenarios(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		lab.Scenarios()
	}
}
