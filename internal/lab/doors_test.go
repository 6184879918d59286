package lab_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/lab"
)

// TestLateConnectionIsClosed: a connection that was accepted while the lab
// ended is closed at once, and nobody waits for it for ever.
func TestLateConnectionIsClosed(t *testing.T) {
	client, server := tcpPair(t)
	owned := make(chan struct{})
	go func() {
		defer close(owned)
		lab.OwnLate(server)
	}()
	if err := client.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("reading from a connection that came late: %v, want its end", err)
	}
	<-owned
}

func tcpPair(t *testing.T) (client, server *net.TCPConn) {
	t.Helper()
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	client, err = net.DialTCP("tcp", nil, ln.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if server, err = ln.AcceptTCP(); err != nil {
		t.Fatal(err)
	}
	return client, server
}
