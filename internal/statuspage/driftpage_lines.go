package statuspage

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/web"
)

// Bounds of one side-by-side comparison. What is longer is compared by its
// beginning and says so.
const (
	maxSide = 600 // lines
	maxLine = 300 // characters
	// near is how many unchanged lines stay around a change.
	near = 3
)

// pair is a line of a side-by-side comparison.
type pair struct {
	// Kind is same, removed, added, changed or skip.
	Kind string
	// Old and New are the two lines, in spans, of which some are marked as what
	// differs.
	Old, New []lineSpan
	HasOld   bool
	HasNew   bool
	Skipped  int // lines left out, of a skip
}

// lineSpan is a part of a line.
type lineSpan struct {
	Text   string
	Marked bool
}

// pretty writes canonical JSON over several lines; nothing for nothing.
func pretty(raw []byte) []string {
	if len(raw) == 0 {
		return nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return []string{web.Visible(string(raw), maxLine)}
	}
	lines := strings.Split(b.String(), "\n")
	if len(lines) > maxSide {
		lines = append(lines[:maxSide], "… the rest is left out")
	}
	for i, line := range lines {
		lines[i] = visibleLine(line)
	}
	return lines
}

// visibleLine is web.Visible for a line that keeps its indentation.
func visibleLine(line string) string {
	text := strings.TrimLeft(line, " ")
	return strings.Repeat(" ", min(40, len(line)-len(text))) + web.Visible(text, maxLine)
}

// sideBySide compares two texts line by line.
func sideBySide(old, now []string) []pair {
	return fold(join(align(old, now)))
}

// align finds the longest common subsequence of lines and returns what is on
// each side of it, in order. It takes len(old)*len(now) steps, which the bounds
// of pretty keep small.
func align(old, now []string) []pair {
	long := lengths(old, now)
	var out []pair
	i, j := 0, 0
	for i < len(old) || j < len(now) {
		switch {
		case i < len(old) && j < len(now) && old[i] == now[j]:
			out = append(out, pair{Kind: "same", Old: whole(old[i]), New: whole(now[j]), HasOld: true, HasNew: true})
			i, j = i+1, j+1
		case j == len(now) || i < len(old) && long[i+1][j] >= long[i][j+1]:
			out = append(out, pair{Kind: "removed", Old: whole(old[i]), HasOld: true})
			i++
		default:
			out = append(out, pair{Kind: "added", New: whole(now[j]), HasNew: true})
			j++
		}
	}
	return out
}

func whole(s string) []lineSpan { return []lineSpan{{Text: s}} }

// lengths is the table of longest common subsequences of the ends of both.
func lengths(old, now []string) [][]int32 {
	long := make([][]int32, len(old)+1)
	for i := range long {
		long[i] = make([]int32, len(now)+1)
	}
	for i, line := range slices.Backward(old) {
		for j := len(now) - 1; j >= 0; j-- {
			if line == now[j] {
				long[i][j] = long[i+1][j+1] + 1
			} else {
				long[i][j] = max(long[i+1][j], long[i][j+1])
			}
		}
	}
	return long
}

// join puts removed lines beside the added ones that took their place.
func join(lines []pair) []pair {
	var out []pair
	for at := 0; at < len(lines); {
		if lines[at].Kind == "same" {
			out = append(out, lines[at])
			at++
			continue
		}
		end := at
		var gone, came []pair
		for ; end < len(lines) && lines[end].Kind != "same"; end++ {
			if lines[end].HasOld {
				gone = append(gone, lines[end])
			} else {
				came = append(came, lines[end])
			}
		}
		out = append(out, beside(gone, came)...)
		at = end
	}
	return out
}

func beside(gone, came []pair) []pair {
	var out []pair
	for i := range max(len(gone), len(came)) {
		switch {
		case i >= len(came):
			out = append(out, gone[i])
		case i >= len(gone):
			out = append(out, came[i])
		default:
			before, after := markWords(gone[i].Old[0].Text, came[i].New[0].Text)
			out = append(out, pair{Kind: "changed", Old: before, New: after, HasOld: true, HasNew: true})
		}
	}
	return out
}

// markWords finds what differs between two lines: what is left when their common
// beginning and end are taken away, word by word.
func markWords(old, now string) (before, after []lineSpan) {
	a, b := words(old), words(now)
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return spans(a, head, tail), spans(b, head, tail)
}

func spans(w []string, head, tail int) []lineSpan {
	var out []lineSpan
	for _, p := range []lineSpan{
		{Text: strings.Join(w[:head], "")},
		{Text: strings.Join(w[head:len(w)-tail], ""), Marked: true},
		{Text: strings.Join(w[len(w)-tail:], "")},
	} {
		if p.Text != "" {
			out = append(out, p)
		}
	}
	return out
}

// words cuts a line after each run of letters and digits, and around each other
// character.
func words(s string) []string {
	var out []string
	from := 0
	for i, r := range s {
		if wordRune(r) {
			continue
		}
		if i > from {
			out = append(out, s[from:i])
		}
		from = i + len(string(r))
		out = append(out, s[i:from])
	}
	if from < len(s) {
		out = append(out, s[from:])
	}
	return out
}

func wordRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80
}

// fold leaves out what is far from every change.
func fold(lines []pair) []pair {
	keep := make([]bool, len(lines))
	for i, l := range lines {
		if l.Kind == "same" {
			continue
		}
		for k := max(0, i-near); k <= min(len(lines)-1, i+near); k++ {
			keep[k] = true
		}
	}
	var out []pair
	for i, l := range lines {
		switch {
		case keep[i]:
			out = append(out, l)
		case len(out) > 0 && out[len(out)-1].Kind == "skip":
			out[len(out)-1].Skipped++
		default:
			out = append(out, pair{Kind: "skip", Skipped: 1})
		}
	}
	return out
}
