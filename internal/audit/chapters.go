package audit

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// documentOf returns a report as it is read.
func documentOf(r *Report) *document {
	d := &document{Title: titleOf(r), Kicker: "Audit " + plain(string(r.Run.ID)) + ", " + period(r), Lead: lead(r), Final: !r.Run.Ended.IsZero(), Cards: cards(r)}
	if r.Endpoints > 0 {
		d.Waffle = newWaffle("Of a hundred endpoints", groupBar(&r.tally))
	}
	d.Chapters = []chapter{
		bucketChapter(r), sourceChapter(r), platformChapter(r), protocolChapter(r), failureChapter(r), latencyChapter(r),
		driftChapter(r), listedChapter(r), cohortChapter(r), publishedChapter(r), methodChapter(r), tableChapter(r),
	}
	return d
}

// period says from when to when was looked.
func period(r *Report) string {
	first, last := day(r.Run.Began), day(r.Run.Began)
	for _, round := range r.Rounds {
		if !round.To.IsZero() {
			last = day(round.To)
		}
	}
	if first == last {
		return first
	}
	return first + " to " + last
}

func titleOf(r *Report) string {
	strict := r.Headlines[0]
	if strict.Percent == nil {
		return "No endpoints were counted"
	}
	share := percentage(strict.Percent)
	if r.Run.Sample > 0 {
		share = "About " + share
	}
	return share + " of the MCP endpoints that registries list are healthy"
}

// lead sums the report up in words.
func lead(r *Report) []string {
	t := &r.tally
	if t.All() == 0 {
		return []string{"There was nothing to count: no registry that was read lists an endpoint."}
	}
	return []string{
		fmt.Sprintf("We counted %s, and looked at each of the %s that can be probed %s, from %s: a real handshake, and the list of tools.",
			countedWords(r), number(r.Probed), often(&r.Run), amount(len(r.Run.Regions), "region", "regions")),
		healthyWords(r),
		fmt.Sprintf("%s dead: the name leads nowhere, nothing connects, or no answer comes in time. At %s something answers that is not an MCP server. %s for a sign-in; %s of these so that clients can complete it by themselves.",
			amount(t.Of(uptime.BucketDead), "is", "are"), number(t.Of(uptime.BucketNotMCP)), amount(t.Of(authBuckets()...), "asks", "ask"), number(t.Of(uptime.BucketAuthProper))),
		fmt.Sprintf("%s could not be judged: they limited us, or looks are missing or failed through our own fault.", number(r.Headlines[2].Numerator)),
	}
}

// countedWords says what was counted: all, or what was drawn of all.
func countedWords(r *Report) string {
	if r.Run.Sample > 0 {
		return fmt.Sprintf("%s drawn from the %s that registries list", amount(r.Endpoints, "endpoint", "endpoints"), number(r.Run.Population))
	}
	return amount(r.Endpoints, "endpoint", "endpoints") + " that registries list"
}

// often says how often was looked.
func often(f *RunFacts) string {
	if f.Rounds < 2 {
		return times(f.Rounds)
	}
	return times(f.Rounds) + ", " + f.Gap + " apart"
}

// healthyWords says what works. What one round or one region cannot show is not
// mentioned.
func healthyWords(r *Report) string {
	t := &r.tally
	s := fmt.Sprintf("%s, which is %s of all that we counted: in most of the looks that could be judged", amount(t.Healthy(), "works", "work"), percentage(r.Headlines[0].Percent))
	if len(r.Run.Regions) > 1 {
		s += ", from every region"
	}
	s += "."
	if r.Run.Rounds > 1 {
		s += fmt.Sprintf(" Of these, %s changed their tools between the rounds.", number(t.Of(uptime.BucketDrift)))
	}
	if len(r.Run.Regions) > 1 {
		s += fmt.Sprintf(" Another %s only from some regions.", amount(t.Of(uptime.BucketRegional), "works", "work"))
	}
	return s
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	case 3:
		return "three times"
	}
	return number(n) + " times"
}

func authBuckets() []uptime.AuditBucket {
	return []uptime.AuditBucket{uptime.BucketAuthProper, uptime.BucketAuthCustom, uptime.BucketAuthBroken}
}

func cards(r *Report) []card {
	var out []card
	for i, tone := range []string{"live", "sound", "unknown"} {
		h := r.Headlines[i]
		out = append(out, card{
			Tone: tone, Name: h.Name, Value: percentage(h.Percent), Of: number(h.Numerator) + " of " + number(h.Denominator),
			Interval: interval(h.Low, h.High), Definition: sentence(h.Definition) + ".",
		})
	}
	return out
}

// toneOf returns the colour of a bucket.
func toneOf(b uptime.AuditBucket) string {
	for _, f := range families() {
		if slices.Contains(f.of, b) {
			return f.tone
		}
	}
	return "unknown"
}

// family is buckets that are shown in one colour. They are always in the same
// order, and named: nobody needs to see the colours.
type family struct {
	tone, name string
	of         []uptime.AuditBucket
}

func families() []family {
	return []family{
		{"live", "Healthy", healthy()},
		{"degraded", "Partly working", []uptime.AuditBucket{uptime.BucketRegional, uptime.BucketCredentialed}},
		{"auth", "Sign-in", authBuckets()},
		{"down", "Dead", []uptime.AuditBucket{uptime.BucketDead}},
		{"wrong", "Not MCP, malformed", []uptime.AuditBucket{uptime.BucketNotMCP, uptime.BucketMalformed}},
		{"unknown", "Not probed or not judged", []uptime.AuditBucket{uptime.BucketTemplated, uptime.BucketLimited, uptime.BucketUnknown}},
	}
}

// groupBar returns a tally as a bar of all families.
func groupBar(t *Tally) []segment {
	var pieces []segment
	for _, f := range families() {
		pieces = append(pieces, piece(f.tone, f.name, t.Of(f.of...), t.All()))
	}
	return bar(pieces...)
}

// piece returns a part of a bar with its numbers in words.
func piece(tone, name string, n, of int) segment {
	s := segment{Tone: tone, Title: name + ": " + number(n)}
	if of > 0 {
		s.Width = 100 * float64(n) / float64(of)
		s.Title += " (" + percentage(percent(n, of)) + ")"
	}
	return s
}

func legend() []segment {
	var out []segment
	for _, f := range families() {
		out = append(out, segment{Tone: f.tone, Title: f.name})
	}
	return out
}

func bucketChapter(r *Report) chapter {
	t := &table{Caption: "Endpoints by bucket", Head: []column{{Name: "Bucket"}, {"Endpoints", true}, {"Share", true}}, Scale: "all endpoints"}
	sampled := r.Run.Sample > 0
	if sampled {
		t.Head = append(t.Head, column{"95 % interval", true})
	}
	for _, b := range r.Buckets {
		row := line{Cells: []string{b.Name, number(b.Endpoints), percentage(b.Percent)}, Bar: bar(piece(toneOf(b.Bucket), b.Name, b.Endpoints, r.Endpoints)), Tone: toneOf(b.Bucket)}
		if sampled {
			row.Cells = append(row.Cells, interval(b.Low, b.High))
		}
		t.Rows = append(t.Rows, row)
	}
	c := chapter{ID: "buckets", Title: "Where every endpoint is", Parts: []part{{Text: "Each endpoint is in exactly one bucket. The decision table at the end says how it got there. Shares are rounded, so that their sum may miss 100 % by a little."}, {Table: t}}}
	if len(r.Unprobed) > 0 {
		why := &table{Caption: "Why " + amount(r.tally.Of(uptime.BucketTemplated), "endpoint was", "endpoints were") + " not probed", Head: []column{{Name: "What is listed"}, {"Endpoints", true}}}
		for _, u := range r.Unprobed {
			why.Rows = append(why.Rows, line{Cells: []string{sentence(u.Name), number(u.Endpoints)}})
		}
		c.Parts = append(c.Parts, part{Table: why})
	}
	return c
}

// groupHead are the columns of tables of groups.
func groupHead(name string) []column {
	return []column{{Name: name}, {"Endpoints", true}, {"Healthy", true}, {"Strict", true}, {"Lenient", true}, {"Sign-in", true}, {"Dead", true}, {"Not MCP, malformed", true}}
}

func groupLine(g *GroupRow) line {
	t := &g.Buckets
	return line{
		Cells: []string{
			g.Name, number(g.Endpoints), number(t.Healthy()), percentage(g.Strict), percentage(g.Lenient),
			number(t.Of(authBuckets()...)), number(t.Of(uptime.BucketDead)), number(t.Of(uptime.BucketNotMCP, uptime.BucketMalformed)),
		},
		Bar: groupBar(t),
	}
}

func groupTable(caption, name string, rows []GroupRow) *table {
	t := &table{Caption: caption, Head: groupHead(name), Legend: legend(), Scale: "the row's endpoints"}
	for i := range rows {
		t.Rows = append(t.Rows, groupLine(&rows[i]))
	}
	return t
}

func sourceChapter(r *Report) chapter {
	c := chapter{ID: "registries", Title: "By registry"}
	if len(r.Sources) == 0 {
		c.Parts = []part{{Text: "No registry was read."}}
		return c
	}
	health := &table{Caption: "Health by registry", Head: groupHead("Registry"), Legend: legend(), Scale: "the row's endpoints"}
	crawls := &table{Caption: "How the registries were read", Head: []column{
		{Name: "Registry"}, {Name: "Read"}, {Name: "Access"}, {Name: "Window, UTC"}, {"Records", true}, {"Addresses", true}, {"Before", true}, {"Unreadable", true},
	}}
	for i := range r.Sources {
		if s := &r.Sources[i]; s.Endpoints > 0 {
			row := groupLine(&s.GroupRow)
			row.Cells[0] = s.title()
			health.Rows = append(health.Rows, row)
		}
		crawls.Rows = append(crawls.Rows, crawlLines(&r.Sources[i])...)
	}
	c.Parts = append(c.Parts, part{Text: "An endpoint that several registries list counts in each of them, so that the rows add up to more than there are. A registry that was not read is named below: that it lists nothing here says nothing about it."})
	if len(health.Rows) > 0 {
		c.Parts = append(c.Parts, part{Table: health})
	}
	c.Parts = append(c.Parts, part{Table: crawls})
	return c
}

func crawlLines(s *SourceRow) []line {
	if len(s.Crawls) == 0 {
		return []line{{Cells: []string{s.title(), "no crawl of this run", "", "", "", "", "", ""}}}
	}
	var out []line
	for i := range s.Crawls {
		c := &s.Crawls[i]
		if c.State == uptime.CrawlNone {
			out = append(out, line{Cells: []string{s.title(), crawlWords(c), "", "", "", "", "", ""}})
			continue
		}
		before := ""
		if c.Previous > 0 {
			before = number(c.Previous)
		}
		out = append(out, line{Cells: []string{
			s.title(), crawlWords(c), accessWords(c.Access), window(c), number(c.Records), number(c.Listings), before, number(c.Refused),
		}})
	}
	return out
}

func accessWords(access string) string {
	switch access {
	case "open":
		return "open to all"
	case "key":
		return "with a key"
	}
	return plain(access)
}

func window(c *CrawlRow) string {
	if c.To.IsZero() {
		return moment(c.From)
	}
	if moment(c.From)[:10] == moment(c.To)[:10] {
		return moment(c.From) + " to " + moment(c.To)[11:]
	}
	return moment(c.From) + " to " + moment(c.To)
}

func platformChapter(r *Report) chapter {
	c := chapter{ID: "platforms", Title: "By platform"}
	if len(r.Platforms) == 0 {
		c.Parts = []part{{Text: "There are no platforms to tell apart."}}
		return c
	}
	c.Parts = append(c.Parts, part{Text: "A platform is who runs endpoints for many: the registrable domain, or the name of a known host. " +
		"One platform can move the headline by itself, so it is also given without the largest."})
	if r.Without != nil {
		c.Parts = append(c.Parts, part{Table: withoutTable(r)})
	}
	rows := r.Platforms
	caption := "The " + strconv.Itoa(len(rows)) + " largest of " + amount(r.PlatformCount, "platform", "platforms")
	if r.Others == nil {
		caption = "All " + amount(r.PlatformCount, "platform", "platforms")
	}
	t := groupTable(caption, "Platform", rows)
	if r.Others != nil {
		l := groupLine(r.Others)
		l.Sum = true
		t.Rows = append(t.Rows, l)
	}
	c.Parts = append(c.Parts, part{Table: t})
	return c
}

func withoutTable(r *Report) *table {
	t := &table{Caption: "The headlines without " + r.Without.Platform + ", which has " + amount(r.Without.Endpoints, "endpoint", "endpoints"), Head: []column{
		{Name: "Headline"}, {"All", true}, {"Without " + r.Without.Platform, true}, {"Of", true},
	}}
	for i, h := range r.Without.Headlines {
		t.Rows = append(t.Rows, line{Cells: []string{h.Name, percentage(r.Headlines[i].Percent), percentage(h.Percent), number(h.Numerator) + " of " + number(h.Denominator)}})
	}
	return t
}

func protocolChapter(r *Report) chapter {
	c := chapter{ID: "protocol", Title: "By protocol, transport and library"}
	if len(r.Versions) == 0 {
		c.Parts = []part{{Text: "No endpoint completed a handshake."}}
		return c
	}
	c.Parts = []part{
		{Text: "These tables have the endpoints that completed a handshake at least once. Legacy revisions begin with initialize, modern ones (from 2026-07-28) with server/discover. " +
			"The library is a guess from what servers say of themselves; most say too little, and some only where they refuse something, so that the health of a library says little."},
		{Table: groupTable("Era", "Era", r.Eras)},
		{Table: groupTable("Revision of the protocol", "Revision", r.Versions)},
		{Table: groupTable("Transport", "Transport", r.Transports)},
		{Table: groupTable("Library behind the server, as guessed", "Library", r.SDKs)},
	}
	for _, p := range c.Parts[2:] {
		p.Table.Legend, p.Table.Scale = nil, "" // that of the first holds for all
	}
	return c
}

func failureChapter(r *Report) chapter {
	c := chapter{ID: "failures", Title: "How they fail"}
	if len(r.Failures) == 0 {
		c.Parts = []part{{Text: "No look failed."}}
		return c
	}
	looks, most := 0, 1
	for _, f := range r.Failures {
		looks += f.Looks
		most = max(most, f.Endpoints)
	}
	t := &table{Caption: "Causes, by the endpoints whose most frequent one they were", Head: []column{{Name: "Cause"}, {Name: "Reason"}, {"Endpoints", true}, {"Looks", true}, {"Share of these looks", true}}, Scale: "the most frequent cause"}
	for _, f := range r.Failures {
		tone := causeTone(f.Cause)
		row := line{Cells: []string{sentence(f.Words), reasonWords(f.Reason), number(f.Endpoints), number(f.Looks), percentage(percent(f.Looks, looks))}, Tone: tone}
		row.Bar = bar(segment{Tone: tone, Title: sentence(f.Words) + ": " + amount(f.Endpoints, "endpoint", "endpoints"), Width: 100 * float64(f.Endpoints) / float64(most)})
		t.Rows = append(t.Rows, row)
	}
	c.Parts = []part{{Text: "Every look that failed has a cause. An endpoint counts at the cause that it had most often, unless it passes in every region; what only interrupted a passing one is seen in the looks."}, {Table: t}}
	return c
}

// causeTone returns the colour of the buckets that a cause mostly leads to.
func causeTone(c uptime.Cause) string {
	switch l := (&uptime.AuditLook{State: c.Effect(), Cause: c}); ClassOf(l) {
	case ClassDead:
		return "down"
	case ClassNotMCP, ClassMalformed:
		return "wrong"
	case ClassAuthProper, ClassAuthCustom, ClassAuthBroken:
		return "auth"
	case ClassOK:
		return "degraded"
	default:
		return "unknown"
	}
}
