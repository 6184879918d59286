package app

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxNote bounds what an operator writes, in bytes.
const maxNote = 2000

// replayTime bounds a look that an operator asked for.
const replayTime = 30 * time.Second

// AcceptDrift makes the drift's new contract the baseline.
func (m *Monitor) AcceptDrift(ctx context.Context, tenant uptime.TenantID, id uptime.DriftID, by, note string) error {
	d, err := m.store.Drift(ctx, tenant, id)
	if err != nil {
		return err
	}
	if len(note) > maxNote {
		return fmt.Errorf("%w: a note has at most %d bytes", uptime.ErrInvalid, maxNote)
	}
	entry := entry(tenant, by, "drift.accept", string(id), note)
	err = m.recorder.Amend(ctx, func(ctx context.Context) error { return m.store.AcceptDrift(ctx, tenant, id, entry) })
	if err != nil {
		return fmt.Errorf("accepting drift %s: %w", id, err)
	}
	m.board.Touch(tenant, d.Server)
	return nil
}

// NoteIncident says on the incident's page what is being done.
func (m *Monitor) NoteIncident(ctx context.Context, tenant uptime.TenantID, id uptime.IncidentID, by, note string) error {
	if note == "" || len(note) > maxNote {
		return fmt.Errorf("%w: a note has 1 to %d bytes", uptime.ErrInvalid, maxNote)
	}
	i, _, _, err := m.store.Incident(ctx, tenant, id)
	if err != nil {
		return err
	}
	entry := entry(tenant, by, "incident.note", string(id), note)
	err = m.recorder.Amend(ctx, func(ctx context.Context) error { return m.store.NoteIncident(ctx, tenant, id, entry) })
	if err != nil {
		return fmt.Errorf("adding a note to incident %s: %w", id, err)
	}
	m.board.Touch(tenant, i.Server)
	return nil
}

func entry(tenant uptime.TenantID, by, action, object, text string) uptime.AuditEntry {
	return uptime.AuditEntry{Tenant: tenant, At: time.Now().UTC(), By: cmp.Or(by, "operator"), Action: action, Object: object, Text: text}
}

// Replay looks at a server now, from one region, outside of cycles. What it
// returns holds no secret.
func (m *Monitor) Replay(ctx context.Context, tenant uptime.TenantID, slug, regionID string) (uptime.Result, error) {
	srv, err := m.plans.server(tenant, slug)
	if err != nil {
		return uptime.Result{}, err
	}
	for _, r := range m.regions {
		if r.id == regionID || regionID == "" {
			ctx, cancel := context.WithTimeout(ctx, replayTime)
			defer cancel()
			return r.replay(ctx, srv), nil
		}
	}
	return uptime.Result{}, fmt.Errorf("%w: there is no region %q", uptime.ErrNotFound, regionID)
}
