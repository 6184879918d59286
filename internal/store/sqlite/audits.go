package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// BeginAudit keeps a run and what it counts, in one transaction.
// uptime.ErrConflict means that there is one of that name.
func (s *Store) BeginAudit(ctx context.Context, run uptime.AuditRun, targets []uptime.AuditTarget) error {
	if run.ID == "" || run.Began.IsZero() || run.Rounds < 1 || len(run.Regions) == 0 {
		return fmt.Errorf("%w: an audit has a name, a beginning, rounds and regions", uptime.ErrInvalid)
	}
	return s.write(ctx, fmt.Sprintf("beginning the audit %s", run.ID), func(tx *sql.Tx) error {
		if _, err := auditRun(ctx, tx, run.ID); !errors.Is(err, uptime.ErrNotFound) {
			if err == nil {
				err = fmt.Errorf("%w: there is an audit %s already", uptime.ErrConflict, run.ID)
			}
			return err
		}
		body, err := encoded(&run)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO audit_runs (id, began, body) VALUES (?, ?, ?)`, run.ID, nanos(run.Began), body); err != nil {
			return err
		}
		targets = slices.Clone(targets)
		for i := range targets {
			targets[i].Server = "" // it may be erased, and a run stays as it is
		}
		return putBodies(ctx, tx, targets, `INSERT INTO audit_targets (run, endpoint, body) VALUES (?, ?, ?)`,
			func(t *uptime.AuditTarget, body string) []any { return []any{run.ID, t.Key, body} })
	})
}

// EndAudit notes that all looks of a run are there.
func (s *Store) EndAudit(ctx context.Context, id uptime.AuditRunID, at time.Time) error {
	return s.write(ctx, fmt.Sprintf("ending the audit %s", id), func(tx *sql.Tx) error {
		run, err := auditRun(ctx, tx, id)
		if err != nil {
			return err
		}
		run.Ended = at.UTC()
		body, err := encoded(&run)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE audit_runs SET ended = ?, body = ? WHERE id = ?`, nanos(at), body, id)
		return err
	})
}

func auditRun(ctx context.Context, db rows, id uptime.AuditRunID) (uptime.AuditRun, error) {
	return one(ctx, db, scanBody[uptime.AuditRun], `SELECT body FROM audit_runs WHERE id = ?`, id)
}

// AuditRun returns a run; uptime.ErrNotFound when there is none of that name.
func (s *Store) AuditRun(ctx context.Context, id uptime.AuditRunID) (uptime.AuditRun, error) {
	run, err := auditRun(ctx, s.reader, id)
	return run, explain(fmt.Sprintf("reading the audit %s", id), err)
}

// AuditRuns returns all runs, newest first.
func (s *Store) AuditRuns(ctx context.Context) ([]uptime.AuditRun, error) {
	out, err := list(ctx, s.reader, scanBody[uptime.AuditRun], `SELECT body FROM audit_runs ORDER BY began DESC, id DESC LIMIT ?`, maxLimit)
	return out, explain("reading the audits", err)
}

// AuditTargets returns what a run counts, in the order of keys: at most limit
// that follow a key. Owners who opted out since the run began are marked so.
func (s *Store) AuditTargets(ctx context.Context, id uptime.AuditRunID, after uptime.EndpointKey, limit int) ([]uptime.AuditTarget, error) {
	out, err := list(ctx, s.reader, scanTarget,
		`SELECT t.body, coalesce(e.optout, 0) FROM audit_targets t LEFT JOIN endpoints e ON e.key = t.endpoint
		WHERE t.run = ? AND t.endpoint > ? ORDER BY t.endpoint LIMIT ?`, id, after, min(max(limit, 1), maxEndpoints))
	return out, explain("reading what an audit counts", err)
}

func scanTarget(row scanner) (t uptime.AuditTarget, err error) {
	var body sql.RawBytes
	var optout bool
	if err := row.Scan(&body, &optout); err != nil {
		return t, err
	}
	if err := json.Unmarshal(body, &t); err != nil {
		return t, fmt.Errorf("%w (reading what an audit counts: %w)", ErrDamaged, err)
	}
	t.Optout = t.Optout || optout
	return t, nil
}

// PutLooks keeps looks of a run, in one transaction. One that is there already
// stays as it is: a run that is resumed does not change its evidence.
func (s *Store) PutLooks(ctx context.Context, id uptime.AuditRunID, looks []uptime.AuditLook) error {
	return s.write(ctx, "keeping the looks of an audit", func(tx *sql.Tx) error {
		return putBodies(ctx, tx, looks, `
			INSERT INTO audit_looks (run, endpoint, round, region, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			func(l *uptime.AuditLook, body string) []any { return []any{id, l.Endpoint, l.Round, l.Region, body} })
	})
}

// LooksDone shows which looks of a round are there, in the order of keys and
// regions.
func (s *Store) LooksDone(ctx context.Context, id uptime.AuditRunID, round int, yield func(uptime.EndpointKey, string) error) error {
	err := forEach(ctx, s.reader, func(row scanner) (bool, error) {
		var key uptime.EndpointKey
		var region string
		if err := row.Scan(&key, &region); err != nil {
			return false, err
		}
		return true, yield(key, region)
	}, `SELECT endpoint, region FROM audit_looks WHERE run = ? AND round = ? ORDER BY endpoint, region`, id, round)
	return explain("reading what an audit has done", err)
}

// AuditEvidence shows everything that a run counts with its looks, in the order
// of keys, rounds and regions. The slices are the callee's only until it returns.
// Owners who opted out since the run began are marked so, as by [Store.AuditTargets].
func (s *Store) AuditEvidence(ctx context.Context, id uptime.AuditRunID, yield func(*uptime.AuditTarget, []uptime.AuditLook) error) error {
	return s.read(ctx, "reading the evidence of an audit", func(tx *sql.Tx) error {
		e := evidenceReader{yield: yield}
		err := forEach(ctx, tx, e.row, `
			SELECT t.endpoint, t.body, coalesce(e.optout, 0), l.body FROM audit_targets t
			LEFT JOIN endpoints e ON e.key = t.endpoint
			LEFT JOIN audit_looks l ON l.run = t.run AND l.endpoint = t.endpoint
			WHERE t.run = ? ORDER BY t.endpoint, l.round, l.region`, id)
		if err != nil {
			return err
		}
		return e.flush()
	})
}

// AuditOptouts returns, in the order of keys, the endpoints that some run counts and
// whose owners do not want to be probed.
func (s *Store) AuditOptouts(ctx context.Context) ([]uptime.EndpointKey, error) {
	out, err := list(ctx, s.reader, func(row scanner) (key uptime.EndpointKey, err error) { return key, row.Scan(&key) }, `
		SELECT e.key FROM endpoints e WHERE e.optout = 1
			AND EXISTS (SELECT 1 FROM audit_runs r CROSS JOIN audit_targets t WHERE t.run = r.id AND t.endpoint = e.key)
		ORDER BY e.key`)
	return out, explain("reading who opted out of audits", err)
}

// evidenceReader puts the looks of one endpoint together.
type evidenceReader struct {
	yield  func(*uptime.AuditTarget, []uptime.AuditLook) error
	key    string
	target uptime.AuditTarget
	looks  []uptime.AuditLook
}

func (e *evidenceReader) row(row scanner) (bool, error) {
	var key, target, look sql.RawBytes
	var optout bool
	if err := row.Scan(&key, &target, &optout, &look); err != nil {
		return false, err
	}
	if string(key) != e.key {
		if err := e.flush(); err != nil {
			return false, err
		}
		e.key, e.target = string(key), uptime.AuditTarget{}
		if err := json.Unmarshal(target, &e.target); err != nil {
			return false, fmt.Errorf("%w (reading what an audit counts: %w)", ErrDamaged, err)
		}
		e.target.Optout = e.target.Optout || optout
	}
	if len(look) == 0 {
		return true, nil
	}
	e.looks = append(e.looks, uptime.AuditLook{})
	if err := json.Unmarshal(look, &e.looks[len(e.looks)-1]); err != nil {
		return false, fmt.Errorf("%w (reading a look: %w)", ErrDamaged, err)
	}
	return true, nil
}

func (e *evidenceReader) flush() error {
	if e.key == "" {
		return nil
	}
	err := e.yield(&e.target, e.looks)
	e.looks = e.looks[:0]
	return err
}
