//go:build linux

package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func serverID(i int) uptime.ServerID { return uptime.ServerID(fmt.Sprintf("srv_%010d", i)) }

// feed holds verdicts, numbered from 1.
type feed struct{ verdicts []uptime.Verdict }

func (f *feed) After(_ context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error) {
	rest := f.verdicts[min(int(after), len(f.verdicts)):]
	return rest[:min(limit, len(rest))], nil
}

// rows keeps everything in memory.
type rows struct {
	servers int

	mu       sync.Mutex
	mark     uptime.Watermark
	segments map[uptime.Minute][]byte
	days     map[uptime.ServerID][]uptime.PackedDay // ascending
}

func newRows(servers int) *rows {
	return &rows{servers: servers, segments: map[uptime.Minute][]byte{}, days: map[uptime.ServerID][]uptime.PackedDay{}}
}

func (r *rows) AppendMinutes(_ context.Context, segments []uptime.Segment, mark uptime.Watermark) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range segments {
		r.segments[s.Minute] = s.Cells
	}
	r.mark = mark
	return nil
}

func (r *rows) CloseDay(_ context.Context, _ uptime.Day, days []uptime.PackedDay, _ []uptime.MonthStat) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range days {
		r.days[d.Server] = append(r.days[d.Server], d)
	}
	return nil
}

func (r *rows) DropSegments(context.Context, uptime.Minute) error { return nil }

func (r *rows) Watermark(context.Context) (uptime.Watermark, error) { return r.mark, nil }

func (r *rows) Segments(_ context.Context, from, to uptime.Minute) (out []uptime.Segment, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for m, cells := range r.segments {
		if m >= from && m < to {
			out = append(out, uptime.Segment{Minute: m, Cells: cells})
		}
	}
	return out, nil
}

func (r *rows) PackedDays(_ context.Context, _ uptime.TenantID, server uptime.ServerID, from, to uptime.Day) (out []uptime.PackedDay, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.days[server] {
		if d.Day >= from && d.Day <= to {
			out = append(out, d)
		}
	}
	return out, nil
}

func (r *rows) DayStats(_ context.Context, from uptime.Day,
	yield func(uptime.TenantID, uptime.ServerID, uptime.DayStat, []byte) error,
) error {
	for server, days := range r.days {
		for _, d := range days {
			if d.Day < from {
				continue
			}
			if err := yield(tenant, server, d.DayStat, d.Digest); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *rows) Numbers(_ context.Context, yield func(uint32, uptime.TenantID, uptime.ServerID) error) error {
	for i := range r.servers {
		if err := yield(uint32(i+1), tenant, serverID(i)); err != nil {
			return err
		}
	}
	return nil
}

// bytesPerMinute is what closed days weigh, with their digests.
func (r *rows) bytesPerMinute() float64 {
	size, n := 0, 0
	for _, days := range r.days {
		for _, d := range days {
			size += len(d.Minutes) + len(d.Digest)
			n += uptime.MinutesPerDay
		}
	}
	return float64(size) / float64(n)
}

// repeated is the same rows under more names.
type repeated struct {
	*rows
	servers, many int
}

func (r *repeated) PackedDays(ctx context.Context, t uptime.TenantID, server uptime.ServerID, from, to uptime.Day) ([]uptime.PackedDay, error) {
	var i int
	if _, err := fmt.Sscanf(string(server), "srv_%d", &i); err != nil {
		return nil, fmt.Errorf("reading the number of %s: %w", server, err)
	}
	return r.rows.PackedDays(ctx, t, serverID(i%r.servers), from, to)
}

func (r *repeated) DayStats(_ context.Context, from uptime.Day,
	yield func(uptime.TenantID, uptime.ServerID, uptime.DayStat, []byte) error,
) error {
	for i := range r.many {
		name := serverID(i)
		for _, d := range r.days[serverID(i%r.servers)] {
			if d.Day < from {
				continue
			}
			digest := append([]byte(nil), d.Digest...) // as read from a file
			if err := yield(tenant, name, d.DayStat, digest); err != nil {
				return err
			}
		}
	}
	return nil
}
