package show

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// BenchSchema names the shape of Bench.
const BenchSchema = "alivemcp.bench/v1"

// Bench is what many probes of one server measured. It is a contract: a later
// run reads it as its baseline.
type Bench struct {
	// Schema is BenchSchema.
	Schema string `json:"schema"`
	// Target is the URL without secrets.
	Target string `json:"target"`
	// StartedAt is RFC 3339, UTC.
	StartedAt string `json:"started_at"`
	// Asked is how many probes were wanted; Probes how many were made.
	Asked       int `json:"asked"`
	Probes      int `json:"probes"`
	Concurrency int `json:"concurrency"`
	// Seconds the run took.
	Seconds float64 `json:"seconds"`
	// Failed counts the probes that were not good; ErrorRate is their share in
	// percent and Causes counts them by cause.
	Failed    int                  `json:"failed"`
	ErrorRate float64              `json:"error_rate"`
	Causes    map[uptime.Cause]int `json:"causes"`
	// Steps are in the order in which they run; Total is the whole probe, of
	// those that passed.
	Steps []Spread `json:"steps"`
	Total Spread   `json:"total"`
	// Failure is set when too many probes failed.
	Failure *FailureReport `json:"failure"`
	// Comparison with the baseline; null without one.
	Comparison *Comparison `json:"comparison"`
}

// Spread is how the times of one step are spread, in milliseconds.
type Spread struct {
	Name  uptime.Step `json:"name"`
	Count int         `json:"count"`
	P50   float64     `json:"p50_ms"`
	P95   float64     `json:"p95_ms"`
	P99   float64     `json:"p99_ms"`
	Max   float64     `json:"max_ms"`
}

// Comparison says what got slower than a baseline allows.
type Comparison struct {
	// MaxRatio is how many times the baseline's p95 is allowed.
	MaxRatio float64 `json:"max_ratio"`
	// FloorMS is the difference below which nothing counts as slower.
	FloorMS float64 `json:"floor_ms"`
	// Slower lists the steps that got slower than that, total included.
	Slower []Slower `json:"slower"`
}

// Slower is one step that got slower.
type Slower struct {
	Name     uptime.Step `json:"name"`
	Baseline float64     `json:"baseline_p95_ms"`
	P95      float64     `json:"p95_ms"`
	Ratio    float64     `json:"ratio"`
}

// Good reports whether not too many probes failed and nothing got slower.
func (b Bench) Good() bool {
	return b.Failure == nil && (b.Comparison == nil || len(b.Comparison.Slower) == 0)
}

// WriteBench writes b as text or JSON.
func WriteBench(w io.Writer, f Format, b Bench, st Style) error {
	if f == JSON {
		return encode(w, b)
	}
	var buf bytes.Buffer
	pen{&buf, st}.bench(b)
	_, err := w.Write(buf.Bytes())
	return err
}

func (p pen) bench(b Bench) {
	p.line("%s", p.say(fmt.Sprintf("%s  %s, %d at a time, %.1f s", p.paint(bold, b.Target), plural(b.Probes, "probe"), b.Concurrency, b.Seconds)))
	p.line("%s", p.paint(grey, fmt.Sprintf("  %s %11s %11s %11s %11s", pad("step", 12), "p50", "p95", "p99", "max")))
	for _, s := range append(slices.Clone(b.Steps), b.Total) {
		if s.Count > 0 {
			p.line("  %s %8.2f ms %8.2f ms %8.2f ms %8.2f ms", pad(string(s.Name), 12), s.P50, s.P95, s.P99, s.Max)
		}
	}
	if b.Probes < b.Asked {
		p.line("  the time was up after %d of %d probes", b.Probes, b.Asked)
	}
	p.benchFailures(b)
	p.comparison(b.Comparison)
}

func (p pen) benchFailures(b Bench) {
	if b.Failed == 0 {
		return
	}
	sign, color := severitySign(uptime.SeverityWarn)
	if b.Failure != nil {
		sign, color = severitySign(uptime.SeverityFail)
	}
	var causes []string
	for _, c := range slices.Sorted(maps.Keys(b.Causes)) {
		causes = append(causes, fmt.Sprintf("%d %s", b.Causes[c], c))
	}
	p.line("  %s %d of %d failed (%.1f %%): %s", p.paint(color, p.say(sign)), b.Failed, b.Probes, b.ErrorRate, strings.Join(causes, ", "))
	if b.Failure != nil {
		p.line("  %s", p.say("→ next: "+Advice(b.Failure.Cause)))
	}
}

func (p pen) comparison(c *Comparison) {
	if c == nil {
		return
	}
	for _, s := range c.Slower {
		p.line("  %s %s got slower: p95 %.2f ms is %.1f times the baseline's %.2f ms, %.1f times is allowed",
			p.paint(red, p.say("✗")), s.Name, s.P95, s.Ratio, s.Baseline, c.MaxRatio)
	}
	if len(c.Slower) == 0 {
		p.line("  %s no step is slower than %.1f times the baseline", p.paint(green, p.say("✓")), c.MaxRatio)
	}
}
