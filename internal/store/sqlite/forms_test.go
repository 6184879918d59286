package sqlite_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// What was stored once must be read for ever: a field that is renamed in the
// words fails here.
func TestStoredFormsAreRead(t *testing.T) {
	s := opened(t, t.TempDir())
	sv := synced(t, s, "alpha")[0]
	began := time.Date(2026, 3, 10, 12, 0, 0, 5, time.UTC)
	result, err := sqlite.Packed(`{"Started":"2026-03-10T12:00:00.000000005Z","Region":"eu","Transport":"streamable-http","Era":"legacy",
		"Version":"2025-11-25","ServerName":"x","ServerVer":"1","Capabilities":["tools"],"Access":"open",
		"Failure":{"cause":"bad_json","step":"tools","detail":"no JSON","effect":"down"},
		"Steps":[{"Name":"tools","Status":"fail","Took":7,"Detail":"no JSON"}],
		"Timings":{"DNS":1,"TCP":2,"TLS":3,"FirstByte":4,"Handshake":5,"Tools":6,"Total":7},
		"Tools":{"Count":1,"Hash":"sha256:a","ContractHash":"sha256:b","Bytes":2,"Tokens":3,"Pages":1,"Raw":null},
		"TLS":{"NotAfter":"2026-03-10T12:00:00.000000005Z","Issuer":"CA","Version":"TLS 1.3"},
		"Auth":{"Status":401,"Challenge":"Bearer","Broken":"metadata"},
		"Findings":[{"ID":"x","Severity":"warn","Message":"m","Spec":"s"}],
		"Transcript":[{"At":1,"Took":2,"Request":"q","Response":"a"}],"BytesRead":9}`)
	if err != nil {
		t.Fatal(err)
	}
	i := uptime.Incident{ID: "inc_1", Tenant: "acme", Server: sv.ID, Opened: began}
	if err := s.Record(t.Context(), uptime.Changes{Incidents: []uptime.Incident{i}}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Rows().ExecContext(t.Context(),
		`INSERT INTO evidence (incident, region, cycle, tenant, server, result) VALUES ('inc_1', 'eu', 5, 'acme', ?, ?)`, sv.Num, result)
	if err != nil {
		t.Fatal(err)
	}
	_, _, got, err := s.Incident(t.Context(), "acme", "inc_1")
	if err != nil || len(got) != 1 {
		t.Fatalf("%d pieces of evidence: %v", len(got), err)
	}
	want := uptime.Result{
		Started: began, Region: "eu", Transport: uptime.StreamableHTTP, Era: uptime.Legacy, Version: "2025-11-25", ServerName: "x", ServerVer: "1",
		Capabilities: []string{"tools"}, Access: uptime.AccessOpen,
		Failure:    &uptime.Failure{Cause: uptime.BadJSON, Step: uptime.StepTools, Detail: "no JSON", Effect: uptime.Down},
		Steps:      []uptime.StepResult{{Name: uptime.StepTools, Status: uptime.StepFail, Took: 7, Detail: "no JSON"}},
		Timings:    uptime.Timings{DNS: 1, TCP: 2, TLS: 3, FirstByte: 4, Handshake: 5, Tools: 6, Total: 7},
		Tools:      &uptime.ToolSet{Count: 1, Hash: "sha256:a", ContractHash: "sha256:b", Bytes: 2, Tokens: 3, Pages: 1},
		TLS:        &uptime.TLSInfo{NotAfter: began, Issuer: "CA", Version: "TLS 1.3"},
		Auth:       &uptime.AuthChain{Status: 401, Challenge: "Bearer", Broken: "metadata"},
		Findings:   []uptime.Finding{{ID: "x", Severity: uptime.SeverityWarn, Message: "m", Spec: "s"}},
		Transcript: []uptime.Exchange{{At: 1, Took: 2, Request: "q", Response: "a"}}, BytesRead: 9,
	}
	if diff := cmp.Diff(want, got[0].Result); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
}

// Evidence that is too large loses its details, not its failure.
func TestEvidenceIsBounded(t *testing.T) {
	s := opened(t, t.TempDir())
	sv := synced(t, s, "alpha")[0]
	i := uptime.Incident{ID: "inc_1", Tenant: "acme", Server: sv.ID, Opened: time.Unix(1, 0)}
	large := uptime.Result{
		Region: "eu", Failure: &uptime.Failure{Cause: uptime.BadJSON, Effect: uptime.Down},
		Transcript: []uptime.Exchange{{Response: string(make([]byte, 1<<20))}},
	}
	evidence := []uptime.Evidence{{Incident: i.ID, Region: "eu", Cycle: i.Opened, Result: large}}
	if err := s.Record(t.Context(), uptime.Changes{Incidents: []uptime.Incident{i}, Evidence: evidence}); err != nil {
		t.Fatal(err)
	}
	_, _, got, err := s.Incident(t.Context(), "acme", i.ID)
	if err != nil || len(got) != 1 {
		t.Fatalf("%d pieces of evidence: %v", len(got), err)
	}
	large.Transcript = nil
	if diff := cmp.Diff(large, got[0].Result); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
}

func FuzzUnpackStat(f *testing.F) {
	counts := uptime.Counts{Live: 1, Degraded: 2, Down: 300, Unknown: 4, Maintenance: 5, Slow: 6}
	f.Add(sqlite.PackStat(&uptime.DayStat{}))
	f.Add(sqlite.PackStat(&uptime.DayStat{Counts: counts, P50: 1, P95: 1 << 40, Samples: 9, Worst: uptime.BadJSON, Demo: true}))
	f.Add(sqlite.PackStat(&uptime.DayStat{Regions: []uptime.RegionDay{{Region: "eu", Counts: counts}, {}}}))
	f.Add([]byte{1, 0, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := sqlite.UnpackStat(data)
		if err != nil {
			if !errors.Is(err, sqlite.ErrDamaged) {
				t.Errorf("%v is not ErrDamaged", err)
			}
			return
		}
		again, err := sqlite.UnpackStat(sqlite.PackStat(&d))
		if diff := cmp.Diff(d, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("packed again (%v):\n%s", err, diff)
		}
	})
}
