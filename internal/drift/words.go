package drift

import (
	"strconv"
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

// list writes canonical values for a person.
func list(values []string) string {
	const most = 12
	if len(values) > most {
		return clip(strings.Join(values[:most], ", "), maxText) + ", …"
	}
	return clip(strings.Join(values, ", "), maxText)
}

// join puts a name in front of a path, and bounds what grows.
func join(name, rest string) string {
	const longest = 300
	if len(rest) > longest {
		rest = "…"
	}
	if rest == "" || name == "" || rest[0] == '[' {
		return name + rest
	}
	return name + "." + rest
}

// segment writes the name of a parameter or field as a part of a path.
func segment(name string) string {
	if name == "" || strings.ContainsAny(name, ".[]* \"") || clip(name, maxName) != name {
		return "[" + strconv.Quote(clip(name, maxName)) + "]"
	}
	return name
}
