package mcpwire

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Bounds of one exchange.
const (
	maxDatagram = 2048 // read of one UDP answer; a longer one is fetched over TCP
	maxStrays   = 100  // datagrams that are not ours, while waiting for one that is
)

// dnsExchange is the talk of one lookup with the servers. One goroutine owns it;
// its buffers go back to the resolver afterwards.
type dnsExchange struct {
	servers    []netip.AddrPort
	first      int // index of the server to ask first
	retransmit time.Duration
	deadline   time.Time
	dial       dnsDial

	conns   [maxServers]net.Conn // UDP, kept open so that a late answer still counts
	refused [maxServers]bool     // gave an answer that asking again will not better

	answered    int // index of the server whose answer was taken
	retransmits int
	overTCP     bool

	question dnsQuestion
	query    [2 + maxQuestionLen]byte // with TCP's length in front
	length   int                      // of query
	reply    [maxDatagram]byte
}

// exchange starts the talk of one lookup; release ends it.
func (r *Resolver) exchange(ctx context.Context, servers []netip.AddrPort) *dnsExchange {
	x, ok := r.buffers.Get().(*dnsExchange)
	if !ok {
		x = new(dnsExchange)
	}
	x.servers = servers
	x.first = int(r.preferred.Load()) % len(servers)
	x.retransmit = cmp.Or(r.Retransmit, defaultRetransmit)
	x.deadline = time.Now().Add(cmp.Or(r.Budget, defaultBudget))
	if d, ok := ctx.Deadline(); ok && d.Before(x.deadline) {
		x.deadline = d
	}
	x.dial = r.dial
	if x.dial == nil {
		x.dial = dialServer
	}
	x.answered, x.retransmits, x.overTCP = x.first, 0, false
	return x
}

func (r *Resolver) release(x *dnsExchange) {
	r.preferred.Store(uint32(x.answered))
	for i, c := range x.conns {
		if c != nil {
			_ = c.Close() // nothing is lost with an open question
			x.conns[i] = nil
		}
	}
	r.buffers.Put(x)
}

// dialServer opens a connection of its own, so that the kernel picks a random
// port and drops datagrams from anybody else.
func dialServer(ctx context.Context, network string, server netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	if network == "tcp" {
		c, err := d.DialTCP(ctx, network, netip.AddrPort{}, server)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	c, err := d.DialUDP(ctx, network, netip.AddrPort{}, server)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// ask puts one question: to each server in turn by UDP, one retransmission
// interval each and at least twice, then to each by TCP, until one says what is
// so. A server that refused is not asked again.
func (x *dnsExchange) ask(ctx context.Context, name string, qtype dnsmessage.Type) ([]netip.Addr, DNSKind) {
	x.prepare(name, qtype)
	udp, n := max(2, len(x.servers)), len(x.servers)
	worst := DNSTimeout
	for step := range udp + n {
		server := (x.first + step) % n
		if step >= udp {
			server = (x.first + step - udp) % n
		}
		until := time.Now().Add(x.retransmit)
		if step == udp+n-1 || until.After(x.deadline) {
			until = x.deadline
		}
		if x.refused[server] {
			continue
		}
		if ctx.Err() != nil || !time.Now().Before(x.deadline) {
			return nil, worst
		}
		a := x.step(ctx, server, step >= udp, until)
		if a.kind == dnsAnswered || a.kind == DNSNXDomain || a.kind == DNSNoAddress {
			x.answered = server
			return a.addrs, a.kind
		}
		if a.kind == DNSTimeout && step < udp {
			x.retransmits++
		}
		x.refused[server] = a.kind == DNSServFail
		worst = max(worst, a.kind)
	}
	return nil, worst
}

// prepare builds the message. The id is unpredictable (RFC 5452 §9.2): the
// generator is seeded by the operating system and cannot be run backwards.
func (x *dnsExchange) prepare(name string, qtype dnsmessage.Type) {
	x.question = dnsQuestion{id: uint16(rand.Uint32()), name: name, qtype: qtype}
	msg := x.question.append(x.query[:2])
	x.length = len(msg)
	binary.BigEndian.PutUint16(msg, uint16(len(msg)-2))
	x.refused = [maxServers]bool{}
}

// step asks one server once. A truncated answer is fetched over TCP at once.
func (x *dnsExchange) step(ctx context.Context, server int, tcp bool, until time.Time) dnsAnswer {
	if tcp {
		return x.stream(ctx, server, until)
	}
	a := x.datagram(ctx, server, until)
	if a.truncated {
		return x.stream(ctx, server, earlierOf(time.Now().Add(x.retransmit), x.deadline))
	}
	return a
}

func earlierOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// datagram asks one server by UDP and waits for its answer.
func (x *dnsExchange) datagram(ctx context.Context, server int, until time.Time) dnsAnswer {
	if x.conns[server] == nil {
		c, err := x.dial(ctx, "udp", x.servers[server])
		if err != nil {
			return dnsAnswer{kind: dnsFailure(err)}
		}
		x.conns[server] = c
	}
	conn := x.conns[server]
	defer interruptible(ctx, conn, until)()
	if _, err := conn.Write(x.query[2:x.length]); err != nil {
		return dnsAnswer{kind: dnsFailure(err)}
	}
	for range maxStrays {
		n, err := conn.Read(x.reply[:])
		if err != nil {
			return dnsAnswer{kind: dnsFailure(err)}
		}
		if a, ours := parseAnswer(x.reply[:n], x.question); ours {
			a.truncated = a.truncated || n == len(x.reply)
			return a
		}
	}
	return dnsAnswer{kind: DNSMalformed}
}

// stream asks one server by TCP (RFC 7766), on a connection for this question
// alone.
func (x *dnsExchange) stream(ctx context.Context, server int, until time.Time) dnsAnswer {
	dialCtx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	conn, err := x.dial(dialCtx, "tcp", x.servers[server])
	if err != nil {
		return dnsAnswer{kind: dnsFailure(err)}
	}
	defer func() { _ = conn.Close() }() // the answer is in or lost
	defer interruptible(ctx, conn, until)()
	if _, err := conn.Write(x.query[:x.length]); err != nil {
		return dnsAnswer{kind: dnsFailure(err)}
	}
	msg, err := x.readStream(conn)
	if err != nil {
		return dnsAnswer{kind: dnsFailure(err)}
	}
	a, ours := parseAnswer(msg, x.question)
	if !ours {
		return dnsAnswer{kind: DNSMalformed}
	}
	x.overTCP = true
	return a
}

// readStream reads one message with its length in front: 64 KiB at most.
func (x *dnsExchange) readStream(conn net.Conn) ([]byte, error) {
	if _, err := io.ReadFull(conn, x.reply[:2]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(x.reply[:2]))
	buf := x.reply[:]
	if n > len(buf) {
		buf = make([]byte, n)
	}
	_, err := io.ReadFull(conn, buf[:n])
	return buf[:n], err
}

// interruptible bounds the use of conn by until and by ctx. The returned
// function ends the watch over ctx. The order matters: a context that is over
// already must find its deadline set last.
func interruptible(ctx context.Context, conn net.Conn, until time.Time) func() bool {
	_ = conn.SetDeadline(until) // fails on a closed connection only, where I/O says so
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

// dnsFailure tells silence from a broken network and from a server that hung up
// in the middle of its answer.
func dnsFailure(err error) DNSKind {
	var timeout net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return DNSTimeout
	case errors.As(err, &timeout) && timeout.Timeout():
		return DNSTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return DNSMalformed
	}
	return DNSUnreachable
}
