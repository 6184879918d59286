package app

import (
	"context"
	"log/slog"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// ledger tells the board and the log when incidents and drifts have changed.
type ledger struct {
	*sqlite.Store
	board *board.Board
	plan  func() *uptime.Plan
	wake  func() // the one who decides who is told
	log   *slog.Logger
}

// Record stores changes and has the rows that show them read anew.
func (l ledger) Record(ctx context.Context, c uptime.Changes) error {
	if err := l.Store.Record(ctx, c); err != nil {
		return err
	}
	for _, i := range c.Incidents {
		l.board.Touch(i.Tenant, i.Server)
	}
	for _, d := range c.Drifts {
		l.board.Touch(d.Tenant, d.Server)
	}
	if len(c.Events) > 0 || len(c.Drifts) > 0 {
		l.wake()
	}
	l.tell(ctx, c)
	return nil
}

// tell logs what an operator wants to find in the log.
func (l ledger) tell(ctx context.Context, c uptime.Changes) {
	for _, e := range c.Events {
		for _, i := range c.Incidents {
			if i.ID == e.Incident {
				l.log.InfoContext(ctx, "incident", "event", string(e.Kind), "server", l.slug(i.Tenant, i.Server),
					"cause", string(i.Failure.Cause), "regions", e.Regions, "id", string(i.ID))
			}
		}
	}
	for _, d := range c.Drifts {
		l.log.InfoContext(ctx, "drift", "server", l.slug(d.Tenant, d.Server), "class", d.Class.String(),
			"summary", d.Summary, "open", d.Open(), "id", string(d.ID))
	}
}

func (l ledger) slug(tenant uptime.TenantID, id uptime.ServerID) string {
	for _, srv := range l.plan().Servers {
		if srv.Tenant == tenant && srv.ID == id {
			return srv.Slug
		}
	}
	return string(id)
}
