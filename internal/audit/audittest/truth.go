package audittest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Planted is a listing whose truth is known.
type Planted struct {
	Name, URL string
	Bucket    uptime.AuditBucket
}

// Truth is what is listed, in the order in which it was planted. Names are unique,
// and so are endpoints.
type Truth []Planted

// Add plants a listing.
func (t *Truth) Add(name, url string, bucket uptime.AuditBucket) {
	*t = append(*t, Planted{Name: name, URL: url, Bucket: bucket})
}

// CSV returns a file of listings, of two registries.
func (t *Truth) CSV() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"name", "registry", "url", "transport"}) // a buffer takes all
	for i, p := range *t {
		_ = w.Write([]string{p.Name, []string{"official", "docker"}[i%2], p.URL, "streamable-http"})
	}
	w.Flush()
	return b.Bytes()
}

// Of returns the buckets by name.
func (t *Truth) Of() map[string]uptime.AuditBucket {
	of := map[string]uptime.AuditBucket{}
	for _, p := range *t {
		of[p.Name] = p.Bucket
	}
	return of
}

// Counts returns how many endpoints are in each bucket.
func (t *Truth) Counts() map[uptime.AuditBucket]int {
	counts := map[uptime.AuditBucket]int{}
	for _, b := range audit.Buckets() {
		counts[b] = 0
	}
	for _, p := range *t {
		counts[p.Bucket]++
	}
	return counts
}

// Hold compares the evidence of a run with the truth, endpoint by endpoint.
func (t *Truth) Hold(tb testing.TB, run *uptime.AuditRun, evidence audit.Evidence) {
	tb.Helper()
	left := t.Of()
	err := evidence.AuditEvidence(context.WithoutCancel(tb.Context()), run.ID, func(target *uptime.AuditTarget, looks []uptime.AuditLook) error {
		got := audit.Classify(run, target, looks)
		for _, name := range target.Names {
			switch want, planted := left[name]; {
			case !planted:
				tb.Errorf("%s (%s) is counted, and was not planted", name, target.URL)
			case got != want:
				tb.Errorf("%s is %q, want %q: %s", name, got, want, words(run, looks))
			}
			delete(left, name)
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		tb.Errorf("%s is not counted", name)
	}
}

// words tells the looks at an endpoint, round by round.
func words(run *uptime.AuditRun, looks []uptime.AuditLook) string {
	var b bytes.Buffer
	for _, l := range looks {
		_, _ = fmt.Fprintf(&b, "\n\tround %d of %d from %s at %s: %s, %s %s %s %v in %d ms",
			l.Round, run.Rounds, l.Region, l.At.Format("2 Jan 15:04:05"), audit.ClassOf(&l), l.State, cmp.Or(string(l.Cause), "-"), cmp.Or(string(l.Access), "-"), l.Malformed, l.Total)
	}
	return b.String()
}

// HoldCounts compares every bucket of a report with the truth.
func (t *Truth) HoldCounts(tb testing.TB, r *audit.Report) {
	tb.Helper()
	want := t.Counts()
	for _, b := range r.Buckets {
		if b.Endpoints != want[b.Bucket] {
			tb.Errorf("the report has %d endpoints as %s, want %d", b.Endpoints, b.Bucket, want[b.Bucket])
		}
	}
	if r.Endpoints != len(*t) {
		tb.Errorf("the report counts %d endpoints, want %d", r.Endpoints, len(*t))
	}
}
