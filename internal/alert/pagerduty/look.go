package pagerduty

import (
	"context"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Look asks whether the integration is still there, which nobody sees: it
// resolves an incident that never was. One that was deleted is a refusal that
// says gone.
func (s *Sink) Look(ctx context.Context) error {
	n := uptime.Notice{Type: uptime.NoticeTest, Kind: uptime.AlertTest, Title: "AliveMCP looks whether this integration is there"}
	return s.send(ctx, "/v2/enqueue", s.event(&n, "resolve", "alivemcp-look"))
}
