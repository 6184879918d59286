package audit

import (
	"cmp"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Rule is a row of the table that puts endpoints in buckets: the first that holds
// decides.
type Rule struct {
	Bucket uptime.AuditBucket `json:"bucket"`
	Words  string             `json:"words"`
	holds  func(*sight) bool
}

// Table returns the rows in the order in which they are tried. For every endpoint
// one of them holds. A region passes when more than half of its judged looks are
// ok; one without judged looks counts on neither side.
func Table() []Rule {
	rows := []Rule{
		{uptime.BucketTemplated, "It cannot be probed by anyone: its address has variables without values, is an example, leads to the reader's own machine or network, or is no address.", func(s *sight) bool { return !s.remote }},
		{uptime.BucketLimited, "Fewer than half of its looks could be judged, and most of the others were answered with a limit or a puzzle.", func(s *sight) bool {
			return s.unjudged() && 2*s.of[ClassLimited] > s.expected-s.judged
		}},
		{uptime.BucketUnknown, "Fewer than half of its looks could be judged.", (*sight).unjudged},
		{uptime.BucketCredentialed, "Strangers are served in every region, and the published token failed in most of the rounds in which it was judged.", func(s *sight) bool {
			return s.allPass() && 2*s.tokenFailed > s.tokenRounds
		}},
		{uptime.BucketDrift, "It passes in every region, and its tools differ between two rounds of the same region.", func(s *sight) bool {
			return s.allPass() && s.drifted
		}},
		{uptime.BucketStable, "It passes in every region.", (*sight).allPass},
		{uptime.BucketRegional, "It passes in some regions and not in others.", func(s *sight) bool { return s.pass > 0 }},
	}
	for _, worst := range worstFirst() {
		rows = append(rows, Rule{worst.bucket, worst.words, func(s *sight) bool { return s.most() == worst.class }})
	}
	return rows
}

// failing is a class of looks with the bucket of endpoints that fail so.
type failing struct {
	class  Class
	bucket uptime.AuditBucket
	words  string
}

// worstFirst returns the ways to fail, in the order that decides between those
// that are equally frequent.
func worstFirst() []failing {
	const none = "It passes in no region, and its judged looks that were not ok "
	return []failing{
		{ClassDead, uptime.BucketDead, none + "were dead most often. Of ways to fail that are equally frequent, the one that stands first in this table decides."},
		{ClassNotMCP, uptime.BucketNotMCP, none + "were most often answered by something that is not an MCP server."},
		{ClassMalformed, uptime.BucketMalformed, none + "were most often malformed."},
		{ClassAuthBroken, uptime.BucketAuthBroken, none + "met most often a sign-in that cannot be completed."},
		{ClassAuthCustom, uptime.BucketAuthCustom, none + "were most often refused in a way of its own."},
		{ClassAuthProper, uptime.BucketAuthProper, none + "were most often refused with a sign-in that clients can complete."},
	}
}

// Buckets returns all buckets, in the order in which they are shown.
func Buckets() []uptime.AuditBucket {
	return []uptime.AuditBucket{
		uptime.BucketStable, uptime.BucketDrift, uptime.BucketRegional, uptime.BucketCredentialed,
		uptime.BucketAuthProper, uptime.BucketAuthCustom, uptime.BucketAuthBroken,
		uptime.BucketDead, uptime.BucketNotMCP, uptime.BucketMalformed,
		uptime.BucketTemplated, uptime.BucketLimited, uptime.BucketUnknown,
	}
}

// Classify returns the bucket of an endpoint from the looks of a run. Their order
// does not matter. Looks that do not belong to the run's rounds and regions are
// not counted; of two of one round and region the last is.
func Classify(run *uptime.AuditRun, t *uptime.AuditTarget, looks []uptime.AuditLook) uptime.AuditBucket {
	c := newClassifier(run)
	return c.bucket(c.see(t, looks))
}

// classifier keeps the tables, so that they are made once for all endpoints.
type classifier struct {
	run     *uptime.AuditRun
	regions map[string]int
	looks   []LookRule
	rules   []Rule
}

func newClassifier(run *uptime.AuditRun) *classifier {
	c := &classifier{run: run, regions: map[string]int{}, looks: LookTable(), rules: Table()}
	for i, r := range run.Regions {
		c.regions[r.ID] = i
	}
	return c
}

func (c *classifier) bucket(s *sight) uptime.AuditBucket {
	for _, rule := range c.rules {
		if rule.holds(s) {
			return rule.Bucket
		}
	}
	return uptime.BucketUnknown
}

// sight is what all looks at one endpoint say together.
type sight struct {
	remote   bool
	expected int
	judged   int
	of       map[Class]int
	// pass and fail count regions.
	pass, fail int
	drifted    bool
	// tokenRounds are the rounds in which a published token was judged, tokenFailed
	// those of them in most of whose regions it failed.
	tokenRounds, tokenFailed int
	// grid are the looks that count, by region and round; nil where there is none.
	// class are their classes.
	grid  [][]*uptime.AuditLook
	class [][]Class
	drift drifting
}

func (s *sight) unjudged() bool { return s.judged == 0 || 2*s.judged < s.expected }
func (s *sight) allPass() bool  { return s.pass > 0 && s.fail == 0 }

// most returns the most frequent way to fail.
func (s *sight) most() Class {
	ways := worstFirst()
	return slices.MaxFunc(ways, func(a, b failing) int { return cmp.Compare(s.of[a.class], s.of[b.class]) }).class
}

// see lays the looks out by region and round, and counts.
func (c *classifier) see(t *uptime.AuditTarget, looks []uptime.AuditLook) *sight {
	s := &sight{remote: t.Kind == uptime.EndpointRemote, expected: c.run.Rounds * len(c.run.Regions), of: map[Class]int{}}
	s.grid = make([][]*uptime.AuditLook, len(c.run.Regions))
	for i := range s.grid {
		s.grid[i] = make([]*uptime.AuditLook, c.run.Rounds)
	}
	for i := range looks {
		l := &looks[i]
		if r, ok := c.regions[l.Region]; ok && l.Round >= 1 && l.Round <= c.run.Rounds {
			s.grid[r][l.Round-1] = l
		}
	}
	s.class = make([][]Class, len(s.grid))
	for i, row := range s.grid {
		s.class[i] = make([]Class, len(row))
		s.region(c, row, s.class[i])
	}
	if t.Demo {
		s.token(c.run.Rounds)
	}
	return s
}

// region judges a region.
func (s *sight) region(c *classifier, row []*uptime.AuditLook, classes []Class) {
	judged, ok := 0, 0
	for i, l := range row {
		classes[i] = ClassUnknown
		if l != nil {
			classes[i] = classOf(c.looks, l)
		}
		s.of[classes[i]]++
		if classes[i].judged() {
			judged++
		}
		if classes[i] == ClassOK {
			ok++
		}
	}
	s.judged += judged
	switch {
	case 2*ok > judged:
		s.pass++
	case judged > 0:
		s.fail++
	}
	s.drift.region(row, classes)
	s.drifted = s.drift.changes > 0
}

// token counts the rounds in which the published token was judged, and those in
// which it failed: was Down, or Degraded, which is what a refused one is.
func (s *sight) token(rounds int) {
	for n := range rounds {
		bad, all := 0, 0
		for _, row := range s.grid {
			if l := row[n]; l != nil && l.Demo != uptime.Unknown {
				all++
				bad += count(l.Demo != uptime.Live)
			}
		}
		s.tokenRounds += count(all > 0)
		s.tokenFailed += count(2*bad > all)
	}
}

// drifting is how often the tools of an endpoint changed between rounds.
type drifting struct {
	// changes is the most that any region saw, contract the most changes of the
	// contract, and not only of the wording, that any region saw: maybe another one.
	changes, contract int
	// seen says that some region saw the tools in two rounds; back that they came
	// back to what they had been before.
	seen, back bool
}

// region counts the changes that a region saw, in looks that were ok.
func (d *drifting) region(row []*uptime.AuditLook, classes []Class) {
	var before []*uptime.AuditLook
	changes, contract := 0, 0
	for i, l := range row {
		if !showsTools(l, classes[i]) {
			continue
		}
		if n := len(before); n > 0 {
			d.seen = true
			changed, ofContract := differ(before[n-1], l)
			changes, contract = changes+count(changed), contract+count(ofContract)
			d.back = d.back || changed && slices.ContainsFunc(before[:n-1], func(b *uptime.AuditLook) bool {
				same, _ := differ(b, l)
				return !same
			})
		}
		before = append(before, l)
	}
	d.changes, d.contract = max(d.changes, changes), max(d.contract, contract)
}

// showsTools reports whether a look, which may be missing, can be compared.
func showsTools(l *uptime.AuditLook, class Class) bool {
	return l != nil && class == ClassOK && (l.ToolsHash != "" || l.ContractHash != "")
}

// differ reports whether the tools of two looks differ, and whether that is their
// contract. A hash that is missing differs from nothing.
func differ(a, b *uptime.AuditLook) (changed, contract bool) {
	contract = a.ContractHash != "" && b.ContractHash != "" && a.ContractHash != b.ContractHash
	return contract || a.ToolsHash != "" && b.ToolsHash != "" && a.ToolsHash != b.ToolsHash, contract
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
