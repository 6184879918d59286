package config

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const bom = "\ufeff"

// parseJSON reads JSON and notes, instead of refusing, what some clients
// tolerate and others do not: comments, trailing commas, equal keys and
// backslashes before ordinary letters. encoding/json gives no lines and stops
// at the first of these.
func parseJSON(data []byte) (document, error) {
	p := jsonParser{line: 1}
	p.src, p.doc.bom = strings.CutPrefix(string(data), bom)
	if err := p.space(); err != nil {
		return document{}, err
	}
	root, err := p.value(0)
	if err != nil {
		return document{}, err
	}
	if err := p.space(); err != nil {
		return document{}, err
	}
	if p.pos < len(p.src) {
		return document{}, p.fault("there is text after the end of the value; is a brace closed too early")
	}
	p.doc.root = root
	return p.doc, nil
}

type jsonParser struct {
	src    string
	pos    int
	line   int
	values int
	doc    document
}

func (p *jsonParser) fault(message string) error {
	return fmt.Errorf("line %d: %s", p.line, message)
}

// peek is the next byte, 0 at the end; a NUL in the text is no JSON either.
func (p *jsonParser) peek() byte {
	if p.pos == len(p.src) {
		return 0
	}
	return p.src[p.pos]
}

// space skips white space and comments.
func (p *jsonParser) space() error {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case '\n':
			p.line++
			p.pos++
		case ' ', '\t', '\r':
			p.pos++
		case '/':
			if err := p.comment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func (p *jsonParser) comment() error {
	if p.doc.comment == 0 {
		p.doc.comment = p.line
	}
	rest := p.src[p.pos:]
	var end int
	switch {
	case strings.HasPrefix(rest, "//"):
		if end = strings.IndexByte(rest, '\n'); end < 0 {
			end = len(rest)
		}
	case strings.HasPrefix(rest, "/*"):
		if end = strings.Index(rest[2:], "*/"); end < 0 {
			return p.fault("a comment is not closed")
		}
		end += 4
	default:
		return p.fault("a slash begins neither a value nor a comment")
	}
	p.line += strings.Count(rest[:end], "\n")
	p.pos += end
	return nil
}

func (p *jsonParser) value(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, p.fault("the values are nested too deeply")
	}
	if p.values++; p.values > maxValues {
		return nil, p.fault("the file holds too many values")
	}
	switch p.peek() {
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case '"':
		line := p.line
		text, err := p.text()
		return &node{kind: kindString, line: line, text: text}, err
	default:
		return p.word()
	}
}

// word reads a number, true, false or null.
func (p *jsonParser) word() (*node, error) {
	start := p.pos
	for p.pos < len(p.src) && strings.IndexByte("+-.", p.src[p.pos]) >= 0 || isAlphanumeric(p.peek()) {
		p.pos++
	}
	word := p.src[start:p.pos]
	switch word {
	case "null":
		return &node{kind: kindNull, line: p.line}, nil
	case "true", "false":
		return &node{kind: kindBool, line: p.line, text: word}, nil
	}
	if json.Valid([]byte(word)) {
		return &node{kind: kindNumber, line: p.line, text: word}, nil
	}
	p.pos = start
	return nil, p.fault("a value is expected here, " + p.hint())
}

// hint says what usually went wrong at the place where reading stopped. It
// shows nothing of the text, which may be a secret.
func (p *jsonParser) hint() string {
	rest := p.src[p.pos:]
	switch {
	case rest == "":
		return "but the file ends: a brace or bracket is not closed"
	case rest[0] == '\'':
		return "but there is a single quote: JSON takes only double quotes"
	case strings.HasPrefix(rest, "“") || strings.HasPrefix(rest, "”"):
		return "but there is a curly quote: JSON takes only straight double quotes"
	case strings.IndexByte("}],:", rest[0]) >= 0:
		return "but there is " + strconv.Quote(rest[:1])
	}
	return "but the text has no double quotes around it"
}

func (p *jsonParser) array(depth int) (*node, error) {
	n := &node{kind: kindList, line: p.line}
	err := p.elements(']', func() error {
		item, err := p.value(depth + 1)
		n.items = append(n.items, item)
		return err
	})
	return n, err
}

func (p *jsonParser) object(depth int) (*node, error) {
	n := &node{kind: kindMap, line: p.line}
	seen := map[string]bool{}
	err := p.elements('}', func() error {
		m, err := p.member(depth)
		if seen[m.key] {
			p.doc.duplicated(m.key, m.line, 0)
		}
		seen[m.key] = true
		n.members = append(n.members, m)
		return err
	})
	return n, err
}

func (p *jsonParser) member(depth int) (member, error) {
	if p.peek() != '"' {
		return member{}, p.fault("a field name is expected here, " + p.hint())
	}
	m := member{line: p.line}
	var err error
	if m.key, err = p.text(); err != nil {
		return m, err
	}
	if err = p.space(); err != nil {
		return m, err
	}
	if p.peek() != ':' {
		return m, p.fault("a colon is missing after a field name")
	}
	p.pos++
	if err = p.space(); err != nil {
		return m, err
	}
	m.value, err = p.value(depth + 1)
	return m, err
}

// elements reads what stands between an opening byte and its closing one,
// calling element at each element's first byte.
func (p *jsonParser) elements(closing byte, element func() error) error {
	p.pos++
	for comma := 0; ; {
		if err := p.space(); err != nil {
			return err
		}
		if p.peek() == closing {
			p.pos++
			if comma > 0 && p.doc.trailing == 0 {
				p.doc.trailing = comma
			}
			return nil
		}
		if err := element(); err != nil {
			return err
		}
		if err := p.space(); err != nil {
			return err
		}
		switch p.peek() {
		case ',':
			comma = p.line
			p.pos++
		case closing:
			comma = 0
		default:
			return p.fault(fmt.Sprintf("a comma or %q is expected here", closing))
		}
	}
}

// text reads a string. Its closing quote must stand on the same line.
func (p *jsonParser) text() (string, error) {
	var b strings.Builder
	for p.pos++; p.pos < len(p.src); {
		switch c := p.src[p.pos]; c {
		case '"':
			p.pos++
			return strings.ToValidUTF8(b.String(), "\ufffd"), nil
		case '\n':
			return "", p.fault("a text is not closed on its line")
		case '\\':
			p.escape(&b)
		default:
			b.WriteByte(c)
			p.pos++
		}
	}
	return "", p.fault("a text is not closed")
}

// escape reads a backslash and what it stands for. An unknown one, most often
// of a Windows path, is kept as it is and noted.
func (p *jsonParser) escape(b *strings.Builder) {
	rest := p.src[p.pos+1:]
	if rest == "" {
		p.pos++
		return
	}
	if i := strings.IndexByte(`"\/bfnrt`, rest[0]); i >= 0 {
		b.WriteByte("\"\\/\b\f\n\r\t"[i])
		p.pos += 2
		return
	}
	if r, size := unicodeEscape(rest); size > 0 {
		b.WriteRune(r)
		p.pos += 1 + size
		return
	}
	if n := len(p.doc.escapes); n < maxNotes && (n == 0 || p.doc.escapes[n-1] != p.line) {
		p.doc.escapes = append(p.doc.escapes, p.line)
	}
	b.WriteByte('\\')
	p.pos++
}

// unicodeEscape reads uXXXX, or two of them for a surrogate pair, and returns
// the bytes read after the backslash; 0 when it is none.
func unicodeEscape(s string) (r rune, size int) {
	first, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(first) && len(s) > 5 && s[5] == '\\' {
		if second, ok := hex4(s[6:]); ok {
			if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
				return pair, 11
			}
		}
	}
	return first, 5
}

func hex4(s string) (rune, bool) {
	if len(s) < 5 || s[0] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(s[1:5], 16, 16)
	return rune(v), err == nil
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
