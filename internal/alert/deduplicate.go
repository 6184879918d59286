package alert

import (
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
)

// former returns the thread that told of the same trouble of the same server a
// short while ago; nil when there is none.
func (s *step) former(a *uptime.Alert) *thread {
	if a.Kind != uptime.AlertIncident && a.Kind != uptime.AlertDegraded && a.Kind != uptime.AlertBurn {
		return nil
	}
	threads := s.byServer[serverKey{a.Tenant, a.Server}]
	for i := len(threads) - 1; i >= 0; i-- {
		if t := threads[i]; t.Kind == a.Kind && !t.Over && s.repeats(t, a) {
			return t
		}
	}
	return nil
}

// repeats reports whether the last alert of this server in a thread is the same
// trouble, and recent.
func (s *step) repeats(t *thread, a *uptime.Alert) bool {
	for i := len(t.Members) - 1; i >= 0; i-- {
		m := s.alerts[id{t.Tenant, t.Members[i]}]
		if m != nil && m.Server == a.Server {
			return m.Reason == a.Reason && !m.Open() && a.Opened.Sub(m.Resolved) <= again
		}
	}
	return false
}

// unstable reports whether a thread flaps: single transitions are not told.
func (t *thread) unstable() bool { return t.Times >= flapping }
