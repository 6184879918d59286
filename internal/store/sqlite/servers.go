package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// SyncServers makes these the tenant's servers. They are known by slug: a new
// one gets an id and a number, one that was retired comes back with its old
// ones, and those that are missing are retired with their history kept. It
// returns the servers with ID, Num and Tenant filled in, in the given order.
// What only the operator's file may know (profile, credential, command) is not
// stored.
func (s *Store) SyncServers(ctx context.Context, tenant uptime.TenantID, servers []uptime.Server) ([]uptime.Server, error) {
	if err := checkServers(tenant, servers); err != nil {
		return nil, err
	}
	out := slices.Clone(servers)
	err := s.write(ctx, "storing the servers", func(tx *sql.Tx) error {
		if err := putTenant(ctx, tx, tenant); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE servers SET retired = 1, retired_at = coalesce(retired_at, ?) WHERE tenant = ?`, s.now().UnixNano(), tenant); err != nil {
			return err
		}
		for i := range out {
			out[i].Tenant = tenant
			if err := putServer(ctx, tx, &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func checkServers(tenant uptime.TenantID, servers []uptime.Server) error {
	seen := make(map[string]bool, len(servers))
	for i := range servers {
		sv := &servers[i]
		switch {
		case tenant == "":
			return fmt.Errorf("%w: servers without a tenant", uptime.ErrInvalid)
		case sv.Tenant != "" && sv.Tenant != tenant:
			return fmt.Errorf("%w: server %q is of tenant %q, not %q", uptime.ErrInvalid, sv.Slug, sv.Tenant, tenant)
		case sv.Slug == "":
			return fmt.Errorf("%w: server %d has no slug", uptime.ErrInvalid, i)
		case seen[sv.Slug]:
			return fmt.Errorf("%w: two servers have the slug %q", uptime.ErrInvalid, sv.Slug)
		}
		seen[sv.Slug] = true
	}
	return nil
}

func putTenant(ctx context.Context, tx *sql.Tx, tenant uptime.TenantID) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO tenants (id) VALUES (?) ON CONFLICT DO NOTHING`, tenant)
	return err
}

// putServer stores what may be public of a server, and fills in its ID and Num.
func putServer(ctx context.Context, tx *sql.Tx, sv *uptime.Server) error {
	row := tx.QueryRowContext(ctx, `
		INSERT INTO servers (tenant, id, slug, name, url, transport, grouping, description, interval, regions, guest, hidden, paused)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, slug) DO UPDATE SET
			name = excluded.name, url = excluded.url, transport = excluded.transport, grouping = excluded.grouping,
			description = excluded.description, interval = excluded.interval, regions = excluded.regions,
			guest = excluded.guest, hidden = excluded.hidden, paused = excluded.paused, retired = 0, retired_at = NULL
		RETURNING id, num`,
		sv.Tenant, newServerID(), sv.Slug, sv.Name, sv.PublicURL(), sv.Transport, sv.Group, sv.Description,
		int64(sv.Every()), words(sv.Regions), sv.Guest, sv.Hidden, sv.Paused)
	return row.Scan(&sv.ID, &sv.Num)
}

// newServerID returns an id that was never given before.
func newServerID() uptime.ServerID {
	return uptime.ServerID("srv_" + strings.ToLower(rand.Text()[:20]))
}

// numOf returns the number of a server; uptime.ErrNotFound when the tenant has
// no such server.
func numOf(ctx context.Context, db rows, tenant uptime.TenantID, server uptime.ServerID) (int64, error) {
	num, err := one(ctx, db, value[int64], `SELECT num FROM servers WHERE tenant = ? AND id = ?`, tenant, server)
	if errors.Is(err, uptime.ErrNotFound) {
		return 0, fmt.Errorf("%w: tenant %q has no server %q", err, tenant, server)
	}
	return num, err
}

// owner is a server's public identity.
type owner struct {
	tenant uptime.TenantID
	server uptime.ServerID
}

// owners returns the identities of all servers by number.
func owners(ctx context.Context, db rows) (map[int64]owner, error) {
	type entry struct {
		num int64
		owner
	}
	all, err := list(ctx, db, func(row scanner) (e entry, err error) {
		err = row.Scan(&e.num, &e.tenant, &e.server)
		return e, err
	}, `SELECT num, tenant, id FROM servers`)
	out := make(map[int64]owner, len(all))
	for _, e := range all {
		out[e.num] = e.owner
	}
	return out, err
}

// Numbers shows every server that has a number: those that are monitored, and
// those that are retired. An error of yield ends it.
func (s *Store) Numbers(ctx context.Context, yield func(num uint32, tenant uptime.TenantID, server uptime.ServerID) error) error {
	who, err := owners(ctx, s.reader)
	if err != nil {
		return explain("reading the numbers of the servers", err)
	}
	for num, o := range who {
		if err := yield(uint32(num), o.tenant, o.server); err != nil {
			return err
		}
	}
	return nil
}
