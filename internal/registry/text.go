package registry

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Plain makes one line of a stranger's text: valid UTF-8 without control
// characters and without what changes the direction of writing, at most limit
// bytes, cut between two characters.
func Plain(s string, limit int) string {
	if len(s) > 4*limit {
		s = s[:4*limit] // no more than can be left of it
	}
	var b strings.Builder
	space := false
	for _, c := range strings.ToValidUTF8(s, "") {
		if unicode.IsSpace(c) || unicode.IsControl(c) {
			space = b.Len() > 0
			continue
		}
		if unicode.Is(unicode.Cf, c) || c == utf8.RuneError {
			continue
		}
		need := utf8.RuneLen(c)
		if space {
			need++
		}
		if b.Len()+need > limit {
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(c)
	}
	return b.String()
}

// clean bounds and cleans every text of a listing but its address.
func clean(l *uptime.Listing) {
	l.Key, l.Name = Plain(l.Key, 300), Plain(l.Name, 200)
	if l.Name == "" {
		l.Name = Plain(l.Key, 200)
	}
	l.Title, l.Version, l.Description = Plain(l.Title, 200), Plain(l.Version, 100), Plain(l.Description, 500)
	l.Transport, l.Note = Plain(l.Transport, 40), Plain(l.Note, 300)
	l.Page, l.Code = webAddress(l.Page), webAddress(l.Code)
	if l.Status == "" {
		l.Status = uptime.ListingActive
	}
	l.Variables = short(l.Variables)
	l.Headers = slices.Clone(l.Headers[:min(len(l.Headers), maxHeaders)]) // listings of one record share them
	for i := range l.Headers {
		l.Headers[i].Name = Plain(l.Headers[i].Name, 100)
	}
}

// maxHeaders is how many headers, and how many variables, of a listing are kept.
const maxHeaders = 30

// short keeps the variables that a client could fill in.
func short(named map[string]string) map[string]string {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if value := named[name]; len(out) < maxHeaders && len(name) <= 100 && Plain(name, 100) == name && len(value) <= 200 && Plain(value, 200) == value {
			out[name] = value
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// webAddress returns an address that a page may link to; empty for any other.
func webAddress(s string) string {
	if len(s) > 500 || !strings.HasPrefix(s, "https://") || Plain(s, 500) != s || strings.ContainsAny(s, " \"<>\\`{}") {
		return ""
	}
	if u, err := url.Parse(s); err != nil || u.User != nil || u.Host == "" {
		return ""
	}
	return s
}
