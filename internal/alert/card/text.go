package card

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// ellipsis ends what was cut: one UTF-16 code unit, three bytes.
const ellipsis = "…"

// Cut shortens s to at most limit UTF-16 code units.
func Cut(s string, limit int) string {
	return cut(s, limit, 1, func(r rune) int { return max(utf16.RuneLen(r), 1) })
}

// CutBytes shortens s to at most limit bytes, at the end of a character.
func CutBytes(s string, limit int) string {
	return cut(s, limit, len(ellipsis), utf8.RuneLen)
}

// CutRunes shortens s to at most limit characters, the last of which is then an
// ellipsis.
func CutRunes(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + ellipsis
}

// Line makes one line of a text that others wrote, for services that show texts
// as they are: valid UTF-8 without anything invisible.
func Line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// Text is Line for a text that may have several lines.
func Text(s string) string { return strings.TrimSpace(clean(s)) }

// Key returns the key by which a service knows a thread: the notice's own, or a
// hash of it when it has more than limit characters. It stays the same over the
// whole thread.
func Key(d *uptime.Delivery, limit int) string {
	key := cmp.Or(string(d.Notice.Key), string(d.Thread), string(d.ID))
	if utf8.RuneCountInString(key) <= limit {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// cut keeps what fits together with an ellipsis of its size; a text that fits
// without one stays whole.
func cut(s string, limit, end int, size func(rune) int) string {
	kept, used := 0, 0
	for i, r := range s {
		if used <= limit-end {
			kept = i
		}
		if used += size(r); used > limit {
			return s[:kept] + ellipsis
		}
	}
	return s
}

// maxRead is how many bytes of a text are looked at; more than any bound admits.
const maxRead = 16 << 10

// clean takes out what is invisible and can make a text look like another:
// control characters other than the end of a line, marks that turn the direction
// of writing, spaces without width, fillers and tags. Joiners stay: scripts and
// pictures are made with them.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\u200c', r == '\u200d':
			return r
		case r == '\t', r == '\u0085', r == '\u2028', r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), filler(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), maxRead)], "\uFFFD"))
}

// filler knows the letters of Hangul that have no shape.
func filler(r rune) bool { return r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' }

// Links returns those of a notice that can be followed, what is most useful
// first. What is over needs no act, and what was taken on needs nobody else.
func Links(n *uptime.Notice) []Link {
	over := n.Phase == uptime.NoticeCloses
	var all []Link
	add := func(label, raw string, acts bool) {
		if to := URL(raw); to != "" {
			all = append(all, Link{label, to, acts})
		}
	}
	add("Status page", n.StatusPage, false)
	if !over {
		add("Runbook", n.RunbookURL, false)
	}
	if !over && n.AckedBy == "" {
		add("Acknowledge", n.AckURL, true)
	}
	if !over {
		add("Silence", n.SilenceURL, true)
	}
	return all
}

// URL returns an address of the web as it can be written into any markup, and
// nothing for what a service would refuse together with the whole message, for
// what is too long, since half of it would lead nowhere, and for what could end a
// link early.
func URL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	s := strings.NewReplacer("(", "%28", ")", "%29", "'", "%27", "*", "%2A").Replace(u.String())
	bad := strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>|\"`\\^{}[]", r) })
	if bad || len(s) > maxLink {
		return ""
	}
	return s
}
