package show

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Colours as ANSI parameters. They only ever repeat what a word says.
const (
	green  = "32"
	yellow = "33"
	red    = "31"
	grey   = "90"
	bold   = "1"
)

// pen writes text in a Style.
type pen struct {
	*bytes.Buffer
	Style
}

func (p pen) width() int {
	if p.Width > 0 {
		return p.Width
	}
	return 80
}

// paint wraps s in a colour when the terminal can show it.
func (st Style) paint(color, s string) string {
	if !st.Color || color == "" || s == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// say returns s, or what is closest to it in ASCII.
func (st Style) say(s string) string {
	if st.Unicode {
		return s
	}
	s = asciiWords().Replace(s)
	return strings.Map(func(r rune) rune {
		if r > 126 {
			return '?'
		}
		return r
	}, s)
}

func asciiWords() *strings.Replacer {
	return strings.NewReplacer(
		"●", "*", "▲", "!", "✗", "x", "✓", "+", "–", "-", "·", "-", "→", "->", "≈", "~", "…", "~",
		"▁", "_", "▂", "_", "▃", "-", "▄", "-", "▅", "=", "▆", "=", "▇", "#", "█", "#", "“", `"`, "”", `"`, "’", "'",
	)
}

func stateSign(s uptime.State) (sign, color string) {
	switch s {
	case uptime.Live:
		return "●", green
	case uptime.Degraded:
		return "▲", yellow
	case uptime.Down:
		return "✗", red
	case uptime.Unknown:
	}
	return "?", grey
}

func stepSign(s uptime.StepStatus) (sign, color string) {
	switch s {
	case uptime.StepPass:
		return "✓", green
	case uptime.StepFail:
		return "✗", red
	case uptime.StepSkip:
	}
	return "–", grey
}

func severitySign(s uptime.Severity) (sign, color string) {
	switch s {
	case uptime.SeverityFail:
		return "✗", red
	case uptime.SeverityWarn:
		return "!", yellow
	case uptime.SeverityInfo:
	}
	return "i", grey
}

// line writes one line.
func (p pen) line(format string, args ...any) {
	fmt.Fprintf(p.Buffer, format, args...)
	p.WriteByte('\n')
}

// wrapped writes head and then text, broken between words at the width and
// indented under where it began. indent is the visible width of head.
func (p pen) wrapped(head string, indent int, text string) {
	room := max(p.width()-indent, 30)
	for i, l := range wrap(text, room) {
		if i > 0 {
			head = strings.Repeat(" ", indent)
		}
		p.line("%s%s", head, l)
	}
}

func wrap(text string, room int) []string {
	var lines []string
	cur := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case cur == "":
			cur = word
		case runes(cur)+1+runes(word) <= room:
			cur += " " + word
		default:
			lines, cur = append(lines, cur), word
		}
	}
	return append(lines, cur)
}

func runes(s string) int { return utf8.RuneCountInString(s) }

// pad fills s with blanks to a visible width.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-runes(s)))
}

// span is d for people: 1.2 ms, 345 ms, 5.0 s, 2m30s.
func span(d time.Duration) string {
	switch {
	case d < 99950*time.Microsecond:
		return fmt.Sprintf("%.1f ms", ms(d))
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", ms(d))
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// size is n bytes for people: 812 B, 9.3 kB, 1.2 MB.
func size(n int) string {
	switch {
	case n < 1000:
		return strconv.Itoa(n) + " B"
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// thousands writes n with a comma between thousands.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural is "1 tool" or "2 tools".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}
