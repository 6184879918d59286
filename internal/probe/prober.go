// Package probe looks at one MCP server the way a real client does and says
// what it saw. A server that fails is a value, never a Go error.
package probe

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"time"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Options configure a Prober. The zero value is usable.
type Options struct {
	// Timeout bounds one attempt; default 15 s, which serverless cold starts need.
	Timeout time.Duration
	// Attempts is how often a failing server is tried within a cell; default 3.
	Attempts int
	// Gap is waited between the end of a failed attempt and the next, or a quarter
	// of the server's cycle when that is shorter; default 5 s.
	Gap time.Duration
	// Wall bounds a cell; default 50 s.
	Wall time.Duration
	// Region is written into results.
	Region string
	// Roots verify servers' certificates; nil means the system's.
	Roots *x509.CertPool
	// Resolver is asked instead of the system's name servers when set.
	Resolver netip.AddrPort
	// UserAgent is sent with each request; it should hold a contact URL.
	UserAgent string
	// Version is this program's, for clientInfo.
	Version string
	// Thorough adds the checks that cost requests of their own and are worth
	// making once in a while: the same list twice, a refused version, the session
	// after its end.
	Thorough bool
	// KeepTranscript keeps the transcript of attempts that passed, too.
	KeepTranscript bool
	// KeepTools keeps the raw tools in every result.
	KeepTools bool
	// KeepNewTools keeps the raw tools in the results whose list is not the one
	// that was seen last.
	KeepNewTools bool
	// Connect makes every connection in place of this machine's own network; the
	// address that it gets has passed the guard. Nil means straight from here.
	Connect func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
	// Handshakes bounds how many connections are being made at once; default 64
	// per core. A saturated core times out healthy servers.
	Handshakes int
	// Lag reports by how much this process runs late. Failures while it is
	// above MaxLag are blamed on us. Nil means never late.
	Lag func() time.Duration
}

// MaxLag is the lateness of our own process above which its failures say nothing
// about a server.
const MaxLag = 500 * time.Millisecond

// Prober looks at servers. It is safe for concurrent use; what it learns about a
// server (era, transport, last tool list) makes the next look cheaper.
type Prober struct {
	opt    Options
	open   *mcpwire.Dialer // for servers that may be private
	public *mcpwire.Dialer // refuses non-public addresses
	slots  chan struct{}
	known  *memory
	tokens *tokenCache
	client []byte // clientInfo

	catalogue map[string]kindOfFinding
}

// New returns a Prober. It fails when the system's resolver configuration
// cannot be read.
func New(opt Options) (*Prober, error) {
	opt = opt.withDefaults()
	resolver, err := newResolver(opt.Resolver)
	if err != nil {
		return nil, fmt.Errorf("reading the resolver's configuration: %w", err)
	}
	dialer := func(p guard.Policy) *mcpwire.Dialer {
		return mcpwire.NewDialer(mcpwire.DialerOptions{Resolver: resolver, Check: p.Check, Roots: opt.Roots, Connect: opt.Connect})
	}
	return &Prober{
		opt:       opt,
		open:      dialer(guard.Policy{AllowPrivate: true}),
		public:    dialer(guard.Policy{}),
		slots:     make(chan struct{}, opt.Handshakes),
		known:     newMemory(),
		tokens:    &tokenCache{},
		catalogue: findingKinds(),
		client:    fmt.Appendf(nil, `{"name":"alivemcp","version":%q}`, opt.Version),
	}, nil
}

func (opt Options) withDefaults() Options {
	setDefault(&opt.Timeout, 15*time.Second)
	setDefault(&opt.Attempts, 3)
	setDefault(&opt.Gap, 5*time.Second)
	setDefault(&opt.Wall, 50*time.Second)
	setDefault(&opt.Handshakes, 64*runtime.NumCPU())
	setDefault(&opt.Region, "local")
	setDefault(&opt.Version, "dev")
	setDefault(&opt.UserAgent, "AliveMCP/"+opt.Version+" (+https://github.com/alivemcp/alivemcp)")
	if opt.Lag == nil {
		opt.Lag = func() time.Duration { return 0 }
	}
	return opt
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func newResolver(server netip.AddrPort) (*mcpwire.Resolver, error) {
	if server.IsValid() {
		return &mcpwire.Resolver{Servers: []netip.AddrPort{server}}, nil
	}
	return mcpwire.SystemResolver()
}

// Cell tries until an attempt does not argue for Down, the attempts are used up
// or the wall clock is reached. Each attempt uses connections of its own. Srv is
// shared, not copied, and must not change before Cell returns.
func (p *Prober) Cell(ctx context.Context, srv *uptime.Server) uptime.Cell {
	cell := uptime.Cell{Tenant: srv.Tenant, Server: srv.ID, Region: p.opt.Region}
	wall := time.Now().Add(p.opt.Wall)
	for knocked := false; ; {
		a := p.newAttempt(srv)
		a.knocked = knocked
		a.look(ctx, wall)
		knocked = a.knocked
		a.fileInto(&cell)
		if len(cell.Attempts) >= p.opt.Attempts || !worthRepeating(a.res.Failure) || !p.pause(ctx, srv, wall) {
			return cell
		}
	}
}

// worthRepeating reports whether another look could say something else.
func worthRepeating(f *uptime.Failure) bool {
	if f == nil {
		return false
	}
	switch f.Cause {
	case uptime.CanaryFailed, uptime.CanaryError, uptime.HealthFailed:
		return true
	default:
		return f.Effect == uptime.Down
	}
}

// pause waits for the gap, a quarter of a cycle when that is shorter; it reports
// whether there is time for another attempt.
func (p *Prober) pause(ctx context.Context, srv *uptime.Server, wall time.Time) bool {
	gap := min(p.opt.Gap, srv.Every()/4)
	if time.Until(wall) <= gap {
		return false
	}
	timer := time.NewTimer(gap)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Attempt runs the probe's steps once, within Options.Timeout.
func (p *Prober) Attempt(ctx context.Context, srv uptime.Server) uptime.Result {
	a := p.newAttempt(&srv)
	a.look(ctx, a.res.Started.Add(p.opt.Timeout))
	return a.res
}
