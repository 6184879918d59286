package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// PastDay is one server's part of a day that is imported: 1440 cells.
type PastDay struct {
	Tenant uptime.TenantID
	Server uptime.ServerID
	Cells  []uptime.MinuteCell
}

// monthCache remembers the days of the month that was imported last, of the
// servers that were imported together, so that importing a past day by day does
// not read it again for every day.
type monthCache struct {
	first   uptime.Day // of the month; meaningless without servers
	servers map[ref]map[uptime.Day]cachedDay
}

type cachedDay struct {
	stat   uptime.DayStat
	digest []byte
}

// Import stores a day of the past of several servers, each named once, in one
// transaction: all or nothing. It replaces what the day had. It may be today, as
// long as nothing of today is archived: then only the minutes that are over
// count, and what is archived later is laid over them. Days of one server are
// imported in ascending order, so that the first of them is known for the day in
// which it was first measured. It fails with ErrInvalid for a day that is not
// over or that the archive itself writes. Many servers are imported quickly a
// few hundred at a time; the archive waits meanwhile.
func (a *Archiver) Import(ctx context.Context, day uptime.Day, past []PastDay, demo bool) error {
	for i := range past {
		if n := len(past[i].Cells); n != uptime.MinutesPerDay {
			return fmt.Errorf("%w: a day of %d minutes, want %d", uptime.ErrInvalid, n, uptime.MinutesPerDay)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := uptime.MinuteOf(time.Now())
	if day < 0 || day > now.Day() || a.unclosed[day] || !a.opened {
		return fmt.Errorf("%w: %s cannot be imported: it is not over, not closed, or the archive is not open", uptime.ErrInvalid, day)
	}
	if err := a.cacheMonth(ctx, past, day); err != nil {
		return err
	}
	closed, tapes, others := a.packPast(day, past, now, demo)
	if err := a.storeDays(ctx, day, closed, others); err != nil {
		return fmt.Errorf("importing %s: %w", day, err)
	}
	for i := range closed {
		c := &closed[i]
		a.sums.servers[c.server][day] = cachedDay{c.row.DayStat, c.row.Digest}
		if day >= now.Day()-1 {
			a.history.lay(c.server, &tapes[i])
		}
	}
	return nil
}

// packPast packs what is imported. Others are the sums of the months' other
// days.
func (a *Archiver) packPast(day uptime.Day, past []PastDay, now uptime.Minute, demo bool) ([]closedDay, []tape, map[ref]*monthSum) {
	closed, tapes, others := make([]closedDay, len(past)), make([]tape, len(past)), make(map[ref]*monthSum, len(past))
	over := min(uptime.MinutesPerDay, int(now-day.First()))
	for i := range past {
		who, t := ref{past[i].Tenant, past[i].Server}, &tapes[i]
		for m := range over {
			cell := &past[i].Cells[m]
			t.push(day.First()+uptime.Minute(m), lookOf(cell), levelOf(cell.Latency), 1)
		}
		closed[i] = packClosed(who, day, t, a.history.since(who), now, demo)
		others[who] = a.sums.without(who, day)
	}
	return closed, tapes, others
}

// cacheMonth reads the day's month of these servers unless it is what was read
// last, and forgets that of others.
func (a *Archiver) cacheMonth(ctx context.Context, past []PastDay, day uptime.Day) error {
	first, next := monthOf(day)
	servers := make(map[ref]map[uptime.Day]cachedDay, len(past))
	for i := range past {
		who := ref{past[i].Tenant, past[i].Server}
		if known := a.sums.servers[who]; known != nil && a.sums.first == first {
			servers[who] = known
			continue
		}
		rows, err := a.records.PackedDays(ctx, who.tenant, who.server, first, next-1)
		if err != nil {
			return fmt.Errorf("reading the month of server %s: %w", who.server, err)
		}
		servers[who] = make(map[uptime.Day]cachedDay, len(rows)+1)
		for i := range rows {
			servers[who][rows[i].Day] = cachedDay{rows[i].DayStat, rows[i].Digest}
		}
	}
	a.sums = monthCache{first, servers}
	return nil
}

// without sums the days of a server's month, except one.
func (c *monthCache) without(server ref, day uptime.Day) *monthSum {
	var sum monthSum
	for d, cached := range c.servers[server] {
		if d != day {
			sum.add(&cached.stat, cached.digest)
		}
	}
	return &sum
}
