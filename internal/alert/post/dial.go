package post

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/alivemcp/alivemcp/internal/guard"
)

// maxAddrs is how many addresses of one name are tried.
const maxAddrs = 8

// errNoAddr means that a name exists and has no address.
var errNoAddr = errors.New("the name has no address")

// dialer connects to addresses that the policy admits.
type dialer struct {
	policy  guard.Policy
	lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	connect func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
	timeout time.Duration
}

func newDialer(opt Options) *dialer {
	d := &dialer{policy: opt.Policy, lookup: opt.Lookup, connect: opt.Dial, timeout: opt.Timeout}
	if d.lookup == nil {
		d.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if d.connect == nil {
		d.connect = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			return new(net.Dialer).DialTCP(ctx, "tcp", netip.AddrPort{}, to)
		}
	}
	return d
}

// dial resolves, and connects to the first address that is admitted and answers.
// What was checked is what is dialled: nothing is resolved again. The deadline is
// its own: net/http takes that of the request away, so that the next request may
// use the connection.
func (d *dialer) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	to, err := d.resolve(ctx, addr)
	if err != nil {
		return nil, err
	}
	var failed, blocked error
	for i, at := range to {
		if err := d.policy.Check(at.Addr()); err != nil {
			blocked = err
			continue
		}
		conn, err := d.try(ctx, at, len(to)-i)
		if err == nil {
			return conn, nil
		}
		failed = err
	}
	if failed != nil {
		return nil, failed
	}
	return nil, blocked
}

// try connects with its share of the time, so that one dead address leaves some
// to the others.
func (d *dialer) try(ctx context.Context, to netip.AddrPort, left int) (net.Conn, error) {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
		defer cancel()
	}
	return d.connect(ctx, to)
}

// resolve returns the addresses of host:port, without IPv4 inside IPv6.
func (d *dialer) resolve(ctx context.Context, addr string) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, err
	}
	found, err := d.addrs(ctx, host)
	if err != nil {
		return nil, err
	}
	to := make([]netip.AddrPort, 0, len(found))
	for _, a := range found[:min(len(found), maxAddrs)] {
		to = append(to, netip.AddrPortFrom(a.Unmap(), uint16(port))) //nolint:gosec // parsed as 16 bits
	}
	return to, nil
}

func (d *dialer) addrs(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	found, err := d.lookup(ctx, host)
	if err == nil && len(found) == 0 {
		err = errNoAddr
	}
	return found, err
}
