package sqlite

import (
	"bytes"
	"compress/flate"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxUnpacked bounds what a packed value unpacks to, in bytes: a damaged file
// must not eat the memory.
const maxUnpacked = 256 << 20

// nanos is how a time is stored: NULL when it is zero.
func nanos(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixNano(), Valid: !t.IsZero()}
}

// timeOf is the time that nanos stored.
func timeOf(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.Unix(0, n.Int64).UTC()
}

// encoded stores a value as JSON, in the columns that nobody queries inside.
func encoded(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// words stores a list of strings as JSON; nil is the empty list.
func words(list []string) string {
	if len(list) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(list) // strings always marshal
	return string(b)
}

// wordsOf is the list that words stored; nil when it is empty.
func wordsOf(text string) (list []string, err error) {
	if text == "[]" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(text), &list)
	return list, err
}

// packed is a compressed value.
func packed(data []byte, level int) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, level)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// unpacked is the value that packed compressed.
func unpacked(data []byte) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(data))
	out, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	if err == nil && len(out) > maxUnpacked {
		err = fmt.Errorf("more than %d bytes", maxUnpacked)
	}
	if err != nil {
		return nil, fmt.Errorf("%w (unpacking a value: %w)", ErrDamaged, err)
	}
	return out, nil
}

// rows is what a query needs: a database or a transaction.
type rows interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// scanner is one row of an answer.
type scanner interface{ Scan(dest ...any) error }

// forEach shows every row of an answer, until do says that it is enough.
func forEach(ctx context.Context, db rows, do func(scanner) (more bool, err error), query string, args ...any) (err error) {
	answer, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, answer.Close()) }()
	for answer.Next() {
		if more, err := do(answer); err != nil || !more {
			return err
		}
	}
	return answer.Err()
}

// list returns all rows of an answer.
func list[T any](ctx context.Context, db rows, scan func(scanner) (T, error), query string, args ...any) (out []T, err error) {
	err = forEach(ctx, db, func(row scanner) (bool, error) {
		v, err := scan(row)
		out = append(out, v)
		return true, err
	}, query, args...)
	return out, err
}

// putAll runs a statement once for every item.
func putAll[T any](ctx context.Context, tx *sql.Tx, items []T, statement string, args func(*T) []any) (err error) {
	put, err := tx.PrepareContext(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, put.Close()) }()
	for i := range items {
		if _, err := put.ExecContext(ctx, args(&items[i])...); err != nil {
			return err
		}
	}
	return nil
}

// one returns the only row of an answer; uptime.ErrNotFound when there is none.
func one[T any](ctx context.Context, db rows, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	v, err := scan(db.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		err = uptime.ErrNotFound
	}
	return v, err
}

// value scans a row of one column.
func value[T any](row scanner) (v T, err error) {
	err = row.Scan(&v)
	return v, err
}

// blob is a value that is never NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
