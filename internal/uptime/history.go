package uptime

import "time"

// MinuteCell is one minute of a server's history. The zero value is a minute
// that nobody measured.
type MinuteCell struct {
	State State
	Cause Cause
	// Latency is the handshake time of the slowest region; zero when there is
	// none. It is kept with an error of at most 4 %.
	Latency time.Duration
	// Maintenance marks a minute inside a planned window.
	Maintenance bool
	// Regions holds what each region's cell argued for; a region that is missing
	// did not report.
	Regions []RegionState
}

// RegionState is what one region saw.
type RegionState struct {
	Region string
	State  State
}

// Counts counts minutes by what they were.
type Counts struct { //nolint:recvcheck // Add changes it, the questions are asked of values
	Live, Degraded, Down int
	// Unknown are minutes without evidence either way, measured or not.
	Unknown int
	// Maintenance are minutes inside planned windows, whatever was seen in them.
	Maintenance int
	// Slow are those of Live and Degraded whose handshake took 5 s or longer:
	// together with Down they are what a service level objective counts as bad.
	Slow int
}

// Add adds the counts of o.
func (c *Counts) Add(o Counts) {
	c.Live += o.Live
	c.Degraded += o.Degraded
	c.Down += o.Down
	c.Unknown += o.Unknown
	c.Maintenance += o.Maintenance
	c.Slow += o.Slow
}

// CountMinutes counts minutes by what they were. Slow stays zero: a minute does
// not keep its latency exactly enough.
func CountMinutes(cells []MinuteCell) (c Counts) {
	for i := range cells {
		switch m := &cells[i]; {
		case m.Maintenance:
			c.Maintenance++
		case m.State == Live:
			c.Live++
		case m.State == Degraded:
			c.Degraded++
		case m.State == Down:
			c.Down++
		default:
			c.Unknown++
		}
	}
	return c
}

// Measured is how many minutes count: Live, Degraded and Down.
func (c Counts) Measured() int { return c.Live + c.Degraded + c.Down }

// Total is how many minutes there are.
func (c Counts) Total() int { return c.Measured() + c.Unknown + c.Maintenance }

// Uptime is the share of measured minutes that were not Down, in percent from 0
// to 100; ok is false when nothing was measured. Unknown and maintenance count
// on neither side.
func (c Counts) Uptime() (percent float64, ok bool) {
	if c.Measured() == 0 {
		return 0, false
	}
	return 100 * float64(c.Live+c.Degraded) / float64(c.Measured()), true
}

// Strict returns the counts under which a Degraded minute is no better than a
// Down one.
func (c Counts) Strict() Counts {
	c.Down += c.Degraded
	c.Degraded = 0
	return c
}

// DayStat is one UTC day of a server.
type DayStat struct {
	Day Day
	Counts
	// P50 and P95 are quantiles of the handshake times of the day's minutes; zero
	// without samples.
	P50, P95 time.Duration
	Samples  int
	// Worst is the cause of most of the Down minutes, or else of the Degraded
	// ones.
	Worst Cause
	// Regions are sorted by region.
	Regions []RegionDay
	// Demo marks an invented day.
	Demo bool
}

// RegionDay is one day of a server as one region saw it.
type RegionDay struct {
	Region string
	Counts
}

// LatencyPoint is a latency over a piece of time; zero durations without
// samples.
type LatencyPoint struct {
	At       time.Time
	P50, P95 time.Duration
	Samples  int
}

// Summary is what a glance at a server's history says.
type Summary struct {
	H24, D7, D30, D90 Counts
	// P50 and P95 are of the last 24 hours; P95D7 is the baseline that slowness
	// is measured against.
	P50, P95, P95D7 time.Duration
	Samples         int // of the last 24 hours
}

// Objective is a service level objective: a share of minutes in which the
// handshake completes within 5 s.
type Objective struct {
	// Percent is in (0, 100), such as 99.9.
	Percent float64
	// Window is what the share is taken over; 30 days by default.
	Window time.Duration
}

// Budget is how much failing an objective still allows.
type Budget struct {
	Objective Objective
	// Good and Bad are the minutes of the window so far.
	Good, Bad int
	// Allowed is how many bad minutes the window has room for.
	Allowed float64
	// Left is the share of the budget that is left: 1 untouched, 0 used up,
	// negative when the objective is missed.
	Left float64
	// Burn1h and Burn6h are how many times faster than sustainable the budget was
	// used over the last hour and six hours; 1 uses it up exactly at the end of
	// the window.
	Burn1h, Burn6h float64
}
