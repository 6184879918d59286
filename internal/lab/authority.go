package lab

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// authority makes certificates. Its keys live as long as the process.
type authority struct {
	now  time.Time
	cert *x509.Certificate
	key  crypto.Signer
}

// newAuthority makes a self-signed root.
func newAuthority(name string, now time.Time) (*authority, error) {
	a := &authority{now: now}
	tpl := a.template(name)
	tpl.IsCA, tpl.BasicConstraintsValid = true, true
	tpl.KeyUsage = x509.KeyUsageCertSign
	tpl.NotAfter = now.AddDate(10, 0, 0)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of %s: %w", name, err)
	}
	a.key = key
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate of %s: %w", name, err)
	}
	a.cert, err = x509.ParseCertificate(der)
	return a, err
}

// template is a certificate for 90 days around now.
func (a *authority) template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: []string{"AliveMCP lab"}},
		NotBefore: a.now.Add(-24 * time.Hour), NotAfter: a.now.AddDate(0, 0, 89),
	}
}

// leaf signs a certificate for the loopback addresses and localhost, changed
// as change asks. A nil signer makes an ECDSA key.
func (a *authority) leaf(signer crypto.Signer, change func(*x509.Certificate)) (tls.Certificate, error) {
	tpl := a.template("localhost")
	tpl.DNSNames = []string{"localhost"}
	tpl.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	tpl.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	tpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	if change != nil {
		change(tpl)
	}
	if signer == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return tls.Certificate{}, fmt.Errorf("making a key: %w", err)
		}
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, a.cert, signer.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: signer}, nil
}

// intermediate makes an authority that this one has signed.
func (a *authority) intermediate(name string) (*authority, error) {
	sub, err := newAuthority(name, a.now)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, sub.cert, a.cert, sub.key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("signing %s: %w", name, err)
	}
	sub.cert, err = x509.ParseCertificate(der)
	return sub, err
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// client makes a certificate for a client, as PEM.
func (a *authority) client() (cert, key []byte, err error) {
	leaf, err := a.leaf(nil, nil)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding a client's key: %w", err)
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate[0]})
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
