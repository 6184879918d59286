package sqlite

import (
	"compress/flate"
	"context"
	"database/sql"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// PutContract keeps a contract, once by hash, and lets the tenant see it.
func (s *Store) PutContract(ctx context.Context, tenant uptime.TenantID, c uptime.Contract) error {
	if c.Hash == "" || tenant == "" {
		return fmt.Errorf("%w: a contract without a hash or a tenant", uptime.ErrInvalid)
	}
	snapshot, err := packed(c.Snapshot, flate.DefaultCompression)
	if err != nil {
		return fmt.Errorf("packing contract %s: %w", c.Hash, err)
	}
	return s.write(ctx, "storing contract "+c.Hash, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO contracts (hash, contract_hash, tools, bytes, tokens, snapshot) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (hash) DO NOTHING`,
			c.Hash, c.ContractHash, c.Tools, c.Bytes, c.Tokens, snapshot)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO contract_owners (tenant, hash, since) VALUES (?, ?, ?)
			ON CONFLICT (tenant, hash) DO UPDATE SET since = excluded.since`,
			tenant, c.Hash, s.now().UnixNano())
		return err
	})
}

// Contract returns a contract that a server of the tenant has shown.
func (s *Store) Contract(ctx context.Context, tenant uptime.TenantID, hash string) (uptime.Contract, error) {
	c, err := one(ctx, s.reader, func(row scanner) (c uptime.Contract, err error) {
		var snapshot []byte
		if err := row.Scan(&c.Hash, &c.ContractHash, &c.Tools, &c.Bytes, &c.Tokens, &snapshot); err != nil {
			return c, err
		}
		c.Snapshot, err = unpacked(snapshot)
		return c, err
	}, `
		SELECT c.hash, c.contract_hash, c.tools, c.bytes, c.tokens, c.snapshot
		FROM contracts c JOIN contract_owners o ON o.hash = c.hash
		WHERE o.tenant = ? AND c.hash = ?`, tenant, hash)
	return c, explain(fmt.Sprintf("reading contract %q", hash), err)
}

// referenced is the condition that a contract of contract_owners is in a drift
// or a baseline of its tenant.
const referenced = `(
	EXISTS (SELECT 1 FROM drifts d WHERE d.tenant = contract_owners.tenant AND contract_owners.hash IN (d.from_hash, d.to_hash))
	OR EXISTS (SELECT 1 FROM baselines b, json_each(b.accepted) a WHERE b.tenant = contract_owners.tenant AND a.value = contract_owners.hash)
	OR EXISTS (SELECT 1 FROM baselines b, json_each(b.shown) a WHERE b.tenant = contract_owners.tenant AND a.value = contract_owners.hash))`

// disown takes those of the contracts from a tenant that nothing refers to any
// more, and drops contracts that no tenant has. It returns how many it dropped.
func disown(ctx context.Context, tx *sql.Tx, tenant uptime.TenantID, hashes []string) (int64, error) {
	for _, hash := range hashes {
		_, err := tx.ExecContext(ctx, `DELETE FROM contract_owners WHERE tenant = ? AND hash = ? AND NOT `+referenced, tenant, hash)
		if err != nil {
			return 0, err
		}
	}
	done, err := tx.ExecContext(ctx, `DELETE FROM contracts WHERE hash NOT IN (SELECT hash FROM contract_owners)`)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}
