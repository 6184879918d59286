package alert

import (
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Acknowledge notes that somebody takes on an alert, or the thread that tells of
// it: it goes no further up. It is stored when it returns. ErrNotFound means
// that nothing is told of this alert, ErrConflict that it is over.
func (r *Router) Acknowledge(ctx context.Context, tenant uptime.TenantID, key uptime.AlertKey, by, note string) error {
	by = clean(by, 100)
	return r.act(ctx, func(s *step) error {
		t := s.threads[id{tenant, key}]
		if t == nil {
			t = s.of[id{tenant, key}]
		}
		switch {
		case t == nil:
			return fmt.Errorf("acknowledging %s: %w", key, uptime.ErrNotFound)
		case !t.Closed.IsZero():
			return fmt.Errorf("acknowledging %s, which is over: %w", key, uptime.ErrConflict)
		case !t.Acked.IsZero() && t.AckedBy == by:
			return nil
		}
		s.acknowledge(t, by, note)
		return nil
	})
}

func (s *step) acknowledge(t *thread, by, note string) {
	t.Acked, t.AckedBy = s.now, by
	s.save(t)
	s.touch(t)
	text := orElse(clean(note, 500), t.AckedBy+" took it on.")
	for _, a := range s.members(t) {
		if a.Kind == uptime.AlertIncident && a.Open() && a.Tenant == t.Tenant {
			s.out.Events = append(s.out.Events, uptime.IncidentEvent{
				Incident: uptime.IncidentID(a.Key), At: s.now, Kind: uptime.IncidentAcked, Cause: a.Cause, Text: text, By: t.AckedBy,
			})
		}
	}
	s.out.Audit = append(s.out.Audit, uptime.AuditEntry{
		Tenant: t.Tenant, At: s.now, By: t.AckedBy, Action: "alert.ack", Object: string(t.Key), Text: text,
	})
	s.decide(nil, t, decision{"escalate", "", stopped, t.AckedBy + " took it on: it goes no further."})
}

// act runs something between two steps and stores what it changed. What else is
// new, such as another plan, is stored also when there was nothing to do. Before
// there is a plan nothing is told: the first step does that.
func (r *Router) act(ctx context.Context, change func(*step) error) error {
	p := r.opt.Plan()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx); err != nil {
		return err
	}
	s := r.begin(p)
	refused := change(s)
	if known(p) {
		s.route()
	}
	if err := r.commit(ctx, s); err != nil {
		return err
	}
	return refused
}

// SilencesChanged tells that a silence was made or ended: they are read again.
func (r *Router) SilencesChanged() {
	r.mu.Lock()
	if r.state != nil {
		r.state.deaf = true
	}
	r.mu.Unlock()
	r.Wake()
}

// SinkFails tells that a sink takes nothing since a moment. The tenant's other
// sinks are told, once.
func (r *Router) SinkFails(ctx context.Context, tenant uptime.TenantID, sink string, since time.Time, reason string) error {
	return r.partFails(ctx, uptime.AlertSink, uptime.P2, tenant, sink, since, reason)
}

// SinkWorks tells that a sink takes notices again.
func (r *Router) SinkWorks(ctx context.Context, tenant uptime.TenantID, sink string) error {
	return r.partWorks(ctx, uptime.AlertSink, tenant, sink, "")
}

// RegistryFails tells that what a registry lists is not taken over since a moment.
// The operator is told, once.
func (r *Router) RegistryFails(ctx context.Context, registry string, since time.Time, reason string) error {
	return r.partFails(ctx, uptime.AlertRegistry, uptime.P3, r.opt.Operator, registry, since, reason)
}

// RegistryWorks tells that what a registry lists was taken over.
func (r *Router) RegistryWorks(ctx context.Context, registry string) error {
	return r.partWorks(ctx, uptime.AlertRegistry, r.opt.Operator, registry, "")
}

// RegistryLeft tells that a registry is not to be read any more: what was wrong with it
// is nobody's concern.
func (r *Router) RegistryLeft(ctx context.Context, registry string) error {
	return r.partWorks(ctx, uptime.AlertRegistry, r.opt.Operator, registry, uptime.EndedForgotten)
}

func (r *Router) partFails(ctx context.Context, kind uptime.AlertKind, p uptime.Priority, tenant uptime.TenantID, part string, since time.Time, reason string) error {
	return r.act(ctx, func(s *step) error {
		if s.failing(kind, tenant, part) == nil {
			s.put(uptime.Alert{
				Key: uptime.NewAlertKey(kind, tenant, part, since), Tenant: tenant, Kind: kind,
				Priority: p, Opened: since.UTC(), Sink: part, Detail: clean(reason, 200),
			})
		}
		return nil
	})
}

func (r *Router) partWorks(ctx context.Context, kind uptime.AlertKind, tenant uptime.TenantID, part string, how uptime.Ending) error {
	return r.act(ctx, func(s *step) error {
		if a := s.failing(kind, tenant, part); a != nil {
			n := *a
			n.Resolved, n.Ended = s.now, how
			s.put(n)
		}
		return nil
	})
}

// failing returns the open alert about a sink or a registry; nil when there is none.
func (s *step) failing(kind uptime.AlertKind, tenant uptime.TenantID, part string) *uptime.Alert {
	for _, a := range s.alerts {
		if a.Tenant == tenant && a.Kind == kind && a.Sink == part && a.Open() {
			return a
		}
	}
	return nil
}
