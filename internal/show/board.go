package show

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// How much of the past a row remembers.
const (
	shownBeats = 20
	keptTimes  = 1000
)

// Board is a live view of servers that are checked again and again: one line
// each, redrawn in place. It is not safe for concurrent use.
type Board struct {
	style Style
	rows  []row
	drawn int // lines on the screen
}

type row struct {
	target string
	last   Check
	since  time.Time // when the state became what it is
	looks  int
	alive  int // looks that were Live or Degraded
	beats  []beat
	times  []time.Duration // of looks that reached the end
}

type beat struct {
	state uptime.State
	took  time.Duration
}

func (b beat) alive() bool { return b.state == uptime.Live || b.state == uptime.Degraded }

// NewBoard returns a Board with a line for each target.
func NewBoard(targets []string, st Style) *Board {
	b := &Board{style: st, rows: make([]row, len(targets))}
	for i, t := range targets {
		b.rows[i].target = Clean(t, maxLine)
	}
	return b
}

// Add records what a look at target i, which ended at now, found.
func (b *Board) Add(i int, c Check, now time.Time) {
	r := &b.rows[i]
	if r.looks == 0 || r.last.State != c.State {
		r.since = now
	}
	r.last = c.tidy()
	r.looks++
	look := beat{c.State, c.Result.Timings.Total}
	r.beats = last(append(r.beats, look), shownBeats)
	if look.alive() {
		r.alive++
		r.times = last(append(r.times, look.took), keptTimes)
	}
}

func last[T any](list []T, n int) []T { return list[max(0, len(list)-n):] }

// Draw writes the board over what it wrote before.
func (b *Board) Draw(w io.Writer, now time.Time) error {
	var out bytes.Buffer
	if b.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", b.drawn)
	}
	p := pen{&out, b.style}
	for _, r := range b.rows {
		p.line("\r\x1b[K%s", p.row(r, now))
	}
	b.drawn = len(b.rows)
	_, err := w.Write(out.Bytes())
	return err
}

// row is one line that never wraps: the target gets what room is left.
func (p pen) row(r row, now time.Time) string {
	if r.looks == 0 {
		return "  waiting    " + p.say(middle(r.target, max(12, p.width()-14)))
	}
	sign, color := stateSign(r.last.State)
	head := p.say(sign) + " " + pad(r.last.State.String(), 9)
	tail := fmt.Sprintf("  p95 %8s  for %s  %s", p95(r.times), ago(now.Sub(r.since)), share(r.alive, r.looks))
	if c := r.last.Failure; c != nil {
		tail += "  " + string(c.Cause)
	}
	room := max(12, p.width()-1-runes(head)-shownBeats-4-runes(tail))
	return p.paint(color, head) + "  " + pad(p.say(middle(r.target, room)), room) + "  " + p.beats(r.beats) + tail
}

// beats draws the past as blocks, as high as the look took long; a look that
// found nothing alive has a sign of its own.
func (p pen) beats(list []beat) string {
	longest := time.Duration(1)
	for _, b := range list {
		if b.alive() {
			longest = max(longest, b.took)
		}
	}
	var out strings.Builder
	out.WriteString(strings.Repeat(" ", shownBeats-len(list)))
	for _, b := range list {
		sign, color := stateSign(b.state)
		if b.alive() {
			steps := []rune("▁▂▃▄▅▆▇█")
			sign = string(steps[int(b.took*time.Duration(len(steps)-1)/longest)])
		}
		out.WriteString(p.paint(color, p.say(sign)))
	}
	return out.String()
}

func p95(times []time.Duration) string {
	if len(times) == 0 {
		return "-"
	}
	return span(Percentile(slices.Sorted(slices.Values(times)), 95))
}

// Percentile returns the value below or at which p percent of sorted lie, by
// the nearest rank; 0 for none.
func Percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(0, min(rank, len(sorted))-1)]
}

func share(part, whole int) string {
	return fmt.Sprintf("%d/%d", part, whole)
}

// ago is a coarse duration in one unit: 12s, 3m, 5h, 2d.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// WriteLine appends one look as one line: text with its time, or JSON.
func WriteLine(w io.Writer, f Format, c Check, st Style) error {
	st.Compact = true
	if f == JSON {
		return Write(w, JSON, []Check{c}, st)
	}
	c = c.tidy()
	sign, color := stateSign(c.State)
	line := fmt.Sprintf("%s %s %s %9s  %s", c.Result.Started.UTC().Format(time.RFC3339),
		st.paint(color, st.say(sign)+" "+pad(c.State.String(), 9)), st.say(c.Target), timeCell(c), st.say(Reason(c)))
	_, err := fmt.Fprintln(w, strings.TrimRight(line, " "))
	return err
}
