package probe

import (
	"errors"
	"fmt"
	"strings"

	"github.com/theory/jsonpath"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Limits of a path beyond RFC 9535. They keep its cost in proportion to the
// document: each .. and each comma multiplies the nodes that are visited, and a
// look back at the root from a filter squares them.
const (
	maxPathCommas  = 4
	maxPathFilters = 4
)

// ParseAssertion reads the short form of the command line and of configuration:
// contains:TEXT, regex:RE2, json:PATH=VALUE, not_empty, not_empty:PATH, no_error
// and max_ms:N. The error says what is wrong and how to write it.
func ParseAssertion(s string) (uptime.Assertion, error) {
	kind, rest, found := strings.Cut(s, ":")
	a := uptime.Assertion{Kind: uptime.AssertionKind(kind), Value: rest}
	switch a.Kind {
	case "json", uptime.AssertJSONPath:
		a.Kind = uptime.AssertJSONPath
		a.Path, a.Value, found = cutPath(rest)
		if !found {
			return uptime.Assertion{}, fmt.Errorf("assertion %s: write json:PATH=VALUE, such as json:$.status=\"ok\"", shownText(s))
		}
	case uptime.AssertNotEmpty:
		a.Path, a.Value = rest, ""
		if found && rest == "" {
			return uptime.Assertion{}, fmt.Errorf("assertion %s: write a path after the colon, or leave the colon out", shownText(s))
		}
	case uptime.AssertNoError:
		if found {
			return uptime.Assertion{}, errors.New("assertion no_error takes no value")
		}
	default:
	}
	if err := ValidateAssertion(a); err != nil {
		return uptime.Assertion{}, fmt.Errorf("assertion %s: %w", shownText(s), err)
	}
	return a, nil
}

// cutPath cuts at the first = that is not inside brackets, where filters compare.
func cutPath(s string) (path, value string, found bool) {
	depth := 0
	for at, c := range outsideQuotes(s) {
		switch c {
		case '[', '(':
			depth++
		case ']', ')':
			depth--
		case '=':
			if depth == 0 {
				return s[:at], s[at+1:], true
			}
		}
	}
	return s, "", false
}

// outsideQuotes yields the bytes of a path that are not within a string literal
// (RFC 9535 section 2.3.1).
func outsideQuotes(s string) func(yield func(int, byte) bool) {
	return func(yield func(int, byte) bool) {
		var quote byte
		for i := 0; i < len(s); i++ {
			switch c := s[i]; {
			case quote != 0 && c == '\\':
				i++
			case c == quote:
				quote = 0
			case quote != 0:
			case c == '\'' || c == '"':
				quote = c
			case !yield(i, c):
				return
			}
		}
	}
}

// ValidateAssertion reports at configuration time what could only fail later: a
// kind that does not exist, a bad regular expression or path, a bad number.
func ValidateAssertion(a uptime.Assertion) error {
	if len(a.Value) > maxExpected {
		return fmt.Errorf("the value has %d bytes, at most %d are allowed", len(a.Value), maxExpected)
	}
	switch a.Kind {
	case uptime.AssertContains:
		if a.Value == "" {
			return errors.New("contains wants a text to look for")
		}
		return nil
	case uptime.AssertRegex:
		_, _, err := compilePattern(a.Value)
		return err
	case uptime.AssertJSONPath:
		_, err := compilePath(a.Path)
		return err
	case uptime.AssertNotEmpty:
		return validOptionalPath(a.Path)
	case uptime.AssertNoError:
		return nil
	case uptime.AssertMaxMillis:
		_, err := parseMillis(a.Value)
		return err
	}
	return fmt.Errorf("unknown assertion %s: want contains, regex, json_path (short: json), not_empty, no_error or max_ms", shownText(string(a.Kind)))
}

func validOptionalPath(path string) error {
	if path == "" {
		return nil
	}
	_, err := compilePath(path)
	return err
}

func compilePath(path string) (*jsonpath.Path, error) {
	if len(path) > maxPattern {
		return nil, fmt.Errorf("the path has %d bytes, at most %d are allowed", len(path), maxPattern)
	}
	if err := affordable(path); err != nil {
		return nil, err
	}
	p, err := jsonpath.Parse(path)
	if err != nil {
		return nil, fmt.Errorf("the path %s is not a JSONPath (RFC 9535), such as $.items[0].name: %w", shownText(path), err)
	}
	return p, nil
}

// affordable refuses paths whose cost can explode.
func affordable(path string) error {
	var dots, commas, filters int
	last := byte(0)
	for at, c := range outsideQuotes(path) {
		switch {
		case c == '.' && last == '.':
			dots++
		case c == ',':
			commas++
		case c == '?':
			filters++
		case c == '$' && at > 0:
			return errors.New("the path looks back at $ inside a filter, which is not supported")
		}
		last = c
	}
	if dots > 1 || commas > maxPathCommas || filters > maxPathFilters {
		return fmt.Errorf("the path is too costly: at most one .., %d commas and %d filters are allowed", maxPathCommas, maxPathFilters)
	}
	return nil
}
