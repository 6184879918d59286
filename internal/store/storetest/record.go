package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func testOngoing(h *house) {
	t := h.t
	same(t, "at first", must[uptime.Ongoing](t)(h.Ongoing(t.Context())), uptime.Ongoing{})
	open, over, theirs := incident(h.alpha, 50), closed(incident(h.beta, 40)), incident(h.theirs, 30)
	stands, reverted := drift(h.alpha, "a", "b", 20), drift(h.beta, "a", "b", 10)
	reverted.Reverted = at(5)
	mine, other := baseline(h.alpha, "a", "b"), baseline(h.theirs, "x")
	noError(t, h.Record(t.Context(), uptime.Changes{
		Incidents: []uptime.Incident{open, over, theirs}, Drifts: []uptime.Drift{stands, reverted},
		Baselines: []uptime.Baseline{mine, other}, Cursor: 17,
	}))
	want := uptime.Ongoing{
		Incidents: []uptime.Incident{open, theirs}, Drifts: []uptime.Drift{stands},
		Baselines: []uptime.Baseline{mine, other}, Cursor: 17,
	}
	same(t, "after a while", must[uptime.Ongoing](t)(h.Ongoing(t.Context())), want)
	h.restart(t)
	same(t, "after a restart", must[uptime.Ongoing](t)(h.Ongoing(t.Context())), want)

	wantError(t, "a cursor that goes back", h.Record(t.Context(), uptime.Changes{Incidents: []uptime.Incident{closed(open)}, Cursor: 16}), uptime.ErrConflict)
	same(t, "after a refusal", must[uptime.Ongoing](t)(h.Ongoing(t.Context())), want)
	noError(t, h.Record(t.Context(), uptime.Changes{Incidents: []uptime.Incident{closed(theirs)}}))
	want.Incidents = want.Incidents[:1]
	same(t, "changes without a cursor", must[uptime.Ongoing](t)(h.Ongoing(t.Context())), want)
}

// story is what happened in an incident.
func story(i uptime.Incident) ([]uptime.IncidentEvent, []uptime.Evidence) {
	events := []uptime.IncidentEvent{
		{Incident: i.ID, At: i.Opened, Kind: uptime.IncidentOpened, Cause: uptime.BadJSON, Regions: []string{"eu"}, Text: "It went down."},
		{Incident: i.ID, At: i.Opened.Add(time.Minute), Kind: uptime.IncidentRegions, Regions: []string{"eu", "us"}},
		{Incident: i.ID, At: i.Opened.Add(time.Minute), Kind: uptime.IncidentCause, Cause: uptime.EmptyBody},
	}
	failure := i.Failure
	return events, []uptime.Evidence{
		{Incident: i.ID, Region: "eu", Cycle: i.Opened, Result: uptime.Result{
			Started: i.Opened, Region: "eu", Transport: uptime.StreamableHTTP, Era: uptime.Legacy, Version: "2025-11-25", Capabilities: []string{"tools"},
			Failure: &failure, Steps: []uptime.StepResult{{Name: uptime.StepDNS, Status: uptime.StepPass, Took: time.Millisecond}},
			Timings: uptime.Timings{DNS: 1, Handshake: 2}, TLS: &uptime.TLSInfo{NotAfter: i.Opened, Issuer: "CA"},
			Tools:      &uptime.ToolSet{Count: 1, Hash: "sha256:aa", Raw: [][]byte{[]byte(`{"name":"x"}`)}},
			Transcript: []uptime.Exchange{{At: 1, Took: 2, Request: "POST /mcp", Response: "\x00\xff no JSON"}},
		}},
		{Incident: i.ID, Region: "us", Cycle: i.Opened},
	}
}

func testIncident(h *house) {
	t := h.t
	i := incident(h.alpha, 60)
	events, evidence := story(i)
	slices.Reverse(events)
	noError(t, h.Record(t.Context(), uptime.Changes{Incidents: []uptime.Incident{i}, Events: events, Evidence: evidence}))
	got, gotEvents, gotEvidence, err := h.Incident(t.Context(), acme, i.ID)
	noError(t, err)
	same(t, "incident", got, i)
	same(t, "timeline, oldest first", gotEvents, []uptime.IncidentEvent{events[2], events[1], events[0]})
	evidence[0].Result.Tools.Raw = nil // no evidence of a failure
	evidence[0].Result.Transcript[0].Response = "\x00\ufffd no JSON"
	same(t, "evidence", gotEvidence, evidence)
	_, _, _, err = h.Incident(t.Context(), acme, "inc_none")
	wantError(t, "no such incident", err, uptime.ErrNotFound)
	wantError(t, "no id", h.Record(t.Context(), uptime.Changes{Incidents: []uptime.Incident{{Tenant: acme, Server: h.alpha.ID}}}), uptime.ErrInvalid)
}

func testRecordTwice(h *house) {
	t := h.t
	i := incident(h.alpha, 60)
	events, evidence := story(i)
	d, b := drift(h.alpha, "a", "b", 20), baseline(h.alpha, "a")
	changes := uptime.Changes{
		Incidents: []uptime.Incident{i}, Events: events, Evidence: evidence,
		Drifts: []uptime.Drift{d}, Baselines: []uptime.Baseline{b}, Cursor: 5,
	}
	read := func() (out []any) {
		i, events, evidence, err := h.Incident(t.Context(), acme, i.ID)
		noError(t, err)
		return append(out, i, events, evidence, must[uptime.Ongoing](t)(h.Ongoing(t.Context())))
	}
	noError(t, h.Record(t.Context(), changes))
	once := read()
	noError(t, h.Record(t.Context(), changes))
	same(t, "twice", read(), once)
}

func testOperatorStays(h *house) {
	t := h.t
	i, d, b := incident(h.alpha, 60), drift(h.alpha, "a", "b", 20), baseline(h.alpha, "a")
	stale := uptime.Changes{Incidents: []uptime.Incident{i}, Drifts: []uptime.Drift{d}, Baselines: []uptime.Baseline{b}, Cursor: 1}
	noError(t, h.Record(t.Context(), stale))
	noError(t, h.NoteIncident(t.Context(), acme, i.ID, entry("", "incident.note", string(i.ID))))
	noError(t, h.AcceptDrift(t.Context(), acme, d.ID, entry("", "drift.accept", string(d.ID))))

	stale.Incidents[0] = closed(i)
	stale.Drifts[0].Regions = []string{"eu", "us"}
	stale.Baselines[0].Shown = map[string]string{"eu": "b"}
	noError(t, h.Record(t.Context(), stale))
	got, _, _, err := h.Incident(t.Context(), acme, i.ID)
	noError(t, err)
	want := closed(i)
	want.Note = "we know"
	same(t, "the note", got, want)
	d.Regions, d.Accepted, d.By, d.Note = []string{"eu", "us"}, at(0), "Ada", "we know"
	same(t, "the acceptance", must[uptime.Drift](t)(h.Drift(t.Context(), acme, d.ID)), d)
	b.Accepted, b.Shown = []string{"b"}, map[string]string{"eu": "b"}
	same(t, "the baseline", must[uptime.Ongoing](t)(h.Ongoing(t.Context())).Baselines, []uptime.Baseline{b})

	b.Accepted = []string{"b", "edge"} // a recorder that has heard of it goes on
	noError(t, h.Record(t.Context(), uptime.Changes{Baselines: []uptime.Baseline{b}, Cursor: 2}))
	same(t, "the baseline", must[uptime.Ongoing](t)(h.Ongoing(t.Context())).Baselines, []uptime.Baseline{b})
}

func testIncidentPages(h *house) {
	t := h.t
	var all []uptime.Incident // newest first
	for n := range 60 {
		i := incident(h.alpha, n/2*10) // two at the same time, one of each server
		if n%2 == 1 {
			i = closed(incident(h.beta, n/2*10))
		}
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b uptime.Incident) int { return sortDown(a.Opened, b.Opened, string(a.ID), string(b.ID)) })
	noError(t, h.Record(t.Context(), uptime.Changes{Incidents: append(all, incident(h.theirs, 5))}))
	read := func(q uptime.IncidentQuery) []uptime.Incident {
		return must[[]uptime.Incident](t)(h.Incidents(t.Context(), acme, q))
	}
	same(t, "the default page", read(uptime.IncidentQuery{}), all[:50])
	same(t, "a large page", read(uptime.IncidentQuery{Limit: 1e9}), all)
	var paged []uptime.Incident
	for q := (uptime.IncidentQuery{Limit: 7}); ; {
		page := read(q)
		paged = append(paged, page...)
		if len(page) < 7 {
			break
		}
		q.Before, q.BeforeID = page[6].Opened, page[6].ID
	}
	same(t, "page by page", paged, all)
	mine := slices.DeleteFunc(slices.Clone(all), func(i uptime.Incident) bool { return i.Server != h.alpha.ID })
	same(t, "of a server", read(uptime.IncidentQuery{Server: h.alpha.ID}), mine)
	same(t, "open ones", read(uptime.IncidentQuery{Open: true}), mine)
	same(t, "of another's server", read(uptime.IncidentQuery{Server: h.theirs.ID}), all[:0])
}

func testDriftPages(h *house) {
	t := h.t
	var all []uptime.Drift // newest first
	for n := range 12 {
		d := drift(h.alpha, "a", fmt.Sprint("b", n), n/2)
		if n%3 == 0 {
			d = drift(h.beta, "a", "b", n/2)
			d.Reverted = at(0)
		}
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b uptime.Drift) int { return sortDown(a.Detected, b.Detected, string(a.ID), string(b.ID)) })
	noError(t, h.Record(t.Context(), uptime.Changes{Drifts: all}))
	read := func(q uptime.DriftQuery) []uptime.Drift {
		return must[[]uptime.Drift](t)(h.Drifts(t.Context(), acme, q))
	}
	same(t, "all", read(uptime.DriftQuery{}), all)
	same(t, "the page after", read(uptime.DriftQuery{Before: all[4].Detected, BeforeID: all[4].ID, Limit: 3}), all[5:8])
	mine := slices.DeleteFunc(slices.Clone(all), func(d uptime.Drift) bool { return d.Server != h.alpha.ID })
	same(t, "of a server", read(uptime.DriftQuery{Server: h.alpha.ID}), mine)
	same(t, "open ones", read(uptime.DriftQuery{Open: true}), mine)
}

// sortDown compares for the newest first, then the greatest id.
func sortDown(a, b time.Time, x, y string) int {
	if c := b.Compare(a); c != 0 {
		return c
	}
	return strings.Compare(y, x)
}

func testContracts(h *house) {
	t := h.t
	a := contract("sha256:a")
	for range 2 {
		noError(t, h.PutContract(t.Context(), acme, a))
	}
	noError(t, h.PutContract(t.Context(), other, a))
	bare := uptime.Contract{Hash: "sha256:b"}
	noError(t, h.PutContract(t.Context(), acme, bare))
	same(t, "a contract", must[uptime.Contract](t)(h.Contract(t.Context(), acme, "sha256:a")), a)
	same(t, "a bare contract", must[uptime.Contract](t)(h.Contract(t.Context(), acme, "sha256:b")), bare)
	_, err := h.Contract(t.Context(), other, "sha256:b")
	wantError(t, "another's contract", err, uptime.ErrNotFound)
	wantError(t, "no hash", h.PutContract(t.Context(), acme, uptime.Contract{}), uptime.ErrInvalid)
}
