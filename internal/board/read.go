package board

import (
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// newest is how many incidents and drifts a View has.
	newest = 10
	// maxOpen is how many minutes are usually not in the archive yet.
	maxOpen = 4
	// maxRecords is how many records are read to find visible ones.
	maxRecords = 20_000
)

// View returns everything that a status page shows. An unknown slug is
// uptime.ErrNotFound.
func (b *Board) View(ctx context.Context, t uptime.TenantID, slug string) (View, error) {
	row, ok := b.Row(t, slug)
	if !ok {
		return View{}, fmt.Errorf("server: %w", uptime.ErrNotFound)
	}
	now := b.Now()
	to := b.lastMinute(now)
	v := View{Row: row, From: to - uptime.MinutesPerDay + 1, Windows: b.Windows(t, row.Server)}
	var err error
	if v.Days, err = b.LastDays(ctx, row); err != nil {
		return View{}, err
	}
	if v.Minutes, err = b.History.Minutes(ctx, t, row.Server, v.From, to+1); err != nil {
		return View{}, fmt.Errorf("reading the minutes of %s: %w", slug, err)
	}
	if v.Incidents, err = b.Records.Incidents(ctx, t, uptime.IncidentQuery{Server: row.Server, Limit: newest}); err != nil {
		return View{}, fmt.Errorf("reading the incidents of %s: %w", slug, err)
	}
	v.Incidents = discreetIncidents(v.Incidents)
	if v.Drifts, err = b.Records.Drifts(ctx, t, uptime.DriftQuery{Server: row.Server, Limit: newest}); err != nil {
		return View{}, fmt.Errorf("reading the drifts of %s: %w", slug, err)
	}
	if row.ToolsHash != "" {
		// A contract that cannot be read is not known; the page stands without it.
		if c, err := b.Records.Contract(ctx, t, row.ToolsHash); err == nil {
			c.Snapshot = nil
			v.Contract = &c
		}
	}
	v.Regions = b.regions(row, v.Days, v.Minutes)
	v.CertificateDays = certificateDays(row.Verdict, now)
	return v, nil
}

// lastMinute is the newest minute that a view shows: the last one in the archive.
// Minutes take some two to be judged and archived, which is no hole in the
// measurement; when the archive is behind, the hole is shown.
func (b *Board) lastMinute(now time.Time) uptime.Minute {
	to := uptime.MinuteOf(now)
	if b.Archived == nil {
		return to
	}
	if last := b.Archived(); last < to && to-last <= maxOpen {
		return last
	}
	return to
}

// regions gathers what each region saw.
func (b *Board) regions(row *Row, days []uptime.DayStat, minutes []uptime.MinuteCell) []RegionView {
	looks := map[string]*uptime.Result{}
	for _, cell := range b.Looks.Look(row.Tenant, row.Server) {
		if last := cell.Last(); len(cell.Attempts) > 0 {
			looks[cell.Region] = &last
		}
	}
	views := make([]RegionView, len(row.Cells))
	at := make(map[string]int, len(row.Cells))
	for i, c := range row.Cells {
		at[c.Region] = i
		views[i] = RegionView{
			Region: uptime.Region{ID: c.Region, City: c.City},
			Report: report(row.Verdict, c.Region), Look: looks[c.Region],
			Days: make([]uptime.Counts, len(days)),
		}
	}
	fillDays(views, at, days)
	fillHours(views, at, minutes)
	return views
}

func fillDays(views []RegionView, at map[string]int, days []uptime.DayStat) {
	for d := range days {
		for _, r := range days[d].Regions {
			if i, ok := at[r.Region]; ok {
				views[i].Days[d] = r.Counts
			}
		}
	}
}

func fillHours(views []RegionView, at map[string]int, minutes []uptime.MinuteCell) {
	for m := range minutes {
		if minutes[m].Maintenance {
			for i := range views {
				views[i].H24.Maintenance++
			}
			continue
		}
		for _, r := range minutes[m].Regions {
			if i, ok := at[r.Region]; ok {
				views[i].H24.Add(counted(r.State))
			}
		}
	}
	for i := range views {
		views[i].H24.Unknown += len(minutes) - views[i].H24.Total()
	}
}

// counted is one minute in this state; Unknown is what nobody counts.
func counted(s uptime.State) uptime.Counts {
	return uptime.Counts{Live: one(s == uptime.Live), Degraded: one(s == uptime.Degraded), Down: one(s == uptime.Down)}
}

// certificateDays is how many days the certificate is valid where it ends first.
func certificateDays(v *uptime.Verdict, now time.Time) *int {
	if v == nil {
		return nil
	}
	var first time.Time
	for i := range v.Reports {
		if end := v.Reports[i].TLSNotAfter; !end.IsZero() && (first.IsZero() || end.Before(first)) {
			first = end
		}
	}
	if first.IsZero() {
		return nil
	}
	days := int(first.Sub(now).Hours() / 24)
	return &days
}

// Windows returns the maintenance that is on or planned for a server, soonest
// first.
func (b *Board) Windows(t uptime.TenantID, s uptime.ServerID) []uptime.Window {
	plan, now := b.Plan(), b.Now()
	row, ok := b.RowOf(t, s)
	if !ok {
		return nil
	}
	return planned(b.windowsOf(plan), &uptime.Server{Tenant: t, ID: s, Slug: row.Slug, Group: row.Group}, now)
}

// Planned returns the maintenance of a tenant that is on or planned, soonest
// first. Servers and groups that are not shown are not named in it.
func (b *Board) Planned(t uptime.TenantID) []uptime.Window {
	now := b.Now()
	var out []uptime.Window
	for _, w := range b.windowsOf(b.Plan()) {
		if w.Tenant == t && now.Before(w.To) {
			out = append(out, w)
		}
	}
	sortWindows(out)
	return out
}

// Regions returns all regions there are.
func (b *Board) Regions() []uptime.Region { return b.Plan().Regions }

// Incidents returns incidents of servers that are shown, newest first. Limit is
// at most MaxLimit, and DefaultLimit when zero.
func (b *Board) Incidents(ctx context.Context, t uptime.TenantID, q uptime.IncidentQuery) ([]uptime.Incident, error) {
	limit := bounded(q.Limit)
	read := func(last *uptime.Incident) ([]uptime.Incident, error) {
		if last != nil {
			q.Before, q.BeforeID = last.Opened, last.ID
		}
		q.Limit = limit
		return b.Records.Incidents(ctx, t, q)
	}
	show := func(i *uptime.Incident) bool { return b.visible(t, i.Server) == nil }
	list, err := gather(limit, read, show)
	return discreetIncidents(list), err
}

// Drifts returns drifts of servers that are shown, newest first. Limit is at
// most MaxLimit, and DefaultLimit when zero.
func (b *Board) Drifts(ctx context.Context, t uptime.TenantID, q uptime.DriftQuery) ([]uptime.Drift, error) {
	limit := bounded(q.Limit)
	read := func(last *uptime.Drift) ([]uptime.Drift, error) {
		if last != nil {
			q.Before, q.BeforeID = last.Detected, last.ID
		}
		q.Limit = limit
		return b.Records.Drifts(ctx, t, q)
	}
	show := func(d *uptime.Drift) bool { return b.visible(t, d.Server) == nil }
	return gather(limit, read, show)
}

func bounded(limit int) int {
	if limit <= 0 {
		return DefaultLimit
	}
	return min(limit, MaxLimit)
}

// gather reads pages until there are limit records that may be shown. Records
// stay when their server is hidden or gone, so that a page can be all of those.
func gather[T any](limit int, read func(last *T) ([]T, error), show func(*T) bool) ([]T, error) {
	var out []T
	var last *T
	for seen := 0; seen < maxRecords; {
		page, err := read(last)
		if err != nil {
			return nil, fmt.Errorf("reading records: %w", err)
		}
		for i := range page {
			if show(&page[i]) {
				out = append(out, page[i])
			}
			if len(out) == limit {
				return out, nil
			}
		}
		if len(page) < limit {
			return out, nil
		}
		last, seen = &page[len(page)-1], seen+len(page)
	}
	return out, nil
}

// Incident returns an incident with its timeline and evidence.
func (b *Board) Incident(ctx context.Context, t uptime.TenantID, id uptime.IncidentID) (IncidentView, error) {
	i, events, evidence, err := b.Records.Incident(ctx, t, id)
	if err != nil {
		return IncidentView{}, fmt.Errorf("reading the incident: %w", err)
	}
	if err := b.visible(t, i.Server); err != nil {
		return IncidentView{}, err
	}
	i.Failure = public.Failure(i.Failure)
	return IncidentView{Incident: i, Events: discreetEvents(events), Evidence: evidence}, nil
}

// Drift returns a drift with both contracts. A contract that is not kept any
// more has only its hash.
func (b *Board) Drift(ctx context.Context, t uptime.TenantID, id uptime.DriftID) (DriftView, error) {
	d, err := b.Records.Drift(ctx, t, id)
	if err != nil {
		return DriftView{}, fmt.Errorf("reading the drift: %w", err)
	}
	if err := b.visible(t, d.Server); err != nil {
		return DriftView{}, err
	}
	v := DriftView{Drift: d, Before: uptime.Contract{Hash: d.From}, After: uptime.Contract{Hash: d.To}}
	for _, c := range []*uptime.Contract{&v.Before, &v.After} {
		if kept, err := b.Records.Contract(ctx, t, c.Hash); err == nil {
			*c = kept
		}
	}
	return v, nil
}

// Contract returns a contract with its snapshot, by its tools hash.
func (b *Board) Contract(ctx context.Context, t uptime.TenantID, hash string) (uptime.Contract, error) {
	return b.Records.Contract(ctx, t, hash)
}

// Minutes returns the minutes of [from,to).
func (b *Board) Minutes(ctx context.Context, t uptime.TenantID, s uptime.ServerID, from, to uptime.Minute) ([]uptime.MinuteCell, error) {
	if err := b.visible(t, s); err != nil {
		return nil, err
	}
	return b.History.Minutes(ctx, t, s, from, to)
}

// Days returns the days from from to to, both included.
func (b *Board) Days(ctx context.Context, t uptime.TenantID, s uptime.ServerID, from, to uptime.Day) ([]uptime.DayStat, error) {
	if err := b.visible(t, s); err != nil {
		return nil, err
	}
	return b.History.Days(ctx, t, s, from, to)
}

// Latency returns a point for every step of [from,to).
func (b *Board) Latency(ctx context.Context, t uptime.TenantID, s uptime.ServerID, from, to time.Time, step time.Duration) ([]uptime.LatencyPoint, error) {
	if err := b.visible(t, s); err != nil {
		return nil, err
	}
	return b.History.Latency(ctx, t, s, from, to, step)
}
