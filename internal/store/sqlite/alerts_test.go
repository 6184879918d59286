package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// childRoutes tells the child to route instead of sealing.
const childRoutes = "ALIVEMCP_STORE_TEST_ROUTES"

// step is the n-th step of a router: an alert with its thread, a delivery and a
// decision.
func step(sv uptime.Server, n int) uptime.Routing {
	key, at := uptime.AlertKey(fmt.Sprintf("inc_%016d", n)), time.Unix(1_700_000_000+int64(n), 0).UTC()
	return uptime.Routing{
		Alerts:  []uptime.Alert{{Key: key, Tenant: sv.Tenant, Server: sv.ID, Kind: uptime.AlertIncident, Opened: at}},
		Threads: []uptime.Thread{{Key: key, Tenant: sv.Tenant, Server: sv.ID, Members: []uptime.AlertKey{key}, Opened: at}},
		Deliveries: []uptime.Delivery{{
			ID: uptime.NewDeliveryID(sv.Tenant, key, "team", 1), Tenant: sv.Tenant, Thread: key, Sink: "team", Transition: 1,
			State: uptime.DeliveryWaiting, Created: at, Due: at, Notice: uptime.Notice{Key: key, Phase: uptime.NoticeOpens},
		}},
		Decisions: []uptime.Decision{{Tenant: sv.Tenant, Alert: key, Thread: key, At: at, Stage: "route", Outcome: "told"}},
		Verdicts:  uptime.Cursor(n), News: uint64(n),
	}
}

// routeForEver routes and delivers, from where it was, and reports each thing
// that was durable.
func routeForEver(ctx context.Context, dir string, report io.Writer) error {
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		return err
	}
	servers, err := s.SyncServers(ctx, "acme", []uptime.Server{{Slug: "alpha"}})
	if err != nil {
		return err
	}
	known, err := s.Alerting(ctx)
	if err != nil {
		return err
	}
	if err := deliverAll(ctx, s, report); err != nil { // what the last kill left
		return err
	}
	for n := int(known.Verdicts) + 1; ; n++ {
		r := step(servers[0], n)
		if err := s.Route(ctx, r); err != nil {
			return err
		}
		tell(report, "routed", int64(n))
		if err := deliverAll(ctx, s, report); err != nil {
			return err
		}
	}
}

// deliverAll delivers what is due, which is what a kill may have left too.
func deliverAll(ctx context.Context, s *sqlite.Store, report io.Writer) error {
	for {
		due, err := s.DueDeliveries(ctx, time.Unix(1<<32, 0), nil, 10)
		if err != nil || len(due) == 0 {
			return err
		}
		d := due[0]
		if err := s.BeginDelivery(ctx, d.Tenant, d.ID, d.Due); err != nil {
			return err
		}
		d.State, d.Ended = uptime.DeliverySent, d.Due
		if err := s.EndDelivery(ctx, d, "ref "+string(d.Thread)); err != nil {
			return err
		}
		var n int64
		if _, err := fmt.Sscanf(string(d.Thread), "inc_%d", &n); err != nil {
			return err
		}
		tell(report, "sent", n)
	}
}

// A step of the router is there after a kill -9 as a whole, or not at all, and
// what was delivered stays so.
func TestKillNineWhileRouting(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	var routed, sent int
	for round := 0; round < 8 || routed < 16 || sent < 8; round++ { // on a busy machine a round may come to nothing
		for _, line := range killed(t, dir, time.Duration(5+rand.IntN(50))*time.Millisecond, []string{childRoutes + "=1"}) {
			var what string
			var n int
			if _, err := fmt.Sscan(line, &what, &n); err != nil {
				continue // cut off by the kill
			}
			switch what {
			case "routed":
				routed = n
			case "sent":
				sent = n
			}
		}
		checkRouted(t, dir, &routed, &sent)
		if t.Failed() || round == 200 {
			t.Fatalf("in round %d, with %d routed and %d sent", round, routed, sent)
		}
	}
}

func checkRouted(t *testing.T, dir string, routed, sent *int) {
	t.Helper()
	s := open(t, sqlite.Options{Dir: dir})
	defer s.Close()
	known, err := s.Alerting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := int(known.Verdicts)
	if n < *routed || n > *routed+1 || len(known.Alerts) != n || len(known.Threads) != n || int(known.News) != n {
		t.Errorf("%d steps, %d alerts, %d threads, %d news; %d were reported durable", n, len(known.Alerts), len(known.Threads), known.News, *routed)
	}
	waiting, refs := 0, 0
	for i := range n {
		r := step(uptime.Server{Tenant: "acme"}, i+1)
		d, err := s.Delivery(t.Context(), "acme", r.Deliveries[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := s.Ref(t.Context(), "acme", d.Thread, "team")
		if err != nil || (ref != "") != (d.State == uptime.DeliverySent) {
			t.Errorf("delivery %d is %s, its ref %q: %v", i+1, d.State, ref, err)
		}
		if d.State == uptime.DeliveryWaiting {
			waiting++
		} else {
			refs++
		}
	}
	if waiting > 1 || refs < *sent {
		t.Errorf("%d wait, %d were sent, %d were reported sent", waiting, refs, *sent)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	*routed, *sent = n, refs
}

// A database of the first schema is brought up to date, and what is open in it
// is news.
func TestUpgradeFromFirstSchema(t *testing.T) {
	dir := t.TempDir()
	db, err := sqlite.OldDatabase(t.Context(), dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{
		`INSERT INTO tenants (id) VALUES ('acme')`,
		`INSERT INTO servers (tenant, id, slug, name, url, transport, grouping, description, interval, regions, guest, hidden, paused)
			VALUES ('acme', 'srv_1', 'alpha', 'Alpha', '', '', '', '', 1, '[]', 0, 0, 0)`,
		`INSERT INTO incidents (id, tenant, server, opened, closed, failure, regions, note, demo) VALUES
			('inc_b', 'acme', 1, 20, NULL, '{}', '["eu"]', '', 0), ('inc_a', 'acme', 1, 30, NULL, '{}', '[]', '', 0),
			('inc_closed', 'acme', 1, 10, 15, '{}', '[]', '', 0), ('inc_demo', 'acme', 1, 10, NULL, '{}', '[]', '', 1)`,
		`INSERT INTO drifts (id, tenant, server, from_hash, to_hash, class, summary, changes, regions, detected, reverted, accepted, author, note, demo) VALUES
			('drf_open', 'acme', 1, 'a', 'b', 3, '', 1, '[]', 5, NULL, NULL, '', '', 0), ('drf_demo', 'acme', 1, 'a', 'b', 3, '', 1, '[]', 5, NULL, NULL, '', '', 1),
			('drf_accepted', 'acme', 1, 'a', 'b', 3, '', 1, '[]', 5, NULL, 6, '', '', 0), ('drf_back', 'acme', 1, 'a', 'b', 3, '', 1, '[]', 5, 6, NULL, '', '', 0)`,
	} {
		if _, err := db.ExecContext(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := opened(t, dir)
	for range 2 {
		news, err := s.News(t.Context(), 0, 0)
		var got []string
		for _, n := range news {
			if n.Incident != nil {
				got = append(got, string(n.Incident.ID)+" "+string(n.Event))
			} else {
				got = append(got, string(n.Drift.ID))
			}
		}
		if diff := cmp.Diff([]string{"inc_b opened", "inc_a opened", "drf_open"}, got); err != nil || diff != "" {
			t.Errorf("news (%v) (-want +got):\n%s", err, diff)
		}
		must(t, s.PruneNews(t.Context(), news[len(news)-1].Seq)) // too young to go
	}
	known, err := s.Alerting(t.Context())
	if diff := cmp.Diff(uptime.Alerting{}, known, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("alerting (%v):\n%s", err, diff)
	}
	must(t, s.Check(t.Context()))
}

// What everybody has read goes after a day; a place is never given twice.
func TestOldNewsGo(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := open(t, sqlite.Options{Dir: t.TempDir(), Now: func() time.Time { return now }})
	defer s.Close()
	sv := synced(t, s, "alpha")[0]
	drift := func(id uptime.DriftID) uptime.Changes {
		return uptime.Changes{Drifts: []uptime.Drift{{ID: id, Tenant: "acme", Server: sv.ID, Detected: now}}}
	}
	must(t, s.Record(t.Context(), drift("drf_1")))
	must(t, s.Record(t.Context(), drift("drf_2")))
	seqs := func() (out []uint64) {
		news, err := s.News(t.Context(), 0, 0)
		must(t, err)
		for _, n := range news {
			out = append(out, n.Seq)
		}
		return out
	}
	now = now.Add(25 * time.Hour)
	must(t, s.PruneNews(t.Context(), 1))
	if diff := cmp.Diff([]uint64{2}, seqs()); diff != "" {
		t.Errorf("what nobody has read (-want +got):\n%s", diff)
	}
	must(t, s.PruneNews(t.Context(), 2))
	must(t, s.Record(t.Context(), drift("drf_3")))
	if diff := cmp.Diff([]uint64{3}, seqs()); diff != "" {
		t.Errorf("after all went (-want +got):\n%s", diff)
	}
}

// A step that finds no room changes nothing, and can be stored when there is.
func TestRouteWithoutRoom(t *testing.T) {
	s := opened(t, t.TempDir())
	sv := synced(t, s, "alpha")[0]
	if _, err := s.Rows().ExecContext(t.Context(), `PRAGMA max_page_count = 100`); err != nil {
		t.Fatal(err)
	}
	stored := 0
	for {
		err := s.Route(t.Context(), storm([]uptime.Server{sv}, stored, 20))
		if errors.Is(err, sqlite.ErrFull) {
			break
		}
		must(t, err)
		stored += 20
	}
	known, err := s.Alerting(t.Context())
	if err != nil || len(known.Alerts) != stored || int(known.Verdicts) != stored {
		t.Errorf("%d alerts and cursor %d after %d: %v", len(known.Alerts), known.Verdicts, stored, err)
	}
	if _, err := s.Rows().ExecContext(t.Context(), `PRAGMA max_page_count = 100000`); err != nil {
		t.Fatal(err)
	}
	must(t, s.Route(t.Context(), storm([]uptime.Server{sv}, stored, 20)))
	must(t, s.Check(t.Context()))
}

// storm is a step with so many alerts, each with a thread, two deliveries and
// five decisions.
func storm(servers []uptime.Server, from, n int) uptime.Routing {
	var r uptime.Routing
	for i := from; i < from+n; i++ {
		sv := servers[i%len(servers)]
		one := step(sv, i+1)
		one.Deliveries[0].Notice = notice(1)
		mail := one.Deliveries[0]
		mail.Sink, mail.ID = "mail", uptime.NewDeliveryID(sv.Tenant, mail.Thread, "mail", 1)
		r.Alerts, r.Threads = append(r.Alerts, one.Alerts...), append(r.Threads, one.Threads...)
		r.Deliveries = append(r.Deliveries, one.Deliveries[0], mail)
		for _, stage := range []string{"match", "classify", "correlate", "budget", "route"} {
			d := one.Decisions[0]
			d.Stage, d.Text = stage, "A sentence about why this was decided, of usual length."
			r.Decisions = append(r.Decisions, d)
		}
	}
	r.Verdicts, r.News = uptime.Cursor(from+n), uint64(from+n)
	return r
}

// notice is one about so many servers.
func notice(servers int) uptime.Notice {
	at := time.Unix(1_700_000_000, 0).UTC()
	n := uptime.Notice{
		Type: uptime.NoticeTriggered, Key: "inc_0123456789abcdef", Phase: uptime.NoticeOpens, Kind: uptime.AlertIncident, At: at, Priority: uptime.P1,
		Cause: "connect_refused", Failing: servers, Total: servers, Regions: []string{"London", "Frankfurt"}, Started: at,
		Title:      "Weather is down: the connection is refused",
		Summary:    "The connection has been refused since 12:00 UTC, from London and Frankfurt. It worked a minute before.",
		FirstStep:  "See whether the process runs and listens on its port.",
		StatusPage: "https://status.example.com/status/weather/incidents/inc_0123456789abcdef",
		AckURL:     "https://status.example.com/a/AQAAAABqvSQABGFjbWVpbmNfMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJj",
		SilenceURL: "https://status.example.com/s/AQAAAABqvSQABGFjbWVpbmNfMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJj",
	}
	for i := range servers {
		slug := fmt.Sprintf("server-%05d", i)
		n.Servers = append(n.Servers, uptime.NoticeServer{
			Slug: slug, Name: "Server " + slug, URL: "https://" + slug + ".example.com/mcp", State: "down", Since: at,
			StatusPage: "https://status.example.com/status/" + slug,
		})
	}
	return n
}
