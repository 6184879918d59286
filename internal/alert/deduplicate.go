package alert

import (
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// again is how long after its end the same trouble goes on with the same thread.
	again = 15 * time.Minute
	// steady is how long a server that flaps must stay down to be called down.
	steady = 5 * time.Minute
	// flapping is how often a thread must open again to flap: the third time.
	flapping = 2
	// maxMembers is how many alerts a thread keeps of servers that fail again and
	// again.
	maxMembers = 100
)

// former returns the thread that told of the same trouble of the same server a
// short while ago; nil when there is none.
func (s *step) former(a *uptime.Alert) *thread {
	if a.Kind != uptime.AlertIncident && a.Kind != uptime.AlertDegraded && a.Kind != uptime.AlertBurn {
		return nil
	}
	for _, t := range slices.Backward(s.byServer[serverKey{a.Tenant, a.Server}]) {
		if t.Kind == a.Kind && !t.Over && s.repeats(t, a) {
			return t
		}
	}
	return nil
}

// repeats reports whether the last alert of this server in a thread is the same
// trouble, and recent.
func (s *step) repeats(t *thread, a *uptime.Alert) bool {
	for _, key := range slices.Backward(t.Members) {
		m := s.alerts[id{t.Tenant, key}]
		if m != nil && m.Server == a.Server {
			return m.Reason == a.Reason && !m.Open() && a.Opened.Sub(m.Resolved) <= again
		}
	}
	return false
}

// shorten forgets the oldest alert of a server in a thread that has very many:
// a server may flap for days.
func (s *step) shorten(t *thread, server uptime.ServerID) {
	if len(t.Members) < maxMembers {
		return
	}
	for i, key := range t.Members[1:] {
		m := s.alerts[id{t.Tenant, key}]
		if m != nil && m.Server == server && !m.Open() {
			t.Members = slices.Delete(t.Members, i+1, i+2)
			s.dropAlert(id{t.Tenant, key})
			return
		}
	}
}

// unstable reports whether a thread flaps: single transitions are not told.
func (t *thread) unstable() bool { return t.Times >= flapping }
