package lab_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// get fetches a page and returns an error instead of failing.
func get(ctx context.Context, c *http.Client, url string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(initialize))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	resp, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

func TestServesWhatItSays(t *testing.T) {
	l := start(t, lab.Options{})
	c := client(t, l)
	for _, tt := range []struct {
		name   string
		status int
		part   string
	}{
		{"http-404", 404, "Not Found"},
		{"http-503", 503, ""},
		{"misdirected-421", 421, "Invalid Host"},
		{"redirect-307", 307, ""},
		{"redirect-301", 301, ""},
		{"html-200", 200, "<html>"},
		{"empty-200", 200, ""},
		{"rpc-other-id", 200, `"id":424242`},
		{"rpc-id-of-other-type", 200, `"id":"7"`},
		{"rpc-array", 200, `[{"jsonrpc"`},
		{"version-from-the-future", 200, "2031-01-01"},
		{"sse-plain", 200, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,"},
		{"early-hints", 200, `"serverInfo"`},
		{"auth-api-key", 401, "X-API-Key"},
		{"auth-403", 403, ""},
		{"rate-limited", 429, ""},
		{"bot-challenge", 403, "Just a moment"},
		{"tls-13", 200, `"serverInfo"`},
		{"tls-12-rsa", 200, `"serverInfo"`},
		{"tls-http2-only", 200, `"serverInfo"`},
		{"tls-hybrid-only", 200, `"serverInfo"`},
		{"tls-expiring", 200, `"serverInfo"`},
		{"tls-asked-plainly", 400, ""},
	} {
		status, body, err := get(t.Context(), c, l.URL(tt.name))
		if err != nil || status != tt.status || !strings.Contains(body, tt.part) {
			t.Errorf("%s: status %d, error %v, body %.200q; want %d with %q", tt.name, status, err, body, tt.status, tt.part)
		}
	}
}

func TestTransportFailures(t *testing.T) {
	l := start(t, lab.Options{})
	c := client(t, l)
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	invalid := func(reason x509.InvalidReason) func(error) bool {
		return func(err error) bool {
			var e x509.CertificateInvalidError
			return errors.As(err, &e) && e.Reason == reason
		}
	}
	untrusted := func(err error) bool {
		var e x509.UnknownAuthorityError
		return errors.As(err, &e)
	}
	hostname := func(err error) bool {
		var e x509.HostnameError
		return errors.As(err, &e)
	}
	says := func(part string) func(error) bool {
		return func(err error) bool { return strings.Contains(err.Error(), part) }
	}
	for name, right := range map[string]func(error) bool{
		"connect-refused":                is(syscall.ECONNREFUSED),
		"connect-timeout":                is(context.DeadlineExceeded),
		"connect-reset":                  is(syscall.ECONNRESET),
		"connect-closed":                 is(io.EOF),
		"hang-after-accept":              is(context.DeadlineExceeded),
		"half-answer":                    is(context.DeadlineExceeded),
		"cut-answer":                     is(io.ErrUnexpectedEOF),
		"reset-answer":                   is(syscall.ECONNRESET),
		"tls-expired":                    invalid(x509.Expired),
		"tls-not-yet-valid":              says("not yet valid"),
		"tls-self-signed":                untrusted,
		"tls-untrusted":                  untrusted,
		"tls-incomplete-chain":           untrusted,
		"tls-wrong-host":                 hostname,
		"tls-common-name-only":           hostname,
		"tls-old-version":                says("protocol version"),
		"tls-plain-http":                 says("HTTP response to HTTPS"),
		"tls-reset":                      is(syscall.ECONNRESET),
		"tls-hang":                       is(context.DeadlineExceeded),
		"tls-garbage":                    says("tls:"),
		"tls-client-certificate-missing": says(""), // the alert comes late under TLS 1.3, or not at all under HTTP/2
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if _, _, err := get(ctx, c, l.URL(name)); err == nil || !right(err) {
			t.Errorf("%s: %v is not the error that this should be", name, err)
		}
		cancel()
	}
}

func TestNameServer(t *testing.T) {
	l := start(t, lab.Options{}, "healthy-legacy")
	r := resolver(l)
	for name, want := range map[string][]string{
		"ok": {"127.0.0.1"}, "alias": {"127.0.0.1"}, "truncated": {"127.0.0.1"}, "spoofed": {"127.0.0.1"},
		"metadata": {"169.254.169.254"}, "dual": {"127.0.0.1", "::1"},
	} {
		got, err := r.LookupHost(t.Context(), name+".lab.test")
		slices.Sort(got)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: error %v (-want +got)\n%s", name, err, diff)
		}
	}
	for name, want := range map[string]string{"nxdomain": "no such host", "servfail": "server misbehaving", "empty": "no such host"} {
		if _, err := r.LookupHost(t.Context(), name+".lab.test"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// ask sends one raw question and returns whether an answer came in time.
func ask(t *testing.T, l *lab.Lab, name string) bool {
	t.Helper()
	c, err := net.Dial("udp", l.Resolver().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	question := append([]byte{0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, byte(len(name))}, name...)
	question = append(question, "\x03lab\x04test\x00\x00\x01\x00\x01"...)
	if _, err := c.Write(question); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	_, err = c.Read(make([]byte, 512))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

func TestNameServerLosesQuestions(t *testing.T) {
	l := start(t, lab.Options{}, "healthy-legacy")
	if ask(t, l, "silent") {
		t.Error("silent.lab.test was answered")
	}
	if ask(t, l, "lost") {
		t.Error("the first question for lost.lab.test was answered")
	}
	if !ask(t, l, "lost") {
		t.Error("the second question for lost.lab.test was not answered")
	}
}

func TestOAuthChain(t *testing.T) {
	l := start(t, lab.Options{})
	c := client(t, l)
	origin := strings.TrimSuffix(l.URL("auth-good"), "/auth-good/mcp")
	prm, err := oauthex.GetProtectedResourceMetadata(t.Context(),
		origin+"/.well-known/oauth-protected-resource/auth-good/mcp", l.URL("auth-good"), c)
	if err != nil {
		t.Fatal(err)
	}
	issuer := prm.AuthorizationServers[0]
	as, err := oauthex.GetAuthServerMeta(t.Context(), origin+"/.well-known/oauth-authorization-server/auth-good/as", issuer, c)
	if err != nil || as == nil {
		t.Fatalf("the authorization server: %v, %v", as, err)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {l.URL("auth-good")}}
	for secret, want := range map[string]int{"lab-client-secret": 200, "wrong": 401} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, as.TokenEndpoint, strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("lab-client", secret)
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != want || want == 200 && !strings.Contains(string(body), `"access_token":"lab-token"`) {
			t.Errorf("secret %q: status %d, %s", secret, resp.StatusCode, body)
		}
	}
}

func TestBrokenChainsAreBroken(t *testing.T) {
	l := start(t, lab.Options{})
	c := client(t, l)
	for _, s := range l.Scenarios() {
		if s.Group != "auth" || s.Expect.Cause != uptime.AuthBroken || s.Name == "auth-insecure-server" {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if err := discover(ctx, c, l.URL(s.Name), s.Name); err == nil {
			t.Errorf("%s: the SDK finds nothing wrong", s.Name)
		}
		cancel()
	}
}

// discover follows the chain with the SDK's functions.
func discover(ctx context.Context, c *http.Client, endpoint, name string) error {
	following := *c
	following.CheckRedirect = nil
	origin := strings.TrimSuffix(endpoint, "/"+name+"/mcp")
	prm, err := oauthex.GetProtectedResourceMetadata(ctx, origin+"/.well-known/oauth-protected-resource/"+name+"/mcp", endpoint, &following)
	if err != nil {
		return err
	}
	if len(prm.AuthorizationServers) == 0 || prm.AuthorizationServers[0] == "" {
		return errors.New("no authorization server")
	}
	as, err := oauthex.GetAuthServerMeta(ctx, origin+"/.well-known/oauth-authorization-server/"+name+"/as", prm.AuthorizationServers[0], &following)
	if err == nil && (as == nil || as.TokenEndpoint == "") {
		return errors.New("no metadata")
	}
	return err
}

// clock is moved by hand, by lab minutes, from the real time on: certificates
// are judged by that.
type clock struct {
	start   time.Time
	minutes atomic.Int64
}

func newClock() *clock { return &clock{start: time.Now()} }

func (c *clock) now() time.Time {
	return c.start.Add(time.Duration(c.minutes.Load()) * time.Minute)
}

func TestWhatChangesWithTime(t *testing.T) {
	now := newClock()
	l := start(t, lab.Options{Now: now.now})
	c := client(t, l)
	for _, tt := range []struct {
		name    string
		minutes []int64
		status  []int
	}{
		{"flapping", []int64{0, 1, 2}, []int{200, 502, 200}},
		{"warming-up", []int64{0, 1, 3}, []int{503, 503, 200}},
		{"deploying", []int64{0, 4, 8, 63}, []int{200, 503, 200, 503}},
		{"second-try", []int64{0, 0, 1, 1}, []int{500, 200, 500, 200}},
		{"session-leak", []int64{0, 0, 0, 0}, []int{200, 200, 200, 503}},
	} {
		begin := now.minutes.Load()
		var got []int
		for _, m := range tt.minutes {
			now.minutes.Store(begin + m)
			status, _, err := get(t.Context(), c, l.URL(tt.name))
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			got = append(got, status)
		}
		if diff := cmp.Diff(tt.status, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
	for range 20 {
		_, _, _ = get(t.Context(), c, l.URL("lockout"))
	}
	if status, _, _ := get(t.Context(), c, l.URL("lockout")); status != 429 {
		t.Errorf("after twenty refusals: %d, want 429", status)
	}
}

func TestCertificateRunsOut(t *testing.T) {
	now := newClock()
	l := start(t, lab.Options{Now: now.now}, "certificate-runs-out")
	c := client(t, l)
	if _, _, err := get(t.Context(), c, l.URL("certificate-runs-out")); err != nil {
		t.Errorf("at first: %v", err)
	}
	now.minutes.Store(3)
	var invalid x509.CertificateInvalidError
	if _, _, err := get(t.Context(), c, l.URL("certificate-runs-out")); !errors.As(err, &invalid) {
		t.Errorf("three minutes later: %v, want an expired certificate", err)
	}
}

func TestMutualTLS(t *testing.T) {
	l := start(t, lab.Options{}, "tls-client-certificate")
	cred := l.Server("tls-client-certificate").Profile.Credential
	pair, err := tls.X509KeyPair(cred.Certificate, []byte(cred.Key.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, l)
	c.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{pair}
	if status, _, err := get(t.Context(), c, l.URL("tls-client-certificate")); err != nil || status != 200 {
		t.Errorf("with the certificate: %d, %v", status, err)
	}
}

func TestHostileAnswersEnd(t *testing.T) {
	l := start(t, lab.Options{})
	c := client(t, l)
	const most = 32 << 20
	for _, name := range []string{"endless-body", "endless-stream", "endless-comments", "endless-event", "gzip-bomb", "tools-bomb"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URL(name), strings.NewReader(initialize))
		resp, err := c.Do(req)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		n, err := io.Copy(io.Discard, io.LimitReader(resp.Body, most+1))
		_ = resp.Body.Close()
		if err != nil || n > most {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
	}
}
