package statuspage

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// funcs are what templates can say.
func (s *Site) funcs() template.FuncMap {
	return template.FuncMap{
		"static":  s.static.URL,
		"nav":     func() []navItem { return s.nav },
		"visible": visible,
		"begin":   upperFirst,
		"mixed":   web.Mixed,
		"percent": percentText,
		"millis":  millisText,
		"span":    spanText,
		"day":     func(t time.Time) string { return t.UTC().Format("2 Jan") },
		"clock":   func(t time.Time) string { return t.UTC().Format("15:04") },
		"brief":   func(t time.Time) string { return t.UTC().Format("2 Jan, 15:04") },
		"stamp":   func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"count":   board.Count,
		"many":    manyText,
		"state":   stateWord,
		"access":  accessWord,
		"mark":    rowMark,
		"minutes": minutesText,
		"unknown": unknownText,
		"share":   shareText,
		"add":     func(a, b int) int { return a + b },
	}
}

// Longest texts on pages, in characters.
const (
	maxName = 80
	maxText = 280
)

// visible is web.Visible with the limit of a sentence, or the given one.
func visible(s any, limit ...int) string {
	n := maxText
	if len(limit) > 0 {
		n = limit[0]
	}
	return web.Visible(fmt.Sprint(s), n)
}

// stateWord is what people call a state.
func stateWord(s uptime.State) string {
	switch s {
	case uptime.Live:
		return "Live"
	case uptime.Degraded:
		return "Degraded"
	case uptime.Down:
		return "Down"
	default:
		return "Unknown"
	}
}

// rowMark is the word of a row's mark and its class in style sheets: the state,
// or why there is none.
func rowMark(r *board.Row) string {
	switch {
	case r.Paused:
		return "paused"
	case r.Window != nil:
		return "maintenance"
	case r.Verdict == nil && r.State == uptime.Unknown && r.LastProbe.IsZero():
		return "new"
	default:
		return r.State.String()
	}
}

// accessWord says how a server treats strangers.
func accessWord(a uptime.Access) string {
	switch a {
	case uptime.AccessOpen:
		return "open to anyone"
	case uptime.AccessWalled:
		return "sign-in required"
	case uptime.AccessCustom:
		return "needs an API key or similar"
	case uptime.AccessBroken:
		return "sign-in is broken"
	default:
		return "access not known"
	}
}

// percentText is a share of minutes with two decimals, rounded down so that
// 100 % is said only when it is so; an en dash without data.
func percentText(c uptime.Counts) string {
	p, ok := c.Uptime()
	if !ok {
		return "–"
	}
	if p == 100 {
		return "100 %"
	}
	return strconv.FormatFloat(math.Floor(p*100)/100, 'f', 2, 64) + " %"
}

// millisText is a latency: 85 ms, 1.24 s; an en dash for zero.
func millisText(d time.Duration) string {
	switch {
	case d <= 0:
		return "–"
	case d < time.Second:
		return strconv.Itoa(max(1, int(d.Round(time.Millisecond)/time.Millisecond))) + " ms"
	default:
		return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s"
	}
}

// spanText is a duration in its two largest units: 43 min, 5 h 12 min, 12 days.
func spanText(d time.Duration) string {
	m := int(d / time.Minute)
	switch {
	case d < time.Minute:
		return strconv.Itoa(max(0, int(d/time.Second))) + " s"
	case m < 60:
		return strconv.Itoa(m) + " min"
	case m < 48*60:
		return strings.TrimSuffix(fmt.Sprintf("%d h %d min", m/60, m%60), " 0 min")
	default:
		return strconv.Itoa(m/(24*60)) + " days"
	}
}

// minutesText is a number of minutes, in words for people.
func minutesText(n int) string { return spanText(time.Duration(n) * time.Minute) }

// manyText is a number with its noun: 1 server, 2 servers.
func manyText(n int, noun string) string {
	return board.Plural(n, noun, noun+"s")
}
