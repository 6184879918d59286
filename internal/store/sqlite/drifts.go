package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const selectDrifts = `
	SELECT d.id, d.tenant, s.id, d.from_hash, d.to_hash, d.class, d.summary, d.changes, d.regions,
		d.detected, d.reverted, d.accepted, d.author, d.note, d.demo
	FROM drifts d JOIN servers s ON s.num = d.server`

func scanDrift(row scanner) (d uptime.Drift, err error) {
	var detected, reverted, accepted sql.NullInt64
	var regions string
	err = row.Scan(&d.ID, &d.Tenant, &d.Server, &d.From, &d.To, &d.Class, &d.Summary, &d.Changes, &regions,
		&detected, &reverted, &accepted, &d.By, &d.Note, &d.Demo)
	if err != nil {
		return d, err
	}
	d.Detected, d.Reverted, d.Accepted = timeOf(detected), timeOf(reverted), timeOf(accepted)
	d.Regions, err = wordsOf(regions)
	return d, err
}

// putDrift replaces a drift, but what an operator accepted stays accepted: the
// recorder may not know of it.
func putDrift(ctx context.Context, tx *sql.Tx, d *uptime.Drift) error {
	if d.ID == "" || d.Detected.IsZero() {
		return fmt.Errorf("%w: drift %q has no id or no time", uptime.ErrInvalid, d.ID)
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO drifts (id, tenant, server, from_hash, to_hash, class, summary, changes, regions,
			detected, reverted, accepted, author, note, demo)
		SELECT ?, tenant, num, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM servers WHERE tenant = ? AND id = ?
		ON CONFLICT (id) DO UPDATE SET
			from_hash = excluded.from_hash, to_hash = excluded.to_hash, class = excluded.class, summary = excluded.summary,
			changes = excluded.changes, regions = excluded.regions, detected = excluded.detected, reverted = excluded.reverted,
			demo = excluded.demo,
			author = CASE WHEN drifts.accepted IS NULL THEN excluded.author ELSE drifts.author END,
			note = CASE WHEN drifts.accepted IS NULL THEN excluded.note ELSE drifts.note END,
			accepted = coalesce(drifts.accepted, excluded.accepted)
		WHERE drifts.server = excluded.server`,
		d.ID, d.From, d.To, d.Class, d.Summary, d.Changes, words(d.Regions),
		nanos(d.Detected), nanos(d.Reverted), nanos(d.Accepted), d.By, d.Note, d.Demo, d.Tenant, d.Server)
	return err
}

// Drifts returns a page of the tenant's drifts, newest first.
func (s *Store) Drifts(ctx context.Context, tenant uptime.TenantID, q uptime.DriftQuery) ([]uptime.Drift, error) {
	f := page{tenant: tenant, server: q.Server, before: q.Before, beforeID: string(q.BeforeID), limit: q.Limit}
	if q.Open {
		f.open = `d.accepted IS NULL AND d.reverted IS NULL`
	}
	where, args := f.clause("d", "detected")
	out, err := list(ctx, s.reader, scanDrift, selectDrifts+where, args...)
	return out, explain("reading drifts", err)
}

// Drift returns a drift.
func (s *Store) Drift(ctx context.Context, tenant uptime.TenantID, id uptime.DriftID) (uptime.Drift, error) {
	d, err := drift(ctx, s.reader, tenant, id)
	return d, explain(fmt.Sprintf("reading drift %q", id), err)
}

func drift(ctx context.Context, db rows, tenant uptime.TenantID, id uptime.DriftID) (uptime.Drift, error) {
	return one(ctx, db, scanDrift, selectDrifts+` WHERE d.tenant = ? AND d.id = ?`, tenant, id)
}

// AcceptDrift makes the new contract of a drift the only one in its server's
// baseline, with the entry's author and text as who and why, and logs it.
// uptime.ErrConflict means that the drift is no longer open.
func (s *Store) AcceptDrift(ctx context.Context, tenant uptime.TenantID, id uptime.DriftID, entry uptime.AuditEntry) error {
	if err := checkEntry(tenant, &entry); err != nil {
		return err
	}
	return s.write(ctx, fmt.Sprintf("accepting drift %q", id), func(tx *sql.Tx) error {
		d, err := drift(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		if !d.Open() {
			return fmt.Errorf("%w: it was already accepted, or no region shows it any more", uptime.ErrConflict)
		}
		server, err := one(ctx, tx, value[sql.NullInt64],
			`UPDATE drifts SET accepted = ?, author = ?, note = ? WHERE tenant = ? AND id = ? RETURNING server`,
			nanos(entry.At), entry.By, entry.Text, tenant, id)
		if err != nil {
			return err
		}
		if err := s.newsOfDrift(ctx, tx, id); err != nil {
			return err
		}
		if err := pin(ctx, tx, tenant, server, d.To); err != nil {
			return err
		}
		return putEntry(ctx, tx, server, &entry)
	})
}
