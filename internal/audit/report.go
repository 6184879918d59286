package audit

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Schema names the form of a report's JSON.
const Schema = "alivemcp.audit/v1"

// Evidence is where a run's targets are with their looks.
type Evidence interface {
	// AuditEvidence shows them in the order of keys, rounds and regions. What it
	// shows is the callee's only until it returns.
	AuditEvidence(ctx context.Context, id uptime.AuditRunID, yield func(*uptime.AuditTarget, []uptime.AuditLook) error) error
}

// Report is what a run found. Every list has an order of its own, so that the
// same evidence gives the same report.
type Report struct {
	Schema string   `json:"schema"`
	Run    RunFacts `json:"run"`
	// Endpoints is n: those that are counted. Probed are those that could be.
	Endpoints int `json:"endpoints"`
	Probed    int `json:"probed"`
	// Tokens is how many of them a published token was tried at.
	Tokens    int         `json:"published_tokens"`
	Headlines []Headline  `json:"headlines"`
	Buckets   []BucketRow `json:"buckets"`
	// Unprobed says why those of BucketTemplated were not probed.
	Unprobed []NameCount `json:"unprobed"`
	Rounds   []RoundRow  `json:"rounds"`
	Sources  []SourceRow `json:"sources"`
	// Platforms are the largest; Others is all the rest, nil when there is none.
	Platforms     []GroupRow         `json:"platforms"`
	Others        *GroupRow          `json:"other_platforms"`
	PlatformCount int                `json:"platform_count"`
	Without       *Without           `json:"without_largest"`
	Eras          []GroupRow         `json:"eras"`
	Versions      []GroupRow         `json:"protocol_versions"`
	Transports    []GroupRow         `json:"transports"`
	SDKs          []GroupRow         `json:"sdks"`
	Failures      []FailureRow       `json:"failures"`
	Latency       []LatencyRow       `json:"latency"`
	Drift         DriftFacts         `json:"drift"`
	Listed        ListedFacts        `json:"listed_versus_live"`
	Cohort        *Cohort            `json:"cohort"`
	Published     []PublishedQuarter `json:"published"`
	LookTable     []LookRule         `json:"look_table"`
	Table         []Rule             `json:"decision_table"`

	tally Tally
}

// RunFacts say how the evidence was had. Regions are shown by their cities.
type RunFacts struct {
	ID    uptime.AuditRunID `json:"id"`
	Began time.Time         `json:"began"`
	// Ended is zero for a run that is not over: its report is not final.
	Ended      time.Time `json:"ended,omitzero"`
	Rounds     int       `json:"rounds"`
	Gap        string    `json:"gap"`
	Regions    []string  `json:"regions"`
	Sample     int       `json:"sample,omitempty"`
	Seed       uint64    `json:"seed,string,omitempty"`
	Population int       `json:"population,omitempty"`
	Optouts    int       `json:"optouts"`
	// Attempts is the most that any look of the evidence took.
	Attempts int `json:"attempts"`
	// Timeout bounds an attempt; empty in older runs, which did not keep it.
	Timeout string  `json:"timeout,omitempty"`
	Rate    float64 `json:"rate"`
	Version string  `json:"version"`
	Command string  `json:"command"`
}

// Sampled reports whether a run looked at fewer than there were: of all, shares
// have no sampling error, however many were asked for.
func Sampled(run *uptime.AuditRun) bool {
	return run.Sample > 0 && (run.Population == 0 || run.Sample < run.Population)
}

func factsOf(run *uptime.AuditRun) RunFacts {
	f := RunFacts{
		ID: run.ID, Began: run.Began.UTC(), Ended: run.Ended.UTC(), Rounds: run.Rounds, Gap: duration(run.Gap), Sample: run.Sample, Seed: run.Seed,
		Population: run.Population, Optouts: run.Optouts, Rate: run.Rate, Version: plain(run.Version), Command: visible(run.Command),
	}
	if run.Timeout > 0 {
		f.Timeout = duration(run.Timeout)
	}
	if !Sampled(run) {
		f.Sample, f.Seed = 0, 0
	}
	f.Regions = cities(run)
	return f
}

// cities returns what regions are called, in their order: each by its city, by its
// id when that is not known, and two of one city by numbers.
func cities(run *uptime.AuditRun) []string {
	out, seen := make([]string, len(run.Regions)), map[string]int{}
	for i, r := range run.Regions {
		out[i] = plain(cmp.Or(r.City, r.ID))
		if seen[out[i]]++; seen[out[i]] > 1 {
			out[i] += " " + strconv.Itoa(seen[out[i]])
		}
	}
	return out
}

// BucketRow is how many endpoints are in a bucket.
type BucketRow struct {
	Bucket    uptime.AuditBucket `json:"bucket"`
	Name      string             `json:"name"`
	Endpoints int                `json:"endpoints"`
	Percent   *float64           `json:"percent"`
	Low       *float64           `json:"low"`
	High      *float64           `json:"high"`
}

// NameCount is how many there are of something.
type NameCount struct {
	Name      string `json:"name"`
	Endpoints int    `json:"endpoints"`
}

// RoundRow is when the looks of a round were made. Early are those that came less
// than half a gap after the same look of the round before: they tell less.
type RoundRow struct {
	Round   int       `json:"round"`
	From    time.Time `json:"from,omitzero"`
	To      time.Time `json:"to,omitzero"`
	Looks   int       `json:"looks"`
	Missing int       `json:"missing"`
	Early   int       `json:"early"`
}

// GroupRow is endpoints that have something in common.
type GroupRow struct {
	Name      string   `json:"name"`
	Endpoints int      `json:"endpoints"`
	Buckets   Tally    `json:"buckets"`
	Strict    *float64 `json:"strict_percent"`
	Lenient   *float64 `json:"lenient_percent"`
}

func groupRow(name string, t Tally) GroupRow {
	h := headlines(&t, false)
	return GroupRow{Name: name, Endpoints: t.All(), Buckets: t, Strict: h[0].Percent, Lenient: h[1].Percent}
}

// Without is the headlines without the largest platform, whose state alone can
// move them.
type Without struct {
	Platform  string     `json:"platform"`
	Endpoints int        `json:"endpoints"` // of it
	Headlines []Headline `json:"headlines"` // of the others
}

// SourceRow is a registry: how it was read, and what became of what it lists. An
// endpoint that several registries list counts in each.
type SourceRow struct {
	GroupRow
	Crawls []CrawlRow `json:"crawls"`
}

// title is what the registry calls itself.
func (s *SourceRow) title() string { return uptime.SourceID(s.Name).Title() }

// CrawlRow is how a registry was read.
type CrawlRow struct {
	State    uptime.CrawlState `json:"state"`
	Why      string            `json:"why,omitempty"`
	Access   string            `json:"access,omitempty"`
	From     time.Time         `json:"from,omitzero"`
	To       time.Time         `json:"to,omitzero"`
	Since    time.Time         `json:"since,omitzero"` // changes alone, from then
	Records  int               `json:"records"`
	Listings int               `json:"listings"`
	Previous int               `json:"previous"`
	Refused  int               `json:"refused"`
}

// FailureRow is a cause. Endpoints are those whose most frequent cause it was.
type FailureRow struct {
	Cause     uptime.Cause  `json:"cause"`
	Reason    uptime.Reason `json:"reason,omitempty"`
	Words     string        `json:"words"`
	Endpoints int           `json:"endpoints"`
	Looks     int           `json:"looks"`
}

// LatencyRow is how long handshakes that succeeded took from a region, in
// milliseconds.
type LatencyRow struct {
	Region string `json:"region"` // empty for all
	Looks  int    `json:"looks"`
	P50    int    `json:"p50_ms"`
	P90    int    `json:"p90_ms"`
	P95    int    `json:"p95_ms"`
	P99    int    `json:"p99_ms"`
}

// Build makes the report of a run in one pass over its evidence. With an earlier
// run it also says what became of that one's endpoints.
func Build(ctx context.Context, run uptime.AuditRun, earlier *uptime.AuditRun, evidence Evidence) (*Report, error) {
	c := newCollector(&run)
	if earlier != nil {
		past, err := pastOf(ctx, earlier, evidence)
		if err != nil {
			return nil, err
		}
		c.past = past
	}
	if err := evidence.AuditEvidence(ctx, run.ID, c.add); err != nil {
		return nil, fmt.Errorf("reporting the audit %s: %w", run.ID, err)
	}
	return c.report(), nil
}
