package board

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// longDown is from when on a server that is down gets a red flag.
const longDown = 15 * time.Minute

// entry is what Run remembers about one server. Its draft becomes a Row by being
// copied; slices and pointers in it are replaced, never written to.
type entry struct {
	server *uptime.Server
	added  time.Time
	draft  Row
	// restored says that the first verdict is from before a restart: nobody saw
	// its state begin.
	restored bool
	// history is the minute in which the past was read last, spark the same of
	// the sparkline.
	history, spark uptime.Minute
	// day is the day in which the days were read last, measured the first of them
	// that anything was measured on.
	day, measured uptime.Day
	// reread is for how many more verdicts incidents and drifts are read anew.
	reread int
}

func newEntry(now time.Time) *entry { return &entry{added: now} }

// adopt takes over what the plan says.
func (e *entry) adopt(s *uptime.Server, plan *uptime.Plan) {
	e.server = s
	d := &e.draft
	d.Tenant, d.Server, d.Slug, d.Name, d.Group = s.Tenant, s.ID, s.Slug, s.Name, s.Group
	d.URL, d.Description, d.RunbookURL = s.PublicURL(), s.Description, s.RunbookURL
	d.Interval, d.Paused, d.Guest = s.Every(), s.Paused, s.Guest
	d.Transport = cmp.Or(d.Transport, s.Transport)
	if s.Objective == nil {
		d.Budget = nil
	}
	e.cells(plan)
}

// cells sets the regions that are to report, and what they reported.
func (e *entry) cells(plan *uptime.Plan) {
	cells := make([]CityCell, 0, len(e.server.Regions))
	for _, region := range e.server.Regions {
		cell := CityCell{Region: region, City: plan.City(region)}
		if r := report(e.draft.Verdict, region); r != nil {
			cell.State = r.State
		}
		cells = append(cells, cell)
	}
	e.draft.Cells = cells
}

// report returns a region's report; nil when there is none.
func report(v *uptime.Verdict, region string) *uptime.Report {
	if v == nil {
		return nil
	}
	for i := range v.Reports {
		if v.Reports[i].Region == region {
			return &v.Reports[i]
		}
	}
	return nil
}

// take makes v the newest verdict. It reports whether v can have changed
// incidents or drifts.
func (e *entry) take(v *uptime.Verdict, plan *uptime.Plan) (eventful bool) {
	d := &e.draft
	state, tools := uptime.Unknown, d.ToolsHash
	if d.Verdict != nil {
		state = d.Verdict.State
	}
	d.Verdict, d.LastProbe = v, probed(v)
	d.Access = cmp.Or(v.Access, d.Access)
	for i := range v.Reports {
		d.Transport = cmp.Or(v.Reports[i].Transport, d.Transport)
	}
	if hash, n := shown(v); hash != "" {
		d.ToolsHash, d.Tools = hash, n
	}
	e.cells(plan)
	return state != v.State || tools != d.ToolsHash || d.Incident != nil
}

// probed is when the newest probe of a verdict began.
func probed(v *uptime.Verdict) time.Time {
	newest := v.Cycle
	for i := range v.Reports {
		if v.Reports[i].Started.After(newest) {
			newest = v.Reports[i].Started
		}
	}
	return newest
}

// began is when the first probe of a verdict began.
func began(v *uptime.Verdict) time.Time {
	var first time.Time
	for i := range v.Reports {
		if at := v.Reports[i].Started; !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if first.IsZero() {
		return v.Cycle
	}
	return first
}

// shown is the tools hash that most regions show; of several the first.
func shown(v *uptime.Verdict) (hash string, tools int) {
	votes, most := map[string]int{}, 0
	for i := range v.Reports {
		if h := v.Reports[i].ToolsHash; h != "" {
			votes[h]++
			most = max(most, votes[h])
		}
	}
	for i := range v.Reports {
		if r := &v.Reports[i]; r.ToolsHash != "" && votes[r.ToolsHash] == most {
			return r.ToolsHash, r.Tools
		}
	}
	return "", 0
}

// judge sets what depends on the time of day. It reports whether that changed.
func (e *entry) judge(now time.Time, windows []uptime.Window) bool {
	d := &e.draft
	before := faceOf(d)
	state, stale := e.standing(now)
	if state != d.State {
		d.Since = e.turned(stale)
	}
	d.State, d.Stale = state, stale
	if state == uptime.Down && d.Incident != nil {
		d.Since = d.Incident.Opened
	}
	d.DownLong = state == uptime.Down && !d.Since.IsZero() && now.Sub(d.Since) > longDown
	d.Drift24h = d.Drift != nil && now.Sub(d.Drift.Detected) < 24*time.Hour
	d.Window = onNow(windows, e.server, now)
	return before != faceOf(d)
}

// face is what the clock alone can change about a row.
type face struct {
	state              uptime.State
	stale              string
	downLong, drift24h bool
	window             string
}

func faceOf(r *Row) face {
	f := face{state: r.State, stale: r.Stale, downLong: r.DownLong, drift24h: r.Drift24h}
	if r.Window != nil {
		f.window = r.Window.ID
	}
	return f
}

// standing is the state that counts now, and why it is not the verdict's.
func (e *entry) standing(now time.Time) (state uptime.State, stale string) {
	v := e.draft.Verdict
	switch {
	case e.server.Paused:
		return uptime.Unknown, "checks are paused"
	case v == nil:
		return uptime.Unknown, ""
	case now.After(stands(v)):
		return uptime.Unknown, "no probe has been judged since " + Clock(v.Cycle, now)
	}
	return v.State, ""
}

// stands is until when a verdict counts: two cycles after it was due itself at
// the latest.
func stands(v *uptime.Verdict) time.Time {
	return v.Cycle.Add(2*v.Every + uptime.CellTime + uptime.SealGrace)
}

// turned is when the state became another one; zero when nobody saw it.
func (e *entry) turned(stale string) time.Time {
	v := e.draft.Verdict
	switch {
	case v == nil || e.restored:
		return time.Time{}
	case stale != "":
		return v.Cycle.Add(v.Every)
	}
	return began(v)
}

// onNow returns the window that covers the server; of several, the last to end.
func onNow(windows []uptime.Window, s *uptime.Server, now time.Time) (on *uptime.Window) {
	for i := range windows {
		w := &windows[i]
		if w.Covers(s, now) && (on == nil || w.To.After(on.To)) {
			on = w
		}
	}
	return on
}

// planned returns the windows for the server that are not over, soonest first.
func planned(windows []uptime.Window, s *uptime.Server, now time.Time) []uptime.Window {
	var out []uptime.Window
	for i := range windows {
		if windows[i].For(s) && now.Before(windows[i].To) {
			out = append(out, windows[i])
		}
	}
	sortWindows(out)
	return out
}

func sortWindows(windows []uptime.Window) {
	slices.SortFunc(windows, func(a, b uptime.Window) int {
		return cmp.Or(a.From.Compare(b.From), strings.Compare(a.ID, b.ID))
	})
}

// row returns what readers get.
func (e *entry) row() *Row {
	row := e.draft
	return &row
}
