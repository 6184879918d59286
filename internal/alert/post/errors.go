package post

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxAfter bounds how long a service can ask us to wait.
const maxAfter = 24 * time.Hour

// refusal judges an answer by its status; nil for a 2xx.
func refusal(a Answer) error {
	if a.Status/100 == 2 {
		return nil
	}
	r := &uptime.Refusal{Reason: "it answered " + statusText(a.Status)}
	switch {
	case a.Status == http.StatusRequestTimeout, a.Status == http.StatusTooEarly, a.Status == http.StatusTooManyRequests, a.Status >= 500:
		r.Temporary, r.After = true, RetryAfter(a.Header.Get("Retry-After"), time.Now())
	case a.Status == http.StatusGone:
		r.Gone = true
	case a.Status/100 == 3:
		r.Reason += ": redirects are not followed, give the final address"
	}
	return r
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return fmt.Sprintf("%d (%s)", status, text)
	}
	return strconv.Itoa(status)
}

// RetryAfter reads a Retry-After field: seconds (RFC 9110 section 10.2.3, and
// fractions of them, which some services send) or a date, as what is left of it at
// now. It is at most 24 h, and zero when the field says nothing.
func RetryAfter(field string, now time.Time) time.Duration {
	if s, err := strconv.ParseFloat(field, 64); err == nil && !math.IsNaN(s) {
		return bounded(s)
	}
	if at, err := http.ParseTime(field); err == nil {
		return bounded(at.Sub(now).Seconds())
	}
	return 0
}

func bounded(seconds float64) time.Duration {
	return time.Duration(math.Ceil(max(0, min(seconds, maxAfter.Seconds()))*1e3)) * time.Millisecond
}

// explain turns an error of the network, whose text holds URL, name and address,
// into one that says what went wrong and holds none of them.
func (c *Client) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("sending was interrupted: %w", ctx.Err())
	}
	if blocked, ok := errors.AsType[*guard.BlockedError](err); ok {
		return &uptime.Refusal{Reason: "it was not contacted: " + blockedText(blocked)}
	}
	if text := certificateText(err); text != "" {
		return errors.New(text)
	}
	return errors.New(c.networkText(err))
}

// blockedText is for the owner of a sink: a private agent, which the guard's own
// text recommends, sends nothing.
func blockedText(b *guard.BlockedError) string {
	if b.Class == "denied" {
		return b.Error()
	}
	return "its address is not a public one (" + b.Class + "), which only sinks in the operator's own file may have"
}

func certificateText(err error) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its certificate is for another name"
	}
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); ok && bad.Reason == x509.Expired {
		return "its certificate has expired or is not valid yet"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate is not trusted"
	}
	return ""
}

func (c *Client) networkText(err error) string {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	op, isOp := errors.AsType[net.Error](err)
	switch {
	case isDNS && dns.IsNotFound, errors.Is(err, errNoAddr):
		return "its name does not exist or has no address"
	case isDNS:
		return "its name could not be resolved"
	case errors.Is(err, context.DeadlineExceeded), isOp && op.Timeout():
		return fmt.Sprintf("it did not answer within %v", c.opt.Timeout)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was cut before it answered"
	}
	return "the connection failed, or what answers there does not speak TLS or HTTP as it should"
}
