package alarmtest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Desk is what operators see of the story: a statuspage.Alarms.
type Desk struct {
	Tenant uptime.TenantID
	Now    func() time.Time

	mu         sync.Mutex
	sinks      []uptime.SinkStatus
	deliveries []uptime.Delivery // oldest first
	silences   []uptime.Silence
	stories    map[uptime.AlertKey]*uptime.Story
	done       []string
}

// Outage is the incident that the story is about.
type Outage struct {
	Incident   uptime.Incident
	Slug, Name string
}

// New tells the story of an outage that lasts, as it looks now.
func New(tenant uptime.TenantID, out Outage, now func() time.Time) *Desk {
	d := &Desk{Tenant: tenant, Now: now, stories: map[uptime.AlertKey]*uptime.Story{}}
	t := teller{tenant: tenant, out: out, now: now().UTC()}
	d.sinks, d.silences = t.sinks(), t.silences()
	d.deliveries = append(t.expiry(), t.outage()...)
	d.deliveries = append(d.deliveries, t.many(60)...)
	slices.SortStableFunc(d.deliveries, func(a, b uptime.Delivery) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	story := t.story()
	for _, one := range d.deliveries {
		if one.Thread == story.Thread.Key {
			story.Deliveries = append(story.Deliveries, one)
		}
	}
	d.stories[story.Alert.Key] = &story
	return d
}

// Empty is a desk of a monitor that has no sinks and has told nobody anything.
func Empty(tenant uptime.TenantID, now func() time.Time) *Desk {
	return &Desk{Tenant: tenant, Now: now, stories: map[uptime.AlertKey]*uptime.Story{}}
}

// Done is what was done, in order.
func (d *Desk) Done() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.done)
}

func (d *Desk) note(format string, args ...any) {
	d.done = append(d.done, fmt.Sprintf(format, args...))
}

// lock is for methods about one tenant.
func (d *Desk) lock(tenant uptime.TenantID) (unlock func(), ok bool) {
	d.mu.Lock()
	return d.mu.Unlock, tenant == d.Tenant
}

// Sinks returns the sinks of the story.
func (d *Desk) Sinks(_ context.Context, tenant uptime.TenantID) ([]uptime.SinkStatus, error) {
	unlock, ok := d.lock(tenant)
	defer unlock()
	if !ok {
		return nil, nil
	}
	return slices.Clone(d.sinks), nil
}

func (d *Desk) sink(tenant uptime.TenantID, name string) (*uptime.SinkStatus, error) {
	i := slices.IndexFunc(d.sinks, func(s uptime.SinkStatus) bool { return s.Name == name })
	if i < 0 || tenant != d.Tenant {
		return nil, fmt.Errorf("%w: no sink of that name", uptime.ErrNotFound)
	}
	return &d.sinks[i], nil
}

// TestSink works for sinks that work.
func (d *Desk) TestSink(_ context.Context, tenant uptime.TenantID, name, by string) error {
	unlock, _ := d.lock(tenant)
	defer unlock()
	s, err := d.sink(tenant, name)
	switch {
	case err != nil:
		return err
	case !s.Verified:
		return fmt.Errorf("%w: verify the sink first", uptime.ErrConflict)
	case !s.FailingSince.IsZero():
		return &uptime.Refusal{Temporary: true, Reason: "the service answered 503 Service Unavailable"}
	}
	d.note("test %s by %s", name, by)
	return nil
}

// Challenge sends the code 4711.
func (d *Desk) Challenge(_ context.Context, tenant uptime.TenantID, name, by string) error {
	unlock, _ := d.lock(tenant)
	defer unlock()
	s, err := d.sink(tenant, name)
	if err != nil {
		return err
	}
	s.Proof.Code, s.Proof.Expires = "hash of 4711", d.Now().Add(15*time.Minute)
	d.note("challenge %s by %s", name, by)
	return nil
}

// Prove takes the code 4711.
func (d *Desk) Prove(_ context.Context, tenant uptime.TenantID, name, code, by string) error {
	unlock, _ := d.lock(tenant)
	defer unlock()
	s, err := d.sink(tenant, name)
	if err != nil {
		return err
	}
	if s.Proof.Code == "" || code != "4711" {
		return fmt.Errorf("%w: this is not the code that was sent", uptime.ErrInvalid)
	}
	s.Verified, s.Proof = true, uptime.Proof{Tenant: tenant, Sink: name, Method: "code", Verified: d.Now(), Due: d.Now().Add(7 * 24 * time.Hour)}
	d.note("prove %s by %s", name, by)
	return nil
}

// Deliveries answers as a store does.
func (d *Desk) Deliveries(_ context.Context, tenant uptime.TenantID, q uptime.DeliveryQuery) ([]uptime.Delivery, error) {
	unlock, ok := d.lock(tenant)
	defer unlock()
	var out []uptime.Delivery
	if q.Limit == 0 {
		q.Limit = 50
	}
	for _, one := range slices.Backward(d.deliveries) {
		fits := (q.Sink == "" || q.Sink == one.Sink) && (q.State == "" || q.State == one.State) && (q.Thread == "" || q.Thread == one.Thread)
		after := q.Before.IsZero() || one.Created.Before(q.Before) || one.Created.Equal(q.Before) && one.ID < q.BeforeID
		if ok && fits && after && len(out) < q.Limit {
			out = append(out, one)
		}
	}
	return out, nil
}

func (d *Desk) delivery(tenant uptime.TenantID, id uptime.DeliveryID) (*uptime.Delivery, error) {
	i := slices.IndexFunc(d.deliveries, func(one uptime.Delivery) bool { return one.ID == id })
	if i < 0 || tenant != d.Tenant {
		return nil, fmt.Errorf("%w: no such delivery", uptime.ErrNotFound)
	}
	return &d.deliveries[i], nil
}

// Delivery returns one.
func (d *Desk) Delivery(_ context.Context, tenant uptime.TenantID, id uptime.DeliveryID) (uptime.Delivery, error) {
	unlock, _ := d.lock(tenant)
	defer unlock()
	one, err := d.delivery(tenant, id)
	if err != nil {
		return uptime.Delivery{}, err
	}
	return *one, nil
}

// ReplayDelivery makes one wait again.
func (d *Desk) ReplayDelivery(_ context.Context, tenant uptime.TenantID, id uptime.DeliveryID, by string) error {
	unlock, _ := d.lock(tenant)
	defer unlock()
	one, err := d.delivery(tenant, id)
	if err != nil {
		return err
	}
	if one.State != uptime.DeliveryDead && one.State != uptime.DeliverySent {
		return fmt.Errorf("%w: it is on its way already", uptime.ErrConflict)
	}
	one.State, one.Due, one.Ended = uptime.DeliveryWaiting, d.Now(), time.Time{}
	d.note("replay %s by %s", id, by)
	return nil
}

// Story returns what happened to an alert.
func (d *Desk) Story(_ context.Context, tenant uptime.TenantID, key uptime.AlertKey) (uptime.Story, error) {
	unlock, ok := d.lock(tenant)
	defer unlock()
	s := d.stories[key]
	if s == nil || !ok {
		return uptime.Story{}, fmt.Errorf("%w: no such alert", uptime.ErrNotFound)
	}
	return *s, nil
}

// Acknowledge takes an alert on.
func (d *Desk) Acknowledge(_ context.Context, tenant uptime.TenantID, key uptime.AlertKey, by, note string) error {
	unlock, ok := d.lock(tenant)
	defer unlock()
	s := d.stories[key]
	if s == nil || !ok {
		return fmt.Errorf("%w: no such alert", uptime.ErrNotFound)
	}
	if s.Thread.Acked.IsZero() {
		s.Thread.Acked, s.Thread.AckedBy = d.Now(), by
	}
	d.note("acknowledge %s by %s: %s", key, by, note)
	return nil
}

// Silences returns those that have not ended.
func (d *Desk) Silences(_ context.Context, tenant uptime.TenantID) ([]uptime.Silence, error) {
	unlock, ok := d.lock(tenant)
	defer unlock()
	if !ok {
		return nil, nil
	}
	return slices.Clone(d.silences), nil
}

// PutSilence adds one.
func (d *Desk) PutSilence(_ context.Context, s uptime.Silence) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if slices.Contains(s.Servers, "nowhere") {
		return fmt.Errorf("%w: there is no server %q", uptime.ErrNotFound, "nowhere")
	}
	d.silences = append(d.silences, s)
	d.note("silence %v %v %s for %s by %s: %s", s.Servers, s.Groups, s.Alert, s.Until.Sub(s.From), s.By, s.Note)
	return nil
}

// EndSilence removes one.
func (d *Desk) EndSilence(_ context.Context, tenant uptime.TenantID, id, by string) error {
	unlock, ok := d.lock(tenant)
	defer unlock()
	i := slices.IndexFunc(d.silences, func(s uptime.Silence) bool { return s.ID == id })
	if i < 0 || !ok {
		return fmt.Errorf("%w: no such silence", uptime.ErrNotFound)
	}
	d.silences = slices.Delete(d.silences, i, i+1)
	d.note("end %s by %s", id, by)
	return nil
}
