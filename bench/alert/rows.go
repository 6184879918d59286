//go:build linux

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/alivemcp/alivemcp/bench/gauge"
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
	for _, table := range append(tables(), "news") {
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

// copyTo puts every row that routing wrote into a fresh file, in tables without
// an index, in one transaction that is durable, and returns how many rows there
// are and what processor time that took.
func (r *rows) copyTo(ctx context.Context, file string) (n int, cpu time.Duration, err error) {
	to := url.URL{Scheme: "file", Opaque: file, RawQuery: "_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"}
	db, err := sql.Open("sqlite", to.String())
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var all []rowsOf
	for _, table := range tables() {
		of, err := r.read(ctx, table)
		if err != nil {
			return 0, 0, err
		}
		if _, err := db.ExecContext(ctx, `CREATE TABLE `+table+` (`+strings.Join(of.columns, ", ")+`)`); err != nil {
			return 0, 0, err
		}
		all = append(all, of)
		n += len(of.values)
	}
	began := gauge.CPUTime()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, 0, err
	}
	for _, of := range all {
		if err := of.insert(ctx, tx); err != nil {
			return 0, 0, errors.Join(err, tx.Rollback())
		}
	}
	err = tx.Commit()
	return n, gauge.CPUTime() - began, err
}

// rowsOf are the rows of a table.
type rowsOf struct {
	table   string
	columns []string
	values  [][]any
}

func (r *rows) read(ctx context.Context, table string) (out rowsOf, err error) {
	list, err := r.db.QueryContext(ctx, `SELECT * FROM `+table)
	if err != nil {
		return out, err
	}
	defer func() { _ = list.Close() }()
	out.table = table
	if out.columns, err = list.Columns(); err != nil {
		return out, err
	}
	for list.Next() {
		row := make([]any, len(out.columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := list.Scan(into...); err != nil {
			return out, err
		}
		out.values = append(out.values, row)
	}
	return out, list.Err()
}

func (o *rowsOf) insert(ctx context.Context, tx *sql.Tx) (err error) {
	put, err := tx.PrepareContext(ctx, `INSERT INTO `+o.table+` VALUES (?`+strings.Repeat(", ?", len(o.columns)-1)+`)`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, put.Close()) }()
	for _, row := range o.values {
		if _, err := put.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}

// tables are those that routing writes.
func tables() []string {
	return []string{"alerts", "threads", "thread_members", "decisions", "deliveries", "delivery_refs"}
}
