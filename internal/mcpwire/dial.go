package mcpwire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Target is where a request goes: an http or https URL, taken apart once.
type Target struct {
	Secure bool   // https
	Host   string // name or address literal, without brackets
	Port   uint16
	Path   string // with query, never empty

	authority string // of the Host field
}

// ParseTarget takes an absolute http or https URL apart. Userinfo and fragment
// are left out: neither may travel.
func ParseTarget(u *url.URL) (Target, error) {
	t := Target{Secure: u.Scheme == "https", Host: u.Hostname()}
	t.Path = strings.ReplaceAll(u.RequestURI(), " ", "%20") // net/url leaves spaces in queries
	port := u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return t, errors.New("the URL must begin with http:// or https://")
	case t.Host == "":
		return t, errors.New("the URL names no host")
	case port == "" && t.Secure:
		port = "443"
	case port == "":
		port = "80"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return t, errors.New("the URL's port is not between 1 and 65535")
	}
	t.Port = uint16(n)
	t.authority = t.hostField()
	return t, nil
}

// hostField returns the value of the Host field.
func (t Target) hostField() string {
	host := t.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if t.Secure && t.Port == 443 || !t.Secure && t.Port == 80 {
		return host
	}
	return host + ":" + strconv.Itoa(int(t.Port))
}

// URL returns t as a URL.
func (t Target) URL() string {
	if t.Secure {
		return "https://" + t.authority + t.Path
	}
	return "http://" + t.authority + t.Path
}

// SameOrigin reports whether credentials for t may also go to o (RFC 6454).
func (t Target) SameOrigin(o Target) bool {
	return t.Secure == o.Secure && t.Port == o.Port && strings.EqualFold(t.Host, o.Host)
}

// Lookuper finds the addresses of a name.
type Lookuper interface {
	// Lookup returns at least one address or an error. IPv4 comes first.
	Lookup(ctx context.Context, host string) (Addresses, error)
}

// Dialer opens connections: it resolves, connects and shakes hands itself, so
// that each part can be timed and judged. It is safe for concurrent use and
// must come from NewDialer.
type Dialer struct {
	opt    DialerOptions
	chains *chainCache
	pool   *sync.Pool
}

// DialerOptions configure a Dialer.
type DialerOptions struct {
	Resolver Lookuper
	// Check refuses addresses. It is asked about each address right before that
	// very address is dialled. Nil refuses nothing.
	Check func(netip.Addr) error
	// Roots verify certificates; nil means the system's.
	Roots *x509.CertPool
	// Connect makes the connection; nil means straight from this host.
	Connect func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
	Limits  Limits
	// Now tells the time that certificates are judged by; nil means time.Now.
	Now func() time.Time
}

// NewDialer returns a Dialer.
func NewDialer(opt DialerOptions) *Dialer {
	opt.Limits = opt.Limits.withDefaults()
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Connect == nil {
		opt.Connect = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			return new(net.Dialer).DialTCP(ctx, "tcp", netip.AddrPort{}, to)
		}
	}
	return &Dialer{opt: opt, chains: newChainCache(), pool: newPool()}
}

// DialReport says how far connecting came and how long each part took. A part
// that was not reached is zero.
type DialReport struct {
	DNS, TCP, TLS time.Duration
	// Literal says that the host was an address, so that nothing was looked up.
	Literal bool
	// Retransmits counts DNS questions that had to be asked again.
	Retransmits int
	// Certificate is the leaf that the server showed, also when it was refused.
	Certificate *x509.Certificate
	TLSVersion  uint16
	HTTP2       bool
	// DefaultCurves says that the small ClientHello failed and Go's own worked.
	DefaultCurves bool
}

// dial connects to t. Faults are of the kinds of DNS, TCP and TLS; the report is
// valid either way.
func (d *Dialer) dial(ctx context.Context, t Target, cert *tls.Certificate) (roundTripper, DialReport, error) {
	var rep DialReport
	addrs, err := d.lookup(ctx, t.Host, &rep)
	if err != nil {
		return nil, rep, err
	}
	nc, addr, err := d.connect(ctx, addrs, t.Port, &rep)
	if err != nil {
		return nil, rep, err
	}
	if !t.Secure {
		return d.newConn1(nc), rep, nil
	}
	rt, err := d.secure(ctx, nc, addr, t, cert, &rep)
	return rt, rep, err
}

func (d *Dialer) newConn1(nc net.Conn) *conn1 {
	return &conn1{nc: nc, rd: reader{src: nc, pool: d.pool}, limits: d.opt.Limits}
}

// lookup resolves the host and times it.
func (d *Dialer) lookup(ctx context.Context, host string, rep *DialReport) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		rep.Literal = true
		return []netip.Addr{addr}, nil
	}
	began := time.Now()
	found, err := d.opt.Resolver.Lookup(ctx, host)
	rep.DNS = max(time.Since(began), 1)
	rep.Retransmits = found.Retransmits
	if err != nil {
		return nil, lookupFault(err)
	}
	return found.Addrs, nil
}

// maxDials bounds how many addresses of one name are tried.
const maxDials = 3

// connect tries the addresses in turn, each with its share of the time left.
func (d *Dialer) connect(ctx context.Context, addrs []netip.Addr, port uint16, rep *DialReport) (net.Conn, netip.AddrPort, error) {
	addrs = addrs[:min(len(addrs), maxDials)]
	began := time.Now()
	var last error
	for i, addr := range addrs {
		if err := d.check(addr); err != nil {
			last = err
			continue
		}
		to := netip.AddrPortFrom(addr, port)
		nc, err := d.connectOne(ctx, to, len(addrs)-i)
		rep.TCP = max(time.Since(began), 1)
		if err == nil {
			return nc, to, nil
		}
		last = err
	}
	return nil, netip.AddrPort{}, last
}

func (d *Dialer) check(addr netip.Addr) error {
	if d.opt.Check == nil {
		return nil
	}
	if err := d.opt.Check(addr); err != nil {
		return &Fault{Kind: Blocked, Detail: err.Error(), Err: err}
	}
	return nil
}

// connectOne dials one address within the time left divided by share.
func (d *Dialer) connectOne(ctx context.Context, to netip.AddrPort, share int) (net.Conn, error) {
	began := time.Now()
	if deadline, ok := ctx.Deadline(); ok && share > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(share))
		defer cancel()
	}
	nc, err := d.opt.Connect(ctx, to)
	if err != nil {
		return nil, dialFault(err, time.Since(began))
	}
	return nc, nil
}
