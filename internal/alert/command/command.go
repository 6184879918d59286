// Package command runs a program of the self-hoster for each notice: without a
// shell, with the notice as JSON on its standard input.
//
// Exit status 0 means taken. 64, 65, 77 and 78 (EX_USAGE, EX_DATAERR, EX_NOPERM,
// EX_CONFIG of sysexits.h) mean that trying again is of no use; so does a program
// that is not there or may not be run. Every other end is temporary, as 75
// (EX_TEMPFAIL) is: a script that ends by accident is far more common than one
// that refuses, and an alert that comes late is better than one that is lost. A
// program has to expect that it is run twice for one delivery, whose id it is
// given.
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	defaultTimeout = 30 * time.Second
	maxTail        = 400 // bytes of output in an error
	minSecret      = 6   // bytes of a setting that is not repeated
	waitDelay      = 2 * time.Second
)

// Options configure a Sink.
type Options struct {
	// Path is the program's absolute path. Nothing of a notice is ever among Args.
	Path string
	Args []string
	// Dir is where it runs; empty means /.
	Dir string
	// Env is added to the environment as KEY=value. Apart from that there are only
	// PATH, LANG, and ALIVEMCP_DELIVERY, ALIVEMCP_TYPE, ALIVEMCP_PHASE,
	// ALIVEMCP_INCIDENT and ALIVEMCP_SEVERITY, of which none holds a text of others.
	Env []string
	// Timeout ends the program with all its children; zero means 30 s.
	Timeout time.Duration
}

// Sink is a program. It is safe for concurrent use, if the program is.
type Sink struct{ opt Options }

var (
	errPath = errors.New("a command sink needs the absolute path of a program: it runs without a shell and without a search path")
	errEnv  = errors.New("the environment of a command sink is a list of KEY=value")
)

// New returns a sink. Whether the program exists shows when it is run.
func New(opt Options) (*Sink, error) {
	if !filepath.IsAbs(opt.Path) {
		return nil, errPath
	}
	for _, kv := range opt.Env {
		if i := strings.IndexByte(kv, '='); i < 1 || strings.ContainsRune(kv, 0) {
			return nil, errEnv
		}
	}
	if opt.Timeout == 0 {
		opt.Timeout = defaultTimeout
	}
	if opt.Dir == "" {
		opt.Dir = "/"
	}
	return &Sink{opt: opt}, nil
}

// Deliver runs the program once, with d's notice and its id.
func (s *Sink) Deliver(ctx context.Context, d *uptime.Delivery, _ string) (string, error) {
	in, err := input(d)
	if err != nil {
		return "", &uptime.Refusal{Reason: "the notice cannot be written as JSON"}
	}
	limited, cancel := context.WithTimeout(ctx, s.opt.Timeout)
	defer cancel()
	out := new(tail)
	cmd := exec.CommandContext(limited, s.opt.Path, s.opt.Args...)
	cmd.Dir, cmd.Env = s.opt.Dir, s.environ(d)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), out, out
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	cmd.WaitDelay = waitDelay
	err = cmd.Run()
	if ctx.Err() != nil {
		return "", fmt.Errorf("running the program was interrupted: %w", ctx.Err())
	}
	return "", s.judge(limited, err, s.said(out))
}

// Timeout is how long the program may run.
func (s *Sink) Timeout() time.Duration { return s.opt.Timeout + 2*waitDelay }

func (s *Sink) environ(d *uptime.Delivery) []string {
	return append([]string{
		"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
		"ALIVEMCP_DELIVERY=" + string(d.ID),
		"ALIVEMCP_TYPE=" + string(d.Notice.Type),
		"ALIVEMCP_PHASE=" + string(d.Notice.Phase),
		"ALIVEMCP_INCIDENT=" + string(d.Notice.Key),
		"ALIVEMCP_SEVERITY=" + d.Notice.Priority.String(),
	}, s.opt.Env...)
}

// said is the end of what the program wrote, behind a colon; empty for nothing.
// It is shown to others than those who know the program's settings and network: a
// value of its settings, an address of the web or of a machine is not repeated.
func (s *Sink) said(out *tail) string {
	line := out.String()
	for _, kv := range s.opt.Env {
		if _, value, _ := strings.Cut(kv, "="); len(value) >= minSecret {
			line = strings.ReplaceAll(line, value, "...")
		}
	}
	for _, arg := range s.opt.Args {
		if len(arg) >= minSecret {
			line = strings.ReplaceAll(line, arg, "...")
		}
	}
	line = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://\S+`).ReplaceAllString(line, "...")
	return regexp.MustCompile(`[0-9A-Fa-f.:]*([0-9]\.[0-9]+\.[0-9]+\.[0-9]|:[0-9A-Fa-f]*:)[0-9A-Fa-f.:]*`).ReplaceAllStringFunc(line, mask)
}

// mask hides an IP address, with or without a port; times are none.
func mask(word string) string {
	host := strings.Trim(word, ".")
	if at, err := netip.ParseAddrPort(strings.TrimSuffix(host, ":")); err == nil {
		host = at.Addr().String()
	}
	if _, err := netip.ParseAddr(strings.TrimSuffix(host, ":")); err == nil {
		return "..."
	}
	return word
}

// judge turns the end of the program into that of the delivery.
func (s *Sink) judge(ctx context.Context, err error, said string) error {
	exit, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return &uptime.Refusal{Temporary: true, Reason: fmt.Sprintf("the program ran longer than %v and was ended%s", s.opt.Timeout, said)}
	case exited && exit.ExitCode() >= 0:
		return &uptime.Refusal{Temporary: !final(exit.ExitCode()), Reason: fmt.Sprintf("the program ended with status %d%s", exit.ExitCode(), said)}
	case exited:
		return &uptime.Refusal{Temporary: true, Reason: "the program was ended by a signal" + said}
	case errors.Is(err, exec.ErrWaitDelay): // it ended well; a child of it still holds its output
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return &uptime.Refusal{Reason: "the program, or the directory to run it in, does not exist or may not be used"}
	case errors.Is(err, syscall.ENOEXEC):
		return &uptime.Refusal{Reason: "the file is no program: a script begins with a line such as #!/bin/sh"}
	}
	return &uptime.Refusal{Temporary: true, Reason: "the program could not be started"}
}

// final reports whether an exit status says that it will never work.
func final(status int) bool { return status == 64 || status == 65 || status == 77 || status == 78 }

// tail keeps the last bytes of what is written.
type tail struct{ kept []byte }

// Write keeps the end of p. It never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p[max(0, len(p)-maxTail):]...)
	t.kept = append([]byte(nil), t.kept[max(0, len(t.kept)-maxTail):]...)
	return len(p), nil
}

// String returns what was kept as one line behind a colon; empty for nothing.
func (t *tail) String() string {
	line := strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return ' '
		}
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(string(t.kept), ""))
	if line = strings.Join(strings.Fields(line), " "); line == "" {
		return ""
	}
	return ": " + line
}
