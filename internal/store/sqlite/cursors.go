package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The places in the feed that the store remembers.
const (
	archiveCursor = "archive" // its minute is the watermark
	recordCursor  = "record"
	foldCursor    = "folded" // what last_verdicts takes into account
)

// cursorOf returns a place in the feed, and the minute that belongs to it; both
// are zero before the first.
func cursorOf(ctx context.Context, db rows, name string) (seq uptime.Cursor, minute uptime.Minute, err error) {
	err = db.QueryRowContext(ctx, `SELECT seq, minute FROM cursors WHERE name = ?`, name).Scan(&seq, &minute)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return seq, minute, err
}

func putCursor(ctx context.Context, tx *sql.Tx, name string, seq uptime.Cursor, minute uptime.Minute) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO cursors (name, seq, minute) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, minute = excluded.minute`, name, seq, minute)
	return err
}
