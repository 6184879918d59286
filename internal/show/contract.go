package show

import (
	"bytes"

	"github.com/alivemcp/alivemcp/internal/drift"
)

// WriteContract writes the tools of a snapshot for people, one line each.
func WriteContract(b *bytes.Buffer, s drift.Snapshot, st Style) {
	p := pen{b, st}
	c, problems := s.Contract()
	p.line("%s", p.say(p.paint(bold, Clean(s.Target, maxLine))+"  "+plural(len(s.Tools), "tool")+", "+size(c.Bytes)))
	for _, t := range c.Tools {
		p.wrapped("  "+pad(p.say(Clean(t.Name, 64)), 24)+" ", 27, p.say(Clean(t.Description, 200)))
	}
	for _, problem := range problems {
		p.wrapped("  "+p.paint(yellow, "!")+" ", 4, p.say(Clean(problem.String(), maxLine)))
	}
	p.line("  tools    %s", c.Hash)
	p.line("  contract %s", c.ContractHash)
}
