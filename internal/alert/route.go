package alert

import (
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// reach says whether and when a sink hears of an alert.
type reach struct {
	// may means that some rule sends it there, now that it is time. later is when
	// the next step of an escalation is due; zero for never.
	may, now bool
	later    time.Time
	// step is the escalation that told it; zero for the first.
	step time.Duration
}

// reach goes through the rules. Since is when the alert began, as far as an
// escalation counts.
func (s *step) reach(t *thread, p *uptime.Policy, sink *uptime.Sink, a *uptime.Alert) reach {
	srv := s.world.server(a)
	if !allowed(sink, a, srv) || a.Priority > least(sink) {
		return reach{}
	}
	if sink.Subscriber || len(p.Rules) == 0 || homeless(p, a) {
		return reach{may: true, now: true}
	}
	var out reach
	for i := range p.Rules {
		r := &p.Rules[i]
		if !admits(r, a, srv) {
			continue
		}
		if slices.Contains(r.Sinks, sink.Name) {
			out.may = true
			out.now = out.now || r.Hours.Covers(s.now)
		}
		s.escalate(&out, t, r, sink.Name, a)
	}
	return out
}

// part returns what a sink may know of a thread: nothing that no rule sends it.
// A sink that was told, and that no rule names any more, is still told the end.
func (s *step) part(t *thread, p *uptime.Policy, sink *uptime.Sink, alerts []*uptime.Alert) view {
	v := view{}
	for _, a := range alerts {
		if r := s.reach(t, p, sink, a); r.may {
			v.add(a, r)
		}
	}
	if last := t.Told[sink.Name]; v.total() > 0 || last.Phase == "" || last.Phase == uptime.NoticeCloses {
		return v
	}
	for _, a := range alerts {
		srv := s.world.server(a)
		if srv == nil || allowed(sink, a, srv) {
			v.add(a, reach{may: true})
		}
	}
	return v
}

// view is the part of a thread that one sink hears of.
type view struct {
	failing, over []*uptime.Alert
	reaches       []reach // of failing
	priority      uptime.Priority
	// since is when the oldest of those that fail began, last when the newest did.
	since, last time.Time
}

// stage is how far the worst of those that fail has come.
func (v *view) stage() (stage int) {
	for _, a := range v.failing {
		stage = max(stage, a.Stage)
	}
	return stage
}

func (v *view) total() int { return len(v.failing) + len(v.over) }

func (v *view) add(a *uptime.Alert, r reach) {
	v.priority = urgent(v.priority, a.Priority)
	if !a.Open() {
		v.over = append(v.over, a)
		return
	}
	v.failing, v.reaches = append(v.failing, a), append(v.reaches, r)
	if v.since.IsZero() || a.Opened.Before(v.since) {
		v.since = a.Opened
	}
	if a.Opened.After(v.last) {
		v.last = a.Opened
	}
}

// members returns the alerts of a thread, the newest of each server. Those of a
// digest are those that it stands in for.
func (s *step) members(t *thread) []*uptime.Alert {
	var out []*uptime.Alert
	place := map[subject]int{}
	add := func(t *thread) {
		for _, key := range t.Members {
			a := s.alerts[id{t.Tenant, key}]
			if a == nil {
				continue
			}
			sub := subjectOf(a)
			i, known := place[sub]
			if known && a.Kind != uptime.AlertDrift && a.Server != "" {
				out[i] = a
				continue
			}
			place[sub] = len(out)
			out = append(out, a)
		}
	}
	if t.Kind != uptime.AlertDigest {
		add(t)
		return out
	}
	for _, child := range slices.SortedFunc(slices.Values(s.children[t.Key]), older) {
		add(child)
	}
	return out
}
