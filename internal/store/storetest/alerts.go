package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Alerts is what the parts of alerting ask of a store.
type Alerts interface {
	Alerting(ctx context.Context) (uptime.Alerting, error)
	Route(ctx context.Context, r uptime.Routing) error
	News(ctx context.Context, after uint64, limit int) ([]uptime.News, error)
	PruneNews(ctx context.Context, through uint64) error
	Story(ctx context.Context, tenant uptime.TenantID, key uptime.AlertKey) (uptime.Story, error)
	Threads(ctx context.Context, tenant uptime.TenantID, open bool, limit int) ([]uptime.Thread, error)

	DueDeliveries(ctx context.Context, now time.Time, skip func(uptime.SinkKey) bool, limit int) ([]uptime.Delivery, error)
	BeginDelivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID, at time.Time) error
	EndDelivery(ctx context.Context, d uptime.Delivery, ref string) error
	Ref(ctx context.Context, tenant uptime.TenantID, thread uptime.AlertKey, sink string) (string, error)
	Deliveries(ctx context.Context, tenant uptime.TenantID, q uptime.DeliveryQuery) ([]uptime.Delivery, error)
	Delivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID) (uptime.Delivery, error)
	ReplayDelivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID, at time.Time, entry uptime.AuditEntry) error
	Counts(ctx context.Context, tenant uptime.TenantID) (map[string]uptime.SinkCounts, error)

	Silences(ctx context.Context, tenant uptime.TenantID, at time.Time) ([]uptime.Silence, error)
	PutSilence(ctx context.Context, silence uptime.Silence, entry uptime.AuditEntry) error
	EndSilence(ctx context.Context, tenant uptime.TenantID, id string, at time.Time, entry uptime.AuditEntry) error
	Proofs(ctx context.Context, tenant uptime.TenantID) ([]uptime.Proof, error)
	PutProof(ctx context.Context, p uptime.Proof) error
	PutSubscription(ctx context.Context, s uptime.SealedSubscription) error
	Subscription(ctx context.Context, tenant uptime.TenantID, id string) (uptime.SealedSubscription, error)
	Subscriptions(ctx context.Context, tenant uptime.TenantID) ([]uptime.SealedSubscription, error)
	SubscriptionBy(ctx context.Context, tenant uptime.TenantID, fingerprint string) (uptime.SealedSubscription, error)
	DropSubscription(ctx context.Context, tenant uptime.TenantID, id string) error
	TenantKey(ctx context.Context, tenant uptime.TenantID) ([]byte, error)
	PutTenantKey(ctx context.Context, tenant uptime.TenantID, old, wrapped []byte) error
	KeyTenants(ctx context.Context) ([]uptime.TenantID, error)
}

// alertTests returns the tests of what alerting needs, by name.
func alertTests() map[string]func(*house) {
	return map[string]func(*house){
		"incidents are news":                         testIncidentNews,
		"drifts are news":                            testDriftNews,
		"what is invented is no news":                testDemoNews,
		"news are pruned":                            testPruneNews,
		"the router goes on where it was":            testAlerting,
		"what was routed is stored once":             testRouteTwice,
		"the router never goes back":                 testRouteBack,
		"routing refuses what makes no sense":        testRouteRefused,
		"unknown servers are not alerted of":         testRouteStrangers,
		"decisions are bounded":                      testDecisions,
		"the story of an alert":                      testStory,
		"threads are listed":                         testThreads,
		"only the head of a lane is due":             testDue,
		"an update supersedes what nobody tried":     testSupersede,
		"a delivery lives":                           testDelivery,
		"a delivery is replayed":                     testReplay,
		"deliveries are paged":                       testDeliveryPages,
		"silences":                                   testSilences,
		"proofs":                                     testProofs,
		"subscriptions":                              testSubscriptions,
		"keys of tenants":                            testTenantKeys,
		"another tenant sees no alerts":              testAlertTenancy,
		"alerts are kept as long as incidents":       testAlertSweep,
		"deliveries are kept for a month":            testDeliverySweep,
		"an erased server leaves what is told of it": testAlertErase,
		"erasing leaves what has a similar name":     testEraseSpares,
	}
}

func (h *house) news(after uint64) []uptime.News {
	h.t.Helper()
	return must[[]uptime.News](h.t)(h.News(h.t.Context(), after, 0))
}

// told are the kinds of news, in order.
func told(news []uptime.News) (out []string) {
	for _, n := range news {
		if n.Incident != nil {
			out = append(out, string(n.Event))
		} else {
			out = append(out, "drift "+n.Drift.Class.String())
		}
	}
	return out
}

func testIncidentNews(h *house) {
	t := h.t
	i := incident(h.alpha, 60)
	events, _ := story(i)
	changes := uptime.Changes{Incidents: []uptime.Incident{i}, Events: events}
	noError(t, h.Record(t.Context(), changes))
	noError(t, h.Record(t.Context(), changes))
	noError(t, h.NoteIncident(t.Context(), acme, i.ID, entry("", "incident.note", string(i.ID))))
	ack := uptime.IncidentEvent{Incident: i.ID, At: at(1), Kind: uptime.IncidentAcked, By: "Ada"}
	for range 2 {
		noError(t, h.Route(t.Context(), uptime.Routing{Events: []uptime.IncidentEvent{ack}}))
	}
	got := h.news(0)
	same(t, "the news", told(got), []string{"opened", "regions", "cause", "note", "acked"})
	i.Note = "we know"
	for n := range got {
		same(t, "the incident as it is now", *got[n].Incident, i)
		if n > 0 && got[n].Seq <= got[n-1].Seq {
			t.Errorf("place %d after %d", got[n].Seq, got[n-1].Seq)
		}
	}
	same(t, "after a place", h.news(got[2].Seq), got[3:])
	same(t, "only some", must[[]uptime.News](t)(h.News(t.Context(), 0, 2)), got[:2])
	h.restart(t)
	same(t, "after a restart", h.news(0), got)
	_, timeline, _, err := h.Incident(t.Context(), acme, i.ID)
	noError(t, err)
	same(t, "the acknowledgement", timeline[len(timeline)-2], ack)
}

func testDriftNews(h *house) {
	t := h.t
	d := drift(h.alpha, "a", "b", 20)
	d.Class = uptime.DriftWording
	record := func() { noError(t, h.Record(t.Context(), uptime.Changes{Drifts: []uptime.Drift{d}})) }
	record()
	record()
	d.Summary, d.Changes = "Another sentence.", 9 // which is no news
	record()
	d.Class = uptime.DriftBreaking
	record()
	d.Regions = []string{"eu", "us"}
	record()
	noError(t, h.AcceptDrift(t.Context(), acme, d.ID, entry("", "drift.accept", string(d.ID))))
	record() // by who has not heard of it
	d.Accepted, d.By, d.Note = at(0), "Ada", "we know"
	record()
	d.Reverted = at(-1)
	record()
	got := h.news(0)
	if len(got) != 5 { // new, class, regions, accepted, reverted
		t.Errorf("%d news: %v", len(got), told(got))
	}
	for _, n := range got {
		same(t, "the drift as it is now", *n.Drift, d)
	}
}

func testDemoNews(h *house) {
	t := h.t
	i, d := incident(h.alpha, 20), drift(h.alpha, "a", "b", 20)
	i.Demo, d.Demo = true, true
	events, _ := story(i)
	noError(t, h.Record(t.Context(), uptime.Changes{Incidents: []uptime.Incident{i}, Events: events, Drifts: []uptime.Drift{d}}))
	noError(t, h.NoteIncident(t.Context(), acme, i.ID, entry("", "incident.note", "")))
	noError(t, h.AcceptDrift(t.Context(), acme, d.ID, entry("", "drift.accept", "")))
	same(t, "the news", h.news(0), []uptime.News{})
}

func testPruneNews(h *house) {
	t := h.t
	noError(t, h.Record(t.Context(), uptime.Changes{Drifts: []uptime.Drift{drift(h.alpha, "a", "b", 20)}}))
	got := h.news(0)
	noError(t, h.PruneNews(t.Context(), got[0].Seq))
	same(t, "those of the last day stay", h.news(0), got)
}

// alerted is an open alert with everything in it.
func alerted(sv uptime.Server, minutesAgo int) uptime.Alert {
	i := incident(sv, minutesAgo)
	return uptime.Alert{
		Key: uptime.AlertKey(i.ID), Tenant: sv.Tenant, Server: sv.ID, Kind: uptime.AlertIncident, Priority: uptime.P1,
		Reason: uptime.Cause("connect_refused").Reason(), Cause: "connect_refused", Host: "h.example", Platform: "example",
		Regions: []string{"eu", "us"}, Opened: at(minutesAgo), Updated: at(minutesAgo - 1), Class: uptime.DriftBreaking, Stage: 2,
		Detail: "\x00\x1b[31m\u202e</script>", Recovering: true,
	}
}

// thread is an open thread about these alerts.
func thread(alerts ...uptime.Alert) uptime.Thread {
	a := &alerts[0]
	t := uptime.Thread{
		Key: a.Key, Tenant: a.Tenant, Kind: a.Kind, Server: a.Server, Reason: a.Reason, Cause: a.Cause, Host: a.Host, Platform: a.Platform,
		Opened: a.Opened, Times: 2, Acked: at(1), AckedBy: "Ada", Due: at(-1),
		Told: map[string]uptime.Told{"team": {Transition: 1, Phase: uptime.NoticeOpens, At: at(2), Digest: "d", Updates: 3}},
	}
	for _, a := range alerts {
		t.Members = append(t.Members, a.Key)
	}
	return t
}

func decision(a uptime.Alert, minutesAgo int, stage, text string) uptime.Decision {
	return uptime.Decision{Tenant: a.Tenant, Alert: a.Key, Thread: a.Key, At: at(minutesAgo), Stage: stage, Sink: "team", Outcome: "told", Text: text}
}

// routed is a step of the router with everything in it.
func routed(sv uptime.Server, minutesAgo int) uptime.Routing {
	a := alerted(sv, minutesAgo)
	t := thread(a)
	return uptime.Routing{
		Alerts: []uptime.Alert{a}, Threads: []uptime.Thread{t}, Deliveries: []uptime.Delivery{sending(t, "team", 1, uptime.NoticeOpens)},
		Decisions: []uptime.Decision{decision(a, 9, "route", "It was told."), decision(a, 9, "match", "A rule matches.")},
		Audit:     []uptime.AuditEntry{entry(a.Tenant, "alert.ack", string(a.Key))},
	}
}

func testAlerting(h *house) {
	t := h.t
	same(t, "at first", must[uptime.Alerting](t)(h.Alerting(t.Context())), uptime.Alerting{})
	open, member, past := alerted(h.alpha, 60), alerted(h.beta, 50), alerted(h.beta, 40)
	member.Resolved, past.Resolved = at(5), at(4)
	none := uptime.Alert{Key: "slo_1", Tenant: acme, Kind: uptime.AlertBurn, Opened: at(30)} // of no server
	going, over := thread(open, member), thread(past)
	over.Closed, over.Over = at(4), true
	ended := silence("past", acme, 20, 1)
	noError(t, h.PutSilence(t.Context(), ended, entry("", "silence", "")))
	lasts := silence("lasts", other, 20, -20)
	noError(t, h.PutSilence(t.Context(), lasts, entry("", "silence", "")))
	noError(t, h.Route(t.Context(), uptime.Routing{
		Alerts: []uptime.Alert{open, member, past, none}, Threads: []uptime.Thread{going, over}, Verdicts: 17, News: 4,
	}))
	want := uptime.Alerting{
		Alerts: []uptime.Alert{open, member, none}, Threads: []uptime.Thread{going},
		Silences: []uptime.Silence{lasts}, Verdicts: 17, News: 4,
	}
	same(t, "after a while", must[uptime.Alerting](t)(h.Alerting(t.Context())), want)
	h.restart(t)
	same(t, "after a restart", must[uptime.Alerting](t)(h.Alerting(t.Context())), want)
	open.Resolved, going.Members, going.Over = at(0), going.Members[:1], true
	noError(t, h.Route(t.Context(), uptime.Routing{Alerts: []uptime.Alert{open}, Threads: []uptime.Thread{going}}))
	want.Alerts, want.Threads = []uptime.Alert{none}, nil
	same(t, "when it is over", must[uptime.Alerting](t)(h.Alerting(t.Context())), want)
}

func testRouteTwice(h *house) {
	t := h.t
	i := incident(h.alpha, 20)
	noError(t, h.Record(t.Context(), uptime.Changes{Incidents: []uptime.Incident{i}}))
	r := routed(h.alpha, 20)
	r.Events = []uptime.IncidentEvent{{Incident: i.ID, At: at(1), Kind: uptime.IncidentAcked, By: "Ada"}}
	r.Verdicts, r.News = 5, 6
	read := func() []any {
		return []any{
			must[uptime.Alerting](t)(h.Alerting(t.Context())), must[uptime.Story](t)(h.Story(t.Context(), acme, r.Alerts[0].Key)),
			must[[]uptime.AuditEntry](t)(h.Audit(t.Context(), acme, 0)), h.news(0),
		}
	}
	noError(t, h.Route(t.Context(), r))
	once := read()
	noError(t, h.Route(t.Context(), r))
	same(t, "twice", read(), once)
	sent := r.Deliveries[0]
	noError(t, h.BeginDelivery(t.Context(), acme, sent.ID, at(0)))
	noError(t, h.Route(t.Context(), r))
	sent.Attempts, sent.Trying = 1, true
	same(t, "a delivery that has begun", must[uptime.Delivery](t)(h.Delivery(t.Context(), acme, sent.ID)), sent)
}

func testRouteBack(h *house) {
	t := h.t
	noError(t, h.Route(t.Context(), uptime.Routing{Verdicts: 10, News: 20}))
	noError(t, h.Route(t.Context(), uptime.Routing{}))
	for name, back := range map[string]uptime.Routing{"verdicts": {Verdicts: 9, News: 21}, "news": {Verdicts: 11, News: 19}} {
		back.Alerts = []uptime.Alert{alerted(h.alpha, 1)}
		wantError(t, name, h.Route(t.Context(), back), uptime.ErrConflict)
	}
	same(t, "after refusals", must[uptime.Alerting](t)(h.Alerting(t.Context())), uptime.Alerting{Verdicts: 10, News: 20})
}

func testRouteRefused(h *house) {
	t := h.t
	a := alerted(h.alpha, 1)
	nothing := sending(thread(a), "team", 0, uptime.NoticeOpens)
	for name, wrong := range map[string]uptime.Routing{
		"an alert without a key":       {Alerts: []uptime.Alert{{Tenant: acme}}},
		"a thread without a tenant":    {Threads: []uptime.Thread{{Key: "x", Opened: at(0)}}},
		"a thread without a beginning": {Threads: []uptime.Thread{{Key: "x", Tenant: acme}}},
		"a delivery without a number":  {Deliveries: []uptime.Delivery{nothing}},
		"a decision without a time":    {Decisions: []uptime.Decision{{Tenant: acme, Alert: "x"}}},
		"an entry without an author":   {Audit: []uptime.AuditEntry{{Tenant: acme, At: at(0), Action: "act"}}},
		"an event without a time":      {Events: []uptime.IncidentEvent{{Incident: "x", Kind: uptime.IncidentAcked}}},
	} {
		wrong.Alerts = append(wrong.Alerts, a)
		wantError(t, name, h.Route(t.Context(), wrong), uptime.ErrInvalid)
	}
	same(t, "after refusals", must[uptime.Alerting](t)(h.Alerting(t.Context())), uptime.Alerting{})
}

func testRouteStrangers(h *house) {
	t := h.t
	stranger := h.alpha
	stranger.ID = "srv_gone"
	r, known := routed(stranger, 20), alerted(h.beta, 10)
	shared := thread(known, r.Alerts[0])
	r.Alerts, r.Threads, r.News = append(r.Alerts, known), append(r.Threads, shared), 3
	noError(t, h.Route(t.Context(), r))
	shared.Members = shared.Members[:1]
	want := uptime.Alerting{Alerts: []uptime.Alert{known}, Threads: []uptime.Thread{shared}, News: 3}
	same(t, "what is known", must[uptime.Alerting](t)(h.Alerting(t.Context())), want)
	same(t, "deliveries", must[[]uptime.Delivery](t)(h.Deliveries(t.Context(), acme, uptime.DeliveryQuery{})), []uptime.Delivery{})
	_, err := h.Story(t.Context(), acme, r.Alerts[0].Key)
	wantError(t, "its story", err, uptime.ErrNotFound)
}

func testDecisions(h *house) {
	t := h.t
	a := alerted(h.alpha, 2000)
	r := uptime.Routing{Alerts: []uptime.Alert{a}}
	for n := range 700 {
		r.Decisions = append(r.Decisions, decision(a, 1000-n, "route", fmt.Sprint(n)))
	}
	noError(t, h.Route(t.Context(), r))
	same(t, "the newest, oldest first", must[uptime.Story](t)(h.Story(t.Context(), acme, a.Key)).Decisions, r.Decisions[200:])
}

func testStory(h *house) {
	t := h.t
	first, second, alone := alerted(h.alpha, 30), alerted(h.beta, 20), alerted(h.alpha, 10)
	shared := thread(first, second)
	one, two := sending(shared, "team", 1, uptime.NoticeOpens), sending(shared, "team", 2, uptime.NoticeCloses)
	two.Created = at(-1)
	ds := []uptime.Decision{
		decision(first, 9, "match", "1"), decision(first, 9, "classify", "2"), decision(first, 9, "deliver", "3"), decision(second, 8, "correlate", "4"),
	}
	none := decision(alone, 8, "budget", "Waits.")
	none.Thread = ""
	shuffled := slices.Clone(ds)
	slices.Reverse(shuffled)
	noError(t, h.Route(t.Context(), uptime.Routing{
		Alerts: []uptime.Alert{first, second, alone}, Threads: []uptime.Thread{shared},
		Deliveries: []uptime.Delivery{one, two}, Decisions: append(shuffled, none),
	}))
	read := func(key uptime.AlertKey) uptime.Story { return must[uptime.Story](t)(h.Story(t.Context(), acme, key)) }
	both := []uptime.Delivery{one, two}
	same(t, "the first alert", read(first.Key), uptime.Story{Alert: first, Thread: shared, Decisions: ds[:3], Deliveries: both})
	same(t, "the one that joined", read(second.Key), uptime.Story{Alert: second, Thread: shared, Decisions: ds, Deliveries: both})
	same(t, "one without a thread", read(alone.Key), uptime.Story{Alert: alone, Decisions: []uptime.Decision{none}})
	_, err := h.Story(t.Context(), acme, "inc_none")
	wantError(t, "no such alert", err, uptime.ErrNotFound)
}

func testThreads(h *house) {
	t := h.t
	var all []uptime.Thread // newest first
	var r uptime.Routing
	for n := range 4 {
		a := alerted(h.alpha, 10*n)
		th := thread(a)
		if n%2 == 1 {
			th.Closed = at(1)
		}
		r.Alerts, all = append(r.Alerts, a), append(all, th)
	}
	r.Threads = all
	noError(t, h.Route(t.Context(), r))
	same(t, "all", must[[]uptime.Thread](t)(h.Threads(t.Context(), acme, false, 0)), all)
	same(t, "open ones", must[[]uptime.Thread](t)(h.Threads(t.Context(), acme, true, 0)), []uptime.Thread{all[0], all[2]})
	same(t, "only some", must[[]uptime.Thread](t)(h.Threads(t.Context(), acme, false, 3)), all[:3])
}
