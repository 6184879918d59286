package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// monthCache remembers the days of the month that was imported last, so that
// importing a server's past day by day does not read it again for every day.
type monthCache struct {
	server ref
	first  uptime.Day // of the month; meaningless without days
	days   map[uptime.Day]cachedDay
}

type cachedDay struct {
	stat   uptime.DayStat
	digest []byte
}

// Import stores a day of the past: 1440 cells. It replaces what the day had. It
// may be today, as long as nothing of today is archived: then only the minutes
// that are over count, and what is archived later is laid over them. The server's
// number stands only in open days; here it is not needed. Days of one server are
// imported in ascending order, so that the first of them is known for the day in
// which it was first measured. It fails with ErrInvalid for a day that is not
// over or that the archive itself writes.
func (a *Archiver) Import(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID, _ uint32,
	day uptime.Day, cells []uptime.MinuteCell, demo bool,
) error {
	if len(cells) != uptime.MinutesPerDay {
		return fmt.Errorf("%w: a day of %d minutes, want %d", uptime.ErrInvalid, len(cells), uptime.MinutesPerDay)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := uptime.MinuteOf(time.Now())
	if day < 0 || day > now.Day() || a.unclosed[day] || !a.opened {
		return fmt.Errorf("%w: %s cannot be imported: it is not over, not closed, or the archive is not open", uptime.ErrInvalid, day)
	}
	var t tape
	for i := range min(len(cells), int(now-day.First())) {
		t.push(day.First()+uptime.Minute(i), lookOf(&cells[i]), levelOf(cells[i].Latency), 1)
	}
	who := ref{tenant, server}
	if err := a.cacheMonth(ctx, who, day); err != nil {
		return err
	}
	c := packClosed(who, day, &t, a.history.since(who), now, demo)
	sum := a.sums.without(day)
	if err := a.storeDays(ctx, day, []closedDay{c}, map[ref]*monthSum{who: sum}); err != nil {
		return fmt.Errorf("importing %s of server %s: %w", day, server, err)
	}
	a.sums.days[day] = cachedDay{c.row.DayStat, c.row.Digest}
	if day >= now.Day()-1 {
		a.history.lay(who, &t)
	}
	return nil
}

// cacheMonth reads the day's month unless it is what was read last.
func (a *Archiver) cacheMonth(ctx context.Context, server ref, day uptime.Day) error {
	first, next := monthOf(day)
	if a.sums.server == server && a.sums.first == first && a.sums.days != nil {
		return nil
	}
	rows, err := a.records.PackedDays(ctx, server.tenant, server.server, first, next-1)
	if err != nil {
		return fmt.Errorf("reading the month of server %s: %w", server.server, err)
	}
	a.sums = monthCache{server: server, first: first, days: map[uptime.Day]cachedDay{}}
	for i := range rows {
		a.sums.days[rows[i].Day] = cachedDay{rows[i].DayStat, rows[i].Digest}
	}
	return nil
}

// without sums the days of the month, except one.
func (c *monthCache) without(day uptime.Day) *monthSum {
	var sum monthSum
	for d, cached := range c.days {
		if d != day {
			sum.add(&cached.stat, cached.digest)
		}
	}
	return &sum
}
