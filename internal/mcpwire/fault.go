package mcpwire

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Kind says what went wrong on the wire.
type Kind string

// The kinds, by layer.
const (
	NXDomain       Kind = "nxdomain"
	DNSFailure     Kind = "dns"
	OurNetwork     Kind = "our_network" // this machine, not the server, is cut off
	Blocked        Kind = "blocked"     // the address policy refused the address
	Refused        Kind = "refused"
	Unreachable    Kind = "unreachable"
	ConnectTimeout Kind = "connect_timeout"
	Reset          Kind = "reset" // closed or reset where an answer was due

	TLSExpired     Kind = "tls_expired"
	TLSNotYetValid Kind = "tls_not_yet_valid"
	TLSHostname    Kind = "tls_hostname"
	TLSUntrusted   Kind = "tls_untrusted"
	TLSFailure     Kind = "tls"

	FirstByteTimeout Kind = "first_byte_timeout"
	ReadTimeout      Kind = "read_timeout" // bytes came, but not all in time
	Canceled         Kind = "canceled"

	NotHTTP      Kind = "not_http"
	HeaderLimit  Kind = "header_limit"
	BodyLimit    Kind = "body_limit"
	BadFraming   Kind = "bad_framing" // chunks, lengths or compression do not add up
	Truncated    Kind = "truncated"
	EmptyBody    Kind = "empty_body"
	ContentType  Kind = "content_type"
	HTML         Kind = "html"
	BadJSON      Kind = "bad_json"
	BadEnvelope  Kind = "bad_envelope"
	IDMismatch   Kind = "id_mismatch"
	NoAnswer     Kind = "no_answer"     // an event stream ended, or a 202 came, without the answer
	Unterminated Kind = "unterminated"  // an event was cut in the middle
	Endpoint     Kind = "endpoint"      // HTTP+SSE: the endpoint event is missing or unusable
	LegacyStream Kind = "legacy_stream" // a POST was answered like the GET of HTTP+SSE
	Accepted     Kind = "accepted"      // a request was answered 202 and nothing

	SpawnFailed Kind = "spawn"
	Exited      Kind = "exited"
	StdoutNoise Kind = "stdout_noise"
)

// Fault is a failure of the wire. Its text never contains an address or a
// secret; Detail may quote a few printable bytes that the peer sent.
type Fault struct {
	Kind   Kind
	Detail string
	Err    error // what it came from; may be nil, may name addresses
}

// Error returns the detail.
func (f *Fault) Error() string { return f.Detail }

// Unwrap returns the underlying error.
func (f *Fault) Unwrap() error { return f.Err }

func fault(k Kind, format string, args ...any) *Fault {
	return &Fault{Kind: k, Detail: fmt.Sprintf(format, args...)}
}

// dialFault classes an error of connecting.
func dialFault(err error, bound time.Duration) *Fault {
	f := &Fault{Err: err}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Kind, f.Detail = Refused, "nothing listens on the port: the connection was refused"
	case errors.Is(err, syscall.ECONNRESET):
		f.Kind, f.Detail = Reset, "the connection was reset while it was being made"
	case isTimeout(err):
		f.Kind, f.Detail = ConnectTimeout, fmt.Sprintf("no connection within %s", round(bound))
	case errors.Is(err, context.Canceled):
		f.Kind, f.Detail = Canceled, "canceled"
	case errors.Is(err, syscall.ENETUNREACH):
		f.Kind, f.Detail = OurNetwork, "this machine has no route to the server's network"
	default:
		f.Kind, f.Detail = Unreachable, "the host cannot be reached from here"
	}
	return f
}

// lookupFault classes an error of a lookup.
func lookupFault(err error) *Fault {
	var dns *DNSError
	if !errors.As(err, &dns) {
		return &Fault{Kind: DNSFailure, Detail: "the name could not be looked up", Err: err}
	}
	f := &Fault{Kind: DNSFailure, Detail: dns.Kind.String(), Err: err}
	switch dns.Kind {
	case DNSNXDomain:
		f.Kind, f.Detail = NXDomain, "the name does not exist (NXDOMAIN)"
	case DNSServFail:
		f.Detail = "the name servers refused or failed to answer (REFUSED, SERVFAIL)"
	case DNSUnreachable, DNSNoServers:
		f.Kind = OurNetwork
	default:
	}
	if errors.Is(err, context.Canceled) {
		f.Kind = Canceled
	}
	return f
}

// tlsFault classes an error of the TLS handshake.
func tlsFault(err error, now time.Time) *Fault {
	f := &Fault{Err: err, Kind: TLSFailure}
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil && now.Before(invalid.Cert.NotBefore):
		f.Kind, f.Detail = TLSNotYetValid, "the certificate is not yet valid: it begins on "+invalid.Cert.NotBefore.UTC().Format(time.DateTime)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		f.Kind, f.Detail = TLSExpired, "the certificate expired on "+invalid.Cert.NotAfter.UTC().Format(time.DateTime)
	case errors.As(err, &invalid):
		f.Kind, f.Detail = TLSUntrusted, "the certificate is not acceptable: "+invalid.Error()
	case errors.As(err, &host):
		f.Kind, f.Detail = TLSHostname, "the certificate is for another name than "+printable(host.Host, 80)
	case errors.As(err, &unknown):
		f.Kind, f.Detail = TLSUntrusted, "the certificate is not signed by an authority that is trusted here (is an intermediate certificate missing?)"
	case errors.As(err, &record) && bytes.HasPrefix(record.RecordHeader[:], []byte("HTTP/")):
		f.Detail = "the port does not speak TLS: it answers in plain HTTP"
	case errors.As(err, &record):
		f.Detail = "the port does not speak TLS"
	case refusal(err) != nil:
		f.Detail = "the server refused the TLS handshake: " + refusal(err).Error()
	case isTimeout(err):
		f.Kind, f.Detail = TLSFailure, "the TLS handshake did not end in time"
	case errors.Is(err, context.Canceled):
		f.Kind, f.Detail = Canceled, "canceled"
	case isClosed(err):
		f.Detail = "the connection was closed in the TLS handshake"
	default:
		f.Detail = "the TLS handshake failed: " + printable(err.Error(), 160)
	}
	return f
}

// readFault classes an error of reading or writing on an established
// connection. Began says whether the peer had sent anything in answer.
func readFault(err error, began bool, waited time.Duration) *Fault {
	if already, ok := errors.AsType[*Fault](err); ok {
		return already
	}
	f := &Fault{Err: err}
	switch {
	case isTimeout(err) && began:
		f.Kind, f.Detail = ReadTimeout, fmt.Sprintf("the answer began but did not end within %s", round(waited))
	case isTimeout(err):
		f.Kind, f.Detail = FirstByteTimeout, fmt.Sprintf("not one byte of an answer within %s", round(waited))
	case errors.Is(err, context.Canceled):
		f.Kind, f.Detail = Canceled, "canceled"
	case refusal(err) != nil: // in TLS 1.3 a server judges our certificate after the handshake
		f.Kind, f.Detail = TLSFailure, "the server refused the TLS connection: "+refusal(err).Error()
	case began:
		f.Kind, f.Detail = Truncated, "the connection closed in the middle of the answer"
	case errors.Is(err, syscall.ECONNRESET):
		f.Kind, f.Detail = Reset, "the connection was reset where an answer was due"
	default:
		f.Kind, f.Detail = Reset, "the connection closed where an answer was due"
	}
	return f
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &t) && t.Timeout()
}

// refusal returns the TLS alert that the peer sent, if that is what err is.
func refusal(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return op.Err
	}
	return nil
}

func isFault(err error) bool {
	_, ok := errors.AsType[*Fault](err)
	return ok
}

func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// round makes a bound readable.
func round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// printable cuts hostile text to n bytes of printable ASCII for a detail. An
// ellipsis follows what was cut: whoever hides secrets must know where the
// beginning of one may stand.
func printable[T string | []byte](s T, n int) string {
	out := make([]byte, 0, min(len(s), n+len("...")))
	for i := range len(s) {
		if len(out) >= n || i >= 8*n {
			return string(append(out, "..."...))
		}
		if c := s[i]; c >= 0x20 && c < 0x7f {
			out = append(out, c)
		} else if len(out) > 0 && out[len(out)-1] != ' ' {
			out = append(out, ' ')
		}
	}
	return string(out)
}
