package verdict_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// TestReport: what is worth knowing of the attempt that decided, when the first
// began, and none of the evidence.
func TestReport(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 5, 4, 12, 0, 7, 0, time.UTC)
	bad := failed(uptime.HTTPServerError)
	bad.Started = start
	last := uptime.Result{
		Started: start.Add(8 * time.Second), Region: "eu", Transport: uptime.StreamableHTTP, Era: uptime.Legacy, Version: "2025-11-25",
		ServerName: "weather", ServerVer: "1.2", Access: uptime.AccessOpen,
		Timings: uptime.Timings{Handshake: 40 * time.Millisecond, Total: 90 * time.Millisecond},
		Tools:   &uptime.ToolSet{Count: 13, Hash: "sha256:a", ContractHash: "sha256:b"},
		TLS:     &uptime.TLSInfo{NotAfter: start.AddDate(0, 1, 0)},
	}
	c := uptime.Cell{Tenant: "default", Server: "a", Region: "eu", Cycle: start.Add(-7 * time.Second), Attempts: []uptime.Result{bad, last}}
	want := uptime.Report{
		Tenant: "default", Server: "a", Region: "eu", Cycle: c.Cycle, State: uptime.Degraded, Failure: bad.Failure,
		Why: "passed only after a retry", Attempts: 2, Started: start, Latency: 40 * time.Millisecond, Total: 90 * time.Millisecond,
		Access: uptime.AccessOpen, Transport: uptime.StreamableHTTP, Era: uptime.Legacy, Version: "2025-11-25", Software: "weather 1.2",
		Tools: 13, ToolsHash: "sha256:a", ContractHash: "sha256:b", TLSNotAfter: start.AddDate(0, 1, 0),
	}
	if diff := cmp.Diff(want, verdict.Report(c, 0)); diff != "" {
		t.Error(diff)
	}
}

// TestOwnThreshold: a server may be slow by its own measure.
func TestOwnThreshold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		slow, took time.Duration
		why        string
	}{
		{800 * time.Millisecond, 800 * time.Millisecond, ""},
		{800 * time.Millisecond, 801 * time.Millisecond, "the handshake took longer than 0.8 s"},
		{20 * time.Second, 14 * time.Second, ""},
		{0, 6 * time.Second, "the handshake took longer than 5 s"},
		{90 * time.Second, 91 * time.Second, "the handshake took longer than 90 s"},
	} {
		got := verdict.Report(cell("eu", passed(tc.took)), tc.slow)
		if got.Why != tc.why || (got.State == uptime.Live) != (tc.why == "") {
			t.Errorf("%s with a threshold of %s: %s because %q, want %q", tc.took, tc.slow, got.State, got.Why, tc.why)
		}
	}
}

// TestAccessAndLatency: the door as most regions found it, the time of the
// slowest region that got through.
func TestAccessAndLatency(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		access []uptime.Access
		want   uptime.Access
	}{
		{nil, ""},
		{[]uptime.Access{"", ""}, ""},
		{[]uptime.Access{uptime.AccessOpen, "", uptime.AccessOpen}, uptime.AccessOpen},
		{[]uptime.Access{uptime.AccessOpen, uptime.AccessWalled, uptime.AccessOpen}, uptime.AccessOpen},
		{[]uptime.Access{uptime.AccessOpen, uptime.AccessCustom}, uptime.AccessCustom},
	} {
		var reports []uptime.Report
		for i, a := range tc.access {
			reports = append(reports, uptime.Report{State: uptime.Live, Access: a, Latency: time.Duration(i) * time.Second})
		}
		got := verdict.Decide(3, reports)
		if got.Access != tc.want || got.Latency != time.Duration(max(0, len(reports)-1))*time.Second {
			t.Errorf("%q: %q after %s", tc.access, got.Access, got.Latency)
		}
	}
}

// TestSentences: how many regions share what.
func TestSentences(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		causes []uptime.Cause
		want   string
	}{
		{[]uptime.Cause{uptime.ConnectRefused, uptime.DNSFailed}, "2 of 3 regions cannot connect"},
		{[]uptime.Cause{uptime.FirstByteTimeout}, "1 of 3 regions got no answer in time"},
		{[]uptime.Cause{uptime.BadJSON, uptime.NotMCP, uptime.EmptyBody}, "3 of 3 regions got an answer that no client can use"},
		{[]uptime.Cause{uptime.ConnectRefused, uptime.NotMCP}, "2 of 3 regions failed, for different reasons"},
		{[]uptime.Cause{uptime.ConnectRefused, uptime.RateLimited}, "1 of 3 regions cannot connect"},
		{[]uptime.Cause{uptime.CanaryFailed, uptime.CanaryFailed, uptime.CanaryFailed}, "canary_failed"},
	} {
		var reports []uptime.Report
		for _, c := range tc.causes {
			reports = append(reports, verdict.Report(cell(string(c), failed(c)), 0))
		}
		if got := verdict.Decide(3, reports).Why; got != tc.want {
			t.Errorf("%q: %q, want %q", tc.causes, got, tc.want)
		}
	}
}
