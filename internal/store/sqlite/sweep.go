package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// sweepBatch is how many rows one transaction of a sweep removes, so that
	// those who write in between do not wait.
	sweepBatch = 500
	// deliveryAge is how long deliveries that ended are kept at most: an incident
	// that thousands of readers were told of has a row for each, with its notice.
	deliveryAge = 30 * 24 * time.Hour
	// orphanAge is how long a contract may wait for the drift or baseline that
	// refers to it.
	orphanAge = 24 * time.Hour
)

// broom removes a batch of rows of a tenant that are older than a bound.
type broom struct {
	what string
	// query takes tenant, bound and limit as ?1, ?2 and ?3.
	query string
	bound int64
}

// Sweep removes what a tenant's retention does not keep, in batches, and
// returns how many rows went. What it removed before an error stays removed.
func (s *Store) Sweep(ctx context.Context, tenant uptime.TenantID, keep uptime.Retention) (int64, error) {
	var total int64
	for _, b := range brooms(s.now(), keep) {
		n, err := s.sweepAll(ctx, tenant, b)
		total += n
		if err != nil {
			return total, err
		}
	}
	n, err := s.sweepContracts(ctx, tenant)
	return total + n, err
}

func (s *Store) sweepAll(ctx context.Context, tenant uptime.TenantID, b broom) (total int64, err error) {
	for {
		var n int64
		err := s.write(ctx, "removing old "+b.what, func(tx *sql.Tx) error {
			done, err := tx.ExecContext(ctx, b.query, tenant, b.bound, sweepBatch)
			if err != nil {
				return err
			}
			n, err = done.RowsAffected()
			return err
		})
		total += n
		if err != nil || n < sweepBatch {
			return total, err
		}
	}
}

// brooms returns one broom for everything that is not kept for ever.
func brooms(now time.Time, keep uptime.Retention) []broom {
	var out []broom
	add := func(age time.Duration, what, query string, bound func(time.Time) int64) {
		if age > 0 {
			out = append(out, broom{what: what, query: query, bound: bound(now.Add(-age))})
		}
	}
	day := func(t time.Time) int64 { return int64(uptime.DayOf(t)) }
	month := func(t time.Time) int64 { return int64(monthNumber(t.UTC().Year(), t.UTC().Month())) }
	moment := func(t time.Time) int64 { return t.UnixNano() }
	add(keep.Minutes, "minutes", sweepByServer("day_minutes", "day"), day)
	add(keep.Days, "days", sweepByServer("probe_day", "day"), day)
	add(keep.Months, "months", sweepByServer("probe_month", "month"), month)
	add(keep.Evidence, "evidence", sweepOld("evidence", "num", "cycle"), moment)
	add(keep.Incidents, "incidents", sweepOld("incidents", "id", "closed"), moment)
	add(keep.Incidents, "drifts", sweepOld("drifts", "id", "coalesce(accepted, reverted)"), moment)
	add(min(keep.Incidents, deliveryAge), "deliveries", sweepOld("deliveries", "num", "state <> 'waiting' AND created"), moment)
	add(keep.Incidents, "threads", sweepOld("threads", "num", "over = 1 AND coalesce(closed, opened)"), moment)
	add(keep.Incidents, "alerts", sweepAlerts(), moment)
	add(keep.Incidents, "silences", `
		DELETE FROM silences WHERE tenant = ?1 AND id IN (SELECT id FROM silences WHERE tenant = ?1 AND ends < ?2 LIMIT ?3)`, moment)
	add(keep.Audit, "audit entries", sweepOld("audit_log", "num", "at"), moment)
	return out
}

// sweepByServer sweeps a table by server and day or month. CROSS JOIN fixes the
// order: it reads the old rows of each server and no others.
func sweepByServer(table, column string) string {
	return fmt.Sprintf(`
		DELETE FROM %[1]s WHERE (server, %[2]s) IN (
			SELECT o.server, o.%[2]s FROM servers s CROSS JOIN %[1]s o ON o.server = s.num AND o.%[2]s < ?2
			WHERE s.tenant = ?1 LIMIT ?3)`, table, column)
}

func sweepOld(table, key, column string) string {
	return fmt.Sprintf(`
		DELETE FROM %[1]s WHERE %[2]s IN (SELECT %[2]s FROM %[1]s WHERE tenant = ?1 AND %[3]s < ?2 LIMIT ?3)`,
		table, key, column)
}

// sweepAlerts sweeps alerts, with their decisions, that no thread tells of any
// more.
func sweepAlerts() string {
	return `
		DELETE FROM alerts WHERE tenant = ?1 AND key IN (
			SELECT key FROM alerts a WHERE tenant = ?1 AND resolved < ?2
			AND NOT EXISTS (SELECT 1 FROM thread_members m WHERE m.tenant = a.tenant AND m.alert = a.key) LIMIT ?3)`
}

// sweepContracts removes the contracts that nothing of the tenant refers to any
// more.
func (s *Store) sweepContracts(ctx context.Context, tenant uptime.TenantID) (n int64, err error) {
	err = s.write(ctx, "removing old contracts", func(tx *sql.Tx) error {
		orphans, err := list(ctx, tx, value[string],
			`SELECT hash FROM contract_owners WHERE tenant = ? AND since < ? AND NOT `+referenced,
			tenant, s.now().Add(-orphanAge).UnixNano())
		if err != nil || len(orphans) == 0 {
			return err
		}
		n, err = disown(ctx, tx, tenant, orphans)
		return err
	})
	return n, err
}
