package mcpwire_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// dnsServer is a name server on UDP and TCP with one port. handle gets every
// question and returns the messages to send back, none to stay silent.
type dnsServer struct {
	addr   netip.AddrPort
	handle func(q dnsQuery) [][]byte

	mu    sync.Mutex
	asked []string // such as "udp A example.com."
}

type dnsQuery struct {
	dnsmessage.Message
	network string
	nth     int // how many questions came before
}

func startDNS(tb testing.TB, handle func(q dnsQuery) [][]byte) *dnsServer {
	tb.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	s := &dnsServer{addr: netip.MustParseAddrPort(tcp.Addr().String()), handle: handle}
	var wg sync.WaitGroup
	wg.Go(func() { s.serveUDP(udp) })
	wg.Go(func() { s.serveTCP(tcp) })
	tb.Cleanup(func() {
		_ = udp.Close()
		_ = tcp.Close()
		wg.Wait()
	})
	return s
}

func (s *dnsServer) serveUDP(conn net.PacketConn) {
	buf := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		for _, msg := range s.answer("udp", buf[:n]) {
			_, _ = conn.WriteTo(msg, from)
		}
	}
}

func (s *dnsServer) serveTCP(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		buf := make([]byte, 514)
		if _, err := io.ReadFull(conn, buf[:2]); err == nil {
			n := min(int(binary.BigEndian.Uint16(buf)), 512)
			_, _ = io.ReadFull(conn, buf[2:2+n])
			for _, msg := range s.answer("tcp", buf[2:2+n]) {
				_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...))
			}
		}
		_ = conn.Close()
	}
}

func (s *dnsServer) answer(network string, msg []byte) [][]byte {
	q := dnsQuery{network: network}
	if err := q.Unpack(msg); err != nil || len(q.Questions) != 1 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q.nth = len(s.asked)
	s.asked = append(s.asked, network+" "+q.Questions[0].Type.String()[4:]+" "+q.Questions[0].Name.String())
	return s.handle(q)
}

// questions returns what was asked so far.
func (s *dnsServer) questions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// reply packs an answer to q after change had its way with it.
func (q dnsQuery) reply(change func(m *dnsmessage.Message)) [][]byte {
	m := q.Message
	m.Response, m.RecursionAvailable = true, true
	m.Additionals = nil
	if change != nil {
		change(&m)
	}
	msg, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return [][]byte{msg}
}

// addresses answers q with those of addrs that it asked for.
func (q dnsQuery) addresses(addrs ...string) [][]byte {
	return q.reply(func(m *dnsmessage.Message) {
		for _, a := range addrs {
			addAddress(m, m.Questions[0].Name, netip.MustParseAddr(a))
		}
	})
}

func (q dnsQuery) rcode(code dnsmessage.RCode) [][]byte {
	return q.reply(func(m *dnsmessage.Message) { m.RCode = code })
}

func addAddress(m *dnsmessage.Message, name dnsmessage.Name, addr netip.Addr) {
	h := dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 60}
	switch {
	case addr.Is4() && m.Questions[0].Type == dnsmessage.TypeA:
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: addr.As4()}})
	case addr.Is6() && m.Questions[0].Type == dnsmessage.TypeAAAA:
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
	}
}

func addCNAME(m *dnsmessage.Message, from, to string) {
	m.Answers = append(m.Answers, dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(from), Class: dnsmessage.ClassINET, TTL: 60},
		Body:   &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(to)},
	})
}
