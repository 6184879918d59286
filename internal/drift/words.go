package drift

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds, in bytes, of what a hostile server can put into a message.
const (
	maxName = 128
	maxText = 240
)

// clip shortens s to at most n bytes and an ellipsis, and replaces what could
// confuse a terminal: control and bidirectional format characters.
func clip(s string, n int) string {
	cut := s
	if len(cut) > n {
		cut = cut[:n]
		for len(cut) > 0 && !utf8.RuneStart(s[len(cut)]) {
			cut = cut[:len(cut)-1]
		}
	}
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '\uFFFD'
		}
		return r
	}, cut)
	if len(cut) < len(s) {
		return clean + "…"
	}
	return clean
}
