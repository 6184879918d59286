package draw

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// The plot's drawing, in units of its SVG. It is stretched to the width of the
// page: letters stand beside it, in HTML, and lines keep their strokes.
const (
	plotWidth  = 1000
	plotHeight = 200
)

// Window is a stretch of time that a chart can show.
type Window struct {
	Key    string // in addresses
	Label  string
	Span   time.Duration
	Step   time.Duration // between points
	Ticks  int           // pieces of the time axis
	layout string        // of its labels
}

// Windows are the three choices; the first is the default.
func Windows() []Window {
	return []Window{
		{Key: "24h", Label: "24 hours", Span: 24 * time.Hour, Step: 15 * time.Minute, Ticks: 4, layout: "15:04"},
		{Key: "7d", Label: "7 days", Span: 7 * 24 * time.Hour, Step: 2 * time.Hour, Ticks: 7, layout: "2 Jan"},
		{Key: "90d", Label: "90 days", Span: 90 * 24 * time.Hour, Step: 24 * time.Hour, Ticks: 3, layout: "2 Jan"},
	}
}

// WindowOf returns the window with this key; the empty key is the first one's.
func WindowOf(key string) (Window, error) {
	for _, w := range Windows() {
		if key == "" || key == w.Key {
			return w, nil
		}
	}
	return Window{}, fmt.Errorf("%w: window must be 24h, 7d or 90d, not %q", uptime.ErrInvalid, web.Visible(key, 20))
}

// Bounds returns the stretch of the window that ends now, on the grid of its
// steps, so that the picture is the same for everybody who looks within one.
func (w Window) Bounds(now time.Time) (from, to time.Time) {
	to = now.UTC().Truncate(w.Step)
	if to.Before(now) {
		to = to.Add(w.Step)
	}
	return to.Add(-w.Span), to
}

// Chart is a picture of latencies and the numbers that it shows.
type Chart struct {
	Window        Window
	Width, Height int
	// P50 and P95 are paths; Band is the area between them.
	P50, P95, Band string
	// Dots are points that stand alone: a line needs two.
	Dots []Dot
	Gaps []Gap
	// YTicks go from the top down, XTicks from left to right.
	YTicks []Tick
	XTicks []Moment
	Points []Point
	// Empty says that nothing was measured at all.
	Empty bool
	Text  string
}

// Dot is a place in the picture.
type Dot struct{ X, Y string }

// Gap is a stretch in which nothing was measured.
type Gap struct{ X, Width string }

// Tick is a line of the grid.
type Tick struct {
	Y    string
	Text string
}

// Point is a row of the table, and what a crosshair reads.
type Point struct {
	At       Moment
	X        string // in thousandths of the width
	P50, P95 string
	Y50, Y95 string // in thousandths of the height; empty without samples
	N        string
}

// ChartOf draws the points of [from, to), one a step of the window, oldest
// first. Steps without samples are gaps: a line never crosses them.
func ChartOf(w Window, from, to time.Time, points []uptime.LatencyPoint, now time.Time) Chart {
	points = slices.Clone(points)
	p := plot{from: from, span: to.Sub(from), step: w.Step, top: ceiling(points), now: now}
	c := Chart{Window: w, Width: plotWidth, Height: plotHeight, YTicks: p.yTicks(), XTicks: xTicks(w, from)}
	c.P50, c.P95 = p.line(points, p50), p.line(points, p95)
	c.Band, c.Dots, c.Gaps = p.band(points), p.dots(points), p.gaps(points)
	for _, l := range points {
		c.Points = append(c.Points, p.point(l, w, now))
	}
	c.Empty = !slices.ContainsFunc(points, measured)
	c.Text = p.text(points, w)
	return c
}

func measured(l uptime.LatencyPoint) bool { return l.Samples > 0 && l.P95 > 0 }

func p50(l uptime.LatencyPoint) time.Duration { return l.P50 }
func p95(l uptime.LatencyPoint) time.Duration { return l.P95 }

// plot turns times and latencies into places.
type plot struct {
	from       time.Time
	span, step time.Duration
	top        time.Duration // latency at the upper edge
	now        time.Time
}

// ceiling is the round latency that leaves some room above the highest point.
func ceiling(points []uptime.LatencyPoint) time.Duration {
	var highest time.Duration
	for _, l := range points {
		highest = max(highest, l.P95, l.P50)
	}
	if highest <= 0 {
		return 100 * time.Millisecond
	}
	unit := math.Pow(10, math.Floor(math.Log10(float64(highest))))
	for _, m := range []float64{1, 2, 4, 6, 8, 10} {
		if round := time.Duration(m * unit); float64(highest) <= 0.96*float64(round) {
			return round
		}
	}
	return time.Duration(20 * unit)
}

func (p plot) x(at time.Time) float64 {
	return plotWidth * float64(at.Add(p.step/2).Sub(p.from)) / float64(p.span)
}

func (p plot) y(d time.Duration) float64 {
	return plotHeight * (1 - float64(d)/float64(p.top))
}

func num(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

// stretches are the runs of neighbouring points that were measured.
func stretches(points []uptime.LatencyPoint) [][]uptime.LatencyPoint {
	var out [][]uptime.LatencyPoint
	for at := 0; at < len(points); at++ {
		end := at
		for end < len(points) && measured(points[end]) {
			end++
		}
		if end > at {
			out = append(out, points[at:end])
			at = end
		}
	}
	return out
}

func (p plot) line(points []uptime.LatencyPoint, of func(uptime.LatencyPoint) time.Duration) string {
	var b strings.Builder
	for _, run := range stretches(points) {
		for i, l := range run {
			b.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + num(p.x(l.At)) + " " + num(p.y(of(l))))
		}
	}
	return b.String()
}

func (p plot) band(points []uptime.LatencyPoint) string {
	var b strings.Builder
	for _, run := range stretches(points) {
		if len(run) < 2 {
			continue
		}
		verb := "M"
		for _, l := range run {
			b.WriteString(verb + num(p.x(l.At)) + " " + num(p.y(l.P95)))
			verb = "L"
		}
		for _, l := range slices.Backward(run) {
			b.WriteString("L" + num(p.x(l.At)) + " " + num(p.y(l.P50)))
		}
		b.WriteString("Z")
	}
	return b.String()
}

func (p plot) dots(points []uptime.LatencyPoint) []Dot {
	var out []Dot
	for _, run := range stretches(points) {
		if len(run) == 1 {
			out = append(out, Dot{num(p.x(run[0].At)), num(p.y(run[0].P95))}, Dot{num(p.x(run[0].At)), num(p.y(run[0].P50))})
		}
	}
	return out
}

func (p plot) gaps(points []uptime.LatencyPoint) []Gap {
	var out []Gap
	wide := plotWidth * float64(p.step) / float64(p.span)
	for at := 0; at < len(points); at++ {
		end := at
		for end < len(points) && p.missing(points[end]) {
			end++
		}
		if end > at {
			out = append(out, Gap{num(p.x(points[at].At) - wide/2), num(wide * float64(end-at))})
			at = end
		}
	}
	return out
}

// missing reports whether a step is over and nothing was measured in it.
func (p plot) missing(l uptime.LatencyPoint) bool {
	return !measured(l) && !l.At.Add(p.step).After(p.now)
}

// yTicks are four pieces from the ceiling down to zero.
func (p plot) yTicks() []Tick {
	const pieces = 4
	var out []Tick
	for i := range pieces + 1 {
		d := p.top * time.Duration(pieces-i) / pieces
		text := axisText(d, p.top)
		out = append(out, Tick{Y: num(p.y(d)), Text: text})
	}
	return out
}

// axisText writes a latency in the unit that suits the whole axis.
func axisText(d, top time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case top >= 2*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'g', 3, 64) + " s"
	}
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'g', 4, 64) + " ms"
}

func xTicks(w Window, from time.Time) []Moment {
	var out []Moment
	for i := range w.Ticks + 1 {
		at := from.Add(w.Span * time.Duration(i) / time.Duration(w.Ticks)).UTC()
		label := at
		if i == w.Ticks && w.Step >= 2*time.Hour {
			label = at.Add(-time.Second) // the end of a day belongs to it
		}
		out = append(out, Moment{ISO: at.Format(time.RFC3339), Text: label.Format(w.layout)})
	}
	return out
}

// Millis is a latency; an en dash for none.
func Millis(d time.Duration) string { return cmp.Or(board.Millis(d), "–") }

func (p plot) point(l uptime.LatencyPoint, w Window, now time.Time) Point {
	at := Clock(l.At, now)
	if w.Step >= 24*time.Hour {
		at.Text = l.At.UTC().Format("Mon 2 Jan 2006")
	}
	c := Point{At: at, X: num(p.x(l.At)), P50: "–", P95: "–", N: board.Count(l.Samples)}
	if measured(l) {
		c.P50, c.P95 = Millis(l.P50), Millis(l.P95)
		c.Y50, c.Y95 = num(1000*p.y(l.P50)/plotHeight), num(1000*p.y(l.P95)/plotHeight)
	}
	return c
}

// text says in a sentence what the picture shows.
func (p plot) text(points []uptime.LatencyPoint, w Window) string {
	var lowest, highest uptime.LatencyPoint
	missing := 0
	for _, l := range points {
		switch {
		case p.missing(l):
			missing++
			continue
		case !measured(l):
			continue
		case highest.P95 == 0:
			lowest, highest = l, l
		}
		if l.P95 > highest.P95 {
			highest = l
		}
		if l.P95 < lowest.P95 {
			lowest = l
		}
	}
	if highest.P95 == 0 {
		return "Nothing was measured in these " + w.Label + "."
	}
	text := "p95 between " + Millis(lowest.P95) + " and " + Millis(highest.P95)
	if missing > 0 {
		text += fmt.Sprintf("; %d of %d steps were not measured", missing, len(points))
	}
	return text + "."
}
