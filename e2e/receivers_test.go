package e2e_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
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

// hookKey is the key of the webhook, as Standard Webhooks spells it.
const hookKey = "whsec_dGhlIGtleSBvZiB0aGUgcmVjZWl2ZXIgaW4gdGVzdHM="

// event is what a webhook got.
type event struct {
	id      string
	arrived time.Time
	wrong   string // what is wrong with its signature; empty when it is right

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

// receiver is a webhook that keeps what it gets.
type receiver struct {
	url string
	mu  sync.Mutex
	got []event
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	h := &receiver{}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

// ServeHTTP takes everything, and notes what a careful receiver would refuse.
func (h *receiver) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	e := event{arrived: time.Now(), id: r.Header.Get("Webhook-Id")}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err != nil {
		e.wrong = err.Error()
	} else {
		e.wrong = unsigned(r.Header, body, e.arrived)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got = append(h.got, e)
}

// unsigned verifies as the specification of Standard Webhooks says and returns
// what is wrong; empty for nothing.
func unsigned(h http.Header, body []byte, now time.Time) string {
	id, stamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return fmt.Sprintf("the timestamp is %q", stamp)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(hookKey, "whsec_"))
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

func (h *receiver) events() []event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]event(nil), h.got...)
}

// letter is a mail that arrived.
type letter struct {
	to      string
	arrived time.Time
	header  mail.Header
	subject string
	text    string // of its plain part
	html    string
}

// mailbox is a mail server that keeps what it gets.
type mailbox struct {
	port int
	mu   sync.Mutex
	got  []letter
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &mailbox{port: ln.Addr().(*net.TCPAddr).Port}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &envelope{box: b}, nil }))
	s.Domain = "mx.test"
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(ln) }() // ends with the test
	t.Cleanup(func() { _ = s.Close(); <-done })
	return b
}

// to are the mails to somebody, in the order in which they came.
func (b *mailbox) to(whom string) (out []letter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.got {
		if l.to == whom {
			out = append(out, l)
		}
	}
	return out
}

// envelope is a session of the mail server.
type envelope struct {
	box *mailbox
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
	l.to, l.arrived = e.to, time.Now()
	e.box.mu.Lock()
	defer e.box.mu.Unlock()
	e.box.got = append(e.box.got, l)
	return nil
}

// readLetter reads a mail as a mail program does.
func readLetter(raw []byte) (l letter, err error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return l, err
	}
	l.header = m.Header
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return l, err
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return l, fmt.Errorf("the mail is %q: %w", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextPart() // which decodes quoted-printable
		if err == io.EOF {
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
			l.html = string(text)
		} else {
			l.text = string(text)
		}
	}
}
