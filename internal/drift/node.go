package drift

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// node is one value of a canonical schema. Its children are found when they
// are first asked for, so that a large schema costs only what is looked at, and
// they are found once, so that a node can be the key of a memo.
type node struct {
	raw    []byte
	opened bool
	fields map[string]*node
	items  []*node
}

// open finds the children of n.
func (n *node) open() *node {
	if n.opened {
		return n
	}
	n.opened = true
	switch n.raw[0] {
	case '{':
		n.fields = map[string]*node{}
		members(n.raw, func(name, value []byte) { n.fields[unquote(name)] = &node{raw: value} })
	case '[':
		elements(n.raw, func(value []byte) { n.items = append(n.items, &node{raw: value}) })
	}
	return n
}

func (n *node) isObject() bool { return n.raw[0] == '{' }
func (n *node) isArray() bool  { return n.raw[0] == '[' }
func (n *node) isSchema() bool { return n.isObject() || n.says("true") || n.says("false") }

// says reports whether two values are the same text. Both may be absent.
func (n *node) says(text string) bool { return n != nil && string(n.raw) == text }

func (n *node) same(m *node) bool {
	return n == m || n != nil && m != nil && string(n.raw) == string(m.raw)
}

// number returns the number that n is.
func (n *node) number() (float64, bool) {
	if n == nil {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(n.raw), 64)
	return f, err == nil && n.raw[0] != 'N' && n.raw[0] != 'I'
}

// document is one schema: the place in which its references are looked up, and
// what is known of its parts.
type document struct {
	root    *node
	views   map[*node]*view
	anchors map[string]*node
	budget  *budget
}

func newDocument(root *node, b *budget) *document {
	return &document{root: root, views: map[*node]*view{}, budget: b}
}

// resolve returns what a local reference names, nil for one that leads
// elsewhere: "#", "#/a/json/pointer" or "#anchor" (RFC 6901 §6 and JSON Schema
// 2020-12 §8.2).
func (d *document) resolve(ref string) *node {
	fragment, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil
	}
	if plain, err := url.PathUnescape(fragment); err == nil {
		fragment = plain
	}
	if fragment != "" && fragment[0] != '/' {
		return d.anchor(fragment)
	}
	at := d.root
	for _, token := range strings.Split(fragment, "/")[1:] {
		if at = at.child(token); at == nil {
			return nil
		}
	}
	return at
}

// child follows one token of a JSON pointer.
func (n *node) child(token string) *node {
	n.open()
	if n.isArray() {
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(n.items) {
			return n.items[i]
		}
		return nil
	}
	return n.fields[strings.NewReplacer("~1", "/", "~0", "~").Replace(token)]
}

// anchor finds the schema with an $anchor or $dynamicAnchor of that name.
func (d *document) anchor(name string) *node {
	if d.anchors == nil {
		d.anchors = map[string]*node{}
		d.gather(d.root)
	}
	return d.anchors[name]
}

func (d *document) gather(n *node) {
	if !n.isObject() && !n.isArray() || !d.budget.spend(1) {
		return
	}
	n.open()
	for _, word := range []string{"$anchor", "$dynamicAnchor"} {
		if a := n.fields[word]; a != nil && a.raw[0] == '"' {
			d.anchors[unquote(a.raw)] = n
		}
	}
	for _, name := range sortedKeys(n.fields) {
		d.gather(n.fields[name])
	}
	for _, item := range n.items {
		d.gather(item)
	}
}

// budget bounds the work of one comparison, whatever the schemas look like.
type budget struct{ left int }

// spend takes n units and reports whether there were that many.
func (b *budget) spend(n int) bool {
	b.left -= n
	return b.left >= 0
}

func (b *budget) exhausted() bool { return b.left < 0 }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
