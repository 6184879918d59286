package main

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxSmallFile bounds certificates, keys and secrets.
const maxSmallFile = 1 << 20

// connectFlags are shared by the commands that speak to servers: how to reach
// them and how to sign in.
type connectFlags struct {
	timeout   time.Duration
	attempts  int
	tries     bool // this command has --attempts
	caFile    string
	resolver  string
	transport string
	public    bool
	sign      signFlags
}

func (f *connectFlags) declare(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.DurationVar(&f.timeout, "timeout", 15*time.Second, "bound of one attempt")
	flags.StringVar(&f.caFile, "ca-file", "", "trust the certificates in this PEM `file` instead of the system's")
	flags.StringVar(&f.resolver, "resolver", "", "ask this name server, as `ADDR[:PORT]`, instead of the system's")
	flags.StringVar(&f.transport, "transport", "", "use this transport instead of finding out: streamable-http|sse")
	flags.BoolVar(&f.public, "public", false, "refuse loopback, private and other non-public addresses")
	words := []string{string(uptime.StreamableHTTP), string(uptime.HTTPSSE)}
	_ = cmd.RegisterFlagCompletionFunc("transport", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	f.sign.declare(flags)
}

// declareAttempts is for the commands that try again.
func (f *connectFlags) declareAttempts(cmd *cobra.Command) {
	f.tries = true
	cmd.Flags().IntVar(&f.attempts, "attempts", 3, "how often a failing server is tried, a second apart, 1 to 10")
}

// options reads what the flags say about the prober.
func (f *connectFlags) options(command string) (probe.Options, error) {
	opt := probe.Options{Timeout: f.timeout, Attempts: f.attempts, Gap: time.Second, Region: "local", Version: build().Version, UserAgent: userAgent()}
	if f.timeout <= 0 {
		return opt, usage(command+" --timeout 15s https://example.com/mcp", "--timeout must be positive")
	}
	if f.tries && (f.attempts < 1 || f.attempts > 10) {
		return opt, usage(command+" --attempts 1 https://example.com/mcp", "--attempts is 1 to 10")
	}
	var err error
	if opt.Resolver, err = parseResolver(f.resolver, command); err != nil {
		return opt, err
	}
	opt.Roots, err = readRoots(f.caFile)
	return opt, err
}

func userAgent() string {
	return "AliveMCP/" + build().Version + " (+https://github.com/alivemcp/alivemcp)"
}

func parseResolver(s, command string) (netip.AddrPort, error) {
	if s == "" {
		return netip.AddrPort{}, nil
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap, nil
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return netip.AddrPort{}, usage(command+" --resolver 1.1.1.1:53 https://example.com/mcp", "--resolver wants an IP address")
	}
	return netip.AddrPortFrom(addr, 53), nil
}

func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := readFile(file, maxSmallFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate; --ca-file wants PEM (-----BEGIN CERTIFICATE-----)", file)
	}
	return pool, nil
}

// at returns the server at raw, reached and signed in to as the flags say.
func (f *connectFlags) at(raw string, profile uptime.Profile) (uptime.Server, error) {
	srv, err := app.ParseURL(raw)
	if err != nil {
		return srv, err
	}
	srv.Transport, srv.Private, srv.Profile = uptime.Transport(f.transport), !f.public, profile
	return srv, nil
}

func (f *connectFlags) checkTransport(command string) error {
	switch uptime.Transport(f.transport) {
	case "", uptime.StreamableHTTP, uptime.HTTPSSE:
		return nil
	case uptime.Stdio:
		return usage(command+" --stdio -- node server.js", "stdio needs a command")
	}
	return usage(command+" --transport sse https://example.com/sse", "unknown transport %q", f.transport)
}
