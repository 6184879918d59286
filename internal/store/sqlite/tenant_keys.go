package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TenantKey returns the wrapped data key of a tenant.
func (s *Store) TenantKey(ctx context.Context, tenant uptime.TenantID) ([]byte, error) {
	wrapped, err := tenantKey(ctx, s.reader, tenant)
	return wrapped, explain(fmt.Sprintf("reading the key of tenant %q", tenant), err)
}

func tenantKey(ctx context.Context, db rows, tenant uptime.TenantID) ([]byte, error) {
	return one(ctx, db, value[[]byte], `SELECT wrapped FROM tenant_keys WHERE tenant = ?`, tenant)
}

// PutTenantKey replaces the wrapped data key of a tenant: old, which is nil when
// there is none yet. uptime.ErrConflict means that another has replaced it: what
// was sealed with a key that is lost cannot be opened again.
func (s *Store) PutTenantKey(ctx context.Context, tenant uptime.TenantID, old, wrapped []byte) error {
	if tenant == "" || len(wrapped) == 0 {
		return fmt.Errorf("%w: no key, or a key of no tenant", uptime.ErrInvalid)
	}
	return s.write(ctx, fmt.Sprintf("storing the key of tenant %q", tenant), func(tx *sql.Tx) error {
		now, err := tenantKey(ctx, tx, tenant)
		if err != nil && !errors.Is(err, uptime.ErrNotFound) {
			return err
		}
		if !bytes.Equal(now, old) {
			return fmt.Errorf("%w: it has another one", uptime.ErrConflict)
		}
		_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO tenant_keys (tenant, wrapped) VALUES (?, ?)`, tenant, wrapped)
		return err
	})
}

// KeyTenants returns the tenants that have a data key.
func (s *Store) KeyTenants(ctx context.Context) ([]uptime.TenantID, error) {
	out, err := list(ctx, s.reader, value[uptime.TenantID], `SELECT tenant FROM tenant_keys ORDER BY tenant`)
	return out, explain("reading whose keys there are", err)
}
