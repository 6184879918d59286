package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds on AliveMCP's own files.
const (
	maxFile         = 8 << 20
	maxFileTokens   = 1_000_000
	maxFileValues   = 2_000_000 // aliases can multiply values
	maxFileProblems = 200
	maxIncludes     = 1_000
	maxServers      = 50_000
	maxSecret       = 64 << 10
	maxBaseline     = 32 << 20
	maxLogo         = 256 << 10
)

// Options say what is around a file. The zero value has no environment and
// takes every assertion and baseline for good.
type Options struct {
	// Lookup gives the value of an environment variable, for env:NAME.
	Lookup func(name string) (string, bool)
	// Assertion reads an assertion such as contains:TEXT. Without it only the kinds
	// are checked.
	Assertion func(text string) (uptime.Assertion, error)
	// Snapshot says whether the content of a baseline file is a snapshot.
	Snapshot func(data []byte) error
}

// Problems are all that is wrong in a configuration, sorted by file and line.
type Problems []Problem

// Broken reports whether a problem is an error: the file must not be used.
func (ps Problems) Broken() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == SeverityError })
}

// Err returns all errors as one, one a line, or nil when there are none.
func (ps Problems) Err() error {
	var errs []error
	for _, p := range ps {
		if p.Severity == SeverityError {
			errs = append(errs, errors.New(p.String()))
		}
	}
	return errors.Join(errs...)
}

// String returns file:line:column: message. Warnings say that they are some.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, max(1, p.Column))
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if p.Severity == SeverityWarn {
		b.WriteString("warning: ")
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	return b.String() + p.Message
}

// Load reads alivemcp.yaml at name, and the files that it names: secrets,
// baselines, further servers. What is relative begins at its folder. The file
// is nil when there is an error among the problems. Problems name all that is
// wrong, say what to do, and never hold a secret.
func Load(name string, o Options) (*File, Problems) {
	f, problems, _ := load(name, o)
	return f, problems
}

// Parse is Load for a file whose content is at hand. name is where it would be.
func Parse(name string, data []byte, o Options) (*File, Problems) {
	f, problems := parse(name, data, o)
	if problems.Broken() {
		return nil, problems
	}
	return f, problems
}

// parse returns the file also when it is broken: it knows its sources.
func parse(name string, data []byte, o Options) (*File, Problems) {
	d := decoder{
		o: o, name: name, dir: filepath.Dir(name), f: &File{refs: map[string]bool{}},
		places: map[any]place{}, seen: map[Problem]bool{}, keys: map[reflect.Type][]keyed{}, known: map[string]bool{},
	}
	d.source(name)
	d.file(data)
	d.check()
	slices.SortStableFunc(d.problems, func(a, b Problem) int {
		mine := func(p Problem) int { return min(1, len(strings.TrimPrefix(p.File, name))) }
		return cmp.Or(mine(a)-mine(b), strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	if d.more > 0 {
		d.problems = append(d.problems, Problem{File: name, Severity: SeverityError, Message: fmt.Sprintf("there are %d more problems", d.more)})
	}
	return d.f, d.problems
}

// Sources returns the paths of all files that were read: alivemcp.yaml first,
// then those that it names.
func (f *File) Sources() []string { return slices.Clone(f.sources) }

// readBounded reads a regular file of at most limit bytes. Its errors do not
// repeat the name.
func readBounded(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, plainFault(err)
	}
	if !info.Mode().IsRegular() { // a pipe would block
		return nil, errors.New("this is no regular file")
	}
	f, err := os.Open(name) // #nosec G304 -- the operator names the file
	if err != nil {
		return nil, plainFault(err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, plainFault(err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("the file is larger than %d bytes", limit)
	}
	return data, nil
}

func plainFault(err error) error {
	var fault *os.PathError
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errors.New("there is no such file")
	case errors.Is(err, os.ErrPermission):
		return errors.New("the file may not be read; give this user the right to")
	case errors.As(err, &fault):
		return fmt.Errorf("the file cannot be read: %w", fault.Err)
	}
	return fmt.Errorf("the file cannot be read: %w", err)
}
