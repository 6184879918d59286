package schedule

import (
	"sync/atomic"
	"time"
)

// classes is how many classes of lateness there are.
const classes = 10

// latenessBounds returns the upper bounds of the classes; the last has none.
func latenessBounds() [classes - 1]time.Duration {
	return [...]time.Duration{
		10 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond,
		500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second,
	}
}

// counters are written by the goroutine of Run and read by anyone.
type counters struct {
	flying   atomic.Int64
	missed   atomic.Uint64
	lateness [classes]atomic.Uint64
	sum      atomic.Int64
}

func (c *counters) begin(late time.Duration) {
	c.flying.Add(1)
	c.sum.Add(int64(late))
	i := 0
	for _, bound := range latenessBounds() {
		if late > bound {
			i++
		}
	}
	c.lateness[i].Add(1)
}

// Lateness is one class of how late looks began.
type Lateness struct {
	// UpTo is the class's upper bound; zero for the class without one.
	UpTo  time.Duration
	Count uint64
}

// Stats are counts since the start.
type Stats struct {
	Started uint64
	// Missed are looks that were not begun, because their host was busy until it
	// was too late.
	Missed uint64
	// Flying is how many are under way.
	Flying int64
	// Late says how late looks began, in classes; Sum is all lateness together.
	Late []Lateness
	Sum  time.Duration
}

// Stats may be called at any time.
func (s *Scheduler) Stats() Stats {
	out := Stats{Missed: s.stats.missed.Load(), Flying: s.stats.flying.Load(), Sum: time.Duration(s.stats.sum.Load())}
	bounds := latenessBounds()
	for i := range s.stats.lateness {
		l := Lateness{Count: s.stats.lateness[i].Load()}
		if i < len(bounds) {
			l.UpTo = bounds[i]
		}
		out.Started += l.Count
		out.Late = append(out.Late, l)
	}
	return out
}
