package audit

import (
	_ "embed" // for the template and its styles
	"fmt"
	"html/template"
	"io"
	"strconv"
)

//go:embed templates/report.html
var reportTemplate string

//go:embed templates/report.css
var reportCSS string

//go:embed templates/tokens.css
var tokensCSS string

// CSS returns the style sheet of a report for pages that have the site's tokens.
func CSS() string { return reportCSS }

// Title returns the report's title.
func (r *Report) Title() string { return titleOf(r) }

// WriteFragment writes the report as an element of a page that has [CSS] and the
// site's tokens. It has neither scripts nor styles of its own.
func (r *Report) WriteFragment(w io.Writer) error { return r.execute(w, "report") }

// WritePage writes the report as a page that stands alone.
func (r *Report) WritePage(w io.Writer) error { return r.execute(w, "page") }

func (r *Report) execute(w io.Writer, name string) error {
	t, err := template.New("").Funcs(template.FuncMap{
		"num":    func(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) },
		"next":   func(i int) int { return i + 1 },
		"sheet":  func() template.CSS { return template.CSS(reportCSS) },
		"tokens": func() template.CSS { return template.CSS(tokensCSS) },
	}).Parse(reportTemplate)
	if err != nil {
		return fmt.Errorf("reading the template of reports: %w", err)
	}
	if err := t.ExecuteTemplate(w, name, documentOf(r)); err != nil {
		return fmt.Errorf("writing the report %s: %w", r.Run.ID, err)
	}
	return nil
}
