package mcpwire_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

// benchServer answers every question for an A record from a buffer, so that
// what is measured is the client.
func benchServer(b *testing.B) string {
	b.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1024)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			end := 12
			for end < n && buf[end] != 0 {
				end += int(buf[end]) + 1
			}
			end += 5
			a := buf[end-3] == 1
			buf[2], buf[3], buf[11] = 0x81, 0x80, 0
			msg := buf[:end]
			if a {
				buf[7] = 1
				msg = append(msg, "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"...)
			}
			_, _ = conn.WriteToUDPAddrPort(msg, from)
		}
	}()
	return conn.LocalAddr().String()
}

func BenchmarkLookup(b *testing.B) {
	r := &mcpwire.Resolver{Servers: []netip.AddrPort{netip.MustParseAddrPort(benchServer(b))}}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Lookup(ctx, "mcp.example.com"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStandardLookup is what BenchmarkLookup is compared with.
func BenchmarkStandardLookup(b *testing.B) {
	addr := benchServer(b)
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, addr)
	}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.LookupNetIP(b.Context(), "ip", "mcp.example.com."); err != nil {
			b.Fatal(err)
		}
	}
}
