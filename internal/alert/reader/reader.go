// Package reader keeps the readers of status pages who want to be told: who
// asked, who confirmed, and where they are, which is sealed at rest.
package reader

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// confirmLife is how long a reader may take to say yes, and forgetAfter when a
	// wish that nobody confirmed is forgotten.
	confirmLife = 48 * time.Hour
	forgetAfter = 72 * time.Hour
	// most bounds the subscriptions of a tenant, and queue the confirmations that
	// wait to be sent.
	most  = 50_000
	queue = 256
	// askTime bounds one confirmation on its way.
	askTime = time.Minute
)

// The purposes of tokens.
const (
	forConfirm     = "subscription.confirm"
	forUnsubscribe = "subscription.end"
)

// Rows is where subscriptions last. What a method changed is durable when it
// returns; what is not there is uptime.ErrNotFound.
type Rows interface {
	PutSubscription(ctx context.Context, s uptime.SealedSubscription) error
	SubscriptionBy(ctx context.Context, tenant uptime.TenantID, fingerprint string) (uptime.SealedSubscription, error)
	Subscriptions(ctx context.Context, tenant uptime.TenantID) ([]uptime.SealedSubscription, error)
	DropSubscription(ctx context.Context, tenant uptime.TenantID, id string) error
}

// Seals keeps addresses from whoever reads the database, and signs tokens.
type Seals interface {
	// Seal and Open are of the subscription with this id, and no other.
	Seal(ctx context.Context, tenant uptime.TenantID, id string, plain []byte) ([]byte, error)
	Open(ctx context.Context, tenant uptime.TenantID, id string, sealed []byte) ([]byte, error)
	// Token signs a payload; Check returns it. A zero time never comes.
	Token(ctx context.Context, tenant uptime.TenantID, purpose string, payload []byte, expires time.Time) (string, error)
	Check(ctx context.Context, purpose, token string, now time.Time) (uptime.TenantID, []byte, error)
	Fingerprint(ctx context.Context, tenant uptime.TenantID, text string) (string, error)
}

// Options say what Readers work with. All but Now and Logger are needed.
type Options struct {
	Tenant uptime.TenantID
	Rows   Rows
	Seals  Seals
	// Kinds are those that can be subscribed to: email, webhook.
	Kinds []string
	// Patience is how long something must last before readers are told: a flap tells
	// nobody.
	Patience time.Duration
	// Ask sends a reader the address of the page that confirms.
	Ask func(ctx context.Context, s uptime.Subscription, url string) error
	// ConfirmURL and UnsubscribeURL are the addresses of a token's page.
	ConfirmURL, UnsubscribeURL func(token string) string
	// Changed is told when somebody came or went. It must not call Readers.
	Changed func()
	Now     func() time.Time // nil for time.Now
	Logger  *slog.Logger     // nil for none
}

// Readers are the readers of one tenant's pages.
type Readers struct {
	o    Options
	asks chan uptime.Subscription
	keep sync.Mutex // held from reading a subscription until its change is stored

	mu   sync.RWMutex
	byID map[string]uptime.Subscription
}

// New returns Readers that know nobody yet: call Open.
func New(o Options) *Readers {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Readers{o: o, asks: make(chan uptime.Subscription, queue), byID: map[string]uptime.Subscription{}}
}

// Open reads who there is. One whose address cannot be opened is left out, and
// told of in the log.
func (r *Readers) Open(ctx context.Context) error {
	rows, err := r.o.Rows.Subscriptions(ctx, r.o.Tenant)
	if err != nil {
		return fmt.Errorf("reading the readers' subscriptions: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range rows {
		s, err := r.opened(ctx, row)
		if err != nil {
			r.o.Logger.ErrorContext(ctx, "a reader's address cannot be opened: is this the right key file?", "subscription", row.ID, "error", err)
			continue
		}
		r.byID[s.ID] = s
	}
	return nil
}

// where is what is sealed.
type where struct {
	Address string `json:"address"`
	Key     string `json:"key,omitempty"`
}

func (r *Readers) opened(ctx context.Context, row uptime.SealedSubscription) (uptime.Subscription, error) {
	plain, err := r.o.Seals.Open(ctx, row.Tenant, row.ID, row.Sealed)
	if err != nil {
		return uptime.Subscription{}, err
	}
	var w where
	if err := json.Unmarshal(plain, &w); err != nil {
		return uptime.Subscription{}, errors.New("the sealed text is not what it should be")
	}
	return uptime.Subscription{
		ID: row.ID, Tenant: row.Tenant, Kind: row.Kind, Address: uptime.Secret(w.Address), Key: uptime.Secret(w.Key),
		Servers: row.Servers, Created: row.Created, Confirmed: row.Confirmed,
	}, nil
}

// put stores a subscription and then knows it.
func (r *Readers) put(ctx context.Context, s uptime.Subscription) error {
	mark, err := r.o.Seals.Fingerprint(ctx, s.Tenant, wishText(s.Kind, s.Address.Reveal(), s.Servers))
	if err != nil {
		return fmt.Errorf("storing a subscription: %w", err)
	}
	plain, err := json.Marshal(where{s.Address.Reveal(), s.Key.Reveal()})
	if err != nil {
		return fmt.Errorf("storing a subscription: %w", err)
	}
	sealed, err := r.o.Seals.Seal(ctx, s.Tenant, s.ID, plain)
	if err != nil {
		return fmt.Errorf("sealing a subscription: %w", err)
	}
	row := uptime.SealedSubscription{
		ID: s.ID, Tenant: s.Tenant, Kind: s.Kind, Sealed: sealed, Fingerprint: mark,
		Servers: s.Servers, Created: s.Created, Confirmed: s.Confirmed,
	}
	if err := r.o.Rows.PutSubscription(ctx, row); err != nil {
		return err
	}
	r.mu.Lock()
	r.byID[s.ID] = s
	r.mu.Unlock()
	return nil
}

// Patience is how long something must last before readers are told.
func (r *Readers) Patience() time.Duration { return r.o.Patience }

// Kinds are those that can be subscribed to.
func (r *Readers) Kinds() []string { return slices.Clone(r.o.Kinds) }

// Find returns a subscription.
func (r *Readers) Find(id string) (uptime.Subscription, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.byID[id]
	return s, ok
}

// Sinks returns those who confirmed, as the router knows them, by id.
func (r *Readers) Sinks() []uptime.Sink {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]uptime.Sink, 0, len(r.byID))
	for _, s := range r.byID {
		if s.Confirmed.IsZero() {
			continue
		}
		out = append(out, uptime.Sink{
			Tenant: s.Tenant, Name: s.ID, Type: s.Kind, Least: uptime.P2, Final: true, Patience: r.o.Patience,
			Verified: true, Servers: s.Servers, Public: true, Subscriber: true,
		})
	}
	slices.SortFunc(out, func(a, b uptime.Sink) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// wishText is what tells one wish from another: who wants to be told what.
func wishText(kind, address string, servers []string) string {
	servers = slices.Sorted(slices.Values(servers))
	return kind + " " + address + " " + strings.Join(servers, " ")
}

// newKey returns a key of Standard Webhooks for a webhook, nothing for a mail.
func newKey(kind string) uptime.Secret {
	if kind != "webhook" {
		return ""
	}
	return uptime.Secret("whsec_" + randomKey())
}

func newID() string { return "sub_" + rand.Text()[:20] }
