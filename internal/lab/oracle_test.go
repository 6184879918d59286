package lab_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// strict are scenarios that a check must call live although the SDK's client
// cannot work with them: other clients can.
func strict() map[string]string {
	return map[string]string{
		"discover-html":         "it takes the page for the end of the session instead of falling back",
		"discover-202":          "it takes the missing answer for the end of the session instead of falling back",
		"discover-hangs":        "it waits for the answer as long as it may",
		"sse-cr":                "it does not know this line end",
		"sse-unterminated-held": "it waits for the blank line as long as it may",
		"type-missing":          "it insists on a media type",
		"tools-huge-number":     "it reads numbers as float64",
		"dns-lost":              "the standard library asks again after five seconds",
	}
}

// lenient are scenarios that a check must call down although the SDK's client
// overlooks the fault: other clients do not.
func lenient() map[string]string {
	return map[string]string{
		"capabilities-missing": "an absent object reads as an empty one",
		"server-info-missing":  "an absent object reads as an empty one",
		"tools-null":           "an absent list reads as an empty one",
		"tools-missing":        "an absent list reads as an empty one",
		"json-twice":           "it stops reading after the first document",
		"rpc-null-error":       "a null member reads as an absent one",
	}
}

// TestSDKClientAgrees uses the official client as an oracle: what is expected
// to be live can be used, what is expected to be down cannot.
func TestSDKClientAgrees(t *testing.T) {
	var logs lockedBuffer
	l := start(t, lab.Options{Logger: slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	var work sync.WaitGroup
	slots := make(chan struct{}, 24) // most of the time goes into waiting
	for _, s := range l.Scenarios() {
		if !judged(s) {
			continue
		}
		work.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			agree(t, l, s)
		})
	}
	work.Wait()
	if text := logs.String(); strings.Contains(text, "panic") {
		t.Errorf("a handler panicked: %s", text)
	}
}

// judged says whether the client can tell at all: it has no credential, sees
// only the present and does not call tools.
func judged(s lab.Scenario) bool {
	outside := s.Group == "time" || s.Group == "monitor" || s.Group == "auth" || s.Group == "silent"
	certain := s.Expect.State == uptime.Live || s.Expect.State == uptime.Down
	signIn := s.Expect.Access == uptime.AccessWalled || s.Expect.Access == uptime.AccessCustom
	bounds := s.Group == "hostile" && s.Expect.State == uptime.Down // it has others than we
	return !outside && certain && !signIn && !bounds && !strings.HasPrefix(s.Name, "tls-client")
}

func agree(t *testing.T, l *lab.Lab, s lab.Scenario) {
	t.Helper()
	_, isStrict := strict()[s.Name]
	_, isLenient := lenient()[s.Name]
	patience := 2 * time.Second
	if s.Expect.State == uptime.Live && !isStrict {
		patience = 20 * time.Second // it works, however slow this machine is
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tools, err := use(ctx, t, l, s)
	if err == nil && s.Expect.Cause == uptime.ToolsEmpty && tools == 0 {
		err = errors.New("no tools")
	}
	works := err == nil
	agrees := works == (s.Expect.State == uptime.Live)
	switch {
	case agrees && (isStrict || isLenient):
		t.Errorf("%s is listed as an exception without being one", s.Name)
	case !agrees && !works && !isStrict:
		t.Errorf("%s is expected to be live, and the client says: %v", s.Name, err)
	case !agrees && works && !isLenient:
		t.Errorf("%s is expected to be down (%s), and the client works", s.Name, s.Expect.Cause)
	case works && !isLenient && s.Expect.Tools != lab.Unlisted && tools != s.Expect.Tools:
		t.Errorf("%s: %d tools, want %d", s.Name, tools, s.Expect.Tools)
	}
}

// use connects as an agent would, with what the scenario says a check needs,
// and lists the tools.
func use(ctx context.Context, t *testing.T, l *lab.Lab, s lab.Scenario) (tools int, err error) {
	t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "oracle", Version: "1"}, nil)
	hc := client(t, l)
	hc.CheckRedirect = nil
	tr := hc.Transport.(*http.Transport)
	tr.DisableCompression = false
	if s.Setup.NeedsResolver {
		tr.DialContext = (&net.Dialer{Resolver: resolver(l)}).DialContext
	}
	hc.Transport = withHeaders{tr, l.Server(s.Name).Profile}
	var wire mcp.Transport = &mcp.StreamableClientTransport{
		Endpoint: l.URL(s.Name), HTTPClient: hc, DisableStandaloneSSE: true, MaxRetries: -1,
	}
	if strings.HasSuffix(l.URL(s.Name), "/sse") {
		wire = &mcp.SSEClientTransport{Endpoint: l.URL(s.Name), HTTPClient: hc}
	}
	session, err := c.Connect(ctx, wire, nil)
	if err != nil {
		return 0, fmt.Errorf("connecting: %w", err)
	}
	defer func() { _ = session.Close() }()
	if caps := session.InitializeResult().Capabilities; caps != nil && caps.Tools == nil {
		return 0, nil
	}
	for _, err := range session.Tools(ctx, nil) {
		if err != nil {
			return 0, fmt.Errorf("listing: %w", err)
		}
		if tools++; tools > 200_000 {
			return 0, errors.New("there are too many tools")
		}
	}
	return tools, nil
}

// withHeaders sends the headers of a profile to the first origin only, as Go's
// client would not do by itself.
type withHeaders struct {
	http.RoundTripper
	profile uptime.Profile
}

func (w withHeaders) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if strings.HasPrefix(r.URL.Host, "127.0.0.1") {
		for _, h := range w.profile.Headers {
			r.Header.Set(h.Name, h.Value.Reveal())
		}
	}
	return w.RoundTripper.RoundTrip(r)
}

// resolver asks the lab's name server.
func resolver(l *lab.Lab) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, l.Resolver().String())
	}}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
