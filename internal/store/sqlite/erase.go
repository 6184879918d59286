package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// erased are the tables with rows of a server, in the order in which they can
// be emptied.
func erased() []string {
	return []string{
		"news", "thread_members", "decisions", "alerts", "evidence", "incident_events", "incidents", "drifts", "baselines", "last_verdicts",
		"day_minutes", "probe_day", "probe_month", "audit_log",
	}
}

// Erase forgets a server (GDPR, article 17): its rows, its verdicts in the
// journal, what was told of it, its maintenance windows and the contracts that
// only it has shown, in one transaction. Its number is never given again: the cells of the open day
// that carry it mean nobody, until their day is closed without them. The caller
// takes the server out of the plan first.
func (s *Store) Erase(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID) error {
	return s.write(ctx, fmt.Sprintf("erasing server %q", server), func(tx *sql.Tx) error {
		num, err := numOf(ctx, tx, tenant, server)
		if err != nil {
			return err
		}
		return eraseServer(ctx, tx, owner{tenant, server}, num)
	})
}

// SweepRetired erases the servers of a tenant that are retired since before a time,
// those first that are for longest, but no more than limit. It returns which are
// erased, also before an error.
func (s *Store) SweepRetired(ctx context.Context, tenant uptime.TenantID, before time.Time, limit int) (erased []uptime.ServerID, err error) {
	old, err := list(ctx, s.reader, value[uptime.ServerID],
		`SELECT id FROM servers WHERE tenant = ? AND retired_at < ? ORDER BY retired_at LIMIT ?`, tenant, before.UnixNano(), limit)
	for _, server := range old {
		gone := false
		err := s.write(ctx, fmt.Sprintf("erasing server %q, which is retired", server), func(tx *sql.Tx) error {
			num, err := list(ctx, tx, value[int64], `SELECT num FROM servers WHERE tenant = ? AND id = ? AND retired_at < ?`, tenant, server, before.UnixNano())
			if gone = len(num) > 0; err != nil || !gone { // it came back meanwhile
				return err
			}
			return eraseServer(ctx, tx, owner{tenant, server}, num[0])
		})
		if err != nil {
			return erased, err
		}
		if gone {
			erased = append(erased, server)
		}
	}
	return erased, explain("reading who is retired", err)
}

// eraseServer forgets a server, whatever there is of it.
func eraseServer(ctx context.Context, tx *sql.Tx, who owner, num int64) error {
	shown, err := shownBy(ctx, tx, num)
	if err != nil {
		return err
	}
	if err := eraseAlerting(ctx, tx, who.tenant, num); err != nil {
		return err
	}
	if err := eraseRows(ctx, tx, num); err != nil {
		return err
	}
	// That a registry lists the address stays: it says nothing of the tenant.
	if _, err := tx.ExecContext(ctx, `UPDATE endpoints SET server = NULL WHERE server = ?`, num); err != nil {
		return err
	}
	if err := eraseSealed(ctx, tx, who); err != nil {
		return err
	}
	if err := eraseSlug(ctx, tx, who.tenant, num); err != nil {
		return err
	}
	if _, err := disown(ctx, tx, who.tenant, shown); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM servers WHERE num = ?`, num)
	return err
}

func eraseRows(ctx context.Context, tx *sql.Tx, num int64) error {
	for _, table := range erased() {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE server = ?`, num); err != nil {
			return fmt.Errorf("from %s: %w", table, err)
		}
	}
	return nil
}

// shownBy returns the hashes of the contracts that a server has shown.
func shownBy(ctx context.Context, db rows, num int64) ([]string, error) {
	return list(ctx, db, value[string], `
		SELECT from_hash FROM drifts WHERE server = ?1
		UNION SELECT to_hash FROM drifts WHERE server = ?1
		UNION SELECT a.value FROM baselines b, json_each(b.accepted) a WHERE b.server = ?1
		UNION SELECT a.value FROM baselines b, json_each(b.shown) a WHERE b.server = ?1 AND a.value IS NOT NULL`, num)
}

// eraseSealed rewrites the batches of the journal that have verdicts of a
// server. A batch that had no others stays, empty: its place in the order does.
func eraseSealed(ctx context.Context, tx *sql.Tx, who owner) error {
	batches, err := batchesOf(ctx, tx, member(who.tenant, who.server))
	if err != nil {
		return err
	}
	for _, last := range batches {
		if err := rewriteBatch(ctx, tx, last, who); err != nil {
			return err
		}
	}
	return nil
}

// batchesOf returns the batches that a member may have verdicts in.
func batchesOf(ctx context.Context, db rows, m uint32) (out []uptime.Cursor, err error) {
	err = forEach(ctx, db, func(row scanner) (bool, error) {
		var last uptime.Cursor
		var members sql.RawBytes
		if err := row.Scan(&last, &members); err != nil {
			return false, err
		}
		if hasMember(members, m) {
			out = append(out, last)
		}
		return true, nil
	}, `SELECT last, members FROM sealed ORDER BY last`)
	return out, err
}

func rewriteBatch(ctx context.Context, tx *sql.Tx, last uptime.Cursor, who owner) error {
	data, err := one(ctx, tx, value[[]byte], `SELECT verdicts FROM sealed WHERE last = ?`, last)
	if err != nil {
		return err
	}
	verdicts, err := unpackBatch(data)
	if err != nil {
		return err
	}
	b, err := packVerdicts(slices.DeleteFunc(verdicts, func(v uptime.Verdict) bool {
		return v.Tenant == who.tenant && v.Server == who.server
	}))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE sealed SET members = ?, verdicts = ? WHERE last = ?`, blob(b.members), b.verdicts, last)
	return err
}

// eraseSlug takes a server's slug out of the tenant's windows, silences and
// subscriptions. One that was for this server alone goes: without a slug it
// would be for all.
func eraseSlug(ctx context.Context, tx *sql.Tx, tenant uptime.TenantID, num int64) error {
	slug, err := one(ctx, tx, value[string], `SELECT slug FROM servers WHERE num = ?`, num)
	if err != nil {
		return err
	}
	if err := dropReadersOf(ctx, tx, tenant, slug); err != nil {
		return err
	}
	for table, alone := range map[string]string{"windows": "slugs = ? AND grouping = '[]'", "silences": "slugs = ? AND grouping = '[]'", "subscriptions": "slugs = ?"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE tenant = ? AND `+alone, tenant, words([]string{slug})); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf(`
			UPDATE %[1]s SET slugs = (SELECT json_group_array(value) FROM json_each(%[1]s.slugs) WHERE value <> ?1)
			WHERE tenant = ?2 AND EXISTS (SELECT 1 FROM json_each(%[1]s.slugs) WHERE value = ?1)`, table), slug, tenant)
		if err != nil {
			return err
		}
	}
	return nil
}

// dropReadersOf forgets what was told to the readers of a server alone, who are
// about to go with it.
func dropReadersOf(ctx context.Context, tx *sql.Tx, tenant uptime.TenantID, slug string) error {
	readers, err := list(ctx, tx, value[string], `SELECT id FROM subscriptions WHERE tenant = ? AND slugs = ?`, tenant, words([]string{slug}))
	if err != nil || len(readers) == 0 {
		return err
	}
	return dropSinks(ctx, tx, tenant, readers)
}
