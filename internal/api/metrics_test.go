package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/api"
	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// has checks that an exposition has these lines.
func has(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

func TestMetrics(t *testing.T) {
	s := open(t, func(o *api.Options) {
		o.Vitals = func() api.Vitals {
			return api.Vitals{
				Sealed: map[uptime.State]uint64{uptime.Down: 7}, Late: 2, InFlight: 3, Started: 100,
				Failed:   map[uptime.Cause]uint64{uptime.ConnectRefused: 5},
				Sequence: 90, Cursors: map[string]uptime.Cursor{"archive": 80}, DatabaseBytes: 4096, Streams: 11,
				Lateness: api.Lateness{P99: 20 * time.Millisecond},
			}
		}
	})
	s.SetHealth(board.Health{Behind: 2 * time.Second, Lag: time.Millisecond, Archived: uptime.MinuteOf(now()) - 10})
	text := s.ask(t, http.MethodGet, "/metrics").Body.String()
	has(t, text,
		`alivemcp_verdicts_sealed_total{state="down"} 7`, `alivemcp_verdicts_sealed_total{state="live"} 0`,
		`alivemcp_reports_late_total 2`, `alivemcp_probes_in_flight 3`, `alivemcp_probes_started_total 100`,
		`alivemcp_probe_failures_total{cause="connect_refused",failure_reason="connection_refused"} 5`,
		`alivemcp_feed_sequence 90`, `alivemcp_feed_cursor{consumer="archive"} 80`, `alivemcp_database_bytes 4096`,
		`alivemcp_stream_clients 11`, `alivemcp_behind_seconds 2`, `alivemcp_scheduler_lag_seconds 0.001`,
		`alivemcp_probe_lateness_seconds{quantile="0.99"} 0.02`, `alivemcp_archive_lag_seconds 445`,
		`alivemcp_server_state{server="payments-ledger"} 3`, `alivemcp_server_drift_open{server="crm-contacts"} 3`,
		`alivemcp_server_metrics_omitted 0`,
	)
	if !strings.Contains(text, `alivemcp_build_info{goversion="go`) || !strings.Contains(text, `version="1.2.3"} 1`) || !strings.Contains(text, "go_goroutines") {
		t.Error("the build or the runtime is missing")
	}
	if strings.Contains(text, `alivemcp_server_tools{server="meeting-notes"}`) {
		t.Error("tools that nobody has seen are counted")
	}
}

func TestMetricsOfTooManyServers(t *testing.T) {
	s := open(t, func(o *api.Options) { o.MaxServers = 3 })
	text := s.ask(t, http.MethodGet, "/metrics").Body.String()
	if strings.Contains(text, "alivemcp_server_state{") || !strings.Contains(text, "\nalivemcp_server_metrics_omitted 15\n") {
		t.Error("metrics of single servers, or nobody says that they are missing")
	}
	if !strings.Contains(text, `alivemcp_servers{state="down"}`) {
		t.Error("no totals")
	}
}

// results is a prober that answers when it is let.
type results struct {
	mu    sync.Mutex
	asked []api.Target
	come  chan struct{}
	let   chan uptime.Result
	fail  error
}

func (p *results) probe(ctx context.Context, t api.Target) (uptime.Result, error) {
	p.mu.Lock()
	p.asked = append(p.asked, t)
	p.mu.Unlock()
	if p.come != nil {
		p.come <- struct{}{}
	}
	select {
	case r := <-p.let:
		return r, p.fail
	case <-ctx.Done():
		return uptime.Result{}, ctx.Err()
	}
}

func TestProbe(t *testing.T) {
	p := &results{let: make(chan uptime.Result, 9)}
	at := now()
	s := open(t, func(o *api.Options) { o.Probe, o.Now = p.probe, func() time.Time { return at } })
	p.let <- uptime.Result{
		Access: uptime.AccessOpen, Transport: uptime.StreamableHTTP, Version: "2025-11-25",
		Steps: []uptime.StepResult{
			{Name: uptime.StepDNS, Status: uptime.StepPass, Took: 2 * time.Millisecond},
			{Name: uptime.StepHealth, Status: uptime.StepPass, Took: time.Second},
			{Name: uptime.StepHealth, Status: uptime.StepFail},
		},
		Tools: &uptime.ToolSet{Count: 13}, TLS: &uptime.TLSInfo{NotAfter: time.Unix(1800000000, 0)},
		Failure: &uptime.Failure{Cause: uptime.CanaryFailed, Effect: uptime.Degraded},
	}
	w := s.ask(t, http.MethodGet, "/probe?target=payments-ledger&region=eu-west")
	has(t, w.Body.String(), "probe_success 1", "alivemcp_probe_state 2", "alivemcp_probe_tools 13",
		`alivemcp_probe_step_seconds{status="pass",step="dns"} 0.002`, `alivemcp_probe_step_seconds{status="pass",step="health"} 1`,
		`alivemcp_probe_info{access="open",cause="canary_failed",failure_reason="error_rate_elevated",protocol_version="2025-11-25",transport="streamable-http"} 1`,
		"probe_ssl_earliest_cert_expiry 1.8e+09")
	if len(p.asked) != 1 || (p.asked[0] != api.Target{Slug: "payments-ledger", Region: "eu-west"}) {
		t.Errorf("asked for %+v", p.asked)
	}
	again := s.ask(t, http.MethodGet, "/probe?target=payments-ledger&region=eu-west")
	if again.Code != http.StatusOK || len(p.asked) != 1 {
		t.Errorf("%d: a second request within seconds probed again", again.Code)
	}
	at = at.Add(time.Minute)
	p.let <- uptime.Result{Failure: &uptime.Failure{Cause: uptime.ConnectRefused, Effect: uptime.Down}}
	has(t, s.ask(t, http.MethodGet, "/probe?target=payments-ledger&region=eu-west").Body.String(), "probe_success 0", "alivemcp_probe_state 3")
	p.fail = errors.Join(uptime.ErrInvalid, errors.New("no such region"))
	p.let <- uptime.Result{}
	if w := s.ask(t, http.MethodGet, "/probe?target=maps&region=moon"); w.Code != http.StatusBadRequest {
		t.Errorf("a region that does not exist: %d", w.Code)
	}
}

func TestProbeRefuses(t *testing.T) {
	p := &results{let: make(chan uptime.Result, 9)}
	s := open(t, func(o *api.Options) { o.Probe = p.probe })
	for target, want := range map[string]int{
		"?target=http://169.254.169.254/latest": http.StatusForbidden, "?target=nobody": http.StatusNotFound, "": http.StatusBadRequest, "?targets=maps": http.StatusBadRequest,
	} {
		if w := s.ask(t, http.MethodGet, "/probe"+target); w.Code != want {
			t.Errorf("%q: %d, want %d", target, w.Code, want)
		}
	}
	if len(p.asked) > 0 {
		t.Errorf("probed %v", p.asked)
	}
	lax := open(t, func(o *api.Options) { o.Probe, o.AnyTarget = p.probe, true })
	p.let <- uptime.Result{}
	if w := lax.ask(t, http.MethodGet, "/probe?target=https://x.example/mcp"); w.Code != http.StatusOK || p.asked[0].URL != "https://x.example/mcp" {
		t.Errorf("an address that is allowed: %d", w.Code)
	}
}

func TestOneProbeATarget(t *testing.T) {
	p := &results{let: make(chan uptime.Result), come: make(chan struct{})}
	s := open(t, func(o *api.Options) { o.Probe = p.probe })
	first := make(chan int)
	go func() { first <- s.ask(t, http.MethodGet, "/probe?target=maps").Code }()
	<-p.come
	if w := s.ask(t, http.MethodGet, "/probe?target=maps"); w.Code != http.StatusTooManyRequests {
		t.Errorf("a second probe at the same time: %d", w.Code)
	}
	p.let <- uptime.Result{}
	if code := <-first; code != http.StatusOK {
		t.Errorf("the first: %d", code)
	}
}

func TestReady(t *testing.T) {
	var missing []string
	s := open(t, func(o *api.Options) { o.Vitals = func() api.Vitals { return api.Vitals{NotReady: missing} } })
	tests := []struct {
		name    string
		missing []string
		health  board.Health
		status  int
		reason  string
	}{
		{"good", nil, board.Health{Archived: uptime.MinuteOf(now()) - 3}, 200, ""},
		{"no archive to watch", nil, board.Health{}, 200, ""},
		{"starting", []string{"the first plan is not loaded"}, board.Health{}, 503, "the first plan is not loaded"},
		{"sealing", nil, board.Health{Behind: 2 * time.Minute}, 503, "sealing is 2 min behind"},
		{"archive", nil, board.Health{Archived: uptime.MinuteOf(now()) - 7}, 503, "the archive is 4 min behind"},
		{"archive just in time", nil, board.Health{Archived: uptime.MinuteOf(now()) - 5}, 200, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			missing = tc.missing
			s.SetHealth(tc.health)
			w := s.ask(t, http.MethodGet, "/ready")
			var got struct {
				Ready   bool
				Reasons []string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if w.Code != tc.status || got.Ready != (tc.status == 200) || strings.Join(got.Reasons, ";") != tc.reason {
				t.Errorf("%d %+v", w.Code, got)
			}
			if w := s.ask(t, http.MethodGet, "/live"); w.Code != http.StatusOK {
				t.Errorf("not even live: %d", w.Code)
			}
		})
	}
}

func TestHealth(t *testing.T) {
	s := open(t)
	s.SetHealth(board.Health{Behind: 2 * time.Minute, Trouble: "The monitor is 2 min behind."})
	var got struct {
		Status, Trouble, Version string
		Schema                   int
		Uptime                   int     `json:"uptime_seconds"`
		Behind                   float64 `json:"behind_seconds"`
		Servers                  struct{ Servers, Down int }
	}
	s.get(t, "/health", &got)
	if got.Status != "troubled" || got.Version != "1.2.3" || got.Schema != 4 || got.Uptime != 3600 || got.Behind != 120 || got.Servers.Servers != 15 {
		t.Errorf("%+v", got)
	}
}

func BenchmarkServers(b *testing.B) { benchmark(b, "/api/v1/servers") }

func BenchmarkFields(b *testing.B) { benchmark(b, "/api/v1/servers?fields=slug,state") }

func BenchmarkMinutesOfADay(b *testing.B) { benchmark(b, "/api/v1/servers/payments-ledger/minutes") }
