package drift

import (
	"math"
	"strconv"
	"strings"
)

// kinds is a set of the kinds of JSON values. A number is an integer or a
// fraction, which makes "integer" a true subset of "number".
type kinds uint8

const (
	kindNull kinds = 1 << iota
	kindBoolean
	kindInteger
	kindFraction
	kindString
	kindArray
	kindObject

	kindNumber = kindInteger | kindFraction
	kindAny    = kindNull | kindBoolean | kindNumber | kindString | kindArray | kindObject
)

// kindNamed returns the kinds that a word of the keyword "type" admits.
func kindNamed(word string) kinds {
	switch word {
	case "null":
		return kindNull
	case "boolean":
		return kindBoolean
	case "integer":
		return kindInteger
	case "number":
		return kindNumber
	case "string":
		return kindString
	case "array":
		return kindArray
	case "object":
		return kindObject
	}
	return 0
}

// String lists the kinds as a person writes them: "string | null".
func (k kinds) String() string {
	switch k {
	case 0:
		return "nothing"
	case kindAny:
		return "anything"
	default:
	}
	var words []string
	for _, word := range []string{"string", "number", "integer", "boolean", "array", "object", "null"} {
		bits := kindNamed(word)
		if k&bits == bits && (word != "integer" || k&kindFraction == 0) {
			words = append(words, word)
		}
	}
	if k&kindNumber == kindFraction {
		words = append(words, "fraction")
	}
	return strings.Join(words, " | ")
}

// parts splits a set into the kinds that keywords tell apart.
func (k kinds) parts() []kinds {
	var out []kinds
	for _, p := range []kinds{kindString, kindInteger, kindFraction, kindBoolean, kindArray, kindObject, kindNull} {
		if k&p != 0 {
			out = append(out, k&p)
		}
	}
	return out
}

// kindOfValue returns the kind of one canonical value.
func kindOfValue(v string) kinds {
	switch v[0] {
	case '{':
		return kindObject
	case '[':
		return kindArray
	case '"':
		return kindString
	case 't', 'f':
		return kindBoolean
	case 'n':
		return kindNull
	}
	if f, err := strconv.ParseFloat(v, 64); err == nil && f == math.Trunc(f) {
		return kindInteger
	}
	return kindFraction
}

// subject returns the kinds of values that a keyword speaks about; it says
// nothing of the others. A keyword that is not known speaks about all.
func subject(keyword string) kinds {
	switch keyword {
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		return kindNumber
	case "minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType", "contentSchema":
		return kindString
	case "format":
		return kindString | kindNumber // int32 and double are formats in the wild
	case "items", "prefixItems", "additionalItems", "unevaluatedItems", "contains", "minContains",
		"maxContains", "minItems", "maxItems", "uniqueItems":
		return kindArray
	case "additionalProperties", "patternProperties", "propertyNames", "minProperties", "maxProperties",
		"dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties":
		return kindObject
	}
	return kindAny
}

// annotation reports whether a keyword only speaks to people and programs that
// want to know more: it never makes a value valid or invalid.
func annotation(keyword string) bool {
	switch keyword {
	case "title", "description", "$comment", "examples", "example", "deprecated", "readOnly", "writeOnly",
		"markdownDescription", "enumDescriptions", "enumNames", "externalDocs", "$schema", "default":
		return true
	}
	return strings.HasPrefix(keyword, "x-")
}

// structural reports whether a keyword only gives parts of a schema a name or a
// place. References are followed, so where their target lies means nothing.
func structural(keyword string) bool {
	switch keyword {
	case "$defs", "definitions", "$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary":
		return true
	}
	return false
}

// idle reports whether a keyword with this value admits everything.
func idle(keyword string, n *node) bool {
	switch keyword {
	case "minLength", "minItems", "minProperties":
		f, ok := n.number()
		return ok && f <= 0
	case "uniqueItems":
		return n.says("false")
	case "pattern":
		return n.says(`""`) || n.says(`".*"`) || n.says(`"^.*$"`)
	case "items", "additionalItems", "unevaluatedItems", "additionalProperties", "unevaluatedProperties",
		"propertyNames", "then", "else", "contentSchema":
		return n.says("true") || n.says("{}")
	case "prefixItems":
		return n.says("[]")
	case "patternProperties", "dependentRequired", "dependentSchemas", "dependencies":
		return n.says("{}")
	case "not":
		return n.says("false")
	}
	return false
}
