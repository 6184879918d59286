package show

import (
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Reason says in one line why a check is not Live: cause, word to route by,
// detail. It is empty when there is nothing to say.
func Reason(c Check) string {
	why, head := c.Why, ""
	if f := c.Failure; f != nil {
		head = string(f.Cause)
		if r := f.Reason(); r != uptime.NoReason {
			head += " (" + string(r) + ")"
		}
		if f.Detail != "" && f.Detail != why {
			why = join(": ", why, f.Detail)
		}
	}
	return join(": ", head, why)
}

// join joins the parts that are not empty.
func join(sep string, parts ...string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, sep)
}
