package board_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const tenant = uptime.TenantID("t")

// world is everything that a board reads, in memory.
type world struct {
	mu        sync.Mutex
	plan      *uptime.Plan
	feed      []uptime.Verdict
	more      chan struct{}
	incidents []uptime.Incident
	drifts    []uptime.Drift
	contracts map[string]uptime.Contract
	minutes   []uptime.MinuteCell // the last ones before now
	days      []uptime.DayStat
	summary   uptime.Summary
	cells     []uptime.Cell
	broken    error         // of the store
	gone      uptime.Cursor // the feed does not keep what is not after it
	asked     int           // questions to the store
	daysAsked int           // questions for days
}

func newWorld(servers ...*uptime.Server) *world {
	w := &world{more: make(chan struct{}), contracts: map[string]uptime.Contract{}}
	w.replan(servers)
	return w
}

func (w *world) replan(servers []*uptime.Server, windows ...uptime.Window) {
	w.mu.Lock()
	defer w.mu.Unlock()
	version := uint64(1)
	if w.plan != nil {
		version = w.plan.Version + 1
	}
	w.plan = &uptime.Plan{
		Version: version, Servers: servers, Windows: windows,
		Regions: []uptime.Region{{ID: "ap", City: "Tokyo"}, {ID: "eu", City: "London"}},
	}
}

// change runs do while nobody reads.
func (w *world) change(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do()
}

func (w *world) seal(vs ...uptime.Verdict) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range vs {
		v.Seq = uptime.Cursor(len(w.feed) + 1)
		w.feed = append(w.feed, v)
	}
	close(w.more)
	w.more = make(chan struct{})
}

func (w *world) options() board.Options {
	return board.Options{
		Plan: func() *uptime.Plan {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.plan
		},
		Feed: w, History: w, Records: w, Looks: w,
	}
}

func (w *world) After(_ context.Context, at uptime.Cursor, limit int) ([]uptime.Verdict, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at < w.gone {
		return nil, &uptime.FeedGap{After: at, Resume: w.gone}
	}
	rest := w.feed[min(int(at), len(w.feed)):]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

func (w *world) Wait(ctx context.Context, at uptime.Cursor) error {
	for {
		w.mu.Lock()
		n, more := len(w.feed), w.more
		w.mu.Unlock()
		if n > int(at) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-more:
		}
	}
}

func (w *world) Latest(t uptime.TenantID, s uptime.ServerID) (uptime.Verdict, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range slices.Backward(w.feed) {
		if v.Tenant == t && v.Server == s {
			return v, true
		}
	}
	return uptime.Verdict{}, false
}

func (w *world) Minutes(_ context.Context, _ uptime.TenantID, _ uptime.ServerID, from, to uptime.Minute) ([]uptime.MinuteCell, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]uptime.MinuteCell, to-from)
	copy(out[max(0, len(out)-len(w.minutes)):], w.minutes)
	return out, nil
}

func (w *world) Days(context.Context, uptime.TenantID, uptime.ServerID, uptime.Day, uptime.Day) ([]uptime.DayStat, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.daysAsked++
	return slices.Clone(w.days), nil
}

func (w *world) Latency(_ context.Context, _ uptime.TenantID, _ uptime.ServerID, from, to time.Time, step time.Duration) ([]uptime.LatencyPoint, error) {
	var out []uptime.LatencyPoint
	for at := from; at.Before(to); at = at.Add(step) {
		out = append(out, uptime.LatencyPoint{At: at})
	}
	return out, nil
}

func (w *world) Summary(uptime.TenantID, uptime.ServerID) uptime.Summary {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.summary
}

func (w *world) Budget(_ uptime.TenantID, _ uptime.ServerID, o uptime.Objective) uptime.Budget {
	return uptime.Budget{Objective: o, Left: 1}
}

func (w *world) ask() error {
	w.asked++
	return w.broken
}

func (w *world) Incidents(_ context.Context, t uptime.TenantID, q uptime.IncidentQuery) ([]uptime.Incident, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []uptime.Incident
	for _, i := range slices.Backward(w.incidents) {
		after := q.Before.IsZero() || i.Opened.Before(q.Before) || i.Opened.Equal(q.Before) && i.ID < q.BeforeID
		if i.Tenant == t && after && (q.Server == "" || q.Server == i.Server) && (!q.Open || i.Open()) && len(out) < q.Limit {
			out = append(out, i)
		}
	}
	return out, w.ask()
}

func (w *world) Incident(_ context.Context, t uptime.TenantID, id uptime.IncidentID) (uptime.Incident, []uptime.IncidentEvent, []uptime.Evidence, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, i := range w.incidents {
		if i.Tenant == t && i.ID == id {
			return i, nil, nil, w.ask()
		}
	}
	return uptime.Incident{}, nil, nil, uptime.ErrNotFound
}

func (w *world) Drifts(_ context.Context, t uptime.TenantID, q uptime.DriftQuery) ([]uptime.Drift, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []uptime.Drift
	for _, d := range slices.Backward(w.drifts) {
		after := q.Before.IsZero() || d.Detected.Before(q.Before) || d.Detected.Equal(q.Before) && d.ID < q.BeforeID
		if d.Tenant == t && after && (q.Server == "" || q.Server == d.Server) && (!q.Open || d.Open()) && len(out) < q.Limit {
			out = append(out, d)
		}
	}
	return out, w.ask()
}

func (w *world) Drift(_ context.Context, t uptime.TenantID, id uptime.DriftID) (uptime.Drift, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.drifts {
		if d.Tenant == t && d.ID == id {
			return d, w.ask()
		}
	}
	return uptime.Drift{}, uptime.ErrNotFound
}

func (w *world) Contract(_ context.Context, _ uptime.TenantID, hash string) (uptime.Contract, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c, ok := w.contracts[hash]; ok {
		return c, nil
	}
	return uptime.Contract{}, errors.Join(uptime.ErrNotFound)
}

func (w *world) Look(uptime.TenantID, uptime.ServerID) []uptime.Cell { return w.cells }

func server(slug string, change ...func(*uptime.Server)) *uptime.Server {
	s := &uptime.Server{
		ID: uptime.ServerID("srv_" + slug), Tenant: tenant, Slug: slug, Name: slug,
		Interval: time.Minute, Regions: []string{"ap", "eu"},
	}
	for _, c := range change {
		c(s)
	}
	return s
}

// verdict is the judgement of the cycle that began at this time, with the same
// report from both regions.
func verdict(s *uptime.Server, cycle time.Time, state uptime.State, change ...func(*uptime.Verdict)) uptime.Verdict {
	v := uptime.Verdict{
		Tenant: s.Tenant, Server: s.ID, Cycle: cycle, Every: s.Every(), State: state, Access: uptime.AccessOpen,
		Expected: 2, SealedAt: cycle.Add(2 * time.Second),
	}
	for _, region := range s.Regions {
		r := uptime.Report{Region: region, State: state, Started: cycle.Add(time.Second), Transport: uptime.StreamableHTTP}
		if state != uptime.Down {
			r.ToolsHash, r.Tools = "sha256:a", 3
		} else {
			v.Failure = &uptime.Failure{Cause: uptime.ConnectRefused}
		}
		v.Reports = append(v.Reports, r)
	}
	for _, c := range change {
		c(&v)
	}
	return v
}
