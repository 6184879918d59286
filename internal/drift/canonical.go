package drift

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep objects and arrays may nest. Sorting members costs up to
// one copy of the text a level, so the bound is also one on work; real schemas
// stay below 40.
const MaxDepth = 256

// ErrTooDeep is wrapped by the error of a document that nests deeper than
// [MaxDepth].
var ErrTooDeep = errors.New("nested too deep")

// ErrNumberRange is wrapped by the error of a document with a number that no
// IEEE 754 double can hold, which RFC 8785 §3.2.2.3 excludes.
var ErrNumberRange = errors.New("number out of the range of a double")

// Canonical returns the RFC 8785 form of one JSON value: members sorted by
// UTF-16 code units, numbers as ECMAScript writes them, no white space. The
// result is fresh; src is not touched. Duplicate member names, lone surrogates,
// invalid UTF-8, numbers beyond a double, nesting beyond [MaxDepth] and
// anything after the value are errors.
func Canonical(src []byte) ([]byte, error) {
	if tooDeep(src) {
		return nil, fmt.Errorf("canonicalising JSON: %w: more than %d levels", ErrTooDeep, MaxDepth)
	}
	v := jsontext.Value(bytes.Clone(src))
	if err := v.Canonicalize(); err != nil {
		return nil, fmt.Errorf("canonicalising JSON: %w", err)
	}
	if err := checkRange(src, v); err != nil {
		return nil, fmt.Errorf("canonicalising JSON: %w", err)
	}
	return v, nil
}

// tooDeep counts brackets outside strings. It needs no valid JSON: on garbage
// it may answer either way, and the parser then finds what is wrong.
func tooDeep(src []byte) bool {
	depth := 0
	for i := 0; i < len(src); i++ {
		switch src[i] {
		case '"':
			i = stringEnd(src, i) - 1
		case '{', '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}

// stringEnd returns the index after the string that starts at i, or len(src).
func stringEnd(src []byte, i int) int {
	for i++; i < len(src); i++ {
		n := bytes.IndexByte(src[i:], '"')
		if n < 0 {
			return len(src)
		}
		i += n
		slashes := 0
		for src[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
	return len(src)
}

// checkRange makes up for jsontext, which turns 1e400 into the greatest double
// without a word. Only a document whose canonical form shows that double can
// hold such a number, so the slow look at every token is for those alone.
func checkRange(src, canonical []byte) error {
	if !bytes.Contains(canonical, []byte("1.7976931348623157e+308")) {
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewReader(src))
	for dec.PeekKind() != jsontext.KindInvalid {
		tok, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if tok.Kind() != jsontext.KindNumber {
			continue
		}
		if f, err := strconv.ParseFloat(tok.String(), 64); err != nil || math.IsInf(f, 0) {
			return fmt.Errorf("%w at %q", ErrNumberRange, dec.StackPointer())
		}
	}
	return nil
}
