package drift

import (
	"maps"
	"slices"
	"strings"
)

// view is what a schema demands, whatever its spelling: references followed,
// anyOf, oneOf and allOf of one unwrapped, alternatives that differ in type
// folded into one set of types, const made an enum of one.
type view struct {
	// types holds the kinds of values that may be valid.
	types kinds
	// enum, if finite, lists the only valid values, sorted, in canonical form.
	enum   []string
	finite bool
	// props and required are the keywords of those names.
	props    map[string]*node
	required map[string]bool
	// demands holds the other keywords that can refuse a value, words those
	// that cannot.
	demands, words map[string]*node
	// union holds alternatives that could not be folded: one of them must hold
	// besides all else. oneOf counts as anyOf: contracts use it as a union.
	union []*view
	// also holds what must hold besides all else and could not be merged.
	also []*view
	// spread is the union with all else merged into each branch, made on demand.
	spread []*view
}

// Bounds of what is folded and unwrapped.
const (
	maxBranches = 256
	maxHops     = 1000
)

func anything() *view { return &view{types: kindAny} }

// view returns the view of a schema, anything for nil.
func (d *document) view(n *node) *view { return d.viewAt(n, 0) }

func (d *document) viewAt(n *node, hops int) *view {
	if hops > maxHops {
		d.budget.left = -1
	}
	if n == nil || d.budget.exhausted() {
		return anything()
	}
	if v, ok := d.views[n]; ok {
		return v
	}
	d.views[n] = anything() // what a schema that is defined by itself alone demands
	v := d.read(n, hops)
	v.settle()
	d.views[n] = v
	return v
}

// read makes the view of a schema that is not known yet.
func (d *document) read(n *node, hops int) *view {
	v := anything()
	if n.says("false") {
		v.types = 0
	}
	if !n.isObject() {
		return v
	}
	n.open()
	if !d.budget.spend(1 + len(n.fields)) {
		return v
	}
	v.demands, v.words = map[string]*node{}, map[string]*node{}
	for name, value := range n.fields {
		v.keyword(name, value)
	}
	return d.applicators(v, n, hops)
}

// keyword takes up one keyword that does not lead to another schema.
func (v *view) keyword(name string, value *node) {
	switch {
	case structural(name), d4Nullable(name, value):
	case annotation(name):
		v.words[name] = value
	case name == "type" && readTypes(value) != 0:
		v.types = readTypes(value)
	case name == "enum" && value.isArray():
		v.restrict(readEnum(value))
	case name == "const":
		v.restrict([]string{string(value.raw)})
	case name == "properties" && value.isObject():
		v.props = value.open().fields
	case name == "required" && value.isArray():
		v.required = readNames(value)
	case applicator(name, value):
	case !idle(name, value):
		v.demands[name] = value
	}
}

// d4Nullable recognises OpenAPI's "nullable", which applicators reads.
func d4Nullable(name string, value *node) bool {
	return name == "nullable" && (value.says("true") || value.says("false"))
}

// applicator reports whether applicators reads the keyword.
func applicator(name string, value *node) bool {
	switch name {
	case "anyOf", "oneOf", "allOf":
		return value.isArray() && len(value.open().items) > 0
	case "$ref", "$dynamicRef", "$recursiveRef":
		return value.raw[0] == '"'
	}
	return false
}

// applicators merges into v the schemas that apply to the same value.
func (d *document) applicators(v *view, n *node, hops int) *view {
	if n.fields["nullable"].says("true") {
		v.types |= kindNull
	}
	for _, word := range []string{"$ref", "$dynamicRef", "$recursiveRef"} {
		if ref := n.fields[word]; ref != nil && applicator(word, ref) {
			v = d.follow(v, word, ref, hops)
		}
	}
	if all := n.fields["allOf"]; all != nil && applicator("allOf", all) {
		for _, item := range all.items {
			v = d.both(v, d.viewAt(item, hops+1))
		}
	}
	for _, word := range []string{"anyOf", "oneOf"} {
		if list := n.fields[word]; list != nil && applicator(word, list) {
			v = d.either(v, list, hops)
		}
	}
	return v
}

// follow merges what a reference names. A reference that leads elsewhere stays
// a demand that is compared as text.
func (d *document) follow(v *view, word string, ref *node, hops int) *view {
	target := d.resolve(unquote(ref.raw))
	if target == nil || !target.isSchema() {
		return d.both(v, &view{types: kindAny, demands: map[string]*node{word: ref}})
	}
	return d.both(v, d.viewAt(target, hops+1))
}

// either merges a list of alternatives.
func (d *document) either(v *view, list *node, hops int) *view {
	var branches []*view
	for _, item := range list.items {
		branch := d.viewAt(item, hops+1)
		if flat := branch.alternatives(); len(branches)+len(flat) <= maxBranches {
			branches = append(branches, flat...)
		} else {
			branches = append(branches, branch)
		}
	}
	if len(branches) > 1 {
		branches = absorb(slices.DeleteFunc(branches, func(b *view) bool { return b.types == 0 }))
	}
	switch folded := fold(branches); {
	case len(branches) == 0:
		return d.both(v, &view{})
	case folded != nil:
		return d.both(v, folded)
	}
	return d.both(v, &view{types: kindAny, union: branches})
}

// alternatives returns the branches of a view that is nothing but a union.
func (v *view) alternatives() []*view {
	if len(v.union) > 0 && len(v.words) == 0 && v.alone() {
		return v.union
	}
	return []*view{v}
}

// alone reports whether nothing but the union of v can refuse a value.
func (v *view) alone() bool {
	return v.types == kindAny && !v.finite && len(v.also)+len(v.demands)+len(v.props)+len(v.required) == 0
}

// bare reports whether v says nothing at all.
func (v *view) bare() bool {
	return v.alone() && len(v.words)+len(v.union) == 0
}

// both returns what holds when two views hold. Words of the first, the outer
// one, win. What cannot be merged is kept beside.
func (d *document) both(outer, inner *view) *view {
	d.budget.spend(1 + len(inner.props) + len(outer.props) + len(inner.demands))
	if outer.bare() {
		return inner // the very same, so that recursion is seen to come back
	}
	out := &view{types: outer.types & inner.types, enum: outer.enum, finite: outer.finite}
	out.words = merged(outer.words, inner.words)
	if !mergeable(outer, inner) {
		kept := *outer
		kept.words, kept.spread = out.words, nil
		kept.also = append(slices.Clip(outer.also), inner)
		return &kept
	}
	if inner.finite {
		out.restrict(inner.enum)
	}
	out.props, out.required = merged(outer.props, inner.props), merged(outer.required, inner.required)
	out.demands = limits(outer.demands, inner.demands)
	out.also = append(slices.Clip(outer.also), inner.also...)
	if out.union = outer.union; len(out.union) == 0 {
		out.union = inner.union
	}
	return out
}

// mergeable reports whether two views can be written as one: they have no
// keyword in common that says different things, and neither closes its object
// against what only the other knows.
func mergeable(a, b *view) bool {
	if len(a.union) > 0 && len(b.union) > 0 || closes(a, b) || closes(b, a) {
		return false
	}
	return compatible(a.props, b.props) && compatible(a.demands, b.demands)
}

// tighter returns the limit that refuses more, nil if the keyword is no limit.
func tighter(word string, a, b *node) *node {
	x, okX := a.number()
	y, okY := b.number()
	if !okX || !okY {
		return nil
	}
	low := strings.HasPrefix(word, "min") || word == "exclusiveMinimum"
	switch {
	case !low && !strings.HasPrefix(word, "max") && word != "exclusiveMaximum":
		return nil
	case low == (x > y):
		return a
	}
	return b
}

// limits merges demands that are compatible.
func limits(a, b map[string]*node) map[string]*node {
	out := merged(a, b)
	for word, value := range a {
		if other := b[word]; other != nil && !other.same(value) {
			out[word] = tighter(word, value, other)
		}
	}
	return out
}

func closes(a, b *view) bool {
	return (a.demands["additionalProperties"] != nil || a.demands["unevaluatedProperties"] != nil) &&
		(len(b.props) > 0 || b.demands["patternProperties"] != nil)
}

func compatible(a, b map[string]*node) bool {
	for name, value := range a {
		if other := b[name]; other != nil && !other.same(value) && tighter(name, value, other) == nil {
			return false
		}
	}
	return true
}

// merged returns the union of two maps, in which the first wins. It shares the
// only one that is not empty.
func merged[V any](a, b map[string]V) map[string]V {
	if len(b) == 0 {
		return a
	}
	if len(a) == 0 {
		return b
	}
	out := maps.Clone(b)
	maps.Copy(out, a)
	return out
}

// restrict intersects the values that are valid with a sorted list.
func (v *view) restrict(values []string) {
	if v.finite {
		values = slices.DeleteFunc(slices.Clone(values), func(s string) bool { return !has(v.enum, s) })
	}
	v.enum, v.finite = values, true
}

// has reports whether a sorted list has a value.
func has(sorted []string, value string) bool {
	_, ok := slices.BinarySearch(sorted, value)
	return ok
}

// settle brings a view into its one form: values and types agree, and demands
// that refuse nothing are gone.
func (v *view) settle() {
	if v.finite {
		v.enum = slices.DeleteFunc(slices.Clone(v.enum), v.refuses)
		v.settleEnum()
	}
	if len(v.union) > 0 {
		v.settleUnion()
	}
	kept := make(map[string]*node, len(v.demands))
	for name, value := range v.demands {
		if subject(name)&v.types != 0 && (!v.finite || !allSatisfy(v.enum, name, value)) {
			kept[name] = value
		}
	}
	v.demands = kept
	if v.types&kindObject == 0 {
		v.props, v.required = nil, nil
	}
}

// refuses reports whether a listed value breaks one of the limits beside.
func (v *view) refuses(value string) bool {
	if len(v.enum) > maxTried {
		return false
	}
	for word, n := range v.demands {
		if _, ok := n.number(); ok && limit(word, kindOfValue(value)) && !satisfies(value, word, n) {
			return true
		}
	}
	return false
}

// settleUnion drops the alternatives that cannot hold, and the types that none
// admits.
func (v *view) settleUnion() {
	var types kinds
	kept := make([]*view, 0, len(v.union))
	for _, branch := range v.union {
		if branch.types&v.types != 0 {
			kept = append(kept, branch)
			types |= branch.types
		}
	}
	v.union, v.types = kept, v.types&types
}

// settleEnum drops the values of other types, and the list itself if it says no
// more than a type.
func (v *view) settleEnum() {
	v.enum = slices.DeleteFunc(slices.Clone(v.enum), func(s string) bool { return kindOfValue(s)&v.types == 0 })
	v.types = 0
	for _, s := range v.enum {
		v.types |= kindOfValue(s)
	}
	if v.types != 0 && v.types&^(kindNull|kindBoolean) == 0 && (v.types&kindBoolean == 0 || has(v.enum, "true") && has(v.enum, "false")) {
		v.enum, v.finite = nil, false
	}
}

// values lists the valid values of a view if there are few by its type alone.
func (v *view) values() ([]string, bool) {
	if v.finite || v.types&^(kindNull|kindBoolean) != 0 {
		return v.enum, v.finite
	}
	var out []string
	if v.types&kindBoolean != 0 {
		out = append(out, "false", "true")
	}
	if v.types&kindNull != 0 {
		out = append(out, "null")
	}
	slices.Sort(out)
	return out, true
}

func readTypes(n *node) kinds {
	if n.raw[0] == '"' {
		return kindNamed(unquote(n.raw))
	}
	var k kinds
	for _, item := range n.open().items {
		if item.raw[0] == '"' {
			k |= kindNamed(unquote(item.raw))
		}
	}
	return k
}

// readEnum returns the values of an array, sorted, each once.
func readEnum(n *node) []string {
	var values []string
	elements(n.raw, func(v []byte) { values = append(values, string(v)) })
	slices.Sort(values)
	return slices.Compact(values)
}

func readNames(n *node) map[string]bool {
	names := map[string]bool{}
	elements(n.raw, func(v []byte) {
		if v[0] == '"' {
			names[unquote(v)] = true
		}
	})
	return names
}
