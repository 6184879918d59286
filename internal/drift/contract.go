package drift

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// Tool is one entry of a tools list as far as it belongs to the contract:
// icons, _meta and execution hints are left out.
type Tool struct {
	Name, Title, Description string
	// InputSchema, OutputSchema and Annotations are in canonical form, nil when
	// the server did not send the member. They lie in the contract's JSON and
	// must not be changed.
	InputSchema, OutputSchema, Annotations json.RawMessage
}

// Contract is what a server promises about its tools.
type Contract struct {
	// Tools is sorted by name, in byte order.
	Tools []Tool
	// Hash, the tools_hash, is "sha256:" and the hex SHA-256 of JSON.
	Hash string
	// ContractHash is the same over the members name, inputSchema and
	// outputSchema alone: it stands still when only words change.
	ContractHash string
	// Bytes is len(JSON): the weight of the tools that an agent loads.
	Bytes int
	// Tokens estimates what Bytes cost a language model. It is a guess made
	// without a tokenizer: a quarter of the ASCII bytes plus half of the others,
	// rounded up. Real tokenizers differ from it by some 20 %.
	Tokens int
	// JSON is the RFC 8785 form of the tools: an array sorted by name, each tool
	// with those of the members name, title, description, inputSchema,
	// outputSchema and annotations that it has. It must not be changed.
	JSON json.RawMessage
}

// entry is a tool on its way into a contract: the tool, and its canonical
// members as sent, so that an empty title hashes unlike an absent one.
type entry struct {
	tool Tool
	raw  [6][]byte
}

// The members of entry.raw, in canonical order.
const (
	annotations = iota
	description
	inputSchema
	name
	outputSchema
	title
)

// memberIndex returns the place of a quoted member name in entry.raw, or -1
// for a member that is no part of the contract.
func memberIndex(quoted []byte) int {
	switch string(quoted) {
	case `"annotations"`:
		return annotations
	case `"description"`:
		return description
	case `"inputSchema"`:
		return inputSchema
	case `"name"`:
		return name
	case `"outputSchema"`:
		return outputSchema
	case `"title"`:
		return title
	}
	return -1
}

// Parse makes a contract of the raw elements of the tools arrays of all pages,
// in the order in which they came. It is tolerant: an element that cannot be a
// tool (not an object, no name, a name that was there already, JSON that has no
// canonical form) is left out, a tool with other faults is kept, and each fault
// is a [Problem]. revision is the protocol revision that was negotiated, such
// as "2025-11-25"; the empty string stands for the oldest.
//
// The elements are not kept and not changed.
func Parse(tools []json.RawMessage, revision string) (Contract, []Problem) {
	entries := make([]entry, 0, len(tools))
	seen := make(map[string]bool, len(tools))
	var problems []Problem
	for i, raw := range tools {
		e, found := parseTool(raw, revision)
		if keep := e.tool.Name != ""; keep && seen[e.tool.Name] {
			found = append(found, problemDuplicate(e.tool.Name))
		} else if keep {
			seen[e.tool.Name] = true
			entries = append(entries, e)
		}
		for _, p := range found {
			p.Index, p.Tool = i, e.tool.Name
			problems = append(problems, p)
		}
	}
	return newContract(entries), problems
}

// parseTool reads one element. Its tool has no name when the element cannot be
// a tool at all.
func parseTool(raw []byte, revision string) (entry, []Problem) {
	var e entry
	canonical, err := Canonical(raw)
	if err != nil {
		return e, []Problem{problemJSON(raw, err)}
	}
	if canonical[0] != '{' {
		return e, []Problem{problemElement(canonical)}
	}
	members(canonical, func(member, value []byte) {
		if i := memberIndex(member); i >= 0 {
			e.raw[i] = value
		}
	})
	e.tool = Tool{Name: text(e.raw[name]), Title: text(e.raw[title]), Description: text(e.raw[description])}
	return e, inspect(&e, revision)
}

// finish returns the tool with its schemas where they lie now.
func (e *entry) finish() Tool {
	t := e.tool
	t.InputSchema, t.OutputSchema, t.Annotations = e.raw[inputSchema], e.raw[outputSchema], e.raw[annotations]
	return t
}

// text returns what a JSON string says, and nothing for any other value.
func text(v []byte) string {
	if len(v) == 0 || v[0] != '"' {
		return ""
	}
	return unquote(v)
}

func newContract(entries []entry) Contract {
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.tool.Name, b.tool.Name) })
	c := Contract{Tools: make([]Tool, len(entries))}
	c.ContractHash = digest(render(entries, inputSchema, name, outputSchema))
	c.JSON = render(entries, annotations, description, inputSchema, name, outputSchema, title)
	c.Hash = digest(c.JSON)
	c.Bytes, c.Tokens = len(c.JSON), tokens(c.JSON)
	for i := range entries {
		c.Tools[i] = entries[i].finish()
	}
	return c
}

// render writes the array of the tools with the given members, which must be
// in canonical order. Afterwards those members of the entries lie in its
// result, so that a contract does not keep the text of its elements alive.
func render(entries []entry, members ...int) []byte {
	size := 2
	for i := range entries {
		for _, m := range members {
			size += len(entries[i].raw[m]) + len(`"outputSchema":,{}`)
		}
	}
	out := append(make([]byte, 0, size), '[')
	for i := range entries {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendTool(out, &entries[i], members)
	}
	return append(out, ']')
}

func appendTool(out []byte, e *entry, members []int) []byte {
	names := [...]string{`"annotations":`, `"description":`, `"inputSchema":`, `"name":`, `"outputSchema":`, `"title":`}
	separator := byte('{')
	for _, m := range members {
		if e.raw[m] == nil {
			continue
		}
		out = append(append(out, separator), names[m]...)
		at := len(out)
		out = append(out, e.raw[m]...)
		e.raw[m] = out[at:len(out):len(out)]
		separator = ','
	}
	return append(out, '}')
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// tokens is the estimate that Contract.Tokens documents.
func tokens(b []byte) int {
	ascii := 0
	for _, c := range b {
		if c < 0x80 {
			ascii++
		}
	}
	return (ascii + 2*(len(b)-ascii) + 3) / 4
}

// Equal reports whether two contracts are the same text.
func (c Contract) Equal(d Contract) bool { return bytes.Equal(c.JSON, d.JSON) }
