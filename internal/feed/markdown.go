package feed

import (
	"fmt"
	"strings"

	"github.com/alivemcp/alivemcp/internal/web"
)

// markdown writes a document for agents. Everything that others wrote goes
// through web.Markdown first.
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

// codeURL shows an address so that it can be copied: nothing is markup inside a
// code span but its end, which an address says as %60. It is not for tables.
func codeURL(url string) string {
	if url == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(web.Visible(url, maxInertText), "`", "%60") + "`"
}
