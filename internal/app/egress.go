package app

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/proxy"
)

// proxyTimeout bounds the talk with a proxy before it has connected us.
const proxyTimeout = 10 * time.Second

// errWayOut means that a connection failed on this side: at the proxy, before
// anybody asked for the server.
var errWayOut = errors.New("the way out is broken")

// ours marks an error as one of our own side.
func ours(err error) error { return fmt.Errorf("%w: %w", errWayOut, err) }

// wayOut is a region's egress, and remembers when it was broken.
type wayOut struct {
	connect connect
	broken  atomic.Int64 // when it was seen last, Unix nanoseconds
}

// dial connects and takes note of our own failures.
func (w *wayOut) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	conn, err := w.connect(ctx, to)
	if errors.Is(err, errWayOut) && ctx.Err() == nil {
		w.broken.Store(time.Now().UnixNano())
	}
	return conn, err
}

// brokenSince reports whether the way out was seen to be broken at or after a
// moment; false for nil, the straight way.
func (w *wayOut) brokenSince(at time.Time) bool {
	return w != nil && w.broken.Load() >= at.UnixNano()
}

// reach is dial for names, as (*net.Dialer).DialContext.
func (w *wayOut) reach(ctx context.Context, network, addr string) (net.Conn, error) {
	if w == nil {
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	at, err := (&net.Resolver{}).LookupNetIP(ctx, "ip", hostOf(addr))
	if err != nil {
		return nil, fmt.Errorf("resolving a reference endpoint: %w", err)
	}
	port, err := net.DefaultResolver.LookupPort(ctx, network, addr[strings.LastIndexByte(addr, ':')+1:])
	if err != nil {
		return nil, fmt.Errorf("resolving a reference endpoint: %w", err)
	}
	return w.dial(ctx, netip.AddrPortFrom(at[0].Unmap(), uint16(port))) //nolint:gosec // a port
}

func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}

// connect makes one connection. The address has passed the guard.
type connect func(ctx context.Context, to netip.AddrPort) (net.Conn, error)

// egress returns how a region reaches the world: through a proxy (socks5, http
// or https URL), from a local address, or, when empty, straight: then it returns
// nil. Names are always resolved here, so that the address that the guard has
// seen is the one that is dialled.
func egress(spec string) (connect, error) {
	if spec == "" {
		return nil, nil //nolint:nilnil // nil is how a prober is told to dial by itself
	}
	if addr, err := netip.ParseAddr(spec); err == nil {
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, 0))}
		return func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			conn, err := d.DialContext(ctx, "tcp", to.String())
			if errors.Is(err, syscall.EADDRNOTAVAIL) {
				err = ours(err)
			}
			return conn, err
		}, nil
	}
	u, err := url.Parse(spec)
	if err != nil || u.Host == "" {
		return nil, errors.New("an egress is a socks5, http or https URL or a local IP address")
	}
	switch u.Scheme {
	case "socks5":
		return viaSOCKS(u)
	case "http", "https":
		return viaHTTP(u), nil
	}
	return nil, fmt.Errorf("an egress cannot be a %s URL: use socks5, http or https", u.Scheme)
}

func viaSOCKS(u *url.URL) (connect, error) {
	var auth *proxy.Auth
	if u.User != nil {
		auth = &proxy.Auth{User: u.User.Username()}
		auth.Password, _ = u.User.Password()
	}
	d, err := proxy.SOCKS5("tcp", withPort(u, "1080"), auth, toProxy{})
	if err != nil {
		return nil, fmt.Errorf("preparing the SOCKS proxy: %w", err)
	}
	dialer, ok := d.(proxy.ContextDialer)
	if !ok {
		return nil, errors.New("preparing the SOCKS proxy: it cannot be interrupted")
	}
	return func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, "tcp", to.String())
		if err != nil && strings.Contains(err.Error(), "authentication") { // the package has no error of its own for it
			err = ours(err)
		}
		return conn, err
	}, nil
}

// toProxy connects with a proxy: whatever fails there is ours.
type toProxy struct{}

// Dial is for those who cannot be interrupted; nobody calls it.
func (toProxy) Dial(network, addr string) (net.Conn, error) {
	return toProxy{}.DialContext(context.Background(), network, addr)
}

// DialContext connects with the proxy.
func (toProxy) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, ours(err)
	}
	return conn, nil
}

// viaHTTP connects with CONNECT (RFC 9110, section 9.3.6).
func viaHTTP(u *url.URL) connect {
	return func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		conn, err := dialProxy(ctx, u)
		if err != nil {
			return nil, ours(err)
		}
		if err := tunnel(ctx, conn, u, to.String()); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return conn, nil
	}
}

func dialProxy(ctx context.Context, u *url.URL) (net.Conn, error) {
	if u.Scheme == "https" {
		d := tls.Dialer{Config: &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}}
		return d.DialContext(ctx, "tcp", withPort(u, "443"))
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", withPort(u, "80"))
}

// tunnel asks the proxy on conn to connect it with host.
func tunnel(ctx context.Context, conn net.Conn, u *url.URL, host string) error {
	deadline := time.Now().Add(proxyTimeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	_ = conn.SetDeadline(deadline)
	defer func() { _ = conn.SetDeadline(time.Time{}) }()
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: host}, Host: host, Header: http.Header{}}
	if u.User != nil {
		password, _ := u.User.Password()
		token := base64.StdEncoding.EncodeToString([]byte(u.User.Username() + ":" + password))
		req.Header.Set("Proxy-Authorization", "Basic "+token)
	}
	if err := req.Write(conn); err != nil {
		return ours(fmt.Errorf("asking the proxy: %w", err))
	}
	// The answer to CONNECT has no body: with one byte a read nothing that
	// belongs to the tunnel is taken away.
	res, err := http.ReadResponse(bufio.NewReaderSize(byteReader{conn}, 16), req)
	if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
		return fmt.Errorf("waiting for the proxy to connect: %w", err)
	} else if err != nil {
		return ours(fmt.Errorf("reading the proxy's answer: %w", err))
	}
	_ = res.Body.Close()
	return tunnelled(res)
}

// tunnelled says what a proxy's answer to CONNECT means. It speaks of the server when
// the proxy says that it failed as a gateway (RFC 9110, section 15.6); otherwise the
// proxy does not want us, or is none.
func tunnelled(res *http.Response) error {
	switch code := res.StatusCode; {
	case code/100 == 2:
		return nil
	case code == http.StatusProxyAuthRequired:
		return ours(errors.New("the proxy refuses our credentials: " + res.Status))
	case code >= 500 && code != http.StatusNotImplemented && code != http.StatusHTTPVersionNotSupported:
		return fmt.Errorf("the proxy cannot connect: %s", res.Status)
	}
	return ours(errors.New("the proxy does not connect us: " + res.Status))
}

// byteReader hands out one byte at a time.
type byteReader struct{ net.Conn }

func (r byteReader) Read(p []byte) (int, error) {
	if len(p) > 1 {
		p = p[:1]
	}
	return r.Conn.Read(p)
}

func withPort(u *url.URL, port string) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), port)
}
