package lab_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// start serves the named scenarios, or all of them, until the test ends.
func start(t *testing.T, opt lab.Options, names ...string) *lab.Lab {
	t.Helper()
	if len(names) > 0 {
		opt.Scenarios = slices.DeleteFunc(lab.Scenarios(), func(s lab.Scenario) bool { return !slices.Contains(names, s.Name) })
		if len(opt.Scenarios) != len(names) {
			t.Fatalf("%d of the scenarios %q exist", len(opt.Scenarios), names)
		}
	}
	l := lab.New(opt)
	if err := l.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Run did not return")
		}
	})
	return l
}

// client trusts the lab and keeps no connection.
func client(t *testing.T, l *lab.Lab) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.CAPEM())
	tr := &http.Transport{
		DisableKeepAlives: true, DisableCompression: true, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func post(t *testing.T, c *http.Client, url, session, body string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	if session != "" {
		req.Header.Set("Mcp-Session-Id", session)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatalf("posting to %s: %v", url, err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(b)
}

const initialize = `{"jsonrpc":"2.0","id":7,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`

func TestScenariosAreComplete(t *testing.T) {
	names, groups := map[string]bool{}, map[string]int{}
	form := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	for _, s := range lab.Scenarios() {
		if names[s.Name] || !form.MatchString(strings.ReplaceAll(s.Name, ".", "")) {
			t.Errorf("%q is not a new kebab-case name", s.Name)
		}
		names[s.Name] = true
		groups[s.Group]++
		if !slices.Contains(lab.Groups(), s.Group) {
			t.Errorf("%s is in the unknown group %q", s.Name, s.Group)
		}
		if !strings.HasSuffix(s.About, ".") || strings.Contains(s.About, "\n") {
			t.Errorf("%s: About is not a sentence: %q", s.Name, s.About)
		}
		if s.Expect.Detail != strings.ToLower(s.Expect.Detail) {
			t.Errorf("%s: detail %q is not in lower case", s.Name, s.Expect.Detail)
		}
	}
	order := make([]string, 0, len(names))
	for _, s := range lab.Scenarios() {
		order = append(order, s.Group)
	}
	if got := slices.Compact(order); !slices.Equal(got, lab.Groups()) {
		t.Errorf("the groups come as %q, want %q", got, lab.Groups())
	}
	t.Logf("%d scenarios", len(names))
	for _, g := range lab.Groups() {
		if groups[g] == 0 {
			t.Errorf("no scenario in group %s", g)
		}
	}
}

func TestEveryCauseHasAScenario(t *testing.T) {
	seen := map[uptime.Cause]bool{}
	for _, s := range lab.Scenarios() {
		seen[s.Expect.Cause] = true
	}
	for _, c := range uptime.Causes() {
		if !seen[c] {
			t.Errorf("no scenario expects %s", c)
		}
	}
}

func TestSDKClientConnectsToHealthyServers(t *testing.T) {
	l := start(t, lab.Options{})
	for _, s := range l.Scenarios() {
		if s.Group != "healthy" {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			c := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
			var tr mcp.Transport = &mcp.StreamableClientTransport{
				Endpoint: l.URL(s.Name), HTTPClient: client(t, l), DisableStandaloneSSE: true, MaxRetries: -1,
			}
			if s.Expect.Transport == uptime.HTTPSSE {
				tr = &mcp.SSEClientTransport{Endpoint: l.URL(s.Name), HTTPClient: client(t, l)}
			}
			session, err := c.Connect(t.Context(), tr, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := session.InitializeResult().ProtocolVersion; s.Expect.Version != "" && got != s.Expect.Version {
				t.Errorf("negotiated %s, want %s", got, s.Expect.Version)
			}
			count := 0
			if s.Expect.Tools != lab.Unlisted {
				for _, err := range session.Tools(t.Context(), nil) {
					if err != nil {
						t.Fatal(err)
					}
					count++
				}
				if count != s.Expect.Tools {
					t.Errorf("%d tools, want %d", count, s.Expect.Tools)
				}
			}
			if err := session.Close(); err != nil {
				t.Error(err)
			}
			waitFor(t, func() bool { return l.Sessions(s.Name) == 0 })
		})
	}
}

// waitFor polls what has no event of its own.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Error("waited in vain")
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestSessionsAndRequestsAreCounted(t *testing.T) {
	l := start(t, lab.Options{}, "healthy-canary")
	c, url := client(t, l), l.URL("healthy-canary")
	_, header, body := post(t, c, url, "", initialize)
	id := header.Get("Mcp-Session-Id")
	if id == "" || !strings.Contains(body, `"id":7`) {
		t.Fatalf("initialize: session %q, body %s", id, body)
	}
	if status, _, _ := post(t, c, url, "stale", `{"jsonrpc":"2.0","id":8,"method":"tools/list"}`); status != 404 {
		t.Errorf("a foreign session got %d, want 404", status)
	}
	if status, _, _ := post(t, c, url, id, `{"jsonrpc":"2.0","id":8,"method":"tools/list"}`); status != 200 {
		t.Errorf("our session got %d, want 200", status)
	}
	if got := l.Sessions("healthy-canary"); got != 1 {
		t.Errorf("%d sessions, want 1", got)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodDelete, url, nil)
	req.Header.Set("Mcp-Session-Id", id)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("DELETE: status %d, want 200", resp.StatusCode)
	}
	waitFor(t, func() bool { return l.Sessions("healthy-canary") == 0 })
	want := map[string]int{"initialize": 1, "tools/list": 2, "DELETE /healthy-canary/mcp": 1}
	for k, n := range want {
		if got := l.Requests("healthy-canary")[k]; got != n {
			t.Errorf("%d requests %s, want %d", got, k, n)
		}
	}
}

func TestIndex(t *testing.T) {
	l := start(t, lab.Options{})
	root := strings.TrimSuffix(l.URL("healthy-legacy"), "healthy-legacy/mcp")
	for path, part := range map[string]string{"": "<b>http-404</b>", "index.json": `"cause": "http_not_found"`} {
		resp, err := client(t, l).Get(root + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != 200 || !bytes.Contains(body, []byte(part)) {
			t.Errorf("/%s: status %d, want %s in it", path, resp.StatusCode, part)
		}
	}
}

func TestFindingsAreListed(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range lab.Scenarios() {
		for _, id := range s.Expect.Findings {
			if !bytes.Contains(doc, []byte("//\t"+id+" ")) {
				t.Errorf("%s expects the finding %s, which the package comment does not list", s.Name, id)
			}
		}
	}
}

func TestRunStopsAtOnceAndLeavesNothing(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	l := lab.New(lab.Options{})
	if err := l.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	var work sync.WaitGroup
	c := client(t, l)
	for _, name := range []string{"hang-in-handshake", "hang-after-accept", "half-answer", "slow-drip", "sse-not-closed", "healthy-legacy", "tls-13"} {
		work.Go(func() {
			req, _ := http.NewRequestWithContext(ctx, http.MethodPost, l.URL(name), strings.NewReader(initialize))
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", "application/json, text/event-stream")
			if resp, err := c.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
	waitFor(t, func() bool {
		return l.Requests("hang-in-handshake")["initialize"] == 1 && l.Requests("tls-13")["initialize"] == 1
	})
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(3 * time.Second):
		t.Fatal("Run did not return")
	}
	work.Wait()
	goleak.VerifyNone(t, ignore)
}

func TestListenFailsCleanly(t *testing.T) {
	l := start(t, lab.Options{}, "healthy-legacy")
	taken := strings.TrimPrefix(strings.TrimSuffix(l.URL("healthy-legacy"), "/healthy-legacy/mcp"), "http://")
	if err := lab.New(lab.Options{Addr: taken}).Listen(); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("listening on a taken address: %v, want an error that names it", err)
	}
}

func TestCheckComparesEverything(t *testing.T) {
	e := lab.Expect{
		State: uptime.Down, Cause: uptime.BadJSON, AnyCause: []uptime.Cause{uptime.RateLimited}, Step: uptime.StepTools,
		Detail: "json", Findings: []string{"redirected"}, Era: uptime.Legacy, Tools: 3,
	}
	good := uptime.Result{
		Era: uptime.Legacy, Failure: &uptime.Failure{Cause: uptime.BadJSON, Step: uptime.StepTools, Detail: "broken JSON"},
		Findings: []uptime.Finding{{ID: "redirected"}}, Tools: &uptime.ToolSet{Count: 3},
	}
	if err := e.Check(uptime.Down, good); err != nil {
		t.Errorf("a match is refused: %v", err)
	}
	other := good
	other.Failure = &uptime.Failure{Cause: uptime.RateLimited}
	if err := e.Check(uptime.Unknown, other); err != nil {
		t.Errorf("another cause that is allowed is refused: %v", err)
	}
	for name, spoil := range map[string]func(*uptime.Result){
		"cause":    func(r *uptime.Result) { r.Failure.Cause = uptime.NotMCP },
		"none":     func(r *uptime.Result) { r.Failure = nil },
		"step":     func(r *uptime.Result) { r.Failure.Step = uptime.StepDNS },
		"detail":   func(r *uptime.Result) { r.Failure.Detail = "?" },
		"findings": func(r *uptime.Result) { r.Findings = nil },
		"era":      func(r *uptime.Result) { r.Era = uptime.Modern },
		"tools":    func(r *uptime.Result) { r.Tools = nil },
	} {
		bad, failure := good, *good.Failure
		bad.Failure = &failure
		spoil(&bad)
		if e.Check(uptime.Down, bad) == nil {
			t.Errorf("a wrong %s is overlooked", name)
		}
	}
	if e.Check(uptime.Live, good) == nil {
		t.Error("a wrong state is overlooked")
	}
}

// TestExpectTakesEveryRightAnswer: who fails where failing is right has listed no
// tools, and need not have; who lists some lists the right ones.
func TestExpectTakesEveryRightAnswer(t *testing.T) {
	e := lab.Expect{State: uptime.Live, AnyCause: []uptime.Cause{uptime.FirstByteTimeout}, Tools: 3}
	failed := &uptime.Failure{Cause: uptime.FirstByteTimeout}
	for name, c := range map[string]struct {
		state uptime.State
		res   uptime.Result
		right bool
	}{
		"well":             {uptime.Live, uptime.Result{Tools: &uptime.ToolSet{Count: 3}}, true},
		"well, no tools":   {uptime.Live, uptime.Result{}, false},
		"failed":           {uptime.Down, uptime.Result{Failure: failed}, true},
		"failed, and well": {uptime.Live, uptime.Result{Failure: failed}, false},
		"failed later":     {uptime.Down, uptime.Result{Failure: failed, Tools: &uptime.ToolSet{Count: 3}}, true},
		"failed, wrong":    {uptime.Down, uptime.Result{Failure: failed, Tools: &uptime.ToolSet{Count: 2}}, false},
		"another failure":  {uptime.Down, uptime.Result{Failure: &uptime.Failure{Cause: uptime.BadJSON}}, false},
	} {
		if err := e.Check(c.state, c.res); (err == nil) != c.right {
			t.Errorf("%s: %v", name, err)
		}
	}
}
