package archive

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// settle is how many minutes of the next day must be over before a day is
	// closed.
	settle = 5
	// closeServers is how many servers one transaction closes, so that others get
	// to write between.
	closeServers = 256
)

// closeDays closes the days that are over, given the last minute that is. What
// is closed comes from the segments, laid over what the day's row holds already:
// closing a day again changes nothing, however far it came the last time.
func (a *Archiver) closeDays(ctx context.Context, over uptime.Minute) error {
	for _, day := range slices.Sorted(maps.Keys(a.unclosed)) {
		if over < (day+1).First()+settle {
			continue
		}
		if err := a.closeDay(ctx, day); err != nil {
			return fmt.Errorf("closing %s: %w", day, err)
		}
		if err := a.rows.DropSegments(ctx, (day + 1).First()); err != nil {
			return fmt.Errorf("dropping the minutes of %s: %w", day, err)
		}
		delete(a.unclosed, day)
	}
	oldest := uptime.Day(math.MaxInt32)
	for day := range a.unclosed {
		oldest = min(oldest, day)
	}
	a.history.trim(oldest)
	return nil
}

func (a *Archiver) closeDay(ctx context.Context, day uptime.Day) error {
	if err := a.readNames(ctx); err != nil { // who was erased has no row to refer to
		return err
	}
	tapes, err := a.tapes(ctx, day)
	if err != nil {
		return err
	}
	months, err := a.monthsWith(ctx, day)
	if err != nil {
		return err
	}
	a.sums = monthCache{}
	for nums := range slices.Chunk(slices.Sorted(maps.Keys(tapes)), closeServers) {
		closed := make([]closedDay, 0, len(nums))
		for _, num := range nums {
			c, err := a.closeServer(ctx, a.names.refs[num], day, tapes[num])
			if err != nil {
				return err
			}
			closed = append(closed, c)
		}
		if err := a.storeDays(ctx, day, closed, months); err != nil {
			return err
		}
	}
	return nil
}

// closedDay is a day of a server, ready to be stored.
type closedDay struct {
	server ref
	row    uptime.PackedDay
	hist   histogram
}

// closeServer computes the rows of a server's day. A tape that was measured in
// a day that has a row already is laid over that.
func (a *Archiver) closeServer(ctx context.Context, server ref, day uptime.Day, t *tape) (closedDay, error) {
	demo := false
	if a.history.has(server, day) || a.begun[server] == day {
		rows, err := a.records.PackedDays(ctx, server.tenant, server.server, day, day)
		if err != nil {
			return closedDay{}, fmt.Errorf("reading the day of server %s: %w", server.server, err)
		}
		for i := range rows {
			base, err := unpackDay(rows[i].Minutes, day)
			if err != nil {
				a.log.WarnContext(ctx, "minutes of a day cannot be read", "server", server.server, "day", day, "error", err)
				continue
			}
			*t, demo = base.over(t), rows[i].Demo
		}
	}
	return packClosed(server, day, t, a.history.since(server), math.MaxInt64, demo), nil
}

// packClosed packs a day, of which the minutes count from the first that was
// measured on, until end.
func packClosed(server ref, day uptime.Day, t *tape, since, end uptime.Minute, demo bool) closedDay {
	if first, ok := t.first(); ok {
		since = min(since, first)
	}
	from, to := reach(day, since, end)
	c := closedDay{server: server}
	c.row.DayStat, c.hist = t.dayStat(day, from, to)
	c.row.Tenant, c.row.Server, c.row.Demo = server.tenant, server.server, demo
	c.row.Minutes, c.row.Digest = packDay(t, day), c.hist.digest()
	return c
}

// storeDays stores days of servers together with their months, given the sums
// of the months' other days.
func (a *Archiver) storeDays(ctx context.Context, day uptime.Day, closed []closedDay, others map[ref]*monthSum) error {
	days := make([]uptime.PackedDay, len(closed))
	months := make([]uptime.MonthStat, len(closed))
	for i := range closed {
		sum := others[closed[i].server]
		if sum == nil {
			sum = &monthSum{}
		}
		days[i] = closed[i].row
		months[i] = sum.with(&closed[i])
	}
	if err := a.rows.CloseDay(ctx, day, days, months); err != nil {
		return fmt.Errorf("storing %d servers: %w", len(days), err)
	}
	for i := range closed {
		a.remember(closed[i].server, &closed[i].row.DayStat, closed[i].row.Digest)
	}
	return nil
}

// remember enters a row of a day into the history. One of today was imported and
// counts by its minutes until the day is closed.
func (a *Archiver) remember(server ref, s *uptime.DayStat, digest []byte) {
	if s.Day >= uptime.DayOf(time.Now()) {
		a.begun[server] = s.Day
		return
	}
	a.history.close(server, s, digest)
}

// monthSum sums days of a month.
type monthSum struct {
	counts uptime.Counts
	hist   histogram
	demo   bool
}

// add adds a day. A digest that cannot be read adds no latencies.
func (s *monthSum) add(d *uptime.DayStat, digest []byte) {
	s.counts.Add(d.Counts)
	s.demo = s.demo || d.Demo
	var h histogram
	if h.merge(digest) == nil {
		s.pour(&h)
	}
}

func (s *monthSum) pour(h *histogram) {
	for l, n := range h {
		s.hist[l] += n
	}
}

// with returns the month once the day is added. The sum stays as it was.
func (s *monthSum) with(c *closedDay) uptime.MonthStat {
	sum := *s
	sum.counts.Add(c.row.Counts)
	sum.pour(&c.hist)
	year, month, _ := c.row.Day.Time().Date()
	return uptime.MonthStat{
		Tenant: c.row.Tenant, Server: c.row.Server, Year: year, Month: month,
		Counts: sum.counts, Demo: sum.demo || c.row.Demo,
		P50: sum.hist.quantile(0.50), P95: sum.hist.quantile(0.95), Samples: sum.hist.samples(),
	}
}

// monthOf returns the days of the day's month: the first, and the first of the
// next.
func monthOf(day uptime.Day) (first, next uptime.Day) {
	year, month, _ := day.Time().Date()
	at := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	return uptime.DayOf(at), uptime.DayOf(at.AddDate(0, 1, 0))
}

// monthsWith sums the month of the day for every server, without the day
// itself.
func (a *Archiver) monthsWith(ctx context.Context, day uptime.Day) (map[ref]*monthSum, error) {
	first, next := monthOf(day)
	sums := map[ref]*monthSum{}
	err := a.records.DayStats(ctx, first,
		func(tenant uptime.TenantID, server uptime.ServerID, d uptime.DayStat, digest []byte) error {
			if d.Day == day || d.Day >= next {
				return nil
			}
			s := sums[ref{tenant, server}]
			if s == nil {
				s = &monthSum{}
				sums[ref{tenant, server}] = s
			}
			s.add(&d, digest)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("reading the month since %s: %w", first, err)
	}
	return sums, nil
}
