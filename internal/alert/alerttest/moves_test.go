package alerttest_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// move is one thing that happens.
type move struct {
	What   string
	Server int
	Sink   int
	// N chooses among what a move may be: a cause, a step, a trouble.
	N    int
	Late bool
	// After is how long it is until the next move.
	After time.Duration
}

// happenings are what may happen, some of it more often.
func happenings() []string {
	return []string{
		"down", "down", "down", "up", "up", "up", "degraded", "flap", "outage", "relief", "relief", "drift", "accept", "note", "ack", "silence", "loud", "window", "pause",
		"once", "once", "long", "hours", "disk", "disk", "kill", "kill", "kill", "restart", "off", "quiet",
	}
}

func someMoves() *rapid.Generator[[]move] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) move {
		return move{
			What:   rapid.SampledFrom(happenings()).Draw(t, "what"),
			Server: rapid.IntRange(0, 4).Draw(t, "server"),
			Sink:   rapid.IntRange(0, 5).Draw(t, "sink"),
			N:      rapid.IntRange(0, 30).Draw(t, "n"),
			Late:   rapid.Bool().Draw(t, "late"),
			After: rapid.SampledFrom([]time.Duration{
				time.Second, 20 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 7 * time.Minute, 20 * time.Minute,
			}).Draw(t, "after"),
		}
	}), 1, 25)
}

// act lets a move happen.
func (w *world) act(m move) {
	w.t.Helper()
	p := w.servers[m.Server%len(w.servers)]
	switch m.What {
	case "down":
		p.fail(uptime.Down, m.N)
	case "degraded":
		p.fail(uptime.Degraded, m.N)
	case "up":
		p.state = uptime.Live
	case "outage", "relief": // of all at once
		for _, p := range w.servers {
			if p.state = uptime.Live; m.What == "outage" {
				p.fail(uptime.Down, m.N)
			}
		}
	case "flap":
		for range 2 + m.N%3 {
			p.fail(uptime.Down, m.N)
			w.pass(cycle)
			p.state = uptime.Live
			w.pass(2 * cycle)
		}
	case "drift":
		p.contract = []string{"one", "two", "three"}[m.N%3]
	case "pause":
		w.pause(p, !p.srv.Paused)
	case "window":
		w.maintain(p, time.Duration(1+m.N)*time.Minute)
	case "restart":
		w.restart(time.Second)
	case "off":
		w.restart(time.Duration(1+m.N*m.N) * time.Minute)
	case "kill":
		w.process.life.kill(1+m.N%12, m.Late)
	case "disk":
		w.fill([]string{"route", "route", "record", "begin", "end", reads, places}[m.N%7], 1+m.N%4, m.Late)
	case "once", "long", "hours":
		w.ail(m)
	default:
		w.operate(m, p)
	}
}

// operate is what people do.
func (w *world) operate(m move, p *patient) {
	ctx, tenant, now := w.t.Context(), p.srv.Tenant, time.Now().UTC()
	entry := uptime.AuditEntry{Tenant: tenant, At: now, By: "ann", Action: "test", Object: "test", Text: "because"}
	store := w.process.store
	switch m.What {
	case "ack":
		for _, in := range w.incidents(tenant, true) {
			if in.Server == p.srv.ID {
				_ = w.process.router.Acknowledge(ctx, tenant, uptime.AlertKey(in.ID), "ann", "") // nobody may know of it yet
			}
		}
	case "note":
		for _, in := range w.incidents(tenant, true) {
			if in.Server == p.srv.ID {
				entry.Text = fmt.Sprint("Note ", now.Unix())
				w.amend(func(ctx context.Context) error { return store.NoteIncident(ctx, tenant, in.ID, entry) })
			}
		}
	case "accept":
		for _, d := range w.drifts(tenant) {
			if d.Server == p.srv.ID {
				w.amend(func(ctx context.Context) error { return store.AcceptDrift(ctx, tenant, d.ID, entry) })
			}
		}
	case "silence":
		q := uptime.Silence{ID: "sil_" + p.srv.Slug, Tenant: tenant, Servers: []string{p.srv.Slug}, From: now, Until: now.Add(time.Duration(1+4*m.N) * time.Minute), By: "ann"}
		if err := store.PutSilence(ctx, q, entry); err != nil {
			w.t.Fatal(err)
		}
		w.process.router.SilencesChanged()
		w.disturb(now, q.Until.Sub(now), p.srv.Slug)
	case "loud":
		w.loud()
	}
}

// amend does what people do to incidents and drifts.
func (w *world) amend(act func(context.Context) error) {
	w.t.Helper()
	err := w.process.recorder.Amend(w.t.Context(), act)
	w.disk.writes.Add(1)
	if err != nil {
		w.t.Fatal(err)
	}
	w.process.router.Wake()
}

// loud ends all silences.
func (w *world) loud() {
	w.t.Helper()
	now := time.Now().UTC()
	for _, p := range w.policies {
		all, err := w.process.store.Silences(w.t.Context(), p.Tenant, now)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, q := range all {
			entry := uptime.AuditEntry{Tenant: p.Tenant, At: now, By: "ann", Action: "test", Object: "test", Text: "because"}
			if err := w.process.store.EndSilence(w.t.Context(), p.Tenant, q.ID, now, entry); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	w.process.router.SilencesChanged()
}

// fail makes a server fail in one of some ways.
func (p *patient) fail(state uptime.State, n int) {
	causes := []uptime.Cause{uptime.ConnectRefused, uptime.FirstByteTimeout, uptime.BadJSON}
	if state == uptime.Degraded {
		causes = []uptime.Cause{uptime.ErrorRate, uptime.FirstByteTimeout}
	}
	p.state, p.cause, p.regions = state, causes[n%len(causes)], []string{"eu", "us"}
	if state == uptime.Degraded || n%5 == 4 {
		p.regions = []string{[]string{"eu", "us"}[n%2]}
	}
}

// change makes another plan.
func (w *world) change(f func(*uptime.Plan)) {
	next := *w.plan.Load()
	next.Version++
	next.Servers, next.Windows = slices.Clone(next.Servers), slices.Clone(next.Windows)
	f(&next)
	w.plan.Store(&next)
}

func (w *world) pause(p *patient, paused bool) {
	srv := *p.srv
	srv.Paused = paused
	w.change(func(plan *uptime.Plan) { plan.Servers[slices.Index(plan.Servers, p.srv)] = &srv })
	p.srv = &srv
	w.disturb(time.Now(), 2*time.Minute, srv.Slug)
	if paused {
		w.disturb(time.Now(), 1000*time.Hour, srv.Slug)
	}
}

func (w *world) maintain(p *patient, d time.Duration) {
	now := time.Now().UTC()
	win := uptime.Window{ID: fmt.Sprint("win", w.plan.Load().Version), Tenant: p.srv.Tenant, Servers: []string{p.srv.Slug}, From: now, To: now.Add(d)}
	w.change(func(plan *uptime.Plan) { plan.Windows = append(plan.Windows, win) })
	w.disturb(now, d, p.srv.Slug)
}

// fill makes the disk fail for one kind of operation.
func (w *world) fill(op string, times int, stored bool) {
	w.disk.fail(op, times, stored)
	w.disturb(time.Now(), time.Duration(times)*time.Minute, "")
}

// ail makes a service fail.
func (w *world) ail(m move) {
	all := w.sinks()
	s := w.services[all[m.Sink%len(all)]]
	what := []trouble{fails, silent, mute, cut, busy, refuses, gone, panics, gone, cut}[m.N%10]
	switch {
	case m.What == "once":
		s.suffer(what, 1+m.N%3, 0)
	case what == refuses || what == gone:
		s.suffer(what, 1, 0)
	case m.What == "long":
		s.suffer(what, 0, 20*time.Minute)
	default:
		s.suffer(what, 0, time.Duration(1+m.N%4)*time.Hour)
	}
}

// sinks are the keys of all services, in order.
func (w *world) sinks() (out []uptime.SinkKey) {
	for _, p := range w.policies {
		for _, s := range p.Sinks {
			out = append(out, uptime.SinkKey{Tenant: p.Tenant, Name: s.Name})
		}
	}
	return out
}

// heal ends all faults, and lets enough time go by.
func (w *world) heal() {
	w.t.Helper()
	w.disk.fail("", 0, false)
	w.process.life.kill(0, false)
	for _, s := range w.services {
		s.suffer(well, 0, 0)
	}
	w.change(func(plan *uptime.Plan) { plan.Windows = nil })
	for _, p := range w.servers {
		if p.srv.Paused {
			w.pause(p, false)
		}
	}
	w.loud()
	w.pass(22 * time.Minute)    // what flapped is quiet
	w.restart(70 * time.Minute) // the longest distance of updates
	w.pass(6 * time.Minute)
	w.drain()
	for _, k := range w.sinks() { // whoever takes nothing is tried
		if w.sink(k).Verified {
			w.process.outbox.Reset(k.Tenant, k.Name) // as a test that arrives does
			if err := w.process.router.SinkWorks(w.t.Context(), k.Tenant, k.Name); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	w.process.outbox.Wake()
	w.pass(2 * time.Minute)
	w.restart(70 * time.Minute)
	w.pass(6 * time.Minute)
	w.drain()
}

// drain waits until nothing waits any more, with the process off for most of the
// time. Whatever waits is due within the longest delay.
func (w *world) drain() {
	w.t.Helper()
	for range 30 {
		next, err := nextDue(w.t.Context(), w.process.store, time.Now())
		if err != nil {
			w.t.Fatal(err)
		}
		if next.IsZero() {
			return
		}
		wait := time.Until(next)
		if wait > 29*time.Hour {
			w.t.Fatalf("something waits until %s", next)
		}
		w.restart(max(wait, time.Second))
		w.pass(3 * time.Minute)
	}
	w.t.Error("something waits for ever")
}

func (w *world) sink(k uptime.SinkKey) *uptime.Sink {
	for _, p := range w.policies {
		for i := range p.Sinks {
			if p.Tenant == k.Tenant && p.Sinks[i].Name == k.Name {
				return &p.Sinks[i]
			}
		}
	}
	w.t.Fatalf("there is no sink %v", k)
	return nil
}

// incidents are those of a tenant in the store.
func (w *world) incidents(tenant uptime.TenantID, open bool) []uptime.Incident {
	w.t.Helper()
	out, err := w.process.store.Incidents(w.t.Context(), tenant, uptime.IncidentQuery{Open: open, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// drifts are the open ones of a tenant in the store.
func (w *world) drifts(tenant uptime.TenantID) []uptime.Drift {
	w.t.Helper()
	out, err := w.process.store.Drifts(w.t.Context(), tenant, uptime.DriftQuery{Open: true, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}
