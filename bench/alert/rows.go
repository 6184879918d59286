//go:build linux

package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
)

// rows looks at a database beside the process that owns it.
type rows struct{ db *sql.DB }

func openRows(dir string) (*rows, error) {
	file := url.URL{Scheme: "file", Opaque: filepath.Join(dir, sqlite.File), RawQuery: "mode=ro&_pragma=busy_timeout(10000)"}
	db, err := sql.Open("sqlite", file.String())
	return &rows{db}, err
}

func (r *rows) close() error { return r.db.Close() }

// number returns the one number that a query answers.
func (r *rows) number(ctx context.Context, query string, args ...any) (n int64, err error) {
	var out sql.NullInt64
	if err := r.db.QueryRowContext(ctx, query, args...).Scan(&out); err != nil {
		return 0, fmt.Errorf("asking the database: %w", err)
	}
	return out.Int64, nil
}

// written counts what routing has written, by table.
func (r *rows) written(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	for _, table := range []string{"news", "alerts", "threads", "thread_members", "decisions", "deliveries", "delivery_refs"} {
		n, err := r.number(ctx, `SELECT count(*) FROM `+table)
		if err != nil {
			return nil, err
		}
		out[table] = n
	}
	return out, nil
}

// unresolved counts what is still told as broken.
func (r *rows) unresolved(ctx context.Context) (int64, error) {
	return r.number(ctx, `SELECT (SELECT count(*) FROM incidents WHERE closed IS NULL)
		+ (SELECT count(*) FROM alerts WHERE resolved IS NULL) + (SELECT count(*) FROM threads WHERE closed IS NULL)`)
}

// outbox says how many deliveries are in which state, by sink.
func (r *rows) outbox(ctx context.Context) (string, error) {
	list, err := r.db.QueryContext(ctx, `SELECT sink, state, count(*) FROM deliveries GROUP BY sink, state ORDER BY sink, state`)
	if err != nil {
		return "", err
	}
	defer func() { _ = list.Close() }()
	var out []string
	for list.Next() {
		var sink, state string
		var n int
		if err := list.Scan(&sink, &state, &n); err != nil {
			return "", err
		}
		out = append(out, fmt.Sprintf("%s %d %s", sink, n, state))
	}
	return strings.Join(out, ", "), list.Err()
}
