package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/alert"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// journal is the feed of a store whose monitor is not running.
type journal struct{ *sqlite.Store }

func (j journal) After(ctx context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error) {
	return j.ReadSealed(ctx, after, limit)
}

func (j journal) Wait(ctx context.Context, _ uptime.Cursor) error {
	<-ctx.Done()
	return ctx.Err()
}

// inUse makes the database of a running monitor from before there were alerts: a
// server that is down, one that was degraded a while ago and one whose contract
// changed.
func inUse(t *testing.T, dir string, now time.Time) *sql.DB {
	t.Helper()
	db, err := sqlite.OldDatabase(t.Context(), dir, 1)
	must(t, err)
	rows := []string{`INSERT INTO tenants (id) VALUES ('acme')`}
	for _, slug := range []string{"down", "well", "drifted"} {
		rows = append(rows, fmt.Sprintf(`INSERT INTO servers
			(tenant, id, slug, name, url, transport, grouping, description, interval, regions, guest, hidden, paused)
			VALUES ('acme', 'srv_%[1]s', '%[1]s', 'The %[1]s', 'https://%[1]s.example/mcp', 'http', '', '', 60000000000, '[]', 0, 0, 0)`, slug))
	}
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixNano() }
	rows = append(
		rows,
		fmt.Sprintf(`INSERT INTO incidents (id, tenant, server, opened, closed, failure, regions, note, demo) VALUES
			('inc_open', 'acme', 1, %d, NULL, '{"cause":"connect_refused"}', '["eu"]', '', 0),
			('inc_over', 'acme', 2, %d, %d, '{"cause":"connect_refused"}', '["eu"]', '', 0)`, ago(time.Hour), ago(3*time.Hour), ago(2*time.Hour)),
		fmt.Sprintf(`INSERT INTO drifts
			(id, tenant, server, from_hash, to_hash, class, summary, changes, regions, detected, reverted, accepted, author, note, demo) VALUES
			('drf_open', 'acme', 3, 'a', 'b', 3, 'A tool is gone.', 1, '["eu"]', %d, NULL, NULL, '', '', 0)`, ago(time.Hour)),
	)
	for _, row := range rows {
		_, err := db.ExecContext(t.Context(), row)
		must(t, err)
	}
	for batch := range slices.Chunk(past(now), 500) {
		must(t, sqlite.PutSealed(t.Context(), db, batch))
	}
	return db
}

// journaled is how many verdicts are in the journal: more than a router takes in
// while it waits whether an alert lasts.
const journaled = 25_000

// past is what was sealed: one server was degraded until a while ago.
func past(now time.Time) []uptime.Verdict {
	verdicts := sealed([]uptime.Server{{Tenant: "acme", ID: "srv_well"}}, 1, journaled)
	for i := range verdicts {
		v := &verdicts[i]
		v.Cycle = now.Add(time.Duration(i-len(verdicts)) * time.Minute)
		v.SealedAt = v.Cycle.Add(9 * time.Second)
		if i < journaled-1000 {
			v.State, v.Why = uptime.Degraded, "It answers slowly."
		}
		for k := range v.Reports {
			v.Reports[k].TLSNotAfter = time.Time{}
		}
	}
	return verdicts
}

// A database that was in use before there were alerts: what lasts is told, once,
// and nothing that is over.
func TestUpgradeWhileThingsAreDown(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	must(t, inUse(t, dir, now).Close())
	s := opened(t, dir)
	tell := func() {
		ctx, stop := context.WithCancel(t.Context())
		servers, err := s.SyncServers(ctx, "acme", []uptime.Server{
			{Slug: "down", Name: "The down"}, {Slug: "well", Name: "The well"}, {Slug: "drifted", Name: "The drifted"},
		})
		must(t, err)
		plan := &uptime.Plan{Version: 1}
		for i := range servers {
			plan.Servers = append(plan.Servers, &servers[i])
		}
		policy := &uptime.Policy{Tenant: "acme", Sinks: []uptime.Sink{{Tenant: "acme", Name: "team", Type: "webhook", Verified: true}}}
		r, err := alert.New(alert.Options{
			Records: s, Feed: journal{s}, Plan: func() *uptime.Plan { return plan }, Policies: func() []*uptime.Policy { return []*uptime.Policy{policy} },
		})
		must(t, err)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := r.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}()
		for {
			told, err := s.Deliveries(ctx, "acme", uptime.DeliveryQuery{})
			must(t, err)
			if st := r.Stats(); len(told) >= 2 && st.News >= 2 && st.Verdicts >= journaled {
				break
			}
			if !waits(t, 50*time.Millisecond) {
				break
			}
		}
		stop()
		<-ended
	}
	for range 2 { // the second start tells nothing again
		tell()
	}
	told, err := s.Deliveries(t.Context(), "acme", uptime.DeliveryQuery{})
	must(t, err)
	var got []string
	for _, d := range told {
		got = append(got, string(d.Thread)+" "+string(d.Notice.Phase)+" "+string(d.State))
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"drf_open opens waiting", "inc_open opens waiting"}, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// waits waits for a moment; it reports whether the test may go on.
func waits(t *testing.T, d time.Duration) bool {
	t.Helper()
	select {
	case <-t.Context().Done():
		return false
	case <-time.After(d):
		return true
	}
}
