package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An entryReader reads one server. Each field is first sorted by what it was
// meant to be, then read, then checked; a wrong name is reported and read.
type entryReader struct {
	d      dialect
	fields []string // every name that the client reads
	inputs map[string]bool
	listed bool // the name stands inside the entry
	entry  Entry
	slots  map[concept]member
	budget int  // problems that may still be written
	growth *int // see expander
}

func (r *entryReader) problem(at member, severity Severity, format string, args ...any) {
	if r.full() {
		return
	}
	field := at.key
	if field != "" {
		field = shown(field)
	}
	r.entry.Problems = append(r.entry.Problems, Problem{Line: at.line, Field: field, Severity: severity, Message: fmt.Sprintf(format, args...)})
}

func (r *entryReader) full() bool { return len(r.entry.Problems) >= r.budget }

func (r *entryReader) whole() member { return member{line: r.entry.Line} }

func (r *entryReader) read(name string, n *node, lookup func(string) (string, bool)) {
	if n.get("uses") == nil { // a block of Continue's is named by its author
		r.checkName(name)
	}
	if !n.is(kindMap) {
		r.problem(r.whole(), SeverityError, "a server must be an object with \"command\"%s", r.orURL())
		return
	}
	r.sortFields(n)
	r.readCommand()
	r.readURL()
	r.entry.Args = r.readArgs()
	r.entry.Env = r.readMap(envOf, r.d.anyEnv, "=")
	r.entry.Headers = r.readMap(headersOf, false, ":")
	r.entry.EnvFile = r.readText(envFileOf)
	r.entry.Dir = r.readText(dirOf)
	r.readDisabled()
	r.readTransport()
	r.check(n)
	r.bridge()
	r.expand(lookup)
	slices.SortStableFunc(r.entry.Problems, func(a, b Problem) int { return a.Line - b.Line })
}

func (r *entryReader) orURL() string {
	if !r.d.remote() {
		return ""
	}
	return fmt.Sprintf(" or %q", r.d.names[urlOf])
}

func (r *entryReader) checkName(name string) {
	switch {
	case strings.TrimSpace(name) == "" && r.listed:
		r.problem(r.whole(), SeverityError, "a server needs a \"name\"")
	case strings.TrimSpace(name) == "":
		r.problem(r.whole(), SeverityError, "the server's name is empty")
	case strings.TrimSpace(name) != name:
		r.problem(r.whole(), SeverityWarn, "the server's name has spaces around it")
	}
}

// sortFields puts each field into the slot of its concept. A field with the
// client's own name goes before one with another's.
func (r *entryReader) sortFields(n *node) {
	r.slots = map[concept]member{}
	for _, m := range n.members {
		if c := conceptOf(m.key); c != noConcept && r.d.names[c] == m.key {
			r.slots[c] = m
		}
	}
	for _, m := range n.members {
		c := conceptOf(m.key)
		switch {
		case c != noConcept && r.d.names[c] == m.key:
		case slices.Contains(r.fields, m.key):
			r.fill(c, m)
		default:
			r.misnamed(c, m)
		}
	}
	r.unnest(n)
}

func (r *entryReader) fill(c concept, m member) {
	if _, taken := r.slots[c]; !taken && c != noConcept {
		r.slots[c] = m
	}
}

// misnamed reports a field that the client does not read under this name.
func (r *entryReader) misnamed(c concept, m member) {
	if c == noConcept {
		if c = r.guess(m); c == noConcept {
			return
		}
	}
	r.fill(c, m)
	if want := r.d.names[c]; want == "" {
		r.unsupported(c, m)
	} else if r.d.title == "Windsurf" && m.key == "url" {
		r.problem(m, SeverityWarn, "Windsurf reads \"serverUrl\" for remote servers; only its newer versions also read \"url\"")
	} else {
		r.problem(m, SeverityError, "%s reads %q (not %q) for %s", r.d.title, want, shown(m.key), purpose(c))
	}
}

// guess takes a field that is no known spelling for a typing error, or reports
// it as one that the client does not know.
func (r *entryReader) guess(m member) concept {
	if r.full() { // nothing may be said of it, so spare the search
		return noConcept
	}
	near := nearest(m.key, r.fields)
	if c := conceptOf(near); c != noConcept && r.d.names[c] != "" {
		return c
	}
	if near != "" {
		r.problem(m, SeverityWarn, "%s does not know %q; %q is meant, perhaps", r.d.title, shown(m.key), near)
	} else {
		r.problem(m, SeverityWarn, "%s does not know the field %q", r.d.title, shown(m.key))
	}
	return noConcept
}

func (r *entryReader) unsupported(c concept, m member) {
	switch c {
	case urlOf:
		r.problem(m, SeverityError, "%s starts only local programs from this file: add a remote server in Settings, Connectors, "+
			"or write \"command\": \"npx\" and \"args\": [\"-y\", \"mcp-remote\", the URL]", r.d.title)
	case typeOf:
		r.problem(m, SeverityWarn, "%s has no %q: it finds the transport by itself", r.d.title, shown(m.key))
	case disabledOf:
		r.problem(m, SeverityWarn, "%s does not read %q, so the server stays enabled: switch it in the client or remove it", r.d.title, shown(m.key))
	default:
		r.problem(m, SeverityWarn, "%s does not read %q", r.d.title, shown(m.key))
	}
}

func purpose(c concept) string {
	switch c {
	case urlOf:
		return "remote servers"
	case typeOf:
		return "the transport"
	case commandOf:
		return "the program to start"
	case argsOf:
		return "the program's arguments"
	case envOf:
		return "environment variables"
	case envFileOf:
		return "a file of environment variables"
	case headersOf:
		return "HTTP headers"
	case dirOf:
		return "the working directory"
	case disabledOf:
		return "switching a server off or on"
	case approvalsOf:
		return "tools that need no confirmation"
	default:
		return "this"
	}
}

// unnest reads fields from where some clients keep them: Continue's headers
// inside requestOptions, Zed's former command object, a transport object.
func (r *entryReader) unnest(n *node) {
	if options := n.get("requestOptions"); options != nil && r.d.knows("requestOptions") {
		if headers := options.get("headers"); headers != nil {
			r.slots[headersOf] = member{key: "headers", line: headers.line, value: headers}
		}
	}
	for _, c := range []concept{commandOf, typeOf} {
		m, ok := r.slots[c]
		if !ok || !m.value.is(kindMap) {
			continue
		}
		r.problem(m, SeverityError, "%q must be text: write what is inside it as fields of the server", shown(m.key))
		delete(r.slots, c)
		for _, inner := range m.value.members {
			if ic := conceptOf(inner.key); ic != noConcept && inner.value.kind != kindMap || ic == envOf || ic == headersOf {
				r.fill(ic, inner)
			} else if inner.key == "path" {
				r.fill(commandOf, inner)
			}
		}
	}
}

func (r *entryReader) readText(c concept) string {
	m, ok := r.slots[c]
	if !ok || m.value.is(kindNull) {
		return ""
	}
	if !m.value.is(kindString) {
		r.problem(m, SeverityError, "%q must be text", shown(m.key))
	}
	if !m.value.scalar() {
		return ""
	}
	text := strings.TrimSpace(m.value.text)
	if text != m.value.text {
		r.problem(m, SeverityWarn, "%q has spaces around its value", shown(m.key))
	}
	if c != urlOf {
		r.checkControl(m, text)
	}
	return text
}

func (r *entryReader) readCommand() { r.entry.Command = r.readText(commandOf) }
func (r *entryReader) readURL()     { r.entry.URL = r.readText(urlOf) }

func (r *entryReader) readArgs() []string {
	m, ok := r.slots[argsOf]
	if !ok || m.value.is(kindNull) {
		return nil
	}
	if m.value.is(kindString) {
		r.problem(m, SeverityError, "%q must be a list of texts, one for each argument (not one text)", shown(m.key))
		return limited(strings.Fields(m.value.text))
	}
	if !m.value.is(kindList) {
		r.problem(m, SeverityError, "%q must be a list of texts", shown(m.key))
		return nil
	}
	var args []string
	for _, item := range limited(m.value.items) {
		at := member{key: m.key, line: item.line}
		if !item.is(kindString) {
			r.problem(at, SeverityError, "%q must hold only texts: put quotes around numbers and booleans", shown(m.key))
		}
		if item.scalar() {
			r.checkControl(at, item.text)
			args = append(args, item.text)
		}
	}
	r.checkCount(m, len(m.value.items))
	return args
}

func limited[T any](list []T) []T { return list[:min(len(list), maxListItems)] }

func (r *entryReader) checkCount(m member, n int) {
	if n > maxListItems {
		r.problem(m, SeverityError, "%q has %d values; only the first %d are read", shown(m.key), n, maxListItems)
	}
}

// readMap reads env or headers. Written as a list of texts they are reported
// and split at the separator.
func (r *entryReader) readMap(c concept, anyScalar bool, separator string) map[string]string {
	m, ok := r.slots[c]
	if !ok || m.value.is(kindNull) {
		return nil
	}
	values := map[string]string{}
	switch m.value.kind {
	case kindMap:
		for _, v := range limited(m.value.members) {
			r.readPair(values, v, anyScalar)
		}
		r.checkCount(m, len(m.value.members))
	case kindList:
		r.problem(m, SeverityError, "%q must be an object of names and values (not a list)", shown(m.key))
		for _, item := range limited(m.value.items) {
			if k, v, ok := strings.Cut(item.text, separator); ok {
				values[strings.TrimSpace(k)] = strings.TrimSpace(v)
			}
		}
	default:
		r.problem(m, SeverityError, "%q must be an object of names and values", shown(m.key))
	}
	if len(values) == 0 {
		return nil
	}
	return values
}

func (r *entryReader) readPair(values map[string]string, v member, anyScalar bool) {
	switch {
	case v.value.is(kindString), anyScalar && v.value.is(kindNumber):
	case anyScalar && v.value.is(kindNull):
		return
	case v.value.scalar():
		r.problem(v, SeverityError, "the value of %q must be text: put quotes around it", shown(v.key))
	default:
		r.problem(v, SeverityError, "the value of %q must be text", shown(v.key))
		return
	}
	if strings.TrimSpace(v.key) != v.key {
		r.problem(v, SeverityWarn, "a name has spaces around it")
	}
	values[strings.TrimSpace(v.key)] = v.value.text
}

// readDisabled believes only a field that the client itself reads.
func (r *entryReader) readDisabled() {
	m, ok := r.slots[disabledOf]
	if !ok || r.d.names[disabledOf] == "" {
		return
	}
	if !m.value.is(kindBool) {
		r.problem(m, SeverityError, "%q must be true or false, without quotes", shown(m.key))
	}
	negated := strings.HasPrefix(folded(m.key), "enable") || folded(m.key) == "isactive"
	if m.value.scalar() {
		r.entry.Disabled = (m.value.text == "true") != negated
	}
}

// expand replaces placeholders in every text of the entry and reports those
// that the client would send out as they are.
func (r *entryReader) expand(lookup func(string) (string, bool)) {
	x := expander{d: r.d, lookup: lookup, left: map[string]bool{}, refused: map[form]bool{}, growth: r.growth}
	e := &r.entry
	for _, s := range []*string{&e.URL, &e.Command, &e.Dir, &e.EnvFile} {
		*s = x.expand(*s)
	}
	for _, values := range []map[string]string{e.Env, e.Headers} {
		for k, v := range values {
			values[k] = x.expand(v)
		}
	}
	for i := range e.Args {
		e.Args[i] = x.expand(e.Args[i])
	}
	if e.Bridge != "" {
		e.Bridge = x.expand(e.Bridge)
	}
	for name := range e.Env {
		if e.Bridge != "" { // the bridge replaces these itself, in its arguments
			delete(x.left, "${"+name+"}")
		}
	}
	e.Unresolved = slices.Sorted(maps.Keys(x.left))
	r.reportForms(x.refused)
	r.reportInputs()
}

func (r *entryReader) reportForms(refused map[form]bool) {
	if !r.d.strictForms {
		return
	}
	for _, f := range []form{envForm, plainForm} {
		switch {
		case !refused[f]:
		case len(r.d.forms) == 0 && r.entry.Bridge != "": // the bridge expands them itself
		case len(r.d.forms) == 0:
			r.problem(r.whole(), SeverityWarn, "%s does not replace %s: the server gets these characters", r.d.title, f)
		default:
			r.problem(r.whole(), SeverityError, "%s replaces %s (not %s)", r.d.title, r.d.forms[0], f)
		}
	}
}

// reportInputs checks VS Code's ${input:id} against the file's "inputs".
func (r *entryReader) reportInputs() {
	for _, label := range r.entry.Unresolved {
		id, ok := strings.CutPrefix(label, "${input:")
		if !ok {
			continue
		}
		id = strings.TrimSuffix(id, "}")
		switch {
		case r.d.title != "VS Code" && r.d.strictForms:
			r.problem(r.whole(), SeverityError, "%s does not replace ${input:...}, which is VS Code's", r.d.title)
		case r.d.title == "VS Code" && !r.inputs[id]:
			r.problem(r.whole(), SeverityError, "the input %q is not declared under \"inputs\"", shown(id))
		}
	}
}
