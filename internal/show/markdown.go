package show

import (
	"bytes"
	"strings"
)

// writeMarkdown writes a table and, folded, the details of each target. All
// text of servers stands in code, where it can neither link nor mention nor
// become HTML.
func writeMarkdown(b *bytes.Buffer, checks []Check, st Style) {
	p := pen{b, st}
	p.line("### MCP: %s", summary(checks))
	p.line("")
	p.line("| State | Target | Time | Tools | Grade | Why |")
	p.line("|---|---|---:|---:|---|---|")
	for _, c := range checks {
		sign, _ := stateSign(c.State)
		p.line("| %s %s | %s | %s | %s | %s | %s |", sign, c.State, cell(c.Target), timeCell(c), toolsCell(c), orDash(c.Grade), cell(reasonCell(c)))
	}
	for _, c := range checks {
		p.details(c)
	}
}

func (p pen) details(c Check) {
	p.line("\n<details><summary>%s %s</summary>\n", c.State, htmlText(c.Target))
	if text := Reason(c); text != "" {
		p.line("%s\n", code(text))
	}
	for _, f := range c.Result.Findings {
		p.line("- **%s** %s", f.Severity, code(join(": ", f.ID, f.Message)))
	}
	if next := Next(c); next != "" {
		p.line("\n**Next:** %s\n", next)
	}
	p.fenced(plain(c, p.Style))
	p.line("</details>")
}

// fenced writes text in a fence that is longer than any run of backticks in it.
func (p pen) fenced(text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	p.line("%stext\n%s%s\n", fence, text, fence)
}

// code is s as inline code. Backticks in it become apostrophes.
func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(s, "`", "'") + "`"
}

// cell is code within a table, where a pipe would end the cell even in code.
func cell(s string) string { return strings.ReplaceAll(code(s), "|", `\|`) }

func htmlText(s string) string {
	return "<code>" + strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;").Replace(s) + "</code>"
}
