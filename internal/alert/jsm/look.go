package jsm

import (
	"context"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Look asks whether the integration's key is still good, which nobody sees: it
// closes an alert that never was. A key that is refused is a refusal that says
// gone.
func (s *Sink) Look(ctx context.Context) error {
	return s.close(ctx, &uptime.Notice{Type: uptime.NoticeTest, Kind: uptime.AlertTest}, "alivemcp-look")
}
