// Package probe looks at one MCP server the way a real client does and says
// what it saw. A server that fails is a value, never a Go error.
package probe

import (
	"context"
	"crypto/x509"
	"net/netip"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Options configure a Prober. The zero value is usable.
type Options struct {
	// Timeout bounds one attempt; default 15 s.
	Timeout time.Duration
	// Attempts is how often a failing server is tried within a cell; default 3.
	Attempts int
	// Gap is waited between the end of a failed attempt and the next; default 5 s.
	Gap time.Duration
	// Wall bounds a cell; default 50 s.
	Wall time.Duration
	// Region is written into results.
	Region string
	// Roots verify servers' certificates; nil means the system's.
	Roots *x509.CertPool
	// Resolver is asked instead of the system's name servers when set.
	Resolver netip.AddrPort
	// UserAgent is sent with each request.
	UserAgent string
	// Version is this program's, for clientInfo.
	Version string
	// KeepTranscript keeps the transcript of attempts that passed, too.
	KeepTranscript bool
	// KeepTools keeps the raw tools in every result.
	KeepTools bool
	// Lag reports by how much this process runs late. Failures while it is
	// above half a second are blamed on us. Nil means never late.
	Lag func() time.Duration
}

// Prober looks at servers. It is safe for concurrent use.
type Prober struct{ opt Options }

// New returns a Prober.
func New(opt Options) (*Prober, error) { return &Prober{opt: opt}, nil }

// Attempt runs the probe's steps once.
func (p *Prober) Attempt(ctx context.Context, srv uptime.Server) uptime.Result {
	return uptime.Result{}
}

// Cell tries until an attempt passes, the attempts are used up or the wall
// clock is reached.
func (p *Prober) Cell(ctx context.Context, srv uptime.Server) uptime.Cell {
	return uptime.Cell{Server: srv.ID, Region: p.opt.Region}
}
