package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// names tell servers by their numbers, and numbers by their servers.
type names struct {
	nums map[ref]uint32
	refs map[uint32]ref
}

func (a *Archiver) readNames(ctx context.Context) error {
	n := names{map[ref]uint32{}, map[uint32]ref{}}
	err := a.records.Numbers(ctx, func(num uint32, tenant uptime.TenantID, server uptime.ServerID) error {
		n.nums[ref{tenant, server}] = num
		n.refs[num] = ref{tenant, server}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the numbers of servers: %w", err)
	}
	a.names = n
	return nil
}

// Open reads what memory holds: the watermark, the counts of the last 92 days,
// yesterday's minutes and the open day. Doing it twice is doing it once.
func (a *Archiver) Open(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.opened {
		return nil
	}
	if err := a.readNames(ctx); err != nil {
		return err
	}
	mark, err := a.records.Watermark(ctx)
	if err != nil {
		return fmt.Errorf("reading the watermark: %w", err)
	}
	a.mark, a.read = mark, mark.Cursor
	a.history.reach(mark.Through)
	for _, step := range []func(context.Context) error{a.openDays, a.openYesterday, a.openSegments} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	a.opened, a.reached = true, time.Now()
	a.show()
	return nil
}

func (a *Archiver) openDays(ctx context.Context) error {
	today := a.history.today()
	err := a.records.DayStats(ctx, today-keepDays+1,
		func(tenant uptime.TenantID, server uptime.ServerID, s uptime.DayStat, digest []byte) error {
			var h histogram
			if err := h.merge(digest); err != nil {
				a.log.WarnContext(ctx, "latencies of a day cannot be read", "server", server, "day", s.Day, "error", err)
				digest = nil
			}
			a.remember(ref{tenant, server}, &s, digest)
			return nil
		})
	if err != nil {
		return fmt.Errorf("reading the days since %s: %w", today-keepDays+1, err)
	}
	return nil
}

// openYesterday reads the minutes of days that have rows and are not yet 24 hours
// old.
func (a *Archiver) openYesterday(ctx context.Context) error {
	from, to := uptime.DayOf(time.Now().Add(-24*time.Hour)), uptime.DayOf(time.Now())
	servers := a.history.closedSince(from)
	for server := range a.begun {
		if !a.history.has(server, to-1) {
			servers = append(servers, server)
		}
	}
	for _, server := range servers {
		rows, err := a.records.PackedDays(ctx, server.tenant, server.server, from, to)
		if err != nil {
			return fmt.Errorf("reading yesterday of server %s: %w", server.server, err)
		}
		for i := range rows {
			t, err := unpackDay(rows[i].Minutes, rows[i].Day)
			if err != nil {
				a.log.WarnContext(ctx, "minutes of a day cannot be read", "server", server.server, "day", rows[i].Day, "error", err)
				continue
			}
			a.history.lay(server, &t)
		}
	}
	return nil
}

// openSegments reads the days that are not closed.
func (a *Archiver) openSegments(ctx context.Context) error {
	last := a.mark.Through.Day()
	left, err := a.records.Segments(ctx, 0, last.First())
	if err != nil {
		return fmt.Errorf("reading minutes of days that were not closed: %w", err)
	}
	for _, s := range left {
		a.unclosed[s.Minute.Day()] = true
	}
	if a.mark.Through > 0 {
		a.unclosed[last] = true
	}
	for day := range a.unclosed {
		if day < last-1 {
			continue // too long ago for memory
		}
		tapes, err := a.tapes(ctx, day)
		if err != nil {
			return err
		}
		for num, t := range tapes {
			a.history.lay(a.names.refs[num], t)
		}
	}
	return a.eachSegment(ctx, a.mark.Through, a.mark.Through+1, a.minutes.resume)
}

// tapes reads the minutes of a day from the segments: one tape for each number
// that still names a server.
func (a *Archiver) tapes(ctx context.Context, day uptime.Day) (map[uint32]*tape, error) {
	tapes := map[uint32]*tape{}
	const part = uptime.MinutesPerDay / 6
	for from := day.First(); from < (day + 1).First(); from += part {
		err := a.eachSegment(ctx, from, from+part, func(m uptime.Minute, entries []entry) {
			for i := range entries {
				e := &entries[i]
				t := tapes[e.num]
				if t == nil {
					if _, ok := a.names.refs[e.num]; !ok {
						continue // erased
					}
					t = &tape{}
					tapes[e.num] = t
				}
				t.put(m, e.look, e.lv)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return tapes, nil
}

// eachSegment calls do for the segments of [from, to). One that cannot be read
// is logged and left out: its minute is Unknown.
func (a *Archiver) eachSegment(ctx context.Context, from, to uptime.Minute, do func(uptime.Minute, []entry)) error {
	segments, err := a.records.Segments(ctx, from, to)
	if err != nil {
		return fmt.Errorf("reading minutes since %s: %w", from.Time().Format(time.RFC3339), err)
	}
	for _, s := range segments {
		entries, err := unpackSegment(s.Cells)
		if err != nil {
			a.stats.Broken++
			a.log.WarnContext(ctx, "a minute of all servers cannot be read", "minute", s.Minute.Time(), "error", err)
			continue
		}
		do(s.Minute, entries)
	}
	return nil
}
