package web

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of shown text.
const (
	maxMarks    = 2 // combining marks on one character
	zeroJoiner  = '\u200d'
	emojiStyle  = '\ufe0f'
	replacement = "\ufffd"
)

// Visible makes hostile text fit to be read: what would be obeyed or hidden
// (direction marks, controls, invisible characters) is shown as its code point,
// such as ⟨U+202E⟩, piled-up marks are cut, white space becomes one space, and
// what is longer than limit characters ends in an ellipsis. Emoji keep the
// joiners that they are made with. The result is plain text, not HTML.
func Visible(s string, limit int) string {
	if plain(s) && len(s) <= limit {
		return s
	}
	var b strings.Builder
	var prev rune
	marks, count := 0, 0
	for _, r := range strings.Join(strings.Fields(strings.ToValidUTF8(s, replacement)), " ") {
		if unicode.In(r, unicode.Mn, unicode.Me) && r != emojiStyle {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		if count++; count > limit {
			return cutAt(b.String(), limit)
		}
		b.WriteString(shown(prev, r))
		prev = r
	}
	return b.String()
}

// plain reports whether s is printable ASCII without runs of spaces: nearly
// every name is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return !strings.Contains(s, "  ") && strings.TrimSpace(s) == s
}

func shown(prev, r rune) string {
	if hidden(r) && !emojiGlue(prev, r) {
		return fmt.Sprintf("⟨U+%04X⟩", r)
	}
	return string(r)
}

// hidden reports whether a reader would not see r.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp,
		unicode.Variation_Selector, unicode.Noncharacter_Code_Point,
		unicode.Other_Default_Ignorable_Code_Point) || r == '\u2800'
}

// emojiGlue reports whether r belongs to an emoji that prev is a part of.
func emojiGlue(prev, r rune) bool {
	if r != zeroJoiner && r != emojiStyle {
		return false
	}
	return unicode.In(prev, unicode.So, unicode.Sk) || prev == emojiStyle && r == zeroJoiner
}

func cutAt(s string, limit int) string {
	if utf8.RuneCountInString(s) < limit {
		return s + "…"
	}
	runes := []rune(s)
	return strings.TrimRight(string(runes[:max(0, limit-1)]), " ") + "…"
}

// Mixed reports whether a word of s mixes Latin letters with Greek or Cyrillic
// ones, which look alike: a sign of a name that pretends to be another.
func Mixed(s string) bool {
	for word := range strings.FieldsSeq(s) {
		var latin, alike bool
		for _, r := range word {
			latin = latin || unicode.Is(unicode.Latin, r)
			alike = alike || unicode.In(r, unicode.Greek, unicode.Cyrillic)
		}
		if latin && alike {
			return true
		}
	}
	return false
}
