package mcpwire_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
)

// hole is a network whose servers read every question and never answer.
type hole struct {
	start time.Time
	asked []string // such as "1s udp 53": when, how, last byte of the server's address
}

func (h *hole) dial(_ context.Context, network string, server netip.AddrPort) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		_, _ = io.Copy(io.Discard, far)
		_ = far.Close()
	}()
	return &holeConn{Conn: near, hole: h, label: fmt.Sprint(network, " ", server.Addr().As4()[3])}, nil
}

type holeConn struct {
	net.Conn
	hole  *hole
	label string
}

func (c *holeConn) Write(p []byte) (int, error) {
	c.hole.asked = append(c.hole.asked, fmt.Sprint(time.Since(c.hole.start), " ", c.label))
	return c.Conn.Write(p)
}
