package sqlite

import (
	"context"
	"database/sql"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Numbers shows the number of every server that is not erased, also of those
// that are not monitored any more. An error of yield ends it.
func (s *Store) Numbers(ctx context.Context, yield func(num uint32, tenant uptime.TenantID, server uptime.ServerID) error) error {
	return s.read(ctx, "reading the numbers of servers", func(tx *sql.Tx) error {
		who, err := owners(ctx, tx)
		if err != nil {
			return err
		}
		for num, o := range who {
			if err := yield(uint32(num), o.tenant, o.server); err != nil { //nolint:gosec // the store gives them from 1 on
				return err
			}
		}
		return nil
	})
}
