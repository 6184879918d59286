package draw

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Geometry of the bars of days, in units of their drawing.
const (
	barStep   = 4
	barWidth  = 3
	barHeight = 20
)

// piece is a part of a bar, from the bottom up.
type piece struct {
	class string
	size  float64
}

// pieces stacks one day: red, amber, green and maintenance; what was not measured
// stays empty. A calm day is green, and trouble is a foot below the green that
// grows with its minutes: a single one is small, and large enough to be seen.
func pieces(c uptime.Counts) []piece {
	if c.Measured()+c.Maintenance == 0 {
		return []piece{{"none", 3}}
	}
	full := max(2*foot, barHeight*float64(c.Total()-c.Unknown)/float64(c.Total()))
	down, degraded := swell(c.Down), swell(c.Degraded)
	planned := full * float64(c.Maintenance) / float64(c.Total()-c.Unknown)
	if c.Live == 0 && down+degraded > 0 {
		scale := (full - planned) / (down + degraded)
		down, degraded = down*scale, degraded*scale
	}
	down = min(down, full)
	degraded = min(degraded, full-down)
	planned = min(planned, full-down-degraded)
	return []piece{{"down", down}, {"degraded", degraded}, {"live", full - down - degraded - planned}, {"maintenance", planned}}
}

// foot is the height of a single minute of trouble: more than two pixels.
const foot = 2

// swell is the height of some minutes of trouble, between a foot and the whole
// bar. It grows quickly at first: ten minutes have to look like more than one,
// though they are no share of a day that anybody could see.
func swell(minutes int) float64 {
	if minutes == 0 {
		return 0
	}
	share := math.Log(float64(minutes)) / math.Log(uptime.MinutesPerDay)
	return foot + (barHeight-foot)*share*share
}

// Bars draws days, oldest first, as one path a colour. Runs of days without any
// trouble are one dashed line, which keeps 90 days of a calm server at a hundred
// bytes. The label is any text.
func Bars(days []uptime.Counts, label string) template.HTML {
	paths := map[string]*strings.Builder{}
	run := 0
	for i := range days {
		if p := pieces(days[i]); !calm(p) {
			calmRun(paths, i-run, run)
			run = 0
			drawBar(paths, i, p)
			continue
		}
		run++
	}
	calmRun(paths, len(days)-run, run)
	return barsSVG(paths, len(days), label)
}

// calm reports whether a bar is green from bottom to top.
func calm(p []piece) bool { return len(p) == 4 && p[2].size == barHeight }

func path(paths map[string]*strings.Builder, class string) *strings.Builder {
	b := paths[class]
	if b == nil {
		b = &strings.Builder{}
		paths[class] = b
	}
	return b
}

func calmRun(paths map[string]*strings.Builder, first, n int) {
	if n > 0 {
		fmt.Fprintf(path(paths, "calm"), "M%d %dh%d", first*barStep, barHeight/2, n*barStep)
	}
}

func drawBar(paths map[string]*strings.Builder, i int, stack []piece) {
	y := float64(barHeight)
	for _, p := range stack {
		if p.size < 0.1 {
			continue
		}
		fmt.Fprintf(path(paths, p.class), "M%s %sv-%s", decimal(float64(i*barStep)+barWidth/2.0), decimal(y), decimal(p.size))
		y -= p.size
	}
}

func decimal(f float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
}

func barsSVG(paths map[string]*strings.Builder, n int, label string) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="bars" viewBox="0 0 %d %d" preserveAspectRatio="none" role="img" aria-label="%s">`,
		max(1, n*barStep-1), barHeight, template.HTMLEscapeString(label))
	for _, class := range []string{"none", "calm", "live", "maintenance", "degraded", "down"} {
		if p := paths[class]; p != nil {
			fmt.Fprintf(&b, `<path class="%s" d="%s"/>`, class, p.String())
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) // numbers and our own words; the label is escaped
}

// Geometry of sparklines.
const (
	sparkWidth  = 92
	sparkHeight = 20
)

// Spark draws the p95 of some hours. Hours without samples are gaps, never
// zeros.
func Spark(points []uptime.LatencyPoint) template.HTML {
	var top time.Duration
	for _, p := range points {
		top = max(top, p.P95)
	}
	if top == 0 {
		return ""
	}
	var line strings.Builder
	pen := "M"
	for i, p := range points {
		if p.Samples == 0 {
			pen = "M"
			continue
		}
		x := float64(i) * sparkWidth / float64(max(1, len(points)-1))
		y := sparkHeight - 2 - (sparkHeight-4)*float64(p.P95)/float64(top)
		fmt.Fprintf(&line, "%s%s %s", pen, decimal(x), decimal(y))
		if pen == "M" {
			line.WriteString("h.01") // a single hour is a dot
		}
		pen = "L"
	}
	return template.HTML(fmt.Sprintf( // numbers only
		`<svg class="spark" viewBox="-2 0 %d %d" width="%d" height="%d" aria-hidden="true"><path class="floor" d="M0 %dh%d"/><path d="%s"/></svg>`,
		sparkWidth+4, sparkHeight, sparkWidth+4, sparkHeight, sparkHeight-1, sparkWidth, line.String()))
}
