package alert

import (
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The outcomes of decisions.
const (
	told    = "told"
	queued  = "queued" // what became of it is the delivery's to say
	joined  = "joined"
	held    = "held"
	dropped = "dropped"
	waits   = "waits"
	stopped = "stopped"
	passed  = "passed"
)

// maxDecisions is how many decisions of one alert or thread are kept.
const maxDecisions = 200

// decision is one line of the answer to "why was I (not) told?".
type decision struct{ stage, sink, outcome, text string }

// decide records a decision about an alert, or about a whole thread when the
// alert is nil. What was decided last by the same stage is not said again.
func (s *step) decide(a *uptime.Alert, t *thread, d decision) {
	out := uptime.Decision{At: s.now, Stage: d.stage, Sink: d.sink, Outcome: d.outcome, Text: d.text}
	switch {
	case a != nil:
		out.Tenant, out.Alert = a.Tenant, a.Key
		if t != nil {
			out.Thread = t.Key
		}
	default:
		out.Tenant, out.Alert, out.Thread = t.Tenant, t.Key, t.Key
	}
	key := id{out.Tenant, out.Alert}
	before := s.said[key]
	if before == nil {
		before = map[string]string{}
		s.said[key] = before
	}
	slot := d.stage + "\x00" + d.sink
	if before[slot] == d.outcome+d.text || d.outcome != queued && len(before) >= maxDecisions {
		return
	}
	before[slot] = d.outcome + d.text
	s.out.Decisions = append(s.out.Decisions, out)
}
