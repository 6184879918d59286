package api

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/alivemcp/alivemcp/internal/findings"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Options are what an API needs. Source is required.
type Options struct {
	// Tenant is whose servers are shown.
	Tenant uptime.TenantID
	Source Source
	// Registries, when set, answers about what registries list.
	Registries Registries
	// Findings is what does not agree about it; required with Registries.
	Findings *findings.Index
	// Reports, when set, answers about audits.
	Reports Reports
	// Demo says that all of it is a demonstration.
	Demo bool
	// BaseURL is the public address of the site, without a slash at its end, for
	// links to pages. Empty: links have no host.
	BaseURL string
	// City names a region for people; nil shows ids.
	City func(region string) string
	// Version is our own; Schema that of the store.
	Version string
	Schema  int
	// Started is when this process started.
	Started time.Time
	// Vitals returns how we do; nil means that nothing is known.
	Vitals func() Vitals
	// Collectors are metrics of other parts.
	Collectors []prometheus.Collector
	// MaxServers is for how many servers there are metrics; zero means 1,000.
	// With more servers there are only totals.
	MaxServers int
	// Probe looks at a server at once; nil switches /probe off. It is called at
	// most once at a time for a target.
	Probe Prober
	// AnyTarget lets /probe look at addresses that nobody configured. Whoever can
	// reach /probe can then make us connect to where they like.
	AnyTarget bool
	Now       func() time.Time // time.Now by default
	// Logger gets our own failures; nil discards them.
	Logger *slog.Logger
}

// API answers requests. It has no life of its own.
type API struct {
	Options
	mux    *http.ServeMux
	probes *probes
}

// New returns the API. An error means that the binary is broken, or that a
// collector of the options clashes with ours.
func New(o Options) (*API, error) {
	o.Now = orNow(o.Now)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	o.MaxServers = cmp.Or(o.MaxServers, 1000)
	if o.City == nil {
		o.City = func(region string) string { return region }
	}
	if o.Vitals == nil {
		o.Vitals = func() Vitals { return Vitals{} }
	}
	a := &API{Options: o, mux: http.NewServeMux(), probes: newProbes(o.Now)}
	metrics, err := a.metrics()
	if err != nil {
		return nil, err
	}
	a.routes(metrics)
	return a, nil
}

func orNow(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

// Patterns are the paths that the API answers, as patterns of http.ServeMux.
func Patterns() []string {
	return []string{"/api/v1/", "/api/openapi.json", "/api/{$}", "/api", "/metrics", "/probe", "/live", "/ready", "/health"}
}

// routes is the table of the API.
func (a *API) routes(metrics http.Handler) {
	a.get("/api/v1/servers", a.listServers)
	a.get("/api/v1/servers/{slug}", a.server)
	a.get("/api/v1/servers/{slug}/minutes", a.minutes)
	a.get("/api/v1/servers/{slug}/days", a.days)
	a.get("/api/v1/servers/{slug}/latency", a.latency)
	a.get("/api/v1/servers/{slug}/incidents", a.listIncidents)
	a.get("/api/v1/servers/{slug}/drifts", a.listDrifts)
	a.get("/api/v1/servers/{slug}/contract", a.contract)
	a.get("/api/v1/incidents", a.listIncidents)
	a.get("/api/v1/incidents/{id}", a.incident)
	a.get("/api/v1/drifts", a.listDrifts)
	a.get("/api/v1/drifts/{id}", a.drift)
	a.get("/api/v1/windows", a.windows)
	if a.Registries != nil {
		a.get("/api/v1/endpoints", a.listEndpoints)
		a.get("/api/v1/endpoints/{key}", a.endpoint)
		a.get("/api/v1/registries/findings", a.listFindings)
	}
	if a.Reports != nil {
		a.get("/api/v1/reports", a.listReports)
		a.get("/api/v1/reports/{id}", a.report)
	}
	a.get("/api/v1/", nothingHere)
	a.get("/api/openapi.json", a.openapi)
	a.get("/api", a.index)
	a.get("/api/{$}", a.index)
	a.get("/probe", a.probe)
	a.get("/live", a.live)
	a.get("/ready", a.readiness)
	a.get("/health", a.health)
	a.mux.Handle("/metrics", metrics)
}

// get registers a handler of GET and HEAD that other origins may use.
func (a *API) get(pattern string, h web.Handler) {
	a.mux.Handle(pattern, web.Adapt(func(w http.ResponseWriter, r *http.Request) error {
		web.Embeddable(w)
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			return h(w, r)
		case http.MethodOptions:
			web.Preflight(w, "If-None-Match, Accept, Content-Type")
			return nil
		}
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		return &web.Fault{Status: http.StatusMethodNotAllowed, Detail: "this can only be read: use GET or HEAD"}
	}, a.fail))
}

// fail answers with a problem document, and logs what is our own failure.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil && web.StatusOf(err) == http.StatusInternalServerError {
		a.Logger.ErrorContext(r.Context(), "a request failed", "path", r.URL.Path, "error", err.Error())
	}
	web.WriteProblem(w, r, err)
}

func nothingHere(http.ResponseWriter, *http.Request) error {
	return &web.Fault{Status: http.StatusNotFound, Detail: "there is nothing at this path: /api/openapi.json says what there is"}
}

// ServeHTTP answers without what stands around it in Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// Handler returns the API with security headers and compression.
func (a *API) Handler() http.Handler { return web.Protect(web.Compress(a)) }
