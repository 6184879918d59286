package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The places in the feed, and in the news, that the store remembers.
const (
	archiveCursor = "archive" // its minute is the watermark
	recordCursor  = "record"
	foldCursor    = "folded" // what last_verdicts takes into account
	alertCursor   = "alert"  // the router's, in the verdicts
	newsCursor    = "news"   // the router's, in the news
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

// moveCursor moves a reader on; zero leaves its place alone. uptime.ErrConflict
// means that it would go back.
func moveCursor(ctx context.Context, tx *sql.Tx, name string, to uptime.Cursor) error {
	if to == 0 {
		return nil
	}
	at, _, err := cursorOf(ctx, tx, name)
	if err != nil {
		return err
	}
	if to < at {
		return fmt.Errorf("%w: the reader %q is at %d; %d would be behind it", uptime.ErrConflict, name, at, to)
	}
	return putCursor(ctx, tx, name, to, 0)
}
