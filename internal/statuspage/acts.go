package statuspage

import (
	"context"
	"net/http"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Acts is what an operator can do on the pages. Each act is durable and in the
// audit log when it returns.
type Acts interface {
	// Operator names who is signed in with this request; empty for a stranger,
	// who is shown no act and allowed none.
	Operator(r *http.Request) string
	// AcceptDrift makes the drift's new contract the baseline.
	AcceptDrift(ctx context.Context, tenant uptime.TenantID, id uptime.DriftID, by, note string) error
	// NoteIncident says on the incident's page what is being done.
	NoteIncident(ctx context.Context, tenant uptime.TenantID, id uptime.IncidentID, by, note string) error
	// Replay probes the server now, from one region, outside of cycles; the
	// evidence is redacted.
	Replay(ctx context.Context, tenant uptime.TenantID, slug, region string) (uptime.Result, error)
}
