package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
)

// Stats say how large a store is.
type Stats struct {
	Path   string `json:"path"`
	Schema int    `json:"schema"`
	// Bytes is the size of the database, WAL of what was not yet moved into it,
	// Free of what deleted rows have left behind.
	Bytes int64 `json:"bytes"`
	WAL   int64 `json:"wal_bytes"`
	Free  int64 `json:"free_bytes"`
	// Rows counts the rows of each table.
	Rows map[string]int64 `json:"rows"`
}

// Stats counts everything: it reads the whole database, and is for people, not
// for every minute.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	out := Stats{Path: s.path, Schema: s.schema, Bytes: sizeOf(s.path), WAL: sizeOf(s.path + "-wal"), Rows: map[string]int64{}}
	err := s.read(ctx, "measuring the database", func(tx *sql.Tx) error {
		free, err := one(ctx, tx, value[int64], `SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size`)
		if err != nil {
			return err
		}
		out.Free = free
		return countRows(ctx, tx, out.Rows)
	})
	return out, err
}

func countRows(ctx context.Context, db rows, into map[string]int64) error {
	tables, err := list(ctx, db, value[string],
		`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%'`)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if into[table], err = one(ctx, db, value[int64], `SELECT count(*) FROM `+table); err != nil {
			return err
		}
	}
	return nil
}

// sizeOf returns the size of a file; zero when there is none.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Vacuum rewrites the database without what deleted rows have left behind. It
// needs as much room again on the disk, and nothing is written meanwhile.
func (s *Store) Vacuum(ctx context.Context) error {
	if _, err := s.writer.ExecContext(ctx, `VACUUM`); err != nil {
		return explain("compacting the database", err)
	}
	_, err := s.writer.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return explain("compacting the database", err)
}

// Check reads the whole database and returns ErrDamaged when it is not intact.
func (s *Store) Check(ctx context.Context) error {
	return explain("checking the database "+s.path, check(ctx, s.reader))
}

func check(ctx context.Context, db rows) error {
	found, err := list(ctx, db, value[string], `PRAGMA integrity_check(10)`)
	if err != nil {
		return err
	}
	if len(found) != 1 || found[0] != "ok" {
		return fmt.Errorf("%w (%s)", ErrDamaged, strings.Join(found, "; "))
	}
	return nil
}
