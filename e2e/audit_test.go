package e2e_test

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/audit/audittest"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// audited is how many endpoints the trial looks at, crowded how many of the crowd
// are still listed when it is made again.
const (
	audited = 500
	crowded = 20
)

// TestAudit: of servers that others wrote, of the lab's and of dead addresses, listed
// by a registry, an audit of three rounds a day apart from three regions finds out
// the truth, although our own network fails in the second round. A quarter later it
// finds out what became of them.
func TestAudit(t *testing.T) {
	w := newTrial(t)
	w.others()
	w.moving()
	w.unjudged()
	w.withTokens()
	w.lab("", func(s *lab.Scenario) bool { return !hangs(s) })
	w.lab("again-", func(s *lab.Scenario) bool {
		return !hangs(s) && slices.Contains([]string{"auth", "tools", "handshake", "json-rpc"}, s.Group)
	})
	w.crowd()
	w.ready()
	if len(w.Truth) != audited {
		t.Errorf("%d endpoints are planted, want %d", len(w.Truth), audited)
	}
	for b, n := range w.Counts() {
		if n == 0 {
			t.Errorf("no endpoint is planted for %s", b)
		}
	}
	began := time.Date(2026, 10, 14, 6, 0, 0, 0, time.UTC)
	w.crawl()
	first := w.audit("first", began, 3, 15*time.Second)
	w.agrees()
	report := w.report("first", "")
	w.Hold(t, &first, w.evidence)
	w.HoldCounts(t, report)
	w.holdTimes(report, began)

	then := slices.Clone(w.Truth)
	w.aQuarterLater()
	w.round.Store(4)
	w.crawl("--accept-fewer")
	later := w.audit("later", began.AddDate(0, 3, 0), 1, 5*time.Second)
	report = w.report("later", "first")
	w.Hold(t, &later, w.evidence)
	w.HoldCounts(t, report)
	holdCohort(t, report.Cohort, then, w.Truth)
}

// crawl has the registry list the world as it is, and a monitor read it.
func (w *trial) crawl(flags ...string) {
	w.Helper()
	w.registry.Keep(func(int, fake.Record) bool { return false })
	for i, p := range w.Truth {
		w.registry.Publish(fake.One(p.Name, p.URL, fake.Epoch().Add(time.Duration(i)*time.Second)))
	}
	conf := filepath.Join(w.TempDir(), "alivemcp.yaml")
	text := fmt.Sprintf("data: %q\nregistries: {contact: ops@example.com, sources: {official: {url: %q, private: true}}}\n", w.listed, w.origin)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
	argv := slices.Concat([]string{"registry", "crawl", "official", "--config", conf, "--quiet"}, flags)
	out, err := exec.CommandContext(w.Context(), w.rig.alivemcp, argv...).CombinedOutput()
	if err != nil {
		w.Fatalf("%v: %v\n%s", argv, err, out)
	}
}

// audit makes an audit that begins at a time, and returns its run.
func (w *trial) audit(id uptime.AuditRunID, began time.Time, rounds int, timeout time.Duration) uptime.AuditRun {
	w.Helper()
	tokens := filepath.Join(w.TempDir(), "tokens.csv")
	if err := os.WriteFile(tokens, w.tokens.Bytes(), 0o600); err != nil {
		w.Fatal(err)
	}
	published, err := app.ReadTokens(tokens, func(s string) (uptime.Secret, error) { return uptime.Secret(s), nil })
	if err != nil {
		w.Fatal(err)
	}
	began0 := time.Now()
	err = app.RunAudit(w.Context(), app.AuditOptions{
		Run: id, Dir: w.kept, From: w.listed, Tokens: published, Rounds: rounds, Gap: 24 * time.Hour, Clock: audittest.NewClock(began, w.leapt),
		Regions: []config.Region{{ID: "a", City: "Aachen"}, {ID: "b", City: "Bonn", Egress: audittest.Wall(w, w.near...)}, {ID: "c", City: "Celle", Egress: audittest.Wall(w, slices.Concat(w.near, w.far)...)}},
		Rate:    300, PerHost: 100, HostGap: -1, Private: true, Timeout: timeout, Attempts: 1, References: []string{w.reference.addr},
		UserAgent: "AliveMCP/test", Version: "1.2.3", Command: []string{"alivemcp", "audit", "run", string(id)}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Logf("the audit %s took %v", id, time.Since(began0))
	if w.evidence == nil {
		if w.evidence, err = app.OpenEvidence(w.Context(), w.kept); err != nil {
			w.Fatal(err)
		}
		w.Cleanup(func() { _ = w.evidence.Close() })
	}
	run, err := w.evidence.Run(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return run
}

func (w *trial) report(id, with uptime.AuditRunID) *audit.Report {
	w.Helper()
	r, err := w.evidence.Report(w.Context(), id, with)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// holdTimes compares when the report says that looks were made, and what it says of
// drift, with the clock and the truth.
func (w *trial) holdTimes(r *audit.Report, began time.Time) {
	w.Helper()
	if r.Run.Began.Sub(began).Abs() > time.Minute || r.Run.Ended.Before(began.Add(48*time.Hour)) || r.Run.Ended.After(began.Add(49*time.Hour)) {
		w.Errorf("the audit lasted from %v to %v", r.Run.Began, r.Run.Ended)
	}
	for i, round := range r.Rounds {
		start := began.Add(time.Duration(i) * 24 * time.Hour)
		if round.From.Before(start) || round.From.After(start.Add(time.Minute)) || round.To.After(start.Add(time.Hour)) || round.Early > 0 {
			w.Errorf("round %+v, want one that begins at %v", round, start)
		}
	}
	drifted := w.Counts()[uptime.BucketDrift]
	if len(r.Drift.Within) != 2 {
		w.Fatalf("drift is told within %+v", r.Drift.Within)
	}
	for i, row := range r.Drift.Within {
		if want := []string{"24 h", "48 h"}[i]; row.After != want || row.Changed != drifted {
			w.Errorf("%d of %d changed within %s, want %d within %s", row.Changed, row.Endpoints, row.After, drifted, want)
		}
	}
	if changed := []int{r.Drift.Changes[1].Endpoints, r.Drift.Changes[2].Endpoints}; !slices.Equal(changed, []int{1, drifted - 1}) {
		w.Errorf("%v changed once and twice, want the other release once and %d twice", changed, drifted-1)
	}
	for _, row := range r.Latency {
		if row.Looks == 0 || row.P50 == 0 || row.P99 > 5_000 {
			w.Errorf("latency %+v", row)
		}
	}
}

// aQuarterLater leaves of what is listed some, of which some have changed. What hangs
// is listed now, when there is one round of looks that wait for it, and not a dozen.
func (w *trial) aQuarterLater() {
	for _, end := range w.ends {
		end()
	}
	var left audittest.Truth
	for _, p := range w.Truth {
		if now, ok := w.after[p.Name]; ok {
			p.Bucket = now
		}
		if p.Bucket != "" {
			left = append(left, p)
		}
	}
	w.Truth = left
	w.lab("hangs-", hangs)
}

// holdCohort compares what became of endpoints with the truth of two audits.
func holdCohort(t *testing.T, got *audit.Cohort, then, now audittest.Truth) {
	t.Helper()
	const absent = "absent"
	well := func(b uptime.AuditBucket) bool { return b == uptime.BucketStable || b == uptime.BucketDrift }
	later := now.Of()
	went, came := map[uptime.AuditBucket]int{}, map[uptime.AuditBucket]int{}
	before := then.Of()
	for _, p := range then {
		if well(p.Bucket) {
			went[cmp.Or(later[p.Name], absent)]++
		}
	}
	both := 0
	for _, p := range now {
		if well(p.Bucket) {
			came[cmp.Or(before[p.Name], absent)]++
		}
		if before[p.Name] != "" {
			both++
		}
	}
	counts := func(rows []audit.BucketRow) map[uptime.AuditBucket]int {
		of := map[uptime.AuditBucket]int{}
		for _, row := range rows {
			of[row.Bucket] = row.Endpoints
		}
		return of
	}
	if diff := gocmp.Diff(went, counts(got.Went)); diff != "" {
		t.Errorf("where the healthy went (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff(came, counts(got.Came)); diff != "" {
		t.Errorf("where the healthy came from (-want +got):\n%s", diff)
	}
	survived := went[uptime.BucketStable] + went[uptime.BucketDrift]
	healthy := survived + went[absent] + went[uptime.BucketDead]
	want := audit.Cohort{Healthy: healthy, Absent: went[absent], Survived: survived, Worse: went[uptime.BucketDead], Both: both}
	for b := range maps.Keys(came) {
		if !well(b) && b != absent {
			want.Better += came[b]
		}
	}
	have := audit.Cohort{Healthy: got.Healthy, Absent: got.Absent, Survived: got.Survived, Worse: got.Worse, Better: got.Better, Both: got.Both}
	if diff := gocmp.Diff(want, have); diff != "" {
		t.Errorf("the cohort (-want +got):\n%s", diff)
	}
	if want.Worse == 0 || want.Better == 0 || want.Absent == 0 {
		t.Errorf("too little is planted for the cohort: %+v", want)
	}
}
