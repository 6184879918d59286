package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The errors that an operator can do something about. Their text says what.
var (
	// ErrFull means that the disk, or the quota, has no room left. What was being
	// written is not stored; what was stored before is.
	ErrFull = errors.New("no room left on the disk: free some, then go on; nothing that was stored is lost")
	// ErrReadOnly means that the database or its directory cannot be written.
	ErrReadOnly = errors.New("cannot be written: give the user that runs alivemcp write permission on the data directory and its files, on a file system that is not mounted read-only")
	// ErrDamaged means that the file is no intact database.
	ErrDamaged = errors.New("the database is damaged: stop alivemcp and run `alivemcp admin restore` with your newest backup; the damaged file is kept beside it")
	// ErrNewer means that a newer version of alivemcp has written the database.
	ErrNewer = errors.New("the database was written by a newer alivemcp: run that version, or restore a backup from before the upgrade")
)

// explain says what was being done, and what an error of SQLite means for the
// operator. A nil error stays nil.
func explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if meaning := meaningOf(err); meaning != nil {
		return fmt.Errorf("%s: %w (%w)", doing, meaning, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// meaningOf returns the sentinel that stands for an error of SQLite; nil when
// there is none.
func meaningOf(err error) error {
	var e *driver.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return ErrFull
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return ErrReadOnly
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrDamaged
	case sqlite3.SQLITE_INTERRUPT:
		return context.Canceled
	}
	return nil
}

// explainFile does the same for an error of the file system.
func explainFile(doing, path string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%s %s: %w (%w)", doing, path, ErrFull, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s %s: %w (%w)", doing, path, ErrReadOnly, err)
	}
	return fmt.Errorf("%s %s: %w", doing, path, err)
}
