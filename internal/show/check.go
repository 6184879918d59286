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
// server, or an error about it, may have had a hand in.
func (c Check) MapText(f func(string) string) Check {
	c.Why = f(c.Why)
	c.Failure = c.Failure.MapText(f)
	c.Result = c.Result.MapText(f)
	return c
}
