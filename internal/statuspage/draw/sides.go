package draw

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

// Pair is a line of a side-by-side comparison.
type Pair struct {
	// Kind is same, removed, added, changed or skip.
	Kind string
	// Old and New are the two lines, in spans, of which some are marked as what
	// differs.
	Old, New []Part
	HasOld   bool
	HasNew   bool
	Skipped  int // lines left out, of a skip
}

// Part is a part of a line.
type Part struct {
	Text   string
	Marked bool
}

// Pretty writes canonical JSON over several lines; nothing for nothing.
func Pretty(raw []byte) []string {
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

// Lines are the lines of a text, cut to what a reader bears.
func Lines(s string) []string {
	if s == "" {
		return nil
	}
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
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

// Sides compares two texts line by line.
func Sides(old, now []string) []Pair {
	return fold(join(align(old, now)))
}

// align finds the longest common subsequence of lines and returns what is on
// each side of it, in order. It takes len(old)*len(now) steps, which the bounds
// of Pretty keep small.
func align(old, now []string) []Pair {
	long := lengths(old, now)
	var out []Pair
	i, j := 0, 0
	for i < len(old) || j < len(now) {
		switch {
		case i < len(old) && j < len(now) && old[i] == now[j]:
			out = append(out, Pair{Kind: "same", Old: whole(old[i]), New: whole(now[j]), HasOld: true, HasNew: true})
			i, j = i+1, j+1
		case j == len(now) || i < len(old) && long[i+1][j] >= long[i][j+1]:
			out = append(out, Pair{Kind: "removed", Old: whole(old[i]), HasOld: true})
			i++
		default:
			out = append(out, Pair{Kind: "added", New: whole(now[j]), HasNew: true})
			j++
		}
	}
	return out
}

func whole(s string) []Part { return []Part{{Text: s}} }

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
func join(lines []Pair) []Pair {
	var out []Pair
	for at := 0; at < len(lines); {
		if lines[at].Kind == "same" {
			out = append(out, lines[at])
			at++
			continue
		}
		end := at
		var gone, came []Pair
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

func beside(gone, came []Pair) []Pair {
	var out []Pair
	for i := range max(len(gone), len(came)) {
		switch {
		case i >= len(came):
			out = append(out, gone[i])
		case i >= len(gone):
			out = append(out, came[i])
		default:
			before, after := markWords(gone[i].Old[0].Text, came[i].New[0].Text)
			out = append(out, Pair{Kind: "changed", Old: before, New: after, HasOld: true, HasNew: true})
		}
	}
	return out
}

// markWords finds what differs between two lines: what is left when their common
// beginning and end are taken away, word by word.
func markWords(old, now string) (before, after []Part) {
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

func spans(w []string, head, tail int) []Part {
	var out []Part
	for _, p := range []Part{
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
func fold(lines []Pair) []Pair {
	keep := make([]bool, len(lines))
	for i, l := range lines {
		if l.Kind == "same" {
			continue
		}
		for k := max(0, i-near); k <= min(len(lines)-1, i+near); k++ {
			keep[k] = true
		}
	}
	var out []Pair
	for i, l := range lines {
		switch {
		case keep[i]:
			out = append(out, l)
		case len(out) > 0 && out[len(out)-1].Kind == "skip":
			out[len(out)-1].Skipped++
		default:
			out = append(out, Pair{Kind: "skip", Skipped: 1})
		}
	}
	return out
}
