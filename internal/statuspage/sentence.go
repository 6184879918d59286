package statuspage

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
)

// news is what changes on the dashboard besides its rows.
type news struct {
	Sentence string `json:"sentence"`
	// Trouble is of the monitor itself.
	Trouble string `json:"trouble"`
	AsOf    string `json:"as_of"` // RFC 3339; empty before the first verdict
	// Uptime is of all servers over 30 days, Share what it is a share of.
	Uptime string         `json:"uptime"`
	Share  string         `json:"share"`
	Totals map[string]int `json:"totals"`
}

func newsOf(t board.Totals, h board.Health) news {
	n := news{
		Sentence: board.Overview(t), Trouble: h.Trouble, Uptime: percentText(t.Counts), Share: shareText(t.Counts, "30 days"),
		Totals: map[string]int{
			"servers": t.Servers, "live": t.Live, "degraded": t.Degraded, "down": t.Down, "unknown": t.Unknown, inMaintenance: t.Maintenance,
			"walled": t.Walled, "drifts": t.Drifts, "incidents": t.Incidents,
		},
	}
	if !t.AsOf.IsZero() {
		n.AsOf = t.AsOf.UTC().Format(time.RFC3339)
	}
	return n
}
