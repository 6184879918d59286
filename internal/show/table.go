package show

import (
	"fmt"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// table writes one row a target.
func (p pen) table(checks []Check) {
	wide := p.targetWidth(checks)
	p.line("%s", p.paint(grey, strings.TrimRight(fmt.Sprintf("  %s %s %9s %7s  %s", pad("STATE", 10), pad("TARGET", wide), "TIME", "TOOLS", "GRADE"), " ")))
	for _, c := range checks {
		sign, color := stateSign(c.State)
		state := p.paint(color, p.say(sign)+" "+pad(c.State.String(), 10))
		row := fmt.Sprintf("%s %s %9s %7s  %-5s  %s", state, pad(p.say(middle(c.Target, wide)), wide), timeCell(c), toolsCell(c), orDash(c.Grade), reasonCell(c))
		p.line("%s", strings.TrimRight(row, " "))
	}
}

func (p pen) targetWidth(checks []Check) int {
	wide := len("TARGET")
	for _, c := range checks {
		wide = max(wide, runes(c.Target))
	}
	return min(wide, max(24, p.width()-44))
}

// middle cuts s to width characters and keeps both its ends: targets tend to
// begin alike.
func middle(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	head := width / 3
	return string(r[:head]) + "…" + string(r[len(r)-(width-head-1):])
}

func timeCell(c Check) string {
	if c.Result.Timings.Total <= 0 {
		return "-"
	}
	return span(c.Result.Timings.Total)
}

func toolsCell(c Check) string {
	if c.Result.Tools == nil {
		return "-"
	}
	return thousands(c.Result.Tools.Count)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// reasonCell is the shortest word that says why a row is as it is.
func reasonCell(c Check) string {
	if c.Failure != nil {
		return string(c.Failure.Cause)
	}
	if c.Why != "" {
		return Clean(c.Why, 40)
	}
	if c.Result.Access != uptime.AccessOpen {
		return string(c.Result.Access)
	}
	return ""
}

// summary counts the targets by state: "3 targets: 2 live, 1 down".
func summary(checks []Check) string {
	tally := map[uptime.State]int{}
	for _, c := range checks {
		tally[c.State]++
	}
	var parts []string
	for _, s := range []uptime.State{uptime.Live, uptime.Degraded, uptime.Down, uptime.Unknown} {
		if n := tally[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return fmt.Sprintf("%s: %s", plural(len(checks), "target"), strings.Join(parts, ", "))
}
