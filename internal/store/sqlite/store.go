// Package sqlite keeps what must last in one SQLite file: servers, windows,
// incidents, drifts, the journal of sealed verdicts, the archive, what is told
// to whom, and the audit log. It is the store of a process that runs alone.
//
// Every method is a whole operation: one transaction, durable when it returns,
// safe for concurrent use. Errors wrap uptime.ErrNotFound, uptime.ErrConflict or
// uptime.ErrInvalid where the caller can do something about it, and ErrFull,
// ErrReadOnly, ErrDamaged or ErrNewer where the operator can.
//
// Rows of a server that is not known are dropped, not refused: an erased server
// must not come back with the last words of those who still remember it, and
// must not fail a batch that speaks of others.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

const (
	// File is the name of the database in the data directory.
	File = "alivemcp.db"
	// LockFile is the name of the file that the owner of the data directory
	// holds a lock on.
	LockFile = "alivemcp.lock"
	// defaultReaders is how many queries run at the same time.
	defaultReaders = 4
)

// Options say where a store is.
type Options struct {
	// Dir is the data directory. It is created when it does not exist.
	Dir string
	// ReadOnly opens the database beside the process that owns it: without the
	// lock, without migrations, and every write fails.
	ReadOnly bool
	// Readers is how many queries may run at the same time; 4 when zero.
	Readers int
	// Now is the clock that retention is measured with; time.Now when nil.
	Now func() time.Time
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	path   string
	now    func() time.Time
	lock   *lock // nil when read-only
	writer *sql.DB
	reader *sql.DB
	schema int
	// deflater packs the journal.
	deflater deflater
}

// Open opens the database of a data directory, creates it when there is none,
// and brings its schema up to date. It takes the directory for itself until
// Close, or until the process ends in whatever way; uptime.ErrConflict means
// that another process has it.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{path: filepath.Join(o.Dir, File), now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	if o.Readers <= 0 {
		o.Readers = defaultReaders
	}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) (err error) {
	if o.ReadOnly {
		return s.openBeside(ctx, o.Readers)
	}
	if s.lock, err = takeDir(o.Dir); err != nil {
		return err
	}
	if err := createFile(s.path); err != nil {
		return err
	}
	if s.writer, err = openDB(s.path, writing(), 1); err != nil {
		return err
	}
	if s.schema, err = migrate(ctx, s.writer); err != nil {
		return explain("opening the database "+s.path, s.suspect(ctx, err))
	}
	s.reader, err = openDB(s.path, reading(), o.Readers)
	return err
}

// suspect finds out whether an error that says little comes from a database that
// is damaged.
func (s *Store) suspect(ctx context.Context, err error) error {
	if errors.Is(err, ErrNewer) || meaningOf(err) != nil {
		return err
	}
	if damage := check(ctx, s.writer); damage != nil {
		return fmt.Errorf("%w (%w)", damage, err)
	}
	return err
}

// openBeside opens a database that another process may own.
func (s *Store) openBeside(ctx context.Context, readers int) (err error) {
	if err := mustExist(s.path); err != nil {
		return err
	}
	if s.reader, err = openDB(s.path, reading(), readers); err != nil {
		return err
	}
	s.writer = s.reader
	s.schema, err = schemaOf(ctx, s.reader)
	return explain("opening the database "+s.path, err)
}

// Close releases the database and the data directory. Operations that run are
// waited for.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.reader, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, s.lock.release())...)
}

// Schema returns the version of the database's schema.
func (s *Store) Schema() int { return s.schema }

// write runs do in the one transaction that may write. doing is what an error
// says was being done.
func (s *Store) write(ctx context.Context, doing string, do func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return explain(doing, err)
	}
	if err := do(tx); err != nil {
		return explain(doing, errors.Join(err, tx.Rollback()))
	}
	return explain(doing, tx.Commit())
}

// read runs do in a transaction that sees one moment of the database.
func (s *Store) read(ctx context.Context, doing string, do func(tx *sql.Tx) error) error {
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return explain(doing, err)
	}
	err = do(tx)
	return explain(doing, errors.Join(err, tx.Rollback()))
}
