package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// baselines returns the baselines of all servers of all tenants.
func baselines(ctx context.Context, db rows) ([]uptime.Baseline, error) {
	return list(ctx, db, func(row scanner) (b uptime.Baseline, err error) {
		var accepted string
		var shown []byte
		if err := row.Scan(&b.Tenant, &b.Server, &accepted, &shown); err != nil {
			return b, err
		}
		if b.Accepted, err = wordsOf(accepted); err != nil {
			return b, err
		}
		if err := json.Unmarshal(shown, &b.Shown); err != nil {
			return b, fmt.Errorf("reading what %s has shown: %w", b.Server, err)
		}
		return b, nil
	}, `
		SELECT b.tenant, s.id, b.accepted, b.shown FROM baselines b JOIN servers s ON s.num = b.server
		ORDER BY b.tenant, s.id`)
}

// putBaseline replaces a baseline. Accepted hashes that leave out the one that
// an operator accepted last come from a recorder that has not heard of it: then
// only what was shown is taken.
func putBaseline(ctx context.Context, tx *sql.Tx, b *uptime.Baseline) error {
	shown, err := encoded(b.Shown)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO baselines (server, tenant, accepted, shown)
		SELECT num, tenant, ?, ? FROM servers WHERE tenant = ? AND id = ?
		ON CONFLICT (server) DO UPDATE SET
			shown = excluded.shown,
			accepted = CASE WHEN pinned = '' OR pinned IN (SELECT value FROM json_each(excluded.accepted))
				THEN excluded.accepted ELSE baselines.accepted END`,
		words(b.Accepted), shown, b.Tenant, b.Server)
	return err
}

// pin makes a hash the only accepted one.
func pin(ctx context.Context, tx *sql.Tx, tenant uptime.TenantID, server sql.NullInt64, hash string) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO baselines (server, tenant, accepted, shown, pinned) VALUES (?, ?, ?, 'null', ?)
		ON CONFLICT (server) DO UPDATE SET accepted = excluded.accepted, pinned = excluded.pinned`,
		server, tenant, words([]string{hash}), hash)
	return err
}
