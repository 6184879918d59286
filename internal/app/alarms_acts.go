package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// testTime bounds a test of a sink.
const testTime = 45 * time.Second

// Sinks returns how the sinks of the configuration are.
func (a *alarms) Sinks(ctx context.Context, tenant uptime.TenantID) ([]uptime.SinkStatus, error) {
	counts, err := a.store.Counts(ctx, tenant)
	if err != nil {
		return nil, err
	}
	var out []uptime.SinkStatus
	for _, s := range a.sinks.Load().of(tenant) {
		c, state := counts[s.word.Name], a.outbox.State(tenant, s.word.Name)
		word := s.word
		word.Verified = a.proofs.Verified(tenant, word.Name, s.address)
		out = append(out, uptime.SinkStatus{
			Sink: word, Proof: a.proofs.Proof(tenant, word.Name), Open: state.Open, Retry: state.Retry, FailingSince: state.FailingSince,
			LastSent: later(c.LastSent, state.LastSent), LastError: cmp.Or(c.LastError, state.LastError), Waiting: c.Waiting, Dead: c.Dead,
		})
	}
	return out, nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// TestSink sends a test.ping past the router, and returns when the sink took it.
func (a *alarms) TestSink(ctx context.Context, tenant uptime.TenantID, name, by string) error {
	s, ok := a.sinks.Load().byName[sinkKey{tenant, name}]
	if !ok {
		return fmt.Errorf("%w: there is no sink %q in the configuration", uptime.ErrNotFound, name)
	}
	if !a.proofs.Verified(tenant, name, s.address) {
		return fmt.Errorf("%w: %s is not verified and delivers nothing: alivemcp alert verify %s", uptime.ErrConflict, name, name)
	}
	return a.deliverTest(ctx, s, tenant, by)
}

// deliverTest hands a test notice to a sink.
func (a *alarms) deliverTest(ctx context.Context, s *builtSink, tenant uptime.TenantID, by string) error {
	now := a.now().UTC()
	ctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	key := uptime.NewAlertKey(uptime.AlertTest, tenant, s.word.Name+rand.Text(), now)
	d := &uptime.Delivery{
		ID: uptime.NewDeliveryID(tenant, key, s.word.Name, 1), Tenant: tenant, Thread: key, Sink: s.word.Name, Transition: 1, Created: now,
		Notice: uptime.Notice{
			Type: uptime.NoticeTest, Kind: uptime.AlertTest, Key: key, Phase: uptime.NoticeOpens, At: now, Started: now, Priority: uptime.P4,
			Title:          "This is a test of the sink " + s.word.Name,
			Summary:        "Nothing is wrong. " + cmp.Or(by, "The operator") + " tries whether notices arrive here; they do.",
			UnsubscribeURL: a.unsubscribe(tenant, s.word.Name), //nolint:contextcheck // signing takes no time
		},
	}
	if _, err := s.sink.Deliver(ctx, d, ""); err != nil {
		return fmt.Errorf("testing the sink %s: %w", s.word.Name, err)
	}
	a.outbox.Reset(tenant, s.word.Name) // it works: what waited for it goes on
	return a.router.SinkWorks(ctx, tenant, s.word.Name)
}

// Challenge has a sink prove that it is wanted, or sends it a code when it cannot
// do that by itself.
func (a *alarms) Challenge(ctx context.Context, tenant uptime.TenantID, name, by string) error {
	if s, ok := a.provable(tenant, name); ok && s.Verify != nil {
		return a.proofs.Check(ctx, tenant, name, by)
	}
	return a.proofs.Challenge(ctx, tenant, name, by)
}

// Prove takes the code that was sent to a sink.
func (a *alarms) Prove(ctx context.Context, tenant uptime.TenantID, name, code, by string) error {
	return a.proofs.Prove(ctx, tenant, name, code, by)
}

// Deliveries returns a page of what was sent, newest first.
func (a *alarms) Deliveries(ctx context.Context, tenant uptime.TenantID, q uptime.DeliveryQuery) ([]uptime.Delivery, error) {
	return a.store.Deliveries(ctx, tenant, q)
}

// Delivery returns one.
func (a *alarms) Delivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID) (uptime.Delivery, error) {
	return a.store.Delivery(ctx, tenant, id)
}

// ReplayDelivery has a delivery that ended tried once more.
func (a *alarms) ReplayDelivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID, by string) error {
	err := a.store.ReplayDelivery(ctx, tenant, id, a.now().UTC(), entry(tenant, by, "delivery.replay", string(id), "Send it again."))
	if err == nil {
		a.outbox.Wake()
	}
	return err
}

// Story answers "why was I (not) told?".
func (a *alarms) Story(ctx context.Context, tenant uptime.TenantID, key uptime.AlertKey) (uptime.Story, error) {
	return a.store.Story(ctx, tenant, key)
}

// Acknowledge takes an alert on.
func (a *alarms) Acknowledge(ctx context.Context, tenant uptime.TenantID, key uptime.AlertKey, by, note string) error {
	if len(note) > maxNote {
		return fmt.Errorf("%w: a note has at most %d bytes", uptime.ErrInvalid, maxNote)
	}
	return a.router.Acknowledge(ctx, tenant, key, cmp.Or(by, "operator"), note)
}

// Silences returns those that have not ended.
func (a *alarms) Silences(ctx context.Context, tenant uptime.TenantID) ([]uptime.Silence, error) {
	return a.store.Silences(ctx, tenant, a.now())
}

// maxSilence is how long a silence may last: what should be quiet for longer is
// a matter of the rules.
const maxSilence = 30 * 24 * time.Hour

// PutSilence begins a silence, or changes it.
func (a *alarms) PutSilence(ctx context.Context, s uptime.Silence) error {
	if s.ID == "" {
		s.ID = "sil_" + rand.Text()[:16]
	}
	if !s.Until.After(s.From) || s.Until.Sub(s.From) > maxSilence || len(s.Note) > maxNote {
		return fmt.Errorf("%w: a silence ends after it begins, within 30 days, and its note has at most %d bytes", uptime.ErrInvalid, maxNote)
	}
	for _, slug := range s.Servers {
		if !a.knows(s.Tenant, slug) {
			return fmt.Errorf("%w: there is no server %q", uptime.ErrNotFound, slug)
		}
	}
	text := "Quiet until " + s.Until.UTC().Format("2006-01-02 15:04 UTC") + ". " + s.Note
	if err := a.store.PutSilence(ctx, s, entry(s.Tenant, s.By, "silence.begin", s.ID, text)); err != nil {
		return err
	}
	a.router.SilencesChanged()
	return nil
}

func (a *alarms) knows(tenant uptime.TenantID, slug string) bool {
	for _, srv := range a.plan().Servers {
		if srv.Tenant == tenant && srv.Slug == slug {
			return true
		}
	}
	return false
}

// EndSilence ends a silence now.
func (a *alarms) EndSilence(ctx context.Context, tenant uptime.TenantID, id, by string) error {
	now := a.now().UTC()
	if err := a.store.EndSilence(ctx, tenant, id, now, entry(tenant, by, "silence.end", id, "No longer quiet.")); err != nil {
		return err
	}
	a.router.SilencesChanged()
	return nil
}
