package secret

import (
	"context"
	"errors"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Holders says who has a data key.
type Holders interface {
	// KeyTenants returns every tenant that has one.
	KeyTenants(ctx context.Context) ([]uptime.TenantID, error)
}

// Rotate replaces the key of the file, wraps every data key by the new one, and
// returns how many these are. What was sealed before still opens. The former key
// stays beside the file until nothing needs it any more: killed at any moment, or
// after an error, everything still opens, and Finish, or the next Rotate before it
// replaces the key again, finishes what this one has begun. Only one process may
// rotate, and every other one that has the file open has to be started again.
//
// uptime.ErrConflict means that the file is not the one that was opened: nothing
// was done.
func (k *Keyring) Rotate(ctx context.Context, who Holders) (wrapped int, err error) {
	k.rotating.Lock()
	defer k.rotating.Unlock()
	if err := k.same(); err != nil {
		return 0, err
	}
	if _, err := k.finish(ctx, who); err != nil {
		return 0, err
	}
	if err := k.replace(); err != nil {
		return 0, err
	}
	return k.finish(ctx, who)
}

// Finish ends a rotation that was interrupted. Without one it does nothing.
func (k *Keyring) Finish(ctx context.Context, who Holders) error {
	k.rotating.Lock()
	defer k.rotating.Unlock()
	_, err := k.finish(ctx, who)
	return err
}

// same refuses to replace a key that nothing was wrapped by: then the key in use
// would be nowhere.
func (k *Keyring) same() error {
	found, err := readKeyFile(k.path)
	if err != nil {
		return fmt.Errorf("replacing the key: %w", err)
	}
	if current, _ := k.wrappers(); found.id != current.id {
		return fmt.Errorf("%w: the key file %s holds another key than when the monitor was started: put the former one back", uptime.ErrConflict, k.path)
	}
	return nil
}

// replace makes a new key the one in use.
func (k *Keyring) replace() error {
	k.making.Lock()
	defer k.making.Unlock()
	if err := replaceKeyFile(k.path); err != nil {
		return err
	}
	return k.load()
}

// finish wraps by the key in use what the former one has wrapped, removes that,
// and returns how many there are; without a former key there is nothing to do.
func (k *Keyring) finish(ctx context.Context, who Holders) (wrapped int, err error) {
	if _, old := k.wrappers(); old == nil {
		return 0, nil
	}
	tenants, err := who.KeyTenants(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading whose data keys there are: %w", err)
	}
	for _, tenant := range tenants {
		if err := k.rewrap(ctx, tenant); err != nil {
			return 0, err
		}
	}
	if err := dropOld(k.path); err != nil {
		return 0, err
	}
	return len(tenants), k.load()
}

// rewrap wraps a tenant's data key by the key in use. A key that changed
// meanwhile is looked at again.
func (k *Keyring) rewrap(ctx context.Context, tenant uptime.TenantID) error {
	for {
		wrapped, err := k.keys.TenantKey(ctx, tenant)
		if errors.Is(err, uptime.ErrNotFound) {
			return nil // erased meanwhile
		}
		if err != nil {
			return fmt.Errorf("reading the data key of tenant %q: %w", tenant, err)
		}
		current, _ := k.wrappers()
		key, err := k.unwrap(tenant, wrapped)
		if err != nil || current.made(wrapped) {
			return err
		}
		err = k.keys.PutTenantKey(ctx, tenant, wrapped, current.wrap(tenant, key))
		if !errors.Is(err, uptime.ErrConflict) {
			return err
		}
	}
}
