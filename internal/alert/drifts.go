package alert

import (
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// drift returns the alert of a change of a tool contract.
func (s *step) drift(d *uptime.Drift) uptime.Alert {
	a := uptime.Alert{
		Key: uptime.AlertKey(d.ID), Tenant: d.Tenant, Server: d.Server, Kind: uptime.AlertDrift,
		Reason: uptime.SchemaDrift, Class: d.Class, Regions: slices.Clone(d.Regions), Opened: d.Detected,
		Detail: d.Summary, Demo: d.Demo,
	}
	if d.Class == uptime.DriftBreaking {
		a.Cause = uptime.DriftDetected
	}
	switch {
	case !d.Accepted.IsZero():
		a.Resolved, a.Ended = d.Accepted, uptime.EndedAccepted
	case !d.Reverted.IsZero():
		a.Resolved, a.Ended = d.Reverted, uptime.EndedReverted
		if s.world.servers[serverKey{d.Tenant, d.Server}] == nil {
			a.Ended = uptime.EndedForgotten
		}
	}
	a.Priority = priorityOf(&a, s.now)
	return s.resting(s.located(a))
}
