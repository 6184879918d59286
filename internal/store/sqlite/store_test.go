package sqlite_test

import (
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/store/storetest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestStore(t *testing.T) {
	storetest.Run(t, database)
}

// database makes an empty store in a path that holds what means something in a
// URI.
func database(t *testing.T, now func() time.Time) storetest.Database {
	t.Helper()
	dir := t.TempDir() + "/da ta?#%41é"
	return func() storetest.Store { return open(t, sqlite.Options{Dir: dir, Now: now}) }
}

func open(tb testing.TB, o sqlite.Options) *sqlite.Store {
	tb.Helper()
	s, err := sqlite.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// opened is a store that is closed when the test ends.
func opened(tb testing.TB, dir string) *sqlite.Store {
	tb.Helper()
	s := open(tb, sqlite.Options{Dir: dir})
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// synced makes servers with these slugs the tenant's.
func synced(tb testing.TB, s *sqlite.Store, slugs ...string) []uptime.Server {
	tb.Helper()
	servers := make([]uptime.Server, len(slugs))
	for i, slug := range slugs {
		servers[i].Slug = slug
	}
	out, err := s.SyncServers(tb.Context(), "acme", servers)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// sealed are verdicts of the servers in turn, for every Seq in [first, last].
func sealed(servers []uptime.Server, first, last uptime.Cursor) []uptime.Verdict {
	var out []uptime.Verdict
	for seq := first; seq <= last; seq++ {
		sv := servers[int(seq)%len(servers)]
		cycle := time.Unix(1_700_000_000+60*int64(seq), 0).UTC()
		out = append(out, uptime.Verdict{
			Seq: seq, Tenant: sv.Tenant, Server: sv.ID, Cycle: cycle, Every: time.Minute, State: uptime.Live, Access: uptime.AccessOpen,
			Latency: 80*time.Millisecond + time.Duration(seq)*time.Microsecond, Expected: 2, SealedAt: cycle.Add(9 * time.Second),
			Reports: []uptime.Report{report(sv, "eu", cycle), report(sv, "us", cycle)},
		})
	}
	return out
}

func report(sv uptime.Server, region string, cycle time.Time) uptime.Report {
	return uptime.Report{
		Tenant: sv.Tenant, Server: sv.ID, Region: region, Cycle: cycle, State: uptime.Live, Attempts: 1, Started: cycle.Add(time.Millisecond),
		Latency: 81 * time.Millisecond, Total: 144 * time.Millisecond, Access: uptime.AccessOpen, Transport: uptime.StreamableHTTP,
		Era: uptime.Legacy, Version: "2025-11-25", Software: "example 1.2.3", Tools: 13,
		ToolsHash:    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		ContractHash: "sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
		TLSNotAfter:  cycle.AddDate(0, 2, 0),
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
