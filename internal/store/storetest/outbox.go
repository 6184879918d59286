package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// sending is a delivery that is due, with everything in it.
func sending(th uptime.Thread, sink string, transition int, phase uptime.NoticePhase) uptime.Delivery {
	return uptime.Delivery{
		ID:     uptime.NewDeliveryID(th.Tenant, th.Key, sink, transition),
		Tenant: th.Tenant, Thread: th.Key, Sink: sink, Transition: transition, State: uptime.DeliveryWaiting, Created: at(9), Due: at(9),
		Notice: uptime.Notice{
			Type: uptime.NoticeTriggered, Key: th.Key, Phase: phase, Kind: th.Kind, At: at(9), Priority: uptime.P1, Reason: th.Reason, Cause: th.Cause,
			Servers: []uptime.NoticeServer{{Slug: "s", Name: "\x00<b>\u202e", State: "down", Since: at(9), Until: at(8)}},
			More:    2, Failing: 3, Total: 4, Regions: []string{"London"}, Started: at(9), Resolved: at(1), Title: "Down", AckedBy: "Ada",
		},
	}
}

// lanes stores two threads, and returns them.
func (h *house) lanes() (a, b uptime.Thread) {
	h.t.Helper()
	x, y := alerted(h.alpha, 30), alerted(h.beta, 20)
	a, b = thread(x), thread(y)
	noError(h.t, h.Route(h.t.Context(), uptime.Routing{Alerts: []uptime.Alert{x, y}, Threads: []uptime.Thread{a, b}}))
	return a, b
}

// post stores deliveries.
func (h *house) post(deliveries ...uptime.Delivery) {
	h.t.Helper()
	noError(h.t, h.Route(h.t.Context(), uptime.Routing{Deliveries: deliveries}))
}

// end ends a delivery in this state.
func (h *house) end(d uptime.Delivery, state uptime.DeliveryState, ref string) uptime.Delivery {
	h.t.Helper()
	d.State, d.Ended, d.Attempts = state, at(0), 1
	noError(h.t, h.BeginDelivery(h.t.Context(), d.Tenant, d.ID, at(1)))
	noError(h.t, h.EndDelivery(h.t.Context(), d, ref))
	return d
}

// due are the ids of what is due.
func (h *house) due(limit int, busy ...uptime.SinkKey) (out []uptime.DeliveryID) {
	h.t.Helper()
	skip := func(key uptime.SinkKey) bool { return slices.Contains(busy, key) }
	for _, d := range must[[]uptime.Delivery](h.t)(h.DueDeliveries(h.t.Context(), at(0), skip, limit)) {
		out = append(out, d.ID)
	}
	return out
}

func testDue(h *house) {
	t := h.t
	a, b := h.lanes()
	first, second := sending(a, "team", 1, uptime.NoticeOpens), sending(a, "team", 2, uptime.NoticeCloses)
	second.Due = at(100) // but comes after the first
	first.Due = at(5)
	other := sending(b, "team", 1, uptime.NoticeOpens)
	other.Due = at(6)
	mail, later := sending(a, "mail", 1, uptime.NoticeOpens), sending(b, "mail", 1, uptime.NoticeOpens)
	mail.Due, later.Due = at(3), at(-50)
	h.post(second, first, other, mail, later)
	same(t, "one of a sink, the longest due first", h.due(9), []uptime.DeliveryID{other.ID, mail.ID})
	same(t, "only some", h.due(1), []uptime.DeliveryID{other.ID})
	same(t, "not of a busy sink", h.due(1, uptime.SinkKey{Tenant: acme, Name: "team"}, uptime.SinkKey{Tenant: "x", Name: "mail"}), []uptime.DeliveryID{mail.ID})
	same(t, "a whole one", must[[]uptime.Delivery](t)(h.DueDeliveries(t.Context(), at(0), nil, 1))[0], other)
	h.end(other, uptime.DeliverySent, "")
	h.end(mail, uptime.DeliverySent, "")
	same(t, "the head of the other lane", h.due(9), []uptime.DeliveryID{first.ID})
	h.end(first, uptime.DeliveryDead, "")
	same(t, "a dead one blocks nothing", h.due(9), []uptime.DeliveryID{second.ID})
	h.end(second, uptime.DeliverySent, "")
	same(t, "when nothing is due", h.due(9), []uptime.DeliveryID{})
	next := must[[]uptime.Delivery](t)(h.DueDeliveries(t.Context(), at(-60), nil, 9))
	same(t, "what is due later", next, []uptime.Delivery{later})
}

func testSupersede(h *house) {
	t := h.t
	a, b := h.lanes()
	opens, tried := sending(a, "team", 1, uptime.NoticeOpens), sending(a, "team", 2, uptime.NoticeChanges)
	fresh, elsewhere, another := sending(a, "team", 3, uptime.NoticeChanges), sending(a, "mail", 1, uptime.NoticeChanges), sending(b, "team", 1, uptime.NoticeChanges)
	h.post(opens, tried, elsewhere, another)
	h.post(tried, opens) // which are there already
	states := func(want map[uptime.DeliveryID]uptime.DeliveryState) {
		t.Helper()
		for id, state := range want {
			same(t, string(id), must[uptime.Delivery](t)(h.Delivery(t.Context(), acme, id)).State, state)
		}
	}
	noError(t, h.BeginDelivery(t.Context(), acme, tried.ID, at(1)))
	h.post(fresh)
	closes := sending(a, "team", 4, uptime.NoticeCloses)
	h.post(closes)
	states(map[uptime.DeliveryID]uptime.DeliveryState{
		opens.ID: uptime.DeliveryWaiting, tried.ID: uptime.DeliveryWaiting, fresh.ID: uptime.DeliverySuperseded,
		closes.ID: uptime.DeliveryWaiting, elsewhere.ID: uptime.DeliveryWaiting, another.ID: uptime.DeliveryWaiting,
	})
	same(t, "when it was superseded", must[uptime.Delivery](t)(h.Delivery(t.Context(), acme, fresh.ID)).Ended, closes.Created)
	wantError(t, "trying it", h.BeginDelivery(t.Context(), acme, fresh.ID, at(0)), uptime.ErrConflict)
	twin := closes
	twin.ID = "dlv_twin"
	h.post(twin)
	_, err := h.Delivery(t.Context(), acme, twin.ID)
	wantError(t, "another of the same transition", err, uptime.ErrNotFound)
}

func testDelivery(h *house) {
	t := h.t
	a, _ := h.lanes()
	d := sending(a, "team", 1, uptime.NoticeOpens)
	h.post(d)
	noError(t, h.BeginDelivery(t.Context(), acme, d.ID, at(3)))
	noError(t, h.BeginDelivery(t.Context(), acme, d.ID, at(3))) // which is the same attempt
	h.restart(t)                                                // killed while trying
	d.Attempts, d.Trying = 1, true
	same(t, "it may have arrived", must[[]uptime.Delivery](t)(h.DueDeliveries(t.Context(), at(0), nil, 0)), []uptime.Delivery{d})
	noError(t, h.BeginDelivery(t.Context(), acme, d.ID, at(2)))
	d.Attempts, d.Due, d.Error, d.Trying = 2, at(-5), "It answered 503.", false
	noError(t, h.EndDelivery(t.Context(), d, ""))
	same(t, "it waits", must[uptime.Delivery](t)(h.Delivery(t.Context(), acme, d.ID)), d)
	counts := func() uptime.SinkCounts {
		return must[map[string]uptime.SinkCounts](t)(h.Counts(t.Context(), acme))["team"]
	}
	same(t, "while it fails", counts(), uptime.SinkCounts{Waiting: 1, LastError: "It answered 503."})
	same(t, "no ref", must[string](t)(h.Ref(t.Context(), acme, a.Key, "team")), "")
	d.State, d.Ended, d.Error = uptime.DeliverySent, at(-6), ""
	noError(t, h.EndDelivery(t.Context(), d, "message 1"))
	noError(t, h.EndDelivery(t.Context(), d, "")) // which keeps the ref
	same(t, "it arrived", must[uptime.Delivery](t)(h.Delivery(t.Context(), acme, d.ID)), d)
	same(t, "the ref", must[string](t)(h.Ref(t.Context(), acme, a.Key, "team")), "message 1")
	same(t, "of another sink", must[string](t)(h.Ref(t.Context(), acme, a.Key, "mail")), "")
	same(t, "when it works", counts(), uptime.SinkCounts{LastSent: at(-6)})
	wantError(t, "beginning again", h.BeginDelivery(t.Context(), acme, d.ID, at(0)), uptime.ErrConflict)
	wantError(t, "beginning none", h.BeginDelivery(t.Context(), acme, "dlv_none", at(0)), uptime.ErrNotFound)
	d.ID = "dlv_none"
	noError(t, h.EndDelivery(t.Context(), d, "message 2")) // erased meanwhile
	same(t, "the ref", must[string](t)(h.Ref(t.Context(), acme, a.Key, "team")), "message 1")
}

func testReplay(h *house) {
	t := h.t
	a, _ := h.lanes()
	d := sending(a, "team", 1, uptime.NoticeOpens)
	h.post(d)
	e := entry("", "delivery.replay", string(d.ID))
	wantError(t, "one that waits", h.ReplayDelivery(t.Context(), acme, d.ID, at(0), e), uptime.ErrConflict)
	for _, state := range []uptime.DeliveryState{uptime.DeliveryDead, uptime.DeliverySent} {
		h.end(d, state, "")
		same(t, "the dead", must[map[string]uptime.SinkCounts](t)(h.Counts(t.Context(), acme))["team"].Dead == 1, state == uptime.DeliveryDead)
		noError(t, h.ReplayDelivery(t.Context(), acme, d.ID, at(0), e))
		want := d
		want.Due = at(0)
		same(t, "it waits", must[uptime.Delivery](t)(h.Delivery(t.Context(), acme, d.ID)), want)
	}
	same(t, "the log", len(must[[]uptime.AuditEntry](t)(h.Audit(t.Context(), acme, 0))), 2)
	h.end(d, uptime.DeliveryDead, "")
	closes := sending(a, "team", 2, uptime.NoticeCloses)
	h.post(closes)
	h.end(closes, uptime.DeliverySent, "")
	wantError(t, "what is not so any more", h.ReplayDelivery(t.Context(), acme, d.ID, at(0), e), uptime.ErrConflict)
	noError(t, h.ReplayDelivery(t.Context(), acme, closes.ID, at(0), e))
	wantError(t, "none", h.ReplayDelivery(t.Context(), acme, "dlv_none", at(0), e), uptime.ErrNotFound)
	wantError(t, "by nobody", h.ReplayDelivery(t.Context(), acme, d.ID, at(0), uptime.AuditEntry{}), uptime.ErrInvalid)
}

func testDeliveryPages(h *house) {
	t := h.t
	a, b := h.lanes()
	var all []uptime.Delivery // newest first
	for n := range 12 {
		d := sending(a, []string{"team", "mail"}[n%2], n+1, uptime.NoticeOpens)
		if n%3 == 0 {
			d = sending(b, "team", n+1, uptime.NoticeOpens)
		}
		d.Created = at(n / 2)
		all = append(all, d)
	}
	h.post(all...)
	slices.SortFunc(all, func(a, b uptime.Delivery) int { return sortDown(a.Created, b.Created, string(a.ID), string(b.ID)) })
	all[3] = h.end(all[3], uptime.DeliveryDead, "")
	read := func(q uptime.DeliveryQuery) []uptime.Delivery {
		return must[[]uptime.Delivery](t)(h.Deliveries(t.Context(), acme, q))
	}
	filter := func(keep func(*uptime.Delivery) bool) []uptime.Delivery {
		return slices.DeleteFunc(slices.Clone(all), func(d uptime.Delivery) bool { return !keep(&d) })
	}
	same(t, "all", read(uptime.DeliveryQuery{}), all)
	same(t, "the page after", read(uptime.DeliveryQuery{Before: all[4].Created, BeforeID: all[4].ID, Limit: 3}), all[5:8])
	same(t, "of a sink", read(uptime.DeliveryQuery{Sink: "mail"}), filter(func(d *uptime.Delivery) bool { return d.Sink == "mail" }))
	same(t, "of a thread", read(uptime.DeliveryQuery{Thread: b.Key}), filter(func(d *uptime.Delivery) bool { return d.Thread == b.Key }))
	same(t, "dead ones", read(uptime.DeliveryQuery{State: uptime.DeliveryDead}), all[3:4])
}

func silence(id string, tenant uptime.TenantID, fromAgo, untilAgo int) uptime.Silence {
	return uptime.Silence{ID: id, Tenant: tenant, Servers: []string{"alpha"}, Groups: []string{"core"}, From: at(fromAgo), Until: at(untilAgo), By: "Ada", Note: "Quiet."}
}

func testSilences(h *house) {
	t := h.t
	a, _ := h.lanes()
	past, now, later := silence("c", acme, 100, 50), silence("b", acme, 10, -10), silence("a", acme, -60, -90)
	later.Servers, later.Groups, later.Alert = nil, nil, a.Key
	for _, s := range []uptime.Silence{later, past, now, now} {
		noError(t, h.PutSilence(t.Context(), s, entry("", "silence", s.ID)))
	}
	read := func(ago int) []uptime.Silence {
		return must[[]uptime.Silence](t)(h.Silences(t.Context(), acme, at(ago)))
	}
	same(t, "now", read(0), []uptime.Silence{now, later})
	same(t, "all", read(1000), []uptime.Silence{past, now, later})
	end := entry("", "silence.end", "b")
	noError(t, h.EndSilence(t.Context(), acme, "b", at(0), end))
	same(t, "after its end", read(0), []uptime.Silence{later})
	wantError(t, "ended again", h.EndSilence(t.Context(), acme, "b", at(0), end), uptime.ErrConflict)
	wantError(t, "none", h.EndSilence(t.Context(), acme, "none", at(0), end), uptime.ErrNotFound)
	wantError(t, "another's", h.EndSilence(t.Context(), other, "a", at(0), end), uptime.ErrNotFound)
	wantError(t, "no end", h.PutSilence(t.Context(), silence("x", acme, 1, 2), end), uptime.ErrInvalid)
	wantError(t, "by nobody", h.PutSilence(t.Context(), now, uptime.AuditEntry{}), uptime.ErrInvalid)
	same(t, "the log", len(must[[]uptime.AuditEntry](t)(h.Audit(t.Context(), acme, 0))), 5)
}

func testProofs(h *house) {
	t := h.t
	p := uptime.Proof{
		Tenant: acme, Sink: "team", Address: "hash", Method: "code", Verified: at(9), Due: at(-9), Code: "c", Expires: at(-1), Tries: 2,
		Stopped: at(3), Failed: "No.",
	}
	bare := uptime.Proof{Tenant: acme, Sink: "mail"}
	for _, p := range []uptime.Proof{bare, {Tenant: acme, Sink: "team", Tries: 1}, p, {Tenant: other, Sink: "team"}} {
		noError(t, h.PutProof(t.Context(), p))
	}
	h.restart(t)
	same(t, "the proofs", must[[]uptime.Proof](t)(h.Proofs(t.Context(), acme)), []uptime.Proof{bare, p})
	wantError(t, "of no sink", h.PutProof(t.Context(), uptime.Proof{Tenant: acme}), uptime.ErrInvalid)
}

func testSubscriptions(h *house) {
	t := h.t
	a, _ := h.lanes()
	s := uptime.SealedSubscription{
		ID: "sub_1", Tenant: acme, Kind: "email", Sealed: []byte{1, 0, 2}, Fingerprint: "f1", Servers: []string{"alpha"}, Created: at(9),
	}
	all := s
	all.ID, all.Fingerprint, all.Servers, all.Created = "sub_2", "f2", nil, at(8)
	for _, s := range []uptime.SealedSubscription{s, all, s} {
		noError(t, h.PutSubscription(t.Context(), s))
	}
	s.Confirmed = at(1)
	noError(t, h.PutSubscription(t.Context(), s))
	same(t, "all", must[[]uptime.SealedSubscription](t)(h.Subscriptions(t.Context(), acme)), []uptime.SealedSubscription{s, all})
	same(t, "one", must[uptime.SealedSubscription](t)(h.Subscription(t.Context(), acme, "sub_1")), s)
	same(t, "by its reader", must[uptime.SealedSubscription](t)(h.SubscriptionBy(t.Context(), acme, "f1")), s)
	twin := s
	twin.ID = "sub_3"
	wantError(t, "the same reader again", h.PutSubscription(t.Context(), twin), uptime.ErrConflict)
	wantError(t, "no fingerprint", h.PutSubscription(t.Context(), uptime.SealedSubscription{ID: "x", Tenant: acme, Created: at(0)}), uptime.ErrInvalid)

	h.post(sending(a, "sub_1", 1, uptime.NoticeOpens), sending(a, "sub_2", 1, uptime.NoticeOpens))
	noError(t, h.DropSubscription(t.Context(), acme, "sub_1"))
	wantError(t, "dropped again", h.DropSubscription(t.Context(), acme, "sub_1"), uptime.ErrNotFound)
	_, err := h.Subscription(t.Context(), acme, "sub_1")
	wantError(t, "after that", err, uptime.ErrNotFound)
	_, err = h.SubscriptionBy(t.Context(), acme, "f1")
	wantError(t, "after that", err, uptime.ErrNotFound)
	same(t, "what was to be sent", h.due(9), []uptime.DeliveryID{sending(a, "sub_2", 1, uptime.NoticeOpens).ID})
}

func testTenantKeys(h *house) {
	t := h.t
	_, err := h.TenantKey(t.Context(), acme)
	wantError(t, "at first", err, uptime.ErrNotFound)
	noError(t, h.PutTenantKey(t.Context(), acme, nil, []byte{1, 0}))
	wantError(t, "made twice", h.PutTenantKey(t.Context(), acme, nil, []byte{2}), uptime.ErrConflict)
	wantError(t, "replaced by who has not seen it", h.PutTenantKey(t.Context(), acme, []byte{3}, []byte{2}), uptime.ErrConflict)
	noError(t, h.PutTenantKey(t.Context(), acme, []byte{1, 0}, []byte{4, 0}))
	wantError(t, "no key", h.PutTenantKey(t.Context(), acme, []byte{4, 0}, nil), uptime.ErrInvalid)
	h.restart(t)
	same(t, "the key", must[[]byte](t)(h.TenantKey(t.Context(), acme)), []byte{4, 0})
	same(t, "whose", must[[]uptime.TenantID](t)(h.KeyTenants(t.Context())), []uptime.TenantID{acme})
}

// heard is everything that a tenant can see of an alert.
func (h *house) heard(tenant uptime.TenantID, a uptime.Alert) map[string]int {
	h.t.Helper()
	t, ctx := h.t, h.t.Context()
	told, _ := h.Story(ctx, tenant, a.Key)
	ref := must[string](t)(h.Ref(ctx, tenant, a.Key, "team"))
	return map[string]int{
		"stories":    len(told.Thread.Members),
		"decisions":  len(told.Decisions),
		"threads":    len(must[[]uptime.Thread](t)(h.Threads(ctx, tenant, false, 0))),
		"deliveries": len(must[[]uptime.Delivery](t)(h.Deliveries(ctx, tenant, uptime.DeliveryQuery{}))),
		"refs":       len(ref),
		"counts":     len(must[map[string]uptime.SinkCounts](t)(h.Counts(ctx, tenant))),
		"silences":   len(must[[]uptime.Silence](t)(h.Silences(ctx, tenant, at(9999)))),
		"readers":    len(must[[]uptime.SealedSubscription](t)(h.Subscriptions(ctx, tenant))),
	}
}

// alarm gives a server a row of everything that alerting has.
func (h *house) alarm(sv uptime.Server) uptime.Alert {
	h.t.Helper()
	t, ctx := h.t, h.t.Context()
	r := routed(sv, 20)
	noError(t, h.Route(ctx, r))
	h.end(r.Deliveries[0], uptime.DeliverySent, "R")
	quiet := silence(sv.Slug, sv.Tenant, 9, 1)
	quiet.Servers, quiet.Groups = []string{sv.Slug}, nil
	noError(t, h.PutSilence(ctx, quiet, entry("", "silence", sv.Slug)))
	noError(t, h.PutSubscription(ctx, uptime.SealedSubscription{
		ID: "sub_" + sv.Slug, Tenant: sv.Tenant, Fingerprint: sv.Slug, Servers: []string{sv.Slug}, Created: at(5),
	}))
	return r.Alerts[0]
}

func counted(one int) map[string]int {
	return map[string]int{
		"stories": one, "decisions": 2 * one, "threads": one, "deliveries": one, "refs": one, "counts": one, "silences": one, "readers": one,
	}
}

func testAlertTenancy(h *house) {
	t := h.t
	a := h.alarm(h.alpha)
	same(t, "its tenant", h.heard(acme, a), counted(1))
	same(t, "another tenant", h.heard(other, a), counted(0))
	stolen := a
	stolen.Tenant, stolen.Server, stolen.Detail = other, h.theirs.ID, "mine"
	d := sending(thread(a), "team", 1, uptime.NoticeOpens)
	d.Tenant = other
	noError(t, h.Route(t.Context(), uptime.Routing{Alerts: []uptime.Alert{stolen}, Threads: []uptime.Thread{thread(stolen)}, Deliveries: []uptime.Delivery{d}}))
	same(t, "its tenant, after that", h.heard(acme, a), counted(1))
	same(t, "the alert", must[uptime.Story](t)(h.Story(t.Context(), acme, a.Key)).Alert, a)
	noError(t, h.EndDelivery(t.Context(), d, ""))
	wantError(t, "begun by another", h.BeginDelivery(t.Context(), other, d.ID, at(0)), uptime.ErrNotFound)
}

func testAlertSweep(h *house) {
	t := h.t
	a := h.alarm(h.alpha)
	keep := uptime.Retention{Incidents: 30 * time.Minute}
	sweep := func() { must[int64](t)(h.Sweep(t.Context(), acme, keep)) }
	sweep()
	same(t, "while it lasts", h.heard(acme, a), counted(1))
	over := thread(a)
	a.Resolved, over.Closed, over.Over = at(60), at(60), false
	noError(t, h.Route(t.Context(), uptime.Routing{Alerts: []uptime.Alert{a}, Threads: []uptime.Thread{over}}))
	sweep()
	same(t, "while its thread may change", h.heard(acme, a), counted(1))
	over.Over = true
	noError(t, h.Route(t.Context(), uptime.Routing{Threads: []uptime.Thread{over}}))
	keep.Incidents = 2 * time.Hour
	sweep()
	same(t, "while it is young", h.heard(acme, a), counted(1))
	keep.Incidents = 30 * time.Minute
	sweep()
	want := counted(0)
	want["counts"], want["silences"], want["readers"] = 1, 1, 1
	same(t, "when it is old", h.heard(acme, a), want)
}

// testDeliverySweep: what was told goes before the incident does.
func testDeliverySweep(h *house) {
	t := h.t
	a, _ := h.lanes()
	old, waits, young := sending(a, "team", 1, uptime.NoticeOpens), sending(a, "mail", 1, uptime.NoticeOpens), sending(a, "team", 2, uptime.NoticeCloses)
	const days = 24 * 60
	old.Created, waits.Created, young.Created = at(31*days), at(31*days), at(29*days)
	h.post(old, waits, young)
	h.end(old, uptime.DeliverySent, "")
	h.end(young, uptime.DeliverySent, "")
	must[int64](t)(h.Sweep(t.Context(), acme, uptime.Retention{Incidents: 365 * days * time.Minute}))
	var left []uptime.DeliveryID
	for _, d := range must[[]uptime.Delivery](t)(h.Deliveries(t.Context(), acme, uptime.DeliveryQuery{})) {
		left = append(left, d.ID)
	}
	same(t, "what is left", left, []uptime.DeliveryID{young.ID, waits.ID})
}

func testAlertErase(h *house) {
	t := h.t
	a, b := h.alarm(h.alpha), h.alarm(h.beta)
	shared := thread(a, b)
	shared.Key = "inc_shared"
	waits, sent := sending(shared, "mail", 2, uptime.NoticeChanges), sending(shared, "mail", 1, uptime.NoticeOpens)
	for _, n := range []*uptime.Notice{&waits.Notice, &sent.Notice} {
		n.Servers = []uptime.NoticeServer{{Slug: "alpha", State: "down"}, {Slug: "beta", State: "down"}}
		n.Failing, n.Total, n.Title = 2, 2, "The alpha and another are down"
		n.Summary, n.StatusPage, n.RunbookURL = "Since noon.", "https://s.example/status/alpha", "https://s.example/alphabet"
	}
	names, silent := decision(b, 3, "correlate", "It joined The alpha."), decision(b, 3, "correlate", "It joined.")
	noError(t, h.Route(t.Context(), uptime.Routing{
		Threads: []uptime.Thread{shared}, Deliveries: []uptime.Delivery{sent, waits}, Decisions: []uptime.Decision{names, silent},
	}))
	h.end(sent, uptime.DeliverySent, "M")
	noError(t, h.Erase(t.Context(), acme, h.alpha.ID))

	want := counted(1)
	want["decisions"], want["threads"], want["deliveries"], want["counts"] = 3, 2, 2, 2
	same(t, "the other server", h.heard(acme, b), want)
	_, err := h.Story(t.Context(), acme, a.Key)
	wantError(t, "the erased server", err, uptime.ErrNotFound)
	shared.Members, shared.Server = []uptime.AlertKey{b.Key}, h.beta.ID
	left := must[uptime.Story](t)(h.Story(t.Context(), acme, shared.Key))
	same(t, "the thread", left.Thread, shared)
	waits.Notice.Servers, waits.Notice.Failing, waits.Notice.Total = waits.Notice.Servers[1:], 1, 1
	waits.Notice.Title, waits.Notice.StatusPage = left.Deliveries[0].Notice.Title, ""
	same(t, "what waits", left.Deliveries, []uptime.Delivery{waits})
	if fmt.Sprint(left.Deliveries[0].Notice.Title) == "The alpha and another are down" {
		t.Error("the notice names the erased server")
	}
	same(t, "the ref", must[string](t)(h.Ref(t.Context(), acme, shared.Key, "mail")), "M")
}

// testEraseSpares: names are words that others use too.
func testEraseSpares(h *house) {
	t := h.t
	plan := []uptime.Server{
		{Slug: "search", Name: "Search"}, {Slug: "search-eu", Name: "Search EU"}, {Slug: "engine", Name: "Engine"},
	}
	servers := must[[]uptime.Server](t)(h.SyncServers(t.Context(), acme, plan))
	gone, stays := alerted(servers[0], 20), alerted(servers[1], 19)
	elsewhere := alerted(servers[2], 18)
	both, own := thread(gone, stays), thread(elsewhere)
	d := func(th uptime.Thread, n int, title string) uptime.Delivery {
		d := sending(th, "team", n, uptime.NoticeOpens)
		d.Notice.Servers = []uptime.NoticeServer{{Slug: "search-eu", Name: "Search EU", State: "down", Since: at(9)}}
		d.Notice.Title, d.Notice.StatusPage = title, "https://s.example/status/search-eu"
		d.Notice.Summary = "Search engines are not amused."
		return d
	}
	spared := []uptime.Delivery{d(own, 1, "Search EU is down"), d(both, 1, "Search EU is down"), d(own, 2, "Search: an API")}
	spared[1].Notice.Summary = "Since noon."
	named := d(both, 2, "Search EU and Search are down")
	noError(t, h.Route(t.Context(), uptime.Routing{
		Alerts: []uptime.Alert{gone, stays, elsewhere}, Threads: []uptime.Thread{both, own}, Deliveries: append(spared, named),
		Decisions: []uptime.Decision{
			{Tenant: acme, Alert: elsewhere.Key, Thread: own.Key, At: at(3), Stage: "route", Outcome: "told", Text: "Search: it is told."},
			{Tenant: acme, Alert: stays.Key, Thread: both.Key, At: at(3), Stage: "route", Outcome: "joined", Text: "It joined Search EU."},
			{Tenant: acme, Alert: stays.Key, Thread: both.Key, At: at(2), Stage: "route", Outcome: "joined", Text: "It joined Search."},
		},
	}))
	h.end(spared[2], uptime.DeliverySent, "")
	noError(t, h.Erase(t.Context(), acme, servers[0].ID))
	for _, want := range spared {
		got := must[uptime.Delivery](t)(h.Delivery(t.Context(), acme, want.ID))
		same(t, "the notice "+want.Notice.Title, got.Notice, want.Notice)
	}
	left := must[uptime.Delivery](t)(h.Delivery(t.Context(), acme, named.ID)).Notice
	same(t, "a title that names it", left.Title == named.Notice.Title, false)
	same(t, "the link of the other", left.StatusPage, named.Notice.StatusPage)
	for _, key := range []uptime.AlertKey{stays.Key, elsewhere.Key} {
		same(t, "decisions that are left", len(must[uptime.Story](t)(h.Story(t.Context(), acme, key)).Decisions), 1)
	}
}
