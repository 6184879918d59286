package audit

// document is a report as it is read: chapters of sentences and tables, which the
// page and the Markdown show alike.
type document struct {
	Title, Kicker string
	// Lead is the summary in words.
	Lead     []string
	Final    bool
	Cards    []card
	Waffle   *waffle
	Chapters []chapter
}

// card is a headline.
type card struct {
	Tone, Name, Value, Of, Interval, Definition string
}

type chapter struct {
	ID, Title string
	Parts     []part
}

// part is one of a paragraph, a table, or words to be copied as they are.
type part struct {
	Text  string
	Table *table
	Code  string
}

// table is rows with a first column of names. Bars stand behind the names, as a
// chart whose numbers are the other columns; Scale says what their whole length is.
type table struct {
	Caption string
	Head    []column
	Rows    []line
	Legend  []segment
	Scale   string
}

// Bars reports whether there is a chart.
func (t *table) Bars() bool {
	for _, row := range t.Rows {
		if len(row.Bar) > 0 {
			return true
		}
	}
	return false
}

// Small reports whether a table is a name and a few numbers, which stand too far
// from each other on the whole width.
func (t *table) Small() bool {
	for _, h := range t.Head[1:] {
		if !h.Number {
			return false
		}
	}
	return len(t.Head) < 5
}

type column struct {
	Name string
	// Number columns are set to the right.
	Number bool
}

type line struct {
	Cells []string
	Bar   []segment
	// Tone is the colour that stands beside the name; empty for none.
	Tone string
	// Sum marks a row that is of other rows.
	Sum bool
}

// Name returns the first cell.
func (l line) Name() string { return l.Cells[0] }

// Rest returns the other cells.
func (l line) Rest() []string { return l.Cells[1:] }

// segment is a piece of a bar: where it begins and how long it is, in per cent.
type segment struct {
	Tone, Title string
	From, Width float64
}

// bar returns the pieces of a bar, one after another; values are in per cent.
// Empty ones are left out.
func bar(pieces ...segment) []segment {
	var out []segment
	at := 0.0
	for _, p := range pieces {
		p.From = at
		if p.Width > 0 {
			out = append(out, p)
		}
		at += p.Width
	}
	return out
}

// waffle is a hundred squares.
type waffle struct {
	Title   string
	Squares []square
	Legend  []segment
}

type square struct {
	X, Y        int
	Tone, Title string
}

// squareSize is the side of a square and what lies between two.
const squareSize = 12

// newWaffle shares a hundred squares out: each group gets its whole per cents, and
// those left go to the largest remainders.
func newWaffle(title string, pieces []segment) *waffle {
	w := &waffle{Title: title, Legend: pieces}
	for i, n := range shareOut(pieces) {
		for range n {
			k := len(w.Squares)
			w.Squares = append(w.Squares, square{X: k % 10 * squareSize, Y: k / 10 * squareSize, Tone: pieces[i].Tone, Title: pieces[i].Title})
		}
	}
	return w
}

func shareOut(pieces []segment) []int {
	out := make([]int, len(pieces))
	left := 100
	rest := make([]float64, len(pieces))
	for i, p := range pieces {
		out[i] = int(p.Width)
		rest[i] = p.Width - float64(out[i])
		left -= out[i]
	}
	for ; left > 0; left-- {
		best := 0
		for i := range rest {
			if rest[i] > rest[best] {
				best = i
			}
		}
		if rest[best] <= 0 {
			break
		}
		out[best]++
		rest[best] = 0
	}
	return out
}
