package board

import "strings"

// Overview says how all servers are, in one sentence.
func Overview(t Totals) string {
	switch {
	case t.Servers == 0:
		return "No servers are watched yet."
	case t.Live == t.Servers && t.Servers == 1:
		return "The only server is live."
	case t.Live == t.Servers:
		return "All " + Count(t.Servers) + " servers are live."
	case t.Down > 0:
		return ofServers(t.Down, t.Servers, "down") + also(t.Degraded, "degraded", t.Unknown, "unknown") + "."
	case t.Degraded > 0:
		return ofServers(t.Degraded, t.Servers, "degraded") + also(t.Unknown, "unknown", 0, "") + "; none is down."
	default:
		return ofServers(t.Unknown, t.Servers, "unknown") + "; none is known to be down."
	}
}

func ofServers(n, of int, word string) string {
	verb := " are "
	if n == 1 {
		verb = " is "
	}
	return Count(n) + " of " + Plural(of, "server", "servers") + verb + word
}

// also adds what else there is: ", 3 degraded and 1 unknown".
func also(a int, aWord string, b int, bWord string) string {
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{a, aWord}, {b, bWord}} {
		if p.n > 0 {
			parts = append(parts, Count(p.n)+" "+p.word)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ", " + strings.Join(parts, " and ")
}
