package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// SyncWindows makes these the tenant's maintenance windows.
func (s *Store) SyncWindows(ctx context.Context, tenant uptime.TenantID, windows []uptime.Window) error {
	for i := range windows {
		if err := checkWindow(tenant, &windows[i]); err != nil {
			return err
		}
	}
	return s.write(ctx, "storing the maintenance windows", func(tx *sql.Tx) error {
		if err := putTenant(ctx, tx, tenant); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM windows WHERE tenant = ?`, tenant); err != nil {
			return err
		}
		for i := range windows {
			if err := putWindow(ctx, tx, tenant, &windows[i]); err != nil {
				return fmt.Errorf("window %q: %w", windows[i].ID, err)
			}
		}
		return nil
	})
}

func checkWindow(tenant uptime.TenantID, w *uptime.Window) error {
	switch {
	case w.ID == "":
		return fmt.Errorf("%w: a maintenance window has no id", uptime.ErrInvalid)
	case w.Tenant != "" && w.Tenant != tenant:
		return fmt.Errorf("%w: window %q is of tenant %q, not %q", uptime.ErrInvalid, w.ID, w.Tenant, tenant)
	case w.From.IsZero() || !w.From.Before(w.To):
		return fmt.Errorf("%w: window %q does not end after it begins", uptime.ErrInvalid, w.ID)
	}
	return nil
}

// putWindow inserts a window. uptime.ErrInvalid means that its id is taken.
func putWindow(ctx context.Context, tx *sql.Tx, tenant uptime.TenantID, w *uptime.Window) error {
	done, err := tx.ExecContext(ctx, `
		INSERT INTO windows (tenant, id, name, text, slugs, grouping, starts, ends)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		tenant, w.ID, w.Name, w.Text, words(w.Servers), words(w.Groups), nanos(w.From), nanos(w.To))
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fmt.Errorf("%w: two windows have this id", uptime.ErrInvalid), err)
	}
	return nil
}

// Windows returns the tenant's windows that touch [from, to), soonest first.
func (s *Store) Windows(ctx context.Context, tenant uptime.TenantID, from, to time.Time) ([]uptime.Window, error) {
	out, err := list(ctx, s.reader, scanWindow, `
		SELECT tenant, id, name, text, slugs, grouping, starts, ends
		FROM windows WHERE tenant = ? AND starts < ? AND ends > ? ORDER BY starts, id`,
		tenant, nanos(to), nanos(from))
	return out, explain("reading the maintenance windows", err)
}

func scanWindow(row scanner) (w uptime.Window, err error) {
	var slugs, groups string
	var from, to sql.NullInt64
	if err := row.Scan(&w.Tenant, &w.ID, &w.Name, &w.Text, &slugs, &groups, &from, &to); err != nil {
		return w, err
	}
	w.From, w.To = timeOf(from), timeOf(to)
	w.Servers, err = wordsOf(slugs)
	if err != nil {
		return w, err
	}
	w.Groups, err = wordsOf(groups)
	return w, err
}
