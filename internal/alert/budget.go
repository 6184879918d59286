package alert

import (
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// allowance is how many threads an hour may open at a tenant's sinks.
func (s *step) allowance(tenant uptime.TenantID) int {
	if b := s.world.policy(tenant).Budget; b > 0 {
		return b
	}
	switch s.opt.Tier(tenant) {
	case "public":
		return 5
	case "author":
		return 20
	case "team":
		return 60
	default:
		return 300
	}
}

// spent reports whether a tenant's budget of the last hour is used up.
func (s *step) spent(tenant uptime.TenantID) bool {
	s.refill(tenant)
	return len(s.admitted[tenant]) >= s.allowance(tenant)
}

// refill forgets what was told longer than an hour ago. What lies as far in the
// future was told before the clock was set back: it does not count either.
func (s *step) refill(tenant uptime.TenantID) {
	recent := slices.DeleteFunc(s.admitted[tenant], func(at time.Time) bool { return s.now.Sub(at).Abs() >= time.Hour })
	if s.admitted[tenant] = recent; len(recent) == 0 {
		delete(s.admitted, tenant)
	}
}

// afford reports whether a thread may be told by itself. What is above the
// budget waits for the digest of its hour, except P1.
func (s *step) afford(t *thread, p uptime.Priority) bool {
	switch {
	case !t.Admitted.IsZero() || t.standsIn() || t.Kind == uptime.AlertSink:
		return true
	case p == uptime.P1:
	case t.Digest != "" && s.parent(t) != nil:
		return false
	case s.spent(t.Tenant):
		s.postpone(t)
		return false
	}
	t.Admitted, t.Digest = s.now, s.leave(t)
	s.admitted[t.Tenant] = append(s.admitted[t.Tenant], s.now)
	s.save(t)
	return true
}

// postpone puts a thread into the digest of this hour.
func (s *step) postpone(t *thread) {
	hour := s.now.Truncate(time.Hour).Add(time.Hour)
	key := uptime.NewAlertKey(uptime.AlertDigest, t.Tenant, "", hour)
	d := s.threads[id{t.Tenant, key}]
	if d == nil {
		a := &uptime.Alert{Key: key, Tenant: t.Tenant, Kind: uptime.AlertDigest, Priority: uptime.P3, Opened: hour}
		s.keep(a)
		s.change(a)
		d = s.start(a)
	}
	t.Digest = key
	s.children[key] = append(s.children[key], t)
	s.save(t)
	s.touch(d)
	s.decide(nil, t, decision{"budget", "", held, "The budget of this hour is used up: it is told in the digest of " + clock(hour) + "."})
}

// leave takes a thread out of its digest, and returns the empty key. The thread
// is looked at once more, for the sinks that it was kept from.
func (s *step) leave(t *thread) uptime.AlertKey {
	if t.Digest != "" {
		s.touch(t)
		t.wake(s.now)
		s.orphan(t, t.Digest)
	}
	return ""
}
