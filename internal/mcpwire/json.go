package mcpwire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math/bits"
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

// checkMembers is CheckJSON and EachMember in one walk: it holds b against the
// grammar while it visits the members of the object that b is. Visit is not told
// of members behind an error, and cannot end the walk.
func checkMembers(b []byte, visit func(key string, value []byte)) (object bool, err error) {
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '{' {
		return false, CheckJSON(b)
	}
	if !utf8.Valid(b) {
		return true, errUTF8
	}
	if i = skipSpace(b, i+1); i < len(b) && b[i] == '}' {
		return true, onlySpace(b, i+1)
	}
	for {
		start := i
		if i, err = skipName(b, i); err != nil {
			return true, err
		}
		nameEnd, _ := skipString(b, start)
		value := i
		if i, err = skipNested(b, i); err != nil {
			return true, err
		}
		visit(decodeKey(b[start:nameEnd]), b[value:i])
		switch i = skipSpace(b, i); {
		case i < len(b) && b[i] == ',':
			i = skipSpace(b, i+1)
		case i < len(b) && b[i] == '}':
			return true, onlySpace(b, i+1)
		default:
			return true, errSyntax
		}
	}
}

// onlySpace reports an error when anything but space follows.
func onlySpace(b []byte, i int) error {
	if skipSpace(b, i) != len(b) {
		return errSyntax
	}
	return nil
}

// skipNested skips a value that is inside one container.
func skipNested(b []byte, i int) (int, error) {
	if i >= len(b) {
		return i, errSyntax
	}
	return skipValueWithin(b, i, maxDepth-1)
}

// EachMember calls visit for each member of the object b, which CheckJSON must
// have accepted. Keys are given decoded, values raw. It reports whether b is an
// object; visit returning false ends the walk.
func EachMember(b []byte, visit func(key string, value []byte) bool) bool {
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

// Member returns the value of a member of the object b, raw, or nil. B must have
// passed CheckJSON.
func Member(b []byte, name string) (value []byte) {
	EachMember(b, func(key string, v []byte) bool {
		if key == name {
			value = v
		}
		return value == nil
	})
	return value
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
func skipValue(b []byte, i int) (int, error) { return skipValueWithin(b, i, maxDepth) }

// skipValueWithin is skipValue with a bound on the depth, at most maxDepth.
func skipValueWithin(b []byte, i, bound int) (int, error) {
	var open [maxDepth]bool // true: an object, false: an array
	depth := 0
	for {
		if i >= len(b) {
			return i, errSyntax
		}
		var err error
		switch c := b[i]; c {
		case '{', '[':
			if depth == bound {
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
		i = skipPlain(b, i)
		if i == len(b) {
			break
		}
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

// skipPlain skips bytes that mean nothing special in a string, eight at a time.
// Each test sets the top bit of the bytes it is about; borrows can only reach
// bytes behind the first that is set, which is the only one looked at.
func skipPlain(b []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; len(b)-i >= 8; i += 8 {
		v := binary.LittleEndian.Uint64(b[i:])
		quote, escape := v^(ones*'"'), v^(ones*'\\')
		special := (quote-ones)&^quote | (escape-ones)&^escape | (v-ones*0x20)&^v
		if special &= tops; special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	return i
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
