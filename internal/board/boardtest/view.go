package boardtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// View returns everything about one server.
func (b *Board) View(_ context.Context, tenant uptime.TenantID, slug string) (board.View, error) {
	row, ok := b.Row(tenant, slug)
	if !ok {
		return board.View{}, fmt.Errorf("%w: server %q", uptime.ErrNotFound, slug)
	}
	s, ok := b.scripts[row.Server]
	if !ok {
		s = &script{slug: slug}
	}
	now := uptime.MinuteOf(b.now)
	v := board.View{Row: row, From: now - uptime.MinutesPerDay, Windows: s.windows}
	for m := v.From; m < now; m++ {
		v.Minutes = append(v.Minutes, s.cell(m, b.now))
	}
	v.Days = s.lastDays(b.now)
	v.Regions = b.regions(row, s)
	v.Incidents = firsts(b.pickIncidents(uptime.IncidentQuery{Server: row.Server}), 10)
	v.Drifts = firsts(b.pickDrifts(uptime.DriftQuery{Server: row.Server}), 10)
	if c, ok := b.contracts[row.ToolsHash]; ok {
		c.Snapshot = nil
		v.Contract = &c
	}
	if s.tlsDays > 0 {
		v.CertificateDays = &s.tlsDays
	}
	return v, nil
}

func firsts[T any](all []T, n int) []T { return all[:min(n, len(all))] }

func (b *Board) regions(row *board.Row, s *script) []board.RegionView {
	var out []board.RegionView
	for _, r := range Regions() {
		if !slices.Contains(s.regions, r.ID) {
			continue
		}
		v := board.RegionView{Region: r}
		today := uptime.DayOf(b.now)
		for d := today - 89; d <= today; d++ {
			from, to := d.Time(), earlier((d+1).Time(), b.now)
			v.Days = append(v.Days, s.regionCounts(s.counts(from, to, b.now), r.ID, from, to, b.now))
		}
		day := b.now.Add(-24 * time.Hour)
		v.H24 = s.regionCounts(s.counts(day, b.now, b.now), r.ID, day, b.now, b.now)
		if row.Verdict != nil {
			v.Report, v.Look = reportOf(row.Verdict, r.ID), s.look(row.Verdict.Cycle, r.ID)
		}
		out = append(out, v)
	}
	return out
}

func reportOf(v *uptime.Verdict, region string) *uptime.Report {
	for i := range v.Reports {
		if v.Reports[i].Region == region {
			return &v.Reports[i]
		}
	}
	return nil
}

// Incidents returns incidents, newest first.
func (b *Board) Incidents(_ context.Context, tenant uptime.TenantID, q uptime.IncidentQuery) ([]uptime.Incident, error) {
	if tenant != Tenant {
		return nil, nil
	}
	return b.pickIncidents(q), nil
}

func (b *Board) pickIncidents(q uptime.IncidentQuery) []uptime.Incident {
	var out []uptime.Incident
	for _, v := range b.incidents {
		if q.Server != "" && v.Server != q.Server || q.Open && !v.Open() || !past(q.Before, string(q.BeforeID), v.Opened, string(v.ID)) {
			continue
		}
		if out = append(out, v.Incident); len(out) == q.Limit {
			break
		}
	}
	return out
}

// past reports whether a record comes after the place in a list of newest
// first.
func past(before time.Time, beforeID string, at time.Time, id string) bool {
	return before.IsZero() || at.Before(before) || at.Equal(before) && id < beforeID
}

// Incident returns one incident.
func (b *Board) Incident(_ context.Context, tenant uptime.TenantID, id uptime.IncidentID) (board.IncidentView, error) {
	for _, v := range b.incidents {
		if v.Tenant == tenant && v.ID == id {
			return v, nil
		}
	}
	return board.IncidentView{}, fmt.Errorf("%w: incident %q", uptime.ErrNotFound, id)
}

// Drifts returns drifts, newest first.
func (b *Board) Drifts(_ context.Context, tenant uptime.TenantID, q uptime.DriftQuery) ([]uptime.Drift, error) {
	if tenant != Tenant {
		return nil, nil
	}
	return b.pickDrifts(q), nil
}

func (b *Board) pickDrifts(q uptime.DriftQuery) []uptime.Drift {
	var out []uptime.Drift
	for _, v := range b.drifts {
		if q.Server != "" && v.Server != q.Server || q.Open && !v.Open() || !past(q.Before, string(q.BeforeID), v.Detected, string(v.ID)) {
			continue
		}
		if out = append(out, v.Drift); len(out) == q.Limit {
			break
		}
	}
	return out
}

// Drift returns one drift with both contracts.
func (b *Board) Drift(_ context.Context, tenant uptime.TenantID, id uptime.DriftID) (board.DriftView, error) {
	for _, v := range b.drifts {
		if v.Tenant == tenant && v.ID == id {
			return v, nil
		}
	}
	return board.DriftView{}, fmt.Errorf("%w: drift %q", uptime.ErrNotFound, id)
}

// Contract returns a contract that some server has shown.
func (b *Board) Contract(_ context.Context, tenant uptime.TenantID, hash string) (uptime.Contract, error) {
	c, ok := b.contracts[hash]
	if !ok || tenant != Tenant {
		return uptime.Contract{}, fmt.Errorf("%w: contract %q", uptime.ErrNotFound, hash)
	}
	return c, nil
}

// Minutes returns the cells of [from, to).
func (b *Board) Minutes(_ context.Context, _ uptime.TenantID, server uptime.ServerID, from, to uptime.Minute) ([]uptime.MinuteCell, error) {
	s, ok := b.scripts[server]
	if !ok {
		return nil, fmt.Errorf("%w: server %q", uptime.ErrNotFound, server)
	}
	if to < from || to-from > 100*uptime.MinutesPerDay {
		return nil, fmt.Errorf("%w: more than 100 days", uptime.ErrInvalid)
	}
	out := make([]uptime.MinuteCell, 0, to-from)
	for m := from; m < to; m++ {
		out = append(out, s.cell(m, b.now))
	}
	return out, nil
}

// LastDays returns the last 90 days of a row.
func (b *Board) LastDays(_ context.Context, r *board.Row) ([]uptime.DayStat, error) {
	if s, ok := b.scripts[r.Server]; ok {
		return s.lastDays(b.now), nil
	}
	return (&script{slug: r.Slug}).lastDays(b.now), nil
}

func (s *script) lastDays(now time.Time) (out []uptime.DayStat) {
	today := uptime.DayOf(now)
	for d := today - 89; d <= today; d++ {
		out = append(out, s.day(d, now))
	}
	return out
}

// Days returns the days from from to to.
func (b *Board) Days(_ context.Context, _ uptime.TenantID, server uptime.ServerID, from, to uptime.Day) ([]uptime.DayStat, error) {
	s, ok := b.scripts[server]
	if !ok {
		return nil, fmt.Errorf("%w: server %q", uptime.ErrNotFound, server)
	}
	var out []uptime.DayStat
	for d := from; d <= to; d++ {
		out = append(out, s.day(d, b.now))
	}
	return out, nil
}

// Latency returns a point for each step of [from, to).
func (b *Board) Latency(_ context.Context, _ uptime.TenantID, server uptime.ServerID, from, to time.Time, step time.Duration) ([]uptime.LatencyPoint, error) {
	s, ok := b.scripts[server]
	if !ok {
		return nil, fmt.Errorf("%w: server %q", uptime.ErrNotFound, server)
	}
	if step < time.Minute || to.Sub(from)/step > 3000 {
		return nil, fmt.Errorf("%w: at most 3000 points, at least a minute each", uptime.ErrInvalid)
	}
	var out []uptime.LatencyPoint
	for t := from; t.Before(to); t = t.Add(step) {
		out = append(out, s.point(t, step, b.now))
	}
	return out, nil
}
