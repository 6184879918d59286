package app

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// ErrNotURL means that a target is not an absolute http or https URL.
var ErrNotURL = errors.New("not an http or https URL")

// maxURL bounds a target, in bytes.
const maxURL = 8 << 10

// hidden stands where a secret would have stood.
const hidden = "[redacted]"

// Target is something to check: a server, and what is known about it before.
type Target struct {
	Server uptime.Server
	// Notes are added to the findings.
	Notes []uptime.Finding
	// Broken says why there is nothing to probe; empty for a server that can be
	// checked.
	Broken string
}

// Targets makes a Target of each server.
func Targets(servers ...uptime.Server) []Target {
	targets := make([]Target, len(servers))
	for i, srv := range servers {
		targets[i].Server = srv
	}
	return targets
}

// ParseURL returns the server at a URL. Its name is the URL without secrets. The
// error is ErrNotURL and never repeats what was given, which may be a secret
// that slipped out of its quotes.
func ParseURL(raw string) (uptime.Server, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || len(raw) > maxURL || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return uptime.Server{}, ErrNotURL
	}
	u.Fragment, u.RawFragment = "", ""
	full := u.String()
	return uptime.Server{ID: uptime.ServerID(full), Name: probe.SafeURL(full), URL: full}, nil
}

// ParseCommand returns the stdio server that a command starts. Its name is the
// command line without what looks like secrets; env are additions to its
// minimal environment, as KEY=value.
func ParseCommand(argv, env []string) uptime.Server {
	name := redactArgs(argv)
	return uptime.Server{
		ID: uptime.ServerID("stdio:" + name), Name: name, Transport: uptime.Stdio,
		Command: uptime.Command{Path: argv[0], Args: argv[1:], Env: env},
	}
}

// Loopback reports whether a server is a child process or on this machine.
func Loopback(srv uptime.Server) bool {
	if srv.Transport == uptime.Stdio {
		return true
	}
	addr, named := host(srv)
	return named == "localhost" || strings.HasSuffix(named, ".localhost") || addr.IsLoopback()
}

// Private reports whether a server is Loopback or named by a private or
// link-local address. A name other than localhost is never private: who answers
// for it may change.
func Private(srv uptime.Server) bool {
	addr, _ := host(srv)
	return Loopback(srv) || addr.IsPrivate() || addr.IsLinkLocalUnicast()
}

func host(srv uptime.Server) (netip.Addr, string) {
	u, err := url.Parse(srv.URL)
	if err != nil {
		return netip.Addr{}, ""
	}
	name := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	addr, err := netip.ParseAddr(name)
	if err != nil {
		return netip.Addr{}, name
	}
	return addr.Unmap(), name
}

// Origin is the scheme, host and port of a server's URL, or its id for stdio.
func Origin(srv uptime.Server) string {
	u, err := url.Parse(srv.URL)
	if err != nil || srv.URL == "" {
		return string(srv.ID)
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

// secretName matches names of flags and variables that hold secrets.
var secretName = regexp.MustCompile(`(?i)(key|token|secret|passw|pwd|auth|credential|signature|\bsig\b|bearer|cookie|\bpat\b)`)

// opaque matches words that look as if nobody had chosen them.
var opaque = regexp.MustCompile(`^[A-Za-z0-9_+=-]{24,}$`)

// redactArgs joins a command line and hides the values of flags and variables
// whose names speak of secrets, words that look like keys, and what URLs hide.
func redactArgs(argv []string) string {
	out := make([]string, len(argv))
	for i, arg := range argv {
		follows := i > 1 && secretFlag(argv[i-1])
		out[i] = redactArg(arg, i > 0, follows)
	}
	return strings.Join(out, " ")
}

// secretFlag reports a flag whose value is the next word and secret.
func secretFlag(arg string) bool {
	return strings.HasPrefix(arg, "-") && !strings.Contains(arg, "=") && secretName.MatchString(arg)
}

func redactArg(arg string, mayHide, follows bool) string {
	name, value, assigned := strings.Cut(arg, "=")
	switch {
	case !mayHide:
		return arg
	case follows, strings.HasPrefix(strings.ToLower(arg), "bearer "), opaque.MatchString(arg) && !strings.HasPrefix(arg, "-"):
		return hidden
	case strings.Contains(arg, "://"):
		return probe.SafeURL(arg)
	case assigned && (secretName.MatchString(name) || opaque.MatchString(value)):
		return name + "=" + hidden
	}
	return arg
}
