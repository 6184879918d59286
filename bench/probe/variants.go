//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// variant is one way of looking at the server, once.
type variant struct {
	name string
	look func(context.Context) error
}

func variants(s *server) ([]variant, error) {
	p, err := probe.New(probe.Options{Roots: s.roots(), Resolver: s.DNS})
	if err != nil {
		return nil, err
	}
	return []variant{
		{"our probe", ours(p, s)},
		{"SDK client, defaults", sdk(s, "")},
		{"SDK client, revision pinned", sdk(s, "2025-11-25")},
		{"ideal: the same bytes, nothing read into", ideal(s)},
		{"floor: TCP + TLS only", floor(s)},
	}, nil
}

// ours is the probe of the product: fresh DNS, TCP, TLS, initialize, initialized,
// tools/list with hash, DELETE.
func ours(p *probe.Prober, s *server) func(context.Context) error {
	srv := uptime.Server{ID: "bench", URL: s.url(), Private: true}
	return func(ctx context.Context) error {
		res := p.Attempt(ctx, srv)
		if res.Failure != nil {
			return errors.New(res.Failure.Detail)
		}
		if res.Tools == nil || res.Tools.Count != 10 {
			return errors.New("the tools were not listed")
		}
		return nil
	}
}

// sdk does the same with the official client: a connection of its own each time,
// name looked up through the same name server, tools hashed.
func sdk(s *server, revision string) func(context.Context) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", s.DNS.String())
	}}
	roots := s.roots()
	return func(ctx context.Context) error {
		tr := &http.Transport{
			DialContext:     (&net.Dialer{Resolver: resolver}).DialContext,
			TLSClientConfig: &tls.Config{RootCAs: roots},
		}
		defer tr.CloseIdleConnections()
		client := mcp.NewClient(&mcp.Implementation{Name: "bench", Version: "1"}, &mcp.ClientOptions{Capabilities: &mcp.ClientCapabilities{}})
		session, err := client.Connect(ctx, &mcp.StreamableClientTransport{
			Endpoint: s.url(), HTTPClient: &http.Client{Transport: tr}, MaxRetries: -1, DisableStandaloneSSE: true,
		}, &mcp.ClientSessionOptions{ProtocolVersion: revision})
		if err != nil {
			return err
		}
		list, err := session.ListTools(ctx, nil)
		if err != nil {
			return err
		}
		raw, err := json.Marshal(list.Tools)
		if err != nil || len(list.Tools) != 10 {
			return fmt.Errorf("listing the tools: %w", err)
		}
		_ = sha256.Sum256(raw)
		return session.Close()
	}
}

// floor connects and shakes hands with the cheapest curve and a chain that is
// not verified again: less cannot be done on a fresh TLS connection.
func floor(s *server) func(context.Context) error {
	return func(ctx context.Context) error {
		tc, err := s.shakeHands(ctx, s.Addr.String())
		if err != nil {
			return err
		}
		return tc.Close()
	}
}

// ideal asks DNS once and sends the probe's requests as ready-made bytes over
// the floor's connection. The answers are awaited and not looked at: what our
// probe costs beyond this is its own doing, the rest is the kernel's and TLS's.
func ideal(s *server) func(context.Context) error {
	requests := readyMade(s)
	question := dnsQuestion()
	return func(ctx context.Context) error {
		if err := ask(ctx, s.DNS.String(), question); err != nil {
			return err
		}
		tc, err := s.shakeHands(ctx, s.Addr.String())
		if err != nil {
			return err
		}
		defer func() { _ = tc.Close() }()
		buf := make([]byte, 16<<10)
		for _, r := range requests {
			if _, err := tc.Write(r.bytes); err != nil {
				return err
			}
			for got := 0; got < r.answer; {
				n, err := tc.Read(buf)
				if err != nil {
					return err
				}
				got += n
			}
		}
		return nil
	}
}

// request is ready-made bytes and the least number of bytes of its answer.
type request struct {
	bytes  []byte
	answer int
}

func readyMade(s *server) []request {
	head := func(method, body, more string) []byte {
		return fmt.Appendf(nil, "%s /mcp HTTP/1.1\r\nHost: %s:%d\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s",
			method, hostName, s.Addr.Port(), more, len(body), body)
	}
	const session = "Mcp-Session-Id: 0123456789abcdef\r\nMcp-Protocol-Version: 2025-11-25\r\n"
	return []request{
		{head("POST", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}`, ""), 1},
		{head("POST", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, session), 1},
		{head("POST", `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`, session), len(toolsJSON())},
		{head("DELETE", "", session), 1},
	}
}

func dnsQuestion() []byte {
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 1, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(hostName + "."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
	}
	packed, _ := m.Pack()
	return packed
}

func ask(ctx context.Context, server string, question []byte) error {
	c, err := new(net.Dialer).DialContext(ctx, "udp", server)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write(question); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, 512))
	return err
}

func (s *server) shakeHands(ctx context.Context, addr string) (*tls.Conn, error) {
	cfg := &tls.Config{
		ServerName: hostName, InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{tls.X25519}, NextProtos: []string{"http/1.1"},
	}
	nc, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	tc := tls.Client(nc, cfg)
	_ = tc.SetDeadline(time.Now().Add(10 * time.Second))
	return tc, tc.HandshakeContext(ctx)
}
