package mcpwire_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(tb testing.TB) *authority {
	tb.Helper()
	a := &authority{cert: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0),
	}}
	c := a.sign(tb, a.cert)
	a.cert, a.key = c.Leaf, c.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// sign makes a key and its certificate; the first one signs itself.
func (a *authority) sign(tb testing.TB, template *x509.Certificate) *tls.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), signer)
	if err != nil {
		tb.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// leaf issues a certificate for names and addresses, valid from an hour ago on
// for that long.
func (a *authority) leaf(tb testing.TB, life time.Duration, names ...string) *tls.Certificate {
	tb.Helper()
	t := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(life - time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	return a.sign(tb, t)
}

func (a *authority) roots() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// names is a Lookuper; a name that is not in it has an address all the same.
type names map[string][]netip.Addr

func (n names) Lookup(_ context.Context, host string) (mcpwire.Addresses, error) {
	if addrs, ok := n[host]; ok {
		return mcpwire.Addresses{Addrs: addrs}, nil
	}
	return mcpwire.Addresses{Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}, nil
}

// secureServer answers every request over TLS, as cfg wants it.
func secureServer(tb testing.TB, cfg *tls.Config, handle http.HandlerFunc) *httptest.Server {
	tb.Helper()
	if handle == nil {
		handle = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, good)
		}
	}
	s := httptest.NewUnstartedServer(handle)
	s.EnableHTTP2 = slices.Contains(cfg.NextProtos, "h2")
	s.TLS = cfg
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	tb.Cleanup(s.Close)
	return s
}

// onlyHTTP2 is cfg for a server that has no other protocol. Go's own would let
// clients in that offer HTTP/1.1 alone.
func onlyHTTP2(cfg *tls.Config) *tls.Config {
	cfg.NextProtos = []string{"h2"}
	cfg.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if !slices.Contains(hello.SupportedProtos, "h2") {
			return nil, errors.New("no HTTP/2")
		}
		return nil, nil
	}
	return cfg
}

// secureOptions make every address that of s.
func secureOptions(tb testing.TB, s *httptest.Server, raw string, opt mcpwire.DialerOptions) mcpwire.Options {
	tb.Helper()
	opt.Resolver = names{}
	opt.Connect = func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", s.Listener.Addr().String())
	}
	return mcpwire.Options{Dialer: mcpwire.NewDialer(opt), Target: parseTarget(tb, raw), UserAgent: "test"}
}

// secureCall dials and calls once.
func secureCall(tb testing.TB, opt mcpwire.Options) (*mcpwire.Streamable, *mcpwire.Answer, *mcpwire.Fault) {
	tb.Helper()
	c := mcpwire.NewStreamable(opt)
	tb.Cleanup(c.Close)
	ctx, cancel := timeout(tb, 10*time.Second)
	defer cancel()
	ans, f := c.Call(ctx, theCall())
	return c, ans, f
}

func TestCertificates(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	const day = 24 * time.Hour
	at := func(d time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(d) } }
	tests := map[string]struct {
		url    string
		cert   *tls.Certificate
		now    func() time.Time
		kind   mcpwire.Kind
		detail string
	}{
		"good":                  {"https://a.example/mcp", ca.leaf(t, day, "a.example"), nil, "", ""},
		"wildcard":              {"https://a.example/mcp", ca.leaf(t, day, "*.example"), nil, "", ""},
		"expired":               {"https://a.example/mcp", ca.leaf(t, time.Minute, "a.example"), nil, mcpwire.TLSExpired, "expired on"},
		"not yet valid":         {"https://a.example/mcp", ca.leaf(t, day, "a.example"), at(-2 * time.Hour), mcpwire.TLSNotYetValid, "begins on"},
		"expired by then":       {"https://a.example/mcp", ca.leaf(t, day, "a.example"), at(day), mcpwire.TLSExpired, "expired on"},
		"another name":          {"https://b.example/mcp", ca.leaf(t, day, "a.example"), nil, mcpwire.TLSHostname, "b.example"},
		"untrusted":             {"https://a.example/mcp", stranger.leaf(t, day, "a.example"), nil, mcpwire.TLSUntrusted, "authority"},
		"address":               {"https://192.0.2.1/mcp", ca.leaf(t, day, "192.0.2.1"), nil, "", ""},
		"IPv6 address":          {"https://[2001:db8::1]/mcp", ca.leaf(t, day, "2001:db8::1"), nil, "", ""},
		"another address":       {"https://192.0.2.1/mcp", ca.leaf(t, day, "192.0.2.2", "a.example"), nil, mcpwire.TLSHostname, "192.0.2.1"},
		"another IPv6 address":  {"https://[2001:db8::1]/mcp", ca.leaf(t, day, "2001:db8::2"), nil, mcpwire.TLSHostname, "2001:db8::1"},
		"address, name instead": {"https://192.0.2.1/mcp", ca.leaf(t, day, "a.example"), nil, mcpwire.TLSHostname, "192.0.2.1"},
		"address as a name":     {"https://a.example/mcp", ca.leaf(t, day, "192.0.2.1"), nil, mcpwire.TLSHostname, "a.example"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := secureServer(t, &tls.Config{Certificates: []tls.Certificate{*test.cert}}, nil)
			c, ans, f := secureCall(t, secureOptions(t, s, test.url, mcpwire.DialerOptions{Roots: ca.roots(), Now: test.now}))
			wantKind(t, f, test.kind)
			if test.kind == "" {
				wantGood(t, ans, f)
			} else if f != nil && !strings.Contains(f.Detail, test.detail) {
				t.Errorf("detail is %q, want %q in it", f.Detail, test.detail)
			}
			if r := c.Dialed; r.Certificate == nil || !r.Certificate.Equal(test.cert.Leaf) || r.TLS <= 0 || r.TCP <= 0 || r.DefaultCurves {
				t.Errorf("report is %+v", r)
			}
		})
	}
}

// TestKnownChains: what the cache of verified chains remembers neither hides a
// mismatch nor outlives the certificate, and is the host's alone.
func TestKnownChains(t *testing.T) {
	ca := newAuthority(t)
	s := secureServer(t, &tls.Config{Certificates: []tls.Certificate{*ca.leaf(t, 3*time.Hour, "a.example", "192.0.2.1")}}, nil)
	now := time.Now()
	opt := secureOptions(t, s, "https://a.example/mcp", mcpwire.DialerOptions{Roots: ca.roots(), Now: func() time.Time { return now }})
	steps := []struct {
		url  string
		at   time.Duration
		kind mcpwire.Kind
	}{
		{"https://a.example/mcp", 0, ""},
		{"https://a.example/mcp", time.Minute, ""},
		{"https://192.0.2.1/mcp", 0, ""},
		{"https://b.example/mcp", 0, mcpwire.TLSHostname},
		{"https://192.0.2.2/mcp", 0, mcpwire.TLSHostname},
		{"https://a.example/mcp", 4 * time.Hour, mcpwire.TLSExpired},
		{"https://a.example/mcp", -2 * time.Hour, mcpwire.TLSNotYetValid},
		{"https://a.example/mcp", 2*time.Hour - time.Minute, ""},
	}
	began := now
	for i, step := range steps {
		now = began.Add(step.at)
		opt.Target = parseTarget(t, step.url)
		_, _, f := secureCall(t, opt)
		if kind(f) != step.kind {
			t.Errorf("step %d (%s at %s): %v, want %q", i, step.url, step.at, f, step.kind)
		}
	}
}

func TestSecondHello(t *testing.T) {
	ca := newAuthority(t)
	cert := []tls.Certificate{*ca.leaf(t, 24*time.Hour, "a.example")}
	tests := map[string]struct {
		cfg           *tls.Config
		second, http2 bool
	}{
		"ordinary":       {&tls.Config{Certificates: cert}, false, false},
		"classical TLS":  {&tls.Config{Certificates: cert, MaxVersion: tls.VersionTLS12}, false, false},
		"post-quantum":   {&tls.Config{Certificates: cert, CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}}, true, false},
		"HTTP/2 and 1.1": {&tls.Config{Certificates: cert, NextProtos: []string{"h2", "http/1.1"}}, false, false},
		"HTTP/2 only":    {onlyHTTP2(&tls.Config{Certificates: cert}), true, true},
		"HTTP/2 and hybrid": {
			onlyHTTP2(&tls.Config{Certificates: cert, CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}}), true, true,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := secureServer(t, test.cfg, nil)
			c, ans, f := secureCall(t, secureOptions(t, s, "https://a.example/mcp", mcpwire.DialerOptions{Roots: ca.roots()}))
			wantGood(t, ans, f)
			if r := c.Dialed; r.DefaultCurves != test.second || r.HTTP2 != test.http2 || r.TLSVersion < tls.VersionTLS12 {
				t.Errorf("report is %+v", r)
			}
		})
	}
}

func TestClientCertificates(t *testing.T) {
	ca := newAuthority(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := secureServer(t, &tls.Config{
			Certificates: []tls.Certificate{*ca.leaf(t, 24*time.Hour, "a.example")}, MaxVersion: version,
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.roots(),
		}, nil)
		opt := secureOptions(t, s, "https://a.example/mcp", mcpwire.DialerOptions{Roots: ca.roots()})
		_, _, f := secureCall(t, opt)
		wantKind(t, f, mcpwire.TLSFailure)
		if f != nil && !strings.Contains(f.Detail, "refused") {
			t.Errorf("detail is %q", f.Detail)
		}
		opt.Certificate = ca.leaf(t, 24*time.Hour, "client")
		_, ans, f := secureCall(t, opt)
		wantGood(t, ans, f)
	}
}

func TestNoTLS(t *testing.T) {
	tests := map[string]struct {
		serve  func(p *peer)
		detail string
	}{
		"plain HTTP": {func(p *peer) {
			_, _ = p.Read(make([]byte, 1<<10))
			p.say("HTTP/1.1 400 Bad Request\r\n\r\n")
		}, "plain HTTP"},
		"something":  {func(p *peer) { _, _ = p.Read(make([]byte, 1<<10)); p.say("SSH-2.0-OpenSSH_9.9\r\n") }, "not speak TLS"},
		"hangs up":   {func(p *peer) { _, _ = p.Read(make([]byte, 1<<10)) }, "closed"},
		"says never": {func(p *peer) { p.gone() }, "in time"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			opt, _ := inMemory(t, mcpwire.Limits{}, func(_ int, p *peer) { test.serve(p) })
			opt.Target = parseTarget(t, "https://192.0.2.1/mcp")
			c := mcpwire.NewStreamable(opt)
			defer c.Close()
			ctx, cancel := timeout(t, 50*time.Millisecond)
			defer cancel()
			_, f := c.Call(ctx, theCall())
			wantKind(t, f, mcpwire.TLSFailure)
			if f != nil && !strings.Contains(f.Detail, test.detail) {
				t.Errorf("detail is %q, want %q in it", f.Detail, test.detail)
			}
		})
	}
}

func TestCanceledHandshake(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	opt, _ := inMemory(t, mcpwire.Limits{}, func(_ int, p *peer) {
		_, _ = p.Read(make([]byte, 1<<10))
		cancel()
		p.gone()
	})
	opt.Target = parseTarget(t, "https://192.0.2.1/mcp")
	_, f := mcpwire.NewStreamable(opt).Call(ctx, theCall())
	wantKind(t, f, mcpwire.Canceled)
}
