package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// lock is the exclusive right to a data directory. The system holds it for the
// process: it is gone when the process is, in whatever way it ended. The file
// itself stays, since removing it would let two processes lock two files.
type lock struct {
	file *os.File
}

// takeDir creates the data directory when there is none, and locks it.
func takeDir(dir string) (*lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, explainFile("creating the data directory", dir, err)
	}
	path := filepath.Join(dir, LockFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, explainFile("locking the data directory with", path, err)
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(refused(dir, f, err), f.Close())
	}
	if err := sign(f); err != nil {
		return nil, errors.Join(explainFile("locking the data directory with", path, err), f.Close())
	}
	return &lock{file: f}, nil
}

// sign leaves our process id for the one who comes second.
func sign(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// refused says who has the directory.
func refused(dir string, f *os.File, err error) error {
	if !errors.Is(err, errLocked) {
		return fmt.Errorf("locking the data directory %s: %w", dir, err)
	}
	owner := "another process"
	text, _ := io.ReadAll(io.NewSectionReader(f, 0, 32)) // without it the owner stays unnamed
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
		owner = fmt.Sprintf("process %d", pid)
	}
	return fmt.Errorf("%w: the data directory %s is in use by %s: stop that process, or use another directory",
		uptime.ErrConflict, dir, owner)
}

// release gives the directory back. A nil lock has nothing to give.
func (l *lock) release() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}

// errLocked means that another process holds the lock.
var errLocked = errors.New("locked")
