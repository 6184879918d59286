package drift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// effect says what a change does to the set of values a schema admits.
type effect uint8

const (
	// refuses: a value that was valid may not be any more.
	refuses effect = 1 << iota
	// admits: a value is valid that may not have been.
	admits
)

// finding is a change in a schema before it is known at which tool and path.
type finding struct {
	class         uptime.DriftClass
	effect        effect
	kind          Kind
	path          string
	before, after string
	// says completes the sentence that begins with the name of the place.
	says string
}

// maxFindings bounds what is reported of one schema.
const maxFindings = 100

// worst keeps at most maxFindings, the worst ones, without repetition.
func worst(found []finding) []finding {
	if len(found) < 2 {
		return found
	}
	slices.SortStableFunc(found, func(a, b finding) int { return int(b.class) - int(a.class) })
	seen := make(map[finding]bool, len(found))
	found = slices.DeleteFunc(found, func(f finding) bool {
		again := seen[f]
		seen[f] = true
		return again
	})
	return found[:min(len(found), maxFindings)]
}

func classOf(found []finding) uptime.DriftClass {
	class := uptime.NoDrift
	for _, f := range found {
		class = max(class, f.class)
	}
	return class
}

// change makes the finding a change of a tool.
func (f finding) change(tool string, part Part) Change {
	return Change{
		Class: f.class, Kind: f.kind, Part: part, Tool: tool, Path: f.path, Before: f.before, After: f.after,
		Message: fmt.Sprintf("tool %q: %s %s", clip(tool, maxName), place(part, f.path), f.says),
	}
}

// place names what a path leads to.
func place(part Part, path string) string {
	switch {
	case path == "" && part == PartOutput:
		return "the output"
	case path == "":
		return "the input"
	case part == PartOutput:
		return "output field " + quote(path)
	}
	return "parameter " + quote(path)
}

// quote puts a path, which holds no control characters, into quotes.
func quote(path string) string {
	if strings.Contains(path, `"`) {
		return "'" + path + "'"
	}
	return `"` + path + `"`
}
