package demo

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Day invents one day of a server, seen from these regions. today is the day
// that the spells are counted back from. The same arguments give the same day.
func (r Role) Day(day, today uptime.Day, regions []string) []uptime.MinuteCell {
	ago := int(today - day)
	cells := make([]uptime.MinuteCell, uptime.MinutesPerDay)
	if ago > r.Age {
		return cells
	}
	dice := rand.New(rand.NewPCG(seed(r.Slug), uint64(day))) //nolint:gosec // an invented past needs no secrecy
	for m := range cells {
		cells[m] = r.minute(dice, m, regions)
	}
	for _, s := range r.spells {
		s.cast(cells, ago, regions, dice)
	}
	cut().cast(cells, ago, nil, dice)
	return cells
}

// Today invents today until now: what is wrong lately is wrong in its last
// minutes.
func (r Role) Today(now time.Time, regions []string) []uptime.MinuteCell {
	today := uptime.DayOf(now)
	cells := r.Day(today, today, regions)
	end := uptime.MinuteOf(now).OfDay()
	dice := rand.New(rand.NewPCG(seed(r.Slug), 0)) //nolint:gosec // as above
	s := spell{state: r.Lately.State, cause: r.Lately.Cause}
	for m := max(0, end-int(r.Lately.For/time.Minute)); r.Lately.For > 0 && m < len(cells); m++ {
		cells[m] = s.over(cells[m], regions, dice)
	}
	return cells
}

func seed(slug string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(slug)) // a hash does not fail
	return h.Sum64()
}

// minute invents a minute in which nothing special happens.
func (r Role) minute(dice *rand.Rand, m int, regions []string) uptime.MinuteCell {
	c := uptime.MinuteCell{State: uptime.Live, Latency: r.latency(dice, m)}
	for _, id := range regions {
		c.Regions = append(c.Regions, uptime.RegionState{Region: id, State: uptime.Live})
	}
	if dice.IntN(10_000) < r.Noise {
		c.State, c.Cause = uptime.Degraded, uptime.FirstByteTimeout
		c.Regions[dice.IntN(len(c.Regions))].State = uptime.Down
	}
	return c
}

// latency follows the hour: the working day is slower than the night, and a few
// answers take much longer.
func (r Role) latency(dice *rand.Rand, m int) time.Duration {
	hour := float64(m) / 60
	load := 1 + 0.35*math.Max(0, math.Sin((hour-6)/14*math.Pi))
	spread := math.Exp(dice.NormFloat64() * 0.12)
	if dice.IntN(40) == 0 {
		spread *= 1.5 + dice.Float64()
	}
	return time.Duration(float64(r.Base) * load * spread)
}

// cast puts the spell over a day.
func (s spell) cast(cells []uptime.MinuteCell, ago int, regions []string, dice *rand.Rand) {
	if ago != s.ago {
		return
	}
	for m := s.at; m < min(s.at+s.long, len(cells)); m++ {
		cells[m] = s.over(cells[m], regions, dice)
	}
}

// over is a minute under the spell. A spell of no region is that nobody looked.
func (s spell) over(c uptime.MinuteCell, regions []string, dice *rand.Rand) uptime.MinuteCell {
	if regions == nil {
		return uptime.MinuteCell{}
	}
	c.State, c.Cause, c.Maintenance = s.state, s.cause, s.planned
	for i := range c.Regions {
		if s.only == 0 || s.only == i+1 {
			c.Regions[i].State = s.state
		}
	}
	if s.only > 0 && s.only <= len(c.Regions) {
		c.Regions[s.only-1].State = uptime.Down
	}
	switch {
	case s.state == uptime.Down || s.state == uptime.Unknown:
		c.Latency = 0
	case s.cause == "": // slow
		c.Latency = 5300*time.Millisecond + time.Duration(dice.IntN(900))*time.Millisecond
	}
	return c
}
