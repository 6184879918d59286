package alert

import (
	"hash/fnv"
	"io"
	"slices"

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
	if s.fresh(id{out.Tenant, out.Alert}, d) {
		s.out.Decisions = append(s.out.Decisions, out)
	}
}

// saying stands for what a stage decided last of one sink, or of all. The text is
// not kept: in a storm there are thousands.
type saying struct {
	stage, sink string
	mark        uint64
}

// fresh reports whether a decision is another than the one before, and remembers
// it.
func (s *step) fresh(key id, d decision) bool {
	before, now := s.said[key], saying{d.stage, d.sink, d.mark()}
	i := slices.IndexFunc(before, func(o saying) bool { return o.stage == d.stage && o.sink == d.sink })
	switch {
	case i >= 0 && before[i].mark == now.mark, d.outcome != queued && len(before) >= maxDecisions:
		return false
	case i >= 0:
		before[i] = now
	default:
		s.said[key] = append(before, now)
	}
	return true
}

// mark stands for what a decision says.
func (d *decision) mark() uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, d.outcome+"\x00"+d.text)
	return h.Sum64()
}
