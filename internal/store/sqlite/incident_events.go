package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// putEvent replaces a line of a timeline. Tenant and server are those of the
// incident; a line of no known incident is dropped.
func putEvent(ctx context.Context, tx *sql.Tx, e *uptime.IncidentEvent) error {
	if e.At.IsZero() || e.Kind == "" {
		return fmt.Errorf("%w: an event of incident %q has no time or no kind", uptime.ErrInvalid, e.Incident)
	}
	_, err := tx.ExecContext(ctx, `
		INSERT OR REPLACE INTO incident_events (incident, at, kind, tenant, server, cause, regions, text, author)
		SELECT id, ?, ?, tenant, server, ?, ?, ?, ? FROM incidents WHERE id = ?`,
		nanos(e.At), e.Kind, e.Cause, words(e.Regions), e.Text, e.By, e.Incident)
	return err
}

// events returns the timeline of an incident, oldest first; what happened at the
// same time is in the order in which the kinds can begin.
func events(ctx context.Context, db rows, id uptime.IncidentID) ([]uptime.IncidentEvent, error) {
	return list(ctx, db, func(row scanner) (uptime.IncidentEvent, error) {
		e := uptime.IncidentEvent{Incident: id}
		var at sql.NullInt64
		var regions string
		err := row.Scan(&at, &e.Kind, &e.Cause, &regions, &e.Text, &e.By)
		if err != nil {
			return e, err
		}
		e.At = timeOf(at)
		e.Regions, err = wordsOf(regions)
		return e, err
	}, `
		SELECT at, kind, cause, regions, text, author FROM incident_events WHERE incident = ?
		ORDER BY at, CASE kind WHEN 'opened' THEN 0 WHEN 'regions' THEN 1 WHEN 'cause' THEN 2 WHEN 'recovered' THEN 3
			WHEN 'relapsed' THEN 4 WHEN 'resolved' THEN 5 WHEN 'note' THEN 6 ELSE 7 END`, id)
}
