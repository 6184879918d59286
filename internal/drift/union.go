package drift

import (
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// unions compares two views of which at least one has alternatives.
func (c *comparer) unions(b, a *view) []finding {
	if words, ok := c.sameUnion(b.union, a.union); ok {
		return append(words, c.level(b, a)...)
	}
	old, okOld := c.before.branches(b)
	now, okNow := c.after.branches(a)
	if !okOld || !okNow || !c.budget.spend(len(old)*len(now)) {
		return append(c.level(b, a), c.opaque(refuses|admits, "anyOf", "", ""))
	}
	return c.cover(old, now)
}

// sameUnion reports whether each alternative of one side has an equal one on the
// other, in any order, and returns what differs in words.
func (c *comparer) sameUnion(old, now []*view) ([]finding, bool) {
	if len(old) != len(now) || !c.budget.spend(len(old)) {
		return nil, false
	}
	var found []finding
	left := slices.Clone(now)
	for _, b := range old {
		i := c.closest(left, func(a *view) int {
			if !c.equal(b, a) {
				return -1
			}
			return len(c.views(b, a))
		})
		if i < 0 {
			return nil, false
		}
		found = append(found, c.views(b, left[i])...)
		left = slices.Delete(left, i, i+1)
	}
	return found, true
}

// closest returns the index of the view with the lowest distance, -1 if all are
// negative. The first of several wins.
func (c *comparer) closest(views []*view, distance func(*view) int) int {
	best, at := -1, -1
	for i, v := range views {
		if !c.budget.spend(1) {
			return -1
		}
		if d := distance(v); d >= 0 && (best < 0 || d < best) {
			best, at = d, i
		}
	}
	return at
}

// branches returns the alternatives of a view, each with all else that must
// hold merged in; a view without alternatives is its only one. It fails if
// there are too many.
func (d *document) branches(v *view) ([]*view, bool) {
	if v.spread != nil {
		return v.spread, true
	}
	rest := *v
	rest.union, rest.words = nil, nil // the words were compared already
	if len(v.union) == 0 {
		v.spread = []*view{&rest}
		return v.spread, true
	}
	var spread []*view
	for _, branch := range v.union {
		inner, ok := d.branches(branch)
		if !ok || len(spread)+len(inner) > maxBranches {
			return nil, false
		}
		for _, one := range inner {
			whole := *d.both(&rest, one)
			whole.settle()
			spread = append(spread, &whole)
		}
	}
	v.spread = spread
	return spread, true
}

// cover compares two lists of alternatives. What a tool accepted must still be
// accepted, so each old alternative of an input needs a new one that admits as
// much; what a tool answers must have been foreseen, so each new alternative of
// an output needs an old one.
func (c *comparer) cover(old, now []*view) []finding {
	p := &pairing{comparer: c, drivers: old, others: now, used: make([]bool, len(now))}
	if c.part == PartOutput {
		p.drivers, p.others, p.used = now, old, make([]bool, len(old))
	}
	var left []*view
	for _, d := range p.drivers {
		if !p.exact(d) {
			left = append(left, d)
		}
	}
	left = slices.DeleteFunc(left, p.wider)
	left = slices.DeleteFunc(left, p.parts)
	for _, d := range left {
		p.nearest(d)
	}
	p.unused()
	return p.found
}

// pairing is the state of one cover.
type pairing struct {
	*comparer
	drivers, others []*view
	used            []bool
	found           []finding
}

// diff compares a driver with another in the right direction.
func (p *pairing) diff(driver, other *view) []finding {
	if p.part == PartOutput {
		return p.views(other, driver)
	}
	return p.views(driver, other)
}

// exact pairs a driver with an unused equal.
func (p *pairing) exact(driver *view) bool {
	for i, other := range p.others {
		if p.used[i] || !p.budget.spend(1) {
			continue
		}
		if found := p.diff(driver, other); !slices.ContainsFunc(found, func(f finding) bool { return f.effect != 0 }) {
			p.used[i] = true
			p.found = append(p.found, found...)
			return true
		}
	}
	return false
}

// wider pairs a driver with any that covers it, an unused one if there is one.
func (p *pairing) wider(driver *view) bool {
	i := p.closest(p.others, func(other *view) int {
		found := p.diff(driver, other)
		if classOf(found) == uptime.DriftBreaking {
			return -1
		}
		if slices.ContainsFunc(found, func(f finding) bool { return f.effect != 0 }) && p.used[slices.Index(p.others, other)] {
			return 1000 + len(found)
		}
		return len(found)
	})
	if i < 0 {
		return false
	}
	p.used[i] = true
	p.found = append(p.found, p.diff(driver, p.others[i])...)
	return true
}

// parts reports whether a driver is covered piece by piece: type by type, and
// value by value if its values are listed.
func (p *pairing) parts(driver *view) bool {
	pieces := driver.pieces()
	if len(pieces) < 2 {
		return false
	}
	cover := make([]bool, len(p.others))
	for _, piece := range pieces {
		i := p.closest(p.others, func(other *view) int {
			if classOf(p.diff(piece, other)) == uptime.DriftBreaking {
				return -1
			}
			return 0
		})
		if i < 0 {
			return false
		}
		cover[i] = true
	}
	for i := range cover {
		p.used[i] = p.used[i] || cover[i]
	}
	return true
}

// pieces splits a view: into its values if they are few, else into its types,
// of which boolean and null are values again.
func (v *view) pieces() []*view {
	const most = 64
	if values, ok := v.values(); ok && len(values) > 1 && len(values) <= most {
		out := make([]*view, len(values))
		for i, value := range values {
			piece := *v
			piece.enum, piece.finite = []string{value}, true
			piece.settle()
			out[i] = &piece
		}
		return out
	}
	types := v.types.parts()
	if len(types) < 2 {
		return []*view{v}
	}
	var out []*view
	for _, kind := range types {
		piece := *v
		piece.types &= kind
		piece.settle()
		out = append(out, piece.pieces()...)
	}
	return out
}

// nearest reports a driver that is not covered: as changed, if an unused
// alternative of its types looks like its successor, else as removed or new.
func (p *pairing) nearest(driver *view) {
	i := p.closest(p.others, func(other *view) int {
		if p.used[slices.Index(p.others, other)] || !kin(driver, other) {
			return -1
		}
		return len(p.diff(driver, other))
	})
	if i >= 0 {
		p.used[i] = true
		p.found = append(p.found, p.diff(driver, p.others[i])...)
		return
	}
	p.found = append(p.found, p.option(driver, true))
}

// kin reports whether one alternative may have become the other.
func kin(a, b *view) bool {
	if a.types != b.types {
		return false
	}
	if a.types&kindObject == 0 || len(a.props) == 0 {
		return true
	}
	for name := range a.props {
		if b.props[name] != nil {
			return true
		}
	}
	return false
}

// unused reports the alternatives on the other side that nothing needed: those
// are new in an input and gone from an output, and harm nobody.
func (p *pairing) unused() {
	for i, other := range p.others {
		if !p.used[i] {
			p.found = append(p.found, p.option(other, false))
		}
	}
}

// option reports an alternative that has no partner on the other side.
func (p *pairing) option(v *view, driver bool) finding {
	f := finding{class: uptime.DriftCompatible}
	if driver {
		f.class = uptime.DriftBreaking
	}
	if driver == (p.part == PartInput) {
		f.kind, f.effect, f.before = OptionRemoved, refuses, v.label()
		f.says = "lost an alternative: " + f.before
		return f
	}
	f.kind, f.effect, f.after = OptionAdded, admits, v.label()
	f.says = "has a new alternative: " + f.after
	return f
}
