package statuspage

import (
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
)

// sentence says how the whole board is, in one sentence.
func sentence(t board.Totals) string {
	degraded, unknown := some{t.Degraded, "degraded"}, some{t.Unknown, "unknown"}
	planned := some{t.Maintenance, "in maintenance"}
	switch {
	case t.Servers == 0:
		return "No servers are watched yet."
	case t.Live == t.Servers && t.Servers == 1:
		return "The only server is live."
	case t.Live == t.Servers:
		return fmt.Sprintf("All %s servers are live.", countText(t.Servers))
	case t.Down > 0:
		return ofServers(t.Down, t.Servers, "down") + also(degraded, unknown, planned) + "."
	case t.Degraded > 0:
		return ofServers(t.Degraded, t.Servers, "degraded") + also(unknown, planned) + "; none is down."
	case t.Unknown > 0:
		return ofServers(t.Unknown, t.Servers, "unknown") + also(planned) + "; none is known to be down."
	case t.Live > 0:
		return ofServers(t.Live, t.Servers, "live") + also(planned) + "."
	default:
		return ofServers(t.Maintenance, t.Servers, planned.word) + "."
	}
}

func ofServers(n, of int, word string) string {
	verb := "are"
	if n == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%s of %s %s %s", countText(n), manyText(of, "server"), verb, word)
}

// some is a number of servers and what they are.
type some struct {
	n    int
	word string
}

// also adds what else there is: ", 3 degraded and 1 unknown".
func also(others ...some) string {
	var parts []string
	for _, o := range others {
		if o.n > 0 {
			parts = append(parts, countText(o.n)+" "+o.word)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ", " + board.Sentence(parts)
}

// lateAfter is when people are told that the monitor is behind: a verdict is
// due within a minute, and a second one makes sure.
const lateAfter = 2 * time.Minute

// monitorTrouble says what is wrong with the monitor itself; empty when nothing
// is.
func monitorTrouble(h board.Health) string {
	switch {
	case h.Trouble != "":
		return h.Trouble
	case h.Behind > lateAfter:
		return fmt.Sprintf("The monitor is %s behind: what you see may be older than it says.", spanText(h.Behind))
	default:
		return ""
	}
}

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
		Sentence: sentence(t), Trouble: monitorTrouble(h), Uptime: percentText(t.Counts), Share: shareText(t.Counts, "30 days"),
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
