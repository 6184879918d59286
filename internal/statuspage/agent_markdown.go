package statuspage

import (
	"fmt"
	"strings"

	"github.com/alivemcp/alivemcp/internal/web"
)

// markdown writes a document for agents. Everything that others wrote goes
// through inert first.
type markdown struct{ strings.Builder }

func (m *markdown) line(format string, args ...any) {
	_, _ = fmt.Fprintf(m, format+"\n", args...) // a builder does not fail
}

// table writes a table of cells that are markdown already; nothing when there
// are no rows.
func (m *markdown) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	m.line("| %s |", strings.Join(head, " | "))
	m.line("|%s", strings.Repeat(" --- |", len(head)))
	for _, row := range rows {
		m.line("| %s |", strings.Join(row, " | "))
	}
}

// inert makes any text fit for a line of markdown: it is shown as it is, it
// ends no cell, and it forms no link, image, markup or HTML (CommonMark 0.31,
// section 2.4, and GitHub's autolinks). It is not for the beginning of a line,
// where list marks would count.
func inert(s string, limit int) string {
	s = web.Visible(s, limit)
	var out strings.Builder
	for i := range len(s) {
		if special(s, i) {
			out.WriteByte('\\')
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// codeURL shows an address so that it can be copied: nothing is markup inside a
// code span but its end, which an address says as %60. It is not for tables.
func codeURL(url string) string {
	if url == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(web.Visible(url, maxInertText), "`", "%60") + "`"
}

// special reports whether the character at i could begin, separate or end
// markup. A colon and a full stop count only where they would make an address.
func special(s string, i int) bool {
	switch c := s[i]; c {
	case ':':
		return strings.HasPrefix(s[i:], "://") || strings.HasSuffix(strings.ToLower(s[:i]), "mailto") ||
			strings.HasSuffix(strings.ToLower(s[:i]), "xmpp")
	case '.':
		return i >= 3 && strings.EqualFold(s[i-3:i], "www")
	default:
		return strings.IndexByte("\\`*_{}[]<>()#!|~&@$", c) >= 0
	}
}
