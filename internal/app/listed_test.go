package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// publicServers returns what the plan serves of what is listed.
func publicServers(m *app.Monitor) (out []*uptime.Server) {
	for _, s := range m.Plan().Servers {
		if s.Tenant == app.PublicTenant {
			out = append(out, s)
		}
	}
	return out
}

func (r *rig) strange(path string) (status int, body string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.made.Strange()+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// TestListedServers: what a registry lists is served, as a guest and under its own
// address, until its owner or the registry does not want it any more.
func TestListedServers(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for cycles")
	}
	s, r := newStage(t), newRig(t)
	well, sick, away := s.door("weather"), s.door(""), s.door("weather")
	reg, f := served(t, r.dir,
		fake.One("io.github.one/well", well.URL+"/mcp", fake.Epoch()), fake.One("io.github.two/sick", sick.URL+"/mcp", fake.Epoch()),
		fake.One("io.github.three/away", away.URL+"/mcp", fake.Epoch()), fake.One("io.github.four/tenant", "https://{tenant}.acme-corp.dev/mcp", fake.Epoch()))
	shy := shyHost(t)
	reg.Publish(fake.One("io.github.five/shy", shy+"/mcp", fake.Epoch()))
	f.Listen, f.Probe.Gap, f.Probe.Timeout = "127.0.0.1:0", 500*time.Millisecond, 5*time.Second
	f.Registries.Enabled, f.Registries.Serve.Enabled, f.Registries.Serve.Private = true, true, true
	f.Registries.Serve.Listen, f.Registries.Serve.Interval = "127.0.0.1:0", 5*time.Second
	own := s.door("weather")
	f.Servers = r.file("", server("own", own)).Servers
	m := r.start(f)

	r.await(aCycle, "what is listed is served", func() bool { return len(publicServers(m)) >= 3 })
	slugs := map[string]string{}
	for _, srv := range publicServers(m) {
		if !srv.Guest || srv.Profile.Aggressive {
			t.Errorf("%s is no guest", srv.Name)
		}
		slugs[srv.Name] = srv.Slug
	}
	state := func(name string) string {
		status, body := r.strange("/api/embed-status/" + slugs[name])
		var said struct{ State string }
		if status != http.StatusOK || json.Unmarshal([]byte(body), &said) != nil {
			return ""
		}
		return said.State
	}
	r.await(aCycle, "the good one is live", func() bool { return state("io.github.one/well") == "live" })
	r.await(aCycle, "the bad one is down", func() bool { return state("io.github.two/sick") == "down" })
	for path, want := range map[string]int{"/": 200, "/status/" + slugs["io.github.one/well"]: 200, "/badge/" + slugs["io.github.one/well"] + ".svg": 200, "/status/own": 404} {
		if status, body := r.strange(path); status != want {
			t.Errorf("%s answers %d:\n%.300s", path, status, body)
		}
	}
	if status, _ := r.get("/status/" + slugs["io.github.one/well"]); status != http.StatusNotFound {
		t.Errorf("the operator's pages show what is listed: %d", status)
	}
	if _, body := r.get("/metrics"); !strings.Contains(body, `alivemcp_crawls_total{source="official",state="done"}`) || !strings.Contains(body, `alivemcp_listings{source="official"} 5`) {
		t.Error("the metrics do not tell of the crawl")
	}
	r.unwanted(m, f, reg)
}

// shyHost is a host whose owner does not want it to be probed.
func shyHost(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/alivemcp.json" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"optout":true}`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// unwanted has one owner opt out, and the registry forget another server.
func (r *rig) unwanted(m *app.Monitor, f *config.File, reg *fake.Registry) {
	r.t.Helper()
	desk := openRegistries(r.t, app.RegistriesOptions{File: f})
	page, _, _, err := desk.Search(r.t.Context(), uptime.ListingQuery{Search: "sick", Limit: 10})
	if err != nil || len(page) != 1 {
		r.t.Fatal(page, err)
	}
	e, err := desk.Endpoint(r.t.Context(), page[0].Endpoint)
	if err != nil || e.Server == "" {
		r.t.Errorf("the endpoint is not bound to its server: %+v, %v", e, err)
	}
	if err := desk.Optout(r.t.Context(), page[0].Endpoint, true, "ann", "asked by mail"); err != nil {
		r.t.Fatal(err)
	}
	named := func(name string) bool {
		return slices.ContainsFunc(publicServers(m), func(s *uptime.Server) bool { return s.Name == name })
	}
	r.await(aCycle, "who opted out is not served", func() bool { return !named("io.github.two/sick") && named("io.github.one/well") })
	shy, _, _, err := desk.Search(r.t.Context(), uptime.ListingQuery{Search: "shy", Limit: 10})
	if err != nil || len(shy) != 1 {
		r.t.Fatal(shy, err)
	}
	r.await(2*aCycle, "whose host says so is not served", func() bool {
		e, err := desk.Endpoint(r.t.Context(), shy[0].Endpoint)
		return err == nil && e.Optout && !named("io.github.five/shy")
	})
	reg.Keep(func(_ int, one fake.Record) bool { return one.Name != "io.github.three/away" })
	if _, err := desk.Crawl(r.t.Context(), []string{"official"}, false); err != nil {
		r.t.Fatal(err)
	}
	r.await(aCycle, "what is not listed any more is not served", func() bool { return !named("io.github.three/away") && named("io.github.one/well") })
	if e, err := desk.Endpoint(r.t.Context(), page[0].Endpoint); err != nil || e.Server != "" {
		r.t.Errorf("who opted out is bound still: %+v, %v", e, err)
	}
	if _, err := app.OpenRegistries(r.t.Context(), app.RegistriesOptions{File: &config.File{Data: filepath.Join(r.t.TempDir(), "x")}}); err == nil {
		r.t.Error("data were found where none are")
	}
}

// TestListedBounds: of one host only some are served, and of all only so many; the
// names last.
func TestListedBounds(t *testing.T) {
	r := newRig(t)
	records := make([]fake.Record, 0, 60)
	for i := range 40 {
		records = append(records, fake.One(fmt.Sprintf("a/many-%02d", i), fmt.Sprintf("http://127.0.77.7:47999/%d/mcp", i), fake.Epoch()))
	}
	for i := range 20 {
		records = append(records, fake.One(fmt.Sprintf("b/one-%02d", i), fmt.Sprintf("http://127.0.77.7:%d/mcp", 48000+i), fake.Epoch()))
	}
	_, f := served(t, r.dir, records...)
	f.Listen, f.Registries.Serve.Listen = "127.0.0.1:0", "127.0.0.1:0"
	f.Registries.Serve.Enabled, f.Registries.Serve.Private, f.Registries.Serve.PerHost, f.Registries.Serve.MaxServers = true, true, 5, 22
	desk, err := app.OpenRegistries(t.Context(), app.RegistriesOptions{File: f, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Crawl(t.Context(), []string{"official"}, false); err != nil {
		t.Fatal(err)
	}
	if err := desk.Close(); err != nil {
		t.Fatal(err)
	}
	r.asked(f)
	var slugs [2][]string
	for i := range slugs {
		m, err := r.open(f)
		if err != nil {
			t.Fatal(err)
		}
		many := 0
		for _, s := range publicServers(m) {
			slugs[i] = append(slugs[i], s.Slug)
			if strings.HasPrefix(s.Name, "a/many") {
				many++
			}
			if len(s.Slug) > 64 {
				t.Errorf("the slug %s is too long", s.Slug)
			}
		}
		if many > 5 || len(slugs[i]) != 22 {
			t.Errorf("%d of one host and %d in all are served", many, len(slugs[i]))
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r.reduced(f)
	if !slices.Equal(slugs[0], slugs[1]) {
		t.Errorf("after a restart they are called %v, before %v", slugs[1], slugs[0])
	}
}

// asked notes that all owners were asked, and do not mind.
func (r *rig) asked(f *config.File) {
	r.t.Helper()
	store, err := sqlite.Open(r.t.Context(), sqlite.Options{Dir: f.Data})
	if err == nil {
		_, err = app.AskOwners(r.t.Context(), store, f, time.Now())
	}
	if err == nil {
		err = store.Close()
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// TestHeldAlarms: the operator is told of a registry that lists much less at once,
// and when it is taken over again.
func TestHeldAlarms(t *testing.T) {
	r := newRig(t)
	reg, f := served(t, r.dir, fake.Generate(60)...)
	f.Listen, f.Registries.Enabled = "127.0.0.1:0", true
	m := r.start(f)
	desk := openRegistries(t, app.RegistriesOptions{File: f})
	r.await(aCycle, "the registry is read", func() bool {
		rows, err := desk.Sources(t.Context())
		return err == nil && rows[0].Listings > 0 && rows[0].Last.State == uptime.CrawlDone && !rows[0].Last.Since.IsZero()
	})
	reg.Keep(func(i int, _ fake.Record) bool { return i < 30 })
	crawls, err := desk.Crawl(t.Context(), []string{"official"}, false)
	if err != nil || crawls[0].State != uptime.CrawlHeld {
		t.Fatal(crawls, err)
	}
	told := func() int {
		now, err := m.Store().Alerting(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		open := 0
		for _, a := range now.Alerts {
			if a.Kind == uptime.AlertRegistry && a.Sink == "official" && a.Tenant == app.DefaultTenant && a.Open() {
				open++
			}
		}
		return open
	}
	r.await(aCycle, "an alert is open", func() bool { return told() == 1 })
	if crawls, err = desk.Crawl(t.Context(), []string{"official"}, true); err != nil || crawls[0].State != uptime.CrawlDone {
		t.Fatal(crawls, err)
	}
	r.await(aCycle, "the alert is over", func() bool { return told() == 0 })
	reg.Keep(func(i int, _ fake.Record) bool { return i > 35 })
	if crawls, err = desk.Crawl(t.Context(), []string{"official"}, false); err != nil || crawls[0].State != uptime.CrawlHeld {
		t.Fatal(crawls, err)
	}
	r.await(aCycle, "an alert is open again", func() bool { return told() == 1 })
	off := *f
	off.Registries.Sources.Official.Enabled = false
	r.reload(m, &off)
	r.await(aCycle, "of what is switched off nothing is told", func() bool { return told() == 0 })
	if _, body := r.get("/metrics"); strings.Contains(body, `alivemcp_crawl_age_seconds{source="official"}`) {
		t.Error("what is switched off grows older")
	}
}

// reduced serves fewer after a restart: the others are not bound to servers any
// more.
func (r *rig) reduced(f *config.File) {
	r.t.Helper()
	bound := func() (n int) {
		page, err := r.stored().Endpoints(r.t.Context(), uptime.EndpointQuery{Limit: 1000})
		if err != nil {
			r.t.Fatal(err)
		}
		for _, e := range page {
			if e.Server != "" {
				n++
			}
		}
		return n
	}
	if n := bound(); n != f.Registries.Serve.MaxServers {
		r.t.Errorf("%d endpoints are bound, want %d", n, f.Registries.Serve.MaxServers)
	}
	f.Registries.Serve.MaxServers = 4
	m, err := r.open(f)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		r.t.Fatal(err)
	}
	if n := bound(); n != 4 {
		r.t.Errorf("%d endpoints are bound, want 4", n)
	}
}
