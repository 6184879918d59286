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
		if srv.Paused {
			return "Monitoring of the server is paused."
		}
		for _, w := range s.world.windows[a.Tenant] {
			if w.Covers(srv, s.now) {
				return "Planned maintenance until " + clock(w.To) + "."
			}
		}
	}
	for i := range s.silences[a.Tenant] {
		if q := &s.silences[a.Tenant][i]; q.Covers(a, srv, s.now) {
			return fmt.Sprintf("%s silenced it until %s.", orElse(clean(q.By, 60), "Somebody"), clock(q.Until))
		}
	}
	return ""
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
