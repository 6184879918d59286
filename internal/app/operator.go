package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/show"
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

// Replay looks at a server now, from one region or, with an empty id, from the
// first, outside of cycles. What it returns holds no secret and has a transcript.
func (m *Monitor) Replay(ctx context.Context, tenant uptime.TenantID, slug, regionID string) (uptime.Cell, error) {
	srv, err := m.plans.server(tenant, slug)
	if err != nil {
		return uptime.Cell{}, err
	}
	r, err := m.region(regionID)
	if err != nil {
		return uptime.Cell{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, replayTime)
	defer cancel()
	check := r.onDemand.Check(ctx, *srv)
	return uptime.Cell{Tenant: tenant, Server: srv.ID, Region: r.id, Attempts: []uptime.Result{check.Result}}, nil
}

// Test looks at an address that nobody monitors, for an operator who may reach
// everything that the monitor may. Header is empty or one field as Name: value.
func (m *Monitor) Test(ctx context.Context, rawURL, header, regionID string) (show.Check, error) {
	srv, err := ParseURL(rawURL)
	if err != nil {
		return show.Check{}, fmt.Errorf("%w: %w", uptime.ErrInvalid, err)
	}
	srv.Private = true
	if name, value, ok := strings.Cut(header, ":"); ok {
		srv.Profile.Headers = []uptime.Header{{Name: strings.TrimSpace(name), Value: uptime.Secret(strings.TrimSpace(value))}}
	} else if header != "" {
		return show.Check{}, fmt.Errorf("%w: a header is written as Name: value", uptime.ErrInvalid)
	}
	r, err := m.region(regionID)
	if err != nil {
		return show.Check{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, replayTime)
	defer cancel()
	return r.onDemand.Check(ctx, srv), nil
}

// region finds a region by its id; the first when that is empty.
func (m *Monitor) region(id string) (*region, error) {
	for _, r := range m.regions {
		if r.id == id || id == "" {
			return r, nil
		}
	}
	return nil, fmt.Errorf("%w: there is no region %q", uptime.ErrInvalid, id)
}

// acts is what an operator can do on the pages.
type acts struct {
	*Monitor
	token uptime.Secret
}

// Check reports whether this is the operator's token.
func (a acts) Check(token string) bool {
	want, got := sha256.Sum256([]byte(a.token.Reveal())), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// Accept makes the drift's new contract the baseline.
func (a acts) Accept(ctx context.Context, tenant uptime.TenantID, id uptime.DriftID, by, note string) error {
	return a.AcceptDrift(ctx, tenant, id, by, note)
}

// Note says on an incident what is being done.
func (a acts) Note(ctx context.Context, tenant uptime.TenantID, id uptime.IncidentID, by, text string) error {
	return a.NoteIncident(ctx, tenant, id, by, text)
}

// Regions are where Test can look from.
func (a acts) Regions() []uptime.Region { return a.plans.Plan().Regions }
