package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// zone ends every name that the lab's name server knows.
const zone = ".lab.test"

// nameServer answers for lab.test, over UDP and TCP on one port (RFC 1035,
// RFC 7766).
type nameServer struct {
	addr netip.AddrPort
	udp  net.PacketConn
	tcp  net.Listener

	mu    sync.Mutex
	asked map[string]int // questions for lost.lab.test by type
	conns sync.WaitGroup
}

// openNameServer takes a port that is free for both transports.
func openNameServer(d *doors, host string) (*nameServer, error) {
	var conf net.ListenConfig
	ctx := context.Background()
	for range 20 {
		udp, err := conf.ListenPacket(ctx, "udp", net.JoinHostPort(host, "0"))
		if err != nil {
			return nil, fmt.Errorf("opening the name server: %w", err)
		}
		d.own(udp)
		if tcp, err := d.open(udp.LocalAddr().String()); err == nil {
			addr := netip.MustParseAddrPort(dialable(udp.LocalAddr()))
			return &nameServer{addr: addr, udp: udp, tcp: tcp, asked: map[string]int{}}, nil
		}
	}
	return nil, errors.New("opening the name server: found no port that is free for UDP and TCP")
}

func (n *nameServer) serveUDP(context.Context) error {
	buf := make([]byte, 4096)
	for {
		size, from, err := n.udp.ReadFrom(buf)
		if err != nil {
			return err
		}
		for _, packet := range n.answer(buf[:size], true) {
			_, _ = n.udp.WriteTo(packet, from)
		}
	}
}

func (n *nameServer) serveTCP(context.Context) error {
	defer n.conns.Wait()
	for {
		c, err := n.tcp.Accept()
		if err != nil {
			return err
		}
		n.conns.Go(func() { n.serveConn(c) })
	}
}

// serveConn answers questions that are prefixed by their length (RFC 1035,
// section 4.2.2).
func (n *nameServer) serveConn(c net.Conn) {
	defer func() { _ = c.Close() }()
	for {
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		var size uint16
		if binary.Read(c, binary.BigEndian, &size) != nil {
			return
		}
		question := make([]byte, size)
		if _, err := io.ReadFull(c, question); err != nil {
			return
		}
		for _, packet := range n.answer(question, false) {
			_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...))
		}
	}
}

// answer returns the packets that a question brings, in order; none when it is
// to be lost.
func (n *nameServer) answer(question []byte, udp bool) [][]byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Header = dnsmessage.Header{
		ID: m.ID, Response: true, Authoritative: true,
		RecursionDesired: m.RecursionDesired, RecursionAvailable: true,
	}
	m.Authorities, m.Additionals = nil, nil
	name, known := strings.CutSuffix(strings.TrimSuffix(strings.ToLower(q.Name.String()), "."), zone)
	if !known {
		m.RCode = dnsmessage.RCodeRefused
		return pack(m)
	}
	return n.named(name, q, m, udp)
}

// named answers for one name of the zone. A name that is not listed does not
// exist.
func (n *nameServer) named(name string, q dnsmessage.Question, m dnsmessage.Message, udp bool) [][]byte {
	switch name {
	case "silent":
		return nil
	case "servfail":
		m.RCode = dnsmessage.RCodeServerFailure
	case "refused":
		m.RCode = dnsmessage.RCodeRefused
	case "empty":
	case "truncated":
		if m.Truncated = udp; !udp {
			m.Answers = address(q, "127.0.0.1")
		}
	case "lost":
		if n.lose(q) {
			return nil
		}
		m.Answers = address(q, "127.0.0.1")
	case "spoofed":
		return spoofed(q, m)
	case "alias":
		m.Answers = alias(q, "ok"+zone+".")
	case "loop":
		m.Answers = alias(q, q.Name.String())[:1]
	case "dual":
		m.Answers = address(q, "127.0.0.1", "::1")
	case "metadata":
		m.Answers = address(q, "169.254.169.254")
	case "mapped":
		m.Answers = address(q, "::ffff:127.0.0.1")
	case "ok":
		m.Answers = address(q, "127.0.0.1")
	default:
		m.RCode = dnsmessage.RCodeNameError
	}
	return pack(m)
}

// lose says whether to drop this question: the first, third, ... of each type.
func (n *nameServer) lose(q dnsmessage.Question) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked[q.Type.String()]++
	return n.asked[q.Type.String()]%2 == 1
}

// spoofed sends a forged answer with a foreign id ahead of the true one.
func spoofed(q dnsmessage.Question, m dnsmessage.Message) [][]byte {
	forged := m
	forged.ID++
	forged.Answers = address(q, "192.0.2.66")
	m.Answers = address(q, "127.0.0.1")
	return append(pack(forged), pack(m)...)
}

// address returns the records of the type that was asked for.
func address(q dnsmessage.Question, addrs ...string) []dnsmessage.Resource {
	var out []dnsmessage.Resource
	for _, text := range addrs {
		ip := netip.MustParseAddr(text)
		h := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 5}
		switch {
		case ip.Is4() && q.Type == dnsmessage.TypeA:
			h.Type = dnsmessage.TypeA
			out = append(out, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: ip.As4()}})
		case ip.Is6() && q.Type == dnsmessage.TypeAAAA:
			h.Type = dnsmessage.TypeAAAA
			out = append(out, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
		}
	}
	return out
}

// alias returns a CNAME record and the address of its target.
func alias(q dnsmessage.Question, target string) []dnsmessage.Resource {
	h := dnsmessage.ResourceHeader{Name: q.Name, Type: dnsmessage.TypeCNAME, Class: dnsmessage.ClassINET, TTL: 5}
	cname := dnsmessage.Resource{Header: h, Body: &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(target)}}
	q.Name = dnsmessage.MustNewName(target)
	return append([]dnsmessage.Resource{cname}, address(q, "127.0.0.1")...)
}

func pack(m dnsmessage.Message) [][]byte {
	packet, err := m.Pack()
	if err != nil {
		return nil
	}
	return [][]byte{packet}
}
