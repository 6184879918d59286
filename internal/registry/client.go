package registry

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/alivemcp/alivemcp/internal/guard"
)

// NewClient returns a client that dials only what the policy admits, whatever a
// registry redirects to. The address that was checked is the one that is dialled.
// Proxies of the environment are not used.
func NewClient(policy guard.Policy) *http.Client {
	d := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("reading the address to be dialled: %w", err)
		}
		return policy.Check(to.Addr())
	}}
	return &http.Client{Transport: &http.Transport{
		DialContext:            d.DialContext,
		ForceAttemptHTTP2:      true,
		MaxConnsPerHost:        1,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  30 * time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}}
}
