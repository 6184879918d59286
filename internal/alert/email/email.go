// Package email tells one reader by mail, over SMTP.
//
// A thread is one conversation in the reader's mail program:
//
//   - opens begins it, or goes on with it when the same thread opens again;
//   - changes and closes answer the first mail, by In-Reply-To and References
//     (RFC 5322 section 3.6.4) and under the same subject, for that is how mail
//     programs find what belongs together. The first words of the mail say what is
//     so now.
//
// Each delivery has its own Message-ID, the same over all its attempts. A server
// that took a mail and broke off before it said so gets it again; mail programs
// show what has the same Message-ID once.
package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"html/template"
	"net"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// How a connection is protected.
const (
	StartTLS = "starttls" // begins plain and must become TLS; port 587
	TLS      = "tls"      // TLS from the first byte; port 465
	None     = "none"     // never; port 25; for the same machine alone
)

// defaultTimeout is long because mail servers let strangers wait before they
// greet.
const defaultTimeout = 30 * time.Second

// Options say how mail leaves, and who gets it.
type Options struct {
	// Host and Port are those of the mail server that takes our mail. Port 0 is the
	// usual one of TLS.
	Host string
	Port int
	// TLS is StartTLS, TLS or None; empty is StartTLS. None is admitted for
	// localhost, 127.0.0.1 and ::1.
	TLS string
	// Username and Password sign in; without both we do not.
	Username string
	Password uptime.Secret
	// From is the sender, such as "AliveMCP <alerts@example.com>". Its domain names
	// our mails, and us to the server.
	From string
	// To is the one reader.
	To string
	// Subscriber says that To is a reader of a status page, and no place for alerts
	// that somebody set up.
	Subscriber bool
	// Roots verify the server's certificate; nil means the system's.
	Roots *x509.CertPool
	// Timeout bounds a whole delivery; zero means 30 s.
	Timeout time.Duration
	// Dial makes the connection; nil means straight, to any address. See Guarded.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Sink is one reader. It is safe for concurrent use: each delivery has a
// connection of its own.
type Sink struct {
	opt      Options
	from, to *mail.Address
	domain   string // of from
	html     *template.Template
}

// New returns the sink, or says what is wrong with its options. No error holds
// the password. It connects to nothing.
func New(o Options) (*Sink, error) {
	if err := checkServer(&o); err != nil {
		return nil, err
	}
	from, err := address(o.From)
	if err != nil {
		return nil, errors.New("email: the sender (from) " + err.Error())
	}
	to, err := address(o.To)
	if err != nil {
		return nil, errors.New("email: the recipient (to) " + err.Error())
	}
	page, err := template.New("mail").Parse(htmlSource)
	if err != nil {
		return nil, errors.New("email: the template of mails cannot be read")
	}
	return &Sink{opt: o, from: from, to: to, html: page, domain: from.Address[strings.LastIndexByte(from.Address, '@')+1:]}, nil
}

// checkServer checks what belongs to the connection, and fills in what is left
// out.
func checkServer(o *Options) error {
	if o.Host == "" || strings.ContainsAny(o.Host, " /@\r\n\t") || len(o.Host) > 253 {
		return errors.New("email: the host must be the name of a mail server, such as smtp.example.com")
	}
	ports := map[string]int{StartTLS: 587, TLS: 465, None: 25}
	if o.TLS == "" {
		o.TLS = StartTLS
	}
	if ports[o.TLS] == 0 {
		return errors.New("email: tls must be starttls, tls or none")
	}
	if o.TLS == None && o.Host != "localhost" && o.Host != "127.0.0.1" && o.Host != "::1" {
		return errors.New("email: tls none is admitted for localhost, 127.0.0.1 and ::1 alone: use starttls or tls")
	}
	if o.Port == 0 {
		o.Port = ports[o.TLS]
	}
	if o.Port < 1 || o.Port > 65535 {
		return errors.New("email: the port must be a number from 1 to 65535")
	}
	if (o.Username == "") != (o.Password == "") {
		return errors.New("email: give both username and password, or neither")
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return nil
}

// address reads one address. Those that are not ASCII need a mail server, and all
// servers after it, to speak SMTPUTF8 (RFC 6531): too few do.
func address(text string) (*mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("must be one address, such as Jo <jo@example.com>")
	}
	if len(a.Address) > 254 || strings.ContainsFunc(a.Address, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("must be in ASCII and at most 254 bytes long: write an international domain as xn--")
	}
	return a, nil
}

// Deliver sends what the package comment says. The ref holds Message-ID and
// subject of the conversation's first mail. Answers of the kind 5xx to our mail
// are permanent, and those that say that there is no such reader mean that it is
// gone. What goes wrong before the mail's turn, such as a sign-in that is refused,
// is temporary: it says nothing about this mail, and the operator may mend it.
func (s *Sink) Deliver(ctx context.Context, d *uptime.Delivery, ref string) (string, error) {
	l := s.letter(d, ref)
	if err := s.send(ctx, l); err != nil {
		return "", err
	}
	return l.thread(), nil
}

// send delivers a letter over a connection of its own.
func (s *Sink) send(ctx context.Context, l letter) error {
	msg, err := s.message(l)
	if err != nil {
		return &uptime.Refusal{Reason: "the mail cannot be written"}
	}
	ctx, cancel := context.WithTimeout(ctx, s.opt.Timeout)
	defer cancel()
	line := &line{sink: s}
	defer line.close()
	defer context.AfterFunc(ctx, line.close)()
	client, err := gomail.NewClient(s.opt.Host, s.clientOptions(line)...)
	if err != nil {
		return &uptime.Refusal{Reason: "the mail server's settings cannot be used"}
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() {
		return nil // whatever went wrong when we said goodbye
	}
	return explain(err, line.failed)
}

func (s *Sink) clientOptions(l *line) []gomail.Option {
	policy := gomail.TLSMandatory
	if s.opt.TLS != StartTLS {
		policy = gomail.NoTLS // what is TLS from the beginning is the line's doing
	}
	all := []gomail.Option{
		gomail.WithPort(s.opt.Port), gomail.WithTimeout(s.opt.Timeout), gomail.WithHELO(s.domain),
		gomail.WithTLSPolicy(policy), gomail.WithTLSConfig(s.tlsConfig()), gomail.WithDialContextFunc(l.dial),
		gomail.WithoutNoop(), gomail.WithoutRset(), gomail.WithoutSMTPUTF8(),
	}
	if s.opt.Username != "" {
		all = append(all, gomail.WithUsername(s.opt.Username), gomail.WithPassword(s.opt.Password.Reveal()),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthCramMD5))
	}
	return all
}

func (s *Sink) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.opt.Host, RootCAs: s.opt.Roots, MinVersion: tls.VersionTLS12}
}
