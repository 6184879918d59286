package alert

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// settle is how long the first notice of a thread waits for others to join.
	settle = 3 * time.Second
	// together is how far apart things may begin that are told as one.
	together = 2 * time.Minute
)

// joint is a word by which alerts of one kind join a thread.
type joint struct {
	tenant uptime.TenantID
	kind   uptime.AlertKind
	word   string
}

// joints returns the words of an alert or a thread. Sinks, digests and clusters
// have none.
func joints(tenant uptime.TenantID, kind uptime.AlertKind, host, platform string, cause uptime.Cause) []joint {
	var out []joint
	for _, w := range []struct{ prefix, word string }{{"host ", host}, {"platform ", platform}, {"cause ", string(cause)}} {
		if w.word != "" {
			out = append(out, joint{tenant, kind, w.prefix + w.word})
		}
	}
	return out
}

// joinable has others join a thread by what its first alert was.
func (s *state) joinable(t *thread) {
	if t.Server == "" || !t.Closed.IsZero() {
		return
	}
	for _, j := range joints(t.Tenant, t.Kind, t.Host, t.Platform, t.Cause) {
		if old := s.joins[j]; old == nil || old.Opened.Before(t.Opened) {
			s.joins[j] = t
		}
	}
}

// companion returns the open thread that an alert belongs to: one whose first
// alert began at nearly the same time, with the same host, platform or cause.
func (s *step) companion(a *uptime.Alert) *thread {
	if a.Server == "" {
		return nil
	}
	for _, j := range joints(a.Tenant, a.Kind, a.Host, a.Platform, a.Cause) {
		t := s.joins[j]
		if t != nil && t.Closed.IsZero() && t.Digest == "" && a.Opened.Sub(t.Opened).Abs() <= together {
			return t
		}
	}
	return nil
}
