package lab

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// doors owns every socket of the lab, so that the end of the lab is the end of
// all of them, whoever reads from them at that moment.
type doors struct {
	mu     sync.Mutex
	closed bool
	socks  map[interface{ Close() error }]bool
}

// own takes a socket over; it closes it at once when the lab has ended. Close is
// called without the lock, because sockets disown themselves in it.
func (d *doors) own(c interface{ Close() error }) {
	if !d.keep(c) {
		_ = c.Close()
	}
}

// keep reports whether the lab still runs, and so owns the socket now.
func (d *doors) keep(c interface{ Close() error }) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	if d.socks == nil {
		d.socks = map[interface{ Close() error }]bool{}
	}
	d.socks[c] = true
	return true
}

func (d *doors) disown(c interface{ Close() error }) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.socks, c)
}

func (d *doors) close() {
	d.mu.Lock()
	socks := d.socks
	d.closed, d.socks = true, nil
	d.mu.Unlock()
	for c := range socks {
		_ = c.Close()
	}
}

// open listens on a TCP address.
func (d *doors) open(addr string) (net.Listener, error) {
	var conf net.ListenConfig
	ln, err := conf.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", addr, err)
	}
	ln = &watched{Listener: ln, doors: d}
	d.own(ln)
	return ln, nil
}

// watched hands every connection that it accepts to the doors.
type watched struct {
	net.Listener
	doors *doors
}

func (w *watched) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	wc := &watchedConn{TCPConn: c.(*net.TCPConn), doors: w.doors}
	w.doors.own(wc)
	return wc, nil
}

// watchedConn leaves the doors when it is closed. It stays a TCP connection to
// those who want to reset it.
type watchedConn struct {
	*net.TCPConn
	doors *doors
}

func (c *watchedConn) Close() error {
	c.doors.disown(c)
	return c.TCPConn.Close()
}

// listen opens the port that the scenario asks for, if any, and makes its
// certificate.
func (s *stage) listen() (err error) {
	s.port = dialable(s.lab.shared.Addr())
	switch {
	case s.door == doorShut:
		s.port, err = s.lab.doors.shut(s.lab.host)
	case s.door == doorUnread:
		s.port, err = s.lab.doors.unread(s.lab.host)
	case s.own || s.tls != nil || s.conn != nil:
		if s.ln, err = s.lab.doors.open(net.JoinHostPort(s.lab.host, "0")); err == nil {
			s.port = dialable(s.ln.Addr())
		}
	}
	if err == nil && s.tls != nil {
		s.conf, err = s.tls(s)
	}
	return err
}

// dialable turns the address of a listener on all interfaces into one that
// clients here can use.
func dialable(a net.Addr) string {
	host, port, _ := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return a.String()
}

// shut returns an address that refuses connections for as long as the lab
// lives: the client's end of a connection to ourselves. Nobody listens there,
// and nobody else can be given the port.
func (d *doors) shut(host string) (string, error) {
	ln, err := d.open(net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	c, err := dial(ln.Addr().String())
	if err != nil {
		return "", err
	}
	d.own(c)
	return c.LocalAddr().String(), nil
}

// unread returns an address where a listener never accepts and whose queue is
// full, so that further connections are neither taken nor refused.
func (d *doors) unread(host string) (string, error) {
	ln, err := d.open(net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	queue, err := shrinkQueue(ln.(*watched).Listener.(*net.TCPListener))
	if err != nil {
		return "", err
	}
	for range queue {
		c, err := dial(ln.Addr().String())
		if err != nil {
			return "", err
		}
		d.own(c)
	}
	return ln.Addr().String(), nil
}

func dial(addr string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).Dial("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("dialling ourselves at %s: %w", addr, err)
	}
	return c, nil
}

// serveHTTP answers on a listener until it is closed or ctx ends. With conf it
// does so behind TLS.
func (l *Lab) serveHTTP(ctx context.Context, ln net.Listener, h http.Handler, conf *tls.Config) error {
	srv := &http.Server{
		Handler: h, TLSConfig: conf, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:    slog.NewLogLogger(l.opt.Logger.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnState:   l.countConn,
	}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if conf == nil {
		return srv.Serve(ln)
	}
	if slices.Equal(conf.NextProtos, []string{"h2"}) {
		srv.Protocols = new(http.Protocols)
		srv.Protocols.SetHTTP2(true)
	}
	return srv.ServeTLS(ln, "", "")
}

// countConn makes Run wait for the goroutine of each connection. A handler
// that takes its connection over is counted by whoever takes it, before.
func (l *Lab) countConn(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		l.work.Add(1)
	case http.StateClosed, http.StateHijacked:
		l.work.Done()
	case http.StateActive, http.StateIdle:
	}
}
