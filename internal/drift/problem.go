package drift

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// Problem is a fault of one element of a tools list.
type Problem struct {
	// ID names the fault, in snake_case: json_invalid, tool_null,
	// tool_not_object, name_missing, name_invalid, name_duplicate,
	// description_missing, description_not_string, title_not_string,
	// annotations_not_object, input_schema_missing, input_schema_not_object,
	// input_schema_type, output_schema_not_object or output_schema_type.
	ID string
	// Index counts the elements of all pages from 0.
	Index int
	// Tool is the name of the tool, empty when the element has none.
	Tool string
	// Message says in words what is wrong with the element.
	Message string
	// Fatal means that strict clients, which check the whole answer against the
	// protocol's schema, drop the entire list for this one fault.
	Fatal bool
}

// String returns one line for a person: which element, and what is wrong.
func (p Problem) String() string {
	if p.Tool == "" {
		return fmt.Sprintf("tools[%d]: %s", p.Index, p.Message)
	}
	return fmt.Sprintf("tools[%d] (%s): %s", p.Index, clip(p.Tool, maxName), p.Message)
}

// FreeOutput is the first revision whose outputSchema may describe any JSON
// value; until then its top level had to be of type object.
const FreeOutput = "2026-07-28"

// toolName is the form that revision 2025-11-25 recommends for tool names.
var toolName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)

// problemJSON is fatal only if no client can read the element: JavaScript reads
// duplicate members and lone surrogates without complaint.
func problemJSON(raw []byte, err error) Problem {
	if inner := errors.Unwrap(err); inner != nil {
		err = inner
	}
	return Problem{ID: "json_invalid", Message: clip(err.Error(), maxText), Fatal: !json.Valid(raw)}
}

func problemElement(canonical []byte) Problem {
	if string(canonical) == "null" {
		return Problem{ID: "tool_null", Message: "the entry is null where a tool object belongs", Fatal: true}
	}
	return Problem{ID: "tool_not_object", Message: "the entry is " + kindOf(canonical) + " where a tool object belongs", Fatal: true}
}

func problemDuplicate(tool string) Problem {
	return Problem{ID: "name_duplicate", Message: fmt.Sprintf("an earlier tool is named %q too; this one is ignored", clip(tool, maxName))}
}

// inspect lists the faults of an element that is an object.
func inspect(e *entry, revision string) []Problem {
	var found []Problem
	add := func(fatal bool, id, format string, args ...any) {
		found = append(found, Problem{ID: id, Message: fmt.Sprintf(format, args...), Fatal: fatal})
	}
	switch n := e.tool.Name; {
	case n == "":
		add(true, "name_missing", "the tool has no name")
	case !toolName.MatchString(n):
		add(false, "name_invalid", "the name should be 1 to 128 of the characters A-Z a-z 0-9 _ - and .")
	}
	switch d := e.raw[description]; {
	case d == nil:
		add(false, "description_missing", "the tool has no description; a model cannot tell when to use it")
	case d[0] != '"':
		add(true, "description_not_string", "description is %s where a string belongs", kindOf(d))
	case e.tool.Description == "":
		add(false, "description_missing", "the description is empty; a model cannot tell when to use the tool")
	}
	if t := e.raw[title]; t != nil && t[0] != '"' {
		add(true, "title_not_string", "title is %s where a string belongs", kindOf(t))
	}
	if a := e.raw[annotations]; a != nil && a[0] != '{' {
		add(true, "annotations_not_object", "annotations is %s where an object belongs", kindOf(a))
	}
	inspectSchemas(e, revision, add)
	return found
}

func inspectSchemas(e *entry, revision string, add func(fatal bool, id, format string, args ...any)) {
	switch in := e.raw[inputSchema]; {
	case in == nil:
		add(true, "input_schema_missing", "the tool has no inputSchema; one without parameters says {\"type\":\"object\"}")
	case in[0] != '{':
		add(true, "input_schema_not_object", "inputSchema is %s where a JSON Schema object belongs", kindOf(in))
	case !saysObject(in):
		add(true, "input_schema_type", `inputSchema does not say "type":"object" at its top level`)
	}
	switch out := e.raw[outputSchema]; {
	case out == nil:
	case out[0] != '{':
		add(true, "output_schema_not_object", "outputSchema is %s where a JSON Schema object belongs", kindOf(out))
	case revision < FreeOutput && !saysObject(out):
		add(true, "output_schema_type", `outputSchema does not say "type":"object" at its top level, which revisions before %s demand`, FreeOutput)
	}
}

// saysObject reports whether a canonical schema has "type":"object" at its top.
func saysObject(schema []byte) bool {
	found := false
	members(schema, func(member, value []byte) {
		found = found || string(member) == `"type"` && string(value) == `"object"`
	})
	return found
}

// kindOf names the kind of a canonical value with its article.
func kindOf(v []byte) string {
	switch v[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}
