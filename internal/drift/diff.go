package drift

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The work of one comparison, in units of about a keyword: a base, and what
// the size of the lists adds. Real schemas need a tenth of it.
const (
	baseBudget   = 200_000
	bytesPerUnit = 8
)

// maxChanges bounds what one comparison reports.
const maxChanges = 2000

// Compare returns what changed from one contract to another. Equal meaning in
// another spelling is no change. The result depends on the contracts alone; the
// work and the number of changes are bounded, and what the bound leaves unseen
// is reported as breaking.
//
// Input schemas may grow and output schemas may not turn into something else:
// an output field that is removed, retyped, renamed or no longer sure to be
// there is breaking, a new value in an output enum is compatible. Names that a
// schema would still let through do not make a removed parameter harmless.
func Compare(before, after Contract) Diff {
	if before.Equal(after) && before.JSON != nil {
		return Diff{}
	}
	units := baseBudget + (before.Bytes+after.Bytes)/bytesPerUnit
	c := &listComparer{budget: budget{left: units}, renaming: budget{left: units}}
	gone, came := c.pairs(ready(before.Tools), ready(after.Tools))
	c.renames(gone, came)
	d := Diff{Changes: order(c.changes)}
	d.Changes = d.Changes[:min(len(d.Changes), maxChanges)]
	return d
}

// listComparer compares two lists of tools.
type listComparer struct {
	budget budget
	// renaming is apart: when the search for renamed tools takes too long, they
	// are reported as removed and added, and nothing else suffers.
	renaming budget
	changes  []Change
}

// ready brings the schemas of tools into canonical form, which they lack if the
// contract was made by hand. An input schema that is none becomes {}, another
// member nil.
func ready(tools []Tool) []Tool {
	out := slices.Clone(tools)
	for i := range out {
		t := &out[i]
		t.InputSchema, t.OutputSchema, t.Annotations = objectText(t.InputSchema), objectText(t.OutputSchema), objectText(t.Annotations)
		if t.InputSchema == nil {
			t.InputSchema = []byte("{}")
		}
	}
	return out
}

// objectText returns the canonical text of an object, nil for anything else.
func objectText(raw []byte) []byte {
	canonical, err := Canonical(raw)
	if err != nil || canonical[0] != '{' {
		return nil
	}
	return canonical
}

// pairs compares the tools that both lists have and returns the others.
func (c *listComparer) pairs(before, after []Tool) (gone, came []Tool) {
	old := make(map[string]Tool, len(before))
	for _, t := range before {
		old[t.Name] = t
	}
	seen := make(map[string]bool, len(after))
	for _, t := range after {
		seen[t.Name] = true
		if b, ok := old[t.Name]; ok {
			c.tool(b, t)
		} else {
			came = append(came, t)
		}
	}
	return slices.DeleteFunc(slices.Clone(before), func(t Tool) bool { return seen[t.Name] }), came
}

// renames pairs tools that are gone with new ones of equal schemas, and reports
// all.
func (c *listComparer) renames(gone, came []Tool) {
	old, now := c.candidates(gone), c.candidates(came)
	pairs := match(len(gone), len(came), func(i, j int) float64 { return c.successor(old[i], now[j]) })
	for i, t := range gone {
		j, ok := pairs[i]
		if !ok {
			c.add(uptime.DriftBreaking, ToolRemoved, t.Name, clip(t.Name, maxName), "", "was removed")
			continue
		}
		c.add(uptime.DriftBreaking, ToolRenamed, came[j].Name, clip(t.Name, maxName), clip(came[j].Name, maxName),
			fmt.Sprintf("is the new name of %q", clip(t.Name, maxName)))
		c.tool(t, came[j])
	}
	for j, t := range came {
		if !paired(pairs, j) {
			c.add(uptime.DriftCompatible, ToolAdded, t.Name, "", clip(t.Name, maxName), "was added")
		}
	}
}

// candidate is a tool that may have been renamed.
type candidate struct {
	Tool
	// shape is the same for tools whose schemas are equal, and cheap to compare.
	shape string
	// idle means that the schemas say nothing.
	idle bool
}

func (c *listComparer) candidates(tools []Tool) []candidate {
	out := make([]candidate, len(tools))
	for i, t := range tools {
		d := newDocument(&node{raw: t.InputSchema}, &c.renaming)
		v := d.view(d.root)
		names := sortedKeys(d.names(v))
		out[i] = candidate{
			Tool: t, shape: fmt.Sprintf("%q %v", names, t.OutputSchema == nil),
			idle: t.OutputSchema == nil && len(names)+len(v.union)+len(v.also) == 0,
		}
	}
	return out
}

// successor scores how much a new tool looks like a renamed old one, 0 if it
// does not. Schemas that say nothing are equal without meaning anything, so
// there the names or descriptions must be alike.
func (c *listComparer) successor(old, now candidate) float64 {
	const resemblance = 0.5
	if old.shape != now.shape || !c.renaming.spend(1) {
		return 0
	}
	if slices.ContainsFunc(schemas(old.Tool, now.Tool, &c.renaming), func(f Change) bool { return f.Kind != Wording && f.Kind != DefaultChanged }) {
		return 0
	}
	names, words := alike(old.Name, now.Name), 0.0
	if old.Description != "" {
		words = alike(old.Description, now.Description)
	}
	if old.idle && max(names, words) < resemblance {
		return 0
	}
	return 1 + names + 2*words
}

func (c *listComparer) add(class uptime.DriftClass, kind Kind, tool, before, after, says string) {
	c.changes = append(c.changes, Change{
		Class: class, Kind: kind, Part: PartTool, Tool: tool, Before: before, After: after,
		Message: fmt.Sprintf("tool %q %s", clip(tool, maxName), says),
	})
}

// tool compares two tools; the second names the changes.
func (c *listComparer) tool(old, now Tool) {
	for _, word := range []struct{ name, old, now string }{
		{"title", old.Title, now.Title},
		{"description", old.Description, now.Description},
	} {
		if before, after := clip(word.old, maxText), clip(word.now, maxText); word.old != word.now {
			c.add(uptime.DriftWording, Wording, now.Name, before, after, changed(word.name, before, after))
		}
	}
	c.hints(old, now)
	c.changes = append(c.changes, schemas(old, now, &c.budget)...)
}

// schemas compares the schemas of two tools.
func schemas(old, now Tool, b *budget) []Change {
	var out []Change
	for _, f := range compareSchemas(PartInput, old.InputSchema, now.InputSchema, b) {
		out = append(out, f.change(now.Name, PartInput))
	}
	for _, f := range compareOutputs(old.OutputSchema, now.OutputSchema, b) {
		out = append(out, f.change(now.Name, PartOutput))
	}
	return out
}

// compareOutputs compares output schemas, of which either may be absent.
func compareOutputs(old, now []byte, b *budget) []finding {
	switch {
	case old == nil && now == nil:
		return nil
	case now == nil:
		return []finding{{class: uptime.DriftBreaking, effect: admits, kind: OutputSchemaRemoved, says: "no longer has a schema"}}
	case old == nil:
		return []finding{{class: uptime.DriftCompatible, effect: refuses, kind: OutputSchemaAdded, says: "now has a schema"}}
	}
	return compareSchemas(PartOutput, old, now, b)
}

// hints compares annotations. The four hints have defaults, so that one which
// only came to be written down has not changed.
func (c *listComparer) hints(old, now Tool) {
	before, after := annotationsOf(old), annotationsOf(now)
	for _, word := range sortedKeys(merged(before, after)) {
		b, a := hint(word, before[word]), hint(word, after[word])
		if b == a {
			continue
		}
		c.add(uptime.DriftWording, Annotations, now.Name, clip(b, maxText), clip(a, maxText),
			fmt.Sprintf("changed its annotation %s%s", segment(word), warning(word, b, a)))
		c.changes[len(c.changes)-1].Path = segment(word)
	}
}

func annotationsOf(t Tool) map[string]*node {
	if t.Annotations == nil {
		return nil
	}
	return fieldsOf(&node{raw: t.Annotations})
}

// hint returns the text of an annotation, or the default of one that is absent
// (MCP, ToolAnnotations).
func hint(word string, n *node) string {
	if n != nil {
		return string(n.raw)
	}
	switch word {
	case "readOnlyHint", "idempotentHint":
		return "false"
	case "destructiveHint", "openWorldHint":
		return "true"
	}
	return ""
}

// warning says what a changed hint may mean for who calls the tool.
func warning(word, before, after string) string {
	says := fmt.Sprintf(" from %s to %s", cmp.Or(before, "nothing"), cmp.Or(after, "nothing"))
	switch word + "=" + after {
	case "readOnlyHint=false":
		return says + ": it no longer claims to change nothing, review what calls it unattended"
	case "destructiveHint=true":
		return says + ": it may now destroy or overwrite, review what calls it unattended"
	case "idempotentHint=false":
		return says + ": it is no longer safe to repeat"
	case "openWorldHint=true":
		return says + ": it may now reach outside systems"
	}
	return clip(says, maxText)
}
