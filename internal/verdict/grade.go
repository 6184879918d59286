package verdict

import "github.com/alivemcp/alivemcp/internal/uptime"

// Grade summarises how well a server keeps the protocol, apart from whether it
// is up at this moment: A without a failing or warning finding, B with up to
// two warnings or when HTTP+SSE is all it speaks, C with more warnings, D with a
// failing finding, F when no client can work with it. It is empty when nothing
// could be learned.
func Grade(state uptime.State, transport uptime.Transport, findings []uptime.Finding) string {
	var fails, warns int
	for _, f := range findings {
		switch f.Severity {
		case uptime.SeverityFail:
			fails++
		case uptime.SeverityWarn:
			warns++
		case uptime.SeverityInfo:
		}
	}
	switch {
	case state == uptime.Unknown:
		return ""
	case state == uptime.Down:
		return "F"
	case fails > 0:
		return "D"
	case warns > 2:
		return "C"
	case warns > 0 || transport == uptime.HTTPSSE:
		return "B"
	}
	return "A"
}
