package config

import (
	"bytes"
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

//go:generate go test . -run TestManual -update

// source is the types of the file: their comments are the reference.
//
//go:embed file.go file_alerts.go file_registries.go
var source embed.FS

// Manual returns the reference of alivemcp.yaml in Markdown, made from the
// comments and tags of the types that the file is read into.
func Manual() ([]byte, error) {
	w := manual{docs: map[string]string{}, done: map[reflect.Type]bool{reflect.TypeFor[Settings](): true}}
	if err := w.collect(); err != nil {
		return nil, fmt.Errorf("reading the comments of the configuration's types: %w", err)
	}
	w.b.WriteString(manualHead)
	w.section(reflect.TypeFor[File](), "")
	return append(bytes.TrimSpace(w.b.Bytes()), '\n'), nil
}

const manualHead = `# alivemcp.yaml

<!-- Made by go generate ./internal/config; change the comments in internal/config/file.go instead. -->

What AliveMCP monitors, and how. ` + "`alivemcp config init`" + ` writes a file to begin with, ` + "`alivemcp config check`" + `
names everything that is wrong in one.

- The file is strict: a key that is not listed here is an error.
- Durations have units: ` + "`500ms` `5s` `2m` `1h30m` `30d` `2w` `1y`" + `.
- A **secret** is a literal, ` + "`env:NAME`" + ` (an environment variable) or ` + "`file:PATH`" + ` (the content of a file, without
  the space around it). Other values are taken as they are written; nothing is interpolated.
- Relative paths begin at the folder of the file.
- Anchors, aliases and merge keys (` + "`<<`" + `) work. Keys at the top that begin with ` + "`x-`" + ` are yours, to hang anchors on.
- The file, and every file that it names, is read again when it changes. One with errors changes nothing.

`

// A manual is the reference while it is written.
type manual struct {
	b    bytes.Buffer
	docs map[string]string // comments by type, and by type.field
	done map[reflect.Type]bool
}

// collect reads the comments of all types and fields.
func (w *manual) collect() error {
	for _, name := range []string{"file.go", "file_alerts.go", "file_registries.go"} {
		text, err := source.ReadFile(name)
		if err != nil {
			return err
		}
		if err := w.read(name, text); err != nil {
			return err
		}
	}
	return nil
}

func (w *manual) read(name string, text []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
	if err != nil {
		return err
	}
	for _, decl := range file.Decls {
		types, ok := decl.(*ast.GenDecl)
		if !ok || types.Tok != token.TYPE {
			continue
		}
		spec, _ := types.Specs[0].(*ast.TypeSpec)
		w.docs[spec.Name.Name] = types.Doc.Text()
		if body, ok := spec.Type.(*ast.StructType); ok {
			w.fields(spec.Name.Name, body.Fields.List)
		}
	}
	return nil
}

func (w *manual) fields(owner string, list []*ast.Field) {
	for _, f := range list {
		for _, name := range f.Names {
			w.docs[owner+"."+name.Name] = f.Doc.Text()
		}
	}
}

// section describes a structure and then those below it.
func (w *manual) section(t reflect.Type, path string) {
	w.done[t] = true
	if path != "" {
		fmt.Fprintf(&w.b, "## %s\n\n%s\n\n", path, oneParagraph(w.docs[t.Name()], t.Name(), "`"+path+"`"))
	}
	var below []keyed
	shared := false
	for _, f := range keysOf(t) {
		if len(f.index) > 1 && !shared {
			shared = true
			w.b.WriteString("What follows can stand in `defaults` as well.\n\n")
		}
		w.key(t, f)
		if inner := structOf(f.typ); inner != nil {
			below = append(below, f)
		}
	}
	for _, f := range below {
		if inner := structOf(f.typ); !w.done[inner] {
			w.section(inner, w.pathOf(path, f))
		}
	}
}

// pathOf is where a key stands: servers[].canary.
func (w *manual) pathOf(path string, f keyed) string {
	if f.typ.Kind() == reflect.Slice {
		return join(path, f.key) + "[]"
	}
	return join(path, f.key)
}

// key describes one key.
func (w *manual) key(t reflect.Type, f keyed) {
	owner := t.Name()
	if len(f.index) > 1 {
		owner = t.Field(f.index[0]).Name
	}
	text := oneParagraph(w.docs[owner+"."+f.name], f.name, "It")
	if example := f.tag.Get("example"); example != "" {
		text += " Example: `" + f.key + ": " + example + "`"
	}
	fmt.Fprintf(&w.b, "- **`%s`** (%s): %s\n\n", f.key, strings.Join(facts(f), ", "), text)
}

// facts are what the tags say.
func facts(f keyed) []string {
	list := []string{typeWord(f)}
	if f.tag.Get("need") == "yes" {
		list = append(list, "required")
	}
	if words := f.tag.Get("one"); words != "" {
		list = append(list, "one of `"+strings.Join(strings.Fields(words), "` `")+"`")
	}
	if least, most, ok := strings.Cut(f.tag.Get("range"), ".."); ok {
		list = append(list, least+" to "+most)
	}
	if value := f.tag.Get("default"); value != "" && f.typ.Kind() == reflect.Slice {
		list = append(list, "default `["+strings.Join(strings.Fields(value), ", ")+"]`")
	} else if value != "" {
		list = append(list, "default `"+value+"`")
	}
	return list
}

// typeWord names what stands behind a key.
func typeWord(f keyed) string {
	switch f.typ {
	case reflect.TypeFor[time.Duration]():
		return "duration"
	case reflect.TypeFor[time.Time]():
		return "time"
	case reflect.TypeFor[uptime.Secret]():
		return "secret"
	case reflect.TypeFor[[]uptime.Assertion]():
		return "list of assertions"
	case reflect.TypeFor[[]time.Duration]():
		return "list of durations"
	case reflect.TypeFor[[]uptime.Secret]():
		return "list of secrets"
	case reflect.TypeFor[map[string]uptime.Secret]():
		return "names with secrets"
	}
	switch f.typ.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "whole number"
	case reflect.Float64:
		return "number"
	case reflect.Map:
		return "names with texts"
	case reflect.Slice:
		return sliceWord(f)
	case reflect.Struct, reflect.Pointer:
		if f.typ == reflect.TypeFor[Settings]() {
			return "block with keys of servers"
		}
		return blockWord(structOf(f.typ))
	default:
	}
	if f.tag.Get("path") == "yes" {
		return "path"
	}
	return "text"
}

func sliceWord(f keyed) string {
	switch f.typ.Elem().Kind() {
	case reflect.Struct:
		return "list of blocks"
	case reflect.Uint8:
		return "names with any values"
	default:
		if f.tag.Get("single") == "yes" {
			return "text, or list of texts"
		}
		return "list of texts"
	}
}

func blockWord(t reflect.Type) string {
	short, ok := shortOf(t)
	if !ok {
		return "block"
	}
	return "block, or its `" + short + "` alone"
}

// structOf returns the structure of ours behind t; nil when there is none.
func structOf(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct && t.PkgPath() == reflect.TypeFor[File]().PkgPath() {
		return t
	}
	return nil
}

// oneParagraph makes of a comment the text of the manual: the name in Go
// becomes the key. Tables and further paragraphs stay apart.
func oneParagraph(comment, name, key string) string {
	first, more, _ := strings.Cut(comment, "\n\n")
	text := strings.Join(append([]string{oneLineOf(first)}, further(more)...), "\n\n")
	rest, ok := strings.CutPrefix(text, name+" ")
	if !ok {
		return text
	}
	if verb, more, _ := strings.Cut(rest, " "); key == "It" && (verb == "is" || verb == "are") {
		return more
	}
	return strings.TrimPrefix(key+" "+rest, "It ")
}

func oneLineOf(text string) string { return strings.Join(strings.Fields(text), " ") }

// further returns the paragraphs of a text.
func further(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		switch {
		case strings.HasPrefix(part, "|"):
			parts = append(parts, part)
		case part != "":
			parts = append(parts, oneLineOf(part))
		}
	}
	return parts
}
