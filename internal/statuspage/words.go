package statuspage

import (
	"cmp"
	"fmt"
	"html/template"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
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
		"millis":  draw.Millis,
		"span":    board.Span,
		"day":     func(t time.Time) string { return t.UTC().Format("2 Jan") },
		"clock":   func(t time.Time) string { return t.UTC().Format("15:04") },
		"brief":   func(t time.Time) string { return t.UTC().Format("2 Jan, 15:04") },
		"stamp":   board.Stamp,
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"count":   board.Count,
		"many":    manyText,
		"state":   board.StateWord,
		"access":  board.AccessPhrase,
		"mark":    rowMark,
		"minutes": minutesText,
		"unknown": unknownText,
		"share":   shareText,
		"alarmed": s.alarmed,
		"readers": s.readers,
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

// percentText is an uptime; an en dash without data.
func percentText(c uptime.Counts) string {
	if c.Measured() == 0 {
		return "–"
	}
	return board.PercentWord(c)
}

// inWords says what a cause means to somebody who uses the server: a clause
// without a full stop, that stands after a colon.
func inWords(c uptime.Cause) string {
	return cmp.Or(board.CausePhrase(c), "the reason is not known")
}

// minutesText is a number of minutes, in words for people.
func minutesText(n int) string { return board.Span(time.Duration(n) * time.Minute) }

// manyText is a number with its noun: 1 server, 2 servers.
func manyText(n int, noun string) string {
	return board.Plural(n, noun, noun+"s")
}
