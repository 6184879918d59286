package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Proofs returns how it is known of each of the tenant's sinks that its owner
// wants what is sent there, by name.
func (s *Store) Proofs(ctx context.Context, tenant uptime.TenantID) ([]uptime.Proof, error) {
	out, err := list(ctx, s.reader, func(row scanner) (p uptime.Proof, err error) {
		var verified, due, expires, stopped sql.NullInt64
		err = row.Scan(&p.Tenant, &p.Sink, &p.Address, &p.Method, &verified, &due, &p.Code, &expires, &p.Tries, &stopped, &p.Failed)
		p.Verified, p.Due, p.Expires, p.Stopped = timeOf(verified), timeOf(due), timeOf(expires), timeOf(stopped)
		return p, err
	}, `
		SELECT tenant, sink, address, method, verified, due, code, expires, tries, stopped, failed
		FROM proofs WHERE tenant = ? ORDER BY sink`, tenant)
	return out, explain("reading the proofs of sinks", err)
}

// PutProof replaces the proof of a sink.
func (s *Store) PutProof(ctx context.Context, p uptime.Proof) error {
	if p.Tenant == "" || p.Sink == "" {
		return fmt.Errorf("%w: a proof without a tenant or a sink", uptime.ErrInvalid)
	}
	return s.write(ctx, fmt.Sprintf("storing the proof of sink %q", p.Sink), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT OR REPLACE INTO proofs (tenant, sink, address, method, verified, due, code, expires, tries, stopped, failed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			p.Tenant, p.Sink, p.Address, p.Method, nanos(p.Verified), nanos(p.Due), p.Code, nanos(p.Expires), p.Tries, nanos(p.Stopped), p.Failed)
		return err
	})
}
