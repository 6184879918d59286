package board

import (
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// barDays is how many days a row shows, sparkHours how many hours.
	barDays    = 90
	sparkHours = 24
	// sparkEvery is after how many minutes a sparkline is made anew.
	sparkEvery = 10
	// openDrifts is how many open drifts are looked at for the worst.
	openDrifts = 50
)

// remember reads the past of a server. What cannot be read stays as it was.
func (b *Board) remember(ctx context.Context, e *entry, now time.Time) error {
	t, s, today := e.server.Tenant, e.server.ID, uptime.DayOf(now)
	e.history = uptime.MinuteOf(now)
	e.draft.Summary = b.History.Summary(t, s)
	if o := e.server.Objective; o != nil {
		budget := b.History.Budget(t, s, *o)
		e.draft.Budget = &budget
	}
	if e.day != today || e.measured == 0 {
		days, err := b.LastDays(ctx, &e.draft)
		if err != nil {
			return err
		}
		e.day, e.measured, e.draft.Demo = today, firstMeasured(days), invented(days)
	}
	e.draft.ToolsSince = e.toolsSince()
	return b.sparkle(ctx, e, now)
}

// LastDays returns the last 90 days of a row, oldest first, the last one is
// today. Rows do not hold them: they weigh several times what else is in a row,
// and few rows are looked at.
func (b *Board) LastDays(ctx context.Context, r *Row) ([]uptime.DayStat, error) {
	today := uptime.DayOf(b.Now())
	days, err := b.History.Days(ctx, r.Tenant, r.Server, today-barDays+1, today)
	if err != nil {
		return nil, fmt.Errorf("reading the days of %s: %w", r.Slug, err)
	}
	return everyDay(days, today), nil
}

// sparkle makes the sparkline anew when it is time, not for all servers in the
// same minute.
func (b *Board) sparkle(ctx context.Context, e *entry, now time.Time) error {
	minute := uptime.MinuteOf(now)
	mine := (minute+uptime.Minute(e.server.Num))%sparkEvery == 0
	if e.draft.Spark != nil && !mine && minute-e.spark < 2*sparkEvery {
		return nil
	}
	e.spark = minute
	to := now.Truncate(time.Hour).Add(time.Hour)
	points, err := b.History.Latency(ctx, e.server.Tenant, e.server.ID, to.Add(-sparkHours*time.Hour), to, time.Hour)
	if err != nil {
		return fmt.Errorf("reading the latency of %s: %w", e.server.Slug, err)
	}
	e.draft.Spark = points
	return nil
}

// everyDay returns the last 90 days, with empty ones for those that are missing.
func everyDay(days []uptime.DayStat, today uptime.Day) []uptime.DayStat {
	out := make([]uptime.DayStat, barDays)
	first := today - barDays + 1
	for i := range out {
		out[i].Day = first + uptime.Day(i)
	}
	for _, d := range days {
		if i := int(d.Day - first); i >= 0 && i < barDays {
			out[i] = d
		}
	}
	return out
}

func invented(days []uptime.DayStat) bool {
	for i := range days {
		if days[i].Demo {
			return true
		}
	}
	return false
}

// firstMeasured is the first day on which anything was measured, but for the
// last one, which is today; zero when there is none.
func firstMeasured(days []uptime.DayStat) uptime.Day {
	for i := range days[:len(days)-1] {
		if days[i].Measured() > 0 {
			return days[i].Day
		}
	}
	return 0
}

// toolsSince is since when the tools are the same: the newest drift, or the
// first day that anything was measured.
func (e *entry) toolsSince() time.Time {
	switch d := e.draft.Drift; {
	case e.draft.ToolsHash == "":
		return time.Time{}
	case d != nil && d.Reverted.After(d.Detected):
		return d.Reverted
	case d != nil:
		return d.Detected
	case e.measured == 0:
		return time.Time{}
	}
	return e.measured.Time()
}

// review reads incidents and drifts of a server anew.
func (b *Board) review(ctx context.Context, e *entry) error {
	t, s := e.server.Tenant, e.server.ID
	incidents, err := b.Records.Incidents(ctx, t, uptime.IncidentQuery{Server: s, Open: true, Limit: 1})
	if err != nil {
		return fmt.Errorf("reading the incidents of %s: %w", e.server.Slug, err)
	}
	newest, err := b.Records.Drifts(ctx, t, uptime.DriftQuery{Server: s, Limit: 1})
	if err != nil {
		return fmt.Errorf("reading the drifts of %s: %w", e.server.Slug, err)
	}
	d := &e.draft
	d.Incident, d.Drift, d.OpenDrift = first(discreetIncidents(incidents)), first(newest), nil
	if d.Drift != nil {
		open, err := b.Records.Drifts(ctx, t, uptime.DriftQuery{Server: s, Open: true, Limit: openDrifts})
		if err != nil {
			return fmt.Errorf("reading the open drifts of %s: %w", e.server.Slug, err)
		}
		d.OpenDrift = worst(open)
	}
	b.recall(ctx, e)
	d.ToolsSince = e.toolsSince()
	return nil
}

// recall finds what the tools were when the newest verdict could not tell.
func (b *Board) recall(ctx context.Context, e *entry) {
	d := &e.draft
	if d.ToolsHash != "" || d.Drift == nil || !d.Drift.Reverted.IsZero() {
		return
	}
	if c, err := b.Records.Contract(ctx, d.Tenant, d.Drift.To); err == nil {
		d.ToolsHash, d.Tools = c.Hash, c.Tools
	}
}

func first[T any](list []T) *T {
	if len(list) == 0 {
		return nil
	}
	one := list[0]
	return &one
}

// worst returns the drift of the greatest class; of several the newest.
func worst(open []uptime.Drift) *uptime.Drift {
	var out *uptime.Drift
	for i := range open {
		if out == nil || open[i].Class > out.Class {
			out = &open[i]
		}
	}
	return out
}

// trace finds out since when a state lasts that began before a restart, as far
// as one day back.
func (b *Board) trace(ctx context.Context, e *entry, now time.Time) error {
	d := &e.draft
	if d.State == uptime.Live || d.State == uptime.Unknown || !d.Since.IsZero() {
		return nil
	}
	to := uptime.MinuteOf(now) + 1
	minutes, err := b.History.Minutes(ctx, d.Tenant, d.Server, to-uptime.MinutesPerDay, to)
	if err != nil {
		return fmt.Errorf("reading the minutes of %s: %w", e.server.Slug, err)
	}
	d.Since = began(d.Verdict)
	if at := lastRun(minutes, d.State); at >= 0 {
		d.Since = (to - uptime.Minute(len(minutes)) + uptime.Minute(at)).Time()
	}
	return nil
}

// lastRun is where the run of minutes in this state begins that the minutes end
// with, but for those that are not archived yet; -1 when they do not.
func lastRun(minutes []uptime.MinuteCell, state uptime.State) int {
	at := len(minutes) - 1
	for at >= 0 && minutes[at].State == uptime.Unknown {
		at--
	}
	if at < 0 || minutes[at].State != state {
		return -1
	}
	for at > 0 && minutes[at-1].State == state {
		at--
	}
	return at
}
