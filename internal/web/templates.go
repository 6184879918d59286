package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

// Templates is a set of pages that share a layout.
type Templates struct {
	pages map[string]*template.Template
}

// ParseTemplates reads the templates of a directory. Files whose names begin
// with an underscore and the layout itself are parts that every other file, a
// page, can use. A page defines what the layout asks for.
func ParseTemplates(fsys fs.FS, dir, layout string, funcs template.FuncMap) (*Templates, error) {
	names, err := fs.Glob(fsys, path.Join(dir, "*.html"))
	if err != nil {
		return nil, fmt.Errorf("listing the templates: %w", err)
	}
	isPart := func(name string) bool {
		return path.Base(name) == layout || strings.HasPrefix(path.Base(name), "_")
	}
	parts := template.New(layout).Funcs(funcs).Option("missingkey=error")
	for _, name := range names {
		if isPart(name) {
			if _, err := parts.ParseFS(fsys, name); err != nil {
				return nil, fmt.Errorf("reading template %s: %w", name, err)
			}
		}
	}
	t := &Templates{pages: map[string]*template.Template{}}
	for _, name := range names {
		if isPart(name) {
			continue
		}
		page, err := parts.Clone()
		if err == nil {
			page, err = page.ParseFS(fsys, name)
		}
		if err != nil {
			return nil, fmt.Errorf("reading template %s: %w", name, err)
		}
		t.pages[path.Base(name)] = page
	}
	return t, nil
}

// Page renders a page in its layout.
func (t *Templates) Page(page string, data any) ([]byte, error) { return t.Part(page, "", data) }

// Part renders one template that a page defines or can use; the layout when
// the name is empty.
func (t *Templates) Part(page, name string, data any) ([]byte, error) {
	set, ok := t.pages[page]
	if !ok {
		return nil, fmt.Errorf("no template %q", page)
	}
	if name == "" {
		name = set.Name()
	}
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("rendering %s of %s: %w", name, page, err)
	}
	return b.Bytes(), nil
}
