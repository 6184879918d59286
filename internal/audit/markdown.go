package audit

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the report as GitHub's Markdown, with the chapters of the
// page. Charts are left out: their numbers are in the tables.
func (r *Report) WriteMarkdown(w io.Writer) error {
	d := documentOf(r)
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", inline(d.Title), inline(d.Kicker))
	if !d.Final {
		b.WriteString("\n**The run is not over: these numbers are not final.**\n")
	}
	for _, s := range d.Lead {
		b.WriteString("\n" + inline(s) + "\n")
	}
	for _, c := range d.Cards {
		fmt.Fprintf(&b, "\n- **%s: %s** (%s)", inline(c.Name), inline(c.Value), inline(c.Of))
		if c.Interval != "" {
			b.WriteString(", 95 % interval " + inline(c.Interval))
		}
	}
	b.WriteString("\n")
	for i := range d.Chapters {
		writeChapter(&b, &d.Chapters[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeChapter(b *strings.Builder, c *chapter) {
	fmt.Fprintf(b, "\n## %s\n", inline(c.Title))
	for _, p := range c.Parts {
		switch {
		case p.Table != nil:
			writeTable(b, p.Table)
		case p.Code != "":
			writeCode(b, p.Code)
		default:
			b.WriteString("\n" + inline(p.Text) + "\n")
		}
	}
}

// writeCode writes words as they are, in a fence that they cannot close.
func writeCode(b *strings.Builder, code string) {
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	fmt.Fprintf(b, "\n%s\n%s\n%s\n", fence, code, fence)
}

func writeTable(b *strings.Builder, t *table) {
	fmt.Fprintf(b, "\n**%s**\n\n", inline(t.Caption))
	var rule strings.Builder
	for _, h := range t.Head {
		b.WriteString("| " + inline(h.Name) + " ")
		rule.WriteString("|---")
		if h.Number {
			rule.WriteString(":")
		}
	}
	b.WriteString("|\n" + rule.String() + "|\n")
	for _, row := range t.Rows {
		for _, cell := range row.Cells {
			b.WriteString("| " + inline(cell) + " ")
		}
		b.WriteString("|\n")
	}
}

// inline returns words that Markdown shows as they are: no markup, no HTML, no
// link, no mention.
func inline(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case strings.ContainsRune("\\`*_{}[]|#~!$", r):
			b.WriteString("\\" + string(r))
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '@':
			b.WriteString("&#64;")
		case r == ':' && strings.HasPrefix(s[i:], "://"):
			b.WriteString("&#58;")
		case r == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www"):
			b.WriteString("&#46;")
		case r == '\n' || r == '\r':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
