package alert

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The speeds at which an error budget burns.
const (
	burnsSlowly = iota + 1
	burnsFast
)

// aside is how long after an outage its own effect on the budget is not told.
const aside = 30 * time.Minute

// tick does each minute what no verdict asks for: it looks at budgets, at those of
// notices and at those of errors, and at credentials.
func (s *step) tick() {
	if s.now.Sub(s.ticked) < time.Minute && !s.now.Before(s.ticked) {
		return
	}
	s.ticked = s.now
	for tenant := range s.admitted {
		s.refill(tenant)
	}
	for _, srv := range s.plan.Servers {
		if srv.Paused {
			continue
		}
		s.watchCredential(srv)
		if s.opt.Burn != nil && srv.Objective != nil && srv.Objective.Percent < 100 {
			s.watchBudget(srv)
		}
	}
}

func (s *step) watchCredential(srv *uptime.Server) {
	var ends time.Time
	if c := srv.Profile.Credential; c != nil {
		ends = c.Expires.UTC()
	}
	of := serverKey{srv.Tenant, srv.ID}
	if ends.IsZero() && s.open(of, uptime.AlertCredential) == nil {
		return
	}
	before := s.world.policy(srv.Tenant).Credential
	if len(before) == 0 {
		before = []time.Duration{72 * time.Hour, 24 * time.Hour, time.Hour}
	}
	s.expire(of, uptime.AlertCredential, ends, before)
}

// watchBudget compares how fast a budget burns with what the long and the short
// window allow: the long one says that it matters, the short one that it goes on.
func (s *step) watchBudget(srv *uptime.Server) {
	stage := s.burning(srv)
	of := serverKey{srv.Tenant, srv.ID}
	old := s.open(of, uptime.AlertBurn)
	switch {
	case stage == 0 && old == nil:
	case stage == 0:
		n := *old
		n.Resolved = s.now
		s.put(n)
	case old != nil:
		n := *old
		n.Stage = max(n.Stage, stage)
		n.Priority = priorityOf(&n, s.now)
		s.put(n)
	case !s.outage(of):
		a := uptime.Alert{
			Key:    uptime.NewAlertKey(uptime.AlertBurn, srv.Tenant, string(srv.ID), s.now),
			Tenant: srv.Tenant, Server: srv.ID, Kind: uptime.AlertBurn, Opened: s.now, Stage: stage,
		}
		a.Priority = priorityOf(&a, s.now)
		s.put(s.located(a))
	}
}

// outage reports whether an incident, told by itself, explains why a budget
// burns.
func (s *step) outage(of serverKey) bool {
	a := s.current[subject{of, uptime.AlertIncident}]
	return a != nil && (a.Open() || s.now.Sub(a.Resolved) < aside)
}

// burning returns how fast a server's budget burns; 0 when it does not.
func (s *step) burning(srv *uptime.Server) int {
	const hour, day = time.Hour, 24 * time.Hour
	for _, b := range []struct {
		speed       float64
		long, short time.Duration
		stage       int
	}{
		{14.4, hour, 5 * time.Minute, burnsFast},
		{6, 6 * hour, 30 * time.Minute, burnsFast},
		{3, day, 2 * hour, burnsSlowly},
		{1, 3 * day, 6 * hour, burnsSlowly},
	} {
		if s.burns(srv, b.long, b.speed) && s.burns(srv, b.short, b.speed) {
			return b.stage
		}
	}
	return 0
}

// burns reports whether a budget burned faster than so many times what lasts.
// It takes half of the window to be known.
func (s *step) burns(srv *uptime.Server, window time.Duration, speed float64) bool {
	bad, minutes, ok := s.opt.Burn(srv.Tenant, srv.ID, window)
	budget := 1 - srv.Objective.Percent/100
	return ok && time.Duration(minutes)*time.Minute >= window/2 && bad >= speed*budget
}
