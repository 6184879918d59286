package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// latest is the newest verdict of each server.
type latest map[owner]uptime.Verdict

// LastSealed returns the newest verdict of each server, whether the journal
// still has it or not, and the highest Seq that was ever given.
func (s *Store) LastSealed(ctx context.Context) ([]uptime.Verdict, uptime.Cursor, error) {
	var out []uptime.Verdict
	var last uptime.Cursor
	err := s.read(ctx, "reading the last verdicts", func(tx *sql.Tx) (err error) {
		if last, err = lastSeq(ctx, tx); err != nil {
			return err
		}
		newest, err := foldedVerdicts(ctx, tx)
		if err != nil {
			return err
		}
		if err := newest.follow(ctx, tx); err != nil {
			return err
		}
		for _, v := range newest {
			out = append(out, v)
		}
		return nil
	})
	return out, last, err
}

func foldedVerdicts(ctx context.Context, db rows) (latest, error) {
	folded, err := list(ctx, db, scanVerdict, `SELECT verdict FROM last_verdicts`)
	out := make(latest, len(folded))
	for _, v := range folded {
		out[owner{v.Tenant, v.Server}] = v
	}
	return out, err
}

func scanVerdict(row scanner) (v uptime.Verdict, err error) {
	var text []byte
	if err := row.Scan(&text); err != nil {
		return v, err
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("%w (reading a last verdict: %w)", ErrDamaged, err)
	}
	return v, nil
}

// follow takes in what was sealed since the fold.
func (l latest) follow(ctx context.Context, db rows) error {
	folded, _, err := cursorOf(ctx, db, foldCursor)
	if err != nil {
		return err
	}
	return eachBatch(ctx, db, folded, func(verdicts []uptime.Verdict) bool {
		for _, v := range verdicts {
			l[owner{v.Tenant, v.Server}] = v
		}
		return true
	})
}

// fold brings the table of last verdicts up to the end of the journal, so that
// a start need not read all of it and pruning forgets nothing.
func fold(ctx context.Context, tx *sql.Tx) error {
	newest := latest{}
	if err := newest.follow(ctx, tx); err != nil {
		return err
	}
	if err := newest.put(ctx, tx); err != nil {
		return err
	}
	last, err := lastSeq(ctx, tx)
	if err != nil {
		return err
	}
	return putCursor(ctx, tx, foldCursor, last, 0)
}

// put stores the verdicts of the servers that are known.
func (l latest) put(ctx context.Context, tx *sql.Tx) error {
	type row struct {
		uptime.Verdict
		text string
	}
	rows := make([]row, 0, len(l))
	for _, v := range l {
		text, err := encoded(v)
		if err != nil {
			return err
		}
		rows = append(rows, row{v, text})
	}
	return putAll(ctx, tx, rows, `
		INSERT INTO last_verdicts (server, tenant, seq, verdict)
		SELECT num, tenant, ?, ? FROM servers WHERE tenant = ? AND id = ?
		ON CONFLICT (server) DO UPDATE SET seq = excluded.seq, verdict = excluded.verdict`,
		func(r *row) []any { return []any{r.Seq, r.text, r.Tenant, r.Server} })
}
