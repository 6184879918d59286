package demo

import (
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Change is a drift of the invented past.
type Change struct {
	Slug string
	// Ago is how many days ago it was seen, At the minute of that day.
	Ago, At int
	// By and Note are of who accepted it.
	By, Note string
	// undo turns a tool as it is today into what it was before; an empty answer
	// means that it did not exist.
	undo func(tool string) string
}

// Changes returns the drifts of the invented past, oldest first.
func Changes() []Change {
	return []Change{
		{
			Slug: "weather", Ago: 58, At: 845, By: "mara", Note: "Announced by the supplier; our agents send numbers now.",
			undo: func(tool string) string {
				return strings.Replace(tool, `"days":{"type":"integer"}`, `"days":{"type":"string"}`, 1)
			},
		},
		{
			Slug: "images", Ago: 19, At: 612, By: "jon", Note: "Two new tools, nothing else.",
			undo: func(tool string) string {
				if strings.Contains(tool, `"name":"palette"`) || strings.Contains(tool, `"name":"metadata"`) {
					return ""
				}
				return tool
			},
		},
		{
			Slug: "docs-search", Ago: 6, At: 977, By: "mara", Note: "Wording only.",
			undo: func(tool string) string {
				return strings.Replace(tool, "Search the handbook.", "Search all pages of the handbook by keyword.", 1)
			},
		},
	}
}

// Before returns the tools as they were before the change.
func (c Change) Before(tools []string) []string {
	var out []string
	for _, tool := range tools {
		if former := c.undo(tool); former != "" {
			out = append(out, former)
		}
	}
	return out
}

// Drift returns the change as a drift between these contracts, seen from these
// regions. today is the day that Ago counts back from.
func (c Change) Drift(srv *uptime.Server, from, to string, today uptime.Day, regions []string) uptime.Drift {
	seen := (today - uptime.Day(c.Ago)).Time().Add(time.Duration(c.At) * time.Minute)
	return uptime.Drift{
		ID: uptime.NewDriftID(srv.Tenant, srv.ID, from, to, seen), Tenant: srv.Tenant, Server: srv.ID,
		From: from, To: to, Regions: regions, Detected: seen,
		Accepted: seen.Add(95 * time.Minute), By: c.By, Note: c.Note, Demo: true,
	}
}
