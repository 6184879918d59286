package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// monthNumber counts months, so that they can be compared.
func monthNumber(year int, month time.Month) int { return 12*year + int(month) - 1 }

// monthOf returns the number of the month that a day falls into.
func monthOf(d uptime.Day) int {
	t := d.Time()
	return monthNumber(t.Year(), t.Month())
}

func putMonths(ctx context.Context, tx *sql.Tx, months []uptime.MonthStat) error {
	return putAll(ctx, tx, months, `
		INSERT OR REPLACE INTO probe_month (server, month, tenant, live, degraded, down, unknown, maintenance, slow,
			p50, p95, samples, demo)
		SELECT num, ?, tenant, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM servers WHERE tenant = ? AND id = ?`,
		func(m *uptime.MonthStat) []any {
			return []any{
				monthNumber(m.Year, m.Month), m.Live, m.Degraded, m.Down, m.Unknown, m.Maintenance, m.Slow,
				int64(m.P50), int64(m.P95), m.Samples, m.Demo, m.Tenant, m.Server,
			}
		})
}

// Months returns the months of a server from the month of one day to the month
// of another, both included, ascending.
func (s *Store) Months(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID, from, to uptime.Day) ([]uptime.MonthStat, error) {
	out, err := list(ctx, s.reader, func(row scanner) (uptime.MonthStat, error) {
		m := uptime.MonthStat{Tenant: tenant, Server: server}
		var number int
		err := row.Scan(&number, &m.Live, &m.Degraded, &m.Down, &m.Unknown, &m.Maintenance, &m.Slow, &m.P50, &m.P95, &m.Samples, &m.Demo)
		m.Year, m.Month = number/12, time.Month(number%12+1)
		return m, err
	}, `
		SELECT month, live, degraded, down, unknown, maintenance, slow, p50, p95, samples, demo
		FROM probe_month
		WHERE server = (SELECT num FROM servers WHERE tenant = ? AND id = ?) AND month BETWEEN ? AND ?
		ORDER BY month`, tenant, server, monthOf(from), monthOf(to))
	return out, explain("reading the months of a server", err)
}
