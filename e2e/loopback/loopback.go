// Package loopback finds ports for servers that the end-to-end tests start.
package loopback

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Systems give ports from 32768 on to whoever asks for any: to listeners, and to
// each connection that somebody opens. One of those would be taken by the time
// that a server has started on a busy machine.
const lowest, beyond = 10_240, 32_768

// FreePort is a port of the loopback interface on which nothing listens, and that
// the system gives to nobody of its own accord. It fails the test when there seems
// to be none.
func FreePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := lowest + rand.IntN(beyond-lowest) //nolint:gosec // no secret
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", ":"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		_ = l.Close()
		return port
	}
	t.Fatal("a hundred ports are taken")
	return 0
}

// FreeAddr is FreePort with the address of the loopback interface.
func FreeAddr(t *testing.T) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(FreePort(t)))
}
