package show

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// DiffSchema names the shape of DiffReport.
const DiffSchema = "alivemcp.diff/v1"

// DiffReport is what changed between two tool contracts. As JSON it is a
// contract.
type DiffReport struct {
	// Schema is DiffSchema.
	Schema string   `json:"schema"`
	Old    DiffSide `json:"old"`
	New    DiffSide `json:"new"`
	// Class is the worst class of all changes: none, wording, compatible or
	// breaking.
	Class uptime.DriftClass `json:"class"`
	// Breaking, Compatible and Wording count the changes.
	Breaking   int `json:"breaking"`
	Compatible int `json:"compatible"`
	Wording    int `json:"wording"`
	// Changes begin with the breaking ones.
	Changes []drift.Change `json:"changes"`
}

// DiffSide is one of the two contracts.
type DiffSide struct {
	// Name is the file or address as the user gave it, without secrets.
	Name string `json:"name"`
	// Target is the address that a snapshot was taken from.
	Target       string `json:"target"`
	Tools        int    `json:"tools"`
	Hash         string `json:"hash"`
	ContractHash string `json:"contract_hash"`
	// Problems are faults of single tools.
	Problems []string `json:"problems"`
}

// maxProblems is how many problems of a side are shown to people.
const maxProblems = 5

// NewDiffReport returns the report of d with its texts cleaned.
func NewDiffReport(d drift.Diff, before, after DiffSide) DiffReport {
	r := DiffReport{
		Schema: DiffSchema, Old: before.tidy(), New: after.tidy(), Class: d.Class(),
		Breaking: d.Count(uptime.DriftBreaking), Compatible: d.Count(uptime.DriftCompatible), Wording: d.Count(uptime.DriftWording),
		Changes: make([]drift.Change, len(d.Changes)),
	}
	for i, c := range d.Changes {
		c.Tool, c.Path = Clean(c.Tool, maxLine), Clean(c.Path, maxLine)
		c.Before, c.After, c.Message = Clean(c.Before, maxLine), Clean(c.After, maxLine), Clean(c.Message, maxLine)
		r.Changes[i] = c
	}
	return r
}

func (s DiffSide) tidy() DiffSide {
	clean := func(t string) string { return Clean(t, maxLine) }
	s.Name, s.Target, s.Problems = clean(s.Name), clean(s.Target), mapStrings(s.Problems, clean)
	return s
}

// WriteDiff writes r as text, JSON, Markdown or GitHub annotations.
func WriteDiff(w io.Writer, f Format, r DiffReport, st Style) error {
	var b bytes.Buffer
	p := pen{&b, st}
	switch f {
	case JSON:
		return encode(w, r)
	case Text:
		p.diff(r)
	case Markdown:
		p.diffMarkdown(r)
	case GitHub:
		diffGitHub(&b, r)
	default:
		return fmt.Errorf("unknown format %q", f)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func classSign(c uptime.DriftClass) (sign, color string) {
	switch c {
	case uptime.DriftBreaking:
		return "✗", red
	case uptime.DriftCompatible:
		return "+", green
	case uptime.DriftWording:
		return "~", grey
	case uptime.NoDrift:
	}
	return "✓", green
}

func (p pen) diff(r DiffReport) {
	for _, s := range []DiffSide{r.Old, r.New} {
		p.problems(s)
	}
	for _, tool := range toolsOf(r.Changes) {
		p.line("%s", p.paint(bold, p.say(tool)))
		for _, c := range r.Changes {
			if c.Tool == tool {
				p.change(c)
			}
		}
	}
	sign, color := classSign(r.Class)
	p.line("%s %s", p.paint(color, p.say(sign)), p.say(DiffSummary(r)))
	if r.Class == uptime.DriftBreaking {
		p.wrapped("  "+p.paint(bold, p.say("→ next:"))+" ", runes(p.say("  → next: ")), Advice(uptime.DriftDetected))
	}
}

func (p pen) problems(s DiffSide) {
	for i, text := range s.Problems {
		if i == maxProblems {
			p.line("%s", p.say(fmt.Sprintf("! %s: … and %s", s.Name, plural(len(s.Problems)-i, "more problem"))))
			return
		}
		p.wrapped(p.paint(yellow, "!")+" ", 2, p.say(s.Name+": "+text))
	}
}

func (p pen) change(c drift.Change) {
	sign, color := classSign(c.Class)
	p.wrapped("  "+p.paint(color, p.say(sign)+" "+pad(c.Class.String(), 10))+" ", 15, p.say(strings.TrimPrefix(c.Message, fmt.Sprintf("tool %q: ", c.Tool))))
	if was := changed(c); was != "" {
		p.wrapped(strings.Repeat(" ", 15), 15, p.say(was))
	}
}

// changed is what was and what is, unless the message says it already.
func changed(c drift.Change) string {
	if c.Before == "" || c.After == "" || strings.Contains(c.Message, c.Before) && strings.Contains(c.Message, c.After) {
		return ""
	}
	return c.Before + " → " + c.After
}

// toolsOf lists the tools in the order in which their worst changes come.
func toolsOf(changes []drift.Change) []string {
	var names []string
	seen := map[string]bool{}
	for _, c := range changes {
		if !seen[c.Tool] {
			seen[c.Tool] = true
			names = append(names, c.Tool)
		}
	}
	return names
}

// DiffSummary is one line: how many changes of which class between what.
func DiffSummary(r DiffReport) string {
	between := fmt.Sprintf("%s (%s) → %s (%s)", r.Old.Name, plural(r.Old.Tools, "tool"), r.New.Name, plural(r.New.Tools, "tool"))
	if len(r.Changes) == 0 {
		return "no change: " + between
	}
	return fmt.Sprintf("%d breaking, %d compatible, %d wording: %s", r.Breaking, r.Compatible, r.Wording, between)
}

func (p pen) diffMarkdown(r DiffReport) {
	sign, _ := classSign(r.Class)
	p.line("### %s MCP tool contract: %s\n", sign, r.Class)
	p.line("%s\n", code(DiffSummary(r)))
	if len(r.Changes) == 0 {
		return
	}
	p.line("| | Tool | Change | Before | After |")
	p.line("|---|---|---|---|---|")
	for _, c := range r.Changes {
		sign, _ := classSign(c.Class)
		p.line("| %s %s | %s | %s | %s | %s |", sign, c.Class, cell(c.Tool), cell(c.Message), cell(c.Before), cell(c.After))
	}
}

// maxAnnotations is how many a run shows anyway.
const maxAnnotations = 50

func diffGitHub(b *bytes.Buffer, r DiffReport) {
	for _, c := range r.Changes[:min(len(r.Changes), maxAnnotations)] {
		level := "notice"
		switch c.Class {
		case uptime.DriftBreaking:
			level = "error"
		case uptime.DriftCompatible:
			level = "warning"
		case uptime.DriftWording, uptime.NoDrift:
		}
		annotate(b, level, c.Class.String()+" change of an MCP tool", join(": ", c.Tool, c.Message))
	}
	fmt.Fprintln(b, DiffSummary(r))
}

func mapStrings(list []string, f func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = f(s)
	}
	return out
}
