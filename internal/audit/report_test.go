package audit_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

var update = flag.Bool("update", false, "write the golden files anew")

func build(t *testing.T, run uptime.AuditRun, earlier *uptime.AuditRun, e audit.Evidence) *audit.Report {
	t.Helper()
	r, err := audit.Build(t.Context(), run, earlier, e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryBucketsCountIsTheTruth(t *testing.T) {
	p := plant(1)
	r := build(t, p.run, nil, p)
	got := map[uptime.AuditBucket]int{}
	for _, b := range r.Buckets {
		got[b.Bucket] = b.Endpoints
	}
	if diff := cmp.Diff(share(), got); diff != "" {
		t.Errorf("the buckets are not the truth (-want +got):\n%s", diff)
	}
	if r.Endpoints != 500 || r.Probed != 469 {
		t.Errorf("%d endpoints, %d probed", r.Endpoints, r.Probed)
	}
	for i, want := range [][2]int{{65, 500}, {131, 447}, {22, 500}} {
		if h := r.Headlines[i]; h.Numerator != want[0] || h.Denominator != want[1] || h.Low != nil {
			t.Errorf("%s is %d of %d, want %v", h.ID, h.Numerator, h.Denominator, want)
		}
	}
}

func TestDriftChapter(t *testing.T) {
	p := plant(1)
	d := build(t, p.run, nil, p).Drift
	// Stable, drift and credentialed show tools in every region; so do those that
	// are regionally degraded, in two. Of the limited and others nothing is known.
	want := audit.DriftFacts{Endpoints: 52 + 13 + 6 + 19, Contract: 8, Wording: 5, Back: 1}
	got := d
	got.Changes, got.Within = nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if d.Changes[0].Endpoints != 77 || d.Changes[1].Endpoints != 9 || d.Changes[2].Endpoints != 4 {
		t.Errorf("the distribution is %+v", d.Changes)
	}
	for i, want := range []string{"2: 12 of 82 within 24 h, at most 25 h", "3: 13 of 90 within 48 h, at most 49 h"} {
		if w := d.Within[i]; fmt.Sprintf("%d: %d of %d within %s, at most %s", w.Round, w.Changed, w.Endpoints, w.After, w.Longest) != want {
			t.Errorf("%+v, want %s", w, want)
		}
	}
}

// later plants a second run in which some endpoints fared otherwise: 10 of the
// stable died, 4 are gone from the registries, and 7 of the dead work now.
func later(p *planted) *planted {
	q := plant(1)
	q.run.ID, q.run.Began, q.run.Ended = "2027-q1", p.run.Began.AddDate(0, 3, 0), p.run.Ended.AddDate(0, 3, 0)
	q.run.Command = "alivemcp audit run 2027-q1"
	for k, l := range q.looks {
		l.At = l.At.AddDate(0, 3, 0)
		q.looks[k] = l
	}
	died, lost, born := 10, 4, 7
	q.targets = slices.DeleteFunc(q.targets, func(t uptime.AuditTarget) bool {
		stable := q.truth[t.Key] == uptime.BucketStable
		switch {
		case stable && died > 0:
			died--
			q.rewrite(&t, uptime.BucketDead)
		case stable && lost > 0:
			lost--
			return true
		case q.truth[t.Key] == uptime.BucketDead && born > 0:
			born--
			q.rewrite(&t, uptime.BucketStable)
		}
		return false
	})
	return q
}

func (p *planted) rewrite(t *uptime.AuditTarget, b uptime.AuditBucket) {
	for region := range p.run.Regions {
		for round := range p.run.Rounds {
			l, _ := p.look(t, b, 1, region, round)
			p.looks[lookKey(&l)] = l
		}
	}
}

// both is the evidence of two runs.
type both struct{ first, second *planted }

func (b both) AuditEvidence(ctx context.Context, id uptime.AuditRunID, yield func(*uptime.AuditTarget, []uptime.AuditLook) error) error {
	if id == b.first.run.ID {
		return b.first.AuditEvidence(ctx, id, yield)
	}
	return b.second.AuditEvidence(ctx, id, yield)
}

func TestCohortChapter(t *testing.T) {
	first := plant(1)
	second := later(first)
	c := build(t, second.run, &first.run, both{first, second}).Cohort
	if c.Healthy != 65 || c.Survived != 51 || c.Worse != 10 || c.Absent != 4 || c.Better != 7 || c.Both != 496 {
		t.Errorf("the cohort is %+v", c)
	}
	if c.Survival.Numerator != 51 || c.Survival.Denominator != 65 || *c.Survival.Percent != 78.461538 {
		t.Errorf("the survival is %+v", c.Survival)
	}
	went := map[uptime.AuditBucket]int{}
	for _, row := range c.Went {
		went[row.Bucket] = row.Endpoints
	}
	if diff := cmp.Diff(map[uptime.AuditBucket]int{uptime.BucketStable: 38, uptime.BucketDrift: 13, uptime.BucketDead: 10, "absent": 4}, went); diff != "" {
		t.Error(diff)
	}
	came := map[uptime.AuditBucket]int{}
	for _, row := range c.Came {
		came[row.Bucket] = row.Endpoints
	}
	if diff := cmp.Diff(map[uptime.AuditBucket]int{uptime.BucketStable: 38, uptime.BucketDrift: 13, uptime.BucketDead: 7}, came); diff != "" {
		t.Error(diff)
	}
	sampled := second.run
	sampled.Sample = 496
	if s := build(t, sampled, &first.run, both{first, second}).Cohort.Survival; s.Denominator != 61 || s.Low == nil {
		t.Errorf("the survival of a sample is %+v", s)
	}
}

// every writes a report in all its forms.
func every(t *testing.T, p *planted, earlier *uptime.AuditRun, e audit.Evidence) map[string]string {
	t.Helper()
	r := build(t, p.run, earlier, e)
	out := map[string]string{}
	for name, write := range map[string]func(io.Writer) error{
		"report.html": r.WritePage, "report.fragment.html": r.WriteFragment, "report.md": r.WriteMarkdown, "report.json": r.WriteJSON,
		"endpoints.csv": func(w io.Writer) error { return audit.WriteEndpoints(t.Context(), w, p.run, e) },
		"looks.csv":     func(w io.Writer) error { return audit.WriteLooks(t.Context(), w, p.run, e) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatalf("writing %s: %v", name, err)
		}
		out[name] = b.String()
	}
	if dir := os.Getenv("AUDIT_PAGES"); dir != "" {
		for name, text := range out {
			if err := os.WriteFile(filepath.Join(dir, string(p.run.ID)+"."+name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

func TestSameEvidenceSameBytes(t *testing.T) {
	first := plant(1)
	second := later(first)
	one := every(t, second, &first.run, both{first, second})
	for range 5 {
		if diff := cmp.Diff(one, every(t, second, &first.run, both{first, second})); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestGolden(t *testing.T) {
	out := every(t, plant(1), nil, plant(1))
	for _, name := range []string{"report.json", "report.md"} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(out[name]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out[name], "\n")); diff != "" {
			t.Errorf("%s (-want +got; -update writes it anew):\n%s", name, diff)
		}
	}
}

func TestCSVCanBeRead(t *testing.T) {
	out := every(t, plant(1), nil, plant(1))
	for name, want := range map[string]int{"endpoints.csv": 501, "looks.csv": 469*9 - 8*6 + 1} {
		rows, err := csv.NewReader(strings.NewReader(out[name])).ReadAll()
		if err != nil || len(rows) != want {
			t.Errorf("%s has %d rows, want %d: %v", name, len(rows), want, err)
		}
	}
}

func TestNothingToCount(t *testing.T) {
	run := threeRounds(time.Date(2026, 10, 14, 6, 0, 0, 0, time.UTC), "a")
	run.ID = "empty"
	p := &planted{records: newRecords(run, nil)}
	out := every(t, p, &run, p)
	for _, name := range []string{"report.html", "report.md"} {
		if !strings.Contains(out[name], "No endpoints were counted") || strings.Contains(out[name], "NaN") {
			t.Errorf("%s of nothing is\n%s", name, out[name])
		}
	}
}
