package audit

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// sentence begins words with a capital.
func sentence(words string) string {
	r, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(r)) + words[size:]
}

func latencyChapter(r *Report) chapter {
	c := chapter{ID: "latency", Title: "How fast they answer"}
	all := r.Latency[len(r.Latency)-1]
	if all.Looks == 0 {
		c.Parts = []part{{Text: "No handshake succeeded."}}
		return c
	}
	t := &table{Caption: "Time until the handshake was complete, in looks that were ok", Head: []column{
		{Name: "Region"}, {"Looks", true}, {"p50", true}, {"p90", true}, {"p95", true}, {"p99", true},
	}, Legend: []segment{{Tone: "live", Title: "up to p50"}, {Tone: "degraded", Title: "p50 to p95"}, {Tone: "down", Title: "p95 to p99"}}, Scale: "a logarithm of the time, from 10 ms to 20 s"}
	for _, row := range r.Latency {
		l := line{Cells: []string{row.Region, number(row.Looks), millisWords(row.P50), millisWords(row.P90), millisWords(row.P95), millisWords(row.P99)}, Bar: latencyBar(&row)}
		if row.Region == "" {
			l.Cells[0], l.Sum = "All regions", true
		}
		t.Rows = append(t.Rows, l)
	}
	c.Parts = []part{
		{Text: fmt.Sprintf("Half of the handshakes were complete within %s, and one in twenty took longer than %s. The time is that of a new connection's handshake, without resolving the name and connecting. Every look counts once, so that a platform with many endpoints weighs as many.", millisWords(all.P50), millisWords(all.P95))},
		{Table: t},
	}
	return c
}

func latencyBar(row *LatencyRow) []segment {
	p50, p95, p99 := logPlace(row.P50), logPlace(row.P95), logPlace(row.P99)
	return bar(
		segment{Tone: "live", Title: "p50: " + millisWords(row.P50), Width: p50},
		segment{Tone: "degraded", Title: "p95: " + millisWords(row.P95), Width: p95 - p50},
		segment{Tone: "down", Title: "p99: " + millisWords(row.P99), Width: p99 - p95},
	)
}

// logPlace returns where a time is between 10 ms and 20 s, in per cent.
func logPlace(ms int) float64 {
	return 100 * min(1, max(0, math.Log(float64(max(ms, 1))/10)/math.Log(2000)))
}

func driftChapter(r *Report) chapter {
	c := chapter{ID: "drift", Title: "How often tools change"}
	d := &r.Drift
	if d.Endpoints == 0 {
		c.Parts = []part{{Text: "No endpoint showed its tools in two rounds, so there is nothing to compare."}}
		return c
	}
	often := &table{Caption: "Changes between the rounds", Head: []column{{Name: "Changes"}, {"Endpoints", true}, {"Share", true}}, Scale: "the endpoints that were compared"}
	for _, row := range d.Changes {
		tone := "degraded"
		if row.Changes == 0 {
			tone = "live"
		}
		name := changesWords(row.Changes)
		often.Rows = append(often.Rows, line{Cells: []string{name, number(row.Endpoints), percentage(row.Percent)}, Bar: bar(piece(tone, name, row.Endpoints, d.Endpoints)), Tone: tone})
	}
	changed := d.Contract + d.Wording
	kinds := &table{Caption: "What changed", Head: []column{{Name: "Kind"}, {"Endpoints", true}, {"Share of the changed", true}}, Scale: "the endpoints that changed"}
	for _, k := range []struct {
		name, tone string
		n          int
	}{{"The contract: names or schemas (breaking or compatible)", "wrong", d.Contract}, {"The wording alone: titles, descriptions, annotations", "sound", d.Wording}} {
		kinds.Rows = append(kinds.Rows, line{Cells: []string{k.name, number(k.n), percentage(percent(k.n, changed))}, Bar: bar(piece(k.tone, k.name, k.n, changed)), Tone: k.tone})
	}
	c.Parts = []part{
		{Text: fmt.Sprintf("Of %s whose tools were seen in at least two rounds from one region, %s. The number of an endpoint is the most changes that any region saw, at most one between two rounds.",
			amount(d.Endpoints, "endpoint", "endpoints"), number(changed)+" changed")},
		{Table: often},
	}
	c.Parts = append(c.Parts, withinParts(d.Within)...)
	if changed > 0 {
		c.Parts = append(c.Parts, part{Text: "Two hashes tell the kinds apart: one over names and schemas, one over all that agents read. Whether a change of the contract breaks clients cannot be told from hashes."}, part{Table: kinds})
	}
	c.Parts = append(c.Parts, part{Text: fmt.Sprintf("Endpoints that came back to tools that they had had before: %s. Endpoints that showed different contracts to different regions in the same round: %s; this is not counted as drift.",
		number(d.Back), number(d.Regions))})
	return c
}

// withinParts say how soon tools change, by the rounds that were made.
func withinParts(rows []WithinRow) []part {
	t := &table{Caption: "Changed since the first round", Head: []column{{Name: "Within about"}, {"At most", true}, {"Round", true}, {"Compared", true}, {"Changed", true}, {"Share", true}}, Scale: "the endpoints that were compared"}
	for _, row := range rows {
		if row.Endpoints == 0 {
			continue
		}
		cells := []string{row.After, row.Longest, strconv.Itoa(row.Round), number(row.Endpoints), number(row.Changed), percentage(row.Percent)}
		t.Rows = append(t.Rows, line{Cells: cells, Bar: bar(piece("degraded", "Changed within "+row.After, row.Changed, row.Endpoints)), Tone: "degraded"})
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return []part{{Text: "How soon: an endpoint had changed by a round when one region saw its tools in the first round and in that one, and a change in between. The time is from the first look of the one to the first of the other; at most is the longest that lay between the two looks at one endpoint, which is more when a round was cut off or some of its looks were late."}, {Table: t}}
}

func changesWords(n int) string {
	switch n {
	case 0:
		return "None"
	case 1:
		return "One"
	case 2:
		return "Two"
	}
	return strconv.Itoa(n)
}

func listedChapter(r *Report) chapter {
	l := &r.Listed
	c := chapter{ID: "listed", Title: "Listed and live"}
	t := &table{Caption: "What registries say, and what servers do", Head: []column{{Name: "Finding"}, {"Endpoints", true}, {"Of", true}, {"Share", true}}}
	for _, f := range []struct {
		name  string
		n, of int
	}{
		{"The server names another version than the registry", l.Versions.Differ, l.Versions.Compared},
		{"Another transport works than the one that is listed", l.Transports.Differ, l.Transports.Compared},
		{"Listings of one endpoint disagree with each other", l.Disagree.Endpoints, l.Disagree.Compared},
		{"Several listings name one endpoint", l.SeveralListings, r.Probed},
		{"Several registries list one endpoint", l.SeveralSources, r.Probed},
		{"One endpoint is listed under several names", l.SeveralNames, r.Probed},
		{"The list of tools is also that of another name, by its hash", l.Copies, l.Tools},
		{"Not listed any more, and healthy all the same", l.Delisted.Healthy(), l.Delisted.All()},
	} {
		t.Rows = append(t.Rows, line{Cells: []string{f.name, number(f.n), number(f.of), percentage(percent(f.n, f.of))}})
	}
	c.Parts = []part{
		{Text: "None of this is a fault by itself. A registry gives the version of a package or of a listing, a server that of its program, and the two may be counted apart; versions are equal here when their words are, but for case and a v before them. " +
			"Where several listings name one endpoint and disagree, the newest is compared. Copies of one program rightly show the same tools."},
		{Table: t},
	}
	if l.Delisted.All() == 0 {
		c.Parts = append(c.Parts, part{Text: "No endpoint that registries took down was looked at in this run."})
	}
	if d := &l.Disagree; d.Compared > 0 {
		c.Parts = append(c.Parts, part{Text: disagreeWords(d)})
	}
	c.Parts = append(c.Parts, differTable("Some whose version differs", "version", l.Versions.Examples)...)
	c.Parts = append(c.Parts, differTable("Some whose transport differs", "transport", l.Transports.Examples)...)
	if len(l.Largest) > 0 {
		c.Parts = append(c.Parts, part{Table: catalogueTable(l)})
	}
	return c
}

// disagreeWords says on what listings of one endpoint disagree.
func disagreeWords(d *DisagreeFacts) string {
	names := map[string]string{"transport": "the transport", "sign_in": "the sign-in", "version": "the version", "name": "the name"}
	var words []string
	for _, a := range d.Aspects {
		words = append(words, number(a.Endpoints)+" on "+names[a.Aspect])
	}
	return fmt.Sprintf("Of %s that several listings name, the listings of %s disagree: %s. Endpoints are one address with one transport, so that listings with another transport are mostly another endpoint.",
		amount(d.Compared, "endpoint", "endpoints"), number(d.Endpoints), listWords(words))
}

func differTable(caption, what string, rows []DifferRow) []part {
	if len(rows) == 0 {
		return nil
	}
	t := &table{Caption: caption, Head: []column{{Name: "Endpoint"}, {Name: "Listed as"}, {Name: "Listed " + what}, {Name: "Live " + what}}}
	for _, row := range rows {
		t.Rows = append(t.Rows, line{Cells: []string{row.URL, row.Name, row.Listed, row.Live}})
	}
	return []part{{Table: t}}
}

func catalogueTable(l *ListedFacts) *table {
	t := &table{Caption: fmt.Sprintf("The largest of %s of tools that several names share", amount(l.Catalogues, "list", "lists")), Head: []column{
		{Name: "Hash of the tools"}, {"Endpoints", true}, {"Names", true}, {"Platforms", true}, {Name: "Among them"},
	}}
	for _, row := range l.Largest {
		t.Rows = append(t.Rows, line{Cells: []string{shortHash(row.Hash), number(row.Endpoints), number(row.NameCount), number(row.Platforms), strings.Join(row.Names, ", ")}})
	}
	return t
}

func shortHash(hash string) string {
	hash = strings.TrimPrefix(hash, "sha256:")
	return hash[:min(len(hash), 12)]
}

func cohortChapter(r *Report) chapter {
	c := chapter{ID: "cohort", Title: "Since the earlier audit"}
	h := r.Cohort
	if h == nil {
		c.Parts = []part{{Text: "This report was made without an earlier audit to compare with."}}
		return c
	}
	c.Parts = []part{
		{Text: fmt.Sprintf("The audit %s began on %s and counted %s; %s counted in both. Its evidence was judged by the same decision table.",
			plain(string(h.Run)), day(h.Began), amount(h.Endpoints, "endpoint", "endpoints"), amount(h.Both, "is", "are"))},
		{Text: survivalWords(h)},
		{Table: flowTable("Where the endpoints are that were healthy then", "Now", h.Went)},
		{Table: flowTable("Where the endpoints were that are healthy now", "Then", h.Came)},
		{Table: thenAndNow(r)},
	}
	return c
}

func survivalWords(h *Cohort) string {
	s := fmt.Sprintf("Survival of the healthy: %s (%s of %s)", percentage(h.Survival.Percent), number(h.Survival.Numerator), number(h.Survival.Denominator))
	if i := interval(h.Survival.Low, h.Survival.High); i != "" {
		s += ", 95 % interval " + i
	}
	return s + fmt.Sprintf(". That is: %s. %s ceased to be healthy, %s became so, and %s that were healthy then are not counted now.",
		h.Survival.Definition, number(h.Worse), number(h.Better), number(h.Absent))
}

func flowTable(caption, name string, rows []BucketRow) *table {
	all := 0
	for _, row := range rows {
		all += row.Endpoints
	}
	t := &table{Caption: caption, Head: []column{{Name: name}, {"Endpoints", true}, {"Share", true}}, Scale: "these endpoints"}
	for _, row := range rows {
		t.Rows = append(t.Rows, line{Cells: []string{row.Name, number(row.Endpoints), percentage(row.Percent)}, Bar: bar(piece(toneOf(row.Bucket), row.Name, row.Endpoints, all)), Tone: toneOf(row.Bucket)})
	}
	if len(rows) == 0 {
		t.Rows = []line{{Cells: []string{"none", "0", "–"}}}
	}
	return t
}

// thenAndNow compares the buckets of two runs.
func thenAndNow(r *Report) *table {
	h := r.Cohort
	t := &table{Caption: "Both audits", Head: []column{{Name: "Bucket"}, {plain(string(h.Run)), true}, {"Share", true}, {plain(string(r.Run.ID)), true}, {"Share", true}, {"Change", true}}}
	for i, now := range r.Buckets {
		then := h.Buckets[i]
		t.Rows = append(t.Rows, line{Cells: []string{now.Name, number(then.Endpoints), percentage(then.Percent), number(now.Endpoints), percentage(now.Percent), points(then.Percent, now.Percent)}, Tone: toneOf(now.Bucket)})
	}
	for i, now := range r.Headlines {
		then := h.Headlines[i]
		t.Rows = append(t.Rows, line{Sum: true, Cells: []string{now.Name, number(then.Numerator), percentage(then.Percent), number(now.Numerator), percentage(now.Percent), points(then.Percent, now.Percent)}})
	}
	return t
}

// points writes the difference of two shares in percentage points.
func points(then, now *float64) string {
	if then == nil || now == nil {
		return "–"
	}
	return strings.Replace(strconv.FormatFloat(*rounded(*now - *then), 'f', 1, 64), "-", "−", 1) + " pp"
}

func publishedChapter(r *Report) chapter {
	t := &table{Caption: "Figures that others published, beside ours", Head: []column{{Name: "Figure"}}}
	for _, q := range r.Published {
		t.Head = append(t.Head, column{q.Quarter + ", others", true})
	}
	t.Head = append(t.Head, column{plain(string(r.Run.ID)), true}, column{"of those probed", true})
	t.Rows = publishedFigures(r)
	return chapter{ID: "published", Title: "Beside published figures", Parts: []part{
		{Text: "The figures of the second and third quarter of 2026 were published by others. They read other registries, counted only remote endpoints after removing duplicates in a way of their own, and used another method: " +
			"they stand here for orientation, and a difference is no development. A dash is a figure that was not given, or given in two ways; ours are shares of all endpoints that are counted and, which is nearer to what others counted, of those that could be probed."},
		{Table: t},
	}}
}

func publishedFigures(r *Report) []line {
	share := func(of ...uptime.AuditBucket) []string {
		n := r.tally.Of(of...)
		return []string{percentage(percent(n, r.Endpoints)), percentage(percent(n, r.Probed))}
	}
	rows := []line{{Cells: []string{"Endpoints"}}, {Cells: []string{"Regions"}}}
	for _, q := range r.Published {
		rows[0].Cells = append(rows[0].Cells, number(q.Endpoints))
		rows[1].Cells = append(rows[1].Cells, number(q.Regions))
	}
	rows[0].Cells = append(rows[0].Cells, number(r.Endpoints), number(r.Probed))
	rows[1].Cells = append(rows[1].Cells, number(len(r.Run.Regions)), number(len(r.Run.Regions)))
	for _, f := range []struct {
		name  string
		value func(*PublishedQuarter) *float64
		of    []uptime.AuditBucket
	}{
		{"Healthy, stable", func(q *PublishedQuarter) *float64 { return q.Stable }, []uptime.AuditBucket{uptime.BucketStable}},
		{"Healthy, with drift", func(q *PublishedQuarter) *float64 { return q.Drift }, []uptime.AuditBucket{uptime.BucketDrift}},
		{"Healthy", func(q *PublishedQuarter) *float64 { return q.Healthy }, healthy()},
		{"Regionally degraded", func(q *PublishedQuarter) *float64 { return q.Regional }, []uptime.AuditBucket{uptime.BucketRegional}},
		{"Published token fails", func(q *PublishedQuarter) *float64 { return q.Token }, []uptime.AuditBucket{uptime.BucketCredentialed}},
		{"Sign-in", func(q *PublishedQuarter) *float64 { return q.Auth }, authBuckets()},
		{"Dead", func(q *PublishedQuarter) *float64 { return q.Dead }, []uptime.AuditBucket{uptime.BucketDead}},
		{"Answers, but not MCP", func(q *PublishedQuarter) *float64 { return q.NotMCP }, []uptime.AuditBucket{uptime.BucketNotMCP}},
		{"Malformed tools", func(q *PublishedQuarter) *float64 { return q.Malformed }, []uptime.AuditBucket{uptime.BucketMalformed}},
	} {
		row := line{Cells: []string{f.name}}
		for i := range r.Published {
			row.Cells = append(row.Cells, percentage(f.value(&r.Published[i])))
		}
		row.Cells = append(row.Cells, share(f.of...)...)
		rows = append(rows, row)
	}
	none := slices.Repeat([]string{"–"}, len(r.Published))
	undecided, templated := share(uptime.BucketLimited, uptime.BucketUnknown), share(uptime.BucketTemplated)
	return append(rows, line{Cells: slices.Concat([]string{"Limited or unknown"}, none, undecided)},
		line{Cells: slices.Concat([]string{"Not an address"}, none, templated[:1], []string{"–"})})
}

func methodChapter(r *Report) chapter {
	f := &r.Run
	c := chapter{ID: "method", Title: "How it was done"}
	c.Parts = append(c.Parts, part{Text: fmt.Sprintf("The run began on %s. Every endpoint that can be probed was looked at in %s, %s apart, from %s. A look is a name lookup, a new connection, the handshake of the protocol and the list of tools, "+
		"with %s; it calls no tool%s. The run was begun %s, with those at one host as far apart as can be.",
		day(f.Began), amount(f.Rounds, "round", "rounds"), f.Gap, listWords(f.Regions), attemptWords(f), tokenWords(r.Tokens), rateWords(f.Rate))})
	if f.Sample > 0 {
		c.Parts = append(c.Parts, part{Text: fmt.Sprintf("A sample of %s was drawn of %s, by a hash with the seed %d. The headlines and the buckets have the 95 %% interval of Wilson, which takes what was drawn from as endless and is rather too wide than too narrow. Shares of registries, platforms and other groups have none, and those of small groups say little.", amount(f.Sample, "endpoint", "endpoints"), amount(f.Population, "endpoint", "endpoints"), f.Seed)})
	}
	if f.Optouts > 0 {
		c.Parts = append(c.Parts, part{Text: fmt.Sprintf("The owners of %s do not want to be probed. They are not counted, and not named in the evidence.", amount(f.Optouts, "endpoint", "endpoints"))})
	}
	c.Parts = append(c.Parts, part{Text: "Early are looks that came less than half a gap after the same look of the round before, because a round was late or a clock was set: they say less about change."}, part{Table: roundTable(r)}, part{Text: "The run was made by version " + plain(f.Version) + " with this command:"}, part{Code: f.Command},
		part{Text: "From the same evidence, this report is made again, byte for byte, by:"}, part{Code: again(r)}, part{Table: headlineTable(r)})
	return c
}

// again returns the command that makes the report once more.
func again(r *Report) string {
	s := "alivemcp audit report " + visible(string(r.Run.ID))
	if r.Cohort != nil {
		s += " --with " + visible(string(r.Cohort.Run))
	}
	return s
}

func attemptWords(f *RunFacts) string {
	bound := ""
	if f.Timeout != "" {
		bound = " of at most " + f.Timeout
	}
	if f.Attempts < 2 {
		return "one attempt" + bound
	}
	if bound != "" {
		bound += " each"
	}
	return "up to " + number(f.Attempts) + " attempts" + bound + ", of which the last decides"
}

func tokenWords(n int) string {
	if n == 0 {
		return ", and no credential was sent"
	}
	return ". No credential was sent, except that " + amount(n, "published token was", "published tokens were") + " tried in another look at endpoints that answered, of which nothing is kept but whether the token works"
}

func rateWords(rate float64) string {
	if rate <= 0 {
		return "without a bound on how many looks it makes in a second"
	}
	return "to make at most " + strconv.FormatFloat(rate, 'f', -1, 64) + " looks in a second"
}

func roundTable(r *Report) *table {
	t := &table{Caption: "The rounds as they were", Head: []column{{Name: "Round"}, {Name: "First look, UTC"}, {Name: "Last look, UTC"}, {"Looks", true}, {"Missing", true}, {"Early", true}}}
	for _, row := range r.Rounds {
		t.Rows = append(t.Rows, line{Cells: []string{strconv.Itoa(row.Round), moment(row.From), moment(row.To), number(row.Looks), number(row.Missing), number(row.Early)}})
	}
	return t
}

func headlineTable(r *Report) *table {
	t := &table{Caption: "The headlines, defined", Head: []column{{Name: "Headline"}, {Name: "Is"}, {"Numerator", true}, {"Denominator", true}, {"Share", true}}}
	for _, h := range r.Headlines {
		t.Rows = append(t.Rows, line{Cells: []string{h.Name, h.Definition, number(h.Numerator), number(h.Denominator), percentage(h.Percent)}})
	}
	return t
}

func tableChapter(r *Report) chapter {
	looks := &table{Caption: "What one look says: the first row that holds", Head: []column{{Name: "Class"}, {Name: "Holds when"}}}
	for _, rule := range r.LookTable {
		looks.Rows = append(looks.Rows, line{Cells: []string{string(rule.Class), rule.Words}})
	}
	rules := &table{Caption: "Where an endpoint goes: the first row that holds", Head: []column{{Name: "Bucket"}, {Name: "Holds when"}}}
	for _, rule := range r.Table {
		rules.Rows = append(rules.Rows, line{Cells: []string{bucketName(rule.Bucket) + " (" + string(rule.Bucket) + ")", rule.Words}, Tone: toneOf(rule.Bucket)})
	}
	return chapter{ID: "table", Title: "The decision table", Parts: []part{
		{Text: "These are the tables by which the evidence was judged: the words of the program's own rules. " +
			"A look is judged unless its class is unknown or limited. A region passes when more than half of its judged looks are ok; one without judged looks counts on neither side."},
		{Table: looks},
		{Table: rules},
	}}
}
