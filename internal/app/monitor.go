package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/alivemcp/alivemcp/internal/api"
	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/audit/shelf"
	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/findings"
	"github.com/alivemcp/alivemcp/internal/live/memory"
	"github.com/alivemcp/alivemcp/internal/schedule"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// keepVerdicts is how long the journal keeps verdicts that every part has
// passed: what lasts is in the archive, and a verdict takes some 100 bytes here.
const keepVerdicts = 2 * time.Hour

// boardPatience is how long the first readers wait for the board.
const boardPatience = 10 * time.Second

// MonitorOptions are what a Monitor is made of.
type MonitorOptions struct {
	// File is the configuration. Required.
	File *config.File
	// Tenants are those besides the operator; none may be DefaultTenant, or two the
	// same. A reload leaves them as they are.
	Tenants []Tenant
	// Reload is called when the operator asks for a reload, and returns the new
	// configuration; nil when there is nothing to reload.
	Reload func() (*config.File, error)
	// Demo tells the story of the demonstration; nil for a real monitor.
	Demo *Demonstration
	// Environ is the environment of servers that are child processes, besides what
	// the configuration says; see MinimalEnv.
	Environ []string
	// NotifySocket is where the service manager listens; empty for none.
	NotifySocket string
	// Version is this program's.
	Version string
	// Log gets what happens. Required.
	Log *slog.Logger

	// now is the clock of those who tell people; nil for time.Now. dial is how all
	// regions reach servers; nil for what their egress says. Drills set them.
	now  func() time.Time
	dial connect
}

// Monitor is `alivemcp serve`: the whole flow in one process.
//
//	schedule -> probe -> live -> verdict -> live's feed -> archive, recorder, board -> pages
//	recorder's news and the feed -> router -> outbox -> sinks
type Monitor struct {
	opt     MonitorOptions
	log     *slog.Logger
	began   time.Time
	store   *sqlite.Store
	live    *memory.Live
	plans   *planner
	clock   *schedule.Clock
	regions []*region

	sealer    *verdict.Sealer
	recorder  *verdict.Recorder
	archiver  *archive.Archiver
	contracts *contracts
	board     *board.Board
	site      *statuspage.Site
	api       *api.API
	alarms    *alarms
	tally     *tally
	crawl     *crawling
	crawls    *crawlTally
	listed    *listed
	shelf     *shelf.Shelf
	compared  *findings.Index // what is listed of those that are served, with what is live
	library   *library        // what readers search

	public  *webServer
	strange *webServer // the pages of listed servers; nil for none
	private *webServer // profiles; nil for none
	admin   *webServer // nil when the socket cannot be had
}

// OpenMonitor takes the data directory, reads what is there, and opens the
// ports. Nothing runs before Run. The caller must Close it.
func OpenMonitor(ctx context.Context, opt MonitorOptions) (*Monitor, error) {
	m := &Monitor{opt: opt, log: opt.Log, began: time.Now(), clock: schedule.NewClock(opt.Log.With("part", "clock")), tally: newTally()}
	if err := m.open(ctx); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Monitor) open(ctx context.Context) (err error) {
	if m.store, err = sqlite.Open(ctx, sqlite.Options{Dir: m.opt.File.Data}); err != nil {
		return err
	}
	m.openRegistries()
	if err := m.crawl.begin(ctx, true); err != nil {
		return fmt.Errorf("looking after the registries: %w", err)
	}
	m.plans = &planner{store: m.store, environ: m.opt.Environ, others: m.opt.Tenants}
	if err := m.plans.adopt(ctx, m.opt.File); err != nil {
		return err
	}
	steps := []func(context.Context) error{m.openLive, m.openPast, m.openAlarms, m.calm, m.openJudges, m.openRegions, m.openPages, m.openPorts}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// openLive restores the moving state.
func (m *Monitor) openLive(ctx context.Context) error {
	mark, err := m.store.Watermark(ctx)
	if err != nil {
		return fmt.Errorf("reading how far the archive has come: %w", err)
	}
	m.live = memory.New(memory.Options{Journal: m.store, Floor: mark.Through, Keep: keepVerdicts, Logger: m.log.With("part", "live")})
	if err := m.live.Open(ctx); err != nil {
		return fmt.Errorf("restoring the sealed verdicts: %w", err)
	}
	return nil
}

// openPast reads what is known of the past; the demonstration invents it.
func (m *Monitor) openPast(ctx context.Context) error {
	m.contracts = newContracts(m.store)
	m.archiver = archive.New(archive.Options{
		Feed: m.live, Rows: m.store, Records: m.store, Logger: m.log.With("part", "archive"),
		Prune: m.prune,
		Sweep: m.sweep,
	})
	if err := m.archiver.Open(ctx); err != nil {
		return err
	}
	if m.opt.Demo != nil {
		if err := m.opt.Demo.fill(ctx, m); err != nil {
			return err
		}
	}
	if err := m.archiver.CatchUp(ctx); err != nil {
		m.log.WarnContext(ctx, "the archive is behind and will try again", "error", err)
	}
	return nil
}

// prune forgets the part of the feed that every consumer has passed.
func (m *Monitor) prune(ctx context.Context, archived uptime.Cursor) error {
	if m.recorder == nil { // still starting
		return nil
	}
	routed := m.alarms.router.Stats()
	if err := m.store.PruneNews(ctx, routed.News); err != nil {
		return err
	}
	return m.live.Prune(ctx, min(archived, m.recorder.Stats().Stored, routed.Verdicts))
}

// sweep deletes what nobody keeps any longer.
func (m *Monitor) sweep(ctx context.Context) error {
	for _, tenant := range m.tenants().ids() {
		if _, err := m.store.Sweep(ctx, tenant, retention(m.opt.File.Retention)); err != nil {
			return fmt.Errorf("sweeping what the tenant %s has: %w", tenant, err)
		}
	}
	return m.crawl.sweep(ctx)
}

// tenants returns all tenants, the operator first.
func (m *Monitor) tenants() tenants { return tenantsOf(m.opt.File, m.opt.Tenants) }

func retention(r config.Retention) uptime.Retention {
	return uptime.Retention{Minutes: r.Minutes, Days: r.Days, Incidents: r.Incidents}
}

// openJudges makes those who judge and remember.
func (m *Monitor) openJudges(context.Context) (err error) {
	history := m.archiver.History()
	m.board = board.New(board.Options{
		Plan: m.plans.Plan, Feed: m.live, History: history, Records: m.store, Looks: m.live,
		Archived: func() uptime.Minute { return m.archiver.Stats().Mark.Through },
		Lag:      m.clock.Lag, Logger: m.log.With("part", "board"),
	})
	m.sealer, err = verdict.NewSealer(verdict.SealerOptions{
		Live: countedLive{m.live, m.tally}, Plan: m.plans.Plan, Logger: m.log.With("part", "sealer"),
		Baseline: func(t uptime.TenantID, s uptime.ServerID) (time.Duration, bool) {
			p95 := history.Summary(t, s).P95D7
			return p95, p95 > 0
		},
	})
	if err != nil {
		return err
	}
	m.recorder, err = verdict.NewRecorder(verdict.RecorderOptions{
		Feed: m.live, Ledger: ledger{m.store, m.board, m.plans.Plan, m.alarms.router.Wake, m.log}, Plan: m.plans.Plan, Looks: m.live,
		Compare: m.contracts.compare, Pinned: pinned, Logger: m.log.With("part", "recorder"),
	})
	return err
}

// pinned returns the hash of the contract that the configuration names as the
// server's; empty for none.
func pinned(srv *uptime.Server) string {
	if len(srv.Profile.Baseline) == 0 {
		return ""
	}
	snap, err := drift.ReadSnapshot(bytes.NewReader(srv.Profile.Baseline))
	if err != nil {
		return "" // the configuration was refused when it was read
	}
	c, _ := snap.Contract()
	return c.Hash
}

// openRegions makes a prober and a scheduler for each region.
func (m *Monitor) openRegions(context.Context) error {
	opt := regionOptions{
		file: m.opt.File, version: m.opt.Version, clock: m.clock,
		cells: m.live, tally: m.tally, contracts: m.contracts, plan: m.plans.Plan,
	}
	if m.opt.Demo != nil {
		opt.roots, opt.connect = m.opt.Demo.roots(), m.opt.Demo.connects()
	}
	if m.opt.dial != nil {
		opt.connect = map[string]connect{}
		for _, r := range m.opt.File.Regions {
			opt.connect[r.ID] = m.opt.dial
		}
	}
	for _, r := range m.opt.File.Regions {
		made, err := m.newRegion(r, opt)
		if err != nil {
			return err
		}
		m.regions = append(m.regions, made)
	}
	return nil
}

// openPorts opens what is listened on.
func (m *Monitor) openPorts(ctx context.Context) (err error) {
	f := m.opt.File
	if m.public, err = listenHTTP(ctx, f.Listen, m.handler(), m.log); err != nil {
		return err
	}
	m.public.stop = m.site.Stop
	if err := m.openStrange(ctx); err != nil {
		return err
	}
	if f.Pprof != "" {
		if m.private, err = listenHTTP(ctx, f.Pprof, profiler(), m.log); err != nil {
			return err
		}
	}
	if m.admin, err = listenAdmin(ctx, f.Data, m.adminHandler(), m.log); err != nil {
		m.log.WarnContext(ctx, "the commands of `alivemcp admin` cannot reach this process", "error", err)
	}
	return nil
}

// Addr is where the pages are served.
func (m *Monitor) Addr() string { return m.public.listener.Addr().String() }

// Run runs the monitor until ctx ends. Then it takes in nothing any more, judges
// and stores what was taken in, and returns. Call it once.
func (m *Monitor) Run(ctx context.Context) error {
	m.log.InfoContext(ctx, "monitoring", "address", m.Addr(), "servers", len(m.plans.Plan().Servers),
		"regions", len(m.regions), "data", m.opt.File.Data, "version", m.opt.Version, "schema", m.store.Schema())
	notifySystemd(ctx, m.opt.NotifySocket, "READY=1")
	defer context.AfterFunc(ctx, func() {
		notifySystemd(context.WithoutCancel(ctx), m.opt.NotifySocket, "STOPPING=1")
	})()
	if err := runStages(ctx, m.log, m.stages()); err != nil {
		return err
	}
	m.log.InfoContext(ctx, "stopped", "after", time.Since(m.began).Round(time.Second).String())
	return nil
}

// stages are the parts in the order in which they end: those who look first,
// then those who judge, then those who remember.
func (m *Monitor) stages() []stage {
	look := []part{{"clock", m.clock.Run}, {"public port", m.runPublic}, {"examination", m.examine}, {"calendar", m.keepCalendar}}
	for _, r := range m.regions {
		look = append(look, part{"scheduler of " + r.id, r.scheduler.Run})
	}
	if m.private != nil {
		look = append(look, part{"profiler", m.private.run})
	}
	if m.admin != nil {
		look = append(look, part{"admin socket", m.admin.run})
	}
	look = append(look, m.registryParts()...)
	if m.opt.Demo != nil {
		look = append(look, part{"lab", m.opt.Demo.lab.Run}, part{"inbox", m.opt.Demo.inbox.run}, part{"registries of the demonstration", m.opt.Demo.fakes.run})
	}
	return []stage{
		{"look", look},
		{"judge", []part{{"sealer", m.sealer.Run}}},
		{"remember", []part{{"recorder", m.recorder.Run}, {"archive", m.archiver.Run}, {"board", m.board.Run}}},
		{"decide", []part{{"alert router", m.alarms.router.Run}}},
		{"tell", m.alarms.parts()},
	}
}

// renewEvery is how often windows that repeat are laid out anew: that is done
// for some weeks ahead.
const renewEvery = 6 * time.Hour

// keepCalendar lays out the windows that repeat, again and again.
func (m *Monitor) keepCalendar(ctx context.Context) error {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if err := m.plans.renew(ctx); err != nil {
				m.log.ErrorContext(ctx, "cannot lay out the windows that repeat, will try again", "error", err)
			}
		}
	}
}

// runPublic answers once the former state is known again, so that nobody sees an
// empty board after a restart; but it does not wait for long.
func (m *Monitor) runPublic(ctx context.Context) error {
	patience := time.NewTimer(boardPatience)
	defer patience.Stop()
	select {
	case <-m.board.Ready():
	case <-patience.C:
	case <-ctx.Done():
	}
	return m.public.run(ctx)
}

// Reload adopts a new configuration. Servers and windows change at once, without
// losing a minute of those that stay. When it fails everything stays as it was.
// It returns the keys that need a restart.
func (m *Monitor) Reload(ctx context.Context, f *config.File) (later []string, err error) {
	told, err := m.alarms.prepare(tenantsOf(f, m.opt.Tenants))
	if err != nil {
		return nil, err
	}
	if err := m.plans.adopt(ctx, f); err != nil {
		return nil, err
	}
	m.alarms.adopt(told)
	m.leaveOut(ctx, f)
	for _, r := range m.regions {
		r.looker.forget()
	}
	later = needRestart(m.opt.File, f)
	m.log.InfoContext(ctx, "configuration reloaded", "servers", len(m.plans.Plan().Servers), "need_restart", later)
	return later, nil
}

// Close releases what Open took.
func (m *Monitor) Close() error {
	var errs []error
	for _, w := range []*webServer{m.public, m.strange, m.private, m.admin} {
		if w != nil {
			errs = append(errs, ignoreClosed(w.listener.Close()))
		}
	}
	if m.store != nil {
		errs = append(errs, m.store.Close())
	}
	return errors.Join(errs...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// needRestart names the keys whose change a reload does not follow.
func needRestart(old, now *config.File) []string {
	var keys []string
	differ := func(key string, a, b any) {
		if !reflect.DeepEqual(a, b) {
			keys = append(keys, key)
		}
	}
	differ("listen", old.Listen, now.Listen)
	differ("data", old.Data, now.Data)
	differ("base_url", old.BaseURL, now.BaseURL)
	differ("trusted_proxies", old.TrustedProxies, now.TrustedProxies)
	differ("regions", old.Regions, now.Regions)
	differ("probe", old.Probe, now.Probe)
	differ("retention", old.Retention, now.Retention)
	differ("branding", old.Branding, now.Branding)
	differ("operator_token", old.OperatorToken, now.OperatorToken)
	differ("metrics", old.Metrics, now.Metrics)
	differ("pprof", old.Pprof, now.Pprof)
	differ("log", old.Log, now.Log)
	differ("heartbeats", old.Heartbeats, now.Heartbeats)
	differ("smtp", old.SMTP, now.SMTP)
	differ("subscriptions", old.Subscriptions, now.Subscriptions)
	differ("secrets_key", old.SecretsKey, now.SecretsKey)
	differ("registries", old.Registries, now.Registries)
	differ("reference_endpoints", old.ReferenceEndpoints, now.ReferenceEndpoints)
	return keys
}

// SocketFile is the name of the socket in the data directory on which a running
// monitor takes the commands of `alivemcp admin`.
const SocketFile = "admin.sock"

// listenAdmin opens the socket for the operator's commands. Whoever may write
// to the data directory may give them.
func listenAdmin(ctx context.Context, dir string, h http.Handler, log *slog.Logger) (*webServer, error) {
	path := filepath.Join(dir, SocketFile)
	_ = os.Remove(path) // of a process that was killed: the directory is locked, so it is gone
	var conf net.ListenConfig
	ln, err := conf.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = ln.Close()
		return nil, fmt.Errorf("protecting %s: %w", path, err)
	}
	return &webServer{
		listener: ln, stop: func() {},
		server: &http.Server{
			Handler: h, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
			ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		},
	}, nil
}
