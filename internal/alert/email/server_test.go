package email_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/alivemcp/alivemcp/internal/alert/email"
)

const (
	user     = "alivemcp"
	password = "s3cr3t-canary-7f21"
)

// server is a mail server on loopback that refuses as told.
type server struct {
	host string
	port int

	mu     sync.Mutex
	got    [][]byte
	conns  map[*smtp.Conn]bool
	refuse map[string]error // by command: conn, auth, mail, rcpt, data
	cut    bool             // closes the connection after the mail was taken
	slow   chan struct{}    // answers to DATA when closed
}

// listen starts it: plain, with STARTTLS, or with TLS from the first byte.
func listen(tb testing.TB, protect string) (*server, *x509.CertPool) {
	tb.Helper()
	cert, roots := certificate(tb)
	s := &server{refuse: map[string]error{}, conns: map[*smtp.Conn]bool{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	addr := listener.Addr().(*net.TCPAddr)
	s.host, s.port = "127.0.0.1", addr.Port
	server := smtp.NewServer(smtp.BackendFunc(s.begin))
	server.Domain, server.MaxLineLength, server.AllowInsecureAuth = "mx.test", 1000, protect == email.None
	server.EnableSMTPUTF8 = true
	server.ErrorLog = silent{}
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	switch protect {
	case email.StartTLS:
		server.TLSConfig = config
	case email.TLS:
		listener = tls.NewListener(listener, config)
	}
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(listener) }() //nolint:errcheck // ends with the test
	tb.Cleanup(func() { server.Close(); <-done })
	return s, roots
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

func certificate(tb testing.TB) (tls.Certificate, *x509.CertPool) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	plan := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, plan, plan, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func (s *server) begin(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
	if err := s.refuse["conn"]; err != nil {
		return nil, err
	}
	return &session{server: s, conn: c}, nil
}

func (s *server) refuses(command string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuse[command]
}

// session is one connection.
type session struct {
	server *server
	conn   *smtp.Conn
	signed bool
	utf8   bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, name, pass string) error {
		if s.server.refuses("auth") != nil || name != user || pass != password {
			return smtp.ErrAuthFailed
		}
		s.signed = true
		return nil
	}), nil
}

func (s *session) Mail(_ string, o *smtp.MailOptions) error {
	s.utf8 = o.UTF8
	return s.server.refuses("mail")
}

func (s *session) Rcpt(string, *smtp.RcptOptions) error { return s.server.refuses("rcpt") }

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.server.slow != nil {
		<-s.server.slow
	}
	if err := s.server.refuses("data"); err != nil {
		return err
	}
	if s.utf8 {
		return errors.New("the mail needs SMTPUTF8 on all its way")
	}
	s.server.take(raw, s.conn)
	return nil
}

func (s *server) take(raw []byte, c *smtp.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, raw)
	if s.cut {
		c.Conn().Close()
	}
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// arrived is a mail as its reader's program reads it.
type arrived struct {
	raw        string
	header     mail.Header
	text, html string
}

func (a arrived) subject(t *testing.T) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(a.header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// inbox parses all that was taken.
func (s *server) inbox(t *testing.T) []arrived {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []arrived
	for _, raw := range s.got {
		all = append(all, parse(t, raw))
	}
	return all
}

func parse(t *testing.T, raw []byte) arrived {
	t.Helper()
	for line := range strings.Lines(string(raw)) {
		if len(line) > 1000 {
			t.Errorf("a line of %d bytes (RFC 5322 section 2.1.1)", len(line))
		}
	}
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("reading the mail: %v", err)
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q: %v", kind, err)
	}
	a := arrived{raw: string(raw), header: msg.Header}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	a.text = part(t, parts, "text/plain")
	a.html = part(t, parts, "text/html")
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("a third part: %v", err)
	}
	return a
}

func part(t *testing.T, parts *multipart.Reader, want string) string {
	t.Helper()
	p, err := parts.NextRawPart()
	if err != nil {
		t.Fatalf("reading the part %s: %v", want, err)
	}
	if kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type")); kind != want || p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
		t.Fatalf("the part is %v, want %s", p.Header, want)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(body), "\r\n", "\n")
}

// newest parses the last mail, and forgets all.
func (s *server) newest(t *testing.T) arrived {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	raw := s.got[len(s.got)-1]
	s.got = nil
	clear(s.conns)
	return parse(t, raw)
}
