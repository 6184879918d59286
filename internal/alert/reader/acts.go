package reader

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Subscribe notes a wish and has the reader asked, soon. It answers the same
// whether the address is known or not: who wished the same before is asked again.
func (r *Readers) Subscribe(ctx context.Context, tenant uptime.TenantID, kind, address string, servers []string) error {
	if tenant != r.o.Tenant || !slices.Contains(r.o.Kinds, kind) {
		return fmt.Errorf("%w: this is not offered here", uptime.ErrInvalid)
	}
	r.keep.Lock()
	defer r.keep.Unlock()
	s, err := r.wish(ctx, kind, address, servers)
	if err != nil {
		return err
	}
	select {
	case r.asks <- s:
	default:
		r.o.Logger.WarnContext(ctx, "too many readers subscribe at once: one has to ask again")
	}
	return nil
}

// wish returns the subscription that the reader is to confirm, stored.
func (r *Readers) wish(ctx context.Context, kind, address string, servers []string) (uptime.Subscription, error) {
	mark, err := r.o.Seals.Fingerprint(ctx, r.o.Tenant, wishText(kind, address, servers))
	if err != nil {
		return uptime.Subscription{}, fmt.Errorf("storing a subscription: %w", err)
	}
	known, err := r.o.Rows.SubscriptionBy(ctx, r.o.Tenant, mark)
	if err == nil {
		if s, ok := r.Find(known.ID); ok {
			return s, nil
		}
	} else if !errors.Is(err, uptime.ErrNotFound) {
		return uptime.Subscription{}, err
	}
	r.mu.RLock()
	full := len(r.byID) >= most
	r.mu.RUnlock()
	if full {
		return uptime.Subscription{}, fmt.Errorf("%w: no more readers can subscribe here; follow the feed instead", uptime.ErrInvalid)
	}
	s := uptime.Subscription{
		ID: newID(), Tenant: r.o.Tenant, Kind: kind, Address: uptime.Secret(address), Key: newKey(kind),
		Servers: servers, Created: r.o.Now().UTC(),
	}
	return s, r.put(ctx, s)
}

// Peek returns the subscription of a token of either act, and changes nothing.
func (r *Readers) Peek(ctx context.Context, token string) (uptime.Subscription, error) {
	for _, purpose := range []string{forConfirm, forUnsubscribe} {
		if s, err := r.read(ctx, purpose, token); err == nil {
			s.Key = ""
			return s, nil
		}
	}
	return uptime.Subscription{}, errLink()
}

func errLink() error {
	return fmt.Errorf("%w: this link is not one of ours, too old, or the subscription is gone", uptime.ErrNotFound)
}

func (r *Readers) read(ctx context.Context, purpose, token string) (uptime.Subscription, error) {
	tenant, id, err := r.o.Seals.Check(ctx, purpose, token, r.o.Now())
	if err != nil {
		return uptime.Subscription{}, errLink()
	}
	s, ok := r.Find(string(id))
	if !ok || s.Tenant != tenant {
		return uptime.Subscription{}, errLink()
	}
	return s, nil
}

// Confirm begins to tell the reader. The first time it returns the key that signs
// what a webhook gets, and never again.
func (r *Readers) Confirm(ctx context.Context, token string) (uptime.Subscription, error) {
	r.keep.Lock()
	defer r.keep.Unlock()
	s, err := r.read(ctx, forConfirm, token)
	if err != nil {
		return uptime.Subscription{}, err
	}
	if !s.Confirmed.IsZero() {
		s.Key = ""
		return s, nil
	}
	s.Confirmed = r.o.Now().UTC()
	if err := r.put(ctx, s); err != nil {
		return uptime.Subscription{}, err
	}
	r.o.Changed()
	return s, nil
}

// Unsubscribe forgets a subscription, and all that was to be sent. One that is
// gone already is no error.
func (r *Readers) Unsubscribe(ctx context.Context, token string) error {
	tenant, id, err := r.o.Seals.Check(ctx, forUnsubscribe, token, r.o.Now())
	if err != nil || tenant != r.o.Tenant {
		return errLink()
	}
	return r.drop(ctx, string(id))
}

func (r *Readers) drop(ctx context.Context, id string) error {
	r.keep.Lock()
	defer r.keep.Unlock()
	if err := r.o.Rows.DropSubscription(ctx, r.o.Tenant, id); err != nil && !errors.Is(err, uptime.ErrNotFound) {
		return fmt.Errorf("ending subscription %s: %w", id, err)
	}
	r.mu.Lock()
	delete(r.byID, id)
	r.mu.Unlock()
	r.o.Changed()
	return nil
}

// Leave returns the address where a reader ends a subscription.
func (r *Readers) Leave(ctx context.Context, id string) (string, error) {
	token, err := r.o.Seals.Token(ctx, r.o.Tenant, forUnsubscribe, []byte(id), time.Time{})
	if err != nil {
		return "", fmt.Errorf("signing the link that ends subscription %s: %w", id, err)
	}
	return r.o.UnsubscribeURL(token), nil
}

// Run asks readers to confirm, and forgets those who never did, until ctx ends.
func (r *Readers) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s := <-r.asks:
			if err := r.ask(ctx, s); err != nil && ctx.Err() == nil {
				r.o.Logger.WarnContext(ctx, "a reader could not be asked to confirm", "subscription", s.ID, "error", err)
			}
		case <-tick.C:
			r.forget(ctx)
		}
	}
}

func (r *Readers) ask(ctx context.Context, s uptime.Subscription) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	token, err := r.o.Seals.Token(ctx, s.Tenant, forConfirm, []byte(s.ID), r.o.Now().Add(confirmLife))
	if err != nil {
		return err
	}
	return r.o.Ask(ctx, s, r.o.ConfirmURL(token))
}

// forget drops the wishes that nobody confirmed.
func (r *Readers) forget(ctx context.Context) {
	var old []string
	r.mu.RLock()
	for id, s := range r.byID {
		if s.Confirmed.IsZero() && r.o.Now().Sub(s.Created) > forgetAfter {
			old = append(old, id)
		}
	}
	r.mu.RUnlock()
	for _, id := range old {
		if err := r.drop(ctx, id); err != nil {
			r.o.Logger.WarnContext(ctx, "a wish that nobody confirmed could not be forgotten", "error", err)
		}
	}
}

func randomKey() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}
