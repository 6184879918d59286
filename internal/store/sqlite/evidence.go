package sqlite

import (
	"compress/flate"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxEvidence bounds one piece of evidence, unpacked, in bytes: a transcript of
// 16 KiB and what a result has besides. What is larger loses its details.
const maxEvidence = 128 << 10

// putEvidence replaces what a region saw in a cycle. Evidence of no known
// incident is dropped.
func putEvidence(ctx context.Context, tx *sql.Tx, e *uptime.Evidence) error {
	result, err := packResult(e.Result)
	if err != nil {
		return fmt.Errorf("packing the evidence of %s: %w", e.Region, err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO evidence (incident, region, cycle, tenant, server, result)
		SELECT id, ?, ?, tenant, server, ? FROM incidents WHERE id = ?
		ON CONFLICT (incident, region, cycle) DO UPDATE SET result = excluded.result`,
		e.Region, e.Cycle.UnixNano(), result, e.Incident)
	return err
}

// packResult packs a result without the tools as they came: they are no
// evidence of a failure, and large.
func packResult(r uptime.Result) ([]byte, error) {
	if r.Tools != nil {
		tools := *r.Tools
		tools.Raw, r.Tools = nil, &tools
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(text) > maxEvidence {
		r.Transcript, r.Findings, r.Auth, r.Capabilities = nil, nil, nil, nil
		if text, err = json.Marshal(r); err != nil {
			return nil, err
		}
	}
	return packed(text, flate.DefaultCompression)
}

// evidence returns what the regions saw in an incident, by cycle and region.
func evidence(ctx context.Context, db rows, id uptime.IncidentID) ([]uptime.Evidence, error) {
	return list(ctx, db, func(row scanner) (uptime.Evidence, error) {
		e := uptime.Evidence{Incident: id}
		var cycle sql.NullInt64
		var data sql.RawBytes
		if err := row.Scan(&e.Region, &cycle, &data); err != nil {
			return e, err
		}
		e.Cycle = timeOf(cycle)
		text, err := unpacked(data)
		if err != nil {
			return e, err
		}
		return e, json.Unmarshal(text, &e.Result)
	}, `SELECT region, cycle, result FROM evidence WHERE incident = ? ORDER BY cycle, region`, id)
}
