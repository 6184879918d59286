package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The tenants of the suite.
const (
	acme  uptime.TenantID = "acme"
	other uptime.TenantID = "other"
)

// house is a store with two tenants, each with the servers alpha and beta.
type house struct {
	Store
	t    *testing.T
	open Database
	// alpha and beta are acme's, theirs is the other tenant's alpha.
	alpha, beta, theirs uptime.Server
}

func newHouse(t *testing.T, open Database) *house {
	t.Helper()
	h := &house{Store: open(), t: t, open: open}
	t.Cleanup(func() { noError(t, h.Close()) })
	mine := h.sync(t, acme, "alpha", "beta")
	h.alpha, h.beta = mine[0], mine[1]
	h.theirs = h.sync(t, other, "alpha", "beta")[0]
	return h
}

// sync makes servers with these slugs the tenant's.
func (h *house) sync(t *testing.T, tenant uptime.TenantID, slugs ...string) []uptime.Server {
	t.Helper()
	servers := make([]uptime.Server, len(slugs))
	for i, slug := range slugs {
		servers[i] = uptime.Server{Slug: slug, Name: "The " + slug, URL: "https://" + slug + ".example/mcp", Regions: []string{"eu", "us"}}
	}
	out, err := h.SyncServers(t.Context(), tenant, servers)
	noError(t, err)
	return out
}

// restart closes the store and opens it again.
func (h *house) restart(t *testing.T) {
	t.Helper()
	noError(t, h.Close())
	h.Store = h.open()
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError fails the test unless err wraps target.
func wantError(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: error %v, want one that wraps %q", what, err, target)
	}
}

// same fails the test unless the two are equal; nil is an empty list.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// must returns the value of a call that must not fail.
func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		noError(t, err)
		return v
	}
}

// at is a moment of the suite's day: minutes before its Now, with a fraction
// that a store must keep.
func at(minutesAgo int) time.Time {
	return Now().Add(-time.Duration(minutesAgo)*time.Minute + 123456789*time.Nanosecond)
}

// today is the day of Now.
func today() uptime.Day { return uptime.DayOf(Now()) }

// verdict is a sealed verdict with everything in it.
func verdict(sv uptime.Server, seq uptime.Cursor, minutesAgo int) uptime.Verdict {
	failure := &uptime.Failure{Cause: uptime.BadJSON, Step: uptime.StepTools, Detail: "no JSON", Effect: uptime.Down}
	return uptime.Verdict{
		Seq: seq, Tenant: sv.Tenant, Server: sv.ID, Cycle: at(minutesAgo), Every: time.Minute,
		State: uptime.Down, Failure: failure, Why: "It answers no JSON.", Access: uptime.AccessOpen,
		Latency: 120 * time.Millisecond, Expected: 2, Maintenance: seq%2 == 0, SealedAt: at(minutesAgo - 1),
		Reports: []uptime.Report{
			{Tenant: sv.Tenant, Server: sv.ID, Region: "eu", Cycle: at(minutesAgo), State: uptime.Live, Attempts: 1, Started: at(minutesAgo), TLSNotAfter: at(-50000)},
			{Tenant: sv.Tenant, Server: sv.ID, Region: "us", Cycle: at(minutesAgo), State: uptime.Down, Failure: failure, Attempts: 3, Started: at(minutesAgo), Tools: 3, ToolsHash: "sha256:aa"},
		},
	}
}

// verdicts are a verdict of the server for every Seq in [first, last].
func verdicts(sv uptime.Server, first, last uptime.Cursor) []uptime.Verdict {
	var out []uptime.Verdict
	for seq := first; seq <= last; seq++ {
		out = append(out, verdict(sv, seq, 1000-int(seq)))
	}
	return out
}

// packedDay is a closed day with everything in it; salt makes days differ.
func packedDay(sv uptime.Server, day uptime.Day, salt int) uptime.PackedDay {
	counts := uptime.Counts{Live: 1000 + salt, Degraded: 200, Down: 40 - salt, Unknown: 150, Maintenance: 50, Slow: 7}
	return uptime.PackedDay{
		Tenant: sv.Tenant, Server: sv.ID,
		DayStat: uptime.DayStat{
			Day: day, Counts: counts, P50: 80 * time.Millisecond, P95: 250*time.Millisecond + 1, Samples: 1200, Worst: uptime.DNSFailed,
			Regions: []uptime.RegionDay{{Region: "eu", Counts: counts}, {Region: "us", Counts: uptime.Counts{Unknown: 1440}}},
			Demo:    salt%2 == 1,
		},
		Digest:  []byte{1, 0, byte(salt)},
		Minutes: []byte{0, 2, byte(salt), 255},
	}
}

func month(sv uptime.Server, year int, m time.Month, live int) uptime.MonthStat {
	return uptime.MonthStat{
		Tenant: sv.Tenant, Server: sv.ID, Year: year, Month: m, Counts: uptime.Counts{Live: live, Down: 3, Slow: 1},
		P50: time.Millisecond, P95: time.Second, Samples: live, Demo: true,
	}
}

// incident is an open incident with everything that one can have.
func incident(sv uptime.Server, minutesAgo int) uptime.Incident {
	return uptime.Incident{
		ID: uptime.NewIncidentID(sv.Tenant, sv.ID, at(minutesAgo)), Tenant: sv.Tenant, Server: sv.ID,
		Opened: at(minutesAgo), Detected: at(minutesAgo - 1),
		Failure: uptime.Failure{Cause: uptime.ConnectRefused, Step: uptime.StepTCP, Detail: "refused", Effect: uptime.Down},
		Regions: []string{"eu", "us"},
	}
}

// closed is the incident, over.
func closed(i uptime.Incident) uptime.Incident {
	i.Recovered, i.Closed = i.Opened.Add(2*time.Minute), i.Opened.Add(4*time.Minute)
	return i
}

// drift is an open drift.
func drift(sv uptime.Server, from, to string, minutesAgo int) uptime.Drift {
	return uptime.Drift{
		ID: uptime.NewDriftID(sv.Tenant, sv.ID, from, to, at(minutesAgo)), Tenant: sv.Tenant, Server: sv.ID,
		From: from, To: to, Class: uptime.DriftBreaking, Summary: "Tool search was removed.", Changes: 2,
		Regions: []string{"eu"}, Detected: at(minutesAgo),
	}
}

func baseline(sv uptime.Server, accepted ...string) uptime.Baseline {
	return uptime.Baseline{Tenant: sv.Tenant, Server: sv.ID, Accepted: accepted, Shown: map[string]string{"eu": accepted[0], "us": accepted[0]}}
}

func contract(hash string) uptime.Contract {
	return uptime.Contract{
		Hash: hash, ContractHash: "sha256:c" + hash, Tools: 3, Bytes: 4711, Tokens: 1200,
		Snapshot: fmt.Appendf(nil, `{"schema":"alivemcp.tools/v1","tools":[{"name":"%s"}]}`, hash),
	}
}

func entry(tenant uptime.TenantID, action, object string) uptime.AuditEntry {
	return uptime.AuditEntry{Tenant: tenant, At: at(0), By: "Ada", Action: action, Object: object, Text: "we know"}
}

// byServer sorts verdicts for comparing.
func byServer(list []uptime.Verdict) []uptime.Verdict {
	slices.SortFunc(list, func(a, b uptime.Verdict) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Server, b.Server))
	})
	return list
}
