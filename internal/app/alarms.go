package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert"
	"github.com/alivemcp/alivemcp/internal/alert/heartbeat"
	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/alert/proof"
	"github.com/alivemcp/alivemcp/internal/alert/reader"
	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/secret"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// alarms is everything that tells people: who decides, who delivers, who knows
// whose sinks want it, and the dead man's switch.
type alarms struct {
	store   *sqlite.Store
	log     *slog.Logger
	now     func() time.Time
	base    string // of links; empty when not known
	clients clients
	plan    func() *uptime.Plan
	keys    *secret.Keyring
	router  *alert.Router
	outbox  *outbox.Dispatcher
	proofs  *proof.Prover
	beat    *heartbeat.Pinger
	// readers is nil where nobody can subscribe; post brings them their notices.
	readers *reader.Readers
	post    readerPost

	// mu is held while sinks or what is known of them changes.
	mu     sync.Mutex
	sinks  atomic.Pointer[sinkSet]
	policy atomic.Pointer[[]*uptime.Policy]
}

// openAlarms makes the parts that tell people.
func (m *Monitor) openAlarms(ctx context.Context) (err error) {
	f := m.opt.File
	a := &alarms{store: m.store, log: m.log.With("part", "alerts"), now: m.opt.now, base: f.BaseURL, plan: m.plans.Plan, clients: newClients(userAgent(f.Probe, m.opt.Version))}
	m.alarms = a
	if a.now == nil {
		a.now = time.Now
	}
	if a.keys, err = secret.Open(secret.Options{Path: f.KeyFile(), Keys: m.store}); err != nil {
		return fmt.Errorf("opening the key that seals what is stored: %w", err)
	}
	a.finishRotation(ctx)
	a.outbox = outbox.New(outbox.Options{
		Rows: m.store, Sinks: a.sink, Many: a.isReader, Logger: a.log, Now: a.now,
		Fails: func(ctx context.Context, tenant uptime.TenantID, sink string, since time.Time, reason string) error {
			return a.router.SinkFails(ctx, tenant, sink, since, reason)
		},
		Works: func(ctx context.Context, tenant uptime.TenantID, sink string) error {
			return a.router.SinkWorks(ctx, tenant, sink)
		},
	})
	if err := a.openProofs(ctx, m.tenants().ids()); err != nil {
		return err
	}
	if err := a.openRouter(m); err != nil { //nolint:contextcheck // links are signed later, and that takes no time
		return err
	}
	a.openHeartbeat(m)
	if err := a.openReaders(ctx, f); err != nil {
		return err
	}
	told, err := a.prepare(m.tenants())
	if err != nil {
		return err
	}
	a.adopt(told)
	return nil
}

// openRouter makes the one who decides.
func (a *alarms) openRouter(m *Monitor) (err error) {
	history, tenants := m.archiver.History(), len(m.tenants())
	a.router, err = alert.New(alert.Options{
		Records: awake{m.store, a.outbox.Wake}, Feed: m.live, Plan: m.plans.Plan,
		Policies: func() []*uptime.Policy { return *a.policy.Load() },
		Tenants:  func() int { return tenants },
		Tier:     func(uptime.TenantID) string { return selfHosted },
		Operator: DefaultTenant, Phrase: board.CausePhrase, Advice: show.Advice,
		Links: a.links(), Burn: burn(history), Now: a.now, Logger: a.log,
	})
	return err
}

// selfHosted is the tier of whoever runs the monitor for themselves.
const selfHosted = "team"

// awake wakes the outbox when something was routed.
type awake struct {
	*sqlite.Store
	wake func()
}

// Route stores what a step changed, and has it delivered.
func (s awake) Route(ctx context.Context, r uptime.Routing) error {
	if err := s.Store.Route(ctx, r); err != nil {
		return err
	}
	if len(r.Deliveries) > 0 {
		s.wake()
	}
	return nil
}

// links makes the addresses in notices; none without a public address. The pages
// are the operator's: those of other tenants' servers are not served.
func (a *alarms) links() alert.Links {
	if a.base == "" {
		return alert.Links{}
	}
	return alert.Links{
		Server:      func(s *uptime.Server) string { return a.page(s, web.ServerPath(s.Slug)) },
		Incident:    func(s *uptime.Server, id uptime.IncidentID) string { return a.page(s, web.IncidentPath(s.Slug, id)) },
		Drift:       func(s *uptime.Server, id uptime.DriftID) string { return a.page(s, web.DriftPath(s.Slug, id)) },
		Unsubscribe: a.unsubscribe,
		Ack:         func(t uptime.TenantID, key uptime.AlertKey) string { return a.link(statuspage.LinkAcknowledge, t, key) },
		Silence:     func(t uptime.TenantID, key uptime.AlertKey) string { return a.link(statuspage.LinkSilence, t, key) },
	}
}

// page returns the address of a page about a server; none for one that has no
// pages.
func (a *alarms) page(s *uptime.Server, path string) string {
	if s.Tenant != DefaultTenant {
		return ""
	}
	return a.base + path
}

// openHeartbeat makes the dead man's switch.
func (a *alarms) openHeartbeat(m *Monitor) {
	opt := heartbeat.Options{Healthy: func() (bool, string) { return m.telling() }, Now: a.now, Logger: a.log}
	opt.Do = func(ctx context.Context, method string, url uptime.Secret, header http.Header) error {
		_, err := a.clients.anywhere.Do(ctx, post.Request{Method: method, URL: url, Header: header})
		return err
	}
	for i, h := range m.opt.File.Heartbeats {
		opt.URLs = append(opt.URLs, heartbeat.Heartbeat{
			Name: fmt.Sprintf("heartbeat %d", i+1), URL: h.URL, Every: h.Every, Method: h.Method, Headers: h.HeaderList(),
		})
	}
	a.beat = heartbeat.New(opt)
}

// unsealedFor is after how long without a routed verdict, besides the shortest
// cycle, the pipeline counts as broken.
const unsealedFor = 3 * time.Minute

// telling reports whether verdicts are sealed, routed and can be delivered.
func (m *Monitor) telling() (ok bool, why string) {
	if troubles := m.tally.troubles(); len(troubles) > 0 {
		return false, troubles[0]
	}
	if stuck := m.alarms.outbox.Stats().Stuck; stuck > time.Minute {
		return false, "notices cannot be read from the database"
	}
	shortest := uptime.MaxInterval
	for _, s := range m.plans.Plan().Servers {
		if !s.Paused {
			shortest = min(shortest, s.Every())
		}
	}
	last := m.alarms.router.Sealing()
	if last.IsZero() {
		last = m.began
	}
	if since := m.alarms.now().Sub(last); since > shortest+unsealedFor {
		return false, "no verdict was routed for " + since.Round(time.Second).String()
	}
	return true, ""
}

// burn measures how fast error budgets burn, from the archived minutes.
func burn(h *archive.History) alert.BurnFunc {
	return func(tenant uptime.TenantID, server uptime.ServerID, window time.Duration) (float64, int, bool) {
		c := h.Recent(tenant, server, window)
		if c.Measured() == 0 {
			return 0, 0, false
		}
		return float64(c.Down+c.Slow) / float64(c.Measured()), c.Measured(), true
	}
}

// parts are those who tell, and end last: what was decided is delivered, or
// waits in the outbox.
func (a *alarms) parts() []part {
	all := []part{{"outbox", a.outbox.Run}, {"ownership of sinks", a.proofs.Run}, {"sinks that forget", a.repeater().Run}}
	if a.readers != nil {
		all = append(all, part{"readers", a.readers.Run})
	}
	if len(a.beat.Stats().URLs) > 0 {
		all = append(all, part{"heartbeat", a.beat.Run})
	}
	return all
}

// openProofs makes the one who knows whose sinks want it.
func (a *alarms) openProofs(ctx context.Context, tenants []uptime.TenantID) error {
	key, err := a.keys.Fingerprint(ctx, DefaultTenant, "codes and tokens of sinks")
	if err != nil {
		return fmt.Errorf("deriving the key of codes: %w", err)
	}
	sum := sha256.Sum256([]byte(key))
	a.proofs, err = proof.New(proof.Options{
		Rows: a.store, Sinks: a.provable, Tenants: func() []uptime.TenantID { return tenants },
		LastSent: func(ctx context.Context, tenant uptime.TenantID, sink string) (time.Time, error) {
			counts, err := a.store.Counts(ctx, tenant)
			return counts[sink].LastSent, err
		},
		Resolve: net.DefaultResolver.LookupTXT, Key: sum[:],
		Changed: func(p uptime.Proof) {
			a.rejudge()
			a.outbox.Reset(p.Tenant, p.Sink) // what waited for the proof goes on
		},
		Lost: func(ctx context.Context, tenant uptime.TenantID, sink string, since time.Time, reason string) error {
			return a.router.SinkFails(ctx, tenant, sink, since, "it is not verified any more: "+reason)
		},
		Found: func(ctx context.Context, tenant uptime.TenantID, sink string) error {
			return a.router.SinkWorks(ctx, tenant, sink)
		},
		Audit: a.audit,
		Now:   a.now, Logger: a.log,
	})
	if err != nil {
		return err
	}
	return a.proofs.Open(ctx)
}
