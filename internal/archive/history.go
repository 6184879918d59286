package archive

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Days is where the minutes of closed days are read from.
type Days interface {
	// PackedDays returns the closed days of a server from and to and those
	// between that exist, ascending, with Digest, and with Minutes unless these
	// are not kept any more.
	PackedDays(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID, from, to uptime.Day) ([]uptime.PackedDay, error)
}

const (
	// maxSpan bounds what one question asks for, in minutes, and maxSpanDays in
	// days.
	maxSpan     = 100 * uptime.MinutesPerDay
	maxSpanDays = 3660
	maxPoints   = 7 * uptime.MinutesPerDay
	// closeAfter is how long after its beginning a minute is closed: its last
	// cycle begins a minute later, lasts a minute, and waits for late regions.
	closeAfter = 2*time.Minute + 10*time.Second
	// closing is how long closing may take until readers are told that the
	// minute is Unknown.
	closing = 30 * time.Second
)

// ref names a server.
type ref struct {
	tenant uptime.TenantID
	server uptime.ServerID
}

// History answers questions about the past. It is filled by an Archiver; its
// methods may be called at any time and at the same time. A server that it does
// not know has no past: every answer about it is empty, none is an error.
type History struct {
	rows Days

	mu      sync.RWMutex
	through uptime.Minute
	servers map[ref]*past
	names   roll
}

func newHistory(rows Days) *History {
	return &History{rows: rows, servers: map[ref]*past{}}
}

// Minutes returns the minutes of [from, to), at most 100 days of them. Minutes
// that were not measured are zero. Cells may share their Regions: do not change
// them.
func (h *History) Minutes(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID,
	from, to uptime.Minute,
) ([]uptime.MinuteCell, error) {
	if from > to || to-from > maxSpan {
		return nil, fmt.Errorf("%w: %d minutes of history, want 0 to %d", uptime.ErrInvalid, to-from, maxSpan)
	}
	out := make([]uptime.MinuteCell, to-from)
	err := h.visit(ctx, ref{tenant, server}, from, to, func(t *tape, begin, end uptime.Minute) {
		t.cells(begin, out[begin-from:end-from])
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// visit calls do for the tapes that hold the minutes of [from, to), each with
// the part of that time that it is to be used for.
func (h *History) visit(ctx context.Context, server ref, from, to uptime.Minute,
	do func(t *tape, begin, end uptime.Minute),
) error {
	recent := h.recent(server)
	border := to // blobs are asked for what is before it
	if len(recent.levels) > 0 {
		border = min(to, recent.from)
	}
	if from < border {
		if err := h.visitDays(ctx, server, from, border, do); err != nil {
			return err
		}
	}
	if begin := max(from, border); begin < to {
		do(&recent, begin, to)
	}
	return nil
}

// recent returns a copy of the tape in memory.
func (h *History) recent(server ref) tape {
	h.mu.RLock()
	defer h.mu.RUnlock()
	p := h.servers[server]
	if p == nil {
		return tape{}
	}
	return tape{from: p.tape.from, levels: slices.Clone(p.tape.levels), runs: slices.Clone(p.tape.runs)}
}

func (h *History) visitDays(ctx context.Context, server ref, from, to uptime.Minute,
	do func(t *tape, begin, end uptime.Minute),
) error {
	rows, err := h.rows.PackedDays(ctx, server.tenant, server.server, from.Day(), (to - 1).Day())
	if err != nil {
		return fmt.Errorf("reading days of server %s: %w", server.server, err)
	}
	for i := range rows {
		day := rows[i].Day
		if len(rows[i].Minutes) == 0 {
			continue // not kept any more
		}
		t, err := unpackDay(rows[i].Minutes, day)
		if err != nil {
			return fmt.Errorf("unpacking %s of server %s: %w", day, server.server, err)
		}
		if begin, end := max(from, day.First()), min(to, (day+1).First()); begin < end {
			do(&t, begin, end)
		}
	}
	return nil
}

// Days returns the days from and to and those between, all of them: days before
// the server was first measured, and days to come, have counts of zero. Later
// days without any measurement are Unknown as a whole.
func (h *History) Days(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID,
	from, to uptime.Day,
) ([]uptime.DayStat, error) {
	if from > to || to-from >= maxSpanDays {
		return nil, fmt.Errorf("%w: the days %s to %s, want 1 to %d days", uptime.ErrInvalid, from, to, maxSpanDays)
	}
	out := make([]uptime.DayStat, to-from+1)
	for i := range out {
		out[i].Day = from + uptime.Day(i)
	}
	oldest := h.recentDays(ref{tenant, server}, out)
	if from >= oldest {
		return out, nil
	}
	rows, err := h.rows.PackedDays(ctx, tenant, server, from, min(to, oldest-1))
	if err != nil {
		return nil, fmt.Errorf("reading days of server %s: %w", server, err)
	}
	for i := range rows {
		if at := int(rows[i].Day - from); at >= 0 && at < len(out) {
			out[at] = rows[i].DayStat
		}
	}
	return out, nil
}

// recentDays fills in what memory knows of the days in out, and returns the
// oldest day that memory would know of.
func (h *History) recentDays(server ref, out []uptime.DayStat) (oldest uptime.Day) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	end := h.end()
	oldest = (end - 1).Day() - keepDays + 1
	skip := max(0, min(len(out), int(oldest-out[0].Day)))
	if p := h.servers[server]; p != nil && skip < len(out) {
		p.stats(out[skip:], out[skip].Day, end, &h.names)
	}
	return oldest
}

// Latency returns one point for every step from from until to: the quantiles of
// the minutes' latencies. Step is a multiple of a minute; at most 100 days and
// 10,080 points.
func (h *History) Latency(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID,
	from, to time.Time, step time.Duration,
) ([]uptime.LatencyPoint, error) {
	first, end := uptime.MinuteOf(from), uptime.MinuteOf(to.Add(time.Minute-1))
	if step < time.Minute || step%time.Minute != 0 || first > end || end-first > maxSpan ||
		time.Duration(end-first)*time.Minute/step > maxPoints {
		return nil, fmt.Errorf("%w: latencies from %s to %s in steps of %s, want at most 100 days in whole minutes, in at most %d steps",
			uptime.ErrInvalid, from.Format(time.RFC3339), to.Format(time.RFC3339), step, maxPoints)
	}
	if step == 24*time.Hour && first.OfDay() == 0 && first < end {
		return h.dailyLatency(ctx, tenant, server, first.Day(), (end - 1).Day())
	}
	width := uptime.Minute(step / time.Minute)
	sums := make([]histogram, (end-first+width-1)/width)
	err := h.visit(ctx, ref{tenant, server}, first, end, func(t *tape, begin, end uptime.Minute) {
		for m := begin; m < end; {
			i := (m - first) / width
			next := min(first+(i+1)*width, end)
			t.latencies(m, next, &sums[i])
			m = next
		}
	})
	if err != nil {
		return nil, err
	}
	points := make([]uptime.LatencyPoint, len(sums))
	for i := range sums {
		points[i] = uptime.LatencyPoint{
			At: (first + uptime.Minute(i)*width).Time(), P50: sums[i].quantile(0.50), P95: sums[i].quantile(0.95),
			Samples: sums[i].samples(),
		}
	}
	return points, nil
}

// dailyLatency answers from the days' statistics, which hold the same.
func (h *History) dailyLatency(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID,
	from, to uptime.Day,
) ([]uptime.LatencyPoint, error) {
	days, err := h.Days(ctx, tenant, server, from, to)
	points := make([]uptime.LatencyPoint, len(days))
	for i, d := range days {
		points[i] = uptime.LatencyPoint{At: d.Day.Time(), P50: d.P50, P95: d.P95, Samples: d.Samples}
	}
	return points, err
}

// Summary returns what a glance at the server's history says. H24 are the last
// 1440 minutes; the others are days, of which the last is today so far. It reads
// memory alone.
func (h *History) Summary(tenant uptime.TenantID, server uptime.ServerID) uptime.Summary {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if p := h.servers[ref{tenant, server}]; p != nil {
		return p.summary(h.end())
	}
	return uptime.Summary{}
}

// Budget returns how an objective does: bad are the minutes that were Down or
// Slow. A window beyond a day is counted in days, at most 92, of which the last
// is today so far. It reads memory alone.
func (h *History) Budget(tenant uptime.TenantID, server uptime.ServerID, o uptime.Objective) uptime.Budget {
	h.mu.RLock()
	defer h.mu.RUnlock()
	p := h.servers[ref{tenant, server}]
	if p == nil {
		p = &past{}
	}
	return p.budget(o, h.end())
}

// Recent counts the minutes of the last piece of time, as Budget does.
func (h *History) Recent(tenant uptime.TenantID, server uptime.ServerID, window time.Duration) uptime.Counts {
	h.mu.RLock()
	defer h.mu.RUnlock()
	p := h.servers[ref{tenant, server}]
	if p == nil {
		return uptime.Counts{}
	}
	return p.window(window, h.end())
}

// end is the minute after the last that is over: minutes that should have been
// archived and were not are Unknown.
func (h *History) end() uptime.Minute {
	return max(h.through, uptime.MinuteOf(time.Now().Add(-closeAfter-closing))) + 1
}
