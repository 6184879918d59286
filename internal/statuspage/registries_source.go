package statuspage

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// sourceRow is a registry: how it is read, and how that went.
type sourceRow struct {
	ID, Name, Href string
	// Read says that it was taken over at least once.
	Read bool
	// Mark, Word and Detail are the state of the newest crawl; Why is its reason.
	Mark, Word, Why string
	Last            aging
	Access          string
	Good            aging
	Records         int
	// Changes says that Records are those of a reading of changes alone.
	Changes             bool
	Listings, Endpoints int
	// Complete says whether what is shown is all, in words; Short that it is not.
	Complete string
	Short    bool
	Refused  string
}

// sourceName is what a registry calls itself.
func sourceName(id uptime.SourceID) string { return visible(id.Title(), 40) }

func sourceNames(ids []uptime.SourceID) string {
	var names []string
	for _, id := range ids {
		names = append(names, sourceName(id))
	}
	return strings.Join(names, ", ")
}

func sourceOf(s *uptime.SourceStatus, why string, now time.Time) sourceRow {
	row := sourceRow{
		ID: string(s.ID), Name: sourceName(s.ID), Href: "/registries/search?source=" + string(s.ID), Read: s.Good.ID != "",
		Access: accessOf(s), Last: agingOf(cmp.Or(s.Last.Ended, s.Last.Began), now),
		Records: s.Good.Records, Listings: s.Listings, Endpoints: s.Endpoints,
	}
	if row.Read {
		row.Good, row.Changes = agingOf(s.Good.Ended, now), !s.Good.Since.IsZero()
	}
	row.Mark, row.Word = crawlWord(s.Last.State)
	row.Why = why
	row.Complete, row.Short = completeness(s)
	row.Refused = refusedWords(s.Good.Refused)
	return row
}

// accessOf says how a registry is read.
func accessOf(s *uptime.SourceStatus) string {
	switch access := cmp.Or(s.Last.Access, s.Good.Access); {
	case s.Last.State == uptime.CrawlNone:
		return "not read"
	case access == "open":
		return "open to anyone"
	case access == "key":
		return "with a key"
	}
	return "not known"
}

func crawlWord(state uptime.CrawlState) (mark, word string) {
	switch state {
	case uptime.CrawlDone:
		return "live", "Read"
	case uptime.CrawlHeld:
		return "degraded", "Held back"
	case uptime.CrawlFailed:
		return "down", "Failed"
	case uptime.CrawlRunning:
		return "new", "Being read"
	case uptime.CrawlNone:
	}
	return "paused", "Not crawled"
}

func crawlReason(c *uptime.Crawl) string {
	why := strings.TrimRight(visible(c.Why), ".")
	switch {
	case c.Off:
		return upperFirst(why) + ". What it lists counts no more."
	case c.State == uptime.CrawlNone && why != "":
		return "It is not read: " + why + ". What it lists is not known."
	case c.State == uptime.CrawlNone:
		return "A credential is missing. What it lists is not known."
	case c.State == uptime.CrawlHeld, c.State == uptime.CrawlFailed:
		return upperFirst(cmp.Or(why, "the reason is not known")) + ". " + "What was known before stays."
	}
	return ""
}

// completeness says whether what is shown is everything that the registry has.
func completeness(s *uptime.SourceStatus) (words string, short bool) {
	full := s.Full
	switch {
	case s.Good.ID == "" && s.Last.State == uptime.CrawlNone:
		return "nothing is known", true
	case s.Good.ID == "":
		return "it was never read to its end", true
	case s.Last.Off:
		return "complete as of " + board.Stamp(s.Good.Ended) + ", and not listed any more", true
	case full.IsZero():
		return "only changes were read, never everything", true
	case s.Last.State == uptime.CrawlHeld:
		return fmt.Sprintf("the newest reading had %s of %s", board.Count(s.Last.Listings), board.Plural(s.Last.Previous, "listing", "listings")), true
	case s.Last.State == uptime.CrawlFailed:
		return "complete as of " + board.Stamp(s.Good.Ended), true
	case !s.Good.Since.IsZero():
		return "complete; everything was read at " + board.Stamp(full) + ", changes since", false
	}
	return "complete: read to its end", false
}

// refusedWords say which records could not be read, the most frequent reason
// first.
func refusedWords(refused map[string]int) string {
	reasons := slices.Collect(maps.Keys(refused))
	slices.SortFunc(reasons, func(a, b string) int { return cmp.Or(cmp.Compare(refused[b], refused[a]), cmp.Compare(a, b)) })
	n := 0
	for _, c := range refused {
		n += c
	}
	if n == 0 {
		return ""
	}
	var words []string
	for _, reason := range reasons[:min(len(reasons), 4)] {
		words = append(words, board.Count(refused[reason])+" × "+visible(reason, 80))
	}
	if len(reasons) > 4 {
		words = append(words, "and others")
	}
	return board.Plural(n, "record was", "records were") + " refused: " + strings.Join(words, ", ")
}

// credit names where data comes from, as its licence asks.
type credit struct {
	Text, Link, Href string
	// Follow says that search engines may follow: some licences ask for it.
	Follow bool
}

// creditsOf are those of the registries that were read. A demonstration's are its own.
func (s *Site) creditsOf(sources []uptime.SourceStatus) []credit {
	if s.opt.Demo {
		return nil
	}
	var out []credit
	for i := range sources {
		c, ok := creditOf(sources[i].ID)
		if ok && sources[i].Good.ID != "" {
			out = append(out, c)
		}
	}
	return out
}

func creditOf(id uptime.SourceID) (c credit, ok bool) {
	if id == uptime.SourceOfficial {
		return credit{
			Text: "Part of the data comes from the Official MCP Registry, under CC0 1.0. It does not endorse this site.",
			Link: "registry.modelcontextprotocol.io", Href: "https://registry.modelcontextprotocol.io",
		}, true
	}
	if id == uptime.SourceGlama {
		return credit{
			Text: "Part of the data comes from Glama. Each of its listings links to the record there.",
			Link: "glama.ai", Href: "https://glama.ai/mcp/connectors", Follow: true,
		}, true
	}
	return c, false
}
