package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// checkEntry makes the entry the tenant's.
func checkEntry(tenant uptime.TenantID, e *uptime.AuditEntry) error {
	if e.Tenant != "" && e.Tenant != tenant {
		return fmt.Errorf("%w: an audit entry of tenant %q for tenant %q", uptime.ErrInvalid, e.Tenant, tenant)
	}
	if e.By == "" || e.Action == "" || e.At.IsZero() {
		return fmt.Errorf("%w: an audit entry says who did what when", uptime.ErrInvalid)
	}
	e.Tenant = tenant
	return nil
}

// putEntry appends to the log of who did what, to which server if to one.
func putEntry(ctx context.Context, tx *sql.Tx, server sql.NullInt64, e *uptime.AuditEntry) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO audit_log (tenant, server, at, author, action, object, text) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		e.Tenant, server, nanos(e.At), e.By, e.Action, e.Object, e.Text)
	return err
}

// PutAudit appends to the log of who did what.
func (s *Store) PutAudit(ctx context.Context, e uptime.AuditEntry) error {
	if err := checkEntry(e.Tenant, &e); err != nil {
		return err
	}
	return s.write(ctx, "writing to the audit log", func(tx *sql.Tx) error {
		return putEntry(ctx, tx, sql.NullInt64{}, &e)
	})
}

// Audit returns the newest entries of a tenant's log, newest first; limit is as
// in the queries.
func (s *Store) Audit(ctx context.Context, tenant uptime.TenantID, limit int) ([]uptime.AuditEntry, error) {
	out, err := list(ctx, s.reader, func(row scanner) (e uptime.AuditEntry, err error) {
		var at sql.NullInt64
		err = row.Scan(&e.Tenant, &at, &e.By, &e.Action, &e.Object, &e.Text)
		e.At = timeOf(at)
		return e, err
	}, `
		SELECT tenant, at, author, action, object, text FROM audit_log
		WHERE tenant = ? ORDER BY num DESC LIMIT ?`, tenant, bounded(limit))
	return out, explain("reading the audit log", err)
}
