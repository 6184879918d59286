package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Options configure a Lab. The zero value serves every scenario on a loopback
// port that the system chooses.
type Options struct {
	// Addr is where the shared port listens; default 127.0.0.1:0. Scenarios with
	// a port of their own listen on the same host, on ports that the system
	// chooses.
	Addr string
	// Scenarios are served; nil means all of them.
	Scenarios []Scenario
	// Now is the clock of what changes with time and of certificates; default
	// time.Now.
	Now func() time.Time
	// Minute is how long a lab minute lasts; default one minute.
	Minute time.Duration
	// Logger gets what clients did wrong, at debug level; default: nothing is
	// logged.
	Logger *slog.Logger
}

// Lab serves scenarios. Its methods are safe for concurrent use once Listen
// has returned.
type Lab struct {
	opt    Options
	host   string // of every listener
	ca     *authority
	names  *nameServer
	shared net.Listener
	stages []*stage // in the order of the scenarios
	byName map[string]*stage
	doors  doors
	work   sync.WaitGroup // serving loops, connections and hijacked handlers
}

// New returns a Lab that serves nothing yet.
func New(opt Options) *Lab {
	if opt.Addr == "" {
		opt.Addr = "127.0.0.1:0"
	}
	if opt.Scenarios == nil {
		opt.Scenarios = Scenarios()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Minute <= 0 {
		opt.Minute = time.Minute
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Lab{opt: opt, byName: map[string]*stage{}}
	for _, s := range opt.Scenarios {
		st := newStage(l, s)
		l.stages = append(l.stages, st)
		l.byName[s.Name] = st
	}
	return l
}

// Listen makes the certificates and opens every port. Addresses are known
// afterwards; nobody answers before Run. On an error everything is closed
// again.
func (l *Lab) Listen() error {
	err := l.listen()
	if err != nil {
		l.doors.close()
	}
	return err
}

func (l *Lab) listen() (err error) {
	if l.ca, err = newAuthority("AliveMCP lab", l.opt.Now()); err != nil {
		return err
	}
	if l.host, _, err = net.SplitHostPort(l.opt.Addr); err != nil {
		return fmt.Errorf("reading the address %q: %w", l.opt.Addr, err)
	}
	if l.shared, err = l.doors.open(l.opt.Addr); err != nil {
		return err
	}
	if l.names, err = openNameServer(&l.doors, l.host); err != nil {
		return err
	}
	for _, s := range l.stages {
		if err := s.listen(); err != nil {
			return fmt.Errorf("opening scenario %s: %w", s.Name, err)
		}
	}
	return nil
}

// Run serves until ctx ends, closes everything, and returns when the last
// goroutine has stopped. It returns nil after an orderly end. Call it once,
// after Listen.
func (l *Lab) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	serve := func(f func(context.Context) error) {
		l.work.Go(func() {
			if err := f(ctx); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
				cancel(err)
			}
		})
	}
	serve(func(ctx context.Context) error { return l.serveHTTP(ctx, l.shared, http.HandlerFunc(l.route), nil) })
	serve(l.names.serveUDP)
	serve(l.names.serveTCP)
	for _, s := range l.stages {
		if s.ln != nil {
			serve(s.serve)
		}
	}
	<-ctx.Done()
	l.stop()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("serving the lab: %w", err)
	}
	return nil
}

// stop closes every listener and connection and waits for whoever used them.
func (l *Lab) stop() {
	l.doors.close()
	for _, s := range l.stages {
		s.stop()
	}
	l.work.Wait()
}

// URL returns the address to check a scenario at; empty when there is no such
// scenario.
func (l *Lab) URL(name string) string {
	if s := l.byName[name]; s != nil {
		return s.url()
	}
	return ""
}

// Server returns a scenario as the server that a check is given, with profile
// and credentials; the zero Server when there is no such scenario.
func (l *Lab) Server(name string) uptime.Server {
	s := l.byName[name]
	if s == nil {
		return uptime.Server{}
	}
	srv := uptime.Server{
		ID: uptime.ServerID("lab-" + name), Slug: name, Name: name,
		URL: s.url(), Private: !s.Setup.Public,
	}
	if s.profile != nil {
		srv.Profile = s.profile(s)
	}
	return srv
}

// Scenarios returns what is served, in order.
func (l *Lab) Scenarios() []Scenario { return slices.Clone(l.opt.Scenarios) }

// CAPEM returns the certificate of the lab's own authority.
func (l *Lab) CAPEM() []byte { return l.ca.pem() }

// Resolver returns the address, for UDP and TCP, of a name server that knows
// the zone lab.test.
func (l *Lab) Resolver() netip.AddrPort { return l.names.addr }

// Sessions returns how many sessions of a scenario are open: those given out
// and not ended by their client, and HTTP+SSE streams that are still read. It
// settles a moment after a client hangs up.
func (l *Lab) Sessions(name string) int {
	if s := l.byName[name]; s != nil {
		return s.open()
	}
	return 0
}

// Requests returns how many requests of each kind a scenario has seen: POSTs
// by their JSON-RPC method, everything else as method and path, such as
// "GET /.well-known/oauth-protected-resource/x/mcp".
func (l *Lab) Requests(name string) map[string]int {
	if s := l.byName[name]; s != nil {
		return s.counted()
	}
	return nil
}

// route finds the scenario of a request on the shared port: by the first
// element of the path, or by the one after the kind of a well-known document.
func (l *Lab) route(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	name := parts[0]
	if name == ".well-known" && len(parts) > 2 {
		name = parts[2]
	}
	if s := l.byName[name]; s != nil && s.ln == nil && s.handler != nil {
		s.ServeHTTP(w, r)
		return
	}
	l.index(w, r)
}
