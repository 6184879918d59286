package archive_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

var errCrash = errors.New("the machine went away")

type dayKey struct {
	tenant uptime.TenantID
	server uptime.ServerID
	day    uptime.Day
}

type monthKey struct {
	tenant uptime.TenantID
	server uptime.ServerID
	year   int
	month  time.Month
}

// store keeps rows in memory. fail, when set, is asked before and after each
// write takes effect.
type store struct {
	mu       sync.Mutex
	numbers  map[uint32]uptime.ServerID // all of tenant t
	mark     uptime.Watermark
	segments map[uptime.Minute][]byte
	days     map[dayKey]uptime.PackedDay
	months   map[monthKey]uptime.MonthStat
	fail     func(call string) error
}

const tenant uptime.TenantID = "t"

func newStore(servers int) *store {
	s := &store{
		numbers: map[uint32]uptime.ServerID{}, segments: map[uptime.Minute][]byte{},
		days: map[dayKey]uptime.PackedDay{}, months: map[monthKey]uptime.MonthStat{},
	}
	for i := range servers {
		s.numbers[uint32(10*i+1)] = serverID(i)
	}
	return s
}

func serverID(i int) uptime.ServerID { return uptime.ServerID(fmt.Sprintf("srv_%04d", i)) }

func (s *store) write(call string, do func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail == nil {
		return do()
	}
	if err := s.fail("before " + call); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return s.fail("after " + call)
}

func (s *store) AppendMinutes(_ context.Context, segments []uptime.Segment, mark uptime.Watermark) error {
	return s.write("append", func() error {
		if mark.Through < s.mark.Through || mark.Cursor < s.mark.Cursor {
			return fmt.Errorf("%w: watermark goes back from %v to %v", uptime.ErrConflict, s.mark, mark)
		}
		for _, g := range segments {
			s.segments[g.Minute] = slices.Clone(g.Cells)
		}
		s.mark = mark
		return nil
	})
}

func (s *store) CloseDay(_ context.Context, day uptime.Day, days []uptime.PackedDay, months []uptime.MonthStat) error {
	return s.write("close", func() error {
		for _, d := range days {
			if d.Day != day {
				return fmt.Errorf("%w: day %s while closing %s", uptime.ErrInvalid, d.Day, day)
			}
			s.days[dayKey{d.Tenant, d.Server, d.Day}] = d
		}
		for _, m := range months {
			s.months[monthKey{m.Tenant, m.Server, m.Year, m.Month}] = m
		}
		return nil
	})
}

func (s *store) DropSegments(_ context.Context, before uptime.Minute) error {
	return s.write("drop", func() error {
		maps.DeleteFunc(s.segments, func(m uptime.Minute, _ []byte) bool { return m < before })
		return nil
	})
}

func (s *store) Watermark(context.Context) (uptime.Watermark, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mark, nil
}

func (s *store) Segments(_ context.Context, from, to uptime.Minute) ([]uptime.Segment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []uptime.Segment
	for _, m := range slices.Sorted(maps.Keys(s.segments)) {
		if m >= from && m < to {
			out = append(out, uptime.Segment{Minute: m, Cells: s.segments[m]})
		}
	}
	return out, nil
}

func (s *store) PackedDays(_ context.Context, tenant uptime.TenantID, server uptime.ServerID, from, to uptime.Day) ([]uptime.PackedDay, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []uptime.PackedDay
	for day := from; day <= to; day++ {
		if d, ok := s.days[dayKey{tenant, server, day}]; ok {
			out = append(out, d)
		}
	}
	return out, nil
}

func (s *store) DayStats(_ context.Context, from uptime.Day,
	yield func(uptime.TenantID, uptime.ServerID, uptime.DayStat, []byte) error,
) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.days {
		if d.Day < from {
			continue
		}
		if err := yield(d.Tenant, d.Server, d.DayStat, d.Digest); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) Numbers(_ context.Context, yield func(uint32, uptime.TenantID, uptime.ServerID) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for num, server := range s.numbers {
		if err := yield(num, tenant, server); err != nil {
			return err
		}
	}
	return nil
}

// feed shows verdicts when the clock has come to the time of their sealing.
type feed struct {
	verdicts []uptime.Verdict
	limit    int // at most so many at once; 0 for no limit
	again    int // so many before the cursor are shown again
}

// newFeed numbers the verdicts in the order of their sealing.
func newFeed(verdicts []uptime.Verdict) *feed {
	slices.SortStableFunc(verdicts, func(a, b uptime.Verdict) int { return a.SealedAt.Compare(b.SealedAt) })
	for i := range verdicts {
		verdicts[i].Seq = uptime.Cursor(i + 1)
	}
	return &feed{verdicts: verdicts}
}

func (f *feed) After(_ context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error) {
	if f.limit > 0 {
		limit = min(limit, f.limit)
	}
	at, _ := slices.BinarySearchFunc(f.verdicts, after+1, func(v uptime.Verdict, c uptime.Cursor) int { return cmp.Compare(v.Seq, c) })
	end := at
	for end < len(f.verdicts) && end < at+limit && !f.verdicts[end].SealedAt.After(time.Now()) {
		end++
	}
	if end == at {
		return nil, nil
	}
	return slices.Clone(f.verdicts[max(0, at-f.again):end]), nil
}

func newArchiver(f archive.Feed, s *store) *archive.Archiver {
	return archive.New(archive.Options{Feed: f, Rows: s, Records: s})
}
