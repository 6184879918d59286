package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/alivemcp/alivemcp/internal/show"
)

// Shell is what surrounds the program: its streams, its environment and what
// its terminal can do.
type Shell struct {
	In       io.Reader
	Out, Err io.Writer
	// Getenv reads the environment; LookupEnv tells empty from unset.
	LookupEnv func(string) (string, bool)
	// OutTTY and ErrTTY say whether Out and Err are terminals.
	OutTTY, ErrTTY bool
	// Args is what was typed after the program's name.
	Args []string
	// Width of the terminal in columns; 0 when not known.
	Width int
}

func processShell() Shell {
	sh := Shell{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, LookupEnv: os.LookupEnv}
	sh.OutTTY = term.IsTerminal(int(os.Stdout.Fd()))
	sh.ErrTTY = term.IsTerminal(int(os.Stderr.Fd()))
	if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		sh.Width = w
	}
	return sh
}

func (sh Shell) getenv(name string) string {
	value, _ := sh.LookupEnv(name)
	return value
}

// dumb reports a terminal that obeys no escapes.
func (sh Shell) dumb() bool { return sh.getenv("TERM") == "dumb" }

// style follows no-color.org, TERM and the locale.
func (sh Shell) style() show.Style {
	return show.Style{
		Color:   sh.OutTTY && !sh.dumb() && sh.getenv("NO_COLOR") == "",
		Unicode: sh.unicode(),
		Width:   sh.Width,
	}
}

// unicode reports a locale in UTF-8. The first of the three that is set decides
// (POSIX, environment variables).
func (sh Shell) unicode() bool {
	locale := cmp.Or(sh.getenv("LC_ALL"), sh.getenv("LC_CTYPE"), sh.getenv("LANG"))
	if locale == "" {
		return runtime.GOOS == "windows" || runtime.GOOS == "darwin"
	}
	locale = strings.ToLower(strings.ReplaceAll(locale, "-", ""))
	return strings.Contains(locale, "utf8")
}

// progress tells on stderr how far we are until the function that it returns
// is called.
func (sh Shell) progress(ctx context.Context, quiet bool, text func(time.Duration) string) (stop func()) {
	if quiet {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		show.Progress(ctx, sh.Err, sh.ErrTTY && !sh.dumb(), text)
	}()
	return func() { cancel(); <-ended }
}

// readFile reads a file that the user named, up to limit bytes.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name) // #nosec G304 -- the user names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readAll(f, name, limit)
}

func readAll(r io.Reader, name string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return data, nil
}
