package uptime

import (
	"slices"
	"strconv"
	"strings"
)

// answer is what some listings say of one thing. Answers that are the same have
// the same as.
type answer struct {
	value, as string
	by        []SourceID
}

// said is what listings say of one thing: each answer once.
type said []answer

// The bounds of a quotation, in answers and in bytes of one.
const (
	maxSaid      = 5
	maxSaidBytes = 120
)

// saying gathers what listings say; those that say nothing are left out.
func saying(listings []*Listing, value func(*Listing) string) said {
	return sayingAs(listings, value, func(s string) string { return s })
}

// sayingAs takes those for one answer that are the same as something.
func sayingAs(listings []*Listing, value func(*Listing) string, as func(string) string) (out said) {
	for _, l := range listings {
		v := value(l)
		if v == "" {
			continue
		}
		key := as(v)
		i := slices.IndexFunc(out, func(a answer) bool { return a.as == key })
		if i < 0 {
			i = len(out)
			out = append(out, answer{value: v, as: key})
		}
		if !slices.Contains(out[i].by, l.Source) {
			out[i].by = append(out[i].by, l.Source)
		}
	}
	return out
}

func (s said) none() bool { return len(s) == 0 }

// String quotes all: "1.4.0 (Official MCP Registry), 1.1.0 (Glama)".
func (s said) String() string {
	var b strings.Builder
	for i, one := range s[:min(len(s), maxSaid)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(one.value))
		for n, id := range one.by {
			b.WriteString([]string{" (", ", "}[min(n, 1)] + id.Title())
		}
		b.WriteByte(')')
	}
	if more := len(s) - maxSaid; more > 0 {
		b.WriteString(" and " + strconv.Itoa(more) + " more")
	}
	return b.String()
}

// quote cuts what a stranger says, and takes its brackets: in brackets we say who said
// something, and nobody else does.
func quote(s string) string {
	return cutText(strings.Map(func(c rune) rune {
		switch c {
		case '(', '\uff08':
			return '['
		case ')', '\uff09':
			return ']'
		}
		return c
	}, s), maxSaidBytes)
}

// cutText cuts a text between two characters.
func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// other returns a value that is not the same as another one.
func other(value, than string) string {
	if value == than {
		return ""
	}
	return value
}

// BareVersion returns a version as versions are compared: small, without the v
// that some put before it.
func BareVersion(v string) string {
	return strings.TrimPrefix(strings.ToLower(strings.TrimSpace(v)), "v")
}

// ListedTransport returns what a registry's word for a transport means; empty for a
// word that means none.
func ListedTransport(word string) Transport {
	if len(word) > 40 {
		return ""
	}
	switch strings.Map(letterOrDigit, strings.ToLower(word)) {
	case "streamablehttp", "http", "streamable", "httpstream", "httpstreamable":
		return StreamableHTTP
	case "sse", "httpsse":
		return HTTPSSE
	}
	return ""
}

func letterOrDigit(c rune) rune {
	if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
		return c
	}
	return -1
}

// transportName is a transport for people; empty for one that is not of the web.
func transportName(t Transport) string {
	switch t {
	case StreamableHTTP:
		return "Streamable HTTP"
	case HTTPSSE:
		return "HTTP+SSE"
	case Stdio:
	}
	return ""
}
