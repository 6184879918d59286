package config

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// scalar reads n into v when v holds one value of some kind, and reports
// whether it does.
func (d *decoder) scalar(n *node, v reflect.Value, tag reflect.StructTag, at place) bool {
	switch to := v.Addr().Interface().(type) {
	case *string:
		*to = d.text(n, tag, at)
	case *bool:
		*to = d.truth(n, at)
	case *int:
		*to = int(d.number(n, tag, at, true))
	case *float64:
		*to = d.number(n, tag, at, false)
	case *time.Duration:
		*to = d.duration(n, tag, at)
	case *time.Time:
		*to = d.moment(n, at)
	case *uptime.Secret:
		*to = d.secret(n, tag, at)
	case *uptime.Assertion:
		*to = d.assertion(n, at)
	case *json.RawMessage:
		*to = d.object(n, at)
	default:
		return false
	}
	return true
}

// text reads a text. Numbers are taken as they are written.
func (d *decoder) text(n *node, tag reflect.StructTag, at place) string {
	if !n.scalar() {
		d.add(at, SeverityError, "here must be a text")
		return ""
	}
	if tag.Get("ref") == "yes" && (strings.HasPrefix(n.text, "env:") || strings.HasPrefix(n.text, "file:")) {
		value := d.secret(n, tag, at).Reveal()
		d.f.refs[value] = true
		return value
	}
	words := strings.Fields(tag.Get("one"))
	switch {
	case n.text == "" && (tag.Get("need") == "yes" || tag.Get("key") == "url" || tag.Get("key") == "command"):
		d.add(at, SeverityError, "the text is empty; write one, such as %s", tag.Get("example"))
	case len(words) > 0 && !slices.Contains(words, n.text):
		hint := ""
		if near := nearest(n.text, words); near != "" {
			hint = fmt.Sprintf("; did you mean %s?", near)
		}
		d.add(at, SeverityError, "this can be %s%s", alternatives(words), hint)
	case strings.ContainsFunc(n.text, control):
		d.add(at, SeverityError, "a control character stands in the text; remove it")
	case tag.Get("path") == "yes":
		return d.path(n.text)
	}
	return n.text
}

func control(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }

// alternatives joins words as people do.
func alternatives(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func (d *decoder) truth(n *node, at place) bool {
	if !n.scalar() || n.text != "true" && n.text != "false" {
		d.add(at, SeverityError, "here must be true or false")
	}
	return n.text == "true"
}

func (d *decoder) number(n *node, tag reflect.StructTag, at place, whole bool) float64 {
	x, err := strconv.ParseFloat(n.text, 64)
	least, most, bounded := strings.Cut(tag.Get("range"), "..")
	kind := "a number"
	if whole {
		kind = "a whole number"
	}
	if bounded {
		kind += fmt.Sprintf(" from %s to %s", least, most)
	}
	low, _ := strconv.ParseFloat(least, 64)
	high, _ := strconv.ParseFloat(most, 64)
	if !n.scalar() || err != nil || math.IsNaN(x) || whole && x != math.Trunc(x) || bounded && (x < low || x > high) {
		d.add(at, SeverityError, "here must be %s", kind)
		return low
	}
	return x
}

var durationPart = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w|y)`)

// parseDuration reads a sum of numbers with units: 90s, 1h30m, 400d. A day has
// 24 hours, a year 365 days.
func parseDuration(text string) (time.Duration, bool) {
	units := map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
		"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "y": 365 * 24 * time.Hour,
	}
	if len(text) == 0 || len(text) > 64 {
		return 0, false
	}
	total := 0.0
	for text != "" {
		part := durationPart.FindStringSubmatch(text)
		if part == nil {
			return 0, false
		}
		x, err := strconv.ParseFloat(part[1], 64)
		if total += x * float64(units[part[2]]); err != nil || total > math.MaxInt64/2 {
			return 0, false
		}
		text = text[len(part[0]):]
	}
	return time.Duration(total), true
}

func (d *decoder) duration(n *node, tag reflect.StructTag, at place) time.Duration {
	length, ok := parseDuration(n.text)
	least, most, bounded := strings.Cut(tag.Get("range"), "..")
	low, _ := parseDuration(least)
	high, _ := parseDuration(most)
	switch {
	case !n.scalar() || !ok:
		hint := "60s, 5m or 1h30m"
		if _, err := strconv.ParseUint(n.text, 10, 32); err == nil && n.kind == kindNumber {
			hint = n.text + "s"
		}
		d.add(at, SeverityError, "here must be a duration with a unit, such as %s", hint)
	case bounded && (length < low || length > high):
		d.add(at, SeverityError, "here must be a duration from %s to %s", least, most)
	default:
		return length
	}
	return low
}

func (d *decoder) moment(n *node, at place) time.Time {
	t, err := time.Parse(time.RFC3339, n.text)
	if err != nil || !n.scalar() || t.Year() < 1970 {
		d.add(at, SeverityError, "here must be a time as in RFC 3339, such as 2026-10-01T22:00:00Z or 2026-10-01T22:00:00+02:00")
		return time.Time{}
	}
	return t.UTC()
}

// assertion reads KIND:VALUE, or the same as a mapping of one key, which YAML
// makes of it when the quotes are forgotten.
func (d *decoder) assertion(n *node, at place) uptime.Assertion {
	text := n.text
	if n.is(kindMap) && len(n.members) == 1 && n.members[0].value.scalar() {
		text = n.members[0].key + ":" + n.members[0].value.text
	} else if !n.scalar() {
		d.add(at, SeverityError, "here must be an assertion, such as contains:TEXT or no_error")
		return uptime.Assertion{}
	}
	if d.o.Assertion == nil {
		return d.plainAssertion(text, at)
	}
	a, err := d.o.Assertion(text)
	if err != nil {
		d.add(at, SeverityError, "%v", err)
	}
	return a
}

func (d *decoder) plainAssertion(text string, at place) uptime.Assertion {
	kinds := []string{"contains", "regex", "json", "json_path", "not_empty", "no_error", "max_ms"}
	kind, value, _ := strings.Cut(text, ":")
	if !slices.Contains(kinds, kind) {
		d.add(at, SeverityError, "an assertion begins with %s", alternatives(kinds))
	}
	return uptime.Assertion{Kind: uptime.AssertionKind(kind), Value: value}
}

// object reads a mapping as a JSON object.
func (d *decoder) object(n *node, at place) json.RawMessage {
	if !n.is(kindMap) {
		d.add(at, SeverityError, "here must be names with values, such as {q: cheese}")
		return nil
	}
	data, err := json.Marshal(d.plain(n, at, 0))
	if err != nil {
		d.add(at, SeverityError, "a value in here cannot be written as JSON")
	}
	return data
}

// plain makes of n what encoding/json understands. Aliases can nest deeper than
// what is written does, and repeat it.
func (d *decoder) plain(n *node, at place, depth int) any {
	if d.values += 1 + len(n.text)/8; d.values > maxFileValues || depth > maxDepth {
		d.add(at, SeverityError, "the values are nested too deeply, or repeat too much")
		return nil
	}
	switch n.kind {
	case kindMap:
		object := make(map[string]any, len(n.members))
		for _, m := range n.members {
			object[m.key] = d.plain(m.value, at, depth+1)
		}
		return object
	case kindList:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = d.plain(item, at, depth+1)
		}
		return list
	case kindBool:
		return n.text == "true"
	case kindNumber:
		return d.plainNumber(n, at)
	case kindString:
		return n.text
	case kindNull:
	}
	return nil
}

func (d *decoder) plainNumber(n *node, at place) any {
	if json.Valid([]byte(n.text)) {
		return json.Number(n.text)
	}
	if i, err := strconv.ParseInt(strings.ReplaceAll(n.text, "_", ""), 0, 64); err == nil {
		return i
	}
	d.add(at, SeverityError, "a number in here is none in JSON; put it into quotes")
	return nil
}
