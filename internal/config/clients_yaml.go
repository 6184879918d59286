package config

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxYAMLTokens bounds the work of the YAML parser, whose time grows with the
// square of the keys of one mapping.
const maxYAMLTokens = 60_000

// maxBlockKeys bounds the keys of one mapping, for the same reason.
const maxBlockKeys = 5_000

// parseYAML reads the first document of a client's YAML file.
func parseYAML(data []byte) (document, error) {
	return parseBoundedYAML(data, maxClientYAML, maxYAMLTokens)
}

// parseBoundedYAML reads the first document of a YAML file of at most so many
// bytes and tokens.
func parseBoundedYAML(data []byte, maxBytes, maxTokens int) (doc document, err error) {
	if len(data) > maxBytes {
		return document{}, fmt.Errorf("it has %d bytes, the most of YAML is %d", len(data), maxBytes)
	}
	// The parser is not ours and the file is anyone's: a panic in it is a file
	// that cannot be read.
	defer func() {
		if recover() != nil {
			doc, err = document{}, errors.New("the file is not valid YAML")
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if err := errors.Join(boundTokens(tokens, maxTokens), boundKeys(tokens)); err != nil {
		return document{}, err
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return document{}, yamlFault(err)
	}
	c := yamlConverter{doc: document{yaml: true}, anchors: map[string]*node{}, most: 4 * maxTokens}
	for _, d := range file.Docs {
		switch {
		case d.Body == nil || d.Body.Type() == ast.DirectiveType:
		case c.doc.root == nil:
			c.doc.root = c.convert(d.Body, 0)
		case c.doc.more == 0:
			c.doc.more, _ = placeOf(d.Body)
		}
	}
	return c.doc, c.err
}

// boundTokens keeps the recursive parser off the end of its stack.
func boundTokens(tokens token.Tokens, most int) error {
	if len(tokens) > most {
		return fmt.Errorf("it has more than %d parts of YAML", most)
	}
	depth, run := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
			run = 0
		case token.MappingEndType, token.SequenceEndType:
			depth--
			run = 0
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			run++
		default:
			run = 0
		}
		if depth > maxDepth || run > maxDepth {
			return errors.New("the values are nested too deeply")
		}
	}
	return nil
}

// boundKeys keeps the parser, whose time grows with the square of the keys of
// one block mapping, from long ones. Keys of one column belong to one mapping
// until something stands further left.
func boundKeys(tokens token.Tokens) error {
	keys := map[int]int{}
	for i, t := range tokens {
		if i == 0 || t.Position == nil || t.Type != token.MappingValueType && t.Type != token.SequenceEntryType {
			continue
		}
		if t.Type == token.MappingValueType {
			t = tokens[i-1]
			keys[t.Position.Column]++
		}
		for col := range keys {
			if col > t.Position.Column {
				delete(keys, col)
			}
		}
		if keys[t.Position.Column] > maxBlockKeys {
			return fmt.Errorf("line %d: one mapping has more than %d keys", t.Position.Line, maxBlockKeys)
		}
	}
	return nil
}

// yamlFault keeps the line of a parser's error and drops its text, which
// quotes the file and so perhaps a secret.
func yamlFault(err error) error {
	var located interface{ GetToken() *token.Token }
	if errors.As(err, &located) && located.GetToken() != nil && located.GetToken().Position != nil {
		return fmt.Errorf("line %d: this is not valid YAML; are the indentation and the colons right", located.GetToken().Position.Line)
	}
	return errors.New("the file is not valid YAML")
}

type yamlConverter struct {
	doc     document
	anchors map[string]*node
	members int // written so far; merge keys can multiply them
	most    int // of them
	err     error
}

func (c *yamlConverter) grow(members int) bool {
	c.members += members
	if c.members > c.most && c.err == nil {
		c.err = errors.New("its merge keys repeat too much")
	}
	return c.err == nil
}

func (c *yamlConverter) convert(n ast.Node, depth int) *node {
	if depth > maxDepth && c.err == nil {
		c.err = errors.New("the values are nested too deeply")
	}
	if n == nil || c.err != nil {
		return &node{}
	}
	line, col := placeOf(n)
	switch n := n.(type) {
	case *ast.MappingNode:
		return c.mapping(n, n.Values, depth)
	case *ast.MappingValueNode:
		return c.mapping(n, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		list := &node{kind: kindList, line: line, col: col}
		for _, v := range n.Values {
			list.items = append(list.items, c.convert(v, depth+1))
		}
		return list
	case *ast.AnchorNode:
		value := c.convert(n.Value, depth+1)
		c.anchors[scalarText(n.Name)] = value
		return value
	case *ast.AliasNode:
		if value := c.anchors[scalarText(n.Value)]; value != nil {
			return value
		}
		if len(c.doc.unknown) < maxNotes {
			c.doc.unknown = append(c.doc.unknown, duplicate{scalarText(n.Value), line, col})
		}
		return &node{line: line, col: col}
	case *ast.TagNode:
		return c.convert(n.Value, depth+1)
	}
	return scalarNode(n)
}

func scalarNode(n ast.Node) *node {
	line, col := placeOf(n)
	switch n := n.(type) {
	case *ast.StringNode:
		return &node{kind: kindString, line: line, col: col, text: n.Value}
	case *ast.LiteralNode:
		return &node{kind: kindString, line: line, col: col, text: scalarText(n.Value)}
	case *ast.BoolNode:
		return &node{kind: kindBool, line: line, col: col, text: fmt.Sprint(n.Value)}
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return &node{kind: kindNumber, line: line, col: col, text: scalarText(n)}
	}
	return &node{line: line, col: col}
}

func (c *yamlConverter) mapping(n ast.Node, values []*ast.MappingValueNode, depth int) *node {
	out := &node{kind: kindMap}
	out.line, out.col = placeOf(n)
	seen := map[string]bool{}
	var merged []member
	for _, v := range values {
		value := c.convert(v.Value, depth+1)
		if v.Key.Type() == ast.MergeKeyType {
			merged = c.merge(merged, value)
			continue
		}
		m := member{key: scalarText(v.Key), value: value}
		m.line, m.col = placeOf(v.Key)
		if seen[m.key] {
			c.doc.duplicated(m.key, m.line, m.col)
		}
		seen[m.key] = true
		out.members = append(out.members, m)
	}
	out.members = append(unseen(merged, seen), out.members...)
	c.grow(len(out.members))
	return out
}

// merge adds the members of a merge key's value, a mapping or a list of them.
func (c *yamlConverter) merge(to []member, value *node) []member {
	for _, from := range append([]*node{value}, value.items...) {
		if !c.grow(len(from.members)) {
			return nil
		}
		to = append(to, from.members...)
	}
	return to
}

// unseen keeps the merged members that the mapping does not set itself.
func unseen(merged []member, seen map[string]bool) []member {
	var kept []member
	for _, m := range merged {
		if !seen[m.key] {
			kept = append(kept, m)
		}
	}
	return kept
}

func scalarText(n ast.Node) string {
	switch n := n.(type) {
	case nil:
		return ""
	case *ast.StringNode:
		return n.Value
	}
	if t := n.GetToken(); t != nil {
		return t.Value
	}
	return ""
}

// placeOf returns the line and column where a node begins; 0 when not known.
func placeOf(n ast.Node) (line, col int) {
	switch m := n.(type) {
	case *ast.MappingNode:
		if len(m.Values) > 0 {
			return placeOf(m.Values[0])
		}
	case *ast.MappingValueNode:
		return placeOf(m.Key)
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 0, 0
}
