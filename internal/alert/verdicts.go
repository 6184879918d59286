package alert

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// stale is how old verdicts may be for what they tell to be told while newer ones
// are there to be read.
const stale = 2 * time.Minute

// takeVerdicts takes in what verdicts tell besides incidents and drifts: servers
// that are degraded, and certificates that end.
func (s *step) takeVerdicts(verdicts []uptime.Verdict) {
	if n := len(verdicts); n == volume {
		s.behind = s.now.Sub(verdicts[n-1].SealedAt) > stale
	}
	for i := range verdicts {
		v := &verdicts[i]
		if v.Seq <= s.verdicts {
			continue
		}
		s.verdicts = v.Seq
		s.newest = later(s.newest, v.SealedAt)
		if srv := s.world.servers[serverKey{v.Tenant, v.Server}]; srv != nil && !srv.Paused {
			s.takeDown(v)
			s.takeDegraded(v)
			s.takeCertificate(v)
		}
	}
}

// takeDown goes on with an incident whose server was paused, and is still down
// now that it is looked at again.
func (s *step) takeDown(v *uptime.Verdict) {
	if v.State != uptime.Down {
		return
	}
	a := s.current[subject{serverKey{v.Tenant, v.Server}, uptime.AlertIncident}]
	if a == nil || a.Ended != uptime.EndedPaused || !v.Cycle.After(a.Resolved) {
		return
	}
	n := *a
	n.Resolved, n.Ended = time.Time{}, ""
	s.put(n)
}

// takeDegraded follows a server that is degraded. Unknown changes nothing.
func (s *step) takeDegraded(v *uptime.Verdict) {
	old := s.open(serverKey{v.Tenant, v.Server}, uptime.AlertDegraded)
	switch {
	case old != nil && v.Cycle.Before(old.Opened):
	case v.State == uptime.Degraded && v.Cause() != uptime.DriftDetected: // a drift is told by itself
		s.degrade(v, old)
	case old != nil && v.State != uptime.Unknown:
		n := *old
		n.Resolved = v.Cycle
		if v.State == uptime.Down {
			n.Ended = uptime.EndedWorse
		}
		s.put(n)
	}
}

// degrade begins an alert about a degraded server, or goes on with it.
func (s *step) degrade(v *uptime.Verdict, old *uptime.Alert) {
	a := uptime.Alert{
		Tenant: v.Tenant, Server: v.Server, Kind: uptime.AlertDegraded, Opened: v.Cycle,
		Key: uptime.NewAlertKey(uptime.AlertDegraded, v.Tenant, string(v.Server), v.Cycle),
	}
	switch {
	case old != nil:
		a = *old
	case v.Maintenance:
		return
	}
	a.Cause, a.Reason, a.Detail = v.Cause(), v.Cause().Reason(), clean(v.Why, 200)
	for i := range v.Reports {
		if v.Reports[i].State != uptime.Live && v.Reports[i].State != uptime.Unknown {
			a.Regions = union(a.Regions, []string{v.Reports[i].Region})
		}
	}
	a.Priority = priorityOf(&a, s.now)
	s.put(s.located(a))
}

// takeCertificate follows when the certificate ends that regions see, the first
// that does.
func (s *step) takeCertificate(v *uptime.Verdict) {
	var ends time.Time
	for i := range v.Reports {
		ends = sooner(ends, v.Reports[i].TLSNotAfter)
	}
	if ends.IsZero() {
		return
	}
	before := s.world.policy(v.Tenant).TLS
	if len(before) == 0 {
		before = []time.Duration{14 * 24 * time.Hour, 3 * 24 * time.Hour, 24 * time.Hour}
	}
	if of := (serverKey{v.Tenant, v.Server}); !s.doubts(of, ends, v.SealedAt) {
		s.expire(of, uptime.AlertTLS, ends.UTC(), before)
	}
}

// doubts reports whether a certificate that ends later than the one that was told
// of may be only that of another machine behind the same name. It is a renewal
// when no other is seen for a while.
func (s *step) doubts(of serverKey, ends, at time.Time) bool {
	old := s.open(of, uptime.AlertTLS)
	since, seen := s.renewed[of]
	switch {
	case old == nil || !ends.After(old.Ends):
		delete(s.renewed, of)
		return false
	case !seen:
		s.renewed[of] = at
		return true
	}
	return at.Sub(since).Abs() < again
}

// expire follows something that ends. It is told at each of the thresholds,
// greatest first; something that ends later takes its place.
func (s *step) expire(of serverKey, kind uptime.AlertKind, ends time.Time, before []time.Duration) {
	stage := 0
	for _, d := range before {
		if !ends.IsZero() && !s.now.Before(ends.Add(-d)) {
			stage++
		}
	}
	if old := s.open(of, kind); old != nil && (stage == 0 || !old.Ends.Equal(ends)) {
		n := *old
		n.Resolved = s.now
		s.put(n)
	}
	if stage == 0 {
		return
	}
	a := uptime.Alert{
		// What was renewed may come back when nobody knows of it any more: that is a
		// new alert, whose deliveries are not those of the former one.
		Key:    uptime.NewAlertKey(kind, of.tenant, string(of.server)+" "+ends.Format(time.RFC3339), s.now),
		Tenant: of.tenant, Server: of.server, Kind: kind, Opened: s.now, Ends: ends, Stage: stage, Priority: uptime.P3,
	}
	if last := s.current[subject{of, kind}]; last != nil && last.Ends.Equal(ends) {
		a.Key, a.Opened = last.Key, last.Opened
	}
	s.put(s.located(a))
}
