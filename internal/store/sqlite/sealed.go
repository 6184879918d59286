package sqlite

import (
	"bytes"
	"compress/flate"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// AppendSealed adds a batch to the journal. Seq must ascend, within the batch
// (uptime.ErrInvalid) and from batch to batch (uptime.ErrConflict).
func (s *Store) AppendSealed(ctx context.Context, verdicts []uptime.Verdict) error {
	if len(verdicts) == 0 {
		return nil
	}
	if err := checkSealed(verdicts); err != nil {
		return err
	}
	b, err := s.deflater.pack(verdicts)
	if err != nil {
		return fmt.Errorf("journaling %d verdicts: %w", len(verdicts), err)
	}
	return s.write(ctx, "journaling verdicts", func(tx *sql.Tx) error {
		last, err := lastSeq(ctx, tx)
		if err != nil {
			return err
		}
		if b.first <= last {
			return fmt.Errorf("%w: verdict %d comes after %d, which is journaled", uptime.ErrConflict, b.first, last)
		}
		return putBatch(ctx, tx, b)
	})
}

func checkSealed(verdicts []uptime.Verdict) error {
	last := uptime.Cursor(0)
	for i := range verdicts {
		if verdicts[i].Seq <= last {
			return fmt.Errorf("%w: verdict %d comes after %d", uptime.ErrInvalid, verdicts[i].Seq, last)
		}
		last = verdicts[i].Seq
	}
	return nil
}

// lastSeq returns the highest Seq that was ever journaled.
func lastSeq(ctx context.Context, db rows) (uptime.Cursor, error) {
	return one(ctx, db, value[uptime.Cursor], `
		SELECT max(coalesce((SELECT max(last) FROM sealed), 0), coalesce((SELECT seq FROM cursors WHERE name = 'folded'), 0))`)
}

// batch is a row of the journal.
type batch struct {
	first, last uptime.Cursor
	sealedAt    time.Time
	members     []byte
	verdicts    []byte
}

func putBatch(ctx context.Context, tx *sql.Tx, b batch) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO sealed (last, first, sealed_at, members, verdicts) VALUES (?, ?, ?, ?, ?)`,
		b.last, b.first, b.sealedAt.UnixNano(), b.members, b.verdicts)
	return err
}

// packVerdicts packs verdicts in the order of Seq.
func packVerdicts(verdicts []uptime.Verdict) (batch, error) { return new(deflater).pack(verdicts) }

// deflater packs batches. It keeps what a compressor needs, more than a
// megabyte, from one batch to the next. The zero deflater is ready; it may be
// used by several at once.
type deflater struct{ writers sync.Pool }

// pack packs verdicts in the order of Seq.
func (d *deflater) pack(verdicts []uptime.Verdict) (b batch, err error) {
	b.members = make([]byte, 0, 4*len(verdicts))
	for i := range verdicts {
		v := &verdicts[i]
		if i == 0 {
			b.first = v.Seq
		}
		b.last = v.Seq
		if v.SealedAt.After(b.sealedAt) {
			b.sealedAt = v.SealedAt
		}
		b.members = binary.BigEndian.AppendUint32(b.members, member(v.Tenant, v.Server))
	}
	b.verdicts, err = d.deflate(verdicts)
	return b, err
}

// deflate returns verdicts as compressed JSON, as packed does.
func (d *deflater) deflate(verdicts []uptime.Verdict) ([]byte, error) {
	var out bytes.Buffer
	w, ok := d.writers.Get().(*flate.Writer)
	if !ok {
		var err error
		if w, err = flate.NewWriter(nil, flate.BestSpeed); err != nil {
			return nil, err
		}
	}
	defer d.writers.Put(w)
	w.Reset(&out)
	if err := json.NewEncoder(w).Encode(verdicts); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func unpackBatch(data []byte) (verdicts []uptime.Verdict, err error) {
	text, err := unpacked(data)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &verdicts); err != nil {
		return nil, fmt.Errorf("%w (reading journaled verdicts: %w)", ErrDamaged, err)
	}
	return verdicts, nil
}

// member stands for a server among the members of a batch. Two servers may
// share it: it only says which batches are worth unpacking.
func member(tenant uptime.TenantID, server uptime.ServerID) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(string(tenant) + "\x00" + string(server))) // a hash does not fail
	return h.Sum32()
}

// hasMember reports whether a member is among those of a batch.
func hasMember(members []byte, m uint32) bool {
	for ; len(members) >= 4; members = members[4:] {
		if binary.BigEndian.Uint32(members) == m {
			return true
		}
	}
	return false
}

// ReadSealed returns up to limit verdicts after a cursor, in ascending order.
// What was pruned is skipped.
func (s *Store) ReadSealed(ctx context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error) {
	var out []uptime.Verdict
	err := eachBatch(ctx, s.reader, after, func(verdicts []uptime.Verdict) bool {
		for _, v := range verdicts {
			if v.Seq > after && len(out) < limit {
				out = append(out, v)
			}
		}
		return len(out) < limit
	})
	return out, explain("reading the journal", err)
}

// eachBatch shows the batches that have verdicts after a cursor, in ascending
// order, for as long as more is wanted.
func eachBatch(ctx context.Context, db rows, after uptime.Cursor, more func([]uptime.Verdict) bool) error {
	return forEach(ctx, db, func(row scanner) (bool, error) {
		var data sql.RawBytes
		if err := row.Scan(&data); err != nil {
			return false, err
		}
		verdicts, err := unpackBatch(data)
		return err == nil && more(verdicts), err
	}, `SELECT verdicts FROM sealed WHERE last > ? ORDER BY last`, after)
}

// PruneSealed forgets batches that were sealed before a time and are not after
// a cursor that every consumer has passed. What LastSealed tells stays true.
func (s *Store) PruneSealed(ctx context.Context, before time.Time, passed uptime.Cursor) error {
	return s.write(ctx, "pruning the journal", func(tx *sql.Tx) error {
		if err := fold(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM sealed WHERE last <= ? AND sealed_at < ?`, passed, before.UnixNano())
		return err
	})
}
