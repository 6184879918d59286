package mcpwire

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// maxDepth bounds the nesting of JSON that a peer may send. Real schemas stay
// below 40.
const maxDepth = 512

var (
	errSyntax = errors.New("not valid JSON")
	errDepth  = errors.New("nested deeper than 512 levels")
	errUTF8   = errors.New("not valid UTF-8")
)

// CheckJSON reports why b is not exactly one JSON value (RFC 8259) in valid
// UTF-8 within the depth bound, or nil. It neither recurses nor allocates.
func CheckJSON(b []byte) error {
	if !utf8.Valid(b) {
		return errUTF8
	}
	end, err := skipValue(b, skipSpace(b, 0))
	if err == nil && skipSpace(b, end) != len(b) {
		err = errSyntax
	}
	return err
}

// eachMember calls visit for each member of the object b, which CheckJSON must
// have accepted. Keys are given decoded, values raw. It reports whether b is an
// object; visit returning false ends the walk.
func eachMember(b []byte, visit func(key string, value []byte) bool) bool {
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '{' {
		return false
	}
	for i++; ; i++ {
		i = skipSpace(b, i)
		if b[i] == '}' {
			return true
		}
		end, _ := skipString(b, i)
		key := decodeKey(b[i:end])
		i = skipSpace(b, skipSpace(b, end)+1)
		end, _ = skipValue(b, i)
		if !visit(key, b[i:end]) {
			return true
		}
		if i = skipSpace(b, end); b[i] == '}' {
			return true
		}
	}
}

// EachElement calls visit for each element of the array b, raw. B must have
// passed CheckJSON. It reports whether b is an array.
func EachElement(b []byte, visit func(value []byte) bool) bool {
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '[' {
		return false
	}
	for i++; ; i++ {
		i = skipSpace(b, i)
		if b[i] == ']' {
			return true
		}
		end, _ := skipValue(b, i)
		if !visit(b[i:end]) {
			return true
		}
		if i = skipSpace(b, end); b[i] == ']' {
			return true
		}
	}
}

func decodeKey(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // quoted passed skipString
	return s
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// skipValue returns the index behind the value that starts at i.
func skipValue(b []byte, i int) (int, error) {
	var open [maxDepth]bool // true: an object, false: an array
	depth := 0
	for {
		if i >= len(b) {
			return i, errSyntax
		}
		var err error
		switch c := b[i]; c {
		case '{', '[':
			if depth == maxDepth {
				return i, errDepth
			}
			open[depth] = c == '{'
			depth++
			if i = skipSpace(b, i+1); i < len(b) && b[i] == c+2 { // the closing bracket
				depth--
				i++
				break
			}
			if c == '{' {
				if i, err = skipName(b, i); err != nil {
					return i, err
				}
			}
			continue
		default:
			if i, err = skipScalar(b, i); err != nil {
				return i, err
			}
		}
		if i, depth, err = leave(b, i, depth, &open); depth == 0 || err != nil {
			return i, err
		}
	}
}

// leave closes the containers that end behind a value and goes on to the next
// value. Depth 0 means that the outermost value is complete.
func leave(b []byte, i, depth int, open *[maxDepth]bool) (next, left int, err error) {
	for depth > 0 {
		i = skipSpace(b, i)
		if i >= len(b) {
			return i, depth, errSyntax
		}
		object := open[depth-1]
		switch {
		case b[i] == ',' && object:
			i, err = skipName(b, skipSpace(b, i+1))
			return i, depth, err
		case b[i] == ',':
			return skipSpace(b, i+1), depth, nil
		case b[i] == '}' && object, b[i] == ']' && !object:
			depth--
			i++
		default:
			return i, depth, errSyntax
		}
	}
	return i, 0, nil
}

// skipName skips a member's name and colon.
func skipName(b []byte, i int) (int, error) {
	if i >= len(b) || b[i] != '"' {
		return i, errSyntax
	}
	i, err := skipString(b, i)
	if err != nil {
		return i, err
	}
	if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
		return i, errSyntax
	}
	return skipSpace(b, i+1), nil
}

func skipScalar(b []byte, i int) (int, error) {
	switch c := b[i]; {
	case c == '"':
		return skipString(b, i)
	case c == '-' || c >= '0' && c <= '9':
		return skipNumber(b, i)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
			return i + len(word), nil
		}
	}
	return i, errSyntax
}

func skipString(b []byte, i int) (int, error) {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c < 0x20:
			return i, errSyntax
		case c == '\\':
			n := escapeLen(b[i:])
			if n == 0 {
				return i, errSyntax
			}
			i += n - 1
		}
	}
	return i, errSyntax
}

// escapeLen returns the length of the escape sequence at the start of b, 0 when
// it is none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) < 6 {
			return 0
		}
		for _, c := range b[2:6] {
			if !isHex(c) {
				return 0
			}
		}
		return 6
	}
	return 0
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func skipNumber(b []byte, i int) (int, error) {
	if b[i] == '-' {
		i++
	}
	start := i
	i = skipDigits(b, i)
	if i == start || b[start] == '0' && i > start+1 {
		return i, errSyntax
	}
	if i < len(b) && b[i] == '.' {
		fraction := i + 1
		if i = skipDigits(b, fraction); i == fraction {
			return i, errSyntax
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		exponent := i
		if i = skipDigits(b, i); i == exponent {
			return i, errSyntax
		}
	}
	return i, nil
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}
