package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"syscall"

	gomail "github.com/wneessen/go-mail"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Guarded dials the addresses that a policy admits, after the name was resolved:
// for mail servers that a tenant names.
func Guarded(policy guard.Policy) func(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{ControlContext: func(_ context.Context, _, addr string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(addr)
		if err != nil {
			return fmt.Errorf("reading the address of the mail server: %w", err)
		}
		return policy.Check(to.Addr())
	}}
	return d.DialContext
}

// line is the one connection of a delivery. Whoever owns it closes it when the
// delivery's time is over: the SMTP client looks at its context only while it
// dials.
type line struct {
	sink   *Sink
	failed error // why there is no connection

	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := l.connect(ctx, network, addr)
	if err != nil {
		l.failed = err
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		hang(conn)
	}
	l.conn = conn
	return conn, nil
}

func (l *line) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	dial := l.sink.opt.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, network, addr)
	if err != nil || l.sink.opt.TLS != TLS {
		return conn, err
	}
	secure := tls.Client(conn, l.sink.tlsConfig())
	if err := secure.HandshakeContext(ctx); err != nil {
		hang(conn)
		return nil, err
	}
	return secure, nil
}

// close ends the connection, now or as soon as there is one. The client leaves
// some open that failed early.
func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.conn != nil {
		hang(l.conn)
	}
}

// hang hangs up. Whatever was sent has been answered, or never will be.
func hang(conn net.Conn) { _ = conn.Close() }

// explain says what went wrong, without the words of the server, which may hold
// addresses, and tells what is temporary.
func explain(err, dialled error) error {
	if refusal, ok := errors.AsType[*uptime.Refusal](dialled); ok {
		return refusal
	}
	if blocked, ok := errors.AsType[*guard.BlockedError](dialled); ok {
		return &uptime.Refusal{Reason: "the mail server cannot be used: " + blocked.Error()}
	}
	if sent, ok := errors.AsType[*gomail.SendError](err); ok {
		return refused(sent)
	}
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		return early(said.Code)
	}
	return errors.New(broken(err))
}

// early judges a refusal before our mail's turn.
func early(code int) error {
	r := &uptime.Refusal{Temporary: true, Reason: fmt.Sprintf("the mail server refused the connection: %d", code)}
	if code == 530 || code == 534 || code == 535 || code == 538 {
		r.Reason = fmt.Sprintf("the mail server refused the sign-in (%d): check username and password", code)
	}
	return r
}

// refused judges a refusal of our mail. Without a code the connection broke off.
func refused(sent *gomail.SendError) error {
	code := sent.ErrorCode()
	if code == 0 {
		return errors.New("the connection to the mail server broke off, or it did not answer in time")
	}
	r := &uptime.Refusal{Temporary: code < 500, Gone: unknown(sent)}
	said := strings.TrimSpace(fmt.Sprint(code, " ", sent.EnhancedStatusCode()))
	switch sent.Reason {
	case gomail.ErrSMTPRcptTo:
		r.Reason = "the mail server refused the recipient: " + said
	case gomail.ErrSMTPMailFrom:
		r.Reason = "the mail server refused the sender: " + said
	default:
		r.Reason = "the mail server refused the mail: " + said
	}
	return r
}

// unknown reports whether the server says that there is no such reader: by the
// codes of RFC 3463 section 3.2 and 3.3, or without them by a bare 550 or 551
// (RFC 5321 section 4.2.3). Codes of policy (5.7.x) do not say so.
func unknown(sent *gomail.SendError) bool {
	if sent.Reason != gomail.ErrSMTPRcptTo {
		return false
	}
	code, more := sent.ErrorCode(), sent.EnhancedStatusCode()
	if more == "" {
		return code == 550 || code == 551
	}
	return code >= 500 && slices.Contains([]string{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}, more)
}

// broken says in words why there was no conversation. The errors themselves hold
// addresses of machines.
func broken(err error) string {
	timeout, isNet := errors.AsType[net.Error](err)
	_, isName := errors.AsType[*net.DNSError](err)
	_, isCert := errors.AsType[*tls.CertificateVerificationError](err)
	_, isRoot := errors.AsType[x509.UnknownAuthorityError](err)
	switch {
	case isCert || isRoot:
		return "the mail server's certificate cannot be trusted"
	case errors.Is(err, context.DeadlineExceeded) || isNet && timeout.Timeout():
		return "the mail server did not answer in time"
	case isName:
		return "the mail server's name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the mail server refused the connection"
	case err != nil && strings.Contains(err.Error(), "does not support STARTTLS"):
		return "the mail server does not offer STARTTLS"
	case err != nil && strings.Contains(err.Error(), "AUTH"):
		return "the mail server offers no way to sign in that we know"
	}
	return "the connection to the mail server broke off"
}
