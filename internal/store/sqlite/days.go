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
		INSERT INTO probe_day (server, day, tenant, stat, digest)
		SELECT num, ?, tenant, ?, ? FROM servers WHERE tenant = ? AND id = ?
		ON CONFLICT (server, day) DO UPDATE SET stat = excluded.stat, digest = excluded.digest`,
		func(d *uptime.PackedDay) []any {
			return []any{d.Day, packStat(&d.DayStat), blob(d.Digest), d.Tenant, d.Server}
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
	in := newStatReader()
	out, err := list(ctx, s.reader, func(row scanner) (uptime.PackedDay, error) {
		d := uptime.PackedDay{Tenant: tenant, Server: server}
		var stat sql.RawBytes
		if err := row.Scan(&d.Day, &stat, &d.Digest, &d.Minutes); err != nil {
			return d, err
		}
		return d, in.unpack(&d.DayStat, stat)
	}, `
		SELECT d.day, d.stat, d.digest, m.minutes
		FROM probe_day d LEFT JOIN day_minutes m ON m.server = d.server AND m.day = d.day
		WHERE d.server = (SELECT num FROM servers WHERE tenant = ? AND id = ?) AND d.day BETWEEN ? AND ?
		ORDER BY d.day`, tenant, server, from, to)
	return out, explain("reading the days of a server", err)
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
	in := newStatReader()
	// CROSS JOIN fixes the order: one seek a server, and no day before from is
	// read.
	var num, day integer
	var stat, digest sql.RawBytes
	var kept arena
	return forEach(ctx, db, func(row scanner) (bool, error) {
		if err := row.Scan(&num, &day, &stat, &digest); err != nil {
			return false, err
		}
		d, who := uptime.DayStat{Day: uptime.Day(day)}, who[int64(num)]
		if err := in.unpack(&d, stat); err != nil {
			return false, err
		}
		return true, yield(who.tenant, who.server, d, kept.copy(digest))
	}, `
		SELECT d.server, d.day, d.stat, d.digest
		FROM servers s CROSS JOIN probe_day d ON d.server = s.num AND d.day >= ?`, from)
}
