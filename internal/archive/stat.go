package archive

import (
	"cmp"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// countMinutes counts the minutes of [from, to). Minutes that are not on the
// tape are Unknown.
func (t *tape) countMinutes(from, to uptime.Minute) (c uptime.Counts) {
	t.spans(from, to, func(s span) {
		s.look.count(&c, len(s.levels))
		c.Slow += s.slow()
	})
	c.Unknown += max(0, int(to-from)-c.Total())
	return c
}

// slow counts the slow minutes of the span.
func (s *span) slow() (n int) {
	if !s.look.maySlow() {
		return 0
	}
	for _, lv := range s.levels {
		if lv >= slowLevel {
			n++
		}
	}
	return n
}

// latencies adds the latencies of [from, to) to h.
func (t *tape) latencies(from, to uptime.Minute, h *histogram) {
	from, to = max(from, t.from), min(to, t.end())
	if from < to {
		h.add(t.levels[from-t.from : to-t.from])
	}
}

// dayStat computes the statistics of a day, of which the minutes of [from, to)
// count.
func (t *tape) dayStat(day uptime.Day, from, to uptime.Minute) (uptime.DayStat, histogram) {
	var h histogram
	from, to = max(from, day.First()), min(to, (day+1).First())
	if from >= to {
		return uptime.DayStat{Day: day}, h
	}
	s := uptime.DayStat{
		Day: day, Counts: t.countMinutes(from, to), Worst: t.worst(from, to), Regions: t.regions(from, to),
	}
	t.latencies(from, to, &h)
	s.P50, s.P95, s.Samples = h.quantile(0.50), h.quantile(0.95), h.samples()
	return s, h
}

// worst returns the cause of most of the Down minutes, or else of the Degraded
// ones.
func (t *tape) worst(from, to uptime.Minute) uptime.Cause {
	var down, degraded [256]int
	t.spans(from, to, func(s span) {
		switch {
		case s.look.maintenance:
		case s.look.state == uptime.Down:
			down[s.look.cause] += len(s.levels)
		case s.look.state == uptime.Degraded:
			degraded[s.look.cause] += len(s.levels)
		}
	})
	code := most(down[1:])
	if code == 0 {
		code = most(degraded[1:])
	}
	return causeOf(byte(code))
}

// most returns one plus the index of the greatest count, the first of equals;
// zero when all are zero.
func most(counts []int) (place int) {
	best := 0
	for i, n := range counts {
		if n > best {
			best, place = n, i+1
		}
	}
	return place
}

// regions counts the minutes as each region saw them. Minutes in which a region
// did not report are Unknown.
func (t *tape) regions(from, to uptime.Minute) []uptime.RegionDay {
	seen := map[string]*uptime.Counts{}
	maintenance := 0
	t.spans(from, to, func(s span) {
		if s.look.maintenance {
			maintenance += len(s.levels)
		}
		for name, state := range s.look.each() {
			c := seen[name]
			if c == nil {
				c = &uptime.Counts{}
				seen[name] = c
			}
			if !s.look.maintenance {
				addState(c, state, len(s.levels))
			}
		}
	})
	var out []uptime.RegionDay
	for name, c := range seen {
		c.Maintenance = maintenance
		c.Unknown = int(to-from) - c.Measured() - maintenance
		out = append(out, uptime.RegionDay{Region: name, Counts: *c})
	}
	slices.SortFunc(out, func(a, b uptime.RegionDay) int { return cmp.Compare(a.Region, b.Region) })
	return out
}
