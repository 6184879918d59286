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

// parseYAML reads the first document of a YAML file.
func parseYAML(data []byte) (doc document, err error) {
	if len(data) > maxClientYAML {
		return document{}, fmt.Errorf("it has %d bytes, the most of YAML is %d", len(data), maxClientYAML)
	}
	// The parser is not ours and the file is anyone's: a panic in it is a file
	// that cannot be read.
	defer func() {
		if recover() != nil {
			doc, err = document{}, errors.New("the file is not valid YAML")
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if err := boundTokens(tokens); err != nil {
		return document{}, err
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return document{}, yamlFault(err)
	}
	c := yamlConverter{doc: document{yaml: true}, anchors: map[string]*node{}}
	for _, d := range file.Docs {
		if d.Body != nil && c.doc.root == nil && d.Body.Type() != ast.DirectiveType {
			c.doc.root = c.convert(d.Body, 0)
		}
	}
	return c.doc, c.err
}

// boundTokens keeps the recursive parser off the end of its stack.
func boundTokens(tokens token.Tokens) error {
	if len(tokens) > maxYAMLTokens {
		return fmt.Errorf("it has more than %d parts of YAML", maxYAMLTokens)
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
	err     error
}

func (c *yamlConverter) grow(members int) bool {
	c.members += members
	if c.members > 4*maxYAMLTokens && c.err == nil {
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
	line := lineOf(n)
	switch n := n.(type) {
	case *ast.MappingNode:
		return c.mapping(line, n.Values, depth)
	case *ast.MappingValueNode:
		return c.mapping(line, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		list := &node{kind: kindList, line: line}
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
		return &node{line: line}
	case *ast.TagNode:
		return c.convert(n.Value, depth+1)
	}
	return scalarNode(n, line)
}

func scalarNode(n ast.Node, line int) *node {
	switch n := n.(type) {
	case *ast.StringNode:
		return &node{kind: kindString, line: line, text: n.Value}
	case *ast.LiteralNode:
		return &node{kind: kindString, line: line, text: scalarText(n.Value)}
	case *ast.BoolNode:
		return &node{kind: kindBool, line: line, text: fmt.Sprint(n.Value)}
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return &node{kind: kindNumber, line: line, text: scalarText(n)}
	}
	return &node{line: line}
}

func (c *yamlConverter) mapping(line int, values []*ast.MappingValueNode, depth int) *node {
	out := &node{kind: kindMap, line: line}
	seen := map[string]bool{}
	var merged []member
	for _, v := range values {
		value := c.convert(v.Value, depth+1)
		if v.Key.Type() == ast.MergeKeyType {
			merged = c.merge(merged, value)
			continue
		}
		m := member{key: scalarText(v.Key), line: lineOf(v.Key), value: value}
		if seen[m.key] {
			c.doc.duplicated(m.key, m.line)
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

func lineOf(n ast.Node) int {
	switch m := n.(type) {
	case *ast.MappingNode:
		if len(m.Values) > 0 {
			return lineOf(m.Values[0])
		}
	case *ast.MappingValueNode:
		return lineOf(m.Key)
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}
