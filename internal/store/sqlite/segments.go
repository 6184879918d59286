package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Watermark returns how far the archive has come; zero before the first minute.
func (s *Store) Watermark(ctx context.Context) (w uptime.Watermark, err error) {
	w.Cursor, w.Through, err = cursorOf(ctx, s.reader, archiveCursor)
	return w, explain("reading the archive's watermark", err)
}

// AppendMinutes stores minutes of the open day, replacing those that are there,
// together with the watermark. uptime.ErrConflict means that the watermark would
// go back.
func (s *Store) AppendMinutes(ctx context.Context, segments []uptime.Segment, mark uptime.Watermark) error {
	return s.write(ctx, "archiving minutes", func(tx *sql.Tx) error {
		seq, through, err := cursorOf(ctx, tx, archiveCursor)
		if err != nil {
			return err
		}
		if mark.Cursor < seq || mark.Through < through {
			return fmt.Errorf("%w: the archive is at verdict %d, minute %d; %d, %d would be behind it",
				uptime.ErrConflict, seq, through, mark.Cursor, mark.Through)
		}
		for i := range segments {
			if err := putSegment(ctx, tx, segments[i]); err != nil {
				return err
			}
		}
		return putCursor(ctx, tx, archiveCursor, mark.Cursor, mark.Through)
	})
}

func putSegment(ctx context.Context, tx *sql.Tx, g uptime.Segment) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO segments (minute, cells) VALUES (?, ?)
		ON CONFLICT (minute) DO UPDATE SET cells = excluded.cells`, g.Minute, blob(g.Cells))
	return err
}

// Segments returns the minutes in [from, to) that are stored, in order.
func (s *Store) Segments(ctx context.Context, from, to uptime.Minute) ([]uptime.Segment, error) {
	out, err := list(ctx, s.reader, func(row scanner) (g uptime.Segment, err error) {
		err = row.Scan(&g.Minute, &g.Cells)
		return g, err
	}, `SELECT minute, cells FROM segments WHERE minute >= ? AND minute < ? ORDER BY minute`, from, to)
	return out, explain("reading archived minutes", err)
}

// DropSegments forgets the minutes before a minute: their day is closed.
func (s *Store) DropSegments(ctx context.Context, before uptime.Minute) error {
	return s.write(ctx, "dropping archived minutes", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM segments WHERE minute < ?`, before)
		return err
	})
}
