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
	"time"

	"golang.org/x/net/proxy"
)

// proxyTimeout bounds the talk with a proxy before it has connected us.
const proxyTimeout = 10 * time.Second

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
			return d.DialContext(ctx, "tcp", to.String())
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
	d, err := proxy.SOCKS5("tcp", withPort(u, "1080"), auth, &net.Dialer{})
	if err != nil {
		return nil, fmt.Errorf("preparing the SOCKS proxy: %w", err)
	}
	dialer, ok := d.(proxy.ContextDialer)
	if !ok {
		return nil, errors.New("preparing the SOCKS proxy: it cannot be interrupted")
	}
	return func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp", to.String())
	}, nil
}

// viaHTTP connects with CONNECT (RFC 9110, section 9.3.6).
func viaHTTP(u *url.URL) connect {
	return func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		conn, err := dialProxy(ctx, u)
		if err != nil {
			return nil, err
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
		return fmt.Errorf("asking the proxy: %w", err)
	}
	// The answer to CONNECT has no body: with one byte a read nothing that
	// belongs to the tunnel is taken away.
	res, err := http.ReadResponse(bufio.NewReaderSize(byteReader{conn}, 16), req)
	if err != nil {
		return fmt.Errorf("reading the proxy's answer: %w", err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the proxy refused to connect: %s", res.Status)
	}
	return nil
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
