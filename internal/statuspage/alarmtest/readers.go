package alarmtest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Links are the signed links of the story's outage: a statuspage.Links. Its
// tokens are ack and silence; old has expired, foreign is another tenant's,
// stale says that it is valid while it is not, and forgotten is of an alert
// that nobody knows.
type Links struct {
	Desk *Desk
	Key  uptime.AlertKey
}

// Open knows the tokens.
func (l Links) Open(token string) (statuspage.Grant, error) {
	g := statuspage.Grant{Act: statuspage.LinkAcknowledge, Tenant: l.Desk.Tenant, Alert: l.Key, Sink: "on-call", Expires: l.Desk.Now().Add(20 * time.Hour)}
	switch token {
	case "ack":
	case "silence":
		g.Act = statuspage.LinkSilence
	case "foreign":
		g.Tenant = "someone-else"
	case "stale":
		g.Expires = l.Desk.Now()
	case "forgotten":
		g.Alert = "inc_forgotten"
	case "old":
		return g, fmt.Errorf("%w: the link has expired", uptime.ErrForbidden)
	default:
		return statuspage.Grant{}, fmt.Errorf("%w: no such link", uptime.ErrNotFound)
	}
	return g, nil
}

// Told returns the newest notice.
func (l Links) Told(_ context.Context, g statuspage.Grant) (uptime.Notice, error) {
	n, ok := l.Desk.Notice(g.Alert)
	if !ok {
		return n, fmt.Errorf("%w: no such alert", uptime.ErrNotFound)
	}
	return n, nil
}

// Acknowledge acknowledges in the name of the sink.
func (l Links) Acknowledge(ctx context.Context, g statuspage.Grant) error {
	return l.Desk.Acknowledge(ctx, g.Tenant, g.Alert, "a link of "+g.Sink, "")
}

// Silence silences in the name of the sink.
func (l Links) Silence(ctx context.Context, g statuspage.Grant, lasts time.Duration) error {
	if _, err := l.Desk.Story(ctx, g.Tenant, g.Alert); err != nil {
		return err
	}
	now := l.Desk.Now()
	return l.Desk.PutSilence(ctx, uptime.Silence{ID: "sil_link", Tenant: g.Tenant, Alert: g.Alert, From: now, Until: now.Add(lasts), By: "a link of " + g.Sink})
}

// Readers are subscribers: a statuspage.Subscribers. Its tokens are confirm-N
// and leave-N, where N is the place of the subscription, from 0.
type Readers struct {
	Tenant uptime.TenantID
	Offers []string // nil means e-mail and webhook

	mu   sync.Mutex
	subs []*uptime.Subscription // nil when gone
	done []string
}

// Done is what was done, in order.
func (r *Readers) Done() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.done...)
}

// Kinds are e-mail and webhook.
func (r *Readers) Kinds() []string {
	if r.Offers != nil {
		return r.Offers
	}
	return []string{statuspage.SubscribeEmail, statuspage.SubscribeWebhook}
}

// Patience is three minutes.
func (*Readers) Patience() time.Duration { return 3 * time.Minute }

// Subscribe notes a subscription. Addresses at refused.example are not
// contacted.
func (r *Readers) Subscribe(_ context.Context, tenant uptime.TenantID, kind, address string, servers []string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if strings.Contains(address, "refused.example") {
		return fmt.Errorf("%w: this address is not contacted", uptime.ErrInvalid)
	}
	sub := &uptime.Subscription{ID: fmt.Sprintf("sub_%d", len(r.subs)), Tenant: tenant, Kind: kind, Address: uptime.Secret(address), Servers: servers}
	if kind == statuspage.SubscribeWebhook {
		sub.Key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	}
	r.subs = append(r.subs, sub)
	r.done = append(r.done, fmt.Sprintf("subscribe %s %s %v", kind, address, servers))
	return nil
}

func (r *Readers) at(token, act string) (n int, err error) {
	if _, err := fmt.Sscanf(token, act+"-%d", &n); err != nil || n < 0 || n >= len(r.subs) {
		return 0, fmt.Errorf("%w: no such link", uptime.ErrNotFound)
	}
	return n, nil
}

// Peek returns the subscription of a token of either act.
func (r *Readers) Peek(_ context.Context, token string) (uptime.Subscription, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.at(token, "confirm")
	if err != nil {
		n, err = r.at(token, "leave")
	}
	if err != nil || r.subs[n] == nil {
		return uptime.Subscription{}, fmt.Errorf("%w: no such link", uptime.ErrNotFound)
	}
	return *r.subs[n], nil
}

// Confirm takes tokens that confirm.
func (r *Readers) Confirm(_ context.Context, token string) (uptime.Subscription, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.at(token, "confirm")
	if err != nil || r.subs[n] == nil {
		return uptime.Subscription{}, fmt.Errorf("%w: no such link", uptime.ErrNotFound)
	}
	r.done = append(r.done, "confirm "+r.subs[n].ID)
	sub := *r.subs[n]
	r.subs[n].Key = "" // it is shown once
	return sub, nil
}

// Unsubscribe takes tokens that leave.
func (r *Readers) Unsubscribe(_ context.Context, token string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.at(token, "leave")
	if err != nil {
		return err
	}
	r.subs[n] = nil
	r.done = append(r.done, "unsubscribe")
	return nil
}
