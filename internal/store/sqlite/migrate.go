package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// migrations are the steps from one schema to the next. A step that was
// released is never changed; it expands first and contracts in a later release,
// so that the version before can still run.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date, each step in its own transaction, and
// returns its version.
func migrate(ctx context.Context, db *sql.DB) (int, error) {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	m, err := goose.NewProvider(goose.DialectSQLite3, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, err
	}
	has, want, err := m.GetVersions(ctx)
	if err != nil {
		return 0, err
	}
	if has > want {
		return 0, fmt.Errorf("%w (its schema is %d, this alivemcp knows up to %d)", ErrNewer, has, want)
	}
	if _, err := m.Up(ctx); err != nil {
		return 0, fmt.Errorf("bringing the schema from %d to %d: %w", has, want, err)
	}
	return int(want), nil
}

// newestSchema returns the version that migrate brings a schema to.
func newestSchema() (int, error) {
	steps, err := fs.Glob(migrations, "migrations/*.sql")
	return len(steps), err
}

// schemaOf returns the version of the schema without changing it.
func schemaOf(ctx context.Context, db *sql.DB) (version int, err error) {
	err = db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
	return version, err
}
