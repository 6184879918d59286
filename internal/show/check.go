// Package show renders what a check found: for people on a terminal, and for
// machines as JSON, JUnit, GitHub annotations and Markdown.
//
// Whatever a server said is hostile: every renderer first takes control
// characters, terminal escapes and direction marks out of it and cuts it to a
// length that a reader can bear.
package show

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Check is one target and everything that a check of it found.
type Check struct {
	Target   string // as the user named it, secrets removed
	State    uptime.State
	Why      string          // one short sentence; empty when Live
	Failure  *uptime.Failure // nil when Live
	Grade    string          // A to F; empty when unknown
	Attempts int
	Result   uptime.Result // of the attempt that decided
}

// Format names a way to render checks.
type Format string

// The formats.
const (
	Text     Format = "text"
	JSON     Format = "json"
	JUnit    Format = "junit"
	GitHub   Format = "github"
	Markdown Format = "markdown"
)

// Style says what the reader's terminal can do and what they asked for. The
// zero value is plain ASCII without colour.
type Style struct {
	Color   bool
	Unicode bool
	// Width is the terminal's, in columns; 0 means 80.
	Width int
	// Transcript adds the requests and answers.
	Transcript bool
	// Compact writes JSON on one line each.
	Compact bool
	// Bad says which checks are not good. Nil means those that are Down.
	Bad func(Check) bool
}

func (st Style) bad(c Check) bool {
	if st.Bad == nil {
		return c.State == uptime.Down
	}
	return st.Bad(c)
}

// Write renders checks to w in one write.
func Write(w io.Writer, f Format, checks []Check, st Style) error {
	clean := make([]Check, len(checks))
	for i, c := range checks {
		clean[i] = c.tidy()
	}
	var b bytes.Buffer
	if err := render(&b, f, clean, st); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

func render(b *bytes.Buffer, f Format, checks []Check, st Style) error {
	switch f {
	case JSON:
		return writeJSON(b, checks, st)
	case JUnit:
		return writeJUnit(b, checks, st)
	case Text:
		writeText(b, checks, st)
	case GitHub:
		writeGitHub(b, checks, st)
	case Markdown:
		writeMarkdown(b, checks, st)
	default:
		return fmt.Errorf("unknown format %q", f)
	}
	return nil
}

// MapText returns a deep copy of c with f applied to every text that the
// server, or something between, had a hand in.
func (c Check) MapText(f func(string) string) Check {
	c.Why = f(c.Why)
	c.Failure = mapFailure(c.Failure, f)
	r := &c.Result
	r.Version, r.ServerName, r.ServerVer = f(r.Version), f(r.ServerName), f(r.ServerVer)
	r.Capabilities = mapStrings(r.Capabilities, f)
	r.Failure = mapFailure(r.Failure, f)
	r.Steps = slices.Clone(r.Steps)
	for i := range r.Steps {
		r.Steps[i].Detail = f(r.Steps[i].Detail)
	}
	r.Findings = slices.Clone(r.Findings)
	for i := range r.Findings {
		r.Findings[i].Message = f(r.Findings[i].Message)
	}
	r.Transcript = slices.Clone(r.Transcript)
	for i := range r.Transcript {
		x := &r.Transcript[i]
		x.Request, x.Response = f(x.Request), f(x.Response)
	}
	r.TLS, r.Auth = mapTLS(r.TLS, f), mapAuth(r.Auth, f)
	return c
}

func mapStrings(list []string, f func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = f(s)
	}
	return out
}

func mapFailure(old *uptime.Failure, f func(string) string) *uptime.Failure {
	if old == nil {
		return nil
	}
	n := *old
	n.Detail = f(n.Detail)
	return &n
}

func mapTLS(old *uptime.TLSInfo, f func(string) string) *uptime.TLSInfo {
	if old == nil {
		return nil
	}
	n := *old
	n.Issuer = f(n.Issuer)
	return &n
}

func mapAuth(old *uptime.AuthChain, f func(string) string) *uptime.AuthChain {
	if old == nil {
		return nil
	}
	n := *old
	n.Challenge, n.ResourceMetadata = f(n.Challenge), f(n.ResourceMetadata)
	n.AuthorizationServer, n.TokenEndpoint = f(n.AuthorizationServer), f(n.TokenEndpoint)
	n.Scopes, n.Registration = mapStrings(n.Scopes, f), mapStrings(n.Registration, f)
	n.Broken = f(n.Broken)
	return &n
}
