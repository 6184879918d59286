package web

import "strings"

// Markdown makes any text fit for a line of markdown: it is shown as it is, it
// ends no cell, and it forms no link, image, markup or HTML (CommonMark 0.31,
// section 2.4, and GitHub's autolinks). It is not for the beginning of a line,
// where list marks would count. What is longer than limit characters is cut.
func Markdown(s string, limit int) string {
	s = Visible(s, limit)
	var out strings.Builder
	for i := range len(s) {
		if special(s, i) {
			out.WriteByte('\\')
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// special reports whether the character at i could begin, separate or end
// markup. A colon and a full stop count only where they would make an address.
func special(s string, i int) bool {
	switch c := s[i]; c {
	case ':':
		return strings.HasPrefix(s[i:], "://") || strings.HasSuffix(strings.ToLower(s[:i]), "mailto") ||
			strings.HasSuffix(strings.ToLower(s[:i]), "xmpp")
	case '.':
		return i >= 3 && strings.EqualFold(s[i-3:i], "www")
	default:
		return strings.IndexByte("\\`*_{}[]<>()#!|~&@$", c) >= 0
	}
}
