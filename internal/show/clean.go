package show

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Longest texts that are shown, in characters.
const (
	maxLine  = 400
	maxBlock = 16 << 10
)

// Clean makes hostile text fit for one line: control characters, terminal
// escapes, direction marks and invisible characters go, white space becomes one
// space, and what is longer than limit characters is cut.
func Clean(s string, limit int) string {
	return cut(strings.Join(strings.Fields(strings.Map(visible, valid(s))), " "), limit)
}

// cleanBlock is Clean for text of several lines: line feeds and tabs stay.
func cleanBlock(s string) string {
	keep := func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if r == '\r' {
			return -1
		}
		return visible(r)
	}
	return cut(strings.Map(keep, valid(s)), maxBlock)
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// visible drops what a terminal or an editor would obey instead of show.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp):
		return -1
	case unicode.Is(unicode.Variation_Selector, r), unicode.Is(unicode.Noncharacter_Code_Point, r):
		return -1
	}
	return r
}

func cut(s string, limit int) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}

// tidy returns c with every text cleaned, so that renderers need not.
func (c Check) tidy() Check {
	blocks := c.Result.Transcript
	c.Result.Transcript = nil
	c = c.MapText(func(s string) string { return Clean(s, maxLine) })
	c.Target = Clean(c.Target, maxLine)
	for _, x := range blocks {
		x.Request, x.Response = cleanBlock(x.Request), cleanBlock(x.Response)
		c.Result.Transcript = append(c.Result.Transcript, x)
	}
	for i := range c.Result.Findings {
		f := &c.Result.Findings[i]
		f.ID, f.Spec = Clean(f.ID, maxLine), Clean(f.Spec, maxLine)
	}
	c.Result.Region = Clean(c.Result.Region, maxLine)
	c.Result.Era = uptime.Era(Clean(string(c.Result.Era), maxLine))
	return c
}
