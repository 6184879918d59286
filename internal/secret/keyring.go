package secret

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Keys keeps the wrapped data keys. The keyring is its only caller, and calls it
// from several goroutines.
type Keys interface {
	// TenantKey returns a tenant's wrapped data key; uptime.ErrNotFound when it has
	// none.
	TenantKey(ctx context.Context, tenant uptime.TenantID) ([]byte, error)
	// PutTenantKey replaces old, which is nil when there is none yet, durably;
	// uptime.ErrConflict when something else is there.
	PutTenantKey(ctx context.Context, tenant uptime.TenantID, old, wrapped []byte) error
}

// Options say where the keys are.
type Options struct {
	// Path is the key file. It is created when there is none.
	Path string
	Keys Keys
}

// Keyring seals, signs and fingerprints for every tenant. It is safe for
// concurrent use.
type Keyring struct {
	path string
	keys Keys
	// rotating is held while the key of the file is replaced, and making by all
	// who wrap by it: what is stored late must not be wrapped by a key that is gone.
	rotating sync.Mutex
	making   sync.RWMutex

	mu      sync.RWMutex
	current wrapper
	old     *wrapper // that may still have wrapped some; nil for none
	tenants map[uptime.TenantID]*tenantKeys
}

// Open reads the key file, or creates it. uptime.ErrForbidden means that others
// may read it, uptime.ErrInvalid that it holds no key.
func Open(o Options) (*Keyring, error) {
	if err := firstKeyFile(o.Path, os.Link); err != nil {
		return nil, err
	}
	k := &Keyring{path: o.Path, keys: o.Keys, tenants: map[uptime.TenantID]*tenantKeys{}}
	return k, k.load()
}

// load reads the key in use, and the former one when it is still there.
func (k *Keyring) load() error {
	current, err := readKeyFile(k.path)
	if err != nil {
		return err
	}
	old, err := readKeyFile(k.path + oldSuffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current, k.old = current, nil
	if err == nil {
		k.old = &old
	}
	return nil
}

// wrappers returns the key in use and the former one, nil for none.
func (k *Keyring) wrappers() (current wrapper, old *wrapper) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.current, k.old
}

// unwrap returns a data key, whichever key has wrapped it.
func (k *Keyring) unwrap(tenant uptime.TenantID, wrapped []byte) ([]byte, error) {
	current, old := k.wrappers()
	by := &current
	if old != nil && !current.made(wrapped) {
		by = old
	}
	key, err := by.unwrap(tenant, wrapped)
	if err == nil && len(key) != keyBytes {
		err = fmt.Errorf("%w: it has %d bytes", uptime.ErrInvalid, len(key))
	}
	if err != nil {
		return nil, fmt.Errorf("unwrapping the data key of tenant %q with the key file %s: %w: restore the key file that belongs to this database", tenant, k.path, err)
	}
	return key, nil
}

// of returns a tenant's keys. uptime.ErrNotFound means that it has none.
func (k *Keyring) of(ctx context.Context, tenant uptime.TenantID) (*tenantKeys, error) {
	k.mu.RLock()
	known := k.tenants[tenant]
	k.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	keys, err := k.read(ctx, tenant)
	if errors.Is(err, uptime.ErrInvalid) { // wrapped anew between reading and unwrapping
		keys, err = k.read(ctx, tenant)
	}
	return keys, err
}

func (k *Keyring) read(ctx context.Context, tenant uptime.TenantID) (*tenantKeys, error) {
	wrapped, err := k.keys.TenantKey(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("reading the data key of tenant %q: %w", tenant, err)
	}
	return k.learn(tenant, wrapped)
}

// learn remembers a tenant's keys.
func (k *Keyring) learn(tenant uptime.TenantID, wrapped []byte) (*tenantKeys, error) {
	key, err := k.unwrap(tenant, wrapped)
	if err != nil {
		return nil, err
	}
	keys, err := newTenantKeys(key)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tenants[tenant] = keys
	return keys, nil
}

// ensured returns a tenant's keys, and makes them when there are none. Of two
// that do so at the same time, the first to store wins.
func (k *Keyring) ensured(ctx context.Context, tenant uptime.TenantID) (*tenantKeys, error) {
	keys, err := k.of(ctx, tenant)
	if !errors.Is(err, uptime.ErrNotFound) {
		return keys, err
	}
	k.making.RLock()
	defer k.making.RUnlock()
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	current, _ := k.wrappers()
	err = k.keys.PutTenantKey(ctx, tenant, nil, current.wrap(tenant, key))
	if err != nil && !errors.Is(err, uptime.ErrConflict) {
		return nil, fmt.Errorf("storing the data key of tenant %q: %w", tenant, err)
	}
	return k.of(ctx, tenant)
}
