package board

// Overview says how all servers are, in one sentence.
func Overview(t Totals) string {
	degraded, unknown := party{t.Degraded, "degraded"}, party{t.Unknown, "unknown"}
	planned := party{t.Maintenance, "in maintenance"}
	switch {
	case t.Servers == 0:
		return "No servers are watched yet."
	case t.Live == t.Servers && t.Servers == 1:
		return "The only server is live."
	case t.Live == t.Servers:
		return "All " + Count(t.Servers) + " servers are live."
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
	verb := " are "
	if n == 1 {
		verb = " is "
	}
	return Count(n) + " of " + Plural(of, "server", "servers") + verb + word
}

// party is a number of servers and what they are.
type party struct {
	n    int
	word string
}

// also adds what else there is: ", 3 degraded and 1 unknown".
func also(others ...party) string {
	var parts []string
	for _, o := range others {
		if o.n > 0 {
			parts = append(parts, Count(o.n)+" "+o.word)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ", " + Sentence(parts)
}
