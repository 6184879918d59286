// Package post is the one HTTP client of all sinks. The URL of a sink is hostile
// input: each address that its name resolves to is checked right before that very
// address is dialled, redirects are not followed, no proxy of the environment is
// used, and time and bytes are bounded. The URL of a sink is often its secret:
// no error holds a part of it.
package post

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of an exchange.
const (
	maxAnswer      = 64 << 10
	maxHeader      = 32 << 10
	defaultTimeout = 10 * time.Second
)

// Options configure a Client.
type Options struct {
	// Policy says which addresses may be dialled. Plain http is admitted together
	// with private addresses: for sinks in the operator's own file.
	Policy guard.Policy
	// UserAgent is sent with each request; empty means AliveMCP.
	UserAgent string
	// Roots verify certificates; nil means the system's.
	Roots *x509.CertPool
	// Timeout bounds a whole exchange, from the name to the answer's last byte;
	// zero means 10 s.
	Timeout time.Duration
	// Dial makes a connection to an address that has passed Policy, within its
	// context; nil means
	// straight from this host.
	Dial func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
	// Lookup resolves a name; nil means by the system's resolver.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// Client posts to sinks. It is safe for concurrent use.
type Client struct {
	http http.Client
	opt  Options
}

// New returns a client.
func New(opt Options) *Client {
	if opt.Timeout == 0 {
		opt.Timeout = defaultTimeout
	}
	if opt.UserAgent == "" {
		opt.UserAgent = "AliveMCP"
	}
	d := newDialer(opt)
	return &Client{opt: opt, http: http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            d.dial,
			TLSClientConfig:        &tls.Config{RootCAs: opt.Roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
			MaxIdleConns:           64,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: maxHeader,
			TLSHandshakeTimeout:    opt.Timeout,
			// A connection that died without a word is found out while the first
			// request waits in vain, so that the next one gets another.
			HTTP2: &http.HTTP2Config{
				SendPingTimeout: opt.Timeout / 3, PingTimeout: opt.Timeout / 3, MaxReceiveBufferPerStream: 2 * maxAnswer,
			},
		},
	}}
}

// Close ends the connections that rest.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Request is what is sent.
type Request struct {
	Method string // empty means POST
	URL    uptime.Secret
	// Header is added to what the client sends by itself: User-Agent, and
	// Content-Type, which is application/json unless Header says otherwise.
	Header http.Header
	Body   []byte
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	// Body is at most 64 KiB. Cut means that there was more, or that it broke off:
	// the status says all the same what became of the request.
	Body []byte
	Cut  bool
}

// Do sends r once. The error is nil for a 2xx, and otherwise a *uptime.Refusal
// when the service, or the policy, refused: 408, 425, 429 and 5xx are temporary,
// with After from Retry-After; 410 means gone; any other status and a forbidden
// address are permanent. Any other error is one of the network. The answer is
// there for a refusal by status, too. No error's text holds the URL, a header, an
// address or a part of the answer.
func (c *Client) Do(ctx context.Context, r Request) (Answer, error) {
	u, err := guard.CheckURL(r.URL.Reveal(), c.opt.Policy.AllowPrivate)
	if err != nil {
		return Answer{}, &uptime.Refusal{Reason: "the sink's URL cannot be used: " + err.Error()}
	}
	limited, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, method(r), u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return Answer{}, &uptime.Refusal{Reason: "the sink's HTTP method cannot be used"}
	}
	c.setHeader(req, r.Header)
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{}, c.explain(ctx, err)
	}
	defer resp.Body.Close()
	a := read(resp)
	return a, refusal(a)
}

func method(r Request) string {
	if r.Method == "" {
		return http.MethodPost
	}
	return r.Method
}

func (c *Client) setHeader(req *http.Request, extra http.Header) {
	req.Header.Set("User-Agent", c.opt.UserAgent)
	if req.ContentLength > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range extra {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
}

// read takes what it can: after the status, a body that breaks off changes
// nothing about what the service did.
func read(resp *http.Response) Answer {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	cut := err != nil || len(body) > maxAnswer
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body[:min(len(body), maxAnswer)], Cut: cut}
}

// ErrAnswer means that the request was accepted, by its status, but that the
// answer is not the JSON that was asked for.
var ErrAnswer = errors.New("the service accepted, but its answer is not the JSON that it should be")

// JSON sends body as compact JSON, without escapes for HTML, as Do does. When
// answer is not nil the body of a 2xx is decoded into it; an empty one leaves it
// as it is, and one that is not such JSON is ErrAnswer.
func (c *Client) JSON(ctx context.Context, r Request, body, answer any) (Answer, error) {
	var err error
	if r.Body, err = Marshal(body); err != nil {
		return Answer{}, &uptime.Refusal{Reason: "the notice cannot be written as JSON"}
	}
	a, err := c.Do(ctx, r)
	if err != nil || answer == nil || len(a.Body) == 0 {
		return a, err
	}
	if a.Cut || json.Unmarshal(a.Body, answer) != nil {
		return a, ErrAnswer
	}
	return a, nil
}

// Marshal returns v as compact JSON without escapes for HTML.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("writing a notice as JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
