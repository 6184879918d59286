//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const hostName = "bench.lab.test"

// server is the other process as this one sees it.
type server struct {
	cmd  *exec.Cmd
	Addr netip.AddrPort // TLS
	DNS  netip.AddrPort
	CA   string // PEM
}

func startServer(ctx context.Context, mode string) (*server, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.CommandContext(ctx, exe, "-serve", mode)}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("reading the server's address: %w", err)
	}
	return s, json.Unmarshal(line, s)
}

func (s *server) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *server) url() string { return fmt.Sprintf("https://%s:%d/mcp", hostName, s.Addr.Port()) }

func (s *server) roots() *x509.CertPool {
	p := x509.NewCertPool()
	p.AppendCertsFromPEM([]byte(s.CA))
	return p
}

// runServer serves until ctx ends.
func runServer(ctx context.Context, mode string) error {
	cert, ca, err := makeChain()
	if err != nil {
		return err
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}})
	if err != nil {
		return err
	}
	dns, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	go answerDNS(dns)
	s := server{Addr: ln.Addr().(*net.TCPAddr).AddrPort(), DNS: dns.LocalAddr().(*net.UDPAddr).AddrPort(), CA: ca}
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		return err
	}
	hs := &http.Server{Handler: handler(mode), ErrorLog: log.New(io.Discard, "", 0)}
	context.AfterFunc(ctx, func() { _ = hs.Close() })
	return hs.Serve(ln)
}

// handler is a legacy MCP server with ten tools of together 9 kB, as small as
// it can be: it is not what is measured.
func handler(mode string) http.Handler {
	tools := toolsJSON()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var m struct {
			ID     json.RawMessage
			Method string
		}
		_ = json.Unmarshal(body, &m)
		answer := func(result string) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, result)
		}
		switch m.Method {
		case "initialize":
			if mode == "hang" {
				<-r.Context().Done()
				return
			}
			w.Header().Set("Mcp-Session-Id", "0123456789abcdef")
			answer(`{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"bench","version":"1"}}`)
		case "tools/list":
			answer(tools)
		case "server/discover":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Server not initialized"}}`)
		case "":
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusAccepted)
		}
	})
}

func toolsJSON() string {
	var b strings.Builder
	b.WriteString(`{"tools":[`)
	for i := range 10 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name":"tool_%d","title":"Tool %d","description":%q,"inputSchema":{"type":"object","properties":{`, i, i, strings.Repeat("Searches the catalogue and returns what fits. ", 8))
		for p := range 5 {
			if p > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `"parameter_%d":{"type":"string","description":"The %d. thing to look for.","minLength":1}`, p, p)
		}
		b.WriteString(`},"required":["parameter_0"],"additionalProperties":false},"annotations":{"readOnlyHint":true}}`)
	}
	b.WriteString(`]}`)
	return b.String()
}

// answerDNS answers every question for an address with 127.0.0.1.
func answerDNS(c *net.UDPConn) {
	buf := make([]byte, 1500)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}
		m.Additionals = nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60},
				Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
			}}
		}
		if out, err := m.Pack(); err == nil {
			_, _ = c.WriteToUDPAddrPort(out, from)
		}
	}
}

// makeChain returns a P-256 leaf signed by a P-256 authority.
func makeChain() (tls.Certificate, string, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: hostName}, DNSNames: []string{hostName},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	chain := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return chain, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})), nil
}
