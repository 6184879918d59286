package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

const (
	// maxProbes is how many probes run at once on request.
	maxProbes = 16
	// restProbe is how long an answer stands for the next one who asks: whoever
	// can ask us must not be able to make us a burden to others.
	restProbe = 10 * time.Second
	// maxProbeTime bounds a probe when the client names no timeout, and
	// probeMargin is how much earlier than the client we give up.
	maxProbeTime = 30 * time.Second
	probeMargin  = 500 * time.Millisecond
	// maxKept is how many answers are kept.
	maxKept = 1000
)

// Target is what /probe is asked to look at: a configured server by its slug, or
// an address when that is allowed.
type Target struct {
	Slug   string
	URL    string
	Region string // empty: any
}

// Prober looks at a target once, now. What is wrong with the target is in the
// Result; an error wraps uptime.ErrInvalid for a region or an address that
// cannot be used, and is our own failure otherwise. It ends with ctx.
type Prober func(ctx context.Context, t Target) (uptime.Result, error)

// probes are those that were asked for.
type probes struct {
	now func() time.Time

	mu     sync.Mutex
	flying map[Target]bool   // guarded by mu
	kept   map[Target]answer // guarded by mu
}

type answer struct {
	at     time.Time
	took   time.Duration
	result uptime.Result
}

func newProbes(now func() time.Time) *probes {
	return &probes{now: now, flying: map[Target]bool{}, kept: map[Target]answer{}}
}

// probe answers as the blackbox exporter does, for one target.
func (a *API) probe(w http.ResponseWriter, r *http.Request) error {
	t, err := a.target(r)
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	got, err := a.probes.look(r.Context(), t, scrapeTime(r), a.Probe)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	if err := registry.Register(probeCollector(&got)); err != nil {
		return fmt.Errorf("registering the probe's metrics: %w", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	return nil
}

// target reads whom to look at.
func (a *API) target(r *http.Request) (Target, error) {
	if a.Probe == nil {
		return Target{}, &web.Fault{Status: http.StatusNotFound, Detail: "probing on request is switched off here"}
	}
	p := readParams(r, "target", "region")
	name := p.text("target")
	if name == "" {
		p.fail("target", "want the slug of a server")
	}
	if p.err != nil {
		return Target{}, p.err
	}
	t := Target{Region: p.text("region")}
	if strings.Contains(name, "://") {
		t.URL = name
		if !a.AnyTarget {
			return t, &web.Fault{Status: http.StatusForbidden, Detail: "only configured servers are probed here: give a slug as target"}
		}
		return t, nil
	}
	row, ok := a.Source.Row(a.Tenant, name)
	if !ok {
		return t, unknown(uptime.ErrNotFound, "server", name)
	}
	t.Slug = row.Slug
	return t, nil
}

// scrapeTime is how long a probe may take: less than the client will wait.
func scrapeTime(r *http.Request) time.Duration {
	seconds, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(seconds > 0) || seconds > maxProbeTime.Seconds() {
		return maxProbeTime
	}
	return max(probeMargin, time.Duration(seconds*float64(time.Second))-probeMargin)
}

// look probes a target, unless somebody else did so just now or is doing it.
func (p *probes) look(ctx context.Context, t Target, limit time.Duration, probe Prober) (answer, error) {
	if got, ok, err := p.enter(t); ok || err != nil {
		return got, err
	}
	defer p.leave(t)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	begun := p.now()
	result, err := probe(ctx, t)
	if err != nil {
		return answer{}, fmt.Errorf("probing on request: %w", err)
	}
	got := answer{at: begun, took: p.now().Sub(begun), result: result}
	p.keep(t, got)
	return got, nil
}

// enter returns the answer that still stands, or notes that the target is being
// probed. An error means that it cannot be probed now.
func (p *probes) enter(t Target) (got answer, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	got, ok = p.kept[t]
	switch {
	case ok && p.now().Sub(got.at) < restProbe:
		return got, true, nil
	case p.flying[t]:
		return answer{}, false, busy("this target is being probed already")
	case len(p.flying) >= maxProbes:
		return answer{}, false, busy("too many probes run already")
	}
	p.flying[t] = true
	return answer{}, false, nil
}

func busy(why string) error {
	return &web.Fault{Status: http.StatusTooManyRequests, Detail: why + ": ask again in some seconds"}
}

func (p *probes) leave(t Target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.flying, t)
}

func (p *probes) keep(t Target, got answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) >= maxKept {
		clear(p.kept)
	}
	p.kept[t] = got
}

// probeCollector puts a result into metrics.
func probeCollector(got *answer) gatherer {
	var (
		success = gauge("probe_success", "Whether a client could work with the server.")
		took    = gauge("probe_duration_seconds", "How long the probe took.")
		state   = gauge("alivemcp_probe_state", "0 unknown, 1 live, 2 degraded, 3 down.")
		step    = gauge("alivemcp_probe_step_seconds", "How long a step took.", "step", "status")
		info    = gauge("alivemcp_probe_info", "What was found; always 1.", "cause", "failure_reason", "access", "transport", "protocol_version")
		tools   = gauge("alivemcp_probe_tools", "Number of tools.")
		expiry  = gauge("probe_ssl_earliest_cert_expiry", "When the certificate ends, in Unix time.")
	)
	return func(emit emit) {
		r := &got.result
		s, cause := judged(r)
		usable := 0.0
		if s == uptime.Live || s == uptime.Degraded {
			usable = 1
		}
		emit(success, usable)
		emit(took, got.took.Seconds())
		emit(state, float64(s))
		emit(info, 1, string(cause), string(cause.Reason()), string(r.Access), string(r.Transport), r.Version)
		seen := map[uptime.Step]bool{}
		for _, one := range r.Steps {
			if !seen[one.Name] { // a metric may be there but once
				seen[one.Name] = true
				emit(step, one.Took.Seconds(), string(one.Name), string(one.Status))
			}
		}
		if r.Tools != nil {
			emit(tools, float64(r.Tools.Count))
		}
		if r.TLS != nil {
			emit(expiry, float64(r.TLS.NotAfter.Unix()))
		}
	}
}

// judged is what one attempt argues for.
func judged(r *uptime.Result) (uptime.State, uptime.Cause) {
	if r.Failure == nil {
		return uptime.Live, ""
	}
	return r.Failure.Effect, r.Failure.Cause
}
