package app

import (
	"context"
	"net"
	"os"
)

// notifySystemd tells the service manager how we are, such as READY=1
// (sd_notify(3)). Without one it does nothing.
func notifySystemd(ctx context.Context, state string) {
	socket := os.Getenv("NOTIFY_SOCKET")
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
