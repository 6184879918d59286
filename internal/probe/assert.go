package probe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"

	"github.com/theory/jsonpath"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of assertions and of the answers that they judge.
const (
	maxPattern    = 1 << 10 // bytes of a regular expression or a path
	maxProgram    = 2000    // instructions of a compiled regular expression
	maxMatchWork  = 1 << 25 // instructions times bytes of text: 0.2 s
	maxExpected   = 64 << 10
	maxAnswerText = 1 << 20
	maxAnswerJSON = 1 << 20
	// maxMatchedJSON bounds what a path with match() or search() looks at: their
	// expressions are compiled at every node and may be costly.
	maxMatchedJSON = 64 << 10
	maxDepth       = 64
	maxValues      = 100_000 // JSON values that a path may walk over
	maxDetail      = 200     // bytes
)

// answer is what assertions judge: the result of a tools/call, or the body of a
// health URL.
type answer struct {
	Text string // all text content, joined by newlines
	// JSON is structuredContent when present, else the text when it is JSON, else
	// the whole result; nil when it is too large or too deep.
	JSON    []byte
	IsError bool
	// More says that there is content besides the text: structured, or of another
	// type.
	More bool
	Took time.Duration
}

// toolAnswer reads the result of tools/call as much as it can be read.
func toolAnswer(result []byte, took time.Duration) answer {
	var got struct {
		Content    []json.RawMessage `json:"content"`
		Structured json.RawMessage   `json:"structuredContent"`
		IsError    json.RawMessage   `json:"isError"`
	}
	a := answer{Took: took}
	if boundedJSON(result) {
		var wrong *json.UnmarshalTypeError // leaves the other members readable
		if err := json.Unmarshal(result, &got); err != nil && !errors.As(err, &wrong) {
			return a
		}
	}
	a.IsError = string(got.IsError) == "true"
	a.Text, a.More = joinText(got.Content)
	if present(got.Structured) {
		a.More = a.More || !isEmpty(got.Structured)
	}
	a.JSON = judgedJSON(got.Structured, a.Text, result)
	return a
}

// bodyAnswer treats a plain document like the text of a tool.
func bodyAnswer(body []byte, took time.Duration) answer {
	text := string(body[:min(len(body), maxAnswerText)])
	return answer{Text: text, JSON: judgedJSON(nil, text, nil), Took: took}
}

func judgedJSON(structured json.RawMessage, text string, result []byte) []byte {
	switch {
	case present(structured):
		return structured
	case boundedJSON([]byte(text)) && json.Valid([]byte(text)):
		return []byte(text)
	case boundedJSON(result):
		return result
	}
	return nil
}

func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// joinText returns the text items and whether there were others.
func joinText(content []json.RawMessage) (text string, others bool) {
	var b strings.Builder
	for _, raw := range content {
		var item struct{ Type, Text string }
		if json.Unmarshal(raw, &item) != nil || item.Type != "text" {
			others = others || present(raw)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(item.Text[:min(len(item.Text), maxAnswerText-min(b.Len(), maxAnswerText))])
	}
	return b.String(), others
}

// boundedJSON keeps what is too large or too deep away from every parser.
func boundedJSON(b []byte) bool {
	if len(b) == 0 || len(b) > maxAnswerJSON {
		return false
	}
	depth, values := jsonShape(b)
	return depth <= maxDepth && values <= maxValues
}

// jsonShape returns how deep b is nested and about how many values it holds,
// without parsing it.
func jsonShape(b []byte) (depth, values int) {
	level, quoted := 0, false
	values = 1
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			level++
			depth = max(depth, level)
			values++
		case c == '}' || c == ']':
			level--
		case c == ',':
			values++
		}
	}
	return depth, values
}

// checkAssertions says whether all hold and, if not, in at most 200 bytes what
// the first that does not hold expected and what came. Without assertions,
// no_error is asserted.
func checkAssertions(as []uptime.Assertion, ans answer) (ok bool, detail string) {
	if len(as) == 0 {
		as = []uptime.Assertion{{Kind: uptime.AssertNoError}}
	}
	for _, a := range as {
		if detail := checkAssertion(a, ans); detail != "" {
			return false, clipText(detail, maxDetail)
		}
	}
	return true, ""
}

// checkAssertion returns what is wrong; empty when the assertion holds.
func checkAssertion(a uptime.Assertion, ans answer) string {
	switch a.Kind {
	case uptime.AssertContains:
		return checkContains(a.Value, ans)
	case uptime.AssertRegex:
		return checkRegex(a.Value, ans)
	case uptime.AssertJSONPath:
		return checkPath(a, ans)
	case uptime.AssertNotEmpty:
		return checkNotEmpty(a.Path, ans)
	case uptime.AssertNoError:
		return checkNoError(ans)
	case uptime.AssertMaxMillis:
		return checkMillis(a.Value, ans)
	}
	return fmt.Sprintf("the assertion is of the unknown kind %s", shownText(string(a.Kind)))
}

func checkContains(want string, ans answer) string {
	if strings.Contains(ans.Text, want) {
		return ""
	}
	return fmt.Sprintf("result does not contain %s, it is %s", shownText(want), shownText(ans.Text))
}

func checkRegex(pattern string, ans answer) string {
	re, cost, err := compilePattern(pattern)
	if err != nil {
		return err.Error()
	}
	text := ans.Text[:min(len(ans.Text), maxAnswerText, maxMatchWork/cost)]
	if re.MatchString(text) {
		return ""
	}
	where := ""
	if len(text) < len(ans.Text) {
		where = fmt.Sprintf(" in its first %d KiB", len(text)>>10)
	}
	return fmt.Sprintf("result does not match %s%s, it is %s", shownText(pattern), where, shownText(ans.Text))
}

func checkNoError(ans answer) string {
	if !ans.IsError {
		return ""
	}
	return fmt.Sprintf("the tool reported an error (isError), expected none: %s", shownText(ans.Text))
}

func checkMillis(value string, ans answer) string {
	limit, err := parseMillis(value)
	if err != nil {
		return err.Error()
	}
	if ans.Took <= limit {
		return ""
	}
	return fmt.Sprintf("answered in %d ms, expected at most %d ms", ans.Took.Milliseconds(), limit.Milliseconds())
}

func checkNotEmpty(path string, ans answer) string {
	if path == "" {
		if ans.More && strings.TrimSpace(ans.Text) == "" || !isEmpty([]byte(ans.Text)) {
			return ""
		}
		return fmt.Sprintf("result is empty (%s), expected it not to be", shownText(ans.Text))
	}
	nodes, err := selectNodes(path, ans.JSON)
	switch {
	case err != nil:
		return err.Error()
	case len(nodes) == 0:
		return fmt.Sprintf("result has nothing at %s, expected it not to be empty", shownPath(path))
	case len(nodes) == 1 && emptyValue(nodes[0]):
		return fmt.Sprintf("result has %s at %s, expected it not to be empty", countWords(nodes[0]), shownPath(path))
	}
	return ""
}

// isEmpty says that text is blank or is JSON for nothing.
func isEmpty(text []byte) bool {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return true
	}
	v, err := decodeJSON(text)
	return err == nil && emptyValue(v)
}

func emptyValue(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func countWords(empty any) string {
	switch empty.(type) {
	case nil:
		return "null"
	case string:
		return "an empty string"
	case []any:
		return "0 items"
	}
	return "an empty object"
}

// checkPath wants exactly one node that equals Value, which is JSON or, when it
// is no JSON, a bare string.
func checkPath(a uptime.Assertion, ans answer) string {
	nodes, err := selectNodes(a.Path, ans.JSON)
	switch {
	case err != nil:
		return err.Error()
	case len(nodes) == 0:
		return fmt.Sprintf("result has nothing at %s, expected %s", shownPath(a.Path), shownText(a.Value))
	case len(nodes) > 1:
		return fmt.Sprintf("result has %d values at %s, expected exactly one", len(nodes), shownPath(a.Path))
	}
	want, err := decodeJSON([]byte(a.Value))
	if err != nil {
		want = a.Value
	}
	if sameValue(nodes[0], want) {
		return ""
	}
	return fmt.Sprintf("result has %s at %s, expected %s", shownValue(nodes[0]), shownPath(a.Path), shownValue(want))
}

// sameValue compares JSON values; numbers by what they mean, so 1, 1.0 and 1e0
// are the same.
func sameValue(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(a, b)
	case []any:
		b, ok := b.([]any)
		return ok && sameItems(a, b)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && sameMembers(a, b)
	}
	switch b.(type) {
	case []any, map[string]any:
		return false
	}
	return a == b
}

func sameItems(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameValue(a[i], b[i]) {
			return false
		}
	}
	return true
}

func sameMembers(a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || !sameValue(v, w) {
			return false
		}
	}
	return true
}

// sameNumber is exact for 64-bit integers and has the precision of float64 else.
func sameNumber(a, b json.Number) bool {
	i, err := strconv.ParseInt(a.String(), 10, 64)
	j, err2 := strconv.ParseInt(b.String(), 10, 64)
	if err == nil && err2 == nil {
		return i == j
	}
	f, err := a.Float64()
	g, err2 := b.Float64()
	return a == b || err == nil && err2 == nil && f == g
}

// selectNodes evaluates a path (RFC 9535) within bounds.
func selectNodes(path string, doc []byte) ([]any, error) {
	p, err := compilePath(path)
	if err != nil {
		return nil, err
	}
	if len(doc) == 0 {
		return nil, fmt.Errorf("result has no JSON of at most %d KiB and %d levels to look for %s in", maxAnswerJSON>>10, maxDepth, shownPath(path))
	}
	if len(doc) > maxMatchedJSON && (strings.Contains(path, "match(") || strings.Contains(path, "search(")) {
		return nil, fmt.Errorf("result is over %d KiB, too large for match() and search() in %s", maxMatchedJSON>>10, shownPath(path))
	}
	v, err := decodeJSON(doc)
	if err != nil {
		return nil, fmt.Errorf("result is not JSON, expected to find %s in it", shownPath(path))
	}
	return evaluate(p, v)
}

// evaluate turns a panic of the foreign evaluator, which documents some, into an
// error: one odd path must not end the monitor.
func evaluate(p *jsonpath.Path, v any) (nodes []any, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the path cannot be evaluated on this result")
		}
	}()
	return p.Select(v), nil
}

func decodeJSON(b []byte) (any, error) {
	if !boundedJSON(b) {
		return nil, errors.New("too large or too deep")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	if d.More() {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

// compilePattern returns the expression and the number of its instructions: RE2
// takes time in proportion to them times the text.
func compilePattern(pattern string) (re *regexp.Regexp, cost int, err error) {
	if len(pattern) > maxPattern {
		return nil, 0, fmt.Errorf("the regular expression has %d bytes, at most %d are allowed", len(pattern), maxPattern)
	}
	if re, err = regexp.Compile(pattern); err != nil {
		return nil, 0, fmt.Errorf("the regular expression %s is not valid RE2: %w", shownText(pattern), err)
	}
	if cost, err = programSize(pattern); err != nil {
		return nil, 0, fmt.Errorf("the regular expression %s: %w", shownText(pattern), err)
	}
	if cost > maxProgram {
		return nil, 0, fmt.Errorf("the regular expression %s is too costly: use smaller repetitions", shownText(pattern))
	}
	return re, cost, nil
}

func programSize(pattern string) (int, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, fmt.Errorf("parsing: %w", err)
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0, fmt.Errorf("compiling: %w", err)
	}
	return max(len(prog.Inst), 1), nil
}

func parseMillis(value string) (time.Duration, error) {
	ms, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil || ms < 1 || ms > 600_000 {
		return 0, fmt.Errorf("max_ms wants whole milliseconds from 1 to 600000, not %s", shownText(value))
	}
	return time.Duration(ms) * time.Millisecond, nil
}

func shownText(s string) string { return strconv.Quote(clipText(strings.TrimSpace(s), 60)) }

func shownPath(path string) string { return clipText(path, 60) }

func shownValue(v any) string {
	encoded, _ := json.Marshal(v) //nolint:errchkjson // it was decoded from JSON
	return clipText(string(encoded), 60)
}
