package app

import (
	"context"
	"net"
)

// notifySystemd tells the service manager that listens on a socket how we are,
// such as READY=1 (sd_notify(3)). Without one it does nothing.
func notifySystemd(ctx context.Context, socket, state string) {
	if socket == "" {
		return
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unixgram", socket)
	if err != nil {
		return // nobody listens any more
	}
	_, _ = conn.Write([]byte(state)) // as above
	_ = conn.Close()
}
