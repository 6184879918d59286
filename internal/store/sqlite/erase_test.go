package sqlite_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// A new table with a server column fails this test until it is filled here and
// emptied by Erase.
func TestEraseCoversEveryTable(t *testing.T) {
	s := opened(t, t.TempDir())
	servers := synced(t, s, "alpha", "beta")
	fill(t, s, servers)
	if err := s.Erase(t.Context(), "acme", servers[0].ID); err != nil {
		t.Fatal(err)
	}
	tables := serverTables(t, s)
	if len(tables) < 10 {
		t.Errorf("only these tables have a server column: %v", tables)
	}
	for _, table := range tables {
		if n := count(t, s, table, servers[0].Num); n != 0 {
			t.Errorf("%s still has %d rows of the erased server", table, n)
		}
		if n := count(t, s, table, servers[1].Num); n == 0 {
			t.Errorf("%s has no rows of the other server: the test proves nothing about it", table)
		}
	}
	refuseTraces(t, s, servers[0])
}

// fill gives every server a row in every table that has a server column.
func fill(t *testing.T, s *sqlite.Store, servers []uptime.Server) {
	t.Helper()
	now := time.Unix(1_700_000_000, 0).UTC()
	day := uptime.DayOf(now)
	steps := []error{
		s.AppendSealed(t.Context(), sealed(servers, 1, 6)),
		s.PruneSealed(t.Context(), time.Time{}, 0),
		s.SyncWindows(t.Context(), "acme", []uptime.Window{{ID: "w", Servers: []string{"alpha", "beta"}, From: now, To: now.Add(1)}}),
	}
	for _, sv := range servers {
		i := uptime.Incident{ID: uptime.IncidentID("inc_" + sv.ID), Tenant: "acme", Server: sv.ID, Opened: now}
		d := uptime.Drift{ID: uptime.DriftID("drf_" + sv.ID), Tenant: "acme", Server: sv.ID, From: "f" + sv.Slug, To: "t" + sv.Slug, Detected: now}
		shared := routing(now, servers, sv)
		act := uptime.AuditEntry{At: now, By: "Ada", Action: "act", Object: string(sv.ID)}
		steps = append(
			steps,
			s.Record(t.Context(), uptime.Changes{
				Incidents: []uptime.Incident{i}, Drifts: []uptime.Drift{d},
				Evidence:  []uptime.Evidence{{Incident: i.ID, Region: "eu", Cycle: now}},
				Baselines: []uptime.Baseline{{Tenant: "acme", Server: sv.ID, Accepted: []string{d.From}}},
			}),
			s.PutContract(t.Context(), "acme", uptime.Contract{Hash: d.From}),
			s.PutContract(t.Context(), "acme", uptime.Contract{Hash: d.To}),
			s.NoteIncident(t.Context(), "acme", i.ID, act),
			s.AcceptDrift(t.Context(), "acme", d.ID, act),
			s.Route(t.Context(), shared),
			s.EndDelivery(t.Context(), uptime.Delivery{ID: uptime.DeliveryID("dlv_" + fmt.Sprint(sv.Num)), Tenant: "acme", State: uptime.DeliverySent, Ended: now}, "message"),
			s.PutSilence(t.Context(), uptime.Silence{ID: "sil_" + sv.Slug, Tenant: "acme", Servers: []string{sv.Slug}, From: now, Until: now.Add(1)}, act),
			s.PutSubscription(t.Context(), uptime.SealedSubscription{ID: "sub_" + sv.Slug, Tenant: "acme", Fingerprint: sv.Slug, Servers: []string{sv.Slug}, Created: now}),
			s.CloseDay(t.Context(), day, []uptime.PackedDay{{Tenant: "acme", Server: sv.ID, DayStat: uptime.DayStat{Day: day}}},
				[]uptime.MonthStat{{Tenant: "acme", Server: sv.ID, Year: 2023, Month: 11}}),
		)
	}
	steps = append(steps, list(t, s, servers)...)
	for i, err := range steps {
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
}

// list has a registry list an endpoint of every server.
func list(t *testing.T, s *sqlite.Store, servers []uptime.Server) []error {
	t.Helper()
	c := uptime.Crawl{ID: "c", Source: "official", State: uptime.CrawlRunning, Began: time.Unix(1, 0)}
	steps := []error{s.BeginCrawl(t.Context(), c)}
	bound := map[uptime.EndpointKey]uptime.ServerID{}
	for _, sv := range servers {
		e := uptime.Endpoint{Key: uptime.EndpointKey("ep_" + fmt.Sprint(sv.Num)), Kind: uptime.EndpointRemote}
		l := uptime.Listing{Source: "official", Key: string(e.Key), Status: uptime.ListingActive, Endpoint: e.Key}
		steps = append(steps, s.StageListings(t.Context(), "c", []uptime.Listing{l}, []uptime.Endpoint{e}))
		bound[e.Key] = sv.ID
	}
	c.State, c.Ended = uptime.CrawlDone, time.Unix(2, 0)
	_, _, _, err := s.FinishCrawl(t.Context(), c)
	steps = append(steps, err, s.BindEndpoints(t.Context(), "acme", bound))
	endpoints, err := s.Endpoints(t.Context(), uptime.EndpointQuery{Limit: 100})
	var targets []uptime.AuditTarget
	for _, e := range endpoints {
		targets = append(targets, uptime.AuditTarget{Endpoint: e})
	}
	run := uptime.AuditRun{ID: "2026-q1", Began: c.Ended, Rounds: 1, Regions: []uptime.Region{{ID: "eu"}}}
	return append(steps, err, s.BeginAudit(t.Context(), run, targets))
}

// routing tells of a server in a thread of its own, and of all in one that they
// share, which the first begins.
func routing(now time.Time, servers []uptime.Server, sv uptime.Server) uptime.Routing {
	r := uptime.Routing{
		Audit: []uptime.AuditEntry{{Tenant: "acme", At: now, By: "Ada", Action: "alert.ack", Object: "a_" + string(sv.ID), Text: sv.Slug}},
	}
	shared := uptime.Thread{Key: uptime.AlertKey("shared_" + fmt.Sprint(sv.Num)), Tenant: "acme", Server: servers[0].ID, Host: servers[0].Slug + ".example", Opened: now}
	notice := uptime.Notice{Title: "Two are down: " + sv.Slug, StatusPage: "https://status.example/" + sv.Slug}
	for _, sv := range servers {
		key := uptime.AlertKey("a_" + sv.ID)
		r.Alerts = append(r.Alerts, uptime.Alert{Key: key, Tenant: "acme", Server: sv.ID, Host: sv.Slug + ".example", Opened: now})
		shared.Members = append(shared.Members, key)
		notice.Servers = append(notice.Servers, uptime.NoticeServer{Slug: sv.Slug, Name: sv.Name})
		r.Decisions = append(r.Decisions, uptime.Decision{Tenant: "acme", Alert: key, At: now, Text: "Joined " + servers[0].Slug + "."})
	}
	own := uptime.Thread{Key: uptime.AlertKey("a_" + sv.ID), Tenant: "acme", Server: sv.ID, Members: []uptime.AlertKey{uptime.AlertKey("a_" + sv.ID)}, Opened: now}
	r.Threads = []uptime.Thread{shared, own}
	for n, thread := range []uptime.AlertKey{own.Key, shared.Key, shared.Key} {
		r.Deliveries = append(r.Deliveries, uptime.Delivery{
			ID: uptime.DeliveryID([]string{"dlv_", "shared_", "again_"}[n] + fmt.Sprint(sv.Num)), Tenant: "acme", Thread: thread,
			Sink: "team", Transition: 1 + n/2, Notice: notice, Created: now,
		})
	}
	// What was decided about the server itself, without a word about another.
	r.Decisions = append(r.Decisions, uptime.Decision{Tenant: "acme", Alert: own.Key, At: now, Text: "Told."})
	return r
}

// serverTables are the tables that have a column for a server.
func serverTables(t *testing.T, s *sqlite.Store) []string {
	t.Helper()
	return column(t, s, `
		SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND c.name IN ('server', 'server_id', 'server_num')`)
}

func column(t *testing.T, s *sqlite.Store, query string, args ...any) (out []string) {
	t.Helper()
	answer, err := s.Rows().QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Close()
	for answer.Next() {
		var v string
		if err := answer.Scan(&v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if err := answer.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func count(t *testing.T, s *sqlite.Store, table string, num uint32) (n int) {
	t.Helper()
	if err := s.Rows().QueryRowContext(t.Context(), fmt.Sprintf(`SELECT count(*) FROM %s WHERE server = ?`, table), num).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// refuseTraces looks for the server's id, slug and contracts in every column of
// every table.
func refuseTraces(t *testing.T, s *sqlite.Store, sv uptime.Server) {
	t.Helper()
	columns := column(t, s, `
		SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'`)
	for _, name := range columns {
		table, field, _ := strings.Cut(name, ".")
		for _, trace := range []string{string(sv.ID), sv.Slug} {
			var n int
			query := fmt.Sprintf(`SELECT count(*) FROM %s WHERE instr(%s, ?) > 0`, table, field)
			if err := s.Rows().QueryRowContext(t.Context(), query, trace).Scan(&n); err != nil {
				t.Fatal(err)
			}
			if n > 0 {
				t.Errorf("%s still holds %q", name, trace)
			}
		}
	}
	left, err := s.ReadSealed(t.Context(), 0, 100)
	if err != nil || len(left) != 3 {
		t.Errorf("the journal holds %d verdicts (%v), want the 3 of the other server", len(left), err)
	}
}

// What is retired for long goes without a trace, oldest first and so many at once;
// what came back stays.
func TestSweepRetired(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := open(t, sqlite.Options{Dir: t.TempDir(), Now: func() time.Time { return now }})
	defer func() { must(t, s.Close()) }()
	servers := synced(t, s, "alpha", "beta")
	fill(t, s, servers)
	more := synced(t, s, "beta", "gamma", "delta", "omega")
	now = now.Add(time.Hour)
	synced(t, s, "beta", "omega")
	now = now.Add(time.Hour)
	synced(t, s, "beta", "gamma")
	sweep := func(before time.Time, limit int, want ...uptime.ServerID) {
		t.Helper()
		got, err := s.SweepRetired(t.Context(), "acme", before, limit)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v are erased, %v; want %v", got, err, want)
		}
	}
	sweep(now.Add(-2*time.Hour), 10)
	if got, err := s.SweepRetired(t.Context(), "other", now.Add(time.Hour), 10); err != nil || len(got) > 0 {
		t.Errorf("of another tenant %v are erased, %v", got, err)
	}
	sweep(now.Add(time.Hour), 1, servers[0].ID)
	refuseTraces(t, s, servers[0])
	sweep(now.Add(time.Hour), 10, more[2].ID, more[3].ID)
	sweep(now.Add(time.Hour), 10)
}

// Deleted is not gone as long as it stands in a free page.
func TestErasedIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	s := open(t, sqlite.Options{Dir: dir})
	servers := synced(t, s, "alpha", "beta")
	fill(t, s, servers)
	if err := errors.Join(s.Erase(t.Context(), "acme", servers[0].ID), s.Close()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, sqlite.File))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content, []byte(servers[0].ID)) {
		t.Error("the id of the erased server is still in the file")
	}
	if !bytes.Contains(content, []byte(servers[1].ID)) {
		t.Error("the id of the other server is not in the file: the test proves nothing")
	}
}

func TestAuditLogIsAppendOnly(t *testing.T) {
	s := opened(t, t.TempDir())
	fill(t, s, synced(t, s, "alpha"))
	if _, err := s.Rows().ExecContext(t.Context(), `UPDATE audit_log SET author = 'Eve'`); err == nil {
		t.Error("an entry of the audit log was changed")
	}
}
