package app

import (
	"context"
	"encoding/json"

	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Snapshot takes the tools list of a server. When the list could not be had,
// listed is false and the check says why. The Checker must have been made with
// KeepTools.
func (c *Checker) Snapshot(ctx context.Context, srv uptime.Server) (snap drift.Snapshot, check show.Check, listed bool) {
	check = c.Check(ctx, srv)
	r := check.Result
	snap = drift.Snapshot{
		Target: srv.Name, TakenAt: r.Started, ProtocolVersion: r.Version,
		Server: drift.ServerInfo{Name: r.ServerName, Version: r.ServerVer},
	}
	if r.Tools == nil {
		return snap, check, false
	}
	for _, raw := range r.Tools.Raw {
		snap.Tools = append(snap.Tools, json.RawMessage(raw))
	}
	return snap, check, len(snap.Tools) == r.Tools.Count
}

// Diff compares two snapshots. names are what the user called them.
func Diff(before, after drift.Snapshot, names [2]string) show.DiffReport {
	old, oldProblems := before.Contract()
	now, nowProblems := after.Contract()
	d := drift.Compare(old, now)
	return show.NewDiffReport(d, side(names[0], before, old, oldProblems), side(names[1], after, now, nowProblems))
}

func side(name string, s drift.Snapshot, c drift.Contract, problems []drift.Problem) show.DiffSide {
	out := show.DiffSide{
		Name: name, Target: s.Target, Tools: len(s.Tools),
		Hash: c.Hash, ContractHash: c.ContractHash, Problems: []string{},
	}
	for _, p := range problems {
		out.Problems = append(out.Problems, p.String())
	}
	return out
}
