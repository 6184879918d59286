package alert

import (
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// settle is how long the first notice of a thread waits for others to join.
	settle = 3 * time.Second
	// together is how far apart things may begin that are told as one.
	together = 2 * time.Minute
	// trailing is how long after the first one others may still join a place, each
	// shortly after another: many servers behind one host are not all looked at
	// within two minutes.
	trailing = 15 * time.Minute
)

// joint is a word by which alerts of one kind join a thread.
type joint struct {
	tenant uptime.TenantID
	kind   uptime.AlertKind
	word   string
}

// byCause begins the word by which only a cause joins.
const byCause = "cause "

// joints returns the words of an alert or a thread. Sinks, digests and clusters
// have none.
func joints(tenant uptime.TenantID, kind uptime.AlertKind, host, platform string, cause uptime.Cause) []joint {
	var out []joint
	for _, w := range []struct{ prefix, word string }{{"host ", host}, {"platform ", platform}, {byCause, string(cause)}} {
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

// companion returns the open thread that an alert belongs to: one that began at
// nearly the same time, with the same host, platform or cause.
func (s *step) companion(a *uptime.Alert) *thread {
	if a.Server == "" {
		return nil
	}
	for _, j := range joints(a.Tenant, a.Kind, a.Host, a.Platform, a.Cause) {
		t := s.joins[j]
		if t != nil && t.Closed.IsZero() && t.Digest == "" && s.near(t, a, j) {
			return t
		}
	}
	return nil
}

// near reports whether an alert began shortly before or after the first of a
// thread; where both share a place and not only a cause, of its newest.
func (s *step) near(t *thread, a *uptime.Alert, by joint) bool {
	since := a.Opened.Sub(t.Opened)
	if since.Abs() <= together || strings.HasPrefix(by.word, byCause) {
		return since.Abs() <= together
	}
	newest := s.alerts[id{t.Tenant, t.Members[len(t.Members)-1]}]
	return newest != nil && since <= trailing && a.Opened.Sub(newest.Opened).Abs() <= together
}
