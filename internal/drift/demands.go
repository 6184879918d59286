package drift

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// words compares the keywords that refuse nothing.
func (c *comparer) words(b, a *view) []finding {
	var found []finding
	for _, word := range sortedKeys(merged(b.words, a.words)) {
		old, now := b.words[word], a.words[word]
		if old.same(now) {
			continue
		}
		f := finding{class: uptime.DriftWording, kind: Wording, before: show(old), after: show(now)}
		if word == "default" && c.part == PartInput {
			f.class, f.kind = uptime.DriftCompatible, DefaultChanged
		}
		f.says = changed(clip(word, maxName), f.before, f.after)
		found = append(found, f)
	}
	return found
}

// show writes a value for a person; strings lose their quotes.
func show(n *node) string {
	switch {
	case n == nil:
		return ""
	case n.raw[0] == '"':
		return clip(unquote(n.raw), maxText)
	}
	return clip(string(n.raw), maxText)
}

// changed says that a keyword came, went or changed. Long texts are left out.
func changed(word, before, after string) string {
	const short = 40
	switch {
	case before == "":
		return "has a new " + word
	case after == "":
		return "lost its " + word
	case len(before) > short || len(after) > short:
		return "changed its " + word
	}
	return fmt.Sprintf("changed its %s from %s to %s", word, spoken(before), spoken(after))
}

// spoken puts text into quotes, but not a number or a boolean.
func spoken(s string) string {
	if _, err := strconv.ParseFloat(s, 64); err == nil || s == "true" || s == "false" {
		return s
	}
	return strconv.Quote(s)
}

// demands compares the keywords that can refuse a value, of the types that both
// sides admit: for the others the change of type says it all.
func (c *comparer) demands(b, a *view) []finding {
	var found []finding
	types := b.types & a.types
	for _, word := range sortedKeys(merged(b.demands, a.demands)) {
		if subject(word)&types == 0 || apartFrom(word) {
			continue
		}
		old, now := b.demands[word], a.demands[word]
		e := c.relate(word, old, now)
		if e != 0 && word == "contains" && (b.demands["maxContains"] != nil || a.demands["maxContains"] != nil) {
			e = refuses | admits // what matches more may match too often
		}
		if slices.ContainsFunc(b.also, func(v *view) bool { return now != nil && v.demands[word].same(now) }) {
			e &^= refuses // it had to hold already, besides
		}
		if e != 0 {
			found = append(found, c.demand(e, word, old, now))
		}
	}
	if types&kindNumber != 0 {
		found = append(found, c.bounds(b, a)...)
	}
	return found
}

// apartFrom reports whether a keyword is compared together with others.
func apartFrom(word string) bool {
	switch word {
	case "items", "prefixItems", "additionalItems", "additionalProperties", "patternProperties":
		return true
	}
	return strings.HasSuffix(word, "inimum") || strings.HasSuffix(word, "aximum")
}

// relate returns what the change of one keyword does. A keyword that went can
// only admit more, and one that came can only refuse more, except
// minContains: without it, one item must match.
func (c *comparer) relate(word string, old, now *node) effect {
	switch {
	case old.same(now) && !refersTo(word):
		return 0
	case word == "minContains":
		return compareNumbers(old, now, 1, refuses)
	case old == nil:
		return refuses
	case now == nil:
		return admits
	}
	switch word {
	case "minLength", "minItems", "minProperties":
		return compareNumbers(old, now, 0, refuses)
	case "maxLength", "maxItems", "maxProperties", "maxContains":
		return compareNumbers(old, now, math.Inf(1), admits)
	case "multipleOf":
		return compareUnits(old, now)
	case "pattern", "format", "contentEncoding", "contentMediaType":
		return refuses | admits
	}
	return c.relateSchemas(word, old, now)
}

// refersTo reports whether a keyword holds schemas, whose text may be equal
// while what they refer to is not.
func refersTo(word string) bool {
	switch word {
	case "not", "if", "then", "else", "contains", "propertyNames", "contentSchema", "unevaluatedItems",
		"unevaluatedProperties", "dependentSchemas", "dependencies":
		return true
	}
	return false
}

// relateSchemas compares keywords that hold schemas: as far as a wider schema
// there means a wider one here, and else for equality alone.
func (c *comparer) relateSchemas(word string, old, now *node) effect {
	switch word {
	case "then", "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties":
		if old == nil || now == nil || !old.isSchema() || !now.isSchema() {
			break
		}
		return c.effectOf(c.before.view(old), c.after.view(now))
	case "not", "if", "contentSchema":
		if c.equal(c.before.view(old), c.after.view(now)) {
			return 0
		}
	case "dependentSchemas", "dependencies":
		if c.equalMembers(old, now) {
			return 0
		}
	}
	return refuses | admits
}

// equalMembers reports whether two objects hold equal schemas, or equal values,
// under the same names.
func (c *comparer) equalMembers(old, now *node) bool {
	if !old.isObject() || !now.isObject() || len(old.open().fields) != len(now.open().fields) {
		return false
	}
	for name, b := range old.fields {
		a := now.fields[name]
		if a == nil || b.isSchema() != a.isSchema() || !b.isSchema() && !b.same(a) {
			return false
		}
		if b.isSchema() && !c.equal(c.before.view(b), c.after.view(a)) {
			return false
		}
	}
	return true
}

// compareNumbers compares two limits, of which an absent one is standard. more
// is what a greater limit does.
func compareNumbers(old, now *node, standard float64, more effect) effect {
	b, a := standard, standard
	for _, side := range []struct {
		n   *node
		out *float64
	}{{old, &b}, {now, &a}} {
		f, ok := side.n.number()
		if side.n != nil && !ok {
			return refuses | admits
		}
		if side.n != nil {
			*side.out = f
		}
	}
	switch {
	case a == b:
		return 0
	case a > b:
		return more
	}
	return more ^ (refuses | admits)
}

// compareUnits compares two values of multipleOf.
func compareUnits(old, now *node) effect {
	b, okB := old.number()
	a, okA := now.number()
	switch {
	case !okA || !okB:
	case divides(a, b):
		return admits
	case divides(b, a):
		return refuses
	}
	return refuses | admits
}

// demand reports the change of one keyword.
func (c *comparer) demand(e effect, word string, old, now *node) finding {
	f := c.opaque(e, word, show(old), show(now))
	if refersTo(word) || subject(word) == kindAny {
		return f
	}
	f.kind, f.class = ConstraintNarrowed, c.limits(e)
	if e == admits {
		f.kind = ConstraintWidened
	}
	if word == "format" && c.part == PartOutput && e == refuses|admits {
		f.kind, f.class = OutputRetyped, uptime.DriftBreaking
	}
	f.says = changed(word, f.before, f.after)
	return f
}

// bound is one end of a range of numbers; none has no end.
type bound struct {
	at   float64
	open bool
	none bool
}

// bounds compares the ranges of numbers, whichever keywords say them.
func (c *comparer) bounds(b, a *view) []finding {
	var found []finding
	for _, side := range []struct {
		closed, open string
		sign         float64
	}{{"minimum", "exclusiveMinimum", 1}, {"maximum", "exclusiveMaximum", -1}} {
		old, okOld := readBound(b, side.closed, side.open, side.sign)
		now, okNow := readBound(a, side.closed, side.open, side.sign)
		e := old.change(now)
		if !okOld || !okNow {
			e = refuses | admits
			if b.demands[side.closed].same(a.demands[side.closed]) && b.demands[side.open].same(a.demands[side.open]) {
				e = 0
			}
		}
		if e == 0 {
			continue
		}
		f := finding{kind: ConstraintNarrowed, class: c.limits(e), effect: e, before: old.show(side.sign), after: now.show(side.sign)}
		if e == admits {
			f.kind = ConstraintWidened
		}
		f.says = changed(side.closed, f.before, f.after)
		found = append(found, f)
	}
	return found
}

// readBound returns the tighter of the two keywords for one end, mirrored by
// sign so that a greater bound refuses more. It fails for values that are not
// numbers.
func readBound(v *view, closed, open string, sign float64) (bound, bool) {
	out := bound{none: true}
	for _, word := range []string{closed, open} {
		n := v.demands[word]
		if n == nil {
			continue
		}
		f, ok := n.number()
		if !ok {
			return bound{none: true}, false
		}
		if next := (bound{at: f * sign, open: word == open}); out.change(next)&refuses != 0 {
			out = next
		}
	}
	return out.whole(v.types), true
}

// whole closes the bound of integers: more than 2 is at least 3.
func (b bound) whole(types kinds) bound {
	if b.none || types&kindFraction != 0 || math.Abs(b.at) > 1<<53 {
		return b
	}
	if b.open {
		return bound{at: math.Floor(b.at) + 1}
	}
	return bound{at: math.Ceil(b.at)}
}

func (b bound) change(to bound) effect {
	switch {
	case b == to:
		return 0
	case b.none, !to.none && (to.at > b.at || to.at == b.at && to.open):
		return refuses
	}
	return admits
}

func (b bound) show(sign float64) string {
	switch {
	case b.none:
		return ""
	case b.open:
		return fmt.Sprintf("%v, exclusive", b.at*sign)
	}
	return fmt.Sprint(b.at * sign)
}
