package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const selectSubscriptions = `SELECT tenant, id, kind, sealed, fingerprint, slugs, created, confirmed FROM subscriptions`

func scanSubscription(row scanner) (s uptime.SealedSubscription, err error) {
	var slugs string
	var created, confirmed sql.NullInt64
	err = row.Scan(&s.Tenant, &s.ID, &s.Kind, &s.Sealed, &s.Fingerprint, &slugs, &created, &confirmed)
	if err != nil {
		return s, err
	}
	s.Created, s.Confirmed = timeOf(created), timeOf(confirmed)
	s.Servers, err = wordsOf(slugs)
	return s, err
}

// PutSubscription replaces the subscription with this id. uptime.ErrConflict
// means that the same reader has another one.
func (s *Store) PutSubscription(ctx context.Context, sub uptime.SealedSubscription) error {
	if sub.Tenant == "" || sub.ID == "" || sub.Fingerprint == "" || sub.Created.IsZero() {
		return fmt.Errorf("%w: subscription %q lacks its tenant, id, fingerprint or time", uptime.ErrInvalid, sub.ID)
	}
	return s.write(ctx, fmt.Sprintf("storing subscription %q", sub.ID), func(tx *sql.Tx) error {
		taken, err := one(ctx, tx, value[bool], `
			SELECT EXISTS (SELECT 1 FROM subscriptions WHERE tenant = ? AND fingerprint = ? AND id <> ?)`, sub.Tenant, sub.Fingerprint, sub.ID)
		if err != nil {
			return err
		}
		if taken {
			return fmt.Errorf("%w: the same reader has another one", uptime.ErrConflict)
		}
		_, err = tx.ExecContext(ctx, `
			INSERT OR REPLACE INTO subscriptions (tenant, id, kind, sealed, fingerprint, slugs, created, confirmed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			sub.Tenant, sub.ID, sub.Kind, blob(sub.Sealed), sub.Fingerprint, words(sub.Servers), nanos(sub.Created), nanos(sub.Confirmed))
		return err
	})
}

// Subscription returns a subscription.
func (s *Store) Subscription(ctx context.Context, tenant uptime.TenantID, id string) (uptime.SealedSubscription, error) {
	sub, err := one(ctx, s.reader, scanSubscription, selectSubscriptions+` WHERE tenant = ? AND id = ?`, tenant, id)
	return sub, explain(fmt.Sprintf("reading subscription %q", id), err)
}

// SubscriptionBy returns the subscription of the reader with this fingerprint.
func (s *Store) SubscriptionBy(ctx context.Context, tenant uptime.TenantID, fingerprint string) (uptime.SealedSubscription, error) {
	sub, err := one(ctx, s.reader, scanSubscription, selectSubscriptions+` WHERE tenant = ? AND fingerprint = ?`, tenant, fingerprint)
	return sub, explain("reading the subscription of a reader", err)
}

// Subscriptions returns all of a tenant's subscriptions, oldest first.
func (s *Store) Subscriptions(ctx context.Context, tenant uptime.TenantID) ([]uptime.SealedSubscription, error) {
	out, err := list(ctx, s.reader, scanSubscription, selectSubscriptions+` WHERE tenant = ? ORDER BY created, id`, tenant)
	return out, explain("reading the subscriptions", err)
}

// DropSubscription forgets a subscription and everything that was, or was to be,
// sent to its reader.
func (s *Store) DropSubscription(ctx context.Context, tenant uptime.TenantID, id string) error {
	return s.write(ctx, fmt.Sprintf("dropping subscription %q", id), func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `DELETE FROM subscriptions WHERE tenant = ? AND id = ?`, tenant, id)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return orNotFound(err)
		}
		return dropSinks(ctx, tx, tenant, []string{id})
	})
}

func orNotFound(err error) error {
	if err != nil {
		return err
	}
	return uptime.ErrNotFound
}

// dropSinks forgets the deliveries of sinks that are no more.
func dropSinks(ctx context.Context, tx *sql.Tx, tenant uptime.TenantID, sinks []string) error {
	for _, table := range []string{"deliveries", "delivery_refs", "sink_ends", "proofs"} {
		_, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE tenant = ? AND sink IN (SELECT value FROM json_each(?))`, tenant, words(sinks))
		if err != nil {
			return err
		}
	}
	return nil
}
