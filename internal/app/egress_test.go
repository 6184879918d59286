package app_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
)

// nowhere is an address where nobody listens, and nobody will meanwhile.
const nowhere = "127.0.77.7:47999"

// echoServer answers each connection with a greeting and who is calling.
func echoServer(t *testing.T) netip.AddrPort {
	t.Helper()
	ln := listen(t, "127.0.0.1:0")
	go accept(ln, func(c net.Conn) { _, _ = io.WriteString(c, "hello "+c.RemoteAddr().String()+"\n") })
	return netip.MustParseAddrPort(ln.Addr().String())
}

func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

func accept(ln net.Listener, serve func(net.Conn)) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = c.Close() }()
			serve(c)
		}()
	}
}

// greeting dials to through the egress and reads a line.
func greeting(t *testing.T, egress string, to netip.AddrPort) (string, error) {
	t.Helper()
	connect, err := app.Egress(egress)
	if err != nil {
		return "", err
	}
	conn, err := connect(t.Context(), to)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	return bufio.NewReader(conn).ReadString('\n')
}

func TestEgressLocalAddress(t *testing.T) {
	got, err := greeting(t, "127.0.0.1", echoServer(t))
	if err != nil || !strings.HasPrefix(got, "hello 127.0.0.1:") {
		t.Errorf("greeting = %q, %v", got, err)
	}
}

// connectProxy is an HTTP proxy that knows CONNECT. The tunnel's first bytes come
// in one packet with its answer, as they may.
func connectProxy(t *testing.T, password string) string {
	t.Helper()
	ln := listen(t, "127.0.0.1:0")
	go accept(ln, func(c net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		r := &http.Request{Header: http.Header{"Authorization": req.Header["Proxy-Authorization"]}}
		if _, pass, _ := r.BasicAuth(); pass != password {
			_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
			return
		}
		to, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", req.Host)
		if err != nil {
			_, _ = io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
			return
		}
		defer func() { _ = to.Close() }()
		line, _ := bufio.NewReader(to).ReadString('\n')
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"+line)
	})
	return ln.Addr().String()
}

// hangsUp is an address where nobody answers.
func hangsUp(t *testing.T) string {
	t.Helper()
	ln := listen(t, "127.0.0.1:0")
	go accept(ln, func(c net.Conn) { _, _ = http.ReadRequest(bufio.NewReader(c)) })
	return ln.Addr().String()
}

func TestEgressHTTPProxy(t *testing.T) {
	proxy, to := connectProxy(t, "sesame"), echoServer(t)
	got, err := greeting(t, "http://me:sesame@"+proxy, to)
	if err != nil || !strings.HasPrefix(got, "hello ") {
		t.Errorf("greeting = %q, %v", got, err)
	}
	if _, err := greeting(t, "http://me:wrong@"+proxy, to); err == nil || !strings.Contains(err.Error(), "407") {
		t.Errorf("with a wrong password: %v, want the proxy's 407", err)
	} else if strings.Contains(err.Error(), "wrong") {
		t.Errorf("the error holds the password: %v", err)
	}
}

// socksProxy speaks as much of SOCKS5 (RFC 1928) as CONNECT to an IPv4 address
// takes.
func socksProxy(t *testing.T) string {
	t.Helper()
	ln := listen(t, "127.0.0.1:0")
	go accept(ln, func(c net.Conn) {
		head := make([]byte, 2)
		if _, err := io.ReadFull(c, head); err != nil || head[0] != 5 {
			return
		}
		_, _ = io.CopyN(io.Discard, c, int64(head[1]))
		_, _ = c.Write([]byte{5, 0})
		req := make([]byte, 10)
		if _, err := io.ReadFull(c, req); err != nil || req[3] != 1 {
			return
		}
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte(req[4:8])), uint16(req[8])<<8|uint16(req[9]))
		to, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr.String())
		if err != nil {
			_, _ = c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		defer func() { _ = to.Close() }()
		_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		_, _ = io.Copy(c, to)
	})
	return ln.Addr().String()
}

func TestEgressSOCKS(t *testing.T) {
	proxy := socksProxy(t)
	got, err := greeting(t, "socks5://"+proxy, echoServer(t))
	if err != nil || !strings.HasPrefix(got, "hello ") {
		t.Errorf("greeting = %q, %v", got, err)
	}
	if _, err := greeting(t, "socks5://"+proxy, netip.MustParseAddrPort(nowhere)); err == nil {
		t.Error("no error for an address that refuses")
	}
}

func TestEgressRefusesWhatItCannotDo(t *testing.T) {
	for _, spec := range []string{"ftp://proxy", "tokyo", "socks4://p:1", "://"} {
		if _, err := app.Egress(spec); err == nil {
			t.Errorf("Egress(%q) = no error", spec)
		}
	}
}

func TestReferencesTellWhoIsBroken(t *testing.T) {
	up, down := "up:1", "down:1"
	dial := func(_ context.Context, _, addr string) (net.Conn, error) {
		if addr == down {
			return nil, errors.New("unreachable")
		}
		a, b := net.Pipe()
		_ = b.Close()
		return a, nil
	}
	for name, tt := range map[string]struct {
		addrs []string
		want  bool
	}{
		"none are named": {nil, false},
		"one answers":    {[]string{down, up}, false},
		"none answers":   {[]string{down, down}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := app.ReferencesLost(t.Context(), tt.addrs, dial); got != tt.want {
				t.Errorf("Lost = %v, want %v", got, tt.want)
			}
		})
	}
}

// TestBrokenWayOutIsOurs: a proxy that is gone or does not want us says nothing
// about the servers behind it, which must not become red.
func TestBrokenWayOutIsOurs(t *testing.T) {
	t.Parallel()
	page := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(page.Close)
	for name, c := range map[string]struct{ egress, want string }{
		"http proxy is gone":       {"http://" + nowhere, "unknown"},
		"http proxy is none":       {page.URL, "unknown"},
		"http proxy hangs up":      {"http://" + hangsUp(t), "unknown"},
		"behind an http proxy":     {"http://" + connectProxy(t, ""), "down"},
		"http proxy wants another": {"http://me:wrong@" + connectProxy(t, "sesame"), "unknown"},
		"socks proxy is gone":      {"socks5://" + nowhere, "unknown"},
		"no such local address":    {"192.0.2.1", "unknown"},
		"the server is gone":       {"socks5://" + socksProxy(t), "down"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.start(r.file("regions: [{id: away, egress: \""+c.egress+"\"}]", "slug: one, url: \"http://127.0.0.1:1/mcp\""))
			r.await(aCycle, "it is judged", func() bool { return r.newest("one").SealedAt.After(time.Time{}) })
			if v := r.newest("one"); v.State.String() != c.want {
				t.Errorf("the verdict is %s (%s), want %s", v.State, v.Why, c.want)
			}
		})
	}
}
