package alert

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Acknowledge notes that somebody takes on an alert, or the thread that tells of
// it: it goes no further up. It is stored when it returns. ErrNotFound means
// that nothing is told of this alert, ErrConflict that it is over.
func (r *Router) Acknowledge(ctx context.Context, tenant uptime.TenantID, key uptime.AlertKey, by, note string) error {
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
	t.Acked, t.AckedBy = s.now, clean(by, 100)
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

// act runs something between two steps and stores what it changed.
func (r *Router) act(ctx context.Context, change func(*step) error) error {
	p := r.opt.Plan()
	if p == nil {
		p = &uptime.Plan{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx); err != nil {
		return err
	}
	s := r.begin(p)
	if err := change(s); err != nil {
		return err
	}
	s.route()
	return r.commit(ctx, s)
}

// SilencesChanged tells that a silence was made or ended: they are read again.
func (r *Router) SilencesChanged() {
	r.mu.Lock()
	r.state = nil
	r.mu.Unlock()
	r.Wake()
}

// SinkFails tells that a sink takes nothing since a moment. The tenant's other
// sinks are told, once.
func (r *Router) SinkFails(ctx context.Context, tenant uptime.TenantID, sink string, since time.Time, reason string) error {
	return r.act(ctx, func(s *step) error {
		if s.failing(tenant, sink) == nil {
			s.put(uptime.Alert{
				Key: uptime.NewAlertKey(uptime.AlertSink, tenant, sink, since), Tenant: tenant, Kind: uptime.AlertSink,
				Priority: uptime.P2, Opened: since.UTC(), Sink: sink, Detail: clean(reason, 200),
			})
		}
		return nil
	})
}

// SinkWorks tells that a sink takes notices again.
func (r *Router) SinkWorks(ctx context.Context, tenant uptime.TenantID, sink string) error {
	return r.act(ctx, func(s *step) error {
		if a := s.failing(tenant, sink); a != nil {
			n := *a
			n.Resolved = s.now
			s.put(n)
		}
		return nil
	})
}

// failing returns the open alert about a sink; nil when there is none.
func (s *step) failing(tenant uptime.TenantID, sink string) *uptime.Alert {
	for _, a := range s.alerts {
		if a.Tenant == tenant && a.Kind == uptime.AlertSink && a.Sink == sink && a.Open() {
			return a
		}
	}
	return nil
}

// Test makes a delivery that tries a sink, verified or not. Text is what it
// says, Challenge what the receiver has to give back; empty for none. It returns
// the delivery's id.
func (r *Router) Test(ctx context.Context, tenant uptime.TenantID, sink, challenge, text, by string) (uptime.DeliveryID, error) {
	var made uptime.DeliveryID
	err := r.act(ctx, func(s *step) error {
		subject := sink + " " + strconv.FormatInt(s.now.UnixNano(), 10)
		a := uptime.Alert{
			Key: uptime.NewAlertKey(uptime.AlertTest, tenant, subject, s.now), Tenant: tenant, Kind: uptime.AlertTest,
			Priority: uptime.P3, Opened: s.now, Resolved: s.now, Updated: s.now, Sink: sink,
		}
		made = uptime.NewDeliveryID(tenant, a.Key, sink, 1)
		s.try(&a, made, challenge, text)
		s.out.Audit = append(s.out.Audit, uptime.AuditEntry{
			Tenant: tenant, At: s.now, By: clean(by, 100), Action: "sink.test", Object: sink, Text: "A test notice was sent.",
		})
		return nil
	})
	return made, err
}

// try makes the thread of a test, which is over at once.
func (s *step) try(a *uptime.Alert, name uptime.DeliveryID, challenge, text string) {
	t := &thread{Thread: uptime.Thread{
		Key: a.Key, Tenant: a.Tenant, Kind: a.Kind, Members: []uptime.AlertKey{a.Key}, Opened: s.now, Closed: s.now, Over: true,
		Told: map[string]uptime.Told{a.Sink: {Transition: 1, Phase: uptime.NoticeOpens, At: s.now}},
	}}
	s.changed = append(s.changed, a)
	s.save(t)
	s.made++
	s.out.Deliveries = append(s.out.Deliveries, uptime.Delivery{
		ID: name, Tenant: a.Tenant, Thread: a.Key, Sink: a.Sink, Transition: 1,
		State: uptime.DeliveryWaiting, Created: s.now, Due: s.now,
		Notice: uptime.Notice{
			Type: uptime.NoticeTest, Key: a.Key, Phase: uptime.NoticeOpens, Kind: uptime.AlertTest, At: s.now,
			Priority: uptime.P3, Started: s.now, Title: "AliveMCP tries this sink",
			Summary: orElse(text, "Nothing is wrong. Somebody wants to know whether notices arrive here."), Challenge: challenge,
		},
	})
}
