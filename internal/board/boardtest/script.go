package boardtest

import (
	"hash/fnv"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Regions are where the story is seen from.
func Regions() []uptime.Region {
	return []uptime.Region{
		{ID: "ap-southeast", City: "Singapore"},
		{ID: "eu-central", City: "Frankfurt"},
		{ID: "eu-west", City: "London"},
		{ID: "us-east", City: "New York"},
		{ID: "us-west", City: "San Francisco"},
	}
}

// spell is a time in which a server was not simply live.
type spell struct {
	from, to time.Time
	state    uptime.State
	cause    uptime.Cause
	regions  []string // that failed; empty means all
	planned  bool     // maintenance
	note     string   // what the operator says
	slow     bool     // answers took 5 s or longer
}

func (s spell) covers(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }

// script is what happened to one server.
type script struct {
	slug, name, group, url, text string

	access    uptime.Access
	transport uptime.Transport
	regions   []string
	days      int // that were measured; 0 means that it is new
	paused    bool
	typical   time.Duration // handshake
	spells    []spell       // in order, not overlapping
	contract  uptime.Contract
	shown     map[string]string // tools hash of regions that show another
	drifts    []driftScript
	tlsDays   int // zero: no TLS
	objective float64
	windows   []uptime.Window
	guest     bool
}

func (s *script) id() uptime.ServerID { return uptime.ServerID("srv_" + s.slug) }

func (s *script) complete() {
	if s.regions == nil {
		for _, r := range Regions() {
			s.regions = append(s.regions, r.ID)
		}
	}
	slices.SortFunc(s.spells, func(a, b spell) int { return a.from.Compare(b.from) })
	if s.transport == "" {
		s.transport = uptime.StreamableHTTP
	}
	if s.days > 0 && s.access == "" {
		s.access = uptime.AccessOpen
	}
	for i := range s.windows {
		s.windows[i].Tenant = Tenant
	}
}

// at returns what was so at a moment; the zero spell when all was well.
func (s *script) at(t time.Time) spell {
	for _, sp := range s.spells {
		if sp.covers(t) {
			return sp
		}
	}
	return spell{state: uptime.Live}
}

// begins is when the server was first probed.
func (s *script) begins(now time.Time) time.Time {
	return uptime.DayOf(now).Time().AddDate(0, 0, 1-s.days).Add(7 * time.Hour)
}

// noise is a number in [0, 1) that depends on the server and n alone.
func (s *script) noise(n int64) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.slug)) // a hash does not fail
	for i := range 8 {
		_, _ = h.Write([]byte{byte(n >> (8 * i))})
	}
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x%10_000) / 10_000
}

// latency is the handshake time at a minute.
func (s *script) latency(m uptime.Minute) time.Duration {
	wave := float64(m.OfDay()%720) / 720 // twice a day
	scale := 0.8 + 0.5*wave*(1-wave)*4 + 0.3*s.noise(int64(m))
	d := time.Duration(float64(s.typical) * scale)
	if s.at(m.Time()).slow {
		d = d*4 + 4*time.Second
	}
	return d.Round(time.Millisecond)
}

// cell is a minute of the server; the zero cell when it was not measured.
func (s *script) cell(m uptime.Minute, now time.Time) uptime.MinuteCell {
	t := m.Time()
	if s.days == 0 || s.paused || t.Before(s.begins(now)) || t.After(now) {
		return uptime.MinuteCell{}
	}
	sp := s.at(t)
	c := uptime.MinuteCell{State: sp.state, Cause: sp.cause, Maintenance: sp.planned}
	if sp.state == uptime.Live || sp.state == uptime.Degraded {
		c.Latency = s.latency(m)
	}
	for _, r := range s.regions {
		c.Regions = append(c.Regions, uptime.RegionState{Region: r, State: s.regionState(sp, r)})
	}
	return c
}

func (s *script) regionState(sp spell, region string) uptime.State {
	if len(sp.regions) == 0 {
		return sp.state
	}
	if slices.Contains(sp.regions, region) {
		return uptime.Down
	}
	return uptime.Live
}

// counts counts the minutes of [from, to).
func (s *script) counts(from, to, now time.Time) uptime.Counts {
	total := int(to.Sub(from) / time.Minute)
	c := uptime.Counts{Unknown: total}
	if s.days == 0 || s.paused {
		return c
	}
	live := minutesIn(from, to, s.begins(now), now)
	for _, sp := range s.spells {
		n := minutesIn(from, to, sp.from, earlier(sp.to, now))
		live -= n
		count(&c, sp, n)
	}
	c.Live = live
	c.Unknown = total - c.Measured() - c.Maintenance
	return c
}

func count(c *uptime.Counts, sp spell, n int) {
	switch {
	case sp.planned:
		c.Maintenance += n
	case sp.state == uptime.Down:
		c.Down += n
	case sp.state == uptime.Degraded:
		c.Degraded += n
	}
	if sp.slow {
		c.Slow += n
	}
}

func minutesIn(from, to, a, b time.Time) int {
	if a.Before(from) {
		a = from
	}
	if b.After(to) {
		b = to
	}
	return max(0, int(b.Sub(a)/time.Minute))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// day is one day of the server.
func (s *script) day(d uptime.Day, now time.Time) uptime.DayStat {
	from, to := d.Time(), earlier((d+1).Time(), now)
	stat := uptime.DayStat{Day: d, Counts: s.counts(from, to, now)}
	if stat.Measured() > 0 {
		stat.P50 = time.Duration(float64(s.typical) * (0.9 + 0.3*s.noise(int64(d))))
		stat.P95 = time.Duration(float64(stat.P50) * (1.6 + 0.5*s.noise(int64(d)+1)))
		stat.Samples = stat.Live + stat.Degraded
		if stat.Slow > 0 {
			stat.P95 += 5 * time.Second
		}
	}
	for _, sp := range s.spells {
		if sp.from.Before(to) && sp.to.After(from) && sp.cause != "" && !sp.planned {
			stat.Worst = sp.cause
		}
	}
	for _, r := range s.regions {
		stat.Regions = append(stat.Regions, uptime.RegionDay{Region: r, Counts: s.regionCounts(stat.Counts, r, from, to, now)})
	}
	return stat
}

// regionCounts is the day as one region saw it: what only others failed was
// well here.
func (s *script) regionCounts(c uptime.Counts, region string, from, to, now time.Time) uptime.Counts {
	for _, sp := range s.spells {
		if sp.planned || len(sp.regions) == 0 {
			continue
		}
		n := minutesIn(from, to, sp.from, earlier(sp.to, now))
		taken := spell{state: sp.state}
		count(&c, taken, -n)
		if slices.Contains(sp.regions, region) {
			c.Down += n
		} else {
			c.Live += n
		}
	}
	return c
}

func (s *script) summary(now time.Time) uptime.Summary {
	back := func(days int) uptime.Counts { return s.counts(now.AddDate(0, 0, -days), now, now) }
	sum := uptime.Summary{H24: back(1), D7: back(7), D30: back(30), D90: back(90)}
	if sum.H24.Measured() == 0 {
		return sum
	}
	today := s.day(uptime.DayOf(now)-1, now)
	sum.P50, sum.P95, sum.Samples = today.P50, today.P95, sum.H24.Live+sum.H24.Degraded
	sum.P95D7 = time.Duration(float64(s.typical) * 1.9)
	return sum
}

func (s *script) spark(now time.Time) []uptime.LatencyPoint {
	out := make([]uptime.LatencyPoint, 24)
	first := now.Truncate(time.Hour).Add(-23 * time.Hour)
	for i := range out {
		out[i] = s.point(first.Add(time.Duration(i)*time.Hour), time.Hour, now)
	}
	return out
}

// point is the latency over a piece of time.
func (s *script) point(from time.Time, step time.Duration, now time.Time) uptime.LatencyPoint {
	p := uptime.LatencyPoint{At: from}
	var all []time.Duration
	stride := max(time.Minute, step/60)
	for t := from; t.Before(from.Add(step)); t = t.Add(stride) {
		if c := s.cell(uptime.MinuteOf(t), now); c.Latency > 0 {
			all = append(all, c.Latency)
		}
	}
	if p.Samples = len(all); p.Samples > 0 {
		slices.Sort(all)
		p.P50, p.P95 = all[len(all)/2], all[len(all)*95/100]
	}
	return p
}

func (s *script) budget(sum uptime.Summary) *uptime.Budget {
	if s.objective == 0 {
		return nil
	}
	c := sum.D30
	b := &uptime.Budget{
		Objective: uptime.Objective{Percent: s.objective, Window: 30 * 24 * time.Hour},
		Bad:       c.Down + c.Slow, Good: c.Measured() - c.Down - c.Slow,
	}
	b.Allowed = float64(c.Measured()) * (100 - s.objective) / 100
	b.Left = 1 - float64(b.Bad)/max(b.Allowed, 1)
	if b.Bad > 0 {
		b.Burn1h, b.Burn6h = 1.4, 0.6
	}
	return b
}

// row is the server at a glance.
func (b *Board) row(s *script) *board.Row {
	now := b.now
	r := &board.Row{
		Tenant: Tenant, Server: s.id(), Slug: s.slug, Name: s.name, Group: s.group, URL: s.url, Description: s.text,
		Transport: s.transport, Interval: time.Minute, Paused: s.paused, Guest: s.guest,
		Summary: s.summary(now), Spark: s.spark(now), Access: s.access,
		Tools: s.contract.Tools, ToolsHash: s.contract.Hash,
	}
	r.Budget = s.budget(r.Summary)
	b.judge(r, s)
	r.Cells = s.cells(r.Verdict)
	b.records(r, s)
	r.ToolsSince = s.toolsSince(r, now)
	return r
}

// cells are the regions of the server and what each argued for.
func (s *script) cells(v *uptime.Verdict) []board.CityCell {
	var out []board.CityCell
	for _, id := range s.regions {
		cell := board.CityCell{Region: id, City: City(id)}
		if v != nil {
			if rep := reportOf(v, id); rep != nil {
				cell.State = rep.State
			}
		}
		out = append(out, cell)
	}
	return out
}

// toolsSince is when the newest drift came or went, else the first day.
func (s *script) toolsSince(r *board.Row, now time.Time) time.Time {
	switch {
	case r.ToolsHash == "":
		return time.Time{}
	case r.Drift != nil && !r.Drift.Reverted.IsZero():
		return r.Drift.Reverted
	case r.Drift != nil:
		return r.Drift.Detected
	}
	for _, d := range s.lastDays(now) {
		if d.Measured() > 0 {
			return d.Day.Time()
		}
	}
	return time.Time{}
}

func (b *Board) judge(r *board.Row, s *script) {
	if s.days == 0 {
		return
	}
	if s.paused {
		r.LastProbe = b.now.Add(-72 * time.Hour)
		r.Since = r.LastProbe
		return
	}
	v := s.verdict(b.now)
	r.Verdict, r.State, r.LastProbe = &v, v.State, v.Cycle
	r.Since = b.now.Add(-12*24*time.Hour + 3*time.Hour)
	if sp := s.at(v.Cycle); sp.state != uptime.Live {
		r.Since = sp.from
	}
	r.DownLong = r.State == uptime.Down && b.now.Sub(r.Since) > 15*time.Minute
}

func (b *Board) records(r *board.Row, s *script) {
	for i := range b.incidents {
		if in := b.incidents[i].Incident; in.Server == r.Server && in.Open() {
			r.Incident = &in
		}
	}
	for i := range s.drifts {
		d := s.drifts[i].view(s).Drift
		if r.Drift == nil || d.Detected.After(r.Drift.Detected) {
			r.Drift = &d
		}
		if d.Open() && (r.OpenDrift == nil || d.Class > r.OpenDrift.Class) {
			r.OpenDrift = &d
		}
	}
	r.Drift24h = r.Drift != nil && b.now.Sub(r.Drift.Detected) < 24*time.Hour
	for i := range s.windows {
		if w := &s.windows[i]; !b.now.Before(w.From) && b.now.Before(w.To) {
			r.Window = w
		}
	}
}

// City names a region of the story.
func City(id string) string { return (&uptime.Plan{Regions: Regions()}).City(id) }
