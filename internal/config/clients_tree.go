package config

import "slices"

// A document is a parsed file, whatever its syntax, with what a strict reader
// would object to.
type document struct {
	root       *node
	yaml       bool
	bom        bool
	comment    int   // line of the first comment in JSON; 0 for none
	trailing   int   // line of the first trailing comma in JSON; 0 for none
	escapes    []int // lines with backslashes that JSON does not know
	duplicates []duplicate
	unknown    []duplicate // aliases of anchors that are not there
	more       int         // line of a second YAML document; 0 for none
}

type duplicate struct {
	key       string
	line, col int
}

// maxNotes bounds how many faults of one kind a document remembers.
const maxNotes = 50

func (d *document) duplicated(key string, line, col int) {
	if len(d.duplicates) < maxNotes {
		d.duplicates = append(d.duplicates, duplicate{key, line, col})
	}
}

type kind int

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindList
	kindMap
)

// A node is a value with its line. YAML aliases share nodes, so the tree is
// read only to a fixed depth.
type node struct {
	kind    kind
	line    int
	col     int    // 1-based; 0 when unknown, as always in JSON
	text    string // of strings, numbers and booleans
	items   []*node
	members []member
}

type member struct {
	key       string
	line, col int
	value     *node
}

// get returns the value of a key, nil when there is none. As in the clients'
// JSON readers the last of equal keys counts.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for _, m := range slices.Backward(n.members) {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

func (n *node) is(k kind) bool { return n != nil && n.kind == k }

// scalar reports whether n is a string, a number or a boolean.
func (n *node) scalar() bool {
	return n.is(kindString) || n.is(kindNumber) || n.is(kindBool)
}
