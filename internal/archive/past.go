package archive

import (
	"math"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// keepDays is how many days a ledger holds: a quarter and what rounding needs.
	keepDays = 92
	// keepDigests is how many of them keep their latencies, for the baseline of
	// seven days.
	keepDigests = 7
)

// past is what memory knows of one server.
type past struct {
	tape    tape // the open day, and at least the last 1440 minutes
	days    ledger
	digests []dayDigest // ascending
}

type dayDigest struct {
	day    uptime.Day
	digest []byte
}

// close enters a closed day. It keeps a copy of the digest.
func (p *past) close(s *uptime.DayStat, digest []byte, today uptime.Day, names *roll) {
	if s.Day <= today-keepDays {
		return
	}
	p.days.put(s, today-keepDays+1, names)
	p.digests = slices.DeleteFunc(p.digests, func(d dayDigest) bool {
		return d.day == s.Day || d.day <= today-keepDigests
	})
	if s.Day > today-keepDigests {
		p.digests = append(p.digests, dayDigest{s.Day, slices.Clone(digest)})
	}
}

// since is the first minute that counts: see the package's comment.
func (p *past) since() uptime.Minute {
	since := uptime.Minute(math.MaxInt64)
	if m, ok := p.tape.first(); ok {
		since = m
	}
	p.days.each(func(first page) bool {
		since = min(since, (first.Day+1).First()-uptime.Minute(first.Total()))
		return false
	})
	return since
}

// closed reports whether the day is in the ledger.
func (p *past) closed(day uptime.Day) bool {
	_, found := p.days.place(day)
	return found != nil
}

// walk calls yield for the days from and to and those between, with the
// ledger's entry when the day is closed.
func (p *past) walk(from, to uptime.Day, yield func(day uptime.Day, entry page, closed bool)) {
	next := from
	p.days.each(func(e page) bool {
		if e.Day < from {
			return true
		}
		for ; next < e.Day && next <= to; next++ {
			yield(next, page{}, false)
		}
		if next == e.Day && next <= to {
			yield(next, e, true)
			next++
		}
		return next <= to
	})
	for ; next <= to; next++ {
		yield(next, page{}, false)
	}
}

// reach bounds the minutes of a day to those that count.
func reach(day uptime.Day, since, end uptime.Minute) (from, to uptime.Minute) {
	from, to = max(day.First(), since), min((day+1).First(), end)
	return from, max(from, to)
}

// stats writes the statistics of consecutive days into out.
func (p *past) stats(out []uptime.DayStat, from uptime.Day, end uptime.Minute, names *roll) {
	since := p.since()
	p.walk(from, from+uptime.Day(len(out))-1, func(day uptime.Day, entry page, closed bool) {
		s := &out[day-from]
		if closed {
			*s = entry.stat(names)
			return
		}
		first, to := reach(day, since, end)
		*s, _ = p.tape.dayStat(day, first, to)
	})
}

// count counts the last minutes before end.
func (p *past) count(minutes int, end uptime.Minute) uptime.Counts {
	from := max(end-uptime.Minute(minutes), p.since())
	return p.tape.countMinutes(from, max(from, end))
}

func (p *past) summary(end uptime.Minute) uptime.Summary {
	var (
		s         uptime.Summary
		day, week histogram
		today     = (end - 1).Day()
		since     = p.since()
	)
	p.walk(today-89, today, func(d uptime.Day, entry page, closed bool) {
		c := entry.Counts
		from, to := reach(d, since, end)
		if !closed {
			c = p.tape.countMinutes(from, to)
		}
		s.D90.Add(c)
		if d > today-30 {
			s.D30.Add(c)
		}
		if d > today-7 {
			s.D7.Add(c)
			p.weigh(d, closed, from, to, &week)
		}
	})
	s.H24 = p.count(uptime.MinutesPerDay, end)
	p.tape.latencies(end-uptime.MinutesPerDay, end, &day)
	s.P50, s.P95, s.Samples = day.quantile(0.50), day.quantile(0.95), day.samples()
	s.P95D7 = week.quantile(0.95)
	return s
}

// weigh adds a day's latencies to h: from its digest when it is closed, from
// the minutes when not.
func (p *past) weigh(day uptime.Day, closed bool, from, to uptime.Minute, h *histogram) {
	if !closed {
		p.tape.latencies(from, to, h)
		return
	}
	for _, d := range p.digests {
		if d.day == day {
			_ = h.merge(d.digest) // it was merged once before it was kept
		}
	}
}

// window counts the minutes of the last piece of time: exactly when it is at
// most a day, else in days, of which today is the last.
func (p *past) window(w time.Duration, end uptime.Minute) (c uptime.Counts) {
	if w <= 24*time.Hour {
		return p.count(int(w/time.Minute), end)
	}
	n := uptime.Day(min((w+24*time.Hour-1)/(24*time.Hour), keepDays))
	today, since := (end - 1).Day(), p.since()
	p.walk(today-n+1, today, func(d uptime.Day, entry page, closed bool) {
		if !closed {
			entry.Counts = p.tape.countMinutes(reach(d, since, end))
		}
		c.Add(entry.Counts)
	})
	return c
}

// budget says how the objective does.
func (p *past) budget(o uptime.Objective, end uptime.Minute) uptime.Budget {
	if o.Window <= 0 {
		o.Window = 30 * 24 * time.Hour
	}
	share := 1 - o.Percent/100 // of minutes that may be bad
	c := p.window(o.Window, end)
	b := uptime.Budget{Objective: o, Bad: c.Down + c.Slow, Allowed: share * o.Window.Minutes(), Left: 1}
	b.Good = c.Measured() - b.Bad
	if b.Allowed > 0 {
		b.Left = 1 - float64(b.Bad)/b.Allowed
	}
	b.Burn1h = burn(p.count(60, end), share)
	b.Burn6h = burn(p.count(360, end), share)
	return b
}

// burn is how many times more of the minutes were bad than may be.
func burn(c uptime.Counts, share float64) float64 {
	if c.Measured() == 0 || share <= 0 {
		return 0
	}
	return float64(c.Down+c.Slow) / float64(c.Measured()) / share
}
