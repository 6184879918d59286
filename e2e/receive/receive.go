// Package receive is what the end-to-end tests have notices sent to: a webhook
// that verifies signatures as the specification of Standard Webhooks says, and a
// mail server. Both keep what they get.
package receive

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// HookKey is the key of the webhook, as Standard Webhooks spells it.
const HookKey = "whsec_dGhlIGtleSBvZiB0aGUgcmVjZWl2ZXIgaW4gdGVzdHM="

// Event is what a webhook got.
type Event struct {
	ID      string // webhook-id
	Arrived time.Time
	Wrong   string // what is wrong with its signature; empty when it is right
	Body    string

	Type string `json:"type"`
	Data struct {
		Key        string     `json:"incident_key"`
		Severity   string     `json:"severity"`
		Cause      string     `json:"cause"`
		Summary    string     `json:"summary"`
		StatusPage string     `json:"status_page"`
		Started    time.Time  `json:"started_at"`
		Resolved   *time.Time `json:"resolved_at"`
		Server     struct{ Slug, Name string }
	} `json:"data"`
}

// Webhook is a receiver that keeps what it gets.
type Webhook struct {
	URL string

	mu     sync.Mutex
	got    []Event
	status int // what it answers; 0 is 200
}

// NewWebhook starts one that takes everything; it ends with the test.
func NewWebhook(t *testing.T) *Webhook {
	t.Helper()
	h := &Webhook{}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	h.URL = srv.URL
	return h
}

// Answer has it answer with this status from now on.
func (h *Webhook) Answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

// ServeHTTP takes everything, and notes what a careful receiver would refuse.
func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := Event{Arrived: time.Now(), ID: r.Header.Get("Webhook-Id")}
	body, err := io.ReadAll(r.Body)
	e.Body = string(body)
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err != nil {
		e.Wrong = err.Error()
	} else {
		e.Wrong = unsigned(r.Header, body, e.Arrived)
	}
	h.mu.Lock()
	h.got = append(h.got, e)
	status := cmp.Or(h.status, http.StatusOK)
	h.mu.Unlock()
	w.WriteHeader(status)
}

// unsigned verifies as the specification of Standard Webhooks says and returns
// what is wrong; empty for nothing.
func unsigned(h http.Header, body []byte, now time.Time) string {
	id, stamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return fmt.Sprintf("the timestamp is %q", stamp)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(HookKey, "whsec_"))
	if err != nil {
		return err.Error()
	}
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(id + "." + stamp + "." + string(body))) // a hash takes everything
	want := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for signature := range strings.FieldsSeq(h.Get("Webhook-Signature")) {
		if hmac.Equal([]byte(signature), want) {
			return ""
		}
	}
	return "no signature is right"
}

// Events are what arrived, oldest first; also what was answered with an error.
func (h *Webhook) Events() []Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Event(nil), h.got...)
}

// Letter is a mail that arrived.
type Letter struct {
	To      string
	Arrived time.Time
	Header  mail.Header
	Subject string
	Text    string // of its plain part
	HTML    string
}

// Mailbox is a mail server that keeps what it gets.
type Mailbox struct {
	Port int
	mu   sync.Mutex
	got  []Letter
}

// NewMailbox starts one that takes everything; it ends with the test.
func NewMailbox(t *testing.T) *Mailbox {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &Mailbox{Port: ln.Addr().(*net.TCPAddr).Port}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &envelope{box: b}, nil }))
	s.Domain = "mx.test"
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(ln) }() // ends with the test
	t.Cleanup(func() { _ = s.Close(); <-done })
	return b
}

// To are the mails to somebody, in the order in which they came.
func (b *Mailbox) To(whom string) (out []Letter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.got {
		if l.To == whom {
			out = append(out, l)
		}
	}
	return out
}

// envelope is a session of the mail server.
type envelope struct {
	box *Mailbox
	to  string
}

func (*envelope) Reset()                               {}
func (*envelope) Logout() error                        { return nil }
func (*envelope) Mail(string, *smtp.MailOptions) error { return nil }

func (e *envelope) Rcpt(to string, _ *smtp.RcptOptions) error {
	e.to = to
	return nil
}

// Data refuses what is no mail: whoever sent it would see that.
func (e *envelope) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l, err := readLetter(raw)
	if err != nil {
		return err
	}
	l.To, l.Arrived = e.to, time.Now()
	e.box.mu.Lock()
	defer e.box.mu.Unlock()
	e.box.got = append(e.box.got, l)
	return nil
}

// readLetter reads a mail as a mail program does.
func readLetter(raw []byte) (l Letter, err error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return l, err
	}
	l.Header = m.Header
	if l.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return l, err
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return l, fmt.Errorf("the mail is %q: %w", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextPart() // which decodes quoted-printable
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return l, err
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return l, err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			l.HTML = string(text)
		} else {
			l.Text = string(text)
		}
	}
}
