package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func testAccept(h *house) {
	t := h.t
	d := drift(h.alpha, "a", "b", 20)
	noError(t, h.Record(t.Context(), uptime.Changes{Drifts: []uptime.Drift{d}, Baselines: []uptime.Baseline{baseline(h.alpha, "a", "x")}}))
	e := entry("", "drift.accept", string(d.ID))
	noError(t, h.AcceptDrift(t.Context(), acme, d.ID, e))
	wantError(t, "accepted again", h.AcceptDrift(t.Context(), acme, d.ID, e), uptime.ErrConflict)
	d.Accepted, d.By, d.Note = at(0), "Ada", "we know"
	same(t, "the drift", must[uptime.Drift](t)(h.Drift(t.Context(), acme, d.ID)), d)
	want := baseline(h.alpha, "a")
	want.Accepted = []string{"b"}
	now := must[uptime.Ongoing](t)(h.Ongoing(t.Context()))
	same(t, "what is going on", now, uptime.Ongoing{Baselines: []uptime.Baseline{want}})
	e.Tenant = acme
	same(t, "the log", must[[]uptime.AuditEntry](t)(h.Audit(t.Context(), acme, 0)), []uptime.AuditEntry{e})

	first := drift(h.beta, "a", "b", 20) // of a server without a baseline
	noError(t, h.Record(t.Context(), uptime.Changes{Drifts: []uptime.Drift{first}}))
	noError(t, h.AcceptDrift(t.Context(), acme, first.ID, e))
	now = must[uptime.Ongoing](t)(h.Ongoing(t.Context()))
	if len(now.Baselines) != 2 {
		t.Errorf("baselines: %+v", now.Baselines)
	}
}

func testActsRefused(h *house) {
	t := h.t
	d, i := drift(h.alpha, "a", "b", 20), incident(h.alpha, 20)
	back := drift(h.alpha, "b", "c", 10)
	back.Reverted = at(1)
	noError(t, h.Record(t.Context(), uptime.Changes{Drifts: []uptime.Drift{d, back}, Incidents: []uptime.Incident{i}}))
	e := entry("", "act", "")
	wantError(t, "no such drift", h.AcceptDrift(t.Context(), acme, "drf_none", e), uptime.ErrNotFound)
	wantError(t, "another's drift", h.AcceptDrift(t.Context(), other, d.ID, e), uptime.ErrNotFound)
	wantError(t, "a drift that went back", h.AcceptDrift(t.Context(), acme, back.ID, e), uptime.ErrConflict)
	wantError(t, "no such incident", h.NoteIncident(t.Context(), acme, "inc_none", e), uptime.ErrNotFound)
	wantError(t, "another's incident", h.NoteIncident(t.Context(), other, i.ID, e), uptime.ErrNotFound)
	for name, wrong := range map[string]uptime.AuditEntry{
		"nobody":     {At: at(0), Action: "act"},
		"nothing":    {At: at(0), By: "Ada"},
		"never":      {By: "Ada", Action: "act"},
		"of another": {Tenant: other, At: at(0), By: "Ada", Action: "act"},
	} {
		wantError(t, name, h.AcceptDrift(t.Context(), acme, d.ID, wrong), uptime.ErrInvalid)
		wantError(t, name, h.NoteIncident(t.Context(), acme, i.ID, wrong), uptime.ErrInvalid)
	}
	same(t, "the log", must[[]uptime.AuditEntry](t)(h.Audit(t.Context(), acme, 0)), []uptime.AuditEntry{})
	same(t, "the drift", must[uptime.Drift](t)(h.Drift(t.Context(), acme, d.ID)), d)
}

func testAudit(h *house) {
	t := h.t
	i := incident(h.alpha, 20)
	noError(t, h.Record(t.Context(), uptime.Changes{Incidents: []uptime.Incident{i}}))
	var want []uptime.AuditEntry
	for n := range 5 {
		e := entry(acme, "incident.note", fmt.Sprint(n))
		e.At = e.At.Add(time.Duration(n) * time.Second)
		noError(t, h.NoteIncident(t.Context(), acme, i.ID, e))
		want = append([]uptime.AuditEntry{e}, want...)
	}
	same(t, "newest first", must[[]uptime.AuditEntry](t)(h.Audit(t.Context(), acme, 0)), want)
	same(t, "only some", must[[]uptime.AuditEntry](t)(h.Audit(t.Context(), acme, 2)), want[:2])
	got, events, _, err := h.Incident(t.Context(), acme, i.ID)
	noError(t, err)
	same(t, "the note", got.Note, "we know")
	last := uptime.IncidentEvent{Incident: i.ID, At: want[0].At, Kind: uptime.IncidentNote, Text: "we know", By: "Ada"}
	same(t, "the timeline", events[4], last)
}

// furnish gives a server a row of everything.
func (h *house) furnish(t *testing.T, sv uptime.Server, seq uptime.Cursor) (uptime.Incident, uptime.Drift) {
	t.Helper()
	noError(t, h.AppendSealed(t.Context(), verdicts(sv, seq, seq+1)))
	noError(t, h.PruneSealed(t.Context(), at(9999), 0))
	i, d := incident(sv, 20), drift(sv, "old-"+string(sv.ID), "common", 20)
	events, evidence := story(i)
	noError(t, h.PutContract(t.Context(), sv.Tenant, contract(d.From)))
	noError(t, h.PutContract(t.Context(), sv.Tenant, contract(d.To)))
	noError(t, h.Record(t.Context(), uptime.Changes{
		Incidents: []uptime.Incident{i}, Events: events, Evidence: evidence,
		Drifts: []uptime.Drift{d}, Baselines: []uptime.Baseline{baseline(sv, d.From)},
	}))
	noError(t, h.NoteIncident(t.Context(), sv.Tenant, i.ID, entry("", "incident.note", string(i.ID))))
	noError(t, h.CloseDay(t.Context(), today(), []uptime.PackedDay{packedDay(sv, today(), 1)}, []uptime.MonthStat{month(sv, 2026, 3, 5)}))
	return i, d
}

// known is everything that a tenant can see of a server.
func (h *house) known(t *testing.T, tenant uptime.TenantID, server uptime.ServerID, i uptime.IncidentID, d uptime.DriftID, hash string) map[string]int {
	t.Helper()
	found := func(err error) int {
		if errors.Is(err, uptime.ErrNotFound) {
			return 0
		}
		noError(t, err)
		return 1
	}
	_, _, _, noIncident := h.Incident(t.Context(), tenant, i)
	_, noDrift := h.Drift(t.Context(), tenant, d)
	_, noContract := h.Contract(t.Context(), tenant, hash)
	return map[string]int{
		"incident":  found(noIncident),
		"drift":     found(noDrift),
		"contract":  found(noContract),
		"incidents": len(must[[]uptime.Incident](t)(h.Incidents(t.Context(), tenant, uptime.IncidentQuery{Server: server}))),
		"drifts":    len(must[[]uptime.Drift](t)(h.Drifts(t.Context(), tenant, uptime.DriftQuery{Server: server}))),
		"days":      len(must[[]uptime.PackedDay](t)(h.PackedDays(t.Context(), tenant, server, 0, today()))),
		"months":    len(must[[]uptime.MonthStat](t)(h.Months(t.Context(), tenant, server, 0, today()))),
		"log":       len(must[[]uptime.AuditEntry](t)(h.Audit(t.Context(), tenant, 0))),
		"windows":   len(must[[]uptime.Window](t)(h.Windows(t.Context(), tenant, at(999), at(-999)))),
	}
}

func everything() map[string]int {
	return map[string]int{"incident": 1, "drift": 1, "contract": 1, "incidents": 1, "drifts": 1, "days": 1, "months": 1, "log": 1, "windows": 1}
}

func nothing() map[string]int {
	out := everything()
	for k := range out {
		out[k] = 0
	}
	return out
}

func (h *house) plan(t *testing.T, tenant uptime.TenantID, windows ...uptime.Window) {
	t.Helper()
	noError(t, h.SyncWindows(t.Context(), tenant, windows))
}

func testTenancy(h *house) {
	t := h.t
	i, d := h.furnish(t, h.alpha, 1)
	h.plan(t, acme, uptime.Window{ID: "w", From: at(1), To: at(0)})
	same(t, "its tenant", h.known(t, acme, h.alpha.ID, i.ID, d.ID, d.From), everything())
	same(t, "another tenant", h.known(t, other, h.alpha.ID, i.ID, d.ID, d.From), nothing())
	wantError(t, "erased by another", h.Erase(t.Context(), other, h.alpha.ID), uptime.ErrNotFound)
	same(t, "swept by another", must[int64](t)(h.Sweep(t.Context(), other, uptime.Retention{Minutes: 1, Days: 1, Months: 1, Incidents: 1, Evidence: 1, Audit: 1})), int64(0))

	stolen := i
	stolen.Tenant, stolen.Server, stolen.Note = other, h.theirs.ID, "mine"
	noError(t, h.Record(t.Context(), uptime.Changes{Incidents: []uptime.Incident{stolen}}))
	got, _, _, err := h.Incident(t.Context(), acme, i.ID)
	noError(t, err)
	same(t, "an incident that another records", got.Server, h.alpha.ID)
	same(t, "its tenant, after that", h.known(t, acme, h.alpha.ID, i.ID, d.ID, d.From), everything())
}

func testErase(h *house) {
	t := h.t
	i, d := h.furnish(t, h.alpha, 1)
	ib, db := h.furnish(t, h.beta, 3)
	window := uptime.Window{ID: "w", Servers: []string{"alpha", "beta"}, From: at(1), To: at(0)}
	only := uptime.Window{ID: "only", Servers: []string{"alpha"}, From: at(1), To: at(0)}
	h.plan(t, acme, window, only)
	noError(t, h.Erase(t.Context(), acme, h.alpha.ID))

	want := nothing()
	want["windows"], want["log"] = 1, 1 // those of beta
	same(t, "the erased server", h.known(t, acme, h.alpha.ID, i.ID, d.ID, d.From), want)
	same(t, "the other server", h.known(t, acme, h.beta.ID, ib.ID, db.ID, db.From), everything())
	must[uptime.Contract](t)(h.Contract(t.Context(), acme, "common"))
	same(t, "the windows", must[[]uptime.Window](t)(h.Windows(t.Context(), acme, at(9), at(-9)))[0].Servers, []string{"beta"})
	same(t, "the journal", must[[]uptime.Verdict](t)(h.ReadSealed(t.Context(), 0, 100)), verdicts(h.beta, 3, 4))
	last, seq, err := h.LastSealed(t.Context())
	noError(t, err)
	same(t, "the last verdicts", last, verdicts(h.beta, 4, 4))
	same(t, "the highest number", seq, uptime.Cursor(4))
	wantError(t, "erased again", h.Erase(t.Context(), acme, h.alpha.ID), uptime.ErrNotFound)
}

func testErasedStaysAway(h *house) {
	t := h.t
	noError(t, h.Erase(t.Context(), acme, h.alpha.ID))
	i, d := incident(h.alpha, 20), drift(h.alpha, "a", "b", 20)
	kept := incident(h.beta, 20)
	events, evidence := story(i)
	noError(t, h.Record(t.Context(), uptime.Changes{
		Incidents: []uptime.Incident{i, kept}, Events: events, Evidence: evidence,
		Drifts: []uptime.Drift{d}, Baselines: []uptime.Baseline{baseline(h.alpha, "a")}, Cursor: 1,
	}))
	noError(t, h.CloseDay(t.Context(), today(), []uptime.PackedDay{packedDay(h.alpha, today(), 1), packedDay(h.beta, today(), 1)}, []uptime.MonthStat{month(h.alpha, 2026, 3, 5)}))
	same(t, "what is going on", must[uptime.Ongoing](t)(h.Ongoing(t.Context())), uptime.Ongoing{Incidents: []uptime.Incident{kept}, Cursor: 1})
	same(t, "the erased server", h.known(t, acme, h.alpha.ID, i.ID, d.ID, "a"), nothing())
	same(t, "its neighbour", len(must[[]uptime.PackedDay](t)(h.PackedDays(t.Context(), acme, h.beta.ID, 0, today()))), 1)
}

func testRestart(h *house) {
	t := h.t
	i, d := h.furnish(t, h.alpha, 1)
	h.plan(t, acme, uptime.Window{ID: "w", From: at(1), To: at(0)})
	noError(t, h.AppendMinutes(t.Context(), []uptime.Segment{segment(7, 1)}, uptime.Watermark{Cursor: 3, Through: 7}))
	h.restart(t)
	same(t, "its tenant", h.known(t, acme, h.alpha.ID, i.ID, d.ID, d.From), everything())
	same(t, "the watermark", must[uptime.Watermark](t)(h.Watermark(t.Context())), uptime.Watermark{Cursor: 3, Through: 7})
	same(t, "the minutes", must[[]uptime.Segment](t)(h.Segments(t.Context(), 0, 9)), []uptime.Segment{segment(7, 1)})
	same(t, "the journal", must[[]uptime.Verdict](t)(h.ReadSealed(t.Context(), 0, 9)), verdicts(h.alpha, 1, 2))
	same(t, "the server", h.sync(t, acme, "alpha")[0], h.alpha)
}

func testConcurrent(h *house) {
	t := h.t
	const rounds = 30
	var all sync.WaitGroup
	run := func(do func(n int) error) {
		all.Go(func() {
			for n := range rounds {
				if err := do(n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	run(func(n int) error {
		return h.AppendSealed(t.Context(), []uptime.Verdict{verdict(h.alpha, uptime.Cursor(n+1), n)})
	})
	run(func(n int) error {
		return h.AppendMinutes(t.Context(), []uptime.Segment{segment(uptime.Minute(n), 1)}, uptime.Watermark{Cursor: uptime.Cursor(n), Through: uptime.Minute(n)})
	})
	run(func(n int) error {
		return h.Record(t.Context(), uptime.Changes{Incidents: []uptime.Incident{incident(h.beta, n)}, Cursor: uptime.Cursor(n + 1)})
	})
	run(func(n int) error {
		return h.CloseDay(t.Context(), uptime.Day(n), []uptime.PackedDay{packedDay(h.alpha, uptime.Day(n), 0)}, nil)
	})
	run(func(int) error {
		_, err := h.Incidents(t.Context(), acme, uptime.IncidentQuery{})
		return err
	})
	run(func(int) error {
		_, _, err := h.LastSealed(t.Context())
		return err
	})
	run(func(n int) error {
		return h.PruneSealed(t.Context(), at(rounds-n/2), uptime.Cursor(n/2))
	})
	run(func(int) error {
		return h.DayStats(t.Context(), 0, func(uptime.TenantID, uptime.ServerID, uptime.DayStat, []byte) error { return nil })
	})
	all.Wait()
	same(t, "incidents", len(must[[]uptime.Incident](t)(h.Incidents(t.Context(), acme, uptime.IncidentQuery{}))), rounds)
	same(t, "days", len(must[[]uptime.PackedDay](t)(h.PackedDays(t.Context(), acme, h.alpha.ID, 0, rounds))), rounds)
	_, seq, err := h.LastSealed(t.Context())
	noError(t, err)
	same(t, "the journal", seq, uptime.Cursor(rounds))
	same(t, "the minutes", len(must[[]uptime.Segment](t)(h.Segments(t.Context(), 0, rounds))), rounds)
}

func testCancelled(h *house) {
	t := h.t
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, "a write", h.AppendSealed(ctx, verdicts(h.alpha, 1, 2)), context.Canceled)
	_, err := h.Incidents(ctx, acme, uptime.IncidentQuery{})
	wantError(t, "a read", err, context.Canceled)
	same(t, "the journal", must[[]uptime.Verdict](t)(h.ReadSealed(t.Context(), 0, 9)), []uptime.Verdict{})
	noError(t, h.AppendSealed(t.Context(), verdicts(h.alpha, 1, 2)))
}
