package sqlite

import (
	"compress/flate"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Rows gives tests the database itself.
func (s *Store) Rows() *sql.DB { return s.writer }

// Steps are the migrations.
func Steps() (int, error) { return newestSchema() }

// Packed is a value as it is stored.
func Packed(data string) ([]byte, error) { return packed([]byte(data), flate.BestSpeed) }

// PackStat packs the statistics of a day.
func PackStat(d *uptime.DayStat) []byte { return packStat(d) }

// UnpackStat unpacks them.
func UnpackStat(data []byte) (d uptime.DayStat, err error) {
	err = newStatReader().unpack(&d, data)
	return d, err
}

// OldDatabase makes the database of a data directory as an earlier version of
// the schema had it.
func OldDatabase(ctx context.Context, dir string, version int64) (*sql.DB, error) {
	path := filepath.Join(dir, File)
	if err := createFile(path); err != nil {
		return nil, err
	}
	db, err := openDB(path, writing(), 1)
	if err != nil {
		return nil, err
	}
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	m, err := goose.NewProvider(goose.DialectSQLite3, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, err
	}
	_, err = m.UpTo(ctx, version)
	return db, err
}

// PutSealed journals verdicts in a database that no store has opened.
func PutSealed(ctx context.Context, db *sql.DB, verdicts []uptime.Verdict) error {
	b, err := packVerdicts(verdicts)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	return errors.Join(putBatch(ctx, tx, b), tx.Commit())
}

// Hot are queries that run often while there is much, by what they are for.
func Hot() map[string]string {
	out := map[string]string{
		"what is due": selectDue, "superseding": supersede, "what a file takes back": takeBack,
		"a page":             selectDeliveries + ` WHERE d.tenant = ? ORDER BY d.created DESC, d.id DESC LIMIT ?`,
		"a page of a sink":   selectDeliveries + ` WHERE d.tenant = ? AND d.sink = ? ORDER BY d.created DESC, d.id DESC LIMIT ?`,
		"a page of a thread": selectDeliveries + ` WHERE d.tenant = ? AND d.thread = ? ORDER BY d.created DESC, d.id DESC LIMIT ?`,
	}
	for _, b := range brooms(time.Now(), uptime.Retention{Minutes: 1, Days: 1, Months: 1, Incidents: 1, Audit: 1}) {
		out["sweeping "+b.what] = b.query
	}
	return out
}
