package secret

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// tenantKeys are what a tenant's data key is used for, each with a key of its
// own.
type tenantKeys struct {
	box
	sign, fingerprint []byte
}

func newTenantKeys(key []byte) (*tenantKeys, error) {
	b, err := newBox(key, "seal")
	if err != nil {
		return nil, err
	}
	sign, err := derive(key, "sign")
	if err != nil {
		return nil, err
	}
	fingerprint, err := derive(key, "fingerprint")
	return &tenantKeys{box: b, sign: sign, fingerprint: fingerprint}, err
}

// Place is where a sealed value belongs. It opens in no other place.
type Place struct {
	Tenant uptime.TenantID
	// Purpose is a word for what is sealed, such as subscription.
	Purpose string
	// ID names the row.
	ID string
}

func (p Place) data() []byte { return joined("value", p.Purpose, string(p.Tenant), p.ID) }

// Seal returns the sealed form of at most 1 MiB, with the data key of the place's
// tenant, which is made when there is none.
func (k *Keyring) Seal(ctx context.Context, p Place, plain []byte) ([]byte, error) {
	if len(plain) > maxPlain {
		return nil, fmt.Errorf("%w: %d bytes are too many to seal", uptime.ErrInvalid, len(plain))
	}
	keys, err := k.ensured(ctx, p.Tenant)
	if err != nil {
		return nil, err
	}
	return keys.seal(plain, p.data()), nil
}

// Open returns what Seal has sealed for this place. uptime.ErrInvalid means that
// it is for another, or was changed.
func (k *Keyring) Open(ctx context.Context, p Place, sealed []byte) ([]byte, error) {
	keys, err := k.of(ctx, p.Tenant)
	if err != nil {
		return nil, err
	}
	plain, err := keys.open(sealed, p.data())
	if err != nil {
		return nil, fmt.Errorf("opening a %s of tenant %q: %w", p.Purpose, p.Tenant, err)
	}
	return plain, nil
}

// Fingerprint returns a keyed hash of a text, 32 hexadecimal digits: the same for
// the same text of the same tenant, and of no use to whoever has no key.
func (k *Keyring) Fingerprint(ctx context.Context, tenant uptime.TenantID, text string) (string, error) {
	keys, err := k.ensured(ctx, tenant)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, keys.fingerprint)
	_, _ = mac.Write([]byte(text)) // a hash takes everything
	return hex.EncodeToString(mac.Sum(nil)[:16]), nil
}
