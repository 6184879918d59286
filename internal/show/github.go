package show

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// writeGitHub writes workflow commands that become annotations on a run: an
// error for what is not good, a warning for what is only worth seeing. Server
// text cannot begin a command of its own: every message is escaped to one line
// that begins with ours.
func writeGitHub(b *bytes.Buffer, checks []Check, st Style) {
	for _, c := range checks {
		if c.State != uptime.Live {
			annotate(b, level(st.bad(c)), "MCP server is "+c.State.String(), join(": ", c.Target, Reason(c)), Next(c))
		}
		for _, f := range c.Result.Findings {
			if f.Severity != uptime.SeverityInfo {
				annotate(b, level(st.bad(c) && f.Severity == uptime.SeverityFail), f.ID, join(": ", c.Target, f.Message), f.Spec)
			}
		}
	}
	fmt.Fprintln(b, summary(checks))
}

func level(bad bool) string {
	if bad {
		return "error"
	}
	return "warning"
}

// annotate writes one workflow command, escaped as the runner unescapes it.
func annotate(b *bytes.Buffer, level, title string, lines ...string) {
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	fmt.Fprintf(b, "::%s title=%s::%s\n", level, property.Replace(title), data.Replace(join("\n", lines...)))
}
