package api

import (
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxScrapes is how many scrapes are answered at once.
const maxScrapes = 4

// metrics returns the handler of /metrics, on a registry of its own.
func (a *API) metrics() (http.Handler, error) {
	registry := prometheus.NewRegistry()
	all := append([]prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		a.vitalCollector(),
		a.serverCollector(),
	}, a.Collectors...)
	for _, c := range all {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, Timeout: 10 * time.Second}), nil
}

// gatherer is a collector whose metrics are all made at the moment of a scrape.
type gatherer func(emit)

// emit makes one metric; values are in the base units of Prometheus.
type emit func(d *desc, value float64, labels ...string)

// desc names a metric.
type desc struct {
	*prometheus.Desc
	kind prometheus.ValueType
}

func gauge(name, help string, labels ...string) *desc {
	return &desc{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue}
}

func counter(name, help string, labels ...string) *desc {
	return &desc{prometheus.NewDesc(name, help, labels, nil), prometheus.CounterValue}
}

// Describe describes nothing: what is there depends on the servers.
func (g gatherer) Describe(chan<- *prometheus.Desc) {}

// Collect makes the metrics.
func (g gatherer) Collect(out chan<- prometheus.Metric) {
	g(func(d *desc, value float64, labels ...string) {
		m, err := prometheus.NewConstMetric(d.Desc, d.kind, value, labels...)
		if err != nil {
			m = prometheus.NewInvalidMetric(d.Desc, err)
		}
		out <- m
	})
}

// vitalCollector is how we do ourselves.
func (a *API) vitalCollector() gatherer {
	var (
		build   = gauge("alivemcp_build_info", "The running version; always 1.", "version", "goversion")
		sealed  = counter("alivemcp_verdicts_sealed_total", "Verdicts sealed since the start.", "state")
		late    = counter("alivemcp_reports_late_total", "Reports that came too late to be judged.")
		flying  = gauge("alivemcp_probes_in_flight", "Probes that are running.")
		started = counter("alivemcp_probes_started_total", "Probes started since the start.")
		failed  = counter("alivemcp_probe_failures_total", "Attempts that failed, by cause.", "cause", "failure_reason")
		newest  = gauge("alivemcp_feed_sequence", "Place of the newest verdict in the feed.")
		cursor  = gauge("alivemcp_feed_cursor", "How far a consumer of the feed has come.", "consumer")
		size    = gauge("alivemcp_database_bytes", "Size of the database on disk.")
		streams = gauge("alivemcp_stream_clients", "Clients that follow live updates.")
		behind  = gauge("alivemcp_behind_seconds", "How long the oldest overdue verdict has been overdue.")
		archive = gauge("alivemcp_archive_lag_seconds", "How long the oldest minute that is missing in the archive has been complete.")
		lag     = gauge("alivemcp_scheduler_lag_seconds", "By how much our own clock ticks late.")
		delay   = gauge("alivemcp_probe_lateness_seconds", "By how much probes start later than planned.", "quantile")
	)
	return func(emit emit) {
		v, h := a.Vitals(), a.Source.Health()
		emit(build, 1, a.Version, runtime.Version())
		for _, s := range []uptime.State{uptime.Unknown, uptime.Live, uptime.Degraded, uptime.Down} {
			emit(sealed, float64(v.Sealed[s]), s.String())
		}
		for _, c := range uptime.Causes() {
			emit(failed, float64(v.Failed[c]), string(c), string(c.Reason()))
		}
		for consumer, at := range v.Cursors {
			emit(cursor, float64(at), consumer)
		}
		emit(late, float64(v.Late))
		emit(flying, float64(v.InFlight))
		emit(started, float64(v.Started))
		emit(newest, float64(v.Sequence))
		emit(size, float64(v.DatabaseBytes))
		emit(streams, float64(v.Streams))
		emit(behind, h.Behind.Seconds())
		emit(archive, h.ArchiveLag(a.Now()).Seconds())
		emit(lag, h.Lag.Seconds())
		emit(delay, v.Lateness.P50.Seconds(), "0.5")
		emit(delay, v.Lateness.P99.Seconds(), "0.99")
		emit(delay, v.Lateness.Max.Seconds(), "1")
	}
}

// serverCollector is how the servers do, when there are not too many of them.
func (a *API) serverCollector() gatherer {
	var (
		servers = gauge("alivemcp_servers", "Servers by state.", "state")
		open    = gauge("alivemcp_incidents_open", "Open incidents.")
		drifts  = gauge("alivemcp_drifts_open", "Servers with a drift that nobody has accepted.")
		omitted = gauge("alivemcp_server_metrics_omitted", "Servers without metrics of their own because there are too many; 0 or all.")
		state   = gauge("alivemcp_server_state", "0 unknown, 1 live, 2 degraded, 3 down.", "server")
		ratio   = gauge("alivemcp_server_uptime_ratio_30d", "Share of measured minutes of 30 days in which the server was not down.", "server")
		p95     = gauge("alivemcp_server_p95_seconds", "95th percentile of handshake times over 24 hours.", "server")
		tools   = gauge("alivemcp_server_tools", "Number of tools.", "server")
		drift   = gauge("alivemcp_server_drift_open", "Class of the worst drift that nobody has accepted: 0 none, 1 wording, 2 compatible, 3 breaking.", "server")
		probed  = gauge("alivemcp_server_last_probe_timestamp_seconds", "When the newest probe began.", "server")
	)
	row := func(emit emit, r *board.Row) {
		emit(state, float64(r.State), r.Slug)
		if percent, ok := r.Summary.D30.Uptime(); ok {
			emit(ratio, percent/100, r.Slug)
		}
		if r.Summary.P95 > 0 {
			emit(p95, r.Summary.P95.Seconds(), r.Slug)
		}
		if r.ToolsHash != "" {
			emit(tools, float64(r.Tools), r.Slug)
		}
		if !r.LastProbe.IsZero() {
			emit(probed, float64(r.LastProbe.UnixMilli())/1000, r.Slug)
		}
		class := uptime.NoDrift
		if r.OpenDrift != nil {
			class = r.OpenDrift.Class
		}
		emit(drift, float64(class), r.Slug)
	}
	return func(emit emit) {
		t := a.Source.List(a.Tenant, board.Query{Limit: 1}).Totals
		emit(servers, float64(t.Live), "live")
		emit(servers, float64(t.Degraded), "degraded")
		emit(servers, float64(t.Down), "down")
		emit(servers, float64(t.Unknown), "unknown")
		emit(servers, float64(t.Maintenance), "maintenance")
		emit(open, float64(t.Incidents))
		emit(drifts, float64(t.Drifts))
		if t.Servers > a.MaxServers {
			emit(omitted, float64(t.Servers))
			return
		}
		emit(omitted, 0)
		for _, r := range a.everyone() {
			row(emit, r)
		}
	}
}

// everyone returns all rows, each once even if they move while they are read.
func (a *API) everyone() []*board.Row {
	seen, out := map[string]bool{}, []*board.Row(nil)
	for offset := 0; offset <= a.MaxServers; offset += board.MaxLimit {
		page := a.Source.List(a.Tenant, board.Query{Order: board.ByName, Offset: offset, Limit: board.MaxLimit})
		for _, r := range page.Rows {
			if !seen[r.Slug] {
				seen[r.Slug] = true
				out = append(out, r)
			}
		}
		if offset+len(page.Rows) >= page.Found {
			break
		}
	}
	return out
}
