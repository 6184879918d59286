package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const selectEndpoints = `
	SELECT e.body, e.first_seen, coalesce(e.last_seen,
			(SELECT max(c.seen) FROM listings l JOIN sources c ON c.source = l.source WHERE l.endpoint = e.key AND l.gone IS NULL)),
		e.gone, e.listings, e.sign_in, e.transport, e.form, e.optout, coalesce(v.id, '')
	FROM endpoints e LEFT JOIN servers v ON v.num = e.server`

func scanEndpoint(row scanner) (e uptime.Endpoint, err error) {
	var body []byte
	var first, last, gone sql.NullInt64
	var now uptime.Endpoint
	err = row.Scan(&body, &first, &last, &gone, &now.Listings, &now.SignIn, &now.Transport, &now.Probe, &now.Optout, &now.Server)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("%w (reading an endpoint: %w)", ErrDamaged, err)
	}
	e.Listings, e.SignIn, e.Transport, e.Probe, e.Optout, e.Server = now.Listings, now.SignIn, now.Transport, now.Probe, now.Optout, now.Server
	e.FirstSeen, e.LastSeen, e.Gone = timeOf(first), timeOf(last), timeOf(gone)
	return e, nil
}

// Endpoint returns an endpoint; uptime.ErrNotFound when nobody ever listed it.
func (s *Store) Endpoint(ctx context.Context, key uptime.EndpointKey) (uptime.Endpoint, error) {
	e, err := one(ctx, s.reader, scanEndpoint, selectEndpoints+` WHERE e.key = ?`, key)
	return e, explain("reading an endpoint", err)
}

// Endpoints returns a page of endpoints in the order of their keys.
func (s *Store) Endpoints(ctx context.Context, q uptime.EndpointQuery) ([]uptime.Endpoint, error) {
	parts, args := []string{`e.key > ?`}, []any{q.After}
	add := func(part string, arg any) { parts, args = append(parts, part), append(args, arg) }
	if q.Kind != "" {
		add(`e.kind = ?`, q.Kind)
	}
	if q.Platform != "" {
		add(`e.platform = ?`, q.Platform)
	}
	if !q.Gone {
		parts = append(parts, `e.gone IS NULL`)
	}
	if q.Source != "" || q.Search != "" {
		inner, more, err := listingFilter(uptime.ListingQuery{Source: q.Source, Search: q.Search, Gone: q.Gone})
		if err != nil {
			return nil, err
		}
		parts, args = append(parts, `e.key IN (SELECT l.endpoint FROM listings l`+inner+`)`), append(args, more...)
	}
	out, err := list(ctx, s.reader, scanEndpoint,
		selectEndpoints+` WHERE `+strings.Join(parts, " AND ")+` ORDER BY e.key LIMIT ?`, append(args, min(max(q.Limit, 1), maxEndpoints))...)
	return out, explain("reading the endpoints", err)
}

// maxEndpoints is how many endpoints a page has at most.
const maxEndpoints = 10_000

// CountEndpoints returns how many endpoints are listed now, of each kind on each
// platform, most first.
func (s *Store) CountEndpoints(ctx context.Context) ([]uptime.EndpointCount, error) {
	out, err := list(ctx, s.reader, func(row scanner) (c uptime.EndpointCount, err error) {
		return c, row.Scan(&c.Kind, &c.Platform, &c.Endpoints, &c.Listings)
	}, `
		SELECT kind, platform, count(*), sum(listings) FROM endpoints WHERE gone IS NULL
		GROUP BY kind, platform ORDER BY 3 DESC, kind, platform`)
	return out, explain("counting the endpoints", err)
}

// SetOptout notes that the owner of an endpoint does not want, or wants again, to
// be probed, whatever a file of theirs said so far. The entry says who did it for
// what reason.
func (s *Store) SetOptout(ctx context.Context, key uptime.EndpointKey, out bool, entry uptime.AuditEntry) error {
	if err := checkEntry(entry.Tenant, &entry); err != nil {
		return err
	}
	return s.write(ctx, "noting an opt-out", func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE endpoints SET optout = ?, optout_file = '' WHERE key = ?`, out, key)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return orNotFound(err)
		}
		return putEntry(ctx, tx, sql.NullInt64{}, &entry)
	})
}

// BindEndpoints says which server of a tenant monitors which endpoint; no server
// for none. Endpoints and servers that are not known are left out.
func (s *Store) BindEndpoints(ctx context.Context, tenant uptime.TenantID, servers map[uptime.EndpointKey]uptime.ServerID) error {
	return s.write(ctx, "binding endpoints to servers", func(tx *sql.Tx) error {
		for key, server := range servers {
			_, err := tx.ExecContext(ctx, `
				UPDATE endpoints SET server = (SELECT num FROM servers WHERE tenant = ?2 AND id = ?3) WHERE key = ?1`, key, tenant, server)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
