package mcpwire_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

func TestParseTarget(t *testing.T) {
	tests := map[string]struct {
		want mcpwire.Target
		url  string
	}{
		"https://Example.com":                {mcpwire.Target{Secure: true, Host: "Example.com", Port: 443, Path: "/"}, "https://Example.com/"},
		"http://a.example/mcp?x=1#f":         {mcpwire.Target{Host: "a.example", Port: 80, Path: "/mcp?x=1"}, "http://a.example/mcp?x=1"},
		"https://u:secret@a.example:8443/":   {mcpwire.Target{Secure: true, Host: "a.example", Port: 8443, Path: "/"}, "https://a.example:8443/"},
		"http://[2001:db8::1]:80/":           {mcpwire.Target{Host: "2001:db8::1", Port: 80, Path: "/"}, "http://[2001:db8::1]/"},
		"https://a.example:80/":              {mcpwire.Target{Secure: true, Host: "a.example", Port: 80, Path: "/"}, "https://a.example:80/"},
		"https://a.example?key=a b HTTP/1.0": {mcpwire.Target{Secure: true, Host: "a.example", Port: 443, Path: "/?key=a%20b%20HTTP/1.0"}, "https://a.example/?key=a%20b%20HTTP/1.0"},
		"http://a.example/%0d%0aX: y":        {mcpwire.Target{Host: "a.example", Port: 80, Path: "/%0D%0AX:%20y"}, "http://a.example/%0D%0AX:%20y"},
	}
	for raw, test := range tests {
		got := parseTarget(t, raw)
		if diff := cmp.Diff(test.want, got, cmpopts.IgnoreUnexported(mcpwire.Target{})); diff != "" || got.URL() != test.url {
			t.Errorf("%s: URL %s, (-want +got):\n%s", raw, got.URL(), diff)
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for _, raw := range []string{"", "/mcp", "ftp://a.example/", "a.example", "https://", "https:///mcp", "http:a", "https://a.example:0/", "https://a.example:65536/", "//a.example/"} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := mcpwire.ParseTarget(u); err == nil {
			t.Errorf("%q is %+v", raw, got)
		}
	}
}

func TestSameOrigin(t *testing.T) {
	base := parseTarget(t, "https://a.example/x")
	for raw, want := range map[string]bool{
		"https://A.Example:443/y": true, "https://a.example:444/x": false, "http://a.example:443/x": false, "https://b.example/x": false,
	} {
		if got := base.SameOrigin(parseTarget(t, raw)); got != want {
			t.Errorf("%s: %v", raw, got)
		}
	}
}

// dialing dials raw with opt.
func dialing(t *testing.T, raw string, opt mcpwire.DialerOptions) (mcpwire.DialReport, *mcpwire.Fault) {
	t.Helper()
	c := mcpwire.NewStreamable(mcpwire.Options{Dialer: mcpwire.NewDialer(opt), Target: parseTarget(t, raw)})
	defer c.Close()
	ctx, cancel := timeout(t, 3*time.Second)
	defer cancel()
	f := c.Dial(ctx)
	return c.Dialed, f
}

// closedPort is a port of this machine that nothing listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func TestRefusedConnection(t *testing.T) {
	rep, f := dialing(t, "http://127.0.0.1:"+closedPort(t)+"/", mcpwire.DialerOptions{})
	wantKind(t, f, mcpwire.Refused)
	if !rep.Literal || rep.DNS != 0 || rep.TCP <= 0 || rep.TLS != 0 {
		t.Errorf("report is %+v", rep)
	}
	if f != nil && strings.Contains(f.Detail, "127.0.0.1") {
		t.Errorf("the detail names the address: %q", f.Detail)
	}
}

func TestDialFaults(t *testing.T) {
	failing := func(err error) func(context.Context, netip.AddrPort) (net.Conn, error) {
		return func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, err }
	}
	op := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	tests := map[string]struct {
		err  error
		kind mcpwire.Kind
	}{
		"refused":        {op(syscall.ECONNREFUSED), mcpwire.Refused},
		"reset":          {op(syscall.ECONNRESET), mcpwire.Reset},
		"timeout":        {op(syscall.ETIMEDOUT), mcpwire.ConnectTimeout},
		"deadline":       {context.DeadlineExceeded, mcpwire.ConnectTimeout},
		"no route":       {op(syscall.EHOSTUNREACH), mcpwire.Unreachable},
		"no network":     {op(syscall.ENETUNREACH), mcpwire.OurNetwork},
		"canceled":       {context.Canceled, mcpwire.Canceled},
		"something else": {errors.New("x"), mcpwire.Unreachable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, f := dialing(t, "http://192.0.2.1/", mcpwire.DialerOptions{Connect: failing(test.err)})
			wantKind(t, f, test.kind)
			if !errors.Is(f, test.err) {
				t.Errorf("fault does not wrap %v", test.err)
			}
		})
	}
}

func TestLookupFaults(t *testing.T) {
	for k, want := range map[mcpwire.DNSKind]mcpwire.Kind{
		mcpwire.DNSNXDomain: mcpwire.NXDomain, mcpwire.DNSServFail: mcpwire.DNSFailure,
		mcpwire.DNSNoServers: mcpwire.OurNetwork, mcpwire.DNSUnreachable: mcpwire.OurNetwork,
	} {
		rep, f := dialing(t, "http://a.example/", mcpwire.DialerOptions{Resolver: failedLookup{&mcpwire.DNSError{Kind: k}}})
		wantKind(t, f, want)
		if rep.Literal || rep.DNS <= 0 || rep.TCP != 0 {
			t.Errorf("report is %+v", rep)
		}
	}
}

type failedLookup struct{ err error }

func (l failedLookup) Lookup(context.Context, string) (mcpwire.Addresses, error) {
	return mcpwire.Addresses{Retransmits: 1}, l.err
}

// network is a Connect hook over a set of addresses; it remembers who asked.
type network struct {
	dead   map[string]error // nil: silent
	dialed []string
}

func (n *network) connect(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	n.dialed = append(n.dialed, to.Addr().String())
	err, dead := n.dead[to.Addr().String()]
	switch {
	case !dead:
		return &canned{src: strings.NewReader(okJSON(good))}, nil
	case err != nil:
		return nil, err
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestSeveralAddresses(t *testing.T) {
	const one, two, three, four = "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	tests := map[string]struct {
		dead    map[string]error
		blocked []string
		kind    mcpwire.Kind
		dialed  []string
		took    time.Duration
	}{
		"all fine":          {nil, nil, "", []string{one}, 0},
		"the first refuses": {map[string]error{one: refused}, nil, "", []string{one, two}, 0},
		"the first hangs":   {map[string]error{one: nil}, nil, "", []string{one, two}, time.Second},
		"two hang":          {map[string]error{one: nil, two: nil}, nil, "", []string{one, two, three}, 2 * time.Second},
		"three are enough":  {map[string]error{one: nil, two: nil, three: nil}, nil, mcpwire.ConnectTimeout, []string{one, two, three}, 3 * time.Second},
		"the last decides":  {map[string]error{one: nil, two: refused, three: refused}, nil, mcpwire.Refused, []string{one, two, three}, time.Second},
		"one is blocked":    {nil, []string{one}, "", []string{two}, 0},
		"all are blocked":   {nil, []string{one, two, three}, mcpwire.Blocked, nil, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &network{dead: test.dead}
				began := time.Now()
				_, f := dialing(t, "http://a.example/", mcpwire.DialerOptions{
					Connect: n.connect, Resolver: names{"a.example": addrs(one, two, three, four)}, Check: blocking(test.blocked),
				})
				wantKind(t, f, test.kind)
				if diff := cmp.Diff(test.dialed, n.dialed); diff != "" {
					t.Errorf("dialed (-want +got):\n%s", diff)
				}
				if took := time.Since(began); took != test.took {
					t.Errorf("took %s, want %s", took, test.took)
				}
			})
		})
	}
}

var errPolicy = errors.New("the address is not public")

func blocking(list []string) func(netip.Addr) error {
	return func(a netip.Addr) error {
		for _, s := range list {
			if a.String() == s {
				return errPolicy
			}
		}
		return nil
	}
}

// TestBlockedLiteral: an address in the URL is checked like any other, and
// before anything is dialled.
func TestBlockedLiteral(t *testing.T) {
	n := &network{}
	rep, f := dialing(t, "https://127.0.0.1/", mcpwire.DialerOptions{Connect: n.connect, Check: blocking([]string{"127.0.0.1"})})
	wantKind(t, f, mcpwire.Blocked)
	if !errors.Is(f, errPolicy) || len(n.dialed) != 0 || rep.TCP != 0 {
		t.Errorf("fault %v, dialed %v, report %+v", f, n.dialed, rep)
	}
}

// TestRealConnection goes over the loopback interface, as the default Connect
// does.
func TestRealConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			p := newPeer(nc)
			p.request()
			p.say("HTTP/1.1 200 OK\r\n", "Content-Type: text/event-stream\r\n\r\n", "data: "+good)
			p.gone() // the stream stays open, its event without an end
			nc.Close()
		}
	}()
	c := mcpwire.NewStreamable(mcpwire.Options{
		Dialer: mcpwire.NewDialer(mcpwire.DialerOptions{Resolver: names{"a.example": addrs("127.0.0.1")}}),
		Target: parseTarget(t, "http://a.example:"+strconv.Itoa(l.Addr().(*net.TCPAddr).Port)+"/mcp"),
	})
	ans, f := c.Call(t.Context(), theCall())
	wantGood(t, ans, f)
	if r := c.Dialed; r.DNS <= 0 || r.TCP <= 0 || r.TLS != 0 || r.Literal || r.Retransmits != 0 {
		t.Errorf("report is %+v", r)
	}
	if ids := noteIDs(ans); len(ids) != 1 || ids[0] != mcpwire.NoteUnterminatedFrame {
		t.Errorf("notes are %v", ans.Notes)
	}
	c.Close()
	l.Close()
	<-done
}

// TestReset: a reset where an answer was due is told from a close by its text alone.
func TestReset(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if nc, err := l.Accept(); err == nil {
			newPeer(nc).request()
			_ = nc.(*net.TCPConn).SetLinger(0)
			nc.Close()
		}
	}()
	c := mcpwire.NewStreamable(mcpwire.Options{
		Dialer: mcpwire.NewDialer(mcpwire.DialerOptions{}), Target: parseTarget(t, "http://"+l.Addr().String()+"/"),
	})
	_, f := c.Call(t.Context(), theCall())
	wantKind(t, f, mcpwire.Reset)
	if f != nil && !strings.Contains(f.Detail, "reset") {
		t.Errorf("detail is %q", f.Detail)
	}
}
