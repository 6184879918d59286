package verdict_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// failed is an attempt that failed.
func failed(c uptime.Cause) uptime.Result {
	return uptime.Result{Failure: &uptime.Failure{Cause: c, Detail: string(c), Effect: c.Effect()}}
}

// passed is an attempt that passed, with a handshake of that length.
func passed(took time.Duration) uptime.Result {
	return uptime.Result{Timings: uptime.Timings{Handshake: took}}
}

func cell(region string, attempts ...uptime.Result) uptime.Cell {
	return uptime.Cell{Server: "s", Region: region, Attempts: attempts}
}

// The kinds of cells that there are.
const (
	good     = "good"
	slow     = "slow"
	retried  = "retried"
	canary   = "canary"
	down     = "down"
	downed   = "downed" // a canary that its profile says downs
	limited  = "limited"
	late     = "late" // our own agent was
	idle     = "idle" // no attempt was made
	upAtLast = "up at last"
)

func kinds() []string {
	return []string{good, slow, retried, canary, down, downed, limited, late, idle, upAtLast}
}

func cellOf(kind, region string) uptime.Cell {
	bad := failed(uptime.HTTPServerError)
	switch kind {
	case good:
		return cell(region, passed(time.Second))
	case slow:
		return cell(region, passed(verdict.SlowHandshake+time.Nanosecond))
	case retried:
		return cell(region, bad, passed(time.Second))
	case canary:
		return cell(region, failed(uptime.CanaryFailed))
	case down:
		return cell(region, bad, bad, bad)
	case downed:
		f := failed(uptime.CanaryFailed)
		f.Failure.Effect = uptime.Down
		return cell(region, f, f, f)
	case limited:
		return cell(region, failed(uptime.RateLimited))
	case late:
		return cell(region, bad, failed(uptime.SelfOverload))
	case upAtLast:
		return cell(region, bad, bad, passed(time.Second))
	}
	return cell(region)
}

func stateOf(kind string) uptime.State {
	switch kind {
	case good:
		return uptime.Live
	case slow, retried, canary, upAtLast:
		return uptime.Degraded
	case down, downed:
		return uptime.Down
	}
	return uptime.Unknown
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		expected int
		cells    []string
		state    uptime.State
		cause    uptime.Cause
		why      string
	}{
		{1, nil, uptime.Unknown, uptime.AgentLost, "no region reported"},
		{3, nil, uptime.Unknown, uptime.AgentLost, "no region reported"},
		{1, []string{idle}, uptime.Unknown, uptime.AgentLost, "the region made no attempt"},
		{1, []string{good}, uptime.Live, "", ""},
		{1, []string{slow}, uptime.Degraded, "", "the handshake took longer than 5 s"},
		{1, []string{retried}, uptime.Degraded, uptime.HTTPServerError, "passed only after a retry"},
		{1, []string{upAtLast}, uptime.Degraded, uptime.HTTPServerError, "passed only after a retry"},
		{1, []string{canary}, uptime.Degraded, uptime.CanaryFailed, "canary_failed"},
		{1, []string{down}, uptime.Down, uptime.HTTPServerError, "http_server_error"},
		{1, []string{downed}, uptime.Down, uptime.CanaryFailed, "canary_failed"},
		{1, []string{limited}, uptime.Unknown, uptime.RateLimited, "rate_limited"},
		{1, []string{late}, uptime.Unknown, uptime.SelfOverload, "self_overload"},

		{2, []string{good, good}, uptime.Live, "", ""},
		{2, []string{good}, uptime.Live, "", ""}, // one region is late
		{2, []string{down}, uptime.Degraded, uptime.HTTPServerError, "1 of 2 regions got an answer that no client can use"},
		{2, []string{good, down}, uptime.Degraded, uptime.HTTPServerError, "1 of 2 regions got an answer that no client can use"},
		{2, []string{down, down}, uptime.Down, uptime.HTTPServerError, "2 of 2 regions got an answer that no client can use"},
		{2, []string{down, downed}, uptime.Down, uptime.HTTPServerError, "2 of 2 regions failed, for different reasons"},
		{2, []string{down, limited}, uptime.Degraded, uptime.HTTPServerError, "1 of 2 regions got an answer that no client can use"},
		{2, []string{good, late}, uptime.Live, "", ""},
		{2, []string{limited, late}, uptime.Unknown, uptime.RateLimited, "rate_limited"},
		{2, []string{idle, idle}, uptime.Unknown, uptime.AgentLost, "the region made no attempt"},
		{2, []string{retried, canary}, uptime.Degraded, uptime.HTTPServerError, "1 of 2 regions: passed only after a retry"},
		{2, []string{canary, down}, uptime.Degraded, uptime.HTTPServerError, "1 of 2 regions got an answer that no client can use"},
		{2, []string{slow, retried}, uptime.Degraded, uptime.HTTPServerError, "1 of 2 regions: passed only after a retry"},

		{3, []string{down, good, good}, uptime.Degraded, uptime.HTTPServerError, "1 of 3 regions got an answer that no client can use"},
		{3, []string{good, down, down}, uptime.Down, uptime.HTTPServerError, "2 of 3 regions got an answer that no client can use"},
		{3, []string{down, limited, down}, uptime.Down, uptime.HTTPServerError, "2 of 3 regions got an answer that no client can use"},
		{3, []string{down, limited, limited}, uptime.Degraded, uptime.HTTPServerError, "1 of 3 regions got an answer that no client can use"},
		{3, []string{good, slow, limited}, uptime.Degraded, "", "1 of 3 regions: the handshake took longer than 5 s"},
		{5, []string{good, good, good, down, down}, uptime.Down, uptime.HTTPServerError, "2 of 5 regions got an answer that no client can use"},
	} {
		t.Run(fmt.Sprintf("%d %q", tc.expected, tc.cells), func(t *testing.T) {
			t.Parallel()
			j := verdict.Decide(tc.expected, reportsOf(tc.cells))
			got := uptime.Cause("")
			if j.Failure != nil {
				got = j.Failure.Cause
			}
			if j.State != tc.state || got != tc.cause || j.Why != tc.why {
				t.Errorf("%s by %q because %q, want %s by %q because %q", j.State, got, j.Why, tc.state, tc.cause, tc.why)
			}
		})
	}
}

func reportsOf(kinds []string) []uptime.Report {
	var reports []uptime.Report
	for i, k := range kinds {
		reports = append(reports, verdict.Report(cellOf(k, fmt.Sprintf("region-%d", i)), 0))
	}
	return reports
}

// TestSlowIsLongerThanFive: the bound itself is still good.
func TestSlowIsLongerThanFive(t *testing.T) {
	t.Parallel()
	for took, want := range map[time.Duration]uptime.State{
		0: uptime.Live, 5 * time.Second: uptime.Live, 5*time.Second + 1: uptime.Degraded, 14 * time.Second: uptime.Degraded,
	} {
		if got := verdict.Report(cell("r", passed(took)), 0); got.State != want {
			t.Errorf("a handshake of %s is %s, want %s", took, got.State, want)
		}
	}
}

// TestEveryCauseDecidesItsState: a single region's failure argues for what its
// cause says.
func TestEveryCauseDecidesItsState(t *testing.T) {
	t.Parallel()
	for _, c := range uptime.Causes() {
		if got := verdict.Report(cell("r", failed(c)), 0); got.State != c.Effect() || got.Failure.Cause != c {
			t.Errorf("%s decides %s by %+v, want %s", c, got.State, got.Failure, c.Effect())
		}
	}
}

// someCells draws the cells of up to n regions.
func someCells(t *rapid.T, n int) []string {
	return rapid.SliceOfN(rapid.SampledFrom(kinds()), 0, n).Draw(t, "cells")
}

func downs(cells []string) int {
	return len(slices.DeleteFunc(slices.Clone(cells), func(k string) bool { return stateOf(k) != uptime.Down }))
}

// TestTwoOfN: with several regions, one alone never makes a server red, and two
// always do.
func TestTwoOfN(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		expected := rapid.IntRange(2, 8).Draw(t, "expected")
		cells := someCells(t, expected)
		state := verdict.Decide(expected, reportsOf(cells)).State
		if want := downs(cells) >= 2; (state == uptime.Down) != want {
			t.Fatalf("%q of %d: %s", cells, expected, state)
		}
		if downs(cells) == 1 && state != uptime.Degraded {
			t.Fatalf("%q of %d: %s, want degraded", cells, expected, state)
		}
	})
}

// TestOrderDoesNotMatter: regions report in any order.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		expected := rapid.IntRange(1, 8).Draw(t, "expected")
		cells := reportsOf(someCells(t, expected))
		shuffled := rapid.Permutation(cells).Draw(t, "shuffled")
		if diff := cmp.Diff(verdict.Decide(expected, cells), verdict.Decide(expected, shuffled)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestWorseEvidenceNeverHelps: a cell that gets worse, and a failed cell more,
// never improve the state.
func TestWorseEvidenceNeverHelps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		expected := rapid.IntRange(1, 8).Draw(t, "expected")
		cells := rapid.SliceOfN(rapid.SampledFrom(kinds()), 1, expected).Draw(t, "cells")
		at := rapid.IntRange(0, len(cells)-1).Draw(t, "at")
		worse := slices.Clone(cells)
		worse[at] = rapid.SampledFrom(kinds()).Filter(func(k string) bool { return stateOf(k) >= stateOf(cells[at]) }).Draw(t, "worse")
		before := verdict.Decide(expected, reportsOf(cells)).State
		if after := verdict.Decide(expected, reportsOf(worse)).State; after < before {
			t.Fatalf("%q is %s and %q is %s", cells, before, worse, after)
		}
		if after := verdict.Decide(expected, reportsOf(append(cells, down))).State; after < before {
			t.Fatalf("%q is %s, and with a failed cell more %s", cells, before, after)
		}
	})
}

// TestEvidenceIsNeverGrey: one cell with evidence is enough for a judgement, and
// whatever is not live says why.
func TestEvidenceIsNeverGrey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		expected := rapid.IntRange(1, 8).Draw(t, "expected")
		cells := someCells(t, expected)
		j := verdict.Decide(expected, reportsOf(cells))
		evidence := slices.ContainsFunc(cells, func(k string) bool { return stateOf(k) != uptime.Unknown })
		if (j.State == uptime.Unknown) == evidence {
			t.Fatalf("%q: %s", cells, j.State)
		}
		if (j.Why == "") != (j.State == uptime.Live) || j.State == uptime.Unknown && j.Failure == nil {
			t.Fatalf("%q: %s because %q, failure %+v", cells, j.State, j.Why, j.Failure)
		}
	})
}

func TestGrade(t *testing.T) {
	t.Parallel()
	findings := func(fails, warns, infos int) []uptime.Finding {
		var out []uptime.Finding
		for s, n := range map[uptime.Severity]int{uptime.SeverityFail: fails, uptime.SeverityWarn: warns, uptime.SeverityInfo: infos} {
			out = append(out, slices.Repeat([]uptime.Finding{{ID: "x", Severity: s}}, n)...)
		}
		return out
	}
	for _, tc := range []struct {
		state     uptime.State
		transport uptime.Transport
		findings  []uptime.Finding
		want      string
	}{
		{uptime.Live, uptime.StreamableHTTP, nil, "A"},
		{uptime.Live, uptime.StreamableHTTP, findings(0, 0, 9), "A"},
		{uptime.Live, uptime.Stdio, nil, "A"},
		{uptime.Degraded, uptime.StreamableHTTP, nil, "A"}, // slow today, and keeps the protocol
		{uptime.Live, uptime.StreamableHTTP, findings(0, 1, 0), "B"},
		{uptime.Live, uptime.StreamableHTTP, findings(0, 2, 0), "B"},
		{uptime.Live, uptime.HTTPSSE, nil, "B"},
		{uptime.Live, uptime.HTTPSSE, findings(0, 3, 0), "C"},
		{uptime.Live, uptime.StreamableHTTP, findings(0, 3, 0), "C"},
		{uptime.Live, uptime.StreamableHTTP, findings(1, 0, 0), "D"},
		{uptime.Degraded, uptime.HTTPSSE, findings(2, 5, 1), "D"},
		{uptime.Down, uptime.StreamableHTTP, nil, "F"},
		{uptime.Down, "", findings(1, 1, 1), "F"},
		{uptime.Unknown, "", nil, ""},
		{uptime.Unknown, uptime.StreamableHTTP, findings(3, 3, 3), ""},
	} {
		if got := verdict.Grade(tc.state, tc.transport, tc.findings); got != tc.want {
			t.Errorf("%s over %q with %d findings: %q, want %q", tc.state, tc.transport, len(tc.findings), got, tc.want)
		}
	}
}

// BenchmarkDecide: sealing must take millions of cells a second.
func BenchmarkDecide(b *testing.B) {
	cells := reportsOf([]string{good, good, retried})
	b.ReportAllocs()
	for b.Loop() {
		verdict.Decide(3, cells)
	}
}
