package drift

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Kind says what sort of change a [Change] is. Values are the words used in
// JSON.
type Kind string

// The kinds of changes. An output schema uses the names that speak of output,
// and those that speak of types, enums and constraints.
const (
	ToolRemoved Kind = "tool_removed"
	ToolAdded   Kind = "tool_added"
	ToolRenamed Kind = "tool_renamed"

	ParamAddedOptional Kind = "param_added_optional"
	ParamAddedRequired Kind = "param_added_required"
	ParamRemoved       Kind = "param_removed"
	ParamRenamed       Kind = "param_renamed"
	// RequiredAdded is a parameter or field that was optional and is required
	// now; RequiredRemoved is the opposite.
	RequiredAdded   Kind = "required_added"
	RequiredRemoved Kind = "required_removed"

	TypeNarrowed       Kind = "type_narrowed"
	TypeWidened        Kind = "type_widened"
	TypeChanged        Kind = "type_changed" // neither holds the other
	EnumNarrowed       Kind = "enum_narrowed"
	EnumWidened        Kind = "enum_widened"
	ConstraintNarrowed Kind = "constraint_narrowed"
	ConstraintWidened  Kind = "constraint_widened"
	OptionRemoved      Kind = "option_removed" // a branch of anyOf or oneOf
	OptionAdded        Kind = "option_added"
	DefaultChanged     Kind = "default_changed"
	// SchemaChanged is a change that cannot be proved harmless: of a keyword
	// that is not understood, or in a schema too large to compare.
	SchemaChanged Kind = "schema_changed"

	OutputSchemaAdded   Kind = "output_schema_added"
	OutputSchemaRemoved Kind = "output_schema_removed"
	OutputFieldRemoved  Kind = "output_field_removed"
	OutputFieldAdded    Kind = "output_field_added"
	OutputFieldRenamed  Kind = "output_field_renamed"
	OutputRetyped       Kind = "output_retyped"

	Wording     Kind = "wording"
	Annotations Kind = "annotations"
)

// Part says which part of a tool a change is in.
type Part string

// The parts of a tool. PartTool is everything but the two schemas.
const (
	PartTool   Part = "tool"
	PartInput  Part = "input"
	PartOutput Part = "output"
)

// Change is one difference between two contracts, in terms of tools,
// parameters and output fields.
type Change struct {
	Class uptime.DriftClass `json:"class"`
	Kind  Kind              `json:"kind"`
	Part  Part              `json:"part"`
	// Tool is the name of the tool; after a rename, the new one.
	Tool string `json:"tool"`
	// Path leads a person to the place: "repo.owner", "items[].id", "labels.*".
	// It is empty for the tool or the top of a schema.
	Path string `json:"path,omitempty"`
	// Before and After are what was there, shortened; either may be empty.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Message is one sentence for a person, without a full stop.
	Message string `json:"message"`
}

// Diff is what changed between two contracts: breaking changes first, then
// compatible ones, then wording; within a class by tool and path. The zero Diff
// says that nothing did.
type Diff struct {
	Changes []Change `json:"changes"`
}

// Class returns the worst class of all changes, NoDrift when there are none.
func (d Diff) Class() uptime.DriftClass {
	worst := uptime.NoDrift
	for _, c := range d.Changes {
		worst = max(worst, c.Class)
	}
	return worst
}

// Summary is one sentence for a person: the worst change, and how many more
// there are. It is empty when nothing changed.
func (d Diff) Summary() string {
	switch len(d.Changes) {
	case 0:
		return ""
	case 1:
		return d.Changes[0].Message
	case 2:
		return d.Changes[0].Message + "; and one more change"
	}
	return fmt.Sprintf("%s; and %d more changes", d.Changes[0].Message, len(d.Changes)-1)
}

// Count returns how many changes are of a class.
func (d Diff) Count(class uptime.DriftClass) int {
	n := 0
	for _, c := range d.Changes {
		if c.Class == class {
			n++
		}
	}
	return n
}

// order sorts changes as [Diff] promises and drops those said twice.
func order(changes []Change) []Change {
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(
			-cmp.Compare(a.Class, b.Class), cmp.Compare(a.Tool, b.Tool), cmp.Compare(a.Part, b.Part),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(changes)
}
