package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Cohort is what became of the endpoints of an earlier run.
type Cohort struct {
	Run       uptime.AuditRunID `json:"run"`
	Began     time.Time         `json:"began"`
	Endpoints int               `json:"endpoints"` // of that run
	Headlines []Headline        `json:"headlines"`
	Buckets   []BucketRow       `json:"buckets"`
	// Healthy were healthy then. Absent of them are not counted now: not listed any
	// more, opted out, or not drawn. Survived are healthy in both.
	Healthy  int `json:"healthy"`
	Absent   int `json:"absent"`
	Survived int `json:"survived"`
	// Survival is survived of healthy; when the later run is a sample, of those that
	// are counted in both.
	Survival Headline `json:"survival"`
	// Went is where those are now that were healthy then, Came where those were then
	// that are healthy now. "absent" is a bucket here.
	Went []BucketRow `json:"went"`
	Came []BucketRow `json:"came"`
	// Both is how many endpoints are counted in both runs, Better and Worse how many
	// of these became healthy and ceased to be.
	Both   int `json:"both"`
	Better int `json:"better"`
	Worse  int `json:"worse"`
}

// bucketAbsent is an endpoint that the other run does not count.
const bucketAbsent uptime.AuditBucket = "absent"

// past is an earlier run's endpoints with their buckets, while a later one is
// read.
type past struct {
	run     *uptime.AuditRun
	tally   Tally
	buckets map[uptime.EndpointKey]uint8
	went    map[uptime.AuditBucket]int
	came    map[uptime.AuditBucket]int
	both    int
}

// pastOf reads the evidence of an earlier run, which is judged by the same table.
func pastOf(ctx context.Context, run *uptime.AuditRun, evidence Evidence) (*past, error) {
	p := &past{run: run, buckets: map[uptime.EndpointKey]uint8{}, went: map[uptime.AuditBucket]int{}, came: map[uptime.AuditBucket]int{}}
	c := newClassifier(run)
	err := evidence.AuditEvidence(ctx, run.ID, func(t *uptime.AuditTarget, looks []uptime.AuditLook) error {
		if t.Optout || !t.Gone.IsZero() {
			return nil
		}
		b := c.bucket(c.see(t, looks))
		p.tally.add(b)
		p.buckets[t.Key] = uint8(slices.Index(Buckets(), b))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the earlier audit %s: %w", run.ID, err)
	}
	return p, nil
}

// meet notes an endpoint of the later run. A nil past notes nothing.
func (p *past) meet(key uptime.EndpointKey, now uptime.AuditBucket) {
	if p == nil {
		return
	}
	then := bucketAbsent
	if i, ok := p.buckets[key]; ok {
		then = Buckets()[i]
		p.both++
		delete(p.buckets, key)
	}
	if slices.Contains(healthy(), then) {
		p.went[now]++
	}
	if slices.Contains(healthy(), now) {
		p.came[then]++
	}
}

// cohort returns what was noted; nil without an earlier run.
func (p *past) cohort(sampled bool) *Cohort {
	if p == nil {
		return nil
	}
	c := &Cohort{
		Run: p.run.ID, Began: p.run.Began.UTC(), Endpoints: p.tally.All(), Headlines: headlines(&p.tally, Sampled(p.run)),
		Buckets: bucketRows(&p.tally, Sampled(p.run)), Healthy: p.tally.Healthy(), Both: p.both,
	}
	here := 0
	for b, n := range p.went {
		here += n
		if slices.Contains(healthy(), b) {
			c.Survived += n
		}
	}
	c.Absent, c.Worse = c.Healthy-here, here-c.Survived
	p.went[bucketAbsent] = c.Absent
	for b, n := range p.came {
		if b != bucketAbsent && !slices.Contains(healthy(), b) {
			c.Better += n
		}
	}
	c.Survival = c.survival(here, sampled, sampled || Sampled(p.run))
	c.Went, c.Came = flowRows(p.went), flowRows(p.came)
	return c
}

// survival tells apart that the later run is a sample, in which absence says
// nothing, and that any of the two is, so that chance has a part in the share.
func (c *Cohort) survival(here int, later, chance bool) Headline {
	h := Headline{ID: "survival", Name: "Survival of the healthy", Definition: "healthy in both runs, of those that were healthy in the earlier one", Numerator: c.Survived, Denominator: c.Healthy}
	if later {
		h.Definition += " and are counted in the later one: that is a sample, so absence says nothing"
		h.Denominator = here
	}
	h.Percent = percent(h.Numerator, h.Denominator)
	if chance && h.Denominator > 0 {
		h.Low, h.High = wilson(h.Numerator, h.Denominator)
	}
	return h
}

// flowRows returns the buckets that hold something, the largest first.
func flowRows(of map[uptime.AuditBucket]int) []BucketRow {
	all := 0
	for _, n := range of {
		all += n
	}
	out := []BucketRow{}
	for _, b := range append(Buckets(), bucketAbsent) {
		if n := of[b]; n > 0 {
			out = append(out, BucketRow{Bucket: b, Name: bucketName(b), Endpoints: n, Percent: percent(n, all)})
		}
	}
	slices.SortStableFunc(out, func(a, b BucketRow) int { return cmp.Compare(b.Endpoints, a.Endpoints) })
	return out
}
