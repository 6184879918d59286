package board

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Span says a duration in its largest fitting unit, rounded down: 14 s, 3 min,
// 2 h, 12 days. Less than a second, and anything negative, is 0 s.
func Span(d time.Duration) string {
	switch {
	case d < time.Second:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
}

// Millis says a latency: 412 ms, 4.1 s; under a millisecond "<1 ms"; empty for
// zero, which means that there is no sample.
func Millis(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Millisecond:
		return "<1 ms"
	case d.Round(time.Millisecond) < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond)/time.Millisecond)
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}

// Percent is the uptime of the counts in percent with two decimals, rounded
// down so that 100 means that nothing failed; nil when nothing was measured.
func Percent(c uptime.Counts) *float64 {
	exact, ok := c.Uptime()
	if !ok {
		return nil
	}
	// The tiny addend keeps 99.95 from becoming 99.94 for being binary.
	down := math.Floor(exact*100+1e-6) / 100
	return &down
}

// PercentWord is Percent for people: 99.95 %, or "no data".
func PercentWord(c uptime.Counts) string {
	p := Percent(c)
	if p == nil {
		return "no data"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.2f", *p), ".00") + " %"
}

// Sentence joins names as people do: London, Tokyo and Sydney. More than four
// are cut to three and a count.
func Sentence(names []string) string {
	names = slices.Clone(names)
	if len(names) > 4 {
		names = append(names[:3:3], fmt.Sprintf("%d more", len(names)-3))
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Plural counts things: 1 city, 5 cities.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Count groups the digits of a number by thousands.
func Count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
