package statuspage

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// maxToolDiffs is how many tools are compared side by side on one page; the
// others are listed with their changes.
const maxToolDiffs = 40

// driftView is a drift as the log and the page's head show it.
type driftView struct {
	ID, Href string
	Class    string // breaking, compatible or wording
	Mark     string // a sign beside the word
	Summary  string
	Changes  string
	Detected draw.Moment
	Ago      string
	// Status is open, accepted or reverted; Standing says it in a sentence, of
	// which Told is what follows the first word.
	Status, Standing, Told string
	Note                   string
	Places                 string
	Demo                   bool
}

func driftOf(slug string, d uptime.Drift, cities []city, operator bool, now nowText) driftView {
	v := driftView{
		ID: string(d.ID), Href: web.DriftPath(slug, d.ID),
		Class: d.Class.String(), Mark: classMark(d.Class), Summary: visible(d.Summary), Changes: manyText(d.Changes, "change"),
		Detected: now.exact(d.Detected), Ago: now.ago(d.Detected), Note: visible(d.Note), Demo: d.Demo,
		Places: board.Sentence(cityNames(cities, d.Regions)),
	}
	v.Status, v.Told = standing(d, operator, now)
	v.Standing = upperFirst(v.Status) + ". " + v.Told
	return v
}

// standing says whether anybody has decided about a drift. Who it was is for
// operators.
func standing(d uptime.Drift, operator bool, now nowText) (status, words string) {
	switch {
	case !d.Accepted.IsZero():
		by := "the operator"
		if operator && d.By != "" {
			by = visible(d.By)
		}
		return "accepted", "The new contract is the baseline, says " + by + ", " + now.clock(d.Accepted).Text + "."
	case !d.Reverted.IsZero():
		return "reverted", "Since " + now.clock(d.Reverted).Text + " the server shows an accepted contract again."
	}
	return "open", "Nobody has accepted the new contract as the baseline yet."
}

func classMark(c uptime.DriftClass) string {
	switch c {
	case uptime.DriftBreaking:
		return "✕"
	case uptime.DriftCompatible:
		return "+"
	case uptime.DriftWording:
		return "~"
	case uptime.NoDrift:
	}
	return "="
}

// comparison is what changed from one contract to another, for people.
type comparison struct {
	Before, After contractView
	// Counts say how many changes there are of each class.
	Counts []classCount
	// Breaks is what an agent that pinned the old contract would break on.
	Breaks []string
	Tools  []toolDiff
	More   int // tools that are not compared side by side
	// Lost says why there is nothing to compare; empty when there is.
	Lost string
}

type classCount struct {
	Class, Mark string
	N           int
}

// contractView is one side's facts.
type contractView struct{ Tools, Hash, Short, Bytes, Tokens string }

// toolDiff is one tool on both sides.
type toolDiff struct {
	Anchor string
	Name   string
	Was    string // the old name of a renamed tool
	// Status is removed, added, renamed or changed.
	Status      string
	Class, Mark string
	Changes     []changeLine
	Parts       []part
}

type changeLine struct{ Class, Mark, Message, Before, After string }

// part is a piece of a tool's contract, side by side.
type part struct {
	Name  string
	Lines []draw.Pair
}

// compare shows what changed between two contracts.
func compare(before, after uptime.Contract) comparison {
	c := comparison{Before: contractOf(before), After: contractOf(after)}
	old, err := parseContract(before)
	now, err2 := parseContract(after)
	if err != nil || err2 != nil {
		c.Lost = "The contracts themselves are not kept any more; the summary is."
		return c
	}
	diff := drift.Compare(old, now)
	for _, class := range []uptime.DriftClass{uptime.DriftBreaking, uptime.DriftCompatible, uptime.DriftWording} {
		if n := diff.Count(class); n > 0 {
			c.Counts = append(c.Counts, classCount{class.String(), classMark(class), n})
		}
	}
	c.Tools = toolDiffs(diff, toolsByName(old), toolsByName(now))
	for _, ch := range diff.Changes {
		if ch.Class == uptime.DriftBreaking && len(c.Breaks) < maxToolDiffs {
			c.Breaks = append(c.Breaks, web.Visible(ch.Message, maxDetail))
		}
	}
	for i := range c.Tools {
		if len(c.Tools[i].Parts) == 0 && i >= maxToolDiffs {
			c.More++
		}
	}
	return c
}

func contractOf(c uptime.Contract) contractView {
	return contractView{
		Tools: manyText(c.Tools, "tool"), Hash: visible(c.Hash), Short: shortHash(c.Hash),
		Bytes: board.Count(c.Bytes) + " bytes", Tokens: "about " + board.Count(c.Tokens) + " tokens",
	}
}

func parseContract(c uptime.Contract) (drift.Contract, error) {
	s, err := drift.ReadSnapshot(bytes.NewReader(c.Snapshot))
	if err != nil {
		return drift.Contract{}, fmt.Errorf("reading contract %s: %w", c.Hash, err)
	}
	contract, _ := s.Contract()
	return contract, nil
}

func toolsByName(c drift.Contract) map[string]drift.Tool {
	out := make(map[string]drift.Tool, len(c.Tools))
	for _, t := range c.Tools {
		out[t.Name] = t
	}
	return out
}

// toolDiffs puts the changes of each tool together, the worst tool first.
func toolDiffs(diff drift.Diff, old, now map[string]drift.Tool) []toolDiff {
	var out []toolDiff
	at := map[string]int{}
	for _, ch := range diff.Changes {
		i, ok := at[ch.Tool]
		if !ok {
			i = len(out)
			at[ch.Tool] = i
			out = append(out, toolDiff{Anchor: fmt.Sprintf("tool-%d", i), Name: web.Visible(ch.Tool, 120), Status: "changed", Class: ch.Class.String(), Mark: classMark(ch.Class)})
		}
		out[i].add(ch)
	}
	for name, i := range at {
		if i < maxToolDiffs {
			out[i].Parts = partsOf(old[cmp.Or(renamedFrom(diff, name), name)], now[name])
		}
	}
	return out
}

func (t *toolDiff) add(ch drift.Change) {
	switch ch.Kind {
	case drift.ToolRemoved:
		t.Status = "removed"
	case drift.ToolAdded:
		t.Status = "added"
	case drift.ToolRenamed:
		t.Status, t.Was = "renamed", web.Visible(ch.Before, 120)
	default:
	}
	message := strings.TrimPrefix(ch.Message, fmt.Sprintf("tool %q: ", ch.Tool))
	line := changeLine{Class: ch.Class.String(), Mark: classMark(ch.Class), Message: web.Visible(message, maxDetail)}
	if ch.Part != drift.PartTool {
		line.Before, line.After = visible(ch.Before), visible(ch.After)
	}
	t.Changes = append(t.Changes, line)
}

func renamedFrom(diff drift.Diff, name string) string {
	for _, ch := range diff.Changes {
		if ch.Kind == drift.ToolRenamed && ch.Tool == name {
			return ch.Before
		}
	}
	return ""
}

// partsOf compares what changed of a tool; a part that is equal on both sides
// is left out.
func partsOf(old, now drift.Tool) []part {
	var out []part
	add := func(name string, before, after []string) {
		if strings.Join(before, "\n") != strings.Join(after, "\n") {
			out = append(out, part{name, draw.Sides(before, after)})
		}
	}
	add("Title", draw.Lines(old.Title), draw.Lines(now.Title))
	add("Description", draw.Lines(old.Description), draw.Lines(now.Description))
	add("Input schema", draw.Pretty(old.InputSchema), draw.Pretty(now.InputSchema))
	add("Output schema", draw.Pretty(old.OutputSchema), draw.Pretty(now.OutputSchema))
	add("Annotations", draw.Pretty(old.Annotations), draw.Pretty(now.Annotations))
	return out
}
