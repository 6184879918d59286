package config

import (
	"fmt"
	"path"
	"strings"
)

// syntaxProblems names what the client's own parser would refuse.
func syntaxProblems(d dialect, doc document) []Problem {
	var ps []Problem
	add := func(line int, severity Severity, message string) {
		ps = append(ps, Problem{Line: line, Message: message, Severity: severity})
	}
	if severity := strictness(d.json); severity != "" && doc.comment > 0 {
		add(doc.comment, severity, d.title+" reads plain JSON: remove the comments")
	}
	if severity := strictness(d.json); severity != "" && doc.trailing > 0 {
		add(doc.trailing, severity, d.title+" reads plain JSON: remove the comma after the last value")
	}
	if doc.bom && d.json != accepted {
		add(1, SeverityWarn, "the file begins with a byte order mark, which not every JSON reader skips: save it as UTF-8 without one")
	}
	for _, line := range doc.escapes {
		add(line, SeverityError, `a backslash stands alone, which is not JSON: write Windows paths with \\ or /`)
	}
	for _, dup := range doc.duplicates {
		ps = append(ps, Problem{
			Line: dup.line, Field: shown(dup.key), Severity: SeverityError,
			Message: fmt.Sprintf("%q is written twice in one object, and only the last one counts", shown(dup.key)),
		})
	}
	return ps
}

func strictness(t tolerance) Severity {
	switch t {
	case refused:
		return SeverityError
	case undocumented:
		return SeverityWarn
	default:
		return ""
	}
}

// A serversReader finds the servers in a document and reads them into file.
type serversReader struct {
	file    *ClientFile
	d       dialect
	options ClientOptions
	inputs  map[string]bool // the ids that VS Code's file declares
	names   map[string]bool
	count   int // problems so far
	growth  int // see expander
}

func readServers(file *ClientFile, d dialect, root *node, options ClientOptions) error {
	r := serversReader{file: file, d: d, options: options, inputs: inputIDs(root), names: map[string]bool{}, count: len(file.Problems), growth: maxGrowth}
	if !root.is(kindMap) {
		r.problem(0, "", SeverityError, "the file must hold one object with %q in it", d.root)
		return nil
	}
	if d.title == "Claude Code" && root.get("projects").is(kindMap) {
		r.problem(root.get("projects").line, "projects", SeverityInfo, "servers under \"projects\" are not read here, only those under \"mcpServers\"")
	}
	servers := r.find(root)
	if n := max(len(servers.items), len(servers.members)); n > maxEntries {
		return fmt.Errorf("it has %d servers, the most is %d", n, maxEntries)
	}
	r.readAll(servers)
	return nil
}

func (r *serversReader) problem(line int, field string, severity Severity, format string, args ...any) {
	if r.count++; r.count <= maxProblems {
		r.file.Problems = append(r.file.Problems, Problem{Line: line, Field: field, Severity: severity, Message: fmt.Sprintf(format, args...)})
	}
}

// find returns the node that holds the servers, wherever the file has it.
func (r *serversReader) find(root *node) *node {
	if servers := root.get(r.d.root); servers != nil {
		return servers
	}
	for _, m := range root.members {
		if isServersRoot(m.key) {
			if r.file.Client != Unknown {
				r.problem(m.line, shown(m.key), SeverityError, "%s reads %q (not %q) at the top of the file", r.d.title, r.d.root, shown(m.key))
			}
			return m.value
		}
	}
	if servers := root.get("mcp").get(r.d.root); servers != nil {
		r.problem(servers.line, "mcp", SeverityWarn, "%s keeps its servers in a file of their own, mcp.json, with %q at the top", r.d.title, r.d.root)
		return servers
	}
	return r.findBare(root)
}

// isServersRoot knows every client's root and what people write for it.
func isServersRoot(key string) bool {
	switch folded(key) {
	case "mcpservers", "mcpserver", "servers", "contextservers":
		return true
	}
	return false
}

// findBare takes a file without a root for one entry, or for a map of entries.
func (r *serversReader) findBare(root *node) *node {
	if r.file.Client == Continue && root.get("experimental").get("modelContextProtocolServers") != nil {
		r.problem(root.get("experimental").line, "experimental", SeverityError, "Continue reads %q (not \"experimental.modelContextProtocolServers\") today", r.d.root)
		return &node{}
	}
	if looksLikeEntry(root) {
		base := path.Base(slashed(r.file.Path))
		name := strings.TrimSuffix(base, path.Ext(base))
		if r.file.Client != Continue { // whose JSON files may hold one server
			r.problem(root.line, "", SeverityError, "%s reads servers by name inside %q: put this one there", r.d.title, r.d.root)
		}
		return &node{kind: kindMap, members: []member{{key: name, line: root.line, value: root}}}
	}
	var found []member
	for _, m := range root.members {
		if looksLikeEntry(m.value) {
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		r.problem(0, "", SeverityWarn, "there are no servers: %s reads them from %q", r.d.title, r.d.root)
		return &node{}
	}
	r.problem(found[0].line, "", SeverityError, "%s reads servers inside %q: put these there", r.d.title, r.d.root)
	return &node{kind: kindMap, members: found}
}

func looksLikeEntry(n *node) bool {
	if !n.is(kindMap) {
		return false
	}
	for _, m := range n.members {
		if c := conceptOf(m.key); (c == urlOf || c == commandOf) && m.value.is(kindString) {
			return true
		}
	}
	return false
}

func (r *serversReader) readAll(servers *node) {
	switch servers.kind {
	case kindMap:
		r.readMap(servers)
	case kindList:
		r.readList(servers)
	default:
		if servers.line > 0 {
			r.problem(servers.line, r.d.root, SeverityError, "%q must hold the servers", r.d.root)
		}
	}
}

func (r *serversReader) readMap(servers *node) {
	if r.d.list {
		r.problem(servers.line, r.d.root, SeverityError, "%s reads %q in YAML as a list, each server beginning with \"- name: ...\"", r.d.title, r.d.root)
	}
	last := map[string]int{}
	for i, m := range servers.members {
		last[m.key] = i
	}
	for i, m := range servers.members {
		if last[m.key] == i { // equal keys are reported by syntaxProblems
			r.entry(m.key, m.line, m.value)
		}
	}
}

func (r *serversReader) readList(servers *node) {
	if !r.d.list && r.file.Client != Continue {
		r.problem(servers.line, r.d.root, SeverityError, "%s reads %q as an object with the servers' names as keys (not as a list)", r.d.title, r.d.root)
	}
	for _, item := range servers.items {
		name := item.get("name")
		if !name.scalar() {
			r.entry("", item.line, item)
			continue
		}
		if r.names[name.text] {
			r.problem(name.line, "name", SeverityError, "two servers have this name; give each its own")
		}
		r.entry(name.text, item.line, item)
	}
}

func (r *serversReader) entry(name string, line int, n *node) {
	r.names[name] = true
	e := entryReader{
		d: r.d, fields: r.d.fields(), inputs: r.inputs, listed: r.d.list,
		entry:  Entry{Name: strings.TrimSpace(name), Line: line},
		budget: maxProblems - r.count, growth: &r.growth,
	}
	e.read(name, n, r.options.Lookup)
	r.count += len(e.entry.Problems)
	r.file.Entries = append(r.file.Entries, e.entry)
}

// inputIDs returns the ids of VS Code's "inputs", which ${input:id} refers to.
func inputIDs(root *node) map[string]bool {
	inputs := root.get("inputs")
	if inputs == nil {
		inputs = root.get("mcp").get("inputs")
	}
	ids := map[string]bool{}
	if inputs != nil {
		for _, item := range inputs.items {
			if id := item.get("id"); id.is(kindString) {
				ids[id.text] = true
			}
		}
	}
	return ids
}
