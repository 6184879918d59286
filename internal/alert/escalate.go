package alert

import (
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// escalate adds the steps of a rule that tell more sinks while nobody has taken
// it on. They count from when it began, or from when somebody was told first.
func (s *step) escalate(out *reach, t *thread, r *uptime.Rule, sink string, a *uptime.Alert) {
	for i := range r.Escalate {
		step := &r.Escalate[i]
		if !slices.Contains(step.Sinks, sink) {
			continue
		}
		out.may = true
		at := later(a.Opened, t.Admitted).Add(step.After)
		switch {
		case !t.Acked.IsZero():
		case s.now.Before(at):
			out.later = sooner(out.later, at)
		case r.Hours.Covers(s.now) && !out.now:
			out.now, out.step = true, max(step.After, time.Nanosecond)
		}
	}
}

// remind reports whether it is time to remind a sink of what nobody has taken
// on, or when it will be.
func remind(p *uptime.Policy, sink *uptime.Sink, t *thread, now time.Time) (bool, time.Time) {
	if p.Remind <= 0 || sink.Subscriber || sink.Final || !t.Acked.IsZero() {
		return false, time.Time{}
	}
	at := t.Told[sink.Name].At.Add(p.Remind)
	return !now.Before(at), at
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// sooner returns the earlier of two moments; zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
