package board

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Span says a duration, rounded down: 14 s, 3 min, 5 h 12 min, 12 days. Less
// than a second, and anything negative, is 0 s. Scripts of pages say the same.
func Span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return strings.TrimSuffix(fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute), " 0 min")
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

// Hundredths is the uptime of the counts in hundredths of a percent, rounded
// down so that 10000 means that nothing failed; ok is false when nothing was
// measured.
func Hundredths(c uptime.Counts) (h int, ok bool) {
	if c.Measured() == 0 {
		return 0, false
	}
	return 10000 * (c.Live + c.Degraded) / c.Measured(), true
}

// Percent is Hundredths in percent; nil when nothing was measured.
func Percent(c uptime.Counts) *float64 {
	h, ok := Hundredths(c)
	if !ok {
		return nil
	}
	p := float64(h) / 100
	return &p
}

// PercentWord is Percent for people: 99.95 %, or "no data".
func PercentWord(c uptime.Counts) string {
	h, ok := Hundredths(c)
	if !ok {
		return "no data"
	}
	return strings.TrimSuffix(fmt.Sprintf("%d.%02d", h/100, h%100), ".00") + " %"
}

// Share says how much of the whole a part is: 0 %, less than 0.1 %, 1.4 %, 12 %.
// The share of nothing is an en dash.
func Share(part, whole int) string {
	share := 100 * float64(part) / float64(max(1, whole))
	switch {
	case whole == 0:
		return "–"
	case share == 0:
		return "0 %"
	case share < 0.1:
		return "less than 0.1 %"
	case share < 10:
		return fmt.Sprintf("%.1f %%", share)
	default:
		return fmt.Sprintf("%.0f %%", share)
	}
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
