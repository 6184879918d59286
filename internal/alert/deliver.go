package alert

import (
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// editGap is the least time between two updates in place.
const editGap = 10 * time.Second

// lost is how long the end of a thread waits for a sink that may not be told.
const lost = 24 * time.Hour

// gap is the least time between a notice and the update after it. Where every
// update disturbs, the gaps grow.
func gap(sink *uptime.Sink, updates int) time.Duration {
	gaps := []time.Duration{30 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	if sink.Edits {
		return editGap
	}
	return gaps[min(updates, len(gaps)-1)]
}

// look compares what each sink was told of a thread with what is so.
func (s *step) look(t *thread) {
	t.due = time.Time{}
	alerts := s.members(t)
	s.follow(t, alerts)
	if t.Opened.After(s.now) { // a digest, before its hour is over
		t.wake(t.Opened)
		return
	}
	p := s.world.policy(t.Tenant)
	if len(p.Sinks) == 0 {
		s.decide(nil, t, decision{"match", "", dropped, "There is no sink."})
	}
	for i := range p.Sinks {
		s.tell(t, p, &p.Sinks[i], alerts)
	}
	s.finishThread(t, p)
}

// follow notes whether a thread is open, closed, or open again.
func (s *step) follow(t *thread, alerts []*uptime.Alert) {
	var end time.Time
	for _, a := range alerts {
		if a.Open() {
			if !t.Closed.IsZero() {
				s.reopen(t)
			}
			return
		}
		end = later(end, a.Resolved)
	}
	if t.Kind == uptime.AlertDigest && len(alerts) == 0 { // whatever was in it is told by itself
		end = later(t.Opened, s.now)
	}
	if end.IsZero() || !t.Closed.IsZero() {
		return
	}
	t.Closed = end
	s.save(t)
	if a := s.alerts[id{t.Tenant, t.Key}]; t.Kind == uptime.AlertDigest && a != nil {
		a.Resolved = later(end, t.Opened)
		t.Closed = a.Resolved
		s.change(a)
	}
}

// reopen notes that what was over is there again. Whoever took it on before has
// to do so again.
func (s *step) reopen(t *thread) {
	t.Closed, t.Acked, t.AckedBy = time.Time{}, time.Time{}, ""
	s.joinable(t)
	s.save(t)
	if t.standsIn() {
		if a := s.alerts[id{t.Tenant, t.Key}]; a != nil {
			a.Resolved = time.Time{}
			s.change(a)
		}
		return
	}
	if len(t.Told) == 0 { // nobody heard of the first time
		return
	}
	t.Times++
	if t.Times == flapping {
		s.decide(nil, t, decision{"deduplicate", "", held, "It flaps: single changes are not told until it was quiet for 15 minutes, or stays down for 5."})
	}
}

// tell says to one sink what it has to know.
func (s *step) tell(t *thread, p *uptime.Policy, sink *uptime.Sink, alerts []*uptime.Alert) {
	v := s.part(t, p, sink, alerts)
	last := t.Told[sink.Name]
	fresh := last.Phase == "" || last.Phase == uptime.NoticeCloses
	switch {
	case v.total() == 0 && !fresh && reads(sink), // it is no business of theirs any more
		len(alerts) == 0 && !fresh && sink.Verified && t.Kind == uptime.AlertDigest:
		s.say(t, sink, &v, uptime.NoticeCloses, says{})
	case v.total() == 0:
		if fresh && !sink.Subscriber && !t.standsIn() {
			s.decide(nil, t, decision{"match", sink.Name, dropped, "No rule sends it there, or it is less urgent than what is sent there."})
		}
	case !sink.Verified:
		s.note(t, sink, decision{"route", "", held, "Nobody has proved yet that the owner of this sink wants to be told."})
	case fresh:
		s.announce(t, sink, &v)
	case len(v.failing) == 0 && !t.unstable():
		s.say(t, sink, &v, uptime.NoticeCloses, says{})
	case len(v.failing) == 0 && !t.Closed.IsZero() && !s.now.Before(t.Closed.Add(again)):
		s.say(t, sink, &v, uptime.NoticeCloses, says{})
	default:
		s.update(t, p, sink, &v, last)
	}
}

// note decides about one sink. Nothing is noted about subscribers, who are
// many.
func (s *step) note(t *thread, sink *uptime.Sink, d decision) {
	if d.sink = sink.Name; !sink.Subscriber {
		s.decide(nil, t, d)
	}
}

// announce tells a sink of a thread for the first time, or again after its end,
// unless something speaks against it.
func (s *step) announce(t *thread, sink *uptime.Sink, v *view) {
	if len(v.failing) == 0 {
		switch {
		case t.Told[sink.Name].Phase != "":
		case t.Kind == uptime.AlertDigest:
			s.say(t, sink, v, uptime.NoticeCloses, says{})
		case t.Digest == "":
			s.note(t, sink, decision{"route", "", dropped, "It was over before it was to be told."})
		}
		return
	}
	if s.ahead(t.ready, settle) {
		t.wake(t.ready)
		return
	}
	if s.suppressed(t) {
		s.note(t, sink, decision{"suppress", "", held, "A notice to the operator stands in for it while many have the same root cause."})
		return
	}
	step, ok := s.ripe(t, sink, v)
	if !ok || !s.afford(t, v.priority) {
		return
	}
	if step > 0 {
		s.note(t, sink, decision{"escalate", "", told, fmt.Sprintf("Nobody took it on within %s.", span(step))})
	}
	s.say(t, sink, v, uptime.NoticeOpens, s.wording(t, v))
}

// ripe reports whether one of those that fail is to be told now, and which step
// of an escalation says so.
func (s *step) ripe(t *thread, sink *uptime.Sink, v *view) (escalation time.Duration, ok bool) {
	reason := decision{}
	for i, a := range v.failing {
		r := v.reaches[i]
		at := a.Opened.Add(sink.Patience)
		quiet := s.quiet(a)
		switch {
		case quiet != "":
			t.wake(s.now.Add(recheck))
			reason = decision{"maintenance", "", held, quiet}
		case a.Recovering && t.Cluster != "":
			reason = decision{"suppress", "", waits, "What it had in common with others is over, and it is getting well."}
		case s.now.Before(at):
			t.wake(at)
			reason = decision{"route", "", waits, "It is told when it lasts for " + span(sink.Patience) + "."}
		case r.now:
			return r.step, true
		case !r.later.IsZero():
			t.wake(r.later)
			reason = decision{"escalate", "", waits, "It is told when nobody takes it on until " + clock(r.later) + "."}
		case !t.Acked.IsZero():
			reason = decision{"escalate", "", stopped, "Somebody took it on: it goes no further."}
		default:
			t.wake(s.now.Add(recheck))
			reason = decision{"route", "", waits, "It is outside the hours of the rule."}
		}
	}
	s.note(t, sink, reason)
	return 0, false
}

// update tells a sink what changed, when it is time.
func (s *step) update(t *thread, p *uptime.Policy, sink *uptime.Sink, v *view, last uptime.Told) {
	if t.unstable() && !t.Closed.IsZero() {
		t.wake(t.Closed.Add(again))
	}
	if sink.Final {
		return
	}
	w := s.wording(t, v)
	digest := s.digest(t, sink, v, w)
	due, at := remind(p, sink, t, s.now)
	if digest == last.Digest && (!due || len(v.failing) == 0) {
		t.wake(at)
		return
	}
	wait := gap(sink, last.Updates)
	if people(digest) != people(last.Digest) || graver(last, v) {
		wait = 0
	}
	if ready := last.At.Add(wait); s.ahead(ready, wait) {
		t.wake(ready)
		return
	}
	if s.muted(v) {
		s.note(t, sink, decision{"maintenance", "", held, "What changes is not told during maintenance or a silence."})
		t.wake(s.now.Add(recheck))
		return
	}
	w.reminds = digest == last.Digest
	s.say(t, sink, v, uptime.NoticeChanges, w)
}

// graver reports whether it is worse than a sink was ever told since it opened.
func graver(last uptime.Told, v *view) bool {
	return urgent(last.Priority, v.priority) != last.Priority || v.stage() > last.Stage
}

// muted reports whether all that fail are kept quiet.
func (s *step) muted(v *view) bool {
	loud := slices.ContainsFunc(v.failing, func(a *uptime.Alert) bool { return s.quiet(a) == "" })
	return len(v.failing) > 0 && !loud
}

// says are the circumstances that a notice has words for.
type says struct {
	// unstable means that it goes up and down, reminds that nothing is new.
	unstable, reminds bool
}

// wording chooses between words for a thread that flaps and one that does not.
func (s *step) wording(t *thread, v *view) says {
	if !t.unstable() {
		return says{}
	}
	if len(v.failing) > 0 {
		at := v.last.Add(steady)
		if !s.now.Before(at) {
			return says{}
		}
		t.wake(at)
	}
	return says{unstable: true}
}

// say makes a delivery.
func (s *step) say(t *thread, sink *uptime.Sink, v *view, phase uptime.NoticePhase, w says) {
	last := t.Told[sink.Name]
	next := uptime.Told{
		Transition: last.Transition + 1, Phase: phase, At: s.now, Digest: s.digest(t, sink, v, w), Priority: v.priority, Stage: v.stage(),
	}
	notice := s.compose(t, sink, v, phase, w)
	if phase == uptime.NoticeChanges {
		next.Updates = last.Updates + 1
		next.Priority, next.Stage = urgent(last.Priority, v.priority), max(last.Stage, v.stage())
		notice.Rings = w.reminds || graver(last, v)
	}
	t.Told = maps.Clone(t.Told)
	if t.Told == nil {
		t.Told = map[string]uptime.Told{}
	}
	t.Told[sink.Name] = next
	s.save(t)
	s.out.Deliveries = append(s.out.Deliveries, uptime.Delivery{
		ID:     uptime.NewDeliveryID(t.Tenant, t.Key, sink.Name, next.Transition),
		Tenant: t.Tenant, Thread: t.Key, Sink: sink.Name, Transition: next.Transition,
		Notice: notice, State: uptime.DeliveryWaiting, Created: s.now, Due: s.now,
	})
	s.made++
	s.note(t, sink, decision{"deliver", "", queued, fmt.Sprintf("Notice %d is in the outbox: it %s.", next.Transition, phase)})
	if p := s.world.policy(t.Tenant); phase != uptime.NoticeCloses {
		_, at := remind(p, sink, t, s.now)
		t.wake(at)
	}
}

// digest stands for what a notice says, in two parts: what people did, and what
// the servers did.
func (s *step) digest(t *thread, sink *uptime.Sink, v *view, w says) string {
	did, is := fnv.New64a(), fnv.New64a()
	_, _ = io.WriteString(did, takenOn(t, sink))
	if t.Kind == uptime.AlertCluster {
		tenants, servers := s.extent(t)
		_, _ = fmt.Fprint(is, tenants, servers)
	}
	_, _ = fmt.Fprint(is, v.priority, w.unstable)
	for _, a := range v.failing {
		if a.Kind == uptime.AlertIncident && a.Detail != "" {
			_, _ = io.WriteString(did, "\x00"+a.Detail)
		}
		if w.unstable {
			continue
		}
		_, _ = io.WriteString(is, "\x00"+string(a.Key)+string(a.Cause))
		_, _ = fmt.Fprint(is, a.Stage)
		if len(v.failing) == 1 { // of many, nobody is told such details
			_, _ = fmt.Fprint(is, a.Regions, a.Class, a.Recovering && sink.Edits)
		}
	}
	return fmt.Sprintf("%016x-%016x", did.Sum64(), is.Sum64())
}

// people returns the part of a digest that stands for what people did.
func people(digest string) string { return digest[:min(16, len(digest))] }

// finishThread ends a thread that nothing can change any more.
func (s *step) finishThread(t *thread, p *uptime.Policy) {
	if t.Closed.IsZero() {
		return
	}
	end := t.Closed.Add(again)
	if t.Kind == uptime.AlertIncident { // which explains why budgets burn
		end = t.Closed.Add(aside)
	}
	if !t.Admitted.IsZero() {
		end = later(end, t.Admitted.Add(time.Hour))
	}
	if s.mayReturn(t) {
		end = later(end, t.Closed.Add(lost+time.Hour))
	}
	if s.now.Before(end) {
		t.wake(end)
		return
	}
	if s.paused(t) || s.parent(t) != nil || s.owes(t, p) && s.now.Before(t.Closed.Add(lost)) {
		t.wake(s.now.Add(time.Minute))
		return
	}
	t.Over = true
	s.save(t)
}

// paused reports whether a thread waits for a server that is not looked at.
func (s *step) paused(t *thread) bool {
	return slices.ContainsFunc(t.Members, func(key uptime.AlertKey) bool {
		a := s.alerts[id{t.Tenant, key}]
		return a != nil && s.goesOn(a)
	})
}

// mayReturn reports whether an alert of a thread may be open again under the
// same key: a drift that was reverted.
func (s *step) mayReturn(t *thread) bool {
	return slices.ContainsFunc(t.Members, func(key uptime.AlertKey) bool {
		a := s.alerts[id{t.Tenant, key}]
		return a != nil && a.Ended == uptime.EndedReverted
	})
}

// owes reports whether a sink was not told the end.
func (s *step) owes(t *thread, p *uptime.Policy) bool {
	return slices.ContainsFunc(p.Sinks, func(sink uptime.Sink) bool {
		last := t.Told[sink.Name]
		return last.Phase != "" && last.Phase != uptime.NoticeCloses
	})
}

// ahead reports whether a moment is still to come for which nobody waits longer
// than that. One that is further away was set before the clock went back.
func (s *step) ahead(at time.Time, longest time.Duration) bool {
	wait := at.Sub(s.now)
	return wait > 0 && wait <= longest
}

// wake has a thread looked at, at the latest then.
func (t *thread) wake(at time.Time) { t.due = sooner(t.due, at) }
