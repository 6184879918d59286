package sqlite

import (
	"context"
	"database/sql"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Ongoing returns what a recorder has to know to go on: of all tenants, what is
// open, every baseline, and the last verdict that was taken into account.
func (s *Store) Ongoing(ctx context.Context) (uptime.Ongoing, error) {
	var out uptime.Ongoing
	err := s.read(ctx, "reading what is going on", func(tx *sql.Tx) (err error) {
		if out.Incidents, err = list(ctx, tx, scanIncident, selectIncidents+` WHERE i.closed IS NULL ORDER BY i.opened, i.id`); err != nil {
			return err
		}
		if out.Drifts, err = list(ctx, tx, scanDrift, selectDrifts+` WHERE d.accepted IS NULL AND d.reverted IS NULL ORDER BY d.detected, d.id`); err != nil {
			return err
		}
		if out.Baselines, err = baselines(ctx, tx); err != nil {
			return err
		}
		out.Cursor, _, err = cursorOf(ctx, tx, recordCursor)
		return err
	})
	return out, err
}

// Record stores what a stretch of the feed changed, with its cursor and the news
// of it. Storing it twice is storing it once. What an operator did in the meantime stays: notes,
// and the contract that was accepted last. Changes without a cursor leave the
// recorder's place alone; uptime.ErrConflict means that it would go back.
func (s *Store) Record(ctx context.Context, c uptime.Changes) error {
	return s.write(ctx, "recording incidents and drifts", func(tx *sql.Tx) error {
		if err := moveCursor(ctx, tx, recordCursor, c.Cursor); err != nil {
			return err
		}
		if err := each(ctx, tx, c.Incidents, putIncident); err != nil {
			return err
		}
		if err := each(ctx, tx, c.Events, s.addEvent); err != nil {
			return err
		}
		if err := each(ctx, tx, c.Evidence, putEvidence); err != nil {
			return err
		}
		if err := each(ctx, tx, c.Drifts, s.addDrift); err != nil {
			return err
		}
		return each(ctx, tx, c.Baselines, putBaseline)
	})
}

// each puts every item.
func each[T any](ctx context.Context, tx *sql.Tx, items []T, put func(context.Context, *sql.Tx, *T) error) error {
	for i := range items {
		if err := put(ctx, tx, &items[i]); err != nil {
			return err
		}
	}
	return nil
}
