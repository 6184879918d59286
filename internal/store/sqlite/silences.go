package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const selectSilences = `SELECT tenant, id, slugs, grouping, alert, starts, ends, author, note FROM silences`

func scanSilence(row scanner) (s uptime.Silence, err error) {
	var slugs, groups string
	var from, until sql.NullInt64
	if err := row.Scan(&s.Tenant, &s.ID, &slugs, &groups, &s.Alert, &from, &until, &s.By, &s.Note); err != nil {
		return s, err
	}
	s.From, s.Until = timeOf(from), timeOf(until)
	if s.Servers, err = wordsOf(slugs); err != nil {
		return s, err
	}
	s.Groups, err = wordsOf(groups)
	return s, err
}

// Silences returns the tenant's silences that have not ended at this moment,
// soonest first.
func (s *Store) Silences(ctx context.Context, tenant uptime.TenantID, at time.Time) ([]uptime.Silence, error) {
	out, err := list(ctx, s.reader, scanSilence, selectSilences+` WHERE tenant = ? AND ends > ? ORDER BY starts, id`, tenant, nanos(at))
	return out, explain("reading the silences", err)
}

// PutSilence replaces the silence with this id, and logs who did it.
func (s *Store) PutSilence(ctx context.Context, silence uptime.Silence, entry uptime.AuditEntry) error {
	if silence.Tenant == "" || silence.ID == "" || silence.From.IsZero() || !silence.From.Before(silence.Until) {
		return fmt.Errorf("%w: silence %q lacks its tenant or its id, or does not end after it begins", uptime.ErrInvalid, silence.ID)
	}
	if err := checkEntry(silence.Tenant, &entry); err != nil {
		return err
	}
	return s.write(ctx, fmt.Sprintf("storing silence %q", silence.ID), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT OR REPLACE INTO silences (tenant, id, slugs, grouping, alert, starts, ends, author, note)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			silence.Tenant, silence.ID, words(silence.Servers), words(silence.Groups), silence.Alert,
			nanos(silence.From), nanos(silence.Until), silence.By, silence.Note)
		if err != nil {
			return err
		}
		return putSilenceEntry(ctx, tx, &silence, &entry)
	})
}

// EndSilence ends a silence at this moment, and logs who did it.
// uptime.ErrConflict means that it had ended before.
func (s *Store) EndSilence(ctx context.Context, tenant uptime.TenantID, id string, at time.Time, entry uptime.AuditEntry) error {
	if err := checkEntry(tenant, &entry); err != nil {
		return err
	}
	return s.write(ctx, fmt.Sprintf("ending silence %q", id), func(tx *sql.Tx) error {
		silence, err := one(ctx, tx, scanSilence, selectSilences+` WHERE tenant = ? AND id = ?`, tenant, id)
		if err != nil {
			return err
		}
		if !at.Before(silence.Until) {
			return fmt.Errorf("%w: it had ended before", uptime.ErrConflict)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE silences SET ends = ? WHERE tenant = ? AND id = ?`, nanos(at), tenant, id); err != nil {
			return err
		}
		return putSilenceEntry(ctx, tx, &silence, &entry)
	})
}

// putSilenceEntry logs an act on a silence. The entry belongs to a server when
// the silence is for one alone.
func putSilenceEntry(ctx context.Context, tx *sql.Tx, silence *uptime.Silence, e *uptime.AuditEntry) error {
	server, err := serverOf(ctx, tx, silence.Tenant, silence.Alert)
	if err != nil {
		return err
	}
	if len(silence.Servers) == 1 {
		num, err := one(ctx, tx, value[sql.NullInt64], `SELECT num FROM servers WHERE tenant = ? AND slug = ?`, silence.Tenant, silence.Servers[0])
		if drop(err) != nil {
			return err
		}
		server = num
	}
	return putEntry(ctx, tx, server, e)
}
