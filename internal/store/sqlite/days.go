package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// CloseDay stores a closed day of some servers and the months that it changes,
// replacing what is there. Doing it twice is doing it once. uptime.ErrInvalid
// means that one of days is another day.
func (s *Store) CloseDay(ctx context.Context, day uptime.Day, days []uptime.PackedDay, months []uptime.MonthStat) error {
	for i := range days {
		if days[i].Day != day {
			return fmt.Errorf("%w: closing %v with a row of %v", uptime.ErrInvalid, day, days[i].Day)
		}
	}
	return s.write(ctx, "closing the day "+day.String(), func(tx *sql.Tx) error {
		if err := putDays(ctx, tx, days); err != nil {
			return err
		}
		if err := putDayMinutes(ctx, tx, days); err != nil {
			return err
		}
		return putMonths(ctx, tx, months)
	})
}

func putDays(ctx context.Context, tx *sql.Tx, days []uptime.PackedDay) error {
	return putAll(ctx, tx, days, `
		INSERT OR REPLACE INTO probe_day (server, day, tenant, live, degraded, down, unknown, maintenance, slow,
			p50, p95, samples, worst, demo, regions, digest)
		SELECT num, ?, tenant, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM servers WHERE tenant = ? AND id = ?`,
		func(d *uptime.PackedDay) []any {
			return []any{
				d.Day, d.Live, d.Degraded, d.Down, d.Unknown, d.Maintenance, d.Slow, int64(d.P50), int64(d.P95), d.Samples,
				d.Worst, d.Demo, blob(packRegions(d.Regions)), blob(d.Digest), d.Tenant, d.Server,
			}
		})
}

func putDayMinutes(ctx context.Context, tx *sql.Tx, days []uptime.PackedDay) error {
	return putAll(ctx, tx, days, `
		INSERT INTO day_minutes (server, day, tenant, minutes)
		SELECT num, ?, tenant, ? FROM servers WHERE tenant = ? AND id = ?
		ON CONFLICT (server, day) DO UPDATE SET minutes = excluded.minutes`,
		func(d *uptime.PackedDay) []any { return []any{d.Day, blob(d.Minutes), d.Tenant, d.Server} })
}

// PackedDays returns the closed days of a server from one day to another, both
// included, ascending. Days whose minutes are no longer kept have none.
func (s *Store) PackedDays(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID, from, to uptime.Day) ([]uptime.PackedDay, error) {
	in := reused{}
	out, err := list(ctx, s.reader, func(row scanner) (uptime.PackedDay, error) {
		d := uptime.PackedDay{Tenant: tenant, Server: server}
		var regions sql.RawBytes
		if err := row.Scan(dayColumns(&d.DayStat, &regions, &d.Digest, &d.Minutes)...); err != nil {
			return d, err
		}
		return d, in.unpackRegions(&d.DayStat, regions)
	}, `
		SELECT d.day, d.live, d.degraded, d.down, d.unknown, d.maintenance, d.slow, d.p50, d.p95, d.samples, d.worst,
			d.demo, d.regions, d.digest, m.minutes
		FROM probe_day d LEFT JOIN day_minutes m ON m.server = d.server AND m.day = d.day
		WHERE d.server = (SELECT num FROM servers WHERE tenant = ? AND id = ?) AND d.day BETWEEN ? AND ?
		ORDER BY d.day`, tenant, server, from, to)
	return out, explain("reading the days of a server", err)
}

// dayColumns are where the columns of a day go, in the order of the queries.
func dayColumns(d *uptime.DayStat, more ...any) []any {
	return append([]any{
		&d.Day, &d.Live, &d.Degraded, &d.Down, &d.Unknown, &d.Maintenance, &d.Slow,
		&d.P50, &d.P95, &d.Samples, &d.Worst, &d.Demo,
	}, more...)
}

// DayStats shows every closed day of every server from a day on, without its
// minutes. digest is the caller's to keep. An error of yield ends it.
func (s *Store) DayStats(ctx context.Context, from uptime.Day, yield func(tenant uptime.TenantID, server uptime.ServerID, day uptime.DayStat, digest []byte) error) error {
	return s.read(ctx, "reading the days of all servers", func(tx *sql.Tx) error {
		who, err := owners(ctx, tx)
		if err != nil {
			return err
		}
		return eachDay(ctx, tx, from, who, yield)
	})
}

func eachDay(ctx context.Context, db rows, from uptime.Day, who map[int64]owner, yield func(uptime.TenantID, uptime.ServerID, uptime.DayStat, []byte) error) error {
	in := reused{}
	var d uptime.DayStat
	var num int64
	var regions sql.RawBytes
	var digest []byte
	columns := dayColumns(&d, &regions, &digest, &num)
	// CROSS JOIN fixes the order: one seek a server, and no day before from is
	// read.
	return forEach(ctx, db, func(row scanner) (bool, error) {
		d = uptime.DayStat{}
		if err := row.Scan(columns...); err != nil {
			return false, err
		}
		if err := in.unpackRegions(&d, regions); err != nil {
			return false, err
		}
		return true, yield(who[num].tenant, who[num].server, d, digest)
	}, `
		SELECT d.day, d.live, d.degraded, d.down, d.unknown, d.maintenance, d.slow, d.p50, d.p95, d.samples, d.worst,
			d.demo, d.regions, d.digest, d.server
		FROM servers s CROSS JOIN probe_day d ON d.server = s.num AND d.day >= ?`, from)
}
