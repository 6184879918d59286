package mcpwire

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Bounds of one lookup.
const (
	maxAddresses = 16 // addresses kept of one answer
	maxQuestions = 6  // questions of one lookup, over search domains and types
	maxServers   = 3  // name servers used, as in resolv.conf(5)

	defaultRetransmit = time.Second
	defaultBudget     = 5 * time.Second
)

// Resolver asks DNS as a prober must: one question where one is enough, sent
// again when the datagram was lost, and never cached, because the time that the
// answer takes is part of what is measured.
//
// The zero Resolver has no servers and refuses to ask. A Resolver may be used
// by many goroutines; its exported fields must not change after the first use.
type Resolver struct {
	// Servers are asked in this order; the first three are used.
	Servers []netip.AddrPort
	// Search lists the domains that a single-label name is also tried in. A name
	// with a dot is always absolute: a wildcard in a search domain must not bring
	// a dead server back to life.
	Search []string
	// Retransmit is how long an answer is waited for before the question is asked
	// again; zero means 1 s.
	Retransmit time.Duration
	// Budget bounds a whole lookup, together with the context's deadline; zero
	// means 5 s.
	Budget time.Duration

	conf  *watched[ResolvConf] // nil: Servers and Search as given
	hosts *watched[Hosts]      // nil: no hosts file
	dial  dnsDial              // nil: the network

	// preferred is the index of the server that answered last, so that a dead
	// first server delays one lookup and not every one.
	preferred atomic.Uint32
	buffers   sync.Pool // of *dnsExchange
}

// dnsDial opens a connection on network udp or tcp.
type dnsDial func(ctx context.Context, network string, server netip.AddrPort) (net.Conn, error)

// Addresses is the answer to a lookup.
type Addresses struct {
	Addrs       []netip.Addr // 1 to 16, IPv4 first, never IPv4-mapped
	Retransmits int          // datagrams that had no answer in time and were followed by another
	TCP         bool         // the answer came over TCP
}

// SystemResolver returns a resolver that follows the machine's own
// configuration: /etc/resolv.conf (127.0.0.1 when it names no server) and
// /etc/hosts. Both are read again when they changed, at most once a second. The
// error says which of the two could not be read; a missing one is none.
func SystemResolver() (*Resolver, error) {
	return resolverFrom("/etc/resolv.conf", "/etc/hosts")
}

func resolverFrom(conf, hosts string) (*Resolver, error) {
	r := &Resolver{
		conf:  &watched[ResolvConf]{path: conf, parse: ParseResolvConf},
		hosts: &watched[Hosts]{path: hosts, parse: ParseHosts},
	}
	if err := r.conf.refresh(); err != nil {
		return nil, fmt.Errorf("reading the name servers: %w", err)
	}
	if err := r.hosts.refresh(); err != nil {
		return nil, fmt.Errorf("reading the hosts file: %w", err)
	}
	return r, nil
}

// Lookup returns the addresses of host. It asks for IPv4 and, only when there
// is none, for IPv6. An IP address, also in brackets, is its own answer; names
// under localhost and invalid are answered without asking (RFC 6761); the hosts
// file goes before DNS. The error is a *DNSError.
func (r *Resolver) Lookup(ctx context.Context, host string) (Addresses, error) {
	return r.lookup(ctx, host, dnsmessage.TypeA, dnsmessage.TypeAAAA)
}

// LookupV6 is Lookup for IPv6 addresses alone.
func (r *Resolver) LookupV6(ctx context.Context, host string) (Addresses, error) {
	return r.lookup(ctx, host, dnsmessage.TypeAAAA)
}

// lookup tries types in order until one has addresses.
func (r *Resolver) lookup(ctx context.Context, host string, types ...dnsmessage.Type) (Addresses, error) {
	addr, literal, err := parseLiteral(host)
	if err != nil {
		return Addresses{}, err
	}
	if literal {
		return pick([]netip.Addr{addr}, types, host)
	}
	name, err := asciiName(host)
	if err != nil {
		return Addresses{}, err
	}
	if addrs, known := r.known(strings.TrimSuffix(name, ".")); known {
		return pick(addrs, types, name)
	}
	return r.ask(ctx, name, types)
}

// known answers what needs no question: the names of RFC 6761 and of the hosts
// file. Known without addresses means that the name does not exist.
func (r *Resolver) known(name string) (addrs []netip.Addr, ok bool) {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "localhost":
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, true
	case "invalid":
		return nil, true
	}
	if r.hosts == nil {
		return nil, false
	}
	addrs, ok = r.hosts.get()[name]
	return addrs, ok
}

// pick returns those of addrs that types admit, IPv4 first.
func pick(addrs []netip.Addr, types []dnsmessage.Type, name string) (Addresses, error) {
	if len(addrs) == 0 {
		return Addresses{}, &DNSError{Name: name, Kind: DNSNXDomain}
	}
	var found []netip.Addr
	for _, t := range types {
		for _, a := range addrs {
			if a.Is4() == (t == dnsmessage.TypeA) && len(found) < maxAddresses {
				found = append(found, a)
			}
		}
	}
	if len(found) == 0 {
		return Addresses{}, &DNSError{Name: name, Kind: DNSNoAddress}
	}
	return Addresses{Addrs: found}, nil
}

// ask puts the questions. When several names or types fail, the error that says
// least about the domain wins: a name does not "not exist" while one of the
// questions had no answer.
func (r *Resolver) ask(ctx context.Context, name string, types []dnsmessage.Type) (Addresses, error) {
	servers, search := r.config()
	if len(servers) == 0 {
		return Addresses{}, &DNSError{Name: name, Kind: DNSNoServers}
	}
	x := r.exchange(ctx, servers)
	defer r.release(x)
	worst, asked := DNSNXDomain, 0
	for _, candidate := range candidates(name, search) {
		for _, t := range types {
			if asked++; asked > maxQuestions {
				break
			}
			addrs, kind := x.ask(ctx, candidate, t)
			if kind == dnsAnswered {
				return Addresses{Addrs: addrs, Retransmits: x.retransmits, TCP: x.overTCP}, nil
			}
			worst = max(worst, kind)
			if kind != DNSNoAddress {
				break
			}
		}
	}
	failed := &DNSError{Name: name, Kind: worst, Servers: len(servers)}
	if worst == DNSTimeout {
		failed.Err = ctx.Err()
	}
	return Addresses{}, failed
}

// config returns the servers to use and the search domains.
func (r *Resolver) config() ([]netip.AddrPort, []string) {
	servers, search := r.Servers, r.Search
	if r.conf != nil {
		c := r.conf.get()
		servers, search = c.Servers, c.Search
	}
	return servers[:min(len(servers), maxServers)], search
}

// candidates lists the absolute names, with their final dot, that name may
// stand for.
func candidates(name string, search []string) []string {
	if absolute, ok := strings.CutSuffix(name, "."); ok {
		return []string{absolute + "."}
	}
	list := []string{name + "."}
	if strings.Contains(name, ".") {
		return list
	}
	for _, domain := range search[:min(len(search), maxQuestions)] {
		suffixed, err := asciiName(name + "." + strings.TrimSuffix(domain, "."))
		if err == nil {
			list = append(list, suffixed+".")
		}
	}
	return slices.Compact(list)
}
