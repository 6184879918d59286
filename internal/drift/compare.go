package drift

import (
	"fmt"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// comparer compares the input or the output schemas of one tool.
//
// What a tool accepts may grow and not shrink; what it answers may shrink and
// not turn into something else. Both sides are compared by one code, which
// notes the effect of each change, and the part decides what that means.
type comparer struct {
	part          Part
	before, after *document
	budget        *budget
	// known holds the findings for pairs of views, nil while one is being
	// compared: a recursive schema is equal if nothing else differs.
	known map[[2]*view][]finding
	// all is the view of the whole new schema.
	all *view
}

// compareSchemas returns what differs between two schemas. Each must be the
// canonical text of an object or a boolean.
func compareSchemas(part Part, before, after []byte, b *budget) []finding {
	if string(before) == string(after) {
		return nil
	}
	c := &comparer{
		part: part, budget: b, known: map[[2]*view][]finding{},
		before: newDocument(&node{raw: before}, b), after: newDocument(&node{raw: after}, b),
	}
	c.all = c.top(c.after)
	found := c.views(c.top(c.before), c.all)
	if b.exhausted() {
		found = append(found, finding{
			class: uptime.DriftBreaking, effect: refuses | admits, kind: SchemaChanged,
			says: "changed, and its schema is too large to tell how",
		})
	}
	return worst(found)
}

// top returns the view of a whole schema. Arguments are always an object,
// whether the schema says so or not.
func (c *comparer) top(d *document) *view {
	v := *d.view(d.root)
	if c.part == PartInput {
		v.types &= kindObject
		v.settle()
	}
	return &v
}

// views returns what differs between two views, with paths relative to them.
func (c *comparer) views(b, a *view) []finding {
	pair := [2]*view{b, a}
	if found, ok := c.known[pair]; ok {
		return found
	}
	c.known[pair] = nil
	if !c.budget.spend(1 + len(b.demands) + len(a.demands) + len(b.props) + len(a.props) + len(b.enum)/8 + len(a.enum)/8) {
		return nil
	}
	found := c.words(b, a)
	if len(b.union)+len(a.union) > 0 {
		found = append(found, c.unions(b, a)...)
	} else {
		found = append(found, c.level(b, a)...)
	}
	c.known[pair] = worst(found)
	return c.known[pair]
}

// nodes compares two schemas, of which nil is the one that admits anything, and
// puts name in front of the paths.
func (c *comparer) nodes(name string, b, a *node) []finding {
	return prefix(name, c.views(c.before.view(b), c.after.view(a)))
}

func prefix(name string, found []finding) []finding {
	out := slices.Clone(found)
	for i := range out {
		out[i].path = join(name, out[i].path)
	}
	return out
}

// level compares two views apart from their words and unions.
func (c *comparer) level(b, a *view) []finding {
	found := c.types(b, a)
	if b.finite == a.finite {
		found = append(found, c.demands(b, a)...)
	}
	if b.types&a.types&kindObject != 0 {
		found = append(found, c.objects(b, a)...)
	}
	if b.types&a.types&kindArray != 0 {
		found = append(found, c.arrays(b, a)...)
	}
	return append(found, c.also(b, a)...)
}

// equal reports whether two views differ at most in words.
func (c *comparer) equal(b, a *view) bool {
	return !slices.ContainsFunc(c.views(b, a), func(f finding) bool { return f.effect != 0 })
}

// effectOf returns what the change from b to a does, all in all.
func (c *comparer) effectOf(b, a *view) effect {
	var e effect
	for _, f := range c.views(b, a) {
		e |= f.effect
	}
	return e
}

// harm returns the class of an effect on the types or the shape of a value.
func (c *comparer) harm(e effect) uptime.DriftClass {
	bad := refuses
	if c.part == PartOutput {
		bad = admits
	}
	if e&bad != 0 {
		return uptime.DriftBreaking
	}
	return uptime.DriftCompatible
}

// limits returns the class of an effect on the values of an enum or a
// constraint. An answer with a value of the same type that was not listed
// before is not held to break a client: the contract calls a widening
// compatible, and so is an answer that keeps narrower limits.
func (c *comparer) limits(e effect) uptime.DriftClass {
	if c.part == PartInput && e&refuses != 0 {
		return uptime.DriftBreaking
	}
	return uptime.DriftCompatible
}

// types compares the types and the listed values.
func (c *comparer) types(b, a *view) []finding {
	values, listed := b.values()
	others, listedNow := a.values()
	switch {
	case !b.finite && !a.finite, b.types&a.types == 0:
		return c.retyped(b, a)
	case listed && listedNow:
		return append(c.foreign(b, a), c.enums(values, others)...)
	case listedNow:
		return append(c.foreign(b, a), c.enum(refuses, "anything of type "+b.types.String(), list(others)))
	}
	found := c.foreign(b, a)
	if refused := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return c.admits(a, v) }); len(refused) > 0 {
		found = append(found, c.enum(refuses, list(refused), ""))
	}
	return append(found, c.enum(admits, list(values), "anything of type "+a.types.String()))
}

// admits reports whether a view without a list of values is known to admit one.
func (c *comparer) admits(v *view, value string) bool {
	kind := kindOfValue(value)
	if kind&v.types == 0 || kind&kindObject != 0 && len(v.props)+len(v.required) > 0 {
		return false
	}
	for name, n := range v.demands {
		if !satisfies(value, name, n) {
			return false
		}
	}
	return true
}

// foreign reports types that only one side admits although values are listed,
// which matters for an answer alone: for arguments the list says it all.
func (c *comparer) foreign(b, a *view) []finding {
	if c.part == PartInput || a.types&^b.types == 0 {
		return nil
	}
	return c.retyped(b, a)
}

// retyped compares the sets of types.
func (c *comparer) retyped(b, a *view) []finding {
	if b.types == a.types {
		return nil
	}
	f := finding{before: b.label(), after: a.label()}
	f.says = fmt.Sprintf("changed its type from %s to %s", f.before, f.after)
	switch lost, gained := b.types&^a.types, a.types&^b.types; {
	case gained == 0:
		f.kind, f.effect = TypeNarrowed, refuses
	case lost == 0:
		f.kind, f.effect = TypeWidened, admits
	default:
		f.kind, f.effect = TypeChanged, refuses|admits
	}
	f.class = c.harm(f.effect)
	if c.part == PartOutput && f.effect&admits != 0 {
		f.kind = OutputRetyped
	}
	return []finding{f}
}

// enums compares two sorted lists of values.
func (c *comparer) enums(values, others []string) []finding {
	var found []finding
	if gone := without(values, others); len(gone) > 0 {
		found = append(found, c.enum(refuses, list(gone), ""))
	}
	if came := without(others, values); len(came) > 0 {
		found = append(found, c.enum(admits, "", list(came)))
	}
	return found
}

func without(values, others []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return has(others, v) })
}

// enum reports values that are refused now, or admitted.
func (c *comparer) enum(e effect, before, after string) finding {
	f := finding{class: c.limits(e), effect: e, kind: EnumWidened, before: before, after: after}
	if e == refuses {
		f.kind = EnumNarrowed
	}
	verb := map[bool]string{false: "accepts", true: "may be"}[c.part == PartOutput]
	switch {
	case before == "":
		f.says = fmt.Sprintf("now also %s %s", verb, after)
	case after == "":
		f.says = fmt.Sprintf("no longer %s %s", verb, before)
	default:
		f.says = fmt.Sprintf("now %s %s instead of %s", verb, after, before)
	}
	return f
}

// also compares what must hold besides, in any order. A demand that became
// weaker is found as such.
func (c *comparer) also(b, a *view) []finding {
	var found []finding
	old, now := slices.Clone(b.also), slices.Clone(a.also)
	for _, allowed := range []effect{0, admits} {
		old = slices.DeleteFunc(old, func(demand *view) bool {
			i := slices.IndexFunc(now, func(v *view) bool { return c.effectOf(demand, v)&^allowed == 0 })
			if i < 0 {
				return false
			}
			found = append(found, c.views(demand, now[i])...)
			now = slices.Delete(now, i, i+1)
			return true
		})
	}
	for range old {
		found = append(found, c.opaque(admits, "allOf", "", ""))
	}
	for _, demand := range now {
		if c.effectOf(b, demand)&refuses != 0 { // else it was implied before
			found = append(found, c.opaque(refuses, "allOf", "", ""))
		}
	}
	return found
}

// opaque reports a change of a keyword that is not understood in depth.
func (c *comparer) opaque(e effect, keyword, before, after string) finding {
	f := finding{effect: e, before: before, after: after}
	word := quote(segment(keyword))
	switch e {
	case admits:
		f.kind, f.class, f.says = ConstraintWidened, c.limits(e), "lost its condition "+word
	case refuses:
		f.kind, f.class, f.says = ConstraintNarrowed, c.limits(e), "has the new condition "+word
	default:
		f.kind, f.class, f.says = SchemaChanged, uptime.DriftBreaking, "changed in "+word+" in a way that cannot be proved harmless"
	}
	return f
}
