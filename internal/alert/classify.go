package alert

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// blip is how long something must last that is not a server that is down: what
// is shorter is logged only.
const blip = 3 * time.Minute

// priorityOf says how urgent an alert is (DESIGN section 5). Being degraded is
// P4 until it lasted.
func priorityOf(a *uptime.Alert, now time.Time) uptime.Priority {
	switch a.Kind {
	case uptime.AlertIncident, uptime.AlertCluster:
		return downPriority(a.Reason)
	case uptime.AlertDegraded:
		if now.Sub(a.Opened) < blip {
			return uptime.P4
		}
		return degradedPriority(a.Reason)
	case uptime.AlertDrift:
		if a.Class == uptime.DriftBreaking {
			return uptime.P2
		}
	case uptime.AlertBurn:
		if a.Stage == burnsFast {
			return uptime.P2
		}
	case uptime.AlertSink:
		return uptime.P2
	default:
	}
	return uptime.P3
}

func downPriority(r uptime.Reason) uptime.Priority {
	switch r {
	case uptime.Timeout, uptime.ErrorRateElevated, uptime.SchemaDrift:
		return uptime.P2
	default:
		return uptime.P1
	}
}

func degradedPriority(r uptime.Reason) uptime.Priority {
	if r == uptime.ErrorRateElevated {
		return uptime.P2
	}
	return uptime.P3
}

// classify gives an alert its priority. It reports whether somebody may be told.
func (s *step) classify(a *uptime.Alert) bool {
	p := priorityOf(a, s.now)
	if a.Priority == 0 || p < a.Priority {
		a.Priority = p
		s.change(a)
	}
	if a.Priority == uptime.P4 {
		s.decide(a, nil, decision{"classify", "", held, "It lasts less than three minutes so far: P4, which is told to nobody."})
		return false
	}
	s.decide(a, nil, decision{"classify", "", passed, "It is " + a.Priority.String() + why(a)})
	return true
}

func why(a *uptime.Alert) string {
	switch {
	case a.Kind == uptime.AlertDrift:
		return ": a " + a.Class.String() + " change of the tools."
	case a.Kind == uptime.AlertDegraded:
		return ": degraded for three minutes (" + string(a.Reason) + ")."
	case a.Reason != "":
		return ": down (" + string(a.Reason) + ")."
	}
	return "."
}

// urgent returns the more urgent of two priorities; zero is none.
func urgent(a, b uptime.Priority) uptime.Priority {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
