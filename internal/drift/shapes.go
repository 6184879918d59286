package drift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// objects compares parameters or fields. A parameter that is gone counts as
// removed even where its name would still be let through: what it did is gone.
// Only an object inside a parameter that takes anything now has lost nothing.
func (c *comparer) objects(b, a *view) []finding {
	if c.part == PartInput && a != c.all && a.anyObject() && !b.anyObject() {
		return []finding{{class: uptime.DriftCompatible, effect: admits, kind: ConstraintWidened, says: "now accepts any object"}}
	}
	old, now := c.before.names(b), c.after.names(a)
	var found []finding
	var gone, came []string
	for _, name := range sortedKeys(merged(old, now)) {
		switch {
		case !now[name] && c.part == PartInput && !c.before.described(b, name):
			found = append(found, c.member(b, a, name)...) // was required and never described
		case !now[name]:
			gone = append(gone, name)
		case !old[name]:
			came = append(came, name)
		default:
			found = append(found, c.member(b, a, name)...)
		}
	}
	gone, came, renamed := c.renamed(b, a, gone, came)
	found = append(found, renamed...)
	for _, name := range gone {
		found = append(found, c.removed(b, name))
	}
	for _, name := range came {
		found = append(found, c.added(b, a, name)...)
	}
	found = append(found, c.forbidden(b, a)...)
	found = append(found, c.patterns(b, a)...)
	return append(found, c.rest(b, a)...)
}

// anyObject reports whether v admits every object.
func (v *view) anyObject() bool {
	for word := range v.demands {
		if subject(word)&kindObject != 0 {
			return false
		}
	}
	return !v.finite && len(v.union)+len(v.also)+len(v.props)+len(v.required) == 0
}

// names returns the members an object is known to have; one whose schema admits
// nothing cannot be there.
func (d *document) names(v *view) map[string]bool {
	names := make(map[string]bool, len(v.props))
	for name, n := range v.props {
		if !d.never(n) {
			names[name] = true
		}
	}
	for name := range v.required {
		names[name] = true
	}
	return names
}

// described reports whether an object says more of a member than that it is
// required.
func (d *document) described(v *view, name string) bool {
	n := v.props[name]
	return n != nil && !d.never(n)
}

// never reports whether a schema, which may be absent, admits nothing.
func (d *document) never(n *node) bool { return n != nil && d.view(n).types == 0 }

// closed reports whether an object may have no members but those it names.
func (d *document) closed(v *view) bool { return d.never(v.demands["additionalProperties"]) }

// member compares a member that both sides have.
func (c *comparer) member(b, a *view, name string) []finding {
	path := segment(name)
	found := c.nodes(path, b.props[name], a.props[name])
	switch {
	case a.required[name] && !b.required[name]:
		found = append(found, finding{class: c.harm(refuses), effect: refuses, kind: RequiredAdded, path: path, says: "is now required"})
	case b.required[name] && !a.required[name]:
		found = append(found, finding{class: c.harm(admits), effect: admits, kind: RequiredRemoved, path: path, says: "is now optional"})
	}
	return found
}

func (c *comparer) removed(b *view, name string) finding {
	f := finding{class: uptime.DriftBreaking, effect: refuses, kind: ParamRemoved, path: segment(name), says: "was removed"}
	if c.part == PartOutput {
		f.kind, f.effect = OutputFieldRemoved, admits
	}
	f.before = c.before.view(b.props[name]).label()
	return f
}

// added reports a new member. Where the old schema let any name through on
// conditions, the new member may have stricter ones.
func (c *comparer) added(b, a *view, name string) []finding {
	path, n := segment(name), a.props[name]
	f := finding{class: uptime.DriftCompatible, effect: admits, path: path, after: c.after.view(n).label()}
	switch {
	case c.part == PartOutput:
		f.kind, f.effect, f.says = OutputFieldAdded, refuses, "was added"
		return []finding{f}
	case a.required[name]:
		f.class, f.effect, f.kind, f.says = uptime.DriftBreaking, refuses, ParamAddedRequired, "was added and is required"
		return []finding{f}
	}
	f.kind, f.says = ParamAddedOptional, "was added (optional)"
	found := []finding{f}
	if c.let(b, name) {
		found = append(found, c.nodes(path, b.demands["additionalProperties"], n)...)
	}
	return found
}

// let reports whether an old object let a member through on the conditions of
// additionalProperties.
func (c *comparer) let(b *view, name string) bool {
	return b.props[name] == nil && b.demands["additionalProperties"] != nil && !c.before.closed(b)
}

// forbidden reports members of a map that are explicitly refused now.
func (c *comparer) forbidden(b, a *view) []finding {
	var found []finding
	for _, name := range sortedKeys(a.props) {
		if c.part == PartInput && c.let(b, name) && c.after.never(a.props[name]) {
			found = append(found, c.removed(b, name))
		}
	}
	return found
}

// renamed pairs members that are gone with members that came and have an equal
// schema, the most alike first, and returns what is left of both.
func (c *comparer) renamed(b, a *view, gone, came []string) (left, extra []string, found []finding) {
	pairs := match(len(gone), len(came), func(i, j int) float64 {
		old, now := c.before.view(b.props[gone[i]]), c.after.view(a.props[came[j]])
		if !c.budget.spend(1) || !c.equal(old, now) {
			return 0
		}
		return 1 + alike(gone[i], came[j]) + 2*alike(show(old.words["description"]), show(now.words["description"]))
	})
	for i, j := range pairs {
		found = append(found, c.rename(gone[i], came[j]))
		if a.required[came[j]] && !b.required[gone[i]] {
			found[len(found)-1].says += ", which is required"
		}
	}
	for i, name := range gone {
		if _, ok := pairs[i]; !ok {
			left = append(left, name)
		}
	}
	for j, name := range came {
		if !paired(pairs, j) {
			extra = append(extra, name)
		}
	}
	slices.SortFunc(found, func(x, y finding) int { return strings.Compare(x.path, y.path) })
	return left, extra, found
}

func (c *comparer) rename(old, now string) finding {
	f := finding{
		class: uptime.DriftBreaking, effect: refuses | admits, kind: ParamRenamed, path: segment(old),
		before: clip(old, maxName), after: clip(now, maxName),
	}
	if c.part == PartOutput {
		f.kind = OutputFieldRenamed
	}
	f.says = fmt.Sprintf("was renamed to %q", f.after)
	return f
}

// rest compares what is said of members that are not named.
func (c *comparer) rest(b, a *view) []finding {
	old, now := b.demands["additionalProperties"], a.demands["additionalProperties"]
	switch wasClosed, isClosed := c.before.closed(b), c.after.closed(a); {
	case wasClosed && isClosed, old == nil && now == nil:
		return nil
	case !wasClosed && !isClosed:
		return c.nodes("*", old, now)
	case isClosed:
		f := finding{class: c.limits(refuses), effect: refuses, kind: ConstraintNarrowed, says: "no longer accepts other names"}
		if c.part == PartOutput {
			f.says = "no longer has other fields"
			if old != nil { // a map, which is as good as a field
				f.class, f.kind, f.path = uptime.DriftBreaking, OutputFieldRemoved, "*"
			}
		}
		return []finding{f}
	}
	f := finding{class: uptime.DriftCompatible, effect: admits, kind: ConstraintWidened, says: "now accepts other names"}
	if c.part == PartOutput {
		f.says = "may have other fields"
	}
	return []finding{f}
}

// patterns compares patternProperties. A pattern that comes opens a closed
// object and restricts an open one.
func (c *comparer) patterns(b, a *view) []finding {
	old, now := fieldsOf(b.demands["patternProperties"]), fieldsOf(a.demands["patternProperties"])
	var found []finding
	for _, pattern := range sortedKeys(merged(old, now)) {
		path := "[/" + clip(pattern, maxName) + "/]"
		switch {
		case old[pattern] != nil && now[pattern] != nil:
			found = append(found, c.nodes(path, old[pattern], now[pattern])...)
		case old[pattern] == nil:
			found = append(found, c.pattern(path, c.before.closed(b), refuses, "was added as a pattern of names"))
		default:
			found = append(found, c.pattern(path, c.after.closed(a), admits, "was removed as a pattern of names"))
		}
	}
	return found
}

func (c *comparer) pattern(path string, closed bool, e effect, says string) finding {
	if closed {
		e ^= refuses | admits
	}
	f := finding{class: c.limits(e), effect: e, kind: ConstraintNarrowed, path: path, says: says}
	if e == admits {
		f.kind = ConstraintWidened
	}
	return f
}

func fieldsOf(n *node) map[string]*node {
	if n == nil || !n.isObject() {
		return nil
	}
	return n.open().fields
}

// arrays compares the elements: those that have a schema of their own by their
// place, and the rest.
func (c *comparer) arrays(b, a *view) []finding {
	old, oldRest := b.elements()
	now, nowRest := a.elements()
	var found []finding
	for i := range max(len(old), len(now)) {
		if !c.budget.spend(1) {
			break
		}
		found = append(found, c.nodes(fmt.Sprintf("[%d]", i), at(old, i, oldRest), at(now, i, nowRest))...)
	}
	if oldRest == nil && nowRest == nil {
		return found
	}
	return append(found, c.nodes("[]", oldRest, nowRest)...)
}

func at(prefix []*node, i int, rest *node) *node {
	if i < len(prefix) {
		return prefix[i]
	}
	return rest
}

// elements returns the schemas of the first elements and of the rest: prefixItems
// and items, or a list in items and additionalItems as before 2020-12.
func (v *view) elements() (prefix []*node, rest *node) {
	items := v.demands["items"]
	if p := v.demands["prefixItems"]; p != nil && p.isArray() {
		return p.open().items, items
	}
	if items != nil && items.isArray() {
		return items.open().items, v.demands["additionalItems"]
	}
	return nil, items
}
