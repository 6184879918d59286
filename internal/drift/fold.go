package drift

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// fold writes alternatives as one view where that is exact: if no two admit the
// same type and no keyword of one can speak about the values of another
// ("string or null", "string or list of strings"), or if all are lists of
// values. It returns nil where it is not.
func fold(branches []*view) *view {
	switch {
	case len(branches) == 0:
		return nil
	case len(branches) == 1:
		return branches[0]
	case listed(branches):
		return foldValues(branches)
	case apart(branches) || !slices.ContainsFunc(branches, func(b *view) bool { return !b.free() }):
		return foldTypes(branches)
	}
	return nil
}

// absorb takes from the alternatives what another one admits without condition:
// "string, or a string of three letters" is a string.
func absorb(branches []*view) []*view {
	var free kinds
	for _, b := range branches {
		if b.free() {
			free |= b.types
		}
	}
	out := make([]*view, 0, len(branches))
	for _, b := range branches {
		switch rest := b.types &^ free; {
		case b.free():
			out = append(out, b)
			continue
		case rest == 0:
			continue
		default:
			less := *b
			less.types, less.spread = rest, nil
			less.settle()
			out = append(out, &less)
		}
	}
	return out
}

// free reports whether v admits every value of its types.
func (v *view) free() bool {
	return !v.finite && len(v.union)+len(v.also)+len(v.demands)+len(v.props)+len(v.required) == 0
}

// simple reports whether a view speaks only of its own types.
func (v *view) simple() bool {
	for name := range v.demands {
		if subject(name)&^v.types != 0 && subject(name) != kindString|kindNumber {
			return false
		}
	}
	return len(v.union) == 0 && len(v.also) == 0
}

func listed(branches []*view) bool {
	return !slices.ContainsFunc(branches, func(b *view) bool {
		_, ok := b.values()
		return !ok || len(b.demands) > 0 || !b.simple()
	})
}

func foldValues(branches []*view) *view {
	out := &view{finite: true, types: kindAny, words: foldWords(branches)}
	for _, b := range branches {
		values, _ := b.values()
		out.enum = append(out.enum, values...)
	}
	slices.Sort(out.enum)
	out.enum = slices.Compact(out.enum)
	out.settleEnum()
	return out
}

// apart reports whether branches can be folded by their types.
func apart(branches []*view) bool {
	var seen kinds
	formats := 0
	for _, b := range branches {
		if b.finite || !b.simple() || seen&b.types != 0 {
			return false
		}
		if b.demands["format"] != nil {
			formats++
		}
		seen |= b.types
	}
	// A format speaks of strings and of numbers, so it must not meet the other.
	return formats == 0 || seen&kindNumber == 0 || seen&kindString == 0
}

func foldTypes(branches []*view) *view {
	out := &view{words: foldWords(branches)}
	for _, b := range branches {
		out.types |= b.types
		out.props, out.required = merged(out.props, b.props), merged(out.required, b.required)
		out.demands = merged(out.demands, b.demands)
	}
	return out
}

// foldWords keeps the words of all branches: under their own keyword if one
// branch alone has it, else marked with what the branch admits.
func foldWords(branches []*view) map[string]*node {
	count := map[string]int{}
	for _, b := range branches {
		for word := range b.words {
			count[word]++
		}
	}
	out := map[string]*node{}
	for _, b := range branches {
		for word, value := range b.words {
			if count[word] > 1 {
				word += " of " + b.label()
			}
			out[word] = value
		}
	}
	return out
}

// label names a branch by what it admits.
func (v *view) label() string {
	if !v.finite {
		return v.types.String()
	}
	return list(v.enum)
}

// maxTried bounds how many values are held against a keyword.
const maxTried = 1000

// allSatisfy reports whether all values are known to satisfy a keyword.
func allSatisfy(values []string, keyword string, n *node) bool {
	return len(values) <= maxTried && !slices.ContainsFunc(values, func(v string) bool { return !satisfies(v, keyword, n) })
}

// limit reports whether a keyword is one that satisfies decides for values of a
// kind if it is a number.
func limit(keyword string, kind kinds) bool {
	switch keyword {
	case "minLength", "maxLength":
		return kind == kindString
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		return kind&kindNumber != 0
	}
	return false
}

// satisfies reports whether a value is known to satisfy a keyword: false also
// when that cannot be told.
func satisfies(value, keyword string, n *node) bool {
	kind := kindOfValue(value)
	if subject(keyword)&kind == 0 {
		return true
	}
	switch kind {
	case kindString:
		return stringSatisfies(unquote([]byte(value)), keyword, n)
	case kindInteger, kindFraction:
		f, err := strconv.ParseFloat(value, 64)
		return err == nil && numberSatisfies(f, keyword, n)
	default:
		return false
	}
}

func stringSatisfies(s, keyword string, n *node) bool {
	limit, ok := n.number()
	length := float64(utf8.RuneCountInString(s))
	switch keyword {
	case "minLength":
		return ok && length >= limit
	case "maxLength":
		return ok && length <= limit
	case "pattern":
		re, err := regexp.Compile(unquoteIfString(n))
		return err == nil && re.MatchString(s)
	}
	return false
}

func unquoteIfString(n *node) string {
	if n.raw[0] != '"' || len(n.raw) > 1000 {
		return `\` // which does not compile
	}
	return unquote(n.raw)
}

func numberSatisfies(f float64, keyword string, n *node) bool {
	limit, ok := n.number()
	switch keyword {
	case "minimum":
		return ok && f >= limit
	case "exclusiveMinimum":
		return ok && f > limit
	case "maximum":
		return ok && f <= limit
	case "exclusiveMaximum":
		return ok && f < limit
	case "multipleOf":
		return ok && divides(limit, f)
	}
	return false
}

// divides reports whether f is a multiple of unit, exactly.
func divides(unit, f float64) bool {
	if unit == 0 {
		return false
	}
	q := f / unit
	return q == math.Trunc(q) && q*unit == f
}
