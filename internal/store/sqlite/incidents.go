package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const selectIncidents = `
	SELECT i.id, i.tenant, s.id, i.opened, i.detected, i.recovered, i.closed, i.failure, i.regions, i.note, i.demo
	FROM incidents i JOIN servers s ON s.num = i.server`

func scanIncident(row scanner) (i uptime.Incident, err error) {
	var opened, detected, recovered, closed sql.NullInt64
	var failure []byte
	var regions string
	err = row.Scan(&i.ID, &i.Tenant, &i.Server, &opened, &detected, &recovered, &closed, &failure, &regions, &i.Note, &i.Demo)
	if err != nil {
		return i, err
	}
	i.Opened, i.Detected = timeOf(opened), timeOf(detected)
	i.Recovered, i.Closed = timeOf(recovered), timeOf(closed)
	if err := json.Unmarshal(failure, &i.Failure); err != nil {
		return i, fmt.Errorf("reading the failure of incident %s: %w", i.ID, err)
	}
	i.Regions, err = wordsOf(regions)
	return i, err
}

// putIncident replaces an incident, but not a note with none: notes come from
// operators, and the recorder may not know of the newest.
func putIncident(ctx context.Context, tx *sql.Tx, i *uptime.Incident) error {
	if i.ID == "" || i.Opened.IsZero() {
		return fmt.Errorf("%w: incident %q has no id or no time", uptime.ErrInvalid, i.ID)
	}
	failure, err := encoded(i.Failure)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO incidents (id, tenant, server, opened, detected, recovered, closed, failure, regions, note, demo)
		SELECT ?, tenant, num, ?, ?, ?, ?, ?, ?, ?, ? FROM servers WHERE tenant = ? AND id = ?
		ON CONFLICT (id) DO UPDATE SET
			opened = excluded.opened, detected = excluded.detected, recovered = excluded.recovered, closed = excluded.closed,
			failure = excluded.failure, regions = excluded.regions, demo = excluded.demo,
			note = CASE WHEN incidents.note = '' THEN excluded.note ELSE incidents.note END
		WHERE incidents.server = excluded.server`,
		i.ID, nanos(i.Opened), nanos(i.Detected), nanos(i.Recovered), nanos(i.Closed), failure, words(i.Regions), i.Note, i.Demo,
		i.Tenant, i.Server)
	return err
}

// Incidents returns a page of the tenant's incidents, newest first.
func (s *Store) Incidents(ctx context.Context, tenant uptime.TenantID, q uptime.IncidentQuery) ([]uptime.Incident, error) {
	f := page{tenant: tenant, server: q.Server, before: q.Before, beforeID: string(q.BeforeID), limit: q.Limit}
	if q.Open {
		f.open = `i.closed IS NULL`
	}
	where, args := f.clause("i", "opened")
	out, err := list(ctx, s.reader, scanIncident, selectIncidents+where, args...)
	return out, explain("reading incidents", err)
}

const (
	defaultLimit = 50
	maxLimit     = 1000
)

// page is what queries of incidents and drifts have in common.
type page struct {
	tenant   uptime.TenantID
	server   uptime.ServerID
	open     string // the condition that open rows meet; empty for all rows
	before   time.Time
	beforeID string
	limit    int
}

// clause returns the end of a query of the table with this alias, sorted by a
// column of times and then by id, newest first.
func (p page) clause(alias, column string) (string, []any) {
	where, args := ` WHERE `+alias+`.tenant = ?`, []any{p.tenant}
	if p.server != "" {
		where += ` AND ` + alias + `.server = (SELECT num FROM servers WHERE tenant = ? AND id = ?)`
		args = append(args, p.tenant, p.server)
	}
	if p.open != "" {
		where += ` AND ` + p.open
	}
	if !p.before.IsZero() {
		where += ` AND (` + alias + `.` + column + `, ` + alias + `.id) < (?, ?)`
		args = append(args, nanos(p.before), p.beforeID)
	}
	where += ` ORDER BY ` + alias + `.` + column + ` DESC, ` + alias + `.id DESC LIMIT ?`
	return where, append(args, bounded(p.limit))
}

func bounded(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return min(limit, maxLimit)
}

// Incident returns an incident with its timeline, oldest first, and its
// evidence.
func (s *Store) Incident(ctx context.Context, tenant uptime.TenantID, id uptime.IncidentID) (uptime.Incident, []uptime.IncidentEvent, []uptime.Evidence, error) {
	var incident uptime.Incident
	var timeline []uptime.IncidentEvent
	var seen []uptime.Evidence
	err := s.read(ctx, fmt.Sprintf("reading incident %q", id), func(tx *sql.Tx) (err error) {
		incident, err = one(ctx, tx, scanIncident, selectIncidents+` WHERE i.tenant = ? AND i.id = ?`, tenant, id)
		if err != nil {
			return err
		}
		if timeline, err = events(ctx, tx, id); err != nil {
			return err
		}
		seen, err = evidence(ctx, tx, id)
		return err
	})
	return incident, timeline, seen, err
}

// NoteIncident sets an incident's note to the text of the entry, adds it to the
// timeline and logs who did it.
func (s *Store) NoteIncident(ctx context.Context, tenant uptime.TenantID, id uptime.IncidentID, entry uptime.AuditEntry) error {
	if err := checkEntry(tenant, &entry); err != nil {
		return err
	}
	return s.write(ctx, fmt.Sprintf("noting on incident %q", id), func(tx *sql.Tx) error {
		server, err := one(ctx, tx, value[sql.NullInt64],
			`UPDATE incidents SET note = ? WHERE tenant = ? AND id = ? RETURNING server`, entry.Text, tenant, id)
		if err != nil {
			return err
		}
		note := uptime.IncidentEvent{Incident: id, At: entry.At, Kind: uptime.IncidentNote, Text: entry.Text, By: entry.By}
		if err := s.addEvent(ctx, tx, &note); err != nil {
			return err
		}
		return putEntry(ctx, tx, server, &entry)
	})
}
