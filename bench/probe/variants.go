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
	cfg := &tls.Config{
		ServerName: hostName, InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{tls.X25519}, NextProtos: []string{"http/1.1"},
	}
	return func(ctx context.Context) error {
		nc, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr.String())
		if err != nil {
			return err
		}
		tc := tls.Client(nc, cfg)
		defer tc.Close()
		_ = tc.SetDeadline(time.Now().Add(10 * time.Second))
		return tc.HandshakeContext(ctx)
	}
}
