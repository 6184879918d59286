package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Story returns what happened to an alert, by its key or by that of its thread.
// Its decisions are the alert's own and those about the thread it belongs to.
func (s *Store) Story(ctx context.Context, tenant uptime.TenantID, key uptime.AlertKey) (uptime.Story, error) {
	var out uptime.Story
	err := s.read(ctx, fmt.Sprintf("reading the story of alert %q", key), func(tx *sql.Tx) (err error) {
		if out.Thread, err = threadOf(ctx, tx, tenant, key); err != nil {
			return err
		}
		if out.Alert, err = alertIn(ctx, tx, tenant, key, &out.Thread); err != nil {
			return err
		}
		if out.Decisions, err = decisionsOf(ctx, tx, tenant, out.Alert.Key, out.Thread.Key); err != nil {
			return err
		}
		out.Deliveries, err = list(ctx, tx, scanDelivery, selectDeliveries+`
			WHERE d.tenant = ? AND d.thread = ? ORDER BY d.created DESC, d.num DESC LIMIT ?`, tenant, out.Thread.Key, maxDecisions)
		slices.Reverse(out.Deliveries)
		return err
	})
	return out, err
}

// threadOf returns the thread with this key, or the newest one with this
// member; the zero thread when there is none.
func threadOf(ctx context.Context, db rows, tenant uptime.TenantID, key uptime.AlertKey) (uptime.Thread, error) {
	t, err := one(ctx, db, scanBody[uptime.Thread], `
		SELECT t.body FROM threads t WHERE t.tenant = ?1 AND (t.key = ?2
			OR t.key IN (SELECT thread FROM thread_members WHERE tenant = ?1 AND alert = ?2))
		ORDER BY t.key = ?2 DESC, t.opened DESC LIMIT 1`, tenant, key)
	return t, drop(err)
}

// alertIn returns the alert with this key; when there is none, the first of the
// thread.
func alertIn(ctx context.Context, db rows, tenant uptime.TenantID, key uptime.AlertKey, t *uptime.Thread) (uptime.Alert, error) {
	a, err := alert(ctx, db, tenant, key)
	if errors.Is(err, uptime.ErrNotFound) && len(t.Members) > 0 {
		return alert(ctx, db, tenant, t.Members[0])
	}
	return a, err
}

func alert(ctx context.Context, db rows, tenant uptime.TenantID, key uptime.AlertKey) (uptime.Alert, error) {
	return one(ctx, db, scanBody[uptime.Alert], `SELECT body FROM alerts WHERE tenant = ? AND key = ?`, tenant, key)
}

// decisionsOf returns the newest decisions about two alerts, which may be the
// same, oldest first; those of one moment are in the order of the stages.
func decisionsOf(ctx context.Context, db rows, tenant uptime.TenantID, a, b uptime.AlertKey) ([]uptime.Decision, error) {
	out, err := list(ctx, db, func(row scanner) (d uptime.Decision, err error) {
		var at sql.NullInt64
		err = row.Scan(&d.Tenant, &d.Alert, &d.Thread, &at, &d.Stage, &d.Sink, &d.Outcome, &d.Text)
		d.At = timeOf(at)
		return d, err
	}, `
		SELECT tenant, alert, thread, at, stage, sink, outcome, text FROM decisions
		WHERE tenant = ? AND alert IN (?, ?)
		ORDER BY at DESC, CASE stage WHEN 'match' THEN 0 WHEN 'classify' THEN 1 WHEN 'maintenance' THEN 2 WHEN 'correlate' THEN 3
			WHEN 'suppress' THEN 4 WHEN 'deduplicate' THEN 5 WHEN 'budget' THEN 6 WHEN 'route' THEN 7 WHEN 'escalate' THEN 8
			ELSE 9 END DESC, sink DESC, digest DESC LIMIT ?`, tenant, a, b, maxDecisions)
	slices.Reverse(out)
	return out, err
}

// Threads returns a tenant's threads, newest first; limit is as in the queries.
// open limits them to those that last.
func (s *Store) Threads(ctx context.Context, tenant uptime.TenantID, open bool, limit int) ([]uptime.Thread, error) {
	out, err := list(ctx, s.reader, scanBody[uptime.Thread], `
		SELECT body FROM threads WHERE tenant = ?1 AND (NOT ?2 OR closed IS NULL)
		ORDER BY opened DESC, key DESC LIMIT ?3`, tenant, open, bounded(limit))
	return out, explain("reading the threads", err)
}
