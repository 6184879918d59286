package audit

import (
	"cmp"
	"maps"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// topPlatforms is how many platforms have a row of their own, topVersions how many
// revisions of the protocol: servers may call theirs what they like.
const (
	topPlatforms = 20
	topVersions  = 12
)

// noPlatform is the row of endpoints that are on none, because they are nowhere.
const noPlatform = "(none)"

// report puts together what was added up.
func (c *collector) report() *Report {
	r := &Report{
		Schema: Schema, Run: factsOf(c.run), Endpoints: c.tally.All(), Probed: c.tally.All() - c.tally.Of(uptime.BucketTemplated),
		Tokens: c.tokens, Headlines: headlines(&c.tally, Sampled(c.run)), Buckets: bucketRows(&c.tally, Sampled(c.run)),
		Rounds: c.rounds, Sources: c.sourceRows(),
		Eras: c.eras.rows(), Versions: c.versions.largest(topVersions), Transports: c.transports.rows(), SDKs: c.sdks.rows(),
		Failures: c.failureRows(), Latency: c.latencyRows(), Drift: c.drift.finish(c.rounds), Listed: c.listed.finish(),
		Cohort: c.past.cohort(Sampled(c.run)), Published: published(), LookTable: c.looks, Table: c.rules, tally: c.tally,
	}
	r.Run.Optouts += c.optouts
	r.Run.Attempts = c.attempts
	r.Unprobed = []NameCount{}
	for _, name := range slices.Sorted(maps.Keys(c.unprobed)) {
		r.Unprobed = append(r.Unprobed, NameCount{name, c.unprobed[name]})
	}
	slices.SortStableFunc(r.Unprobed, func(a, b NameCount) int { return cmp.Compare(b.Endpoints, a.Endpoints) })
	c.platformRows(r)
	return r
}

func bucketRows(t *Tally, sample bool) []BucketRow {
	out := make([]BucketRow, 0, buckets)
	n := t.All()
	for i, b := range Buckets() {
		row := BucketRow{Bucket: b, Name: bucketName(b), Endpoints: t[i], Percent: percent(t[i], n)}
		if sample && n > 0 {
			row.Low, row.High = wilson(t[i], n)
		}
		out = append(out, row)
	}
	return out
}

// platformRows sets the largest platforms, the rest, and the headlines without
// the largest.
func (c *collector) platformRows(r *Report) {
	rows := c.platforms.rows()
	r.PlatformCount = len(rows)
	if i := slices.IndexFunc(rows, func(row GroupRow) bool { return row.Name != noPlatform }); i >= 0 && len(rows) > 1 {
		rest := c.tally.minus(rows[i].Buckets)
		r.Without = &Without{Platform: rows[i].Name, Endpoints: rows[i].Endpoints, Headlines: headlines(&rest, Sampled(c.run))}
	}
	r.Platforms = rows[:min(len(rows), topPlatforms)]
	if len(rows) > topPlatforms {
		rest := c.tally
		for _, row := range r.Platforms {
			rest = rest.minus(row.Buckets)
		}
		others := groupRow("all others", rest)
		r.Others = &others
	}
}

// sourceRows returns the registries: those that list something first, then those
// that were not read.
func (c *collector) sourceRows() []SourceRow {
	for i := range c.run.Crawls {
		if name := plain(string(c.run.Crawls[i].Source)); c.sources[name] == nil {
			c.sources[name] = &Tally{}
		}
	}
	out := []SourceRow{}
	for _, row := range c.sources.rows() {
		s := SourceRow{GroupRow: row, Crawls: []CrawlRow{}}
		for i := range c.run.Crawls {
			if crawl := &c.run.Crawls[i]; plain(string(crawl.Source)) == row.Name {
				s.Crawls = append(s.Crawls, crawlRow(crawl))
			}
		}
		slices.SortStableFunc(s.Crawls, func(a, b CrawlRow) int { return a.From.Compare(b.From) })
		out = append(out, s)
	}
	return out
}

// crawlRow says how a registry was read. Why it failed is not for a report: what went
// wrong can name the addresses of private mirrors, or repeat what was answered.
func crawlRow(c *uptime.Crawl) CrawlRow {
	refused, why := 0, plain(c.Why)
	if c.State == uptime.CrawlFailed {
		why = ""
	}
	for _, n := range c.Refused {
		refused += n
	}
	return CrawlRow{
		State: c.State, Why: why, Access: c.Access, From: c.Began.UTC(), To: c.Ended.UTC(), Since: c.Since.UTC(),
		Records: c.Records, Listings: c.Listings, Previous: c.Previous, Refused: refused,
	}
}

func (c *collector) failureRows() []FailureRow {
	out := []FailureRow{}
	for _, cause := range slices.Sorted(maps.Keys(c.failures)) {
		out = append(out, *c.failures[cause])
	}
	slices.SortStableFunc(out, func(a, b FailureRow) int {
		return cmp.Or(cmp.Compare(b.Endpoints, a.Endpoints), cmp.Compare(b.Looks, a.Looks))
	})
	return out
}

func (c *collector) latencyRows() []LatencyRow {
	var out []LatencyRow
	for i, city := range cities(c.run) {
		out = append(out, c.latency[i].row(city))
	}
	return append(out, c.latency[len(c.latency)-1].row(""))
}
