package main_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/mail"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// hookSecret signs what the receiver gets.
const hookSecret = "a secret of the receiver, long enough"

// toldWithin is a cycle of five seconds, its attempts, and the ten seconds in
// which whoever is to be told is told.
const toldWithin = 5*time.Second + 5*time.Second + 10*time.Second

// hook is a receiver of webhooks that keeps what it gets.
type hook struct {
	*httptest.Server
	mu  sync.Mutex
	got []hooked
}

// hooked is one event of a webhook.
type hooked struct {
	Signed bool
	ID     string
	Type   string `json:"type"`
	Data   struct {
		Key      string                `json:"incident_key"`
		Severity string                `json:"severity"`
		Cause    string                `json:"cause"`
		Summary  string                `json:"summary"`
		Resolved *time.Time            `json:"resolved_at"`
		Server   struct{ Slug string } `json:"server"`
	} `json:"data"`
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what breaks off is not signed
		var e hooked
		_ = json.Unmarshal(body, &e) // as above
		e.ID, e.Signed = r.Header.Get("Webhook-Id"), signed(r.Header, body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, e)
	}))
	t.Cleanup(h.Close)
	return h
}

// signed checks a signature as Standard Webhooks describes it.
func signed(h http.Header, body []byte) bool {
	mac := hmac.New(sha256.New, []byte(hookSecret))
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", h.Get("Webhook-Id"), h.Get("Webhook-Timestamp"), body) // a hash takes everything
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return strings.Contains(h.Get("Webhook-Signature"), want)
}

func (h *hook) events() []hooked {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]hooked(nil), h.got...)
}

// mailbox is a mail server that keeps what it gets.
type mailbox struct {
	port int
	mu   sync.Mutex
	got  []*mail.Message
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &mailbox{port: ln.Addr().(*net.TCPAddr).Port}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &letter{b}, nil }))
	s.Domain = "mx.test"
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(ln) }() // ends with the test
	t.Cleanup(func() { _ = s.Close(); <-done })
	return b
}

type letter struct{ box *mailbox }

func (*letter) Reset()                               {}
func (*letter) Logout() error                        { return nil }
func (*letter) Mail(string, *smtp.MailOptions) error { return nil }
func (*letter) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (l *letter) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return err
	}
	l.box.mu.Lock()
	defer l.box.mu.Unlock()
	l.box.got = append(l.box.got, m)
	return nil
}

func (b *mailbox) mails() []*mail.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*mail.Message(nil), b.got...)
}

// front is a server that can be taken away and brought back at its address.
type front struct {
	t    *testing.T
	to   *url.URL
	addr string
	srv  *http.Server
}

func newFront(t *testing.T, target string) *front {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	// Not 127.0.0.1: while it is away, its port may be given to another test there.
	f := &front{t: t, to: to, addr: "127.0.77.1:0"}
	f.rise()
	t.Cleanup(f.fall)
	return f
}

func (f *front) rise() {
	f.t.Helper()
	ln, err := net.Listen("tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	f.addr = ln.Addr().String()
	f.srv = &http.Server{ReadHeaderTimeout: time.Minute, Handler: &httputil.ReverseProxy{ //nolint:gosec // of a test
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(f.to) }, FlushInterval: -1,
	}}
	go func() { _ = f.srv.Serve(ln) }() // until it falls
}

func (f *front) fall() { _ = f.srv.Close() }

// TestTellsOfAnOutage stops a server and starts it again: a webhook and a mailbox
// are told once each of both, and the command line can say why.
func TestTellsOfAnOutage(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for an outage to be noticed, and for its end")
	}
	t.Parallel()
	labURL, _ := startLab(t)
	h, box, srv := newHook(t), newMailbox(t), newFront(t, labURL)
	s := newSite(t, fmt.Sprintf(`
base_url: http://status.test
smtp: {host: 127.0.0.1, port: %d, tls: none, from: "status@example.com"}
sinks:
  - {name: team, type: webhook, url: %q, secret: %q, verified: operator}
  - {name: inbox, type: email, to: ann@example.com, verified: operator}
  - {name: stranger, type: webhook, url: %q, secret: %q}
  - {name: echo, type: webhook, url: %q, secret: %q}
alerts: {rules: [{sinks: [team, inbox, stranger]}]}
`, box.port, h.URL, hookSecret, h.URL+"/stranger", hookSecret, echoes(t), hookSecret),
		fmt.Sprintf("slug: weather, name: Weather, url: %q", "http://"+srv.addr+"/healthy-legacy/mcp"))
	m := s.start()
	m.awaitState("weather", uptime.Live)

	srv.fall()
	m.await(toldWithin, "both are told that it is down", func() bool { return len(h.events()) > 0 && len(box.mails()) > 0 })
	first := h.events()[0]
	if !first.Signed || first.Type != "alert.triggered" || first.Data.Severity != "P1" || first.Data.Server.Slug != "weather" || first.Data.Cause != "connect_refused" {
		t.Errorf("the webhook got %+v", first)
	}
	if got := box.mails()[0].Header.Get("Subject"); !strings.Contains(got, "Weather is down") {
		t.Errorf("the mail's subject is %q", got)
	}
	story := s.alert("explain", first.Data.Key)
	for _, want := range []string{"team", "inbox", "stranger: Nobody has proved", "sent at the first try"} {
		if !strings.Contains(story, want) {
			t.Errorf("the story does not say %q:\n%s", want, story)
		}
	}

	srv.rise()
	m.await(toldWithin+5*time.Second, "both are told that it works again", func() bool {
		return last(h.events()).Type == "alert.resolved" && len(box.mails()) > 1
	})
	for _, e := range h.events() {
		if e.Data.Key != first.Data.Key || !e.Signed {
			t.Errorf("an event is %+v, want one of incident %s, signed", e, first.Data.Key)
		}
	}
	if out, err := s.tryAlert("verify", "stranger"); err == nil || !strings.Contains(out, "challenge") {
		t.Errorf("a receiver that does not answer the challenge: %v\n%s", err, out)
	}
	if out := s.alert("verify", "echo"); !strings.Contains(out, "is verified") {
		t.Errorf("a receiver that answers the challenge: %s", out)
	}
	if out := s.alert("sinks"); !regexp.MustCompile(`(?m)^echo .*works`).MatchString(out) || !regexp.MustCompile(`(?m)^stranger .*not verified`).MatchString(out) {
		t.Errorf("the sinks are\n%s", out)
	}
	if n := len(h.events()); n > 4 {
		t.Errorf("%d events of one short outage: %+v", n, h.events())
	}
	mails := box.mails()
	if re, id := last(mails).Header.Get("In-Reply-To"), mails[0].Header.Get("Message-Id"); re != id || id == "" {
		t.Errorf("the last mail answers %q, want %q", re, id)
	}
	if code := m.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

func last[T any](list []T) (v T) {
	if len(list) > 0 {
		v = list[len(list)-1]
	}
	return v
}

// alert runs `alivemcp alert` on the site and returns what it printed.
func (s *site) alert(args ...string) string {
	s.t.Helper()
	out, err := s.tryAlert(args...)
	if err != nil {
		s.t.Errorf("alivemcp alert %v: %v\n%s", args, err, out)
	}
	return out
}

func (s *site) tryAlert(args ...string) (string, error) {
	cmd := exec.CommandContext(s.t.Context(), "alivemcp", append([]string{"alert", "--data", s.dir}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// echoes is a receiver that answers challenges.
func echoes(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e struct{ Data struct{ Challenge string } }
		_ = json.NewDecoder(r.Body).Decode(&e) // what is no challenge gets nothing
		_, _ = io.WriteString(w, e.Data.Challenge)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}
