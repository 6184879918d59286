package mcpwire

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// secure shakes hands with a ClientHello of classical curves and HTTP/1.1 only:
// it fits one packet and is what HTTP/1.1 by hand needs. A server that fails
// that, for a reason other than its certificate or the clock, is asked once
// more on a fresh connection with Go's defaults and HTTP/2 before it is judged.
func (d *Dialer) secure(ctx context.Context, nc net.Conn, addr netip.AddrPort, t Target, cert *tls.Certificate, rep *DialReport) (roundTripper, error) {
	began := time.Now()
	tc, err := d.handshake(ctx, nc, d.tlsConfig(t.Host, cert, rep))
	if err != nil && worthAnotherHello(ctx, err) {
		if nc, again := d.connectOne(ctx, addr, 1); again == nil {
			cfg := d.tlsConfig(t.Host, cert, rep)
			cfg.CurvePreferences = nil
			cfg.NextProtos = []string{"http/1.1", "h2"}
			var second error
			if tc, second = d.handshake(ctx, nc, cfg); second == nil {
				err, rep.DefaultCurves = nil, true
			}
		}
	}
	rep.TLS = max(time.Since(began), 1)
	if err != nil {
		return nil, tlsFault(err, d.opt.Now())
	}
	state := tc.ConnectionState()
	rep.TLSVersion = state.Version
	if state.NegotiatedProtocol == "h2" {
		rep.HTTP2 = true
		return newConn2(tc, d.opt.Limits)
	}
	return d.newConn1(tc), nil
}

func (d *Dialer) tlsConfig(host string, cert *tls.Certificate, rep *DialReport) *tls.Config {
	cfg := &tls.Config{
		ServerName:       host,
		NextProtos:       []string{"http/1.1"},
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
		// The chain is verified by VerifyConnection, which caches.
		InsecureSkipVerify: true, //nolint:gosec // see VerifyConnection
		VerifyConnection: func(cs tls.ConnectionState) error {
			rep.Certificate = cs.PeerCertificates[0]
			return d.chains.verify(host, cs.PeerCertificates, d.opt.Roots, d.opt.Now())
		},
	}
	if cert != nil {
		cfg.Certificates = []tls.Certificate{*cert}
	}
	return cfg
}

// handshake runs the TLS handshake; it closes the connection when that fails.
func (d *Dialer) handshake(ctx context.Context, nc net.Conn, cfg *tls.Config) (*tls.Conn, error) {
	tc := tls.Client(nc, cfg)
	deadline, _ := ctx.Deadline()
	_ = nc.SetDeadline(deadline)
	err := tc.HandshakeContext(ctx)
	if err == nil {
		return tc, nil
	}
	_ = nc.Close()
	if ctxErr := ctx.Err(); ctxErr != nil {
		return nil, errors.Join(ctxErr, err)
	}
	return nil, err
}

// past is a deadline that has passed.
func past() time.Time { return time.Unix(1, 0) }

// worthAnotherHello reports whether a failed handshake may be the fault of our
// ClientHello.
func worthAnotherHello(ctx context.Context, err error) bool {
	var bad *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	return ctx.Err() == nil && !isTimeout(err) && !errors.As(err, &bad) && !errors.As(err, &invalid) &&
		!errors.As(err, &host) && !errors.As(err, &unknown) && !errors.As(err, &record)
}

// chainCache remembers which certificate chains were found good, so that a
// chain is verified once a day and not once a minute (a P-384 chain costs more
// than the whole rest of a probe). The handshake itself still proves, every
// time, that the server holds the leaf's key.
type chainCache struct {
	mu   sync.Mutex
	good map[[sha256.Size]byte]time.Time // good until
}

const (
	chainLife   = 24 * time.Hour
	chainMemory = 1 << 17 // entries; about 10 MiB
)

func newChainCache() *chainCache {
	return &chainCache{good: map[[sha256.Size]byte]time.Time{}}
}

// verify holds a chain against the host that was dialled. The host comes from
// the caller, because ConnectionState.ServerName is empty for addresses.
func (c *chainCache) verify(host string, certs []*x509.Certificate, roots *x509.CertPool, now time.Time) error {
	key := chainKey(host, certs)
	c.mu.Lock()
	until, hit := c.good[key]
	c.mu.Unlock()
	leaf := certs[0]
	if hit && now.Before(until) && !now.Before(leaf.NotBefore) {
		return nil
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		DNSName: host, Roots: roots, CurrentTime: now, Intermediates: pool(certs[1:]),
	})
	if err != nil {
		return err
	}
	c.remember(key, goodUntil(chains, now))
	return nil
}

func (c *chainCache) remember(key [sha256.Size]byte, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.good) >= chainMemory {
		clear(c.good)
	}
	c.good[key] = until
}

func chainKey(host string, certs []*x509.Certificate) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(host))
	for _, cert := range certs {
		h.Write(cert.Raw)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// goodUntil returns when the longest-lived of the chains must be looked at
// again.
func goodUntil(chains [][]*x509.Certificate, now time.Time) time.Time {
	var best time.Time
	for _, chain := range chains {
		until := now.Add(chainLife)
		for _, cert := range chain {
			if cert.NotAfter.Before(until) {
				until = cert.NotAfter
			}
		}
		if until.After(best) {
			best = until
		}
	}
	return best
}

func pool(certs []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}
