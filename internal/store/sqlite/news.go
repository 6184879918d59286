package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// newsAge is how long news are kept after everybody has read them, for people
// who look into what happened.
const newsAge = 24 * time.Hour

// addEvent puts a line of a timeline, which is news when it was not there.
func (s *Store) addEvent(ctx context.Context, tx *sql.Tx, e *uptime.IncidentEvent) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO news (tenant, server, incident, kind, recorded)
		SELECT tenant, server, id, ?2, ?4 FROM incidents i WHERE id = ?1 AND demo = 0
		AND NOT EXISTS (SELECT 1 FROM incident_events WHERE incident = ?1 AND at = ?3 AND kind = ?2)`,
		e.Incident, e.Kind, nanos(e.At), s.now().UnixNano())
	if err != nil {
		return err
	}
	return putEvent(ctx, tx, e)
}

// addDrift puts a drift, which is news when it is new or when what alerts are
// about changed.
func (s *Store) addDrift(ctx context.Context, tx *sql.Tx, d *uptime.Drift) error {
	before, err := driftMark(ctx, tx, d.ID)
	if err != nil {
		return err
	}
	if err := putDrift(ctx, tx, d); err != nil {
		return err
	}
	after, err := driftMark(ctx, tx, d.ID)
	if err != nil || after == before {
		return err
	}
	return s.newsOfDrift(ctx, tx, d.ID)
}

// driftMark stands for what is news when it changes; empty when there is no
// such drift.
func driftMark(ctx context.Context, db rows, id uptime.DriftID) (string, error) {
	return one(ctx, db, value[string], `
		SELECT coalesce(max(class || ' ' || coalesce(reverted, '-') || ' ' || coalesce(accepted, '-') || ' ' || regions), '')
		FROM drifts WHERE id = ?`, id)
}

func (s *Store) newsOfDrift(ctx context.Context, tx *sql.Tx, id uptime.DriftID) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO news (tenant, server, drift, recorded) SELECT tenant, server, id, ? FROM drifts WHERE id = ? AND demo = 0`,
		s.now().UnixNano(), id)
	return err
}

// News returns what changed after a place, oldest first: each with the incident
// or the drift as it is now. limit is as in the queries.
func (s *Store) News(ctx context.Context, after uint64, limit int) ([]uptime.News, error) {
	limit = bounded(limit)
	var out []uptime.News
	err := s.read(ctx, "reading the news", func(tx *sql.Tx) error {
		incidents, err := list(ctx, tx, scanIncidentNews, `
			SELECT n.seq, n.kind, i.* FROM news n JOIN (`+selectIncidents+`) i ON i.id = n.incident
			WHERE n.seq > ? ORDER BY n.seq LIMIT ?`, int64(after), limit)
		if err != nil {
			return err
		}
		drifts, err := list(ctx, tx, scanDriftNews, `
			SELECT n.seq, d.* FROM news n JOIN (`+selectDrifts+`) d ON d.id = n.drift
			WHERE n.seq > ? ORDER BY n.seq LIMIT ?`, int64(after), limit)
		out = append(incidents, drifts...)
		return err
	})
	slices.SortFunc(out, func(a, b uptime.News) int { return cmp.Compare(a.Seq, b.Seq) })
	return out[:min(limit, len(out))], err
}

// prefixed is a row whose first columns go elsewhere.
type prefixed struct {
	scanner
	first []any
}

// Scan scans the columns that follow.
func (p prefixed) Scan(dest ...any) error { return p.scanner.Scan(append(p.first, dest...)...) }

func scanIncidentNews(row scanner) (n uptime.News, err error) {
	incident, err := scanIncident(prefixed{row, []any{&n.Seq, &n.Event}})
	n.Incident = &incident
	return n, err
}

func scanDriftNews(row scanner) (n uptime.News, err error) {
	drift, err := scanDrift(prefixed{row, []any{&n.Seq}})
	n.Drift = &drift
	return n, err
}

// PruneNews forgets the news up to a place that everybody has passed. Those of
// the last day stay.
func (s *Store) PruneNews(ctx context.Context, through uint64) error {
	return s.write(ctx, "removing old news", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM news WHERE seq <= ? AND recorded < ?`,
			int64(through), s.now().Add(-newsAge).UnixNano())
		return err
	})
}
