package alert

import (
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// recheck is how often what waits for a time of the calendar is looked at: the
// end of a window, of a silence, the beginning of hours.
const recheck = 5 * time.Second

// quiet says why an alert is kept quiet now; empty when it is not.
func (s *step) quiet(a *uptime.Alert) string {
	srv := s.world.server(a)
	if srv != nil {
		for _, w := range s.world.windows[a.Tenant] {
			if w.Covers(srv, s.now) {
				return "Planned maintenance until " + clock(w.To) + "."
			}
		}
	}
	for i := range s.silences[a.Tenant] {
		q := &s.silences[a.Tenant][i]
		if q.Covers(a, srv, s.now) || s.hushes(q, a) {
			return fmt.Sprintf("%s silenced it until %s.", orElse(clean(q.By, 60), "Somebody"), clock(q.Until))
		}
	}
	return ""
}

// hushes reports whether a silence of one alert covers another one: of the same
// thread, or of a digest that stands in for it. Who silences what a message tells
// means all of it.
func (s *step) hushes(q *uptime.Silence, a *uptime.Alert) bool {
	t := s.of[id{a.Tenant, a.Key}]
	if q.Alert == "" || t == nil || t.Tenant != q.Tenant || s.now.Before(q.From) || !s.now.Before(q.Until) {
		return false
	}
	return q.Alert == t.Key || q.Alert == t.Digest || s.of[id{q.Tenant, q.Alert}] == t
}

// calm reports whether an alert may begin to be told. What still lasts when a
// window ends is told then.
func (s *step) calm(a *uptime.Alert) bool {
	reason := s.quiet(a)
	if reason != "" {
		s.decide(a, nil, decision{"maintenance", "", held, reason})
	}
	return reason == ""
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
