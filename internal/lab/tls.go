package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// tlsScenarios have a port of their own each. Certificates are made by the
// lab's own authority unless the scenario is about that.
func tlsScenarios() []Scenario {
	const group = "tls"
	trusting := Setup{NeedsCA: true}
	return []Scenario{
		{
			Name: "tls-13", Group: group, Setup: trusting,
			About:   "A correct server behind TLS 1.3.",
			Expect:  live(toolCount),
			handler: legacy(nil), tls: certified(nil),
		},
		{
			Name: "tls-12-rsa", Group: group, Setup: trusting,
			About:   "A correct server behind TLS 1.2 with an RSA key.",
			Expect:  live(toolCount),
			handler: legacy(nil), tls: rsaTLS12,
		},
		{
			Name: "tls-http2-only", Group: group, Setup: trusting,
			About:   "A correct server that speaks HTTP/2 and nothing else.",
			Expect:  live(toolCount),
			handler: legacy(nil), tls: http2Only,
		},
		{
			Name: "tls-hybrid-only", Group: group, Setup: trusting,
			About:   "A correct server that insists on a post-quantum key exchange.",
			Expect:  live(toolCount),
			handler: legacy(nil), tls: configured(func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519MLKEM768} }),
		},
		{
			Name: "tls-by-name", Group: group, host: "ok" + zone, Setup: Setup{NeedsCA: true, NeedsResolver: true},
			About:   "A correct server whose certificate is for its name, and shown only to those who ask for that name.",
			Expect:  live(toolCount),
			handler: legacy(nil), tls: byName("ok" + zone),
		},
		{
			Name: "tls-expiring", Group: group, Setup: trusting,
			About:   "A correct server whose certificate ends in five days: the renewal has failed silently.",
			Expect:  live(toolCount).found("tls_expires_soon"),
			handler: legacy(nil), tls: certified(validFor(-24*time.Hour, 5*24*time.Hour)),
		},
		{
			Name: "tls-expired", Group: group, Setup: trusting,
			About:   "The certificate ended yesterday; nothing inside the cluster notices.",
			Expect:  fails(uptime.TLSExpired, uptime.StepTLS, "expired"),
			handler: legacy(nil), tls: certified(validFor(-90*24*time.Hour, -24*time.Hour)),
		},
		{
			Name: "tls-not-yet-valid", Group: group, Setup: trusting,
			About:   "The certificate begins tomorrow: it was made on a machine with a wrong clock.",
			Expect:  fails(uptime.TLSNotYetValid, uptime.StepTLS, "not yet valid"),
			handler: legacy(nil), tls: certified(validFor(24*time.Hour, 90*24*time.Hour)),
		},
		{
			Name: "tls-wrong-host", Group: group, Setup: trusting,
			About:   "The certificate is for another name: the proxy shows its default one.",
			Expect:  fails(uptime.TLSHostname, uptime.StepTLS, "127.0.0.1"),
			handler: legacy(nil), tls: certified(namedOnly("other" + zone)),
		},
		{
			Name: "tls-common-name-only", Group: group, Setup: trusting,
			About:   "The certificate has its name where no client looks any more.",
			Expect:  fails(uptime.TLSHostname, uptime.StepTLS, ""),
			handler: legacy(nil), tls: certified(namedOnly()),
		},
		{
			Name: "tls-self-signed", Group: group, Setup: trusting,
			About:   "The certificate vouches for itself.",
			Expect:  fails(uptime.TLSUntrusted, uptime.StepTLS, ""),
			handler: legacy(nil), tls: signedBy(selfSigned),
		},
		{
			Name: "tls-untrusted", Group: group, Setup: trusting,
			About:   "The certificate is from an authority that nobody trusts.",
			Expect:  fails(uptime.TLSUntrusted, uptime.StepTLS, ""),
			handler: legacy(nil), tls: signedBy(strange),
		},
		{
			Name: "tls-incomplete-chain", Group: group, Setup: trusting,
			About:   "The intermediate certificate is missing: browsers find it, MCP clients do not.",
			Expect:  fails(uptime.TLSUntrusted, uptime.StepTLS, ""),
			handler: legacy(nil), tls: signedBy(orphaned),
		},
		{
			Name: "tls-old-version", Group: group, Setup: trusting,
			About:   "The server speaks TLS 1.0 at most.",
			Expect:  fails(uptime.TLSFailed, uptime.StepTLS, "version"),
			handler: legacy(nil), tls: configured(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }),
		},
		{
			Name: "tls-plain-http", Group: group, Setup: trusting, own: true, scheme: "https",
			About:   "The address says https and the port speaks plain HTTP.",
			Expect:  fails(uptime.TLSFailed, uptime.StepTLS, "http"),
			handler: legacy(nil),
		},
		{
			Name: "tls-asked-plainly", Group: group, Setup: trusting, scheme: "http",
			About:   "The address says http and the port speaks TLS.",
			Expect:  fails(uptime.HTTPClientError, "", "400"),
			handler: legacy(nil), tls: certified(nil),
		},
		{
			Name: "tls-reset", Group: group, Setup: trusting, scheme: "https",
			About:  "The connection is reset in the middle of the TLS handshake.",
			Expect: fails(uptime.TLSFailed, uptime.StepTLS, "").or(uptime.ConnectReset),
			conn: func(_ *stage, c net.Conn) {
				_, _ = c.Read(make([]byte, 1024))
				reset(c)
			},
		},
		{
			Name: "tls-hang", Group: group, scheme: "https", Setup: Setup{NeedsCA: true, Timeout: time.Second},
			About:  "The connection stands and the TLS handshake never goes on.",
			Expect: fails(uptime.TLSFailed, uptime.StepTLS, "").or(uptime.FirstByteTimeout, uptime.AttemptTimeout, uptime.ConnectTimeout),
			conn:   func(_ *stage, c net.Conn) { drain(c) },
		},
		{
			Name: "tls-garbage", Group: group, Setup: trusting, scheme: "https",
			About:  "The port answers the TLS handshake with the greeting of another protocol.",
			Expect: fails(uptime.TLSFailed, uptime.StepTLS, ""),
			conn: func(_ *stage, c net.Conn) {
				_, _ = c.Read(make([]byte, 1024))
				_, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n\x00\x01\x02\x03garbage")
			},
		},
		{
			Name: "tls-client-certificate-missing", Group: group, Setup: trusting,
			About:   "The server demands a client certificate and the check has none.",
			Expect:  fails(uptime.TLSFailed, "", "certificate").or(uptime.ConnectReset, uptime.AuthRequired),
			handler: legacy(nil), tls: mutual,
		},
		{
			Name: "tls-client-certificate", Group: group, Setup: trusting,
			About:   "A correct server that demands a client certificate, which the check has.",
			Expect:  live(toolCount).access(""),
			handler: legacy(nil), tls: mutual, profile: withClientCertificate,
		},
	}
}

// certified serves a certificate of the lab's authority.
func certified(change func(*authority, *x509.Certificate)) func(*stage) (*tls.Config, error) {
	return signedBy(func(a *authority) (tls.Certificate, error) {
		return a.leaf(nil, func(c *x509.Certificate) {
			if change != nil {
				change(a, c)
			}
		})
	})
}

func signedBy(sign func(*authority) (tls.Certificate, error)) func(*stage) (*tls.Config, error) {
	return func(s *stage) (*tls.Config, error) {
		cert, err := sign(s.lab.ca)
		return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, err
	}
}

// configured serves a good certificate in a changed way.
func configured(change func(*tls.Config)) func(*stage) (*tls.Config, error) {
	return func(s *stage) (*tls.Config, error) {
		conf, err := certified(nil)(s)
		if err == nil {
			change(conf)
		}
		return conf, err
	}
}

// validFor sets the certificate's life, relative to now.
func validFor(from, to time.Duration) func(*authority, *x509.Certificate) {
	return func(a *authority, c *x509.Certificate) { c.NotBefore, c.NotAfter = a.now.Add(from), a.now.Add(to) }
}

// namedOnly makes the certificate good for these names and for no address.
func namedOnly(names ...string) func(*authority, *x509.Certificate) {
	return func(_ *authority, c *x509.Certificate) { c.DNSNames, c.IPAddresses = names, nil }
}

// selfSigned is a leaf without any authority behind it.
func selfSigned(a *authority) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a key: %w", err)
	}
	tpl := a.template("localhost")
	tpl.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// strange is a leaf of an authority of its own.
func strange(a *authority) (tls.Certificate, error) {
	other, err := newAuthority("Nobody in particular", a.now)
	if err != nil {
		return tls.Certificate{}, err
	}
	return other.leaf(nil, nil)
}

// orphaned is a leaf of an intermediate authority that is not sent along.
func orphaned(a *authority) (tls.Certificate, error) {
	sub, err := a.intermediate("AliveMCP lab intermediate")
	if err != nil {
		return tls.Certificate{}, err
	}
	return sub.leaf(nil, nil)
}

func rsaTLS12(s *stage) (*tls.Config, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("making an RSA key: %w", err)
	}
	conf, err := signedBy(func(a *authority) (tls.Certificate, error) { return a.leaf(key, nil) })(s)
	if err == nil {
		conf.MaxVersion = tls.VersionTLS12
	}
	return conf, err
}

// http2Only turns away clients that do not offer h2, instead of falling back
// as the standard library would.
func http2Only(s *stage) (*tls.Config, error) {
	return configured(func(c *tls.Config) {
		c.NextProtos = []string{"h2"}
		c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if !slices.Contains(hello.SupportedProtos, "h2") {
				return nil, errors.New("the client does not offer HTTP/2")
			}
			return nil, nil //nolint:nilnil // this is how to say: use the same configuration
		}
	})(s)
}

// byName serves a certificate only to clients that name the host (RFC 6066).
func byName(name string) func(*stage) (*tls.Config, error) {
	return func(s *stage) (*tls.Config, error) {
		cert, err := s.lab.ca.leaf(nil, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{name}, nil })
		return &tls.Config{
			MinVersion: tls.VersionTLS12,
			GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				if hello.ServerName != name {
					return nil, fmt.Errorf("no certificate for %q", hello.ServerName)
				}
				return &cert, nil
			},
		}, err
	}
}

func mutual(s *stage) (*tls.Config, error) {
	return configured(func(c *tls.Config) {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, s.lab.ca.pool()
	})(s)
}

func withClientCertificate(s *stage) uptime.Profile {
	cert, key, err := s.lab.ca.client()
	if err != nil {
		return uptime.Profile{} // the check will say that the certificate is missing
	}
	return uptime.Profile{Credential: &uptime.Credential{
		Kind: uptime.CredentialMTLS, Certificate: cert, Key: uptime.Secret(key),
	}}
}
