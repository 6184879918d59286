//go:build unix

package lab

import (
	"fmt"
	"net"
	"syscall"
)

// shrinkQueue lets a listener hold no more than the returned number of
// connections that nobody has accepted; the system drops the next one's SYN.
func shrinkQueue(ln *net.TCPListener) (int, error) {
	raw, err := ln.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("reaching the listener's socket: %w", err)
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), 0) }); err != nil {
		return 0, fmt.Errorf("reaching the listener's socket: %w", err)
	}
	if failed != nil {
		return 0, fmt.Errorf("shrinking the listener's queue: %w", failed)
	}
	return 1, nil
}
