package audit

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// collector adds up the evidence, endpoint by endpoint. What it keeps grows with
// the endpoints, by little, and not with the looks.
type collector struct {
	classifier
	tally      Tally
	tokens     int // endpoints with a published token
	attempts   int // the most of a look
	optouts    int // those that opted out after the run was planned
	unprobed   map[string]int
	rounds     []RoundRow
	sources    groups
	platforms  groups
	eras       groups
	versions   groups
	transports groups
	sdks       groups
	failures   map[uptime.Cause]*FailureRow
	latency    []*histogram // of regions, then of all
	drift      DriftFacts
	listed     listedCounter
	past       *past
	// modes is room for counting, used again for each endpoint.
	modes mode
}

// groups are tallies by what endpoints have in common.
type groups map[string]*Tally

func (g groups) add(name string, b uptime.AuditBucket) {
	if g[name] == nil {
		g[name] = &Tally{}
	}
	g[name].add(b)
}

// rows returns them, the largest first.
func (g groups) rows() []GroupRow {
	out := make([]GroupRow, 0, len(g))
	for _, name := range slices.Sorted(maps.Keys(g)) {
		out = append(out, groupRow(name, *g[name]))
	}
	slices.SortStableFunc(out, func(a, b GroupRow) int { return cmp.Compare(b.Endpoints, a.Endpoints) })
	return out
}

// largest returns at most n of them, the last of which is all others together.
func (g groups) largest(n int) []GroupRow {
	rows := g.rows()
	if len(rows) <= n {
		return rows
	}
	var rest Tally
	for _, row := range rows[n-1:] {
		rest = rest.plus(row.Buckets)
	}
	return append(rows[:n-1:n-1], groupRow("all others", rest))
}

func newCollector(run *uptime.AuditRun) *collector {
	c := &collector{
		classifier: *newClassifier(run), unprobed: map[string]int{}, rounds: make([]RoundRow, run.Rounds),
		sources: groups{}, platforms: groups{}, eras: groups{}, versions: groups{}, transports: groups{}, sdks: groups{},
		failures: map[uptime.Cause]*FailureRow{}, drift: newDriftFacts(run.Rounds), listed: newListedCounter(), modes: mode{},
	}
	for i := range c.rounds {
		c.rounds[i].Round = i + 1
	}
	for range len(run.Regions) + 1 {
		c.latency = append(c.latency, &histogram{})
	}
	return c
}

// add takes an endpoint with its looks.
func (c *collector) add(t *uptime.AuditTarget, looks []uptime.AuditLook) error {
	if t.Optout {
		c.optouts++
		return nil
	}
	s := c.see(t, looks)
	b := c.bucket(s)
	if !t.Gone.IsZero() {
		c.listed.gone(b)
		return nil
	}
	c.tally.add(b)
	c.past.meet(t.Key, b)
	f := c.live(s)
	c.group(t, &f, b)
	if !s.remote {
		c.unprobed[kindWords(t.Kind)]++
		return nil
	}
	c.tokens += count(t.Demo)
	c.countRounds(s)
	c.countFailures(s)
	c.countLatency(s)
	c.drift.add(s)
	c.listed.add(t, &f)
	return nil
}

// facts is what most looks at an endpoint say of it; empty where none says
// anything.
type facts struct {
	era, version, transport, sdk, serverVer, tools string
}

// live returns what the server says of itself.
func (c *collector) live(s *sight) facts {
	return facts{
		era:       c.modes.of(s, func(l *uptime.AuditLook) string { return string(l.Era) }),
		version:   c.modes.of(s, greeted(func(l *uptime.AuditLook) string { return l.Version })),
		transport: c.modes.of(s, greeted(func(l *uptime.AuditLook) string { return string(l.Transport) })),
		sdk:       c.modes.of(s, func(l *uptime.AuditLook) string { return l.SDK }),
		serverVer: c.modes.of(s, func(l *uptime.AuditLook) string { return l.ServerVer }),
		tools: c.modes.of(s, func(l *uptime.AuditLook) string {
			if l.Tools == 0 {
				return ""
			}
			return l.ToolsHash
		}),
	}
}

// greeted returns a value of looks in which the handshake was complete. What others
// have is what was tried, or what the server wanted and nobody speaks.
func greeted(value func(*uptime.AuditLook) string) func(*uptime.AuditLook) string {
	return func(l *uptime.AuditLook) string {
		if l.Era == "" && (l.State != uptime.Live || l.Access != uptime.AccessOpen) {
			return ""
		}
		return value(l)
	}
}

// mode counts values.
type mode map[string]int

// of returns the most frequent value that is not empty; of equally frequent ones
// the first of the alphabet.
func (m mode) of(s *sight, value func(*uptime.AuditLook) string) string {
	clear(m)
	for _, row := range s.grid {
		for _, l := range row {
			if l != nil {
				m[value(l)]++
			}
		}
	}
	delete(m, "")
	best := ""
	for v, n := range m {
		if best == "" || n > m[best] || n == m[best] && v < best {
			best = v
		}
	}
	return best
}

// group counts an endpoint in each of its groups. Era, version, transport and
// library are known only of those that once completed a handshake.
func (c *collector) group(t *uptime.AuditTarget, f *facts, b uptime.AuditBucket) {
	for _, source := range t.Sources {
		c.sources.add(plain(string(source)), b)
	}
	c.platforms.add(cmp.Or(plain(t.Platform), noPlatform), b)
	if f.version == "" {
		return
	}
	c.versions.add(plain(f.version), b)
	c.eras.add(cmp.Or(f.era, "(unknown)"), b)
	c.transports.add(cmp.Or(f.transport, "(unknown)"), b)
	c.sdks.add(cmp.Or(plain(f.sdk), "(no guess)"), b)
}

// countRounds notes when the looks were made.
func (c *collector) countRounds(s *sight) {
	for _, row := range s.grid {
		for i, l := range row {
			r := &c.rounds[i]
			if l == nil {
				r.Missing++
				continue
			}
			r.Looks++
			r.span(l.At)
			c.attempts = max(c.attempts, l.Attempts)
			if i > 0 && row[i-1] != nil && l.At.Sub(row[i-1].At) < c.run.Gap/2 {
				r.Early++
			}
		}
	}
}

func (r *RoundRow) span(at time.Time) {
	at = at.UTC()
	if r.From.IsZero() || at.Before(r.From) {
		r.From = at
	}
	if at.After(r.To) {
		r.To = at
	}
}

// countFailures counts the causes of looks that were not ok, and the most
// frequent one of the endpoint.
func (c *collector) countFailures(s *sight) {
	clear(c.modes)
	for i, row := range s.grid {
		for n, l := range row {
			if cause := causeOf(l, s.class[i][n]); cause != "" {
				c.failure(cause).Looks++
				c.modes[string(cause)]++
			}
		}
	}
	if s.allPass() {
		return
	}
	var most uptime.Cause
	for _, cause := range uptime.Causes() {
		if n := c.modes[string(cause)]; n > c.modes[string(most)] {
			most = cause
		}
	}
	if most != "" {
		c.failure(most).Endpoints++
	}
}

// causeOf returns why a look was not ok; empty when it was, or when it met a
// proper sign-in, which is no failure.
func causeOf(l *uptime.AuditLook, class Class) uptime.Cause {
	switch {
	case l == nil || class == ClassOK || class == ClassAuthProper:
		return ""
	case l.Cause == "" && class == ClassMalformed:
		return uptime.ToolsMalformed
	case l.Cause == "" && class == ClassAuthBroken:
		return uptime.AuthBroken
	}
	return l.Cause
}

func (c *collector) failure(cause uptime.Cause) *FailureRow {
	if c.failures[cause] == nil {
		c.failures[cause] = &FailureRow{Cause: cause, Reason: cause.Reason(), Words: causeWords(cause)}
	}
	return c.failures[cause]
}

func (c *collector) countLatency(s *sight) {
	for i, row := range s.grid {
		for n, l := range row {
			if s.class[i][n] == ClassOK && l.Handshake > 0 {
				c.latency[i].add(l.Handshake)
				c.latency[len(c.latency)-1].add(l.Handshake)
			}
		}
	}
}

// histogram counts milliseconds, each exactly, up to what an attempt may take
// thrice over; what took longer counts as that.
type histogram struct {
	n  int
	at [60_001]uint32
}

func (h *histogram) add(ms int) {
	h.n++
	h.at[min(ms, len(h.at)-1)]++
}

// quantile returns the smallest time that at least q per cent did not exceed.
func (h *histogram) quantile(q int) int {
	rank, seen := (h.n*q+99)/100, 0
	for ms, n := range h.at {
		if seen += int(n); seen >= rank && seen > 0 {
			return ms
		}
	}
	return 0
}

func (h *histogram) row(region string) LatencyRow {
	return LatencyRow{Region: region, Looks: h.n, P50: h.quantile(50), P90: h.quantile(90), P95: h.quantile(95), P99: h.quantile(99)}
}
