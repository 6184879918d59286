package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// place is where a value was written.
type place struct {
	file      string
	line, col int
	field     string // such as servers[2].url
}

// entryOf stands for one key of a mapping among the places.
type entryOf struct {
	mapping any
	key     string
}

// A decoder reads nodes into the types of file.go and remembers, by the address
// of each value, where it was written. It goes on after a problem, so that one
// run names them all.
type decoder struct {
	o        Options
	name     string // of the file that is read now
	dir      string // of the first file
	f        *File
	places   map[any]place
	problems Problems
	seen     map[Problem]bool
	keys     map[reflect.Type][]keyed
	known    map[string]bool // the sources so far
	more     int             // problems beyond the bound
	values   int

	repeating int // windows so far that repeat
}

// file reads the content of the first file, and the files with further servers.
func (d *decoder) file(data []byte) {
	setDefaults(reflect.ValueOf(d.f).Elem())
	root, ok := d.parse(data)
	if !ok {
		return
	}
	if !root.is(kindMap) {
		d.add(d.placeOf(root, ""), SeverityError, "the file must hold keys such as servers; `alivemcp config init` writes one to begin with")
		return
	}
	d.structure(root, reflect.ValueOf(d.f).Elem(), "")
	if !d.wrote(&d.f.Data) {
		d.f.Data = d.path(d.f.Data)
	}
	d.servers(d.serverLists(root))
}

// parse reads YAML and names what is wrong in its syntax.
func (d *decoder) parse(data []byte) (*node, bool) {
	doc, err := parseBoundedYAML(data, maxFile, maxFileTokens)
	if err != nil {
		d.add(syntaxFault(d.name, data, err))
		return nil, false
	}
	at := func(line, col int) place { return place{file: d.name, line: line, col: col} }
	for _, dup := range doc.duplicates {
		d.add(at(dup.line, dup.col), SeverityError, "%q is written twice in one block; keep one of them", shown(dup.key))
	}
	for _, alias := range doc.unknown {
		d.add(at(alias.line, alias.col), SeverityError, "no anchor before this line is called %q", shown(alias.key))
	}
	if doc.more > 0 {
		d.add(at(doc.more, 1), SeverityError, "a second document begins here and would not be read; remove the line with ---")
	}
	return doc.root, true
}

// syntaxFault says where YAML cannot be read.
func syntaxFault(name string, data []byte, err error) (place, Severity, string) {
	at := place{file: name}
	message := err.Error()
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		_, _ = fmt.Sscanf(rest, "%d:%d", &at.line, &at.col)
		_, message, _ = strings.Cut(rest, ": ")
	}
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		if strings.Contains(text[:len(text)-len(strings.TrimLeft(text, " \t"))], "\t") {
			return place{file: name, line: line, col: 1}, SeverityError, "a tab stands in the indentation; YAML wants spaces"
		}
	}
	return at, SeverityError, strings.ReplaceAll(message, "%", "%%")
}

// add notes a problem, once.
func (d *decoder) add(at place, severity Severity, format string, args ...any) {
	p := Problem{File: at.file, Line: at.line, Column: at.col, Field: at.field, Severity: severity, Message: fmt.Sprintf(format, args...)}
	switch {
	case d.seen[p]:
	case len(d.problems) >= maxFileProblems:
		d.more++
	default:
		d.seen[p] = true
		d.problems = append(d.problems, p)
	}
}

func (d *decoder) placeOf(n *node, field string) place {
	at := place{file: d.name, field: field}
	if n != nil {
		at.line, at.col = n.line, n.col
	}
	return at
}

// wrote reports whether the file says this value itself.
func (d *decoder) wrote(value any) bool {
	_, ok := d.places[value]
	return ok
}

// value reads n into v, which is addressable.
func (d *decoder) value(n *node, v reflect.Value, tag reflect.StructTag, at place) {
	if d.values++; d.values > maxFileValues {
		if d.values == maxFileValues+1 {
			d.add(at, SeverityError, "the aliases of the file repeat too much")
		}
		return
	}
	d.places[v.Addr().Interface()] = at
	if n.kind == kindNull {
		if k := v.Kind(); k != reflect.Slice && k != reflect.Map && k != reflect.Struct {
			d.add(at, SeverityError, "nothing stands here; give a value or remove the key")
		}
		return
	}
	if d.scalar(rejoined(n), v, tag, at) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		d.pointer(n, v, tag, at)
	case reflect.Struct:
		d.block(n, v, at)
	case reflect.Slice:
		d.list(n, v, tag, at)
	case reflect.Map:
		d.mapping(n, v, tag, at)
	default:
		panic("config: no way to read a " + v.Type().String())
	}
}

// rejoined gives back a text that the parser took for a mapping. In YAML 1.2,
// 7.3.3, a colon without a space after it is part of a plain text; the parser
// does not see that in a list within braces: {args: [env:TOKEN]}.
func rejoined(n *node) *node {
	if !n.is(kindMap) || len(n.members) != 1 || !n.members[0].value.scalar() {
		return n
	}
	m := n.members[0]
	if m.line != m.value.line || m.value.col != m.col+len(m.key)+1 {
		return n
	}
	return &node{kind: kindString, line: m.line, col: m.col, text: m.key + ":" + m.value.text}
}

// pointer reads into a value of its own: one that is shared with the defaults
// stays as it is.
func (d *decoder) pointer(n *node, v reflect.Value, tag reflect.StructTag, at place) {
	own := reflect.New(v.Type().Elem())
	setDefaults(own.Elem())
	d.value(n, own.Elem(), tag, at)
	v.Set(own)
}

// block reads a mapping into a structure, or a scalar into the key that it
// stands for.
func (d *decoder) block(n *node, v reflect.Value, at place) {
	if n.is(kindMap) {
		d.structure(n, v, at.field)
		return
	}
	short, ok := shortOf(v.Type())
	if !ok || !n.scalar() {
		d.add(at, SeverityError, "here must be keys with values, such as %s: ...", keysOf(v.Type())[0].key)
		return
	}
	for _, f := range d.keysOf(v.Type()) {
		if f.key == short {
			d.value(n, v.FieldByIndex(f.index), f.tag, at)
		}
	}
}

func (d *decoder) structure(n *node, v reflect.Value, field string) {
	fields := d.keysOf(v.Type())
	for _, f := range fields {
		m := n.member(f.key)
		switch {
		case f.tag.Get("later") == "yes":
		case m != nil:
			d.value(m.value, v.FieldByIndex(f.index), f.tag, d.placeOfMember(m, field))
		case f.tag.Get("need") == "yes":
			d.add(d.placeOf(n, field), SeverityError, "%s is missing; add it, such as %s: %s", f.key, f.key, f.tag.Get("example"))
		}
	}
	d.strangers(n, fields, field)
}

// placeOfMember is where a scalar stands, or the key of anything longer.
func (d *decoder) placeOfMember(m *member, field string) place {
	at := place{file: d.name, line: m.line, col: m.col, field: join(field, shown(m.key))}
	if m.value.scalar() && m.value.line > 0 {
		at.line, at.col = m.value.line, m.value.col
	}
	return at
}

// strangers names the keys that nobody reads. Those of the whole file that
// begin with x- are the author's own, to hang anchors on.
func (d *decoder) strangers(n *node, fields []keyed, field string) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.key
	}
	for _, m := range n.members {
		if slices.Contains(names, m.key) || field == "" && strings.HasPrefix(m.key, "x-") {
			continue
		}
		at := place{file: d.name, line: m.line, col: m.col, field: join(field, shown(m.key))}
		if near := nearest(strings.ToLower(m.key), names); near != "" {
			d.add(at, SeverityError, "there is no such key; did you mean %s?", near)
		} else {
			d.add(at, SeverityError, "there is no such key; here can be: %s", strings.Join(names, ", "))
		}
	}
}

func (d *decoder) list(n *node, v reflect.Value, tag reflect.StructTag, at place) {
	if tag.Get("single") == "yes" && n.scalar() {
		n = &node{kind: kindList, line: n.line, col: n.col, items: []*node{n}}
	}
	if !n.is(kindList) {
		d.add(at, SeverityError, "here must be a list, such as %s", listExample(v.Type(), tag))
		return
	}
	if len(n.items) > maxServers {
		d.add(at, SeverityError, "the list has %d items, the most is %d", len(n.items), maxServers)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items))) // before places are noted: they are addresses
	for i, item := range n.items {
		setDefaults(v.Index(i))
		d.value(item, v.Index(i), tag, d.placeOf(item, fmt.Sprintf("%s[%d]", at.field, i)))
	}
}

func listExample(t reflect.Type, tag reflect.StructTag) string {
	if example := tag.Get("example"); strings.HasPrefix(example, "[") {
		return example
	}
	if t.Elem().Kind() == reflect.Struct && len(keysOf(t.Elem())) > 0 {
		return "- " + keysOf(t.Elem())[0].key + ": ..."
	}
	return "[one, two]"
}

// mapping reads names with texts.
func (d *decoder) mapping(n *node, v reflect.Value, tag reflect.StructTag, at place) {
	if !n.is(kindMap) {
		d.add(at, SeverityError, "here must be names with values, such as %s", orElse(tag.Get("example"), "{NAME: value}"))
		return
	}
	out := reflect.MakeMap(v.Type())
	for _, m := range n.members {
		item := reflect.New(v.Type().Elem())
		where := d.placeOfMember(&m, at.field)
		d.value(m.value, item.Elem(), tag, where)
		d.places[entryOf{v.Addr().Interface(), m.key}] = where
		out.SetMapIndex(reflect.ValueOf(m.key), item.Elem())
	}
	v.Set(out)
}

func (n *node) member(key string) *member {
	for i := len(n.members) - 1; i >= 0; i-- {
		if n.members[i].key == key {
			return &n.members[i]
		}
	}
	return nil
}

func join(field, key string) string {
	if field == "" {
		return key
	}
	return field + "." + key
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// keyed is a field that has a key in YAML.
type keyed struct {
	key   string
	name  string // in Go
	index []int
	tag   reflect.StructTag
	typ   reflect.Type
}

func (d *decoder) keysOf(t reflect.Type) []keyed {
	if _, ok := d.keys[t]; !ok {
		d.keys[t] = keysOf(t)
	}
	return d.keys[t]
}

// keysOf returns the keys of a structure, with those of what it embeds.
func keysOf(t reflect.Type) []keyed {
	var keys []keyed
	for _, f := range reflect.VisibleFields(t) {
		if key := f.Tag.Get("key"); key != "" {
			keys = append(keys, keyed{key, f.Name, f.Index, f.Tag, f.Type})
		}
	}
	return keys
}

// shortOf returns the key that a scalar in place of the structure means.
func shortOf(t reflect.Type) (string, bool) {
	f, ok := t.FieldByName("_")
	return f.Tag.Get("short"), ok
}

// setDefaults gives v the values of its default tags, and all structures in it.
func setDefaults(v reflect.Value) {
	if v.Kind() != reflect.Struct || v.Type().PkgPath() != reflect.TypeFor[File]().PkgPath() {
		return
	}
	for _, f := range keysOf(v.Type()) {
		field := v.FieldByIndex(f.index)
		if text := f.tag.Get("default"); text != "" {
			var d decoder
			d.places = map[any]place{}
			d.value(defaultNode(text, field.Kind()), field, "", place{})
		} else {
			setDefaults(field)
		}
	}
}

// defaultNode is a default as if it had been written: that of a list has its
// items as words.
func defaultNode(text string, kind reflect.Kind) *node {
	if kind != reflect.Slice {
		return &node{kind: kindString, text: text}
	}
	list := &node{kind: kindList}
	for word := range strings.FieldsSeq(text) {
		list.items = append(list.items, &node{kind: kindString, text: word})
	}
	return list
}
