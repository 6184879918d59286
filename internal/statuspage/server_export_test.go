package statuspage

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// What the tests of pure parts need.

func InWords(c uptime.Cause) string            { return inWords(c) }
func PublicText(s string) string               { return publicText(s) }
func PublicURL(s string) string                { return publicURL(s) }
func Pretty(raw string) []string               { return pretty([]byte(raw)) }
func Public(x uptime.Exchange) uptime.Exchange { return publicExchange(x) }

// Sides compares two texts and returns the lines as kind, old and new; marked
// parts are in brackets.
func Sides(old, now []string) [][3]string {
	var out [][3]string
	for _, p := range sideBySide(old, now) {
		out = append(out, [3]string{p.Kind, flat(p.Old), flat(p.New)})
	}
	return out
}

// Aligned is Sides before equal lines are left out.
func Aligned(old, now []string) (left, right []string) {
	for _, p := range join(align(old, now)) {
		if p.HasOld {
			left = append(left, plain(p.Old))
		}
		if p.HasNew {
			right = append(right, plain(p.New))
		}
	}
	return left, right
}

func flat(spans []lineSpan) string {
	s := ""
	for _, p := range spans {
		if p.Marked {
			s += "[" + p.Text + "]"
		} else {
			s += p.Text
		}
	}
	return s
}

func plain(spans []lineSpan) string {
	s := ""
	for _, p := range spans {
		s += p.Text
	}
	return s
}

// Chart is what a picture of latencies is made of.
type Chart struct {
	P95   string
	Gaps  int
	Dots  int
	Top   string
	Text  string
	Empty bool
}

func ChartOf(window string, from time.Time, points []uptime.LatencyPoint, now time.Time) Chart {
	w, _ := windowOf(window)
	c := chartOf(w, from, from.Add(w.Span), points, now)
	return Chart{c.P95, len(c.Gaps), len(c.Dots), c.YTicks[0].Text, c.Text, c.Empty}
}

// Bar is the heights of one day's pieces, by class.
func Bar(c uptime.Counts) map[string]float64 {
	out := map[string]float64{}
	for _, p := range pieces(c) {
		if p.size > 0 {
			out[p.class] += p.size
		}
	}
	return out
}

func SentenceOf(t board.Totals) string { return board.Overview(t) }
