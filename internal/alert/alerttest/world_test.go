package alerttest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert"
	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/live/memory"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

const cycle = time.Minute

// patient is a server as its regions see it.
type patient struct {
	srv      *uptime.Server
	state    uptime.State
	cause    uptime.Cause
	regions  []string // that fail
	contract string
}

// span is a time in which not everything can be told, of one server or of all.
type span struct {
	from, to time.Time
	slug     string
}

// tester is a test, or one that remembers its failures.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Error(args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
	TempDir() string
	Cleanup(func())
}

// world is what outlives the process: the servers, the feed of verdicts, the
// database file, and the services.
type world struct {
	t        tester
	dir      string
	live     *memory.Live
	disk     *disk
	servers  []*patient
	services map[uptime.SinkKey]*service
	plan     atomic.Pointer[uptime.Plan]
	policies []*uptime.Policy
	noise    []span
	kills    int
	process  *process
}

// process is one life of the parts that tell.
type process struct {
	life     *life
	store    *sqlite.Store
	shelf    *shelf
	recorder *verdict.Recorder
	router   *alert.Router
	outbox   *outbox.Dispatcher
	stop     func()
}

// blank makes a database with the servers once, to be copied.
func blank(t *testing.T, servers map[uptime.TenantID][]uptime.Server) (dir string, known map[uptime.TenantID][]uptime.Server) {
	t.Helper()
	dir, known = t.TempDir(), map[uptime.TenantID][]uptime.Server{}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for tenant, list := range servers {
		if known[tenant], err = s.SyncServers(t.Context(), tenant, list); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, known
}

// newWorld starts a process over a copy of the database. Sinks of a policy have
// the kind of service that their type names.
func newWorld(t tester, from string, known map[uptime.TenantID][]uptime.Server, policies ...*uptime.Policy) *world {
	t.Helper()
	w := &world{
		t: t, dir: t.TempDir(), live: memory.New(memory.Options{Tail: 1 << 16}), disk: &disk{}, policies: policies,
		services: map[uptime.SinkKey]*service{},
	}
	data, err := os.ReadFile(filepath.Join(from, sqlite.File))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, sqlite.File), data, 0o600); err != nil {
		t.Fatal(err)
	}
	plan := &uptime.Plan{Version: 1, Regions: []uptime.Region{{ID: "eu", City: "London"}, {ID: "us", City: "Boston"}}}
	for _, p := range policies {
		for i := range known[p.Tenant] {
			srv := known[p.Tenant][i]
			plan.Servers = append(plan.Servers, &srv)
			w.servers = append(w.servers, &patient{srv: &srv, state: uptime.Live, contract: "one"})
		}
		for _, s := range p.Sinks {
			key := uptime.SinkKey{Tenant: p.Tenant, Name: s.Name}
			w.services[key] = newService(key, kind(s.Type))
		}
	}
	w.plan.Store(plan)
	w.start()
	t.Cleanup(func() { w.process.stop() })
	return w
}

// start begins a life of the process with what is in the database.
func (w *world) start() {
	w.t.Helper()
	store, err := sqlite.Open(w.t.Context(), sqlite.Options{Dir: w.dir, Readers: 2})
	if err != nil {
		w.t.Fatal(err)
	}
	p := &process{life: newLife(), store: store}
	w.process = p
	p.shelf = &shelf{
		Store: store, life: p.life, disk: w.disk, routed: func() { p.outbox.Wake() }, recorded: func() { p.router.Wake() },
		ended: func(d uptime.Delivery) { w.services[uptime.SinkKey{Tenant: d.Tenant, Name: d.Sink}].ended(d.ID) },
		early: func(d uptime.Delivery) {
			w.t.Errorf("%s to %s is tried %s before it is due", d.ID, d.Sink, time.Until(d.Due))
		},
	}
	if p.recorder, err = verdict.NewRecorder(verdict.RecorderOptions{Feed: w.live, Ledger: p.shelf, Plan: w.plan.Load}); err != nil {
		w.t.Fatal(err)
	}
	p.router, err = alert.New(alert.Options{
		Records: p.shelf, Feed: w.live, Plan: w.plan.Load, Policies: func() []*uptime.Policy { return w.policies },
		Phrase: func(c uptime.Cause) string { return string(c) }, Operator: "acme", Tenants: func() int { return len(w.policies) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	p.outbox = outbox.New(outbox.Options{
		Rows: p.shelf, Fails: p.router.SinkFails, Works: p.router.SinkWorks,
		Sinks: func(tenant uptime.TenantID, name string) (outbox.Sink, bool) {
			s, ok := w.services[uptime.SinkKey{Tenant: tenant, Name: name}]
			return mouth{p.life, s}, ok
		},
	})
	w.run(p)
}

// run starts the parts of a process and says how they stop.
func (w *world) run(p *process) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var parts sync.WaitGroup
	for _, run := range []func(context.Context) error{p.recorder.Run, p.router.Run, p.outbox.Run} {
		parts.Go(func() {
			if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				w.t.Errorf("a part ended: %v", err)
			}
		})
	}
	p.stop = sync.OnceFunc(func() {
		cancel()
		parts.Wait()
		if err := p.store.Close(); err != nil {
			w.t.Errorf("closing the store: %v", err)
		}
	})
}

// stop ends the process as an operator does.
func (w *world) stop() {
	w.t.Helper()
	troubled := w.disk.failing()
	w.process.stop()
	for key, s := range w.services {
		if n := s.forget(); n > 0 && !troubled && !w.dead() {
			w.t.Errorf("%v took %d whose end was not kept, and nothing was wrong with the disk", key, n)
		}
	}
}

func (w *world) dead() bool {
	select {
	case <-w.process.life.died:
		return true
	default:
		return false
	}
}

// restart stops the process and starts it after a while.
func (w *world) restart(after time.Duration) {
	w.t.Helper()
	from := time.Now()
	w.stop()
	time.Sleep(after)
	w.start()
	w.disturb(from, time.Minute, "")
}

// disturb notes that from then until so long after now not everything is told.
func (w *world) disturb(from time.Time, after time.Duration, slug string) {
	w.noise = append(w.noise, span{from, time.Now().Add(after), slug})
}

// pass lets time go by, cycle by cycle: each minute at first, then seldom.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for n := 0; d > 0; n++ {
		w.seal()
		next := cycle
		if n >= 4 {
			next = 15 * cycle
		}
		w.sleep(min(next, d))
		d -= next
	}
}

// sleep lets time go by, and raises the process when it dies.
func (w *world) sleep(d time.Duration) {
	w.t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			synctest.Wait()
			return
		case <-w.process.life.died:
			w.kills++
			w.restart(time.Second)
		}
	}
}

// seal seals a verdict of every server.
func (w *world) seal() {
	w.t.Helper()
	var all []uptime.Verdict
	for _, p := range w.servers {
		all = append(all, w.verdict(p))
	}
	if n, err := w.live.Seal(w.t.Context(), all); n != len(all) || err != nil {
		w.t.Fatalf("sealing: %d of %d, %v", n, len(all), err)
	}
}

// verdict is how a server does now.
func (w *world) verdict(p *patient) uptime.Verdict {
	now := time.Now().UTC()
	v := uptime.Verdict{
		Tenant: p.srv.Tenant, Server: p.srv.ID, Cycle: now, Every: cycle, State: p.state, Expected: 2, SealedAt: now,
	}
	for _, win := range w.plan.Load().Windows {
		v.Maintenance = v.Maintenance || win.Covers(p.srv, now)
	}
	for _, region := range []string{"eu", "us"} {
		r := uptime.Report{Tenant: p.srv.Tenant, Server: p.srv.ID, Region: region, Cycle: now, State: uptime.Live, Started: now, ToolsHash: p.contract}
		for _, bad := range p.regions {
			if bad == region && p.state != uptime.Live {
				r.State, r.ToolsHash = uptime.Down, ""
				r.Failure = &uptime.Failure{Cause: p.cause, Effect: uptime.Down}
			}
		}
		v.Reports = append(v.Reports, r)
	}
	if p.state != uptime.Live {
		v.Failure, v.Why = &uptime.Failure{Cause: p.cause, Effect: p.state}, "It is "+p.state.String()+"."
	}
	return v
}
